#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a command prints reaches the user line by line, but cannot type into the terminal or forge lines of the build.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN printf 'title \033]0;owned\007 query \033[6n colour \033[31mred\033[0m back\rforged\n'; printf 'no newline'; echo errors >&2
RUN printf 'bytes \200\377 and \xc2\x9b31m\n'; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; done
RUN head -c 300000 /dev/zero | tr '\0' x; echo end of the long line
END
build
printf '%s' "$said" > said
assert_equal "$(lines_with $'\033|\r|\007' said)" "" "the lines that a terminal would obey"
assert_contains "$said" 'title ^[]0;owned^G query ^[[6n colour red back^Mforged'
assert_contains "$said" 'bytes \x80\xff and \u009b31m'
assert_contains "$said" "no newline"
assert_contains "$said" "line 3000"
assert_contains "$said" "end of the long line"
assert_equal "$(grep -c 'line [0-9]*$' said)" 3000 "the number of lines"
assert_equal "$(tr -d -c x < said | wc -c | awk '{ print ($1 >= 300000) }')" 1 "whether the long line arrived"
