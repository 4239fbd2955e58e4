#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which files of a git repository ADD takes (C12.2, C12.3): refs, commits, subdirectories.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

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

# C12.2: branch, tag, annotated tag, whole commit and full ref. C12.3: the query says the same.
for ref in '#other' '#v1' '#refs/tags/v1' "#$first" '?ref=v1' '?tag=v1' '?branch=other' "?commit=$first&fetch-by-commit=true"; do
        adds "$ref"
        assert_equal "$(image_run image cat /r/file)" one "$ref"
done

# A subdirectory.
adds '#main:sub'
assert_equal "$(image_run image ls /r)" $'link\ntool'
adds '?subdir=sub'
assert_equal "$(image_run image ls /r)" $'link\ntool'

# mtime=commit.
adds '?mtime=commit'
assert_equal "$(image_run image stat -c %Y /r/file)" 1577934245

# What is not there.
dockerfile <<< $'FROM busybox\n'"ADD $web/repo.git#nowhere /r"
build_fails "$web/repo.git has no branch or tag \"nowhere\""
dockerfile <<< $'FROM busybox\n'"ADD $web/repo.git#main:nowhere /r"
build_fails "nowhere"
dockerfile <<< $'FROM busybox\n'"ADD $web/none.git /r"
build_fails "cannot read $web/none.git"
