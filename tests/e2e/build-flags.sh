#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The flags of build that change what is built or what is told: each alone.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
dockerfile << 'END'
FROM busybox AS first
ARG A B
LABEL kept=1 dropped=1
ENV OWN=file BOTH=file
RUN echo "$A,$B,$GIVEN,$BOTH" > /said
FROM first
RUN cat /proc/sys/kernel/random/uuid > /when
END

# Variables from files and the environment.
printf '# a comment\n\nA=of file\r\nB\n' > arguments
B='of the environment' works bryo build -t image --build-arg-file arguments --env GIVEN=flag --env BOTH=flag context
assert_equal "$(image_run image cat /said)" "of file,of the environment,flag,file"
assert_equal "$(image_config image '.Config.Env | map(select(startswith("GIVEN") or startswith("BOTH")))')" '["GIVEN=flag","BOTH=file"]'
works bryo build -t image --build-arg-file arguments --build-arg A=flag context
assert_contains "$(image_run image cat /said)" "flag,"
assert_fails 1 "nowhere" bryo build --build-arg-file nowhere context
works bryo build -t image --unsetenv OWN --unsetlabel nothing context
assert_equal "$(image_config image '.Config.Env | map(select(startswith("OWN")))')" '[]'

# Labels of a base.
printf 'FROM image\nLABEL new=1\n' > labels
works bryo build -t derived -f labels context
assert_equal "$(image_config derived .Config.Labels)" '{"dropped":"1","kept":"1","new":"1"}'
works bryo build -t derived -f labels --unsetlabel dropped context
assert_equal "$(image_config derived .Config.Labels)" '{"kept":"1","new":"1"}'
works bryo build -t derived -f labels --inherit-labels=false --label flag=1 context
assert_equal "$(image_config derived .Config.Labels)" '{"flag":"1","new":"1"}'

# Another base.
works bryo build -t image --from derived context
assert_equal "$(image_config image .Config.Labels.flag)" '"1"'
assert_fails 1 "no-such-image" bryo build --from no-such-image context

# K6.2 Only one stage is executed again.
works bryo build -t image context
said=$(image_run image cat /when)
works bryo build -t image --no-cache-filter FIRST,0 context
assert_matches "$errors" 'first 2/2\] RUN echo'
[ "$(grep -c CACHED <<< "$errors")" -eq 0 ] || fail "the stage after a changed one was cached" errors "$errors"
works bryo build -t image context
said=$(image_run image cat /when)
works bryo build -t image --no-cache-filter 1 context
[ "$(grep -c CACHED <<< "$errors")" -eq 1 ] || fail "the first stage was not cached" errors "$errors"
[ "$(image_run image cat /when)" != "$said" ] || fail "the second stage was not executed"
assert_fails 1 'no stage "frist" (did you mean "first"?)' bryo build --no-cache-filter frist context

# Times.
works bryo build -t image --timestamp 1000000000 context
assert_equal "$(image_config image .Created)" '"2001-09-09T01:46:40Z"'
works bryo build -t image --source-date-epoch 1000000001 --rewrite-timestamp context
assert_equal "$(image_config image .Created)" '"2001-09-09T01:46:41Z"'
assert_fails 1 "soon" bryo build --timestamp soon context

# What is told, and where.
works bryo build -t image --iidfile id --iidfile-raw raw --metadata-file meta --logfile log context
assert_equal "$errors$output" "" "what is printed beside the log"
assert_contains "$(cat log)" "named image"
assert_equal "sha256:$(cat raw)" "$(cat id)"
assert_equal "$(jq -r '."containerimage.config.digest"' meta)" "$(cat id)"
assert_equal "$(jq -r '."image.name"' meta)" docker.io/library/image:latest
works bryo save -o archive image
assert_equal "$(tar -xOf archive index.json | jq -r '.manifests[0] | "\(.digest) \(.size) \(.mediaType)"')" \
        "$(jq -r '."containerimage.descriptor" | "\(.digest) \(.size) \(.mediaType)"' meta)" "the descriptor"
assert_matches "$(jq -r '."buildx.build.ref"' meta)" '^bryo/bryo/[a-z0-9]{25}$'
works bryo build --progress=quiet context
assert_lacks "$errors" CACHED
BUILDKIT_PROGRESS=quiet works bryo build context
assert_lacks "$errors" CACHED
works bryo build --progress=tty context
assert_contains "$errors" "--progress=tty needs a terminal: the progress is plain"
works bryo build -t image --progress=quiet context
assert_equal "$output" "$(image_id image)" "what --progress=quiet prints"
works bryo build --progress=none context
assert_equal "$output$(grep -v '^image\|^named' <<< "$errors")" "" "what --progress=none prints beside the result"

# Stages at a time.
works bryo build --jobs 1 context
works bryo build --jobs=0 context
assert_fails 2 "--jobs -1" bryo build --jobs=-1 context

# Platforms: this machine's only.
works bryo build --platform "linux/$(image_config image .Architecture | tr -d '"')" context
works bryo build --platform local --os linux context
assert_fails 1 "not for linux/s390x" bryo build --arch s390x --pull=never context
assert_fails 1 "not for linux/arm/v9" bryo build --arch arm --variant v9 --pull=never context
assert_fails 2 "--platform a/b/c/d" bryo build --platform a/b/c/d context

# I3.2 An ignore file from elsewhere.
plant_file context/seen 1
plant_file context/hidden 1
echo hidden > ignore
printf 'FROM busybox\nCOPY . /c\n' > copy
works bryo build -t image -f copy --ignorefile ignore context
assert_equal "$(image_run image ls /c)" $'Dockerfile\nseen'
assert_fails 1 "cannot read the ignore file nowhere" bryo build --ignorefile nowhere context
works bryo build --pull=never context
assert_equal "$(grep -c pull <<< "$errors")" 0
assert_fails 2 "--pull=perhaps" bryo build --pull=perhaps context
