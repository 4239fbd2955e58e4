#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Names that could be paths (CVE-2026-33747, CVE-2014-9358): stages, tags, targets, images: refused, and the store holds
# nothing but what it knows.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"

base busybox
canary_plant
plant_file context/f x
long=$(printf 'x%.0s' {1..300})
for name in ../../x /x .. "$long" $'a\nb' '-x'; do
        printf 'FROM busybox AS %s\n' "$name" | dockerfile
        builds_or_refuses
        printf 'FROM %s\n' "$name" | dockerfile
        builds_or_refuses
        [ "$status" -eq 1 ] || fail "FROM $name works"
        printf 'FROM busybox\nCOPY --from=%s f /\n' "$name" | dockerfile
        builds_or_refuses
        [ "$status" -eq 1 ] || fail "COPY --from=$name works"
        printf 'FROM busybox\n' | dockerfile
        builds_or_refuses --target "$name"
        builds_or_refuses -t "$name"
        builds_or_refuses --iidfile "$PWD/iid" --label "$name=1"
done
assert_equal "$(ls -A "$XDG_DATA_HOME/bryo" | LC_ALL=C sort | tr '\n' ' ')" 'blobs data digests downloads format images indexes lock refs steps tmp '
assert_equal "$(find "$XDG_DATA_HOME/bryo" -mindepth 2 -type d | LC_ALL=C sort)" "$XDG_DATA_HOME/bryo/blobs/sha256"
assert_equal "$(find "$XDG_DATA_HOME/bryo" ! -type f ! -type d)" ""
