#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# image ls and its alias, tag, image rm: names and the table that docker's users know.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
assert_matches "$(output_of bryo image ls | head -n 1)" '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE *$'
assert_matches "$(output_of bryo image ls | sed -n 2p)" '^busybox +latest +[0-9a-f]{12} +.* ago +[0-9.]+ ?[kMG]?B *$'
assert_equal "$(output_of bryo images -q)" "$(output_of bryo image ls -q)"
id=$(image_id busybox)
assert_matches "$id" '^sha256:[0-9a-f]{64}$'

dockerfile << 'END'
FROM busybox
RUN echo x > /x
END
build -t one -t registry.example:5000/team/two:v1.2
assert_equal "$(image_id one)" "$(image_id registry.example:5000/team/two:v1.2)"
works bryo tag one three:other
assert_equal "$(image_id three:other)" "$(image_id one)"
assert_matches "$(output_of bryo image ls | grep two)" '^registry.example:5000/team/two +v1.2 '
assert_equal "$(output_of bryo image ls --format json | jq -r '.Repository + ":" + .Tag' | sort | tr '\n' ' ')" \
        "busybox:latest one:latest registry.example:5000/team/two:v1.2 three:other "

# A tag that moves leaves the other names alone.
works bryo tag busybox one
assert_equal "$(image_id one)" "$id"
[ "$(image_id three:other)" != "$id" ]

works bryo image rm one
assert_fails 1 "one" bryo inspect one
assert_equal "$(image_id busybox)" "$id"
works bryo image rm three:other registry.example:5000/team/two:v1.2
assert_equal "$(output_of bryo image ls | wc -l)" 2 "the lines of the listing"
assert_fails 1 "three:other" bryo image rm three:other
assert_fails 1 "absent" bryo tag absent x
assert_fails 1 "Upper" bryo tag busybox Upper/Case
assert_contains "$errors" "upper/case"

# Ids and their beginnings name images too.
short=${id#sha256:}
works bryo tag "${short:0:12}" by-id
assert_equal "$(image_id by-id)" "$id"
assert_equal "$(image_run "${short:0:12}" echo by id)" "by id"
