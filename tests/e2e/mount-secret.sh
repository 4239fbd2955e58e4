#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=secret: a file, a variable or both, in the one RUN, and nowhere else.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
secret=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf '%s' "$secret" > secret
export PLAIN=variable
cat > context.Dockerfile << 'END'
FROM busybox
# SECRET.1, SECRET.5
RUN --mount=type=secret,id=dir/my.key stat -c '%a %u:%g' /run/secrets/my.key; wc -c < /run/secrets/my.key
# SECRET.2, SECRET.5
RUN --mount=type=secret,target=/etc/tls/my.pem,mode=0440,uid=1000,gid=50 stat -c '%a %u:%g' /etc/tls/my.pem
# SECRET.3
RUN --mount=type=secret,id=PLAIN,env=TOKEN echo "token $TOKEN"; ls /run/secrets 2>&1; true
RUN --mount=type=secret,id=PLAIN,env=TOKEN,target=/t [ "$(cat /t)" = "$TOKEN" ]
# SECRET.4
RUN --mount=type=secret,id=absent ls /run/secrets/absent 2>&1; true
# it is gone in the next one, also as a variable; no trace of its directories
RUN ls -d /run /etc/tls 2>&1; echo "token $TOKEN"
RUN --mount=type=secret,id=dir/my.key ! echo x 2> /dev/null > /run/secrets/my.key
END
dockerfile < context.Dockerfile
build --secret "id=dir/my.key,src=secret" --secret "id=my.pem,source=secret" --secret id=PLAIN
assert_contains "$said" "400 0:0"
assert_contains "$said" " 32"
assert_contains "$said" "440 1000:50"
assert_contains "$said" "token variable"
assert_contains "$said" "/run/secrets/absent: No such file"
assert_contains "$said" "/run: No such file"
assert_contains "$said" "/etc/tls: No such file"
assert_matches "$said" 'token '$'\n'
assert_equal "$(layer_names image)" "" "the entries above the base"

# SECRET.6: another value is no other key; the bytes are in no file of the store and in no output, not even of a RUN that fails.
echo other > secret2
build --secret "id=dir/my.key,src=secret2" --secret "id=my.pem,source=secret2" --secret id=PLAIN
assert_equal "$(grep -c CACHED <<< "$said")" 7 "cached steps with other secrets"
dockerfile << 'END'
FROM busybox
RUN --mount=type=secret,id=s,env=S --mount=type=secret,id=s,target=/s cp /s /dev/shm/s; sh -c 'kill -SEGV $$'; exit $?
END
build_fails 139 --secret id=s,src=secret
assert_lacks "$said" "$secret"
assert_equal "$(grep -rlF "$secret" "$XDG_DATA_HOME" "$TMPDIR" || true)" "" "files that hold the secret"

dockerfile << 'END'
FROM busybox
RUN --mount=type=secret,id=need,required true
END
build_fails "the secret \"need\" is required"
build_fails "cannot look at the file nofile" --secret id=need,src=nofile
build_fails "there is no environment variable NOBODY" --secret id=need,env=NOBODY
assert_fails 2 "is not understood" bryo build --secret id=x,sourec=y context
head -c 600000 /dev/zero > big
build_fails "larger than the limit of 512000 bytes" --secret id=need,src=big

# A pipe is read once, and can be mounted twice.
dockerfile << 'END'
FROM busybox
RUN --mount=type=secret,id=piped [ "$(cat /run/secrets/piped)" = through ]
RUN --mount=type=secret,id=piped,target=/p [ "$(cat /p)" = through ]
END
build --secret id=piped,src=<(echo through)
