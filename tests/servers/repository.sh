# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A repository of two commits, served by the server `web`: a tag v1 and a branch `other` at the first one. Sourced after
# tests/servers/lib.sh. Leaves $web, $commit and $first.

need git
base busybox
serve web
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='2020-01-02T03:04:05Z' GIT_COMMITTER_DATE='2020-01-02T03:04:05Z'
web=http://127.0.0.1:$port/git

quietly() {
        works git -c init.defaultBranch=main -c protocol.file.allow=always "$@"
}

quietly init -q work
mkdir work/sub
printf 'one\n' > work/file
printf '#!/bin/sh\n' > work/sub/tool
chmod +x work/sub/tool
ln -s ../file work/sub/link
quietly -C work add -A
quietly -C work commit -qm one
quietly -C work tag -a -m tagged v1
printf 'two\n' > work/file
quietly -C work commit -qam two
quietly -C work branch other v1
quietly clone -q --bare work web/git/repo.git
commit=$(git -C work rev-parse HEAD)
first=$(git -C work rev-parse v1^{commit})

# adds FRAGMENT [FLAG]...: an image with the repository in /r.
adds() {
        dockerfile <<< $'FROM busybox\n'"ADD ${*:2} $web/repo.git$1 /r"
        build
}
