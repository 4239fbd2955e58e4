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

# Templates, as docker and podman have them; the rows of the language are in tests/unit/cmd_template.c.
assert_equal "$(output_of bryo images --format '{{.Repository}}:{{.Tag}} {{.Digest}}' busybox)" "busybox:latest <none>"
assert_equal "$(output_of bryo image ls --format 'table {{.ID}}\t{{.Repository}}' busybox | sed 's/   */|/')" "IMAGE ID|REPOSITORY
$(cut -c8-19 <<< "$id")|busybox"
assert_matches "$(output_of bryo images --digests busybox)" "^REPOSITORY +TAG +DIGEST +IMAGE ID .*
busybox +latest +<none> +[0-9a-f]{12} "
assert_equal "$(output_of bryo inspect --format '{{.Id}} {{.Os}}{{range .RepoTags}} {{.}}{{end}}' busybox one | head -n 1)" "$id linux busybox:latest"
assert_equal "$(output_of bryo inspect -f '{{json .Config.Env}}' busybox)" "$(output_of bryo inspect busybox | jq -c '.[0].Config.Env')"
assert_fails 2 "--format: {{printf .Id}}: there is no such function here" bryo inspect -f '{{printf .Id}}' busybox
assert_fails 2 "--format: an action has no end" bryo images --format '{{.ID'
assert_fails 2 "write json, or a template" bryo inspect --format yaml busybox
works bryo image exists one
assert_fails 1 "" bryo image exists absent
assert_equal "$errors" ""
assert_fails 1 "" bryo image exists Not/A/Name

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
