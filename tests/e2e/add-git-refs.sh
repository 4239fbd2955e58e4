#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which files of a git repository ADD takes (C12.2, C12.3): refs, commits, subdirectories.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/repository.sh"

# C12.2: branch, tag, annotated tag, whole commit and full ref. C12.3: the query says the same.
for ref in '#other' '#v1' '#refs/tags/v1' "#$first" '?ref=v1' '?tag=v1' '?branch=other' "?commit=$first&fetch-by-commit=true"; do
        adds "$ref"
        assert_equal "$(image_run image cat /r/file)" one "$ref"
done

# C12.3: query and fragment may say the same, or each a part.
adds '?tag=v1#refs/tags/v1'
assert_equal "$(image_run image cat /r/file)" one
adds '?branch=main#:sub'
assert_equal "$(image_run image ls /r)" $'link\ntool'

# C12.13: a repository that counts with SHA-256.
works git -c init.defaultBranch=main init -q --object-format=sha256 wide
printf 'wide\n' > wide/file
works git -C wide add -A
works git -C wide commit -qm one
works git clone -q --bare wide web/git/wide.git
dockerfile <<< $'FROM busybox\n'"ADD --checksum=$(git -C wide rev-parse HEAD) $web/wide.git#main /r"
build
assert_equal "$(image_run image cat /r/file)" wide

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
