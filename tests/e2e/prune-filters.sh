#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# prune --filter until= and --keep-storage, and the upkeep after a build: what was used least recently goes first, tags
# keep what they need, and a cached build notes that a step was used, once a day.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

store=$XDG_DATA_HOME/bryo
base busybox

# Three steps of 4 MB that need nothing of each other.
make() {
        printf 'FROM busybox\nARG N=%s\nRUN dd if=/dev/urandom of=/%s bs=1M count=4\n' "$1" "$1" > context/Dockerfile
        build -t "$1"
        bryo image rm "$1" > /dev/null
        cp context/Dockerfile "context/$1"
}

# cached NAME: whether the step is still there; a build without a tag, whose image goes at once
cached() {
        works bryo build --progress=plain -f "context/$1" context
        grep -q '^#2 CACHED' <<< "$errors"
}

# used NAME AGO: the step's record was last used then
used() {
        touch -d "$2" "$store/steps/$(grep -l "of=/$1 " "$store"/steps/* | xargs -r -n 1 basename)"
}

kilobytes() {
        du -sk "$store" | cut -f 1
}

mkdir -p context
for name in one two three; do
        make "$name"
done
used one '9 days ago'
used two '5 days ago'

# A date, a time, how long ago; what was used since stays.
works bryo prune --filter until=240h
cached one || fail "a step that was used was forgotten"
used one '9 days ago'
works bryo prune --filter until="$(date -d '8 days ago' +%Y-%m-%d)"
assert_contains "$output" "Removed cached steps: 1"
for name in two three; do
        cached "$name" || fail "the step $name was forgotten"
done
works bryo system prune --all --filter until="$(date -d '6 days ago' +%s)" --force
cached two || fail "a step that was used was forgotten"
used two '5 days ago'
works bryo prune --all --filter until="$(date -u -d '4 days ago' +%Y-%m-%dT%H:%M:%SZ)"
if cached two; then fail "a step of five days ago is there"; fi
cached three || fail "a step of today was forgotten"
assert_fails 2 "--filter until=whenever" bryo prune --filter until=whenever
assert_fails 2 "there is until=TIME only" bryo prune --filter label=x

# A hit is a use, noted in the record once a day: within a day nothing is written.
record=$store/steps/$(grep -l "of=/three " "$store"/steps/* | xargs -n 1 basename)
touch -d '3 days ago' "$record"
cached three
assert_equal "$(find "$record" -mmin -5)" "$record" "the record of a step that was used again"
touch -d '23 hours ago' "$record"
before=$(stat -c %y "$record")
cached three
assert_equal "$(stat -c %y "$record")" "$before" "the time of a record that was used on the same day"

# --keep-storage: the least recently used go, and no more than needed.
make one
make two
used one '2 hours ago'
used three '1 hour ago'
works bryo prune --keep-storage 100m
assert_lacks "$output" "cached steps"
works bryo prune --keep-storage 11m
assert_contains "$output" "Removed cached steps: 1"
assert_less "$(kilobytes)" 11500 "kilobytes"
cached three || fail "the step three was forgotten"
cached two || fail "the step two was forgotten"
works bryo prune --max-used-space 1k
assert_contains "$output" "Removed cached steps: 2"
assert_fails 2 "--keep-storage much" bryo prune --keep-storage much

# What a tag needs stays, however much it is.
make one
build -f context/one -t kept
works bryo prune --keep-storage 1k
assert_equal "$(image_run kept stat -c %s /one)" 4194304

# Upkeep: at the end of a build that executed something; images stay, also without a name.
make two
used two '2 hours ago'
printf 'FROM busybox\nRUN echo new > /new\n' > context/Dockerfile
BRYO_KEEP_STORAGE=9m works bryo build --progress=plain --iidfile id context
assert_contains "$errors" 'the store was over $BRYO_KEEP_STORAGE: '
assert_less "$(kilobytes)" 9500 "kilobytes"
assert_equal "$(image_run "$(cat id)" cat /new)" new
if grep -q "of=/two " "$store"/steps/*; then fail "the step two is there"; fi
BRYO_KEEP_STORAGE=1k works bryo build --progress=plain context
assert_lacks "$errors" KEEP_STORAGE
BRYO_KEEP_STORAGE=1k build --no-cache -t mine
assert_equal "$(image_run mine cat /new)$(image_run kept stat -c %s /one)" new4194304
BRYO_KEEP_STORAGE=much assert_fails 2 "BRYO_KEEP_STORAGE=much" bryo build context

# Not while somebody uses the store.
printf 'FROM busybox\nRUN sleep 4891\n' > context/slow
background log bryo build --progress=plain -f context/slow context
await '#2 ' log
BRYO_KEEP_STORAGE=1k build --no-cache
assert_lacks "$said" "KEEP_STORAGE"
kill "$pid"
ended
