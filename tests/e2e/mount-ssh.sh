#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=ssh: the caller's agent, for listing and signing only, in this RUN and for this user only.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need ssh-agent ssh-add ssh-keygen
# An image with the agent's own client: what it needs of this machine.
base busybox
mkdir -p context/root
for file in $(command -v ssh-add) $(ldd "$(command -v ssh-add)" | grep -oE '/[^ ]+'); do
        mkdir -p "context/root$(dirname "$file")"
        cp -L "$file" "context/root$file"
done
cat > context/many.sh << 'END'
i=0
while [ $i -lt 100 ]; do ssh-add -l > /dev/null || exit 1; i=$((i+1)); done
END
eval "$(ssh-agent -a "$PWD/agent")" > /dev/null
trap 'ssh-agent -k > /dev/null; [ ! -e "$TMPDIR/.failed" ] || exit 1' EXIT
ssh-keygen -q -t ed25519 -N '' -C moss -f key
ssh-add -q key
fingerprint=$(ssh-add -l)

dockerfile << 'END'
FROM busybox
COPY root /
# SSH.1, SSH.2, SSH.5
RUN --mount=type=ssh echo "$SSH_AUTH_SOCK"; stat -c '%a %u:%g %F' $SSH_AUTH_SOCK; ssh-add -l
RUN --mount=type=ssh,target=/a,uid=100,gid=102,mode=741 --mount=type=ssh,id=other echo "$SSH_AUTH_SOCK"; stat -c '%f %u:%g' /a
ENV SSH_AUTH_SOCK=/mine
RUN --mount=type=ssh,target=/x echo "kept $SSH_AUTH_SOCK"; SSH_AUTH_SOCK=/x ssh-add -l
ENV SSH_AUTH_SOCK=/b
# what would change the agent never reaches it
RUN --mount=type=ssh,target=/b ssh-add -D 2>&1; ssh-add -x < /dev/null 2>&1; ssh-add -l
# another user of the container is refused
USER app
RUN --mount=type=ssh,target=/b ssh-add -l 2>&1 || true
USER root
RUN ls -d /run /a /b 2>&1; true
END
build --ssh default
assert_contains "$said" " /run/buildkit/ssh_agent.0"
assert_contains "$said" "600 0:0 socket"
assert_contains "$said" "c1e1 100:102" # SSH.7
assert_contains "$said" "kept /mine"
assert_equal "$(grep -cF "$fingerprint" <<< "$said")" 3 "how often the key was listed"
assert_contains "$said" "Permission denied"
assert_equal "$(ssh-add -l)" "$fingerprint" "the agent's keys afterwards"
assert_lacks "$(layer_names image)" ssh_agent
for path in /run /a /b; do
        assert_contains "$said" "ls: $path: No such file"
done

# SSH.8: a hundred connections, one after the other, and none stays open.
dockerfile << 'END'
FROM busybox
COPY root /
COPY many.sh /
RUN --mount=type=ssh sh /many.sh && ls /proc/self/fd | wc -l
END
works bash -c 'ulimit -n 80; exec bryo build --ssh "$1" context' - "default=$PWD/agent"

# SSH.4
dockerfile << 'END'
FROM busybox
RUN --mount=type=ssh echo "none $SSH_AUTH_SOCK"
RUN --mount=type=ssh,id=git,required true
END
build_fails 'the ssh agent "git" is required'
assert_contains "$said" "none "
(
        unset SSH_AUTH_SOCK
        assert_fails 1 "there is no agent" bryo build --ssh default context
)
