#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 200
#
# 16 builds at once of 4 Dockerfiles on one store, with a pruner beside them: all succeed, equal files give equal images,
# nothing is lost and nothing left. $ROUNDS says how often (2).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
export SOURCE_DATE_EPOCH=1700000000
plant_file context/f text
for i in 1 2 3 4; do
        dockerfile "file$i" << END
FROM busybox AS one
COPY f /f
RUN for n in \$(seq 20); do echo $((i % 2)) \$n > /f\$n; done; echo $i > /which
FROM busybox AS two
RUN --mount=type=cache,target=/c,sharing=locked echo $i >> /c/all; echo $i > /two
FROM busybox
COPY --from=one /f* /which /
COPY --from=two /two /
RUN cat /f1 /f2 > /both
END
done
pruner() {
        while [ ! -e stop ]; do
                bryo prune --all > prune-log 2>&1 || touch prune-failed
                sleep 0.05
        done
}
rounds=${ROUNDS:-2}
for ((round = 1; round <= rounds; round++)); do
        rm -f stop
        pruner &
        pruning=$!
        builds=()
        for n in $(seq 16); do
                bryo build --progress=plain -f "context/file$((n % 4 + 1))" -t "image$n" context > "log$n" 2>&1 &
                builds+=($!)
        done
        failed=''
        for job in "${builds[@]}"; do
                wait "$job" || failed+=" $job"
        done
        touch stop
        wait "$pruning"
        [ -z "$failed" ] || fail "builds failed in round $round:$failed" logs "$(cat log*)"
        [ ! -e prune-failed ] || fail "the pruner failed" log "$(cat prune-log)"
        for n in $(seq 16); do
                assert_equal "$(image_id "image$n")" "$(image_id "image$(((n - 1) % 4 + 1))")" "image $n of round $round"
                [ "$round" -eq 1 ] || assert_equal "$(image_id "image$n")" "$(cat "id$n")" "image $n in round $round"
                image_id "image$n" > "id$n"
        done
        assert_equal "$(image_run image5 cat /both /two)" "$(printf '0 1\n0 2\n2')"
done
works bryo prune
assert_equal "$(find "$XDG_DATA_HOME/bryo/tmp" -mindepth 1)" "" "scratch and locks"
for n in $(seq 16); do
        works bryo image rm "image$n"
done
works bryo image rm busybox
works bryo prune --all
assert_less "$(du -sk "$XDG_DATA_HOME/bryo" | cut -f 1)" 400 "kilobytes of an empty store"
