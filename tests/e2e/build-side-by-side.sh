#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds that share a store at the same time: all succeed, and the same input gives images that agree.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
export SOURCE_DATE_EPOCH=1700000000
dockerfile << 'END'
FROM busybox AS one
ARG N
RUN for i in $(seq 50); do echo $i > /f$i; done; sleep 0.2
FROM busybox
COPY --from=one /f1 /f2 /f3 /
COPY Dockerfile /
RUN cat /f1 /f2 > /both
END
for i in 1 2 3 4 5 6; do
        bryo build --progress=plain -t "same$i" context > "log$i" 2>&1 &
        bryo build --progress=plain -t "other$i" --build-arg "N=$i" --no-cache context > "log-other$i" 2>&1 &
done
bryo prune > log-prune 2>&1 &
failed=0
for job in $(jobs -p); do
        wait "$job" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || fail "$failed of the commands failed" logs "$(cat log*)"
for i in 1 2 3 4 5 6; do
        assert_equal "$(image_run "same$i" cat /both)" $'1\n2'
        assert_equal "$(image_run "other$i" cat /both)" $'1\n2'
        assert_equal "$(image_config "same$i" '(.RootFS // .rootfs)')" "$(image_config same1 '(.RootFS // .rootfs)')"
done
