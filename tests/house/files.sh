#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What every file of the tree owes the house: one licence line near its top; no path of somebody's machine and no
# local address in it; C files that open with a comment on why they exist, and stay short enough to read.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

longest=800

# files_of TREE: the files that people wrote (build-aux and configure come from autotools).
files_of() {
        (cd "$1" && find . \( -name .git -o -name 'build*' -o -name autom4te.cache -o -name .deps \) -prune -o -type f -print) |
                sed 's,^\./,,' |
                grep -vE '^(LICENSE|aclocal\.m4|configure~?|config\.(h|h\.in~?|h\.in|log|status)|Makefile(\.in)?|stamp-h1|bryo)$' |
                grep -vE '\.(o|a|log|trs|md|[1-9])$|\.dirstamp$' | LC_ALL=C sort
}

# complaints TREE
complaints() {
        local file
        while read -r file; do
                case $file in
                *.c | *.h | *.sh | *.mk | *.ac | *.am | .ci/* | tools/* | tests/* | bench/* | autogen.sh)
                        head -n 3 "$1/$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
                                printf '%s: no SPDX line among the first three\n' "$file"
                        ;;
                esac
                case $file in
                *.c | *.h)
                        [ "$(wc -l < "$1/$file")" -le "$longest" ] || printf '%s: longer than %s lines\n' "$file" "$longest"
                        ;;
                esac
                # The pattern is written so that it does not find itself.
                { grep -nIE '/[w]ork/|/[h]ome/[a-z]|/[r]oot/[A-Za-z.]|shared/[d]esign' "$1/$file" || true; } |
                        grep -vE '/home/(app|guest)' |
                        sed "s,^\([0-9]*\):.*,$file:\1: a path of one machine," || true
        done < <(files_of "$1")
}

plant_file planted/oci/good.c '/* SPDX-License-Identifier: Apache-2.0 */
/* Why. */
int x;'
assert_equal "$(complaints planted)" "" "what is found in a good file"
plant_file planted/oci/bare.c 'int x;'
plant_file planted/tools/machine "#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
cat /wor""k/thing"
{ echo '/* SPDX-License-Identifier: Apache-2.0 */' && seq 801 | sed 's,.*,/* & */,'; } > planted/oci/long.c
assert_equal "$(complaints planted)" 'oci/bare.c: no SPDX line among the first three
oci/long.c: longer than 800 lines
tools/machine:3: a path of one machine' "what is found in planted files"

assert_equal "$(complaints "$BRYO_SOURCE")" "" "the list of complaints"
