#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The options of build and the ways to be wrong about them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
dockerfile << 'END'
FROM busybox
ARG K=default
RUN echo "$K" > /k
END
works bryo build -q -t image context
assert_equal "$output" "$(image_id image)" "what -q prints"
assert_equal "$errors" "" "the errors of -q"
works bryo build --iidfile iid context
assert_equal "$(cat iid)" "$(image_id image)"
works bryo image build -t alias --build-arg K=v --build-arg=X=y --label=a=b context
assert_equal "$(image_run alias cat /k)" v
works bryo build --tag=one:1 --tag two --file context/Dockerfile --progress plain --build-arg K context
assert_equal "$(image_id one:1)" "$(image_id two)"
cp context/Dockerfile other.dockerfile
works bryo build -f other.dockerfile -t other context
works bryo build -f - -t piped context < other.dockerfile
assert_equal "$(image_id other)" "$(image_id piped)"
# P14.3: the context is still there.
works bryo build -f - -t piped context <<< $'FROM busybox\nCOPY Dockerfile /copied'
assert_equal "$(image_run piped cat /copied)" "$(cat context/Dockerfile)"
# P14.1 P14.2: the last one that is made goes before those that are there.
rm context/Dockerfile
assert_fails 1 "Dockerfile" bryo build context
for name in Containerfile dockerfile Dockerfile; do
        printf 'FROM busybox\nRUN echo %s > /k\n' "$name" > "context/$name"
        works bryo build -t found context
        assert_equal "$(image_run found cat /k)" "$name" "the file that was read"
done
(cd context && works bryo build -t dot .)

# A failed build leaves no id file.
printf 'FROM busybox\nRUN false\n' | dockerfile
assert_fails 1 "Dockerfile:2" bryo build --iidfile none context
[ ! -e none ] || fail "a failed build wrote its id file"

# Wrong usage: status 2, the culprit named.
usage() {
        assert_fails 2 "$@"
}
usage --no-such-option bryo build --no-such-option context
usage no-such-verb bryo no-such-verb
usage context bryo build
usage extra bryo build context extra
usage --tag bryo build --tag
usage --target bryo build context --target
usage yes bryo build --no-cache=yes context
usage image bryo run
usage nonsense bryo build --progress=nonsense context
assert_fails 1 "BAD" bryo build -t BAD context

# What the parts log is for those who ask.
works bryo build --no-cache -f - context <<< $'FROM busybox\nRUN true'
case $errors in *'FUSE server:'*) fail "debugging lines without --debug" ;; esac
works bryo --debug build --no-cache -f - context <<< $'FROM busybox\nRUN true'
assert_matches "$errors" 'FUSE server: [0-9]+ requests'

works bryo --version
assert_matches "$output" '^bryo [0-9]+\.[0-9]+'
works bryo --help
for verb in build run image tag import load save prune history inspect; do
        assert_contains "$output" "$verb"
done
works bryo build --help
for option in --output --jobs --tag --file --target --build-arg --label --no-cache --progress --quiet --iidfile; do
        assert_contains "$output" "$option"
done
# Output that nobody reads is a failure, not a success.
assert_fails 1 "standard output" sh -c 'bryo image ls > /dev/full'
