#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 3600
#
# Random kills on one store: after each one the next command works; in the end a build gives the same image as in a store
# that nobody touched. $SOAK_KILLS says how many (200 without it); $RANDOM's seed is printed and can be given as $SOAK_SEED.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

kills=${SOAK_KILLS:-200}
seed=${SOAK_SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
hits=0
export SOURCE_DATE_EPOCH=1700000000

base busybox
tar=$(fixture busybox)
plant_file context/file x
dockerfile << 'END'
FROM busybox AS one
RUN for i in $(seq 300); do echo $i > /file$i; done; dd if=/dev/zero of=/big bs=64k count=50 2> /dev/null
FROM busybox AS two
COPY file /file
RUN ln /file /hard; rm -r /home
FROM busybox
COPY --from=one / /one
COPY --from=two / /two
RUN cat /one/file7 > /seven
END

# One of the commands that write to the store.
some_command() {
        case $((RANDOM % 8)) in
        0 | 1 | 2) bryo build --no-cache -t image context ;;
        3) bryo build -t image context ;;
        4) bryo import "$tar" "import$((RANDOM % 3))" ;;
        5) bryo prune ;;
        6) bryo prune --all ;;
        7) bryo save -o saved.tar busybox && bryo load -i saved.tar ;;
        esac
}

for ((i = 1; i <= kills; i++)); do
        (some_command) > log 2>&1 &
        pid=$!
        sleep "0.$(printf %03d $((RANDOM % 250)))"
        # The builder itself, if it still runs, and the shell around it.
        ! pkill -KILL -x bryo -P "$pid" || hits=$((hits + 1))
        kill -KILL "$pid" 2> /dev/null || true
        wait "$pid" 2> /dev/null || true
        capture bryo image ls
        [ "$status" -eq 0 ] || fail "seed $seed, kill $i: the listing fails" errors "$errors" log "$(cat log)"
        capture bryo run --rm busybox echo usable
        [ "$output" = usable ] || fail "seed $seed, kill $i: the base does not run" errors "$errors" log "$(cat log)"
        # nobody waits for the killed one, and on a busy machine it takes its time to be gone
        for ((tries = 100; tries > 0; tries--)); do
                left=$(find "$XDG_DATA_HOME/bryo/tmp" -mindepth 1)
                [ -n "$left" ] || break
                sleep 0.05
                works bryo image ls
        done
        [ -z "$left" ] || fail "seed $seed, kill $i: something of the dead is left" files "$left" log "$(cat log)"
        assert_gone '([^ ]*/)?bryo '
done
echo "seed $seed: $hits of $kills kills met a running bryo"
[ $((hits * 4)) -ge "$kills" ] || fail "too few kills met a running bryo to say anything"

build
assert_equal "$(image_run image cat /seven)" 7
works bryo import --root "$PWD/fresh" "$tar" busybox
works bryo build --root "$PWD/fresh" -t image context
works bryo save -o worn.tar image
works bryo save --root "$PWD/fresh" -o fresh.tar image
cmp worn.tar fresh.tar || fail "the worn store gives another image than a fresh one"
