#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Credentials of a host as secrets (C11.6): sent to that host, to no other one, and kept nowhere.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need git
base busybox
serve other
other=http://localhost:$port
export GIT_AUTHORIZATION="Basic $(printf 'x-access-token:to%%ken' | base64)"
serve web
web=http://127.0.0.1:$port
for server in web other; do
        printf 'content\n' > $server/files/f
done
printf 'sesame\n' > token

dockerfile <<< $'FROM busybox\n'"ADD $web/protected/f /f"
build_fails "it asks who you are"
build --secret id=HTTP_AUTH_TOKEN_127.0.0.1,src=token
assert_equal "$(image_run image cat /f)" content
build --secret id=HTTP_AUTH_TOKEN.127.0.0.1,src=token
# A secret of another host is not sent, and a redirect does not carry one away.
build_fails "it asks who you are" --secret id=HTTP_AUTH_TOKEN_localhost,src=token
asked web > /dev/null
dockerfile <<< $'FROM busybox\n'"ADD $web/redirect?to=$other/bare/f /f"
build --secret id=HTTP_AUTH_TOKEN_127.0.0.1,src=token
assert_contains "$(asked web)" "Authorization=Bearer sesame"
assert_lacks "$(asked other)" Authorization
HEADER='Custom abc' build --secret id=HTTP_AUTH_HEADER_127.0.0.1,env=HEADER --secret id=HTTP_AUTH_TOKEN_127.0.0.1,src=token
assert_contains "$(asked web)" "Authorization=Custom abc"
assert_lacks "$said" sesame
if grep -raq sesame "$XDG_DATA_HOME/bryo"; then
        fail "the store holds the secret"
fi

# A repository, for ADD and as context.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
works git -c init.defaultBranch=main init -q work
printf 'FROM busybox\nCOPY Dockerfile /f\n' > work/Dockerfile
works git -C work add -A
works git -C work commit -qm one
works git clone -q --bare work web/git/repo.git
printf 'to%%ken\n' > token
dockerfile <<< $'FROM busybox\n'"ADD $web/lockedgit/repo.git /r"
build_fails "cannot read $web/lockedgit/repo.git"
build --secret id=GIT_AUTH_TOKEN_127.0.0.1,src=token
assert_equal "$(image_run image ls /r)" Dockerfile
works bryo build --secret id=GIT_AUTH_TOKEN_127.0.0.1,src=token "$web/lockedgit/repo.git"
