#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Contexts and ADD from git over ssh:// and git://, with a real sshd and git daemon.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/repository.sh"
. "$BRYO_SOURCE/tests/servers/ssh.sh"

need ssh-agent ssh-add
printf 'FROM scratch\nCOPY file sub/tool /from-git/\n' > work/Dockerfile
quietly -C work add -A
quietly -C work commit -qm three
quietly -C work push -q "$PWD/web/git/repo.git" HEAD:main
unset SSH_AUTH_SOCK
ssh-keygen -q -t ed25519 -N '' -f key
cat key.pub >> authorized_keys

# contents: the files of the image
contents() {
        local layer
        for layer in $(image_layers image layers); do
                tar -tf "$layer"
        done | grep -v '/$' | sort | tr '\n' ' '
}

# C12.11: ssh, with a key file and with an agent
url=ssh://$ssh_user@127.0.0.1:$ssh_port$PWD/web/git/repo.git
works with_known_host bryo build -t image --ssh default=key "$url#main"
assert_equal "$(contents)" 'from-git/file from-git/tool '
printf 'FROM scratch\nADD %s#v1 /added/\n' "$url" | dockerfile
eval "$(ssh-agent -a "$PWD/agent")" > /dev/null
trap 'ssh-agent -k > /dev/null; end_servers; [ ! -e "$TMPDIR/.failed" ] || exit 1' EXIT
ssh-add -q key
works with_known_host bryo build -t image --ssh default context
assert_equal "$(contents)" 'added/file added/sub/link added/sub/tool '
unset SSH_AUTH_SOCK

# Without a key, with another one, and a host that nobody knows: refused, and nobody is asked.
assert_fails 1 "Permission denied" with_known_host bryo build "$url#main"
ssh-keygen -q -t ed25519 -N '' -f stranger
assert_fails 1 "Permission denied" with_known_host bryo build --ssh default=stranger "$url#main"
ssh-keygen -q -t ed25519 -N '' -f other_host_key
mkdir -p unknown
# shellcheck disable=SC2016
assert_fails 1 "Host key verification failed" unshare --user --map-current-user --mount --keep-caps \
        sh -c 'mount --bind "$0" /etc/ssh && exec "$@"' "$PWD/unknown" bryo build --ssh default=key "$url#main"

# git://, of git's own daemon
port=
for try in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 20000))
        git daemon --listen=127.0.0.1 --port=$port --base-path="$PWD/web/git" --export-all --reuseaddr --verbose 2> daemon.log &
        daemon=$!
        tries=300
        until grep -q 'Ready to rumble' daemon.log || ! kill -0 "$daemon" 2> /dev/null || [ $((tries -= 1)) -eq 0 ]; do
                sleep 0.01
        done
        grep -q 'Ready to rumble' daemon.log && break
done
servers+=("$daemon")
works bryo build -t image "git://127.0.0.1:$port/repo.git#main"
assert_equal "$(contents)" 'from-git/file from-git/tool '
printf 'FROM scratch\nADD --checksum=%s git://127.0.0.1:%s/repo.git#v1 /added/\n' "$first" "$port" | dockerfile
works bryo build -t image context
assert_equal "$(contents)" 'added/file added/sub/link added/sub/tool '
assert_fails 1 "" bryo build "git://127.0.0.1:$port/none.git"
