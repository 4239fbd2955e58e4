#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
#
# Every fsync, rename and close of the store fails once: the command fails with a sentence or does without, nothing half is
# under a final name, and the next build gives the same image.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/calls.bash"

copy fresh
works bryo build -q -t image context
id=$output
total=0
failures=0
for kind in fsync rename close; do
        copy fresh
        calls=$(count "$kind" bryo build -q -t image context)
        assert_less 2 "$calls" "the $kind calls of a build"
        for ((at = 1; at <= calls; at++)); do
                copy fresh
                capture with_call "$kind" "$at" '' bryo build -q -t image context
                case $status in
                0) assert_equal "$(image_id image)" "$id" "the image in spite of $kind $at" ;;
                1)
                        failures=$((failures + 1))
                        assert_contains "$errors" "Input/output error"
                        # a tag that was renamed, but whose directory could not be synced, is there until a power cut
                        ! bryo image ls | grep -q '^image ' || assert_equal "$(image_id image)" "$id" "the tag after $kind $at"
                        ;;
                *) fail "exit status $status after $kind $at" errors "$errors" ;;
                esac
                assert_whole "$kind $at"
                works bryo build -q -t image context
                assert_equal "$output" "$id" "the image after $kind $at"
                total=$((total + 1))
        done
done
assert_less 20 "$total" "the number of faults"
assert_less 10 "$failures" "the number of builds that failed"
