#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --cache-to and --cache-from type=local: a fresh store with only the exported cache executes nothing, and brings only the
# layers that it needs.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
# fresh NAME: a store of its own with the base in it.
fresh() {
        export BRYO_ROOT=$PWD/store-$1
        SOURCE_DATE_EPOCH=1 base busybox
}
hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}
# from_cache [OPTION]...: builds with the cache in the directory `cache`.
from_cache() {
        build --cache-from type=local,src=cache "$@"
}

fresh one
plant_file context/src/f text
dockerfile << 'END'
FROM busybox AS build
WORKDIR /src
COPY src .
RUN dd if=/dev/urandom of=big bs=64k count=100 2> /dev/null; cat f f > out; cat /proc/sys/kernel/random/uuid > /id
FROM busybox AS empty
RUN true
FROM build AS further
RUN echo more > /more
FROM busybox
COPY --from=empty /bin/true /
COPY --from=build /src/out /id /
COPY --from=further /more /
RUN cat /out /out > /twice
END
build --cache-to type=local,dest=cache,mode=max
id=$(image_id image)
assert_contains "$said" "writing the cache in cache"
assert_equal "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' cache/index.json)" latest
manifest=cache/blobs/sha256/$(jq -r '.manifests[0].digest' cache/index.json | cut -d: -f2)
assert_equal "$(jq -r '.config.mediaType' "$manifest")" application/vnd.bryo.cache.config.v1+json
assert_less "$(jq '.layers | length' "$manifest")" 10 "the number of layers"

# --- a fresh store ------------------------------------------------------------

fresh two
from_cache
assert_equal "$(hits)" 9 "the number of steps that were found"
assert_equal "$(image_id image)" "$id" "the image"
assert_equal "$(image_run image cat /twice)" $'text\ntext\ntext\ntext'
assert_less "$(du -sk store-two | cut -f 1)" "$(($(du -sk store-one | cut -f 1) - 4000))" \
        "kilobytes of a store without the 6 MB layer that nobody needs"

# What came is the store's own now, and the other layers are not even looked at.
cp -r cache partial
for digest in $(jq -r '.layers[].digest' "$manifest"); do
        rm "partial/blobs/sha256/${digest#sha256:}"
done
build --cache-from type=local,src=partial
assert_equal "$(hits)" 9 "the number of steps that were found without their layers"
assert_equal "$(image_id image)" "$id" "the image from layers that came before"

# --- something is executed on a layer from outside -------------------------------

fresh three
sed -i 's/^FROM busybox AS empty/RUN sha256sum \/src\/big > \/sum\n&/; s/^COPY --from=further.*/&\nCOPY --from=build \/sum \//' context/Dockerfile
from_cache
assert_equal "$(image_run image cat /id)" "$(BRYO_ROOT=$PWD/store-one image_run image cat /id)"
assert_contains "$(image_run image cat /sum)" /src/big
works bryo prune
build --no-cache-filter 3
assert_contains "$(image_run image cat /sum)" /src/big
works bryo prune --all
assert_equal "$(image_run image cat /twice)" $'text\ntext\ntext\ntext'

# --- mode=min: the steps of the image only ----------------------------------------

fresh four
dockerfile << 'END'
FROM busybox AS build
RUN echo same > /out; cat /proc/sys/kernel/random/uuid > /id
FROM busybox
COPY --from=build /out /
RUN cat /proc/sys/kernel/random/uuid > /id
END
build --cache-to type=local,dest=min,mode=min
kept=$(image_run image cat /id)
fresh five
build --cache-from type=local,src=min
assert_equal "$(hits)" 2 "steps found"
assert_equal "$(image_run image cat /id)" "$kept" "the step behind a copy of the same content"

# --- several caches, tags ------------------------------------------------------------

fresh six
build --cache-to type=local,dest=both,tag=a,compression=none --cache-to type=local,dest=second,mode=max
printf 'FROM busybox\nRUN cat /proc/sys/kernel/random/uuid > /other\n' | dockerfile
build --cache-to type=local,dest=both,tag=b,compression=none
other=$(image_run image cat /other)
assert_equal "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' both/index.json | sort | paste -sd' ')" "a b"
fresh seven
build --cache-from type=local,src=both,tag=a --cache-from type=local,src=both,tag=b
assert_equal "$(image_run image cat /other)" "$other"

# --- writing again: what is not needed any more goes, what is there stays as it is -----

before=$(find both/blobs -type f -size +2 -printf '%f %i\n' | sort)
build --cache-to type=local,dest=both,tag=b,compression=none
assert_equal "$(find both/blobs -type f -size +2 -printf '%f %i\n' | sort | grep -cFf - <(printf '%s\n' "$before"))" \
        "$(wc -l <<< "$before")" "layers that stayed as they were"
printf 'FROM busybox\nRUN echo new > /new\n' | dockerfile
build --cache-to type=local,dest=both,tag=a,compression=none --cache-to type=local,dest=both,tag=b,compression=none
assert_equal "$(find both/blobs -type f | wc -l)" 3 "blobs of one cache under two tags: manifest, config, layer"
assert_equal "$(find both -name '.new*')" ""
