#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --progress=rawjson: every member that doc/progress.md names, in a build that executes, hits, warns, and fails while
# another stage is running.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox

# events FILTER: what jq finds in the stream of the last build
events() {
        jq -cS "$1" events
}

stream() {
        capture bryo build --progress=rawjson "$@" context
        lines_with '^{' <(printf '%s\n' "$errors") > events
        lines_with '^[^{]' <(printf '%s\n' "$errors") > words
}

dockerfile << 'END'
FROM busybox AS first
RUN echo out; echo err >&2; printf '\303\274 \377\n'
FROM busybox
COPY --from=first /etc/passwd /
run true
END
stream -t image --build-arg UNUSED=1
assert_equal "$status $(cat words)" "0 " "the status and what is no event"

# Steps: each begins once and ends once, under one digest, with all its members.
assert_equal "$(events 'select(.vertexes) | .vertexes[] | select(.completed | not) | [.step, .stage, .index, .count, .total, .name]')" \
        '[1,"first",1,2,5,"[first 1/2] FROM busybox AS first"]
[2,"first",2,2,5,"[first 2/2] RUN echo out; echo err >&2; printf '"'\\\\303\\\\274 \\\\377\\\\n'"'"]
[3,"stage-1",1,3,5,"[stage-1 1/3] FROM busybox"]
[4,"stage-1",2,3,5,"[stage-1 2/3] COPY --from=first /etc/passwd /"]
[5,"stage-1",3,3,5,"[stage-1 3/3] run true"]' "the steps that began"
assert_equal "$(events 'select(.vertexes) | .vertexes[] | select(.completed) | [.step, .cached, .error]')" \
        $'[1,null,null]\n[2,null,null]\n[3,null,null]\n[4,null,null]\n[5,null,null]' "the steps that ended"
assert_equal "$(jq -sc '[.[].vertexes[]?] | group_by(.step) | map([length, (map(.digest) | unique | length), (map(.name) | unique | length), (map(.started) | unique | length)]) | unique' events)" \
        '[[2,1,1,1]]' "how often a step is told, and under how many digests, names and beginnings"
assert_equal "$(jq -sc '[.[].vertexes[]?.digest] | unique | [length, all(test("^sha256:[0-9a-f]{64}$"))]' events)" '[5,true]' "the digests"
assert_equal "$(jq -sc 'all(.[]; keys - ["logs", "notices", "result", "vertexes", "warnings"] == [] and length == 1)' events)" true "whether each line has one member"

# Output: bytes, streams, the vertex it belongs to.
digest=$(jq -sr 'first(.[].vertexes[]? | select(.step == 2)) | .digest' events)
assert_equal "$(jq -sr --arg d "$digest" '[.[].logs[]? | select(.vertex == $d and .step == 2 and .stream == 1)] | map(.data)[]' events |
        while read -r data; do base64 -d <<< "$data"; done | od -An -c | tr -s ' ')" "$(printf 'out\n\303\274 \377\n' | od -An -c | tr -s ' ')" "standard output"
assert_equal "$(jq -sr '[.[].logs[]? | select(.stream == 2)] | map(.data)[]' events | base64 -d)" err "standard error"
assert_equal "$(jq -sc '[.[].logs[]? | keys] | unique' events)" '[["data","step","stream","timestamp","vertex"]]' "the members of output"

# Times: RFC 3339, and never going back.
assert_equal "$(jq -sc '[.[] | (.vertexes[]? | .completed // .started), .logs[]?.timestamp, .warnings[]?.timestamp, (.result?.timestamp // empty)] |
        [all(test("^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}([.][0-9]{1,9})?Z$")), length > 10]' events)" '[true,true]' "the form of the times"
python3 - << 'END' || fail "the times go back" events "$(cat events)"
import json, re, sys
last = ""
for line in open("events"):
    event = json.loads(line)
    item = next(iter(event.values()))
    item = item[0] if isinstance(item, list) else item
    time = item.get("completed") or item.get("timestamp") or item["started"]
    time = re.sub(r"(?:\.(\d*))?Z$", lambda m: "." + (m.group(1) or "").ljust(9, "0"), time)
    if time < last:
        sys.exit(1)
    last = time
END

# What is said beside, the checks of the Dockerfile among it; and the result.
assert_equal "$(jq -sr '[.[].warnings[]? | select(.level == 1)] | map(.short)[]' events | while read -r text; do base64 -d <<< "$text"; echo; done)" \
        "the build argument UNUSED is not used: no ARG of the Dockerfile declares it
ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase) (line 5)"
assert_equal "$(events '.result // empty | [.image, .names]')" "[\"$(image_id image)\",[\"image\"]]" "the result"

# A fully cached build.
stream -t image
assert_equal "$(events 'select(.vertexes) | .vertexes[] | select(.completed) | [.step, .cached]')" \
        $'[1,null]\n[2,true]\n[3,null]\n[4,true]\n[5,true]' "the steps of a cached build"

# Notes.
stream -t image --explain
assert_equal "$(jq -sc '[.[].notes[]? | [.step, (.vertex | length), (.timestamp | length > 19), keys]] | unique' events)" \
        '[[2,71,true,["step","text","timestamp","vertex"]],[4,71,true,["step","text","timestamp","vertex"]],[5,71,true,["step","text","timestamp","vertex"]]]' "the notes"
assert_matches "$(jq -sr '[.[].notes[]?.text][0]' events | base64 -d)" '^found: nothing it depends on changed'

# A failure, and what is stopped for it.
dockerfile << 'END'
FROM busybox AS one
RUN sleep 4521
FROM busybox AS two
RUN sleep 0.5; exit 3
FROM busybox
COPY --from=one /a /
COPY --from=two /b /
END
stream
assert_equal "$status" 1
assert_equal "$(events '.vertexes[]? | select(.completed and .stage == null) | select(.error) | .error' | cut -c 1-60 | sort)" \
        $'"Dockerfile:4:1: the command failed with exit status 3: RUN \n"context canceled"' "the errors"
assert_contains "$(cat words)" "exit status 3"
assert_equal "$(events '.result // empty')" "" "the result of a failed build"

# --logfile gets it instead.
printf 'FROM busybox\nRUN echo logfile\n' > context/Dockerfile
works bryo build --progress=rawjson --logfile events context
assert_equal "$output$errors" ""
assert_equal "$(jq -sr '.[].logs[]?.data' events | base64 -d)" logfile
