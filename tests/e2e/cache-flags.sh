#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The flags about caches: what is refused, what only warns, and how old a step may be.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf 'FROM busybox\nRUN true\nRUN echo 1 > /1\n' | dockerfile

for words in "--cache-to type=local" "--cache-from type=local" "--cache-from type=registry" "--cache-to type=registry" \
        "--cache-to type=other" "--cache-to type=local,dest=x,mode=some" "--cache-to type=local,dest=x,what=y" \
        "--cache-to type=local,dest=x,src=y" "--cache-from type=local,src=x,mode=max" "--cache-from type=local,src=x,digest=md5:1" \
        "--cache-to type=local,x" "--cache-to type=local,dest=x,ignore-error=maybe" "--cache-to ref=localhost/x,registry.insecure=maybe" "--cache-ttl x" "--cache-ttl -1h"; do
        # shellcheck disable=SC2086
        assert_fails 2 "${words%% *}" bryo build $words context
done
build --cache-to type=gha,mode=max,scope=x --cache-from type=s3,bucket=b --cache-from type=gha
assert_contains "$said" "--cache-to type=gha,mode=max,scope=x is ignored"
printf 'FROM busybox\nRUN echo 3 > /3\n' | dockerfile # the store's own cache is asked first
build --cache-from type=local,src=nowhere
assert_contains "$said" "--cache-from nowhere is not used"
printf 'FROM busybox\nRUN echo 2 > /2\n' | dockerfile
build_fails "--cache-from nowhere" --cache-from type=local,src=nowhere,ignore-error=false
: > file
build --cache-to type=local,dest=file/x
assert_contains "$said" "--cache-to file/x: cannot"
assert_fails 1 "--cache-to file/x" bryo build -t image --cache-to type=local,dest=file/x,ignore-error=false context

# --- --cache-ttl ------------------------------------------------------------------

hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}
build
build --cache-ttl 1h
assert_equal "$(hits)" 1
build --cache-ttl 0
assert_equal "$(hits)" 0 "hits with no age at all"
for record in "$XDG_DATA_HOME"/bryo/steps/*; do
        sed -i 's/^made .*/made 1000000000/' "$record"
done
build --cache-to type=local,dest=old
assert_equal "$(hits)" 1
build --cache-ttl 1h --cache-from type=local,src=old
assert_equal "$(hits)" 0 "hits of old steps"
build --cache-ttl 1h
assert_equal "$(hits)" 1 "hits of steps that were executed again"
