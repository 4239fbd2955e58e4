#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Caches survive `bryo prune`, and go with --all or --caches; a damaged one begins anew.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
# count: builds with the cache; $said has the number of the use.
count() {
        printf 'FROM busybox\nRUN --mount=type=cache,target=/c echo %s >> /c/n; echo use $(wc -l < /c/n)\n' "$RANDOM$RANDOM" | dockerfile
        build
}

count
count
assert_contains "$said" "use 2"
works bryo prune
count
assert_contains "$said" "use 3"
works bryo prune --caches
assert_matches "$output" 'cache mounts: 1'
count
assert_contains "$said" "use 1"
works bryo prune --all
assert_equal "$(ls "$XDG_DATA_HOME/bryo/caches")" "" "caches after prune --all"
count
assert_contains "$said" "use 1"

# A record or an index that is damaged costs the cache, with a warning, not the build.
for record in "$XDG_DATA_HOME"/bryo/caches/*; do
        case $record in *.lock) ;; *) index=$(sed -n 's/^index //p' "$record") ;; esac
done
chmod u+w "$XDG_DATA_HOME/bryo/indexes/$index"
: > "$XDG_DATA_HOME/bryo/indexes/$index"
count
assert_contains "$said" "damaged"
assert_contains "$said" "use 1"
count
assert_contains "$said" "use 2"
