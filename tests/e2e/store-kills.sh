#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
#
# kill -9 at named points: before every fsync and unlink, and after every rename, of a build, and of a prune. The next command
# works, builds the same image, and nothing of the dead is left.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/calls.bash"

copy fresh
works bryo build -q -t image context
id=$output
for kind in fsync unlink rename; do
        copy fresh
        calls=$(count "$kind" bryo build -q -t image context)
        when=before
        [ "$kind" != rename ] || when=after
        for ((at = 1; at <= calls; at++)); do
                copy fresh
                capture with_call "$kind" "$at" "$when" bryo build -q -t image context
                assert_equal "$status" 137 "the status of a build killed $when $kind $at"
                assert_whole "a kill $when $kind $at"
                works bryo build -q -t image context
                assert_equal "$output" "$id" "the image after a kill $when $kind $at"
        done
done

# a store with a lot to remove
copy fresh
works bryo build -q -t image context
works bryo build -q --no-cache -t image context
works bryo image rm image
cp -a store used
calls=$(count unlink bryo prune --all)
assert_less 8 "$calls" "the unlink calls of a prune"
for ((at = 1; at <= calls; at++)); do
        copy used
        capture with_call unlink "$at" before bryo prune --all
        assert_equal "$status" 137 "the status of a prune killed before unlink $at"
        assert_whole "a prune killed before unlink $at"
        works bryo build -q -t image context
        assert_equal "$output" "$id" "the image after a prune killed before unlink $at"
done
works bryo image rm image
works bryo prune --all
assert_equal "$(find store/steps store/indexes store/data -type f | wc -l)" 1 "files of steps, indexes and data: the base's index"
