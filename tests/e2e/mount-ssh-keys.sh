#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --ssh ID=KEYFILE: keys of every kind, judged by a real sshd that a command of the build logs in to.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/ssh.sh"

need ssh-agent ssh-add
base busybox
mkdir -p context/root
for file in "$(command -v ssh)" "$(command -v ssh-add)" $(ldd "$(command -v ssh)" | grep -oE '/[^ ]+') $(ldd "$(command -v ssh-add)" | grep -oE '/[^ ]+'); do
        mkdir -p "context/root$(dirname "$file")"
        cp -L "$file" "context/root$file"
done
unset SSH_AUTH_SOCK

# SSH.3, SSH.5: OpenSSH's format and PEM, three algorithms; the mode of the file does not matter
keys=('ed25519' 'rsa -b 2048' 'rsa -b 2048 -m PEM' 'ecdsa' 'ecdsa -m PKCS8')
{
        printf 'FROM busybox\nCOPY root /\n'
        for i in "${!keys[@]}"; do
                # shellcheck disable=SC2086
                ssh-keygen -q -t ${keys[i]} -N '' -C '' -f "key$i"
                printf 'command="echo this is %s" %s\n' "$i" "$(cat "key$i.pub")" >> authorized_keys
                printf 'RUN --mount=type=ssh,id=id%s ssh -T -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p %s %s@127.0.0.1\n' \
                        "$i" "$ssh_port" "$ssh_user"
        done
        printf 'RUN --mount=type=ssh,id=two ssh-add -l | wc -l; ssh-add -D; ssh-add -l | wc -l\n'
        printf 'RUN ls /tmp /run; test ! -e "$SSH_AUTH_SOCK"\n'
} | dockerfile
chmod 644 key0
build --ssh id0=key0 --ssh id1=key1 --ssh id2=key2 --ssh id3=key3 --ssh id4=key4 --ssh two=key0,key1
for i in "${!keys[@]}"; do
        assert_contains "$said" "this is $i"
done
# two keys in one agent, which a command cannot take away
assert_equal "$(grep -cE '^#[0-9]+ [0-9.]+ 2$' <<< "$said")" 2 "how often two keys were listed"
# no agent, socket or key is left
assert_equal "$(find "$TMPDIR" "${XDG_RUNTIME_DIR:-$TMPDIR}" -name 'bryo-ssh.*' | wc -l)" 0 "directories of sockets"
assert_lacks "$(layer_names image)" ssh_agent

# a key that sshd does not know is no key
ssh-keygen -q -t ed25519 -N '' -f stranger
assert_fails 1 "" bryo build --no-cache --ssh id0=stranger context
assert_contains "$output$errors" "Permission denied"

# SSH.6
ssh-keygen -q -t ed25519 -N secret -f locked
printf 'no key\n' > bad
assert_fails 2 "the key locked has a passphrase: give it to an agent (eval \$(ssh-agent); ssh-add locked)" bryo build --ssh a=locked context
assert_fails 2 "bad is no private key that ssh-add can read" bryo build --ssh a=bad context
assert_fails 2 "is neither an agent's socket nor a key file" bryo build --ssh "a=$PWD" context
assert_fails 1 "cannot look at missing" bryo build --ssh a=missing context
mkdir bin
for tool in sh cat env; do
        ln -s "$(command -v "$tool")" bin/
done
assert_fails 1 "ssh-agent is not installed" env PATH="$PWD/bin" "$BRYO" build --ssh a=key0 context
