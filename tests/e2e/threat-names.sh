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
# directories: those of the store, but for the areas that a first build may make.
directories() {
        find "$XDG_DATA_HOME/bryo" -type d -not -name digests -printf '%P\n' | LC_ALL=C sort
}
printf 'FROM busybox\nCOPY f /\n' | dockerfile
build
before=$(directories)
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
assert_equal "$(directories)" "$before" "the directories of the store"
assert_equal "$(find "$XDG_DATA_HOME/bryo" ! -type f ! -type d)" ""
