#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# WIRE.12: --creds goes to the registries that the command line speaks of, else to that of the first FROM; another one that asks for a
# credential learns nothing.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

unset BRYO_PULL
base busybox
registry store basic
own=$registry
registry elsewhere
fault stranger "$registry"
stranger=$proxy
creds=(--creds 'alice:open sesame' --retry 1 --retry-delay 1ms)
works bryo push "${creds[@]}" busybox "$own/base:1"
works bryo push busybox "$stranger/base:1"

# It asks everybody who they are.
rules stranger '* /v2/ status 401 WWW-Authenticate=Basic+realm="who"'
learnt() {
        grep -c Authorization= stranger/requests || true
}

# The first FROM gets it, the second does not.
printf 'FROM %s/base:1 AS one\nFROM %s/base:1\nCOPY --from=one /bin/busybox /again\n' "$own" "$stranger" | dockerfile
assert_fails 1 "$stranger" bryo --root one build "${creds[@]}" context
assert_contains "$errors" "$stranger is asked without the credential of --creds, which is for $own"
assert_less 0 "$(wc -l < stranger/requests)" "the requests to the second registry"
assert_equal "$(learnt)" 0 "the requests to the second registry with a credential"
printf 'FROM %s/base:1\n' "$stranger" | dockerfile
assert_fails 1 "$stranger" bryo --root two build "${creds[@]}" context
assert_less 0 "$(learnt)" "the requests to the first registry with a credential"
# No FROM, no registry: not the one of COPY --from either.
printf 'FROM scratch\nCOPY --from=%s/base:1 / /\n' "$stranger" | dockerfile
rules stranger '* /v2/ status 401 WWW-Authenticate=Basic+realm="who"'
assert_fails 1 "$stranger" bryo --root two build "${creds[@]}" context
assert_equal "$(learnt)" 0 "the requests of COPY --from with a credential"

# What is pushed goes before the Dockerfile; so does a cache.
printf 'FROM %s/base:1\n' "$stranger" | dockerfile
for flags in "--push -t $own/app:1" "--cache-from type=registry,ref=$own/cache"; do
        # shellcheck disable=SC2086
        assert_fails 1 "$stranger" bryo --root three build "${creds[@]}" $flags context
        assert_equal "$(learnt)" 0 "the requests to another registry with $flags"
done
printf 'FROM %s/base:1\nCOPY Dockerfile /\n' "$own" | dockerfile
works bryo --root three build "${creds[@]}" --push -t "$own/app:1" context

# A layer that is not here any more comes from where the image came from: without the credential of the destination.
rules stranger
works bryo --root four pull "$stranger/base:1"
rm -r four/blobs four/indexes
rules stranger '* /v2/ status 401 WWW-Authenticate=Basic+realm="who"'
capture bryo --root four push "${creds[@]}" "$stranger/base:1" "$own/copied:1"
assert_equal "$(learnt)" 0 "the requests of a push to the image's origin with a credential"
