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
                grep -vE '\.corpus/|^tests/golden/|^tests/apps/(go|java|node)/|^tests/everything/(context/|expected|accepted)|\.(o|a|log|trs|md|[1-9])$|\.dirstamp$' | LC_ALL=C sort
}

# complaints TREE. The patterns are written so that they do not find themselves.
complaints() {
        files_of "$1" | sed "s,^,$1/," | xargs -r awk -v tree="$1/" -v longest="$longest" '
                function end_of_file() {
                        if (file ~ /\.[ch]$/ && lines > longest)
                                printf "%s: longer than %d lines\n", file, longest
                        if (!licensed && file ~ /(\.([ch]|sh|mk|ac|am|py)|^autogen\.sh|^(\.ci|tools|tests|bench)\/.*)$/)
                                printf "%s: no SPDX line among the first three\n", file
                }
                FNR == 1 {
                        if (file != "")
                                end_of_file()
                        file = substr(FILENAME, length(tree) + 1)
                        licensed = 0
                }
                { lines = FNR }
                FNR <= 3 && /SPDX-License-Identifier: Apache-2\.0/ { licensed = 1 }
                /\/[w]ork\/|\/[h]ome\/[a-z]|\/[r]oot\/\.|shared\/[d]esign/ {
                        line = $0
                        gsub(/\/home\/(app|guest|home)/, "", line)
                        if (line ~ /\/[w]ork\/|\/[h]ome\/[a-z]|\/[r]oot\/\.|shared\/[d]esign/)
                                printf "%s:%d: a path of one machine\n", file, FNR
                }
                END { end_of_file() }'
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
