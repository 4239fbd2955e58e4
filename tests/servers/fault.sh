# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The fault proxy of tests/servers/fault, and the registry client as a command. Sourced after tests/servers/lib.sh.

client=$BRYO_BUILD/tests/registry/client
[ -x "$client" ] || fail "there is no $client: make check-programs"

# fault NAME TARGET [CERTIFICATE KEY]: starts it on the directory NAME in front of TARGET; its address is left in $proxy.
fault() {
        local name=$1 tries=500
        shift
        mkdir -p "$name"
        : > "$name/requests"
        python3 "$BRYO_SOURCE/tests/servers/fault" "$PWD/$name" "$@" 2> "$name/errors" &
        servers+=($!)
        until [ -e "$name/port" ]; do
                [ $((tries -= 1)) -gt 0 ] || fail "the proxy does not start" errors "$(cat "$name/errors")"
                sleep 0.02
        done
        # shellcheck disable=SC2034
        proxy=localhost:$(cat "$name/port")
}

# rules NAME [RULE]...: what it does from now on; forgets what it was asked.
rules() {
        local name=$1
        shift
        printf '%s\n' "$@" > "$name/rules.new"
        rm -f "$name/rules.old"
        [ ! -e "$name/rules" ] || ln "$name/rules" "$name/rules.old" # or the new file could get its inode's number
        mv "$name/rules.new" "$name/rules"
        : > "$name/requests"
}

# client_fails TEXT ARGUMENT...: it fails with an error that has TEXT in it, as one line.
client_fails() {
        local text=$1 said
        shift
        if said=$("$client" "$@" 2>&1 > /dev/null); then
                fail "client $* was to fail" said "$said"
        fi
        [ "$(grep -c '^error: ' <<< "$said")" = 1 ] || fail "client $*: not one error line" said "$said"
        assert_matches "$(grep '^error: ' <<< "$said")" "$text"
}

# digest_of FILE
digest_of() {
        printf 'sha256:%s' "$(sha256sum < "$1" | cut -d' ' -f1)"
}
