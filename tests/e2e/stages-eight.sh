#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Eight stages at a time that do everything there is at once: commands with output, copies of the context and of stages, shared
# cache mounts, the same step in several stages. With ThreadSanitizer this is where its eyes are.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
for i in $(seq 30); do
        plant_file "context/d/f$i" "text $i"
done
{
        for i in 1 2 3 4 5 6 7 8; do
                cat << END
FROM busybox AS s$i
COPY d /d
RUN --mount=type=cache,target=/c --mount=type=bind,target=/m \
    cat /m/d/f$i >> /c/all; for n in \$(seq 20); do echo out $i \$n; echo $i > /f\$n; done
RUN echo the same everywhere > /same
RUN --mount=type=cache,id=locked,target=/c,sharing=locked echo $i > /own
WORKDIR /w$i
END
        done
        echo 'FROM busybox'
        for i in 1 2 3 4 5 6 7 8; do
                echo "COPY --from=s$i /own /own$i"
                echo "COPY --from=s$i /d /d$i"
        done
} | dockerfile
build --jobs 8 --cache-to type=local,dest=cache,mode=max,cache-mounts=true
assert_equal "$(image_run image sh -c 'cat /own* | wc -l')" 8
build --jobs 8
assert_equal "$(grep -c '^#[0-9]* CACHED' <<< "$said")" 56
build --jobs 8 --no-cache --cache-to type=local,dest=cache,mode=max
works bryo prune --all
works bryo image rm image
works bryo prune --all
build --jobs 8 --cache-from type=local,src=cache,cache-mounts=true
assert_equal "$(image_run image sh -c 'cat /own* | wc -l')" 8

# a failure among eight
sed -i 's/^RUN echo the same everywhere.*/&; sleep 0.1; [ "$(cat \/f1)" != 5 ]/' context/Dockerfile
build_fails "Dockerfile:" --jobs 8
