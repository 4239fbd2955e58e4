#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Contexts from the network (X1.3, X1.4), and a Dockerfile from a URL.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need git
base busybox
serve web
web=http://127.0.0.1:$port

# X1.4: a tar, or a Dockerfile. I2.2: the ignore file in the tar says nothing.
mkdir files
printf 'FROM busybox\nCOPY f /f\n' > files/Dockerfile
printf 'FROM busybox\nCOPY f /g\n' > files/other
printf 'content\n' > files/f
printf 'f\n' > files/.dockerignore
tar -C files -czf web/files/context.tgz .
printf 'FROM busybox\nRUN echo text > /f\n' > web/files/Dockerfile
printf 'FROM busybox\nCOPY f /h\n' > web/files/remote
works bryo build -t image "$web/file/context.tgz"
assert_equal "$(image_run image cat /f)" content
works bryo build -t image -f other "$web/file/context.tgz"
assert_equal "$(image_run image cat /g)" content
works bryo build -t image "$web/file/Dockerfile"
assert_equal "$(image_run image cat /f)" text
# X1.14: there is one file, whatever -f says.
works bryo build -t image -f any/name "$web/file/Dockerfile"
# The second time it is only asked whether it changed.
asked web > /dev/null
works bryo build -t image "$web/file/context.tgz"
assert_matches "$(asked web)" 'If-None-Match='
# X1.12 P14.4: -f URL, with a context that lies here.
rm files/.dockerignore
works bryo build -t image -f "$web/file/remote" files
assert_equal "$(image_run image cat /h)" content
assert_fails 1 "the server answered 404" bryo build "$web/status/404"
assert_fails 1 "the server answered 404" bryo build -f "$web/status/404" files

# X1.3, X1.13, I2.2: a git repository; its ignore file says nothing, its .git is not there.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
mkdir files/sub
printf 'FROM busybox\nCOPY . /s/\n' > files/sub/Dockerfile
printf 'f\n' > files/.dockerignore
works git -c init.defaultBranch=main init -q files
works git -C files add -A
works git -C files commit -qm one
works git -C files tag v1
works git clone -q --bare files web/git/repo.git
works bryo build -t image "$web/git/repo.git"
assert_equal "$(image_run image cat /f)" content
works bryo build -t image "$web/git/repo.git#v1:sub"
assert_equal "$(image_run image ls -A /s)" Dockerfile
printf 'FROM busybox\nCOPY . /s/\n' > web/files/all
works bryo build -t image -f "$web/file/all" "$web/git/repo.git?tag=v1"
assert_lacks "$(image_run image ls -A /s)" .git
# A7.3
works bryo build -t image -f "$web/file/all" --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 "$web/git/repo.git"
assert_contains "$(image_run image ls -A /s)" .git
works bryo build -t image -f sub/Dockerfile "$web/git/repo.git"
assert_equal "$(image_run image cat /s/f)" content
assert_fails 1 "has no branch or tag \"nowhere\"" bryo build "$web/git/repo.git#nowhere"
