#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ADD of a git repository: modes, submodules, .git, checksums, and what the cache asks.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/repository.sh"

# C12.4: the default branch, without .git, modes 0644 and 0755 whatever the umask.
umask 077
adds ''
umask 022
assert_equal "$(image_run image sh -c 'cd /r && find . | sort')" $'.\n./file\n./sub\n./sub/link\n./sub/tool'
assert_equal "$(image_run image sh -c 'cd /r && cat file && stat -c "%a %u:%g" file sub sub/tool; readlink sub/link')" \
        $'two\n644 0:0\n755 0:0\n755 0:0\n../file'

# C12.10: a build in which nothing changed asks for the commit and fetches nothing.
asked web > /dev/null
adds ''
assert_equal "$(grep -c CACHED <<< "$said")" 1
assert_lacks "$(asked web)" 'POST /git/repo.git/git-upload-pack?'
assert_less "$(grep -c . web/requests)" 4 "the number of requests"

# C12.6: --keep-git-dir, and the query.
adds '' --keep-git-dir=true
assert_equal "$(image_run image cat /r/.git/HEAD)" "$commit"
adds '?keep-git-dir=true'
assert_equal "$(image_run image cat /r/.git/HEAD)" "$commit"

# C12.7: --checksum: a commit or the beginning of one.
adds '' "--checksum=$commit"
adds '#v1' "--checksum=${first:0:12}"
dockerfile <<< $'FROM busybox\n'"ADD --checksum=$first $web/repo.git#main /r"
build_fails "main of $web/repo.git is the commit $commit, not $first"
dockerfile <<< $'FROM busybox\n'"ADD --checksum=sha256:abc $web/repo.git /r"
build_fails "is not a commit"

# C12.5: submodules come along, without their .git, unless they are not wanted.
quietly init -q parent
printf 'outer\n' > parent/outer
quietly -C parent submodule --quiet add "$web/repo.git" inner 2> /dev/null
quietly -C parent add -A
quietly -C parent commit -qm parent
quietly clone -q --bare parent web/git/parent.git
dockerfile <<< $'FROM busybox\n'"ADD $web/parent.git /p"$'\n'"ADD $web/parent.git?submodules=false /q"
build
assert_equal "$(image_run image sh -c 'cat /p/inner/file; find /p -name .git; ls -A /q/inner')" two

# C12.12: --keep-git-dir, whatever it says, makes any URL a repository.
quietly clone -q --bare work web/git/plain
dockerfile <<< $'FROM busybox\n'"ADD --keep-git-dir=false $web/plain#v1 /r"
build
assert_equal "$(image_run image cat /r/file)" one
