#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# bryo logs: every line of every build that executed something, also of one that failed or was killed; bounded; removed by
# prune --all; and a fully cached build keeps none.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq python3
base busybox
builds=$XDG_DATA_HOME/bryo/builds
kept() {
        find "$builds" -type f | wc -l
}

assert_fails 1 "no log of a build is kept" bryo logs
dockerfile << 'END'
FROM busybox
RUN i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "line $i"; done; printf 'bytes \377 and no end'; echo error >&2
COPY Dockerfile /
END
build --metadata-file meta
assert_equal "$(kept)" 1 "kept builds"

# The same lines as the build printed, by the same words.
works bryo logs
assert_equal "$output" "$(grep -v '^warning' <<< "$said" | sed '/^$/d')" "the log of the build"
assert_equal "$(grep -c '^#2 [0-9.]* line [0-9]*$' <<< "$output")" 5000 "lines of the command"

# A build that executes nothing keeps nothing, and the last one that did is shown.
build
assert_equal "$(kept)" 1 "kept builds after a cached one"

# A failed one: its error, too. Newest first; by ID, its beginning, the name that --metadata-file gives, and ^N.
printf 'FROM busybox\nRUN echo about to fail; exit 3\n' > context/failing
build_fails "exit status 3" -f context/failing
works bryo logs
assert_contains "$output" "about to fail"
assert_contains "$output" "#2 ERROR"
assert_matches "$output" 'bryo: .*:2:1: the command failed with exit status 3'
assert_equal "$(output_of bryo logs --format json | jq -c '[.name, .status, (.error // "" | test("exit status 3")), .duration_ms >= 0]')" \
        $'["image","error",true,true]\n["image","completed",false,true]' "the list"
works bryo logs --list
assert_matches "$output" $'^BUILD ID +NAME +STATUS +CREATED +DURATION\n[a-z0-9]{25} +image +error +.* ago +[0-9.]+s\n'
first=$(output_of bryo logs -q | tail -n 1)
assert_equal "$(jq -r '."buildx.build.ref"' meta)" "bryo/bryo/$first" "the build's name in --metadata-file"
for word in "$first" "bryo/bryo/$first" "${first:0:12}" ^1; do
        assert_contains "$(output_of bryo logs "$word")" "line 5000"
done
assert_fails 1 "no build nonsense is kept" bryo logs nonsense
assert_fails 1 "only 2 builds are kept" bryo logs ^2
assert_fails 2 "--progress=tty" bryo logs --progress=tty

# The bytes as they came, and the two lines around them.
works bryo logs --progress=rawjson "$first"
assert_equal "$(python3 -c '
import base64, json, sys
logs = [log for line in sys.stdin for log in json.loads(line).get("logs", [])]
sys.stdout.buffer.write(b"".join(base64.b64decode(log["data"]) for log in logs if log["stream"] == 1)[-18:])
' <<< "$output" | od -An -c)" "$(printf 'bytes \377 and no end' | od -An -c)" "the end of the output"
assert_equal "$(output_of bryo logs --progress=rawjson ^1 | jq -sc '[.[0].build.id, .[0].build.name, (.[0].build.started | length > 20), .[-1].build.status, (.[-1].build.completed | length > 20)]')" \
        "[\"$first\",\"image\",true,\"completed\",true]" "the first and the last line"

# One that is running, and is then killed.
printf 'FROM busybox\nRUN echo said before; sleep 4723\n' > context/Dockerfile
background log bryo build --progress=plain -t killed context
await '^#2 [0-9.]* said before' log
assert_equal "$(output_of bryo logs --format json | jq -r .status | head -n 1)" running "the status meanwhile"
assert_contains "$(output_of bryo logs)" "said before"
kill -9 "$pid"
ended
assert_gone 'sleep 4723'
assert_equal "$(output_of bryo logs --format json | jq -r .status | head -n 1)" killed "the status afterwards"
assert_contains "$(output_of bryo logs)" $'said before\n(killed)'

# Half a line, nonsense and a foreign file are no log and harm nobody.
printf '{"vertexes":[{"dig' >> "$builds/$(output_of bryo logs -q | head -n 1)"
echo nonsense > "$builds/foreign"
assert_contains "$(output_of bryo logs)" "said before"
assert_equal "$(output_of bryo logs -q | wc -l)" 3 "builds in the list"

# At most a hundred.
for i in $(seq 130); do
        printf '{"build":{"id":"x","name":"old %s","started":"2020-01-01T00:00:00Z"}}\n' "$i" > "$builds/old$i"
done
touch -d '2020-01-01' "$builds"/old*
printf 'FROM busybox\nRUN echo one more\n' > context/Dockerfile
build
assert_equal "$(kept)" 100 "kept builds at the bound"
assert_contains "$(output_of bryo logs)" "one more"
assert_contains "$(output_of bryo logs "$first")" "line 5000"

# prune leaves them, --all does not.
works bryo prune
assert_equal "$(kept)" 100 "kept builds after prune"
works bryo prune --all
assert_contains "$output" "Removed logs of builds: 100"
assert_equal "$(kept)" 0 "kept builds after prune --all"

# A store that cannot take it: the build goes on, and says so once.
chmod 500 "$builds"
build --no-cache
chmod 700 "$builds"
assert_equal "$(grep -c 'the log of this build is not kept: cannot make .*/builds/' <<< "$said")" 1 "sentences about the log"
assert_equal "$(kept)" 0
