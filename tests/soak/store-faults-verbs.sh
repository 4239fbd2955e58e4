#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 3600
#
# What e2e/store-faults does for a build, for the other commands that write to the store: every fsync, rename, close and unlink
# fails once. The command works all the same or fails with a sentence, the store is whole, and the command then works.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/calls.bash"

tar=$(fixture busybox)
copy fresh
works bryo build -q -t image context
works bryo build -q --no-cache --build-arg X=1 -t image context
works bryo build -q -t one --target one context
works bryo save -o "$PWD/saved.tar" image
works bryo build -q -t image --cache-to "type=local,dest=$PWD/cache,mode=max" context
cp -a store used
total=0
refused=0

# An image that lost its name and could not be removed then is prune's.
named() {
        names_and_ids | grep -v '^<none>'
}

# faults STORE COMMAND...: on copies of that store.
faults() {
        local from=$1 kind at calls expected
        shift
        copy "$from"
        works "$@"
        expected=$(named)
        for kind in fsync rename close unlink; do
                copy "$from"
                calls=$(count "$kind" "$@")
                for ((at = 1; at <= calls; at++)); do
                        copy "$from"
                        capture with_call "$kind" "$at" '' "$@"
                        case $status in
                        0) ;;
                        1)
                                refused=$((refused + 1))
                                [[ $errors == *"Input/output error"* ]] || fail "the error does not say why: $kind $at of $*" errors "$errors"
                                ;;
                        *) fail "exit status $status after $kind $at of $*" errors "$errors" ;;
                        esac
                        assert_whole "$kind $at of $*"
                        works bryo system check
                        capture "$@"
                        # what is gone cannot be removed twice
                        [ "$status" -eq 0 ] || [[ $errors == *"no such image"* ]] || fail "it does not work after $kind $at: $*" errors "$errors"
                        assert_equal "$(named)" "$expected" "the images after $kind $at of $* and once more"
                        works bryo system check
                        total=$((total + 1))
                done
        done
        printf '# %s faults so far, %s refused: %s\n' "$total" "$refused" "$*"
}

faults fresh bryo import "$tar" other
faults fresh bryo load -q -i "$PWD/saved.tar"
faults used bryo tag image second
faults used bryo image rm image
faults used bryo prune
faults used bryo prune --all
faults used bryo build -q --no-cache --squash -t image context
faults used bryo build -q -t image --cache-to "type=local,dest=$PWD/cache,mode=max,cache-mounts=true,ignore-error=false" context
faults fresh bryo build -q -t image --cache-from "type=local,src=$PWD/cache" context
assert_less 100 "$total" "the number of faults"
assert_less 20 "$refused" "the number of commands that failed"
