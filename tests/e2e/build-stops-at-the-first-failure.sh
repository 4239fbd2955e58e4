#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A step that fails stops the other stages at once; the error is its own, and what had finished is in the cache.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS slow
RUN cat /proc/sys/kernel/random/uuid > /id
RUN sleep 4352
FROM busybox AS other
RUN trap '' TERM INT; sleep 4353
FROM busybox AS failing
RUN sleep 0.4; echo this one; exit 7
FROM busybox
COPY --from=slow /id /slow
COPY --from=other /id /other
COPY --from=failing /id /failing
END
start=$(date +%s%N)
for round in 1 2 3; do
        build_fails "Dockerfile:7"
        assert_contains "$errors" "this one"
        assert_lacks "$errors" "error: Dockerfile:3"
        assert_lacks "$errors" "error: Dockerfile:5"
        assert_gone 'sleep 435'
done
[ -n "$BRYO_SANITIZED" ] || # a build with sanitizers takes its time
        assert_less "$((($(date +%s%N) - start) / 1000000))" 6000 "milliseconds of $round builds that fail after half a second"
assert_contains "$said" CACHED

# One stage at a time goes in the order of the file.
dockerfile << 'END'
FROM busybox AS one
RUN sleep 0.1; echo 1 > /1
FROM busybox AS two
RUN echo 2 > /2
FROM busybox
COPY --from=two /2 /
COPY --from=one /1 /
END
build --jobs 1
assert_equal "$(grep -oE '\[(one|two|stage-2) [0-9]/[0-9]\] [A-Z]+' <<< "$said" | awk '{ print $1 }' | uniq | tr -d '[\n')" "onetwostage-2" \
        "the order of the stages with --jobs 1"
