#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No room includes a header of a room it may not know:
# cmd -> builder -> {dockerfile, overlay, sandbox, oci} -> common, and the four do not know each other.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# violations TREE: one line for each include that is not allowed. A unit test of a room is called tests/unit/ROOM_TOPIC.c and
# knows what the room knows and the helpers beside it; a helper that names no room belongs to the first one whose header
# it includes.
violations() {
        (cd "$1" && find common dockerfile overlay sandbox oci builder cmd tests/unit -name '*.[ch]' 2> /dev/null || true) |
                LC_ALL=C sort | sed "s,^,$1/," | xargs -r awk -v tree="$1/" '
                BEGIN {
                        knows["common"] = " common "
                        middle = split("dockerfile overlay sandbox oci", rooms, " ")
                        for (i = 1; i <= middle; i++)
                                knows[rooms[i]] = " common " rooms[i] " "
                        knows["builder"] = " common dockerfile overlay sandbox oci builder "
                        knows["cmd"] = knows["builder"] "cmd "
                }
                FNR == 1 {
                        file = substr(FILENAME, length(tree) + 1)
                        is_test = file ~ /^tests\/unit\//
                        room = file
                        sub(/^tests\/unit\//, "", room)
                        sub(is_test ? "[_.].*" : "/.*", "", room)
                        if (!(room in knows))
                                room = is_test ? "" : "common"
                }
                /^[ \t]*#[ \t]*include[ \t]*"/ {
                        split($0, parts, "\"")
                        header = parts[2]
                        if (header == "config.h" || is_test && header ~ /^tests\/unit\/[^\/]*$/)
                                next
                        owner = header
                        sub(/\/.*/, "", owner)
                        if (room == "" && owner != "common" && owner in knows)
                                room = owner
                        if (room == "" && owner == "common")
                                next
                        if (header !~ /\// || header ~ /\.\./ || index(knows[room], " " owner " ") == 0)
                                printf "%s:%d: %s may not include \"%s\"\n", file, FNR, room, header
                }'
}

# --- it bites -------------------------------------------------------------------

plant_file planted/oci/good.c '#include "oci/image.h"
#include "common/error.h"
#include <stdio.h>'
plant_file planted/cmd/good.c '#include "overlay/tree.h"'
plant_file planted/tests/unit/oci_good.c '#include "oci/image.h"
#include "tests/unit/check.h"'
assert_equal "$(violations planted)" "" "what is found in good files"
plant_file planted/tests/unit/helper.h '#include "common/error.h"'
plant_file planted/tests/unit/helped.c '#include "tests/unit/helper.h"
#include "oci/image.h"'
assert_equal "$(violations planted)" "" "what is found in good helpers"
plant_file planted/tests/unit/torn.h '#include "common/error.h"
#include "oci/image.h"
#include "overlay/tree.h"'
plant_file planted/oci/tests.c '#include "tests/unit/check.h"'
plant_file planted/oci/sideways.c '#  include "overlay/tree.h"'
plant_file planted/common/upward.h '#include "oci/image.h"'
plant_file planted/overlay/relative.c ' #include "../oci/image.h"'
plant_file planted/builder/bare.c '#include "plan.h"'
plant_file planted/sandbox/command.c '#include "cmd/main.h"'
plant_file planted/tests/unit/dockerfile_upward.c '#include "builder/build.h"'
assert_equal "$(violations planted)" 'builder/bare.c:1: builder may not include "plan.h"
common/upward.h:1: common may not include "oci/image.h"
oci/sideways.c:1: oci may not include "overlay/tree.h"
oci/tests.c:1: oci may not include "tests/unit/check.h"
overlay/relative.c:1: overlay may not include "../oci/image.h"
sandbox/command.c:1: sandbox may not include "cmd/main.h"
tests/unit/dockerfile_upward.c:1: dockerfile may not include "builder/build.h"
tests/unit/torn.h:3: oci may not include "overlay/tree.h"' "what is found in planted files"

# --- this tree --------------------------------------------------------------------

assert_equal "$(violations "$BRYO_SOURCE")" "" "the list of includes that are not allowed"
