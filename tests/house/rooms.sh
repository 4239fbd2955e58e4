#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No room includes a header of a room it may not know:
# cmd -> builder -> {dockerfile, overlay, sandbox, oci} -> common, and the four do not know each other.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# may_know ROOM: the rooms whose headers its files may include.
may_know() {
        case $1 in
        common) echo common ;;
        dockerfile | overlay | sandbox | oci) echo "$1 common" ;;
        builder) echo builder dockerfile overlay sandbox oci common ;;
        cmd) echo cmd builder dockerfile overlay sandbox oci common ;;
        *) fail "no room is called $1" ;;
        esac
}

# room_of FILE: a unit test of a room is called tests/unit/ROOM_TOPIC.c and knows what the room knows.
room_of() {
        case $1 in
        tests/unit/*) basename "$1" | sed 's/[_.].*//' ;;
        *) printf '%s\n' "${1%%/*}" ;;
        esac
}

# violations TREE: one line for each include that is not allowed.
violations() {
        local file room line header allowed

        cd "$1"
        find common dockerfile overlay sandbox oci builder cmd tests/unit -name '*.[ch]' 2> /dev/null | LC_ALL=C sort |
                while read -r file; do
                        [ "$file" != tests/unit/check.h ] || continue
                        room=$(room_of "$file")
                        allowed=$(may_know "$room")
                        { grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$file" || true; } | while IFS= read -r line; do
                                header=$(sed 's/[^"]*"\([^"]*\)".*/\1/' <<< "$line")
                                case "$header" in
                                config.h | tests/unit/check.h) continue ;;
                                esac
                                [[ " $allowed " == *" ${header%%/*} "* && $header == */* && $header != *..* ]] ||
                                        printf '%s:%s: %s may not include "%s"\n' "$file" "${line%%:*}" "$room" "$header"
                        done
                done
}

# --- it bites -------------------------------------------------------------------

plant_file planted/oci/good.c '#include "oci/image.h"
#include "common/error.h"
#include <stdio.h>'
plant_file planted/cmd/good.c '#include "overlay/tree.h"'
plant_file planted/tests/unit/oci_good.c '#include "oci/image.h"
#include "tests/unit/check.h"'
assert_equal "$(violations planted)" "" "what is found in good files"
plant_file planted/oci/sideways.c '#  include "overlay/tree.h"'
plant_file planted/common/upward.h '#include "oci/image.h"'
plant_file planted/overlay/relative.c ' #include "../oci/image.h"'
plant_file planted/builder/bare.c '#include "plan.h"'
plant_file planted/sandbox/command.c '#include "cmd/main.h"'
plant_file planted/tests/unit/dockerfile_upward.c '#include "builder/build.h"'
assert_equal "$(violations planted)" 'builder/bare.c:1: builder may not include "plan.h"
common/upward.h:1: common may not include "oci/image.h"
oci/sideways.c:1: oci may not include "overlay/tree.h"
overlay/relative.c:1: overlay may not include "../oci/image.h"
sandbox/command.c:1: sandbox may not include "cmd/main.h"
tests/unit/dockerfile_upward.c:1: dockerfile may not include "builder/build.h"' "what is found in planted files"

# --- this tree --------------------------------------------------------------------

assert_equal "$(violations "$BRYO_SOURCE")" "" "the list of includes that are not allowed"
