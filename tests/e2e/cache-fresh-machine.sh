#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A fresh machine with only a registry: nothing is executed, and neither the layers of an intermediate stage nor those of its
# base are downloaded; they come when something is executed on them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

unset BRYO_PULL
fresh() {
        export BRYO_ROOT=$PWD/store-$1
        registry_asked site > /dev/null
}
hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}
# blobs REPOSITORY: the blobs of it that were fetched.
blobs() {
        grep -c "^GET /v2/$1/blobs/" asked || true
}
registry site
export BRYO_ROOT=$PWD/store-made
base busybox
printf 'FROM busybox\nRUN head -c 3000000 /dev/urandom > /tools\n' | dockerfile
build -t tools
works bryo push -q tools "$registry/tools"
works bryo push -q busybox "$registry/busybox"

dockerfile << END
FROM $registry/tools AS build
WORKDIR /src
RUN head -c 2000000 /dev/urandom > /big; sha256sum /tools > /out; cat /proc/sys/kernel/random/uuid > /id
FROM $registry/busybox
COPY --from=build /out /id /
RUN cat /out /id > /both
END
fresh one
build --cache-to "type=registry,ref=$registry/cache,mode=max"
id=$(image_id image)

fresh two
build --cache-from "type=registry,ref=$registry/cache"
registry_asked site > asked
assert_equal "$(hits)" 4 "the steps that were found"
assert_equal "$(image_id image)" "$id"
assert_equal "$(blobs tools)" 1 "of the intermediate stage's base: its config"
assert_equal "$(blobs busybox)" 2 "of the image's own base: config and layer"
assert_equal "$(blobs cache)" 3 "of the cache: the list and the image's two layers"
assert_less "$(du -sk store-two | cut -f 1)" 3800 "kilobytes of a store without the big layers"
assert_contains "$(image_run image cat /both)" /tools

# --squash needs all that is in the image, and gets it
fresh three
build --cache-from "type=registry,ref=$registry/cache" --squash
assert_contains "$(image_run image cat /both)" /tools

# something is executed on what was not there
sed -i 's/^FROM.*busybox/RUN sha256sum \/tools \/big > \/sums\n&/; $ a COPY --from=build /sums /' context/Dockerfile
fresh four
build --cache-from "type=registry,ref=$registry/cache"
registry_asked site > asked
assert_equal "$(blobs tools)" 3 "of the base of the stage in which a command ran: config and two layers"
assert_equal "$(image_run image sh -c 'wc -l < /sums')" 2
assert_contains "$(image_run image cat /sums)" "$(image_run image sed 's/ .*//' /out)"
build --cache-from "type=registry,ref=$registry/cache"
assert_equal "$(hits)" 6 "the steps that were found the second time"

# a base that is gone meanwhile is an error about the base, when it is needed
fresh five
sed -i 's/^RUN sha256sum/RUN true; sha256sum/' context/Dockerfile
rm -r site/data/docker/registry/v2/repositories/tools/_layers
build_fails "$registry/tools" --cache-from "type=registry,ref=$registry/cache"
