#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# login and logout against a real registry: what is right is kept as docker keeps it, what is wrong is not; skopeo reads what
# bryo wrote, and bryo what skopeo wrote.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq skopeo
export HOME=$PWD/user CONTAINERS_REGISTRIES_CONF=/dev/null XDG_RUNTIME_DIR=$PWD/runtime
unset XDG_CONFIG_HOME DOCKER_CONFIG REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir -p user runtime bin
config=$HOME/.docker/config.json
registry site basic

# say PASSWORD COMMAND...: the command with the password on its standard input.
say() {
        "${@:2}" <<< "$1"
}

# --- a wrong one --------------------------------------------------------------
assert_fails 1 "$registry" say wrong bryo login -u alice --password-stdin "$registry"
assert_contains "$errors" "login to $registry"
assert_lacks "$errors" wrong
[ ! -e "$config" ] || fail "a refused password was kept"
assert_fails 1 "not logged in to $registry" bryo login --get-login "$registry"

# --- the right one --------------------------------------------------------------
works say 'open sesame' bryo login -u alice --password-stdin "$registry"
assert_equal "$output" "Login Succeeded"
assert_contains "$errors" "the password is in $config, not encrypted"
assert_equal "$(stat -c %a "$config" "$HOME/.docker")" $'600\n700'
assert_equal "$(jq -cS . "$config")" "{\"auths\":{\"$registry\":{\"auth\":\"$(printf 'alice:open sesame' | base64)\"}}}"
assert_equal "$(output_of bryo login --get-login "$registry")" alice
assert_equal "$(output_of skopeo login --get-login --authfile "$config" "$registry")" alice
works bryo login "$registry"
assert_equal "$output" "Login Succeeded (with what $config has)"
works bryo logout "$registry"
assert_equal "$output" "Removed the credential for $registry"
assert_equal "$(jq -cS . "$config")" '{"auths":{}}'
works bryo logout "$registry"
assert_equal "$output" "Not logged in to $registry"

# --- the rest of the file is docker's ---------------------------------------------
cat > "$config" << 'END'
{
  "HttpHeaders": {"X": "}{\"auths\""},   "detachKeys": "ctrl-e,e",
    "auths": {
        "other.example": { "auth":   "dTpw" }
    }
}
END
cp "$config" before
chmod 644 "$config"
works bryo login -u alice -p 'open sesame' "$registry"
assert_contains "$errors" "warning: everybody on this machine can read a password on the command line"
assert_equal "$(stat -c %a "$config")" 600
works bryo logout "$registry"
assert_equal "$(cat "$config")" "$(cat before)" "the file after a login and a logout"
works bryo logout --all
assert_equal "$output" "Removed 1 credential of $config"
assert_equal "$(jq -cS 'del(.auths)' "$config")" "$(jq -cS 'del(.auths)' before)"

# --- where it is kept, and whose word counts ------------------------------------------
works skopeo login --tls-verify=false --authfile "$XDG_RUNTIME_DIR/containers/auth.json" -u alice -p 'open sesame' "$registry"
assert_equal "$(output_of bryo login --get-login "$registry")" alice
registry_users bob builder
works say builder bryo login -u bob --password-stdin "$registry"
assert_contains "$errors" "warning: $XDG_RUNTIME_DIR/containers/auth.json has another credential for $registry, and is asked first"
works bryo logout "$registry"
assert_contains "$errors" "warning: $XDG_RUNTIME_DIR/containers/auth.json still has a credential for $registry"
works say builder bryo login --authfile own/auth.json -u bob --password-stdin "$registry"
assert_equal "$(jq -r '.auths | keys[]' own/auth.json)" "$registry"
assert_equal "$(REGISTRY_AUTH_FILE=own/auth.json output_of bryo login --get-login "$registry")" bob
works bryo logout --authfile own/auth.json "$registry"
assert_fails 1 "not logged in" bryo login --get-login --authfile own/auth.json "$registry"
rm -r "$XDG_RUNTIME_DIR/containers"

# --- a credential helper --------------------------------------------------------------
cat > bin/docker-credential-test << 'END'
#!/bin/sh
# Keeps one credential in a file, and what it was asked with in another.
echo "$*" >> "$HOME/asked"
tr '\0' '\n' < /proc/$$/environ >> "$HOME/environment"
case $1 in
store) cat > "$HOME/kept" ;;
get) [ -e "$HOME/kept" ] && cat "$HOME/kept" || { echo credentials not found in native keychain; exit 1; } ;;
erase) rm "$HOME/kept" ;;
esac
END
chmod +x bin/docker-credential-test
export PATH=$PWD/bin:$PATH
printf '{"credsStore": "test"}\n' > "$config"
works say 'open sesame' bryo login -u alice --password-stdin "$registry"
assert_contains "$errors" "docker-credential-test keeps the password"
assert_equal "$(jq -cS . "$HOME/kept")" "{\"Secret\":\"open sesame\",\"ServerURL\":\"$registry\",\"Username\":\"alice\"}"
assert_equal "$(cat "$config")" "{\"credsStore\": \"test\",\"auths\":{\"$registry\":{}}}"
assert_equal "$(output_of bryo login --get-login "$registry")" alice
assert_lacks "$(cat "$HOME/asked" "$HOME/environment")" sesame
works bryo logout "$registry"
[ ! -e "$HOME/kept" ] || fail "the helper still has it"
assert_equal "$(cat "$config")" '{"credsStore": "test","auths":{}}'
printf '{"credHelpers": {"%s": "nowhere"}}\n' "$registry" > "$config"
assert_fails 1 "there is no program docker-credential-nowhere in PATH" say 'open sesame' bryo login -u alice --password-stdin "$registry"
printf '{"credsStore": "../../bin/sh"}\n' > "$config"
assert_fails 1 'cannot be a credential helper' say 'open sesame' bryo login -u alice --password-stdin "$registry"
rm "$config"

# --- usage ----------------------------------------------------------------------------
assert_fails 1 "standard input is no terminal" bryo login -u alice "$registry" < /dev/null
assert_fails 1 "there is no password on standard input" bryo login -u alice --password-stdin "$registry" < /dev/null
assert_fails 2 "exclude each other" bryo login -u alice -p x --password-stdin "$registry"
assert_fails 2 "--password-stdin wants --username" bryo login --password-stdin "$registry"
assert_fails 1 "has no ':'" say x bryo login -u a:b --password-stdin "$registry"
for name in word a/b ftp://x.example 'x.example:5000:1' 'x.example/A' "x.example"$'\n'"y" -- ../x.example 'x.example/..'; do
        [ "$name" != -- ] || continue
        assert_fails 2 "is no registry" say x bryo login -u alice --password-stdin "$name"
        assert_fails 2 "is no registry" bryo logout "$name"
done
assert_fails 2 "--all takes no registry" bryo logout --all "$registry"
works bryo logout
assert_equal "$output" "Not logged in to docker.io"
works bryo logout https://index.docker.io/v1/
assert_equal "$output" "Not logged in to docker.io"
