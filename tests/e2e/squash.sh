#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LAYER.11: --squash: one layer with what several made, nothing of what they deleted, and the very same files.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq umoci
base busybox
dockerfile base << 'END'
FROM busybox
RUN mkdir -p /d/sub /swap /keep /link && echo base > /d/old && echo base > /d/sub/x && echo base > /swap/in && touch /gone /keep/a && \
    echo one > /link/a && ln /link/a /link/b
END
bryo build -q -t base -f context/base context > /dev/null
dockerfile << 'END'
FROM base
RUN rm -r /d && rm /gone && dd if=/dev/zero of=/secret bs=1k count=100 2> /dev/null && echo file > /was-file
RUN mkdir /d && echo new > /d/new && rm /secret && chmod 1777 /keep && mkdir /gone && touch /gone/is-a-directory
RUN rm -r /swap && ln -s /keep /swap && rm /was-file && mkdir /was-file && touch /was-file/in
RUN rm /swap && mkdir /swap && touch /swap/other && ln /link/a /link/c && echo more >> /keep/a && cp /bin/busybox /keep/with-caps
COPY Dockerfile /d/sub/y
RUN rm -r /d/sub && mkdir -p /d/sub && echo two > /d/sub/z && touch -d @12345 /d/sub/z && chown 7:8 /d/sub/z
ENV A=b
END

listing() {
        # shellcheck disable=SC2016
        image_run "$1" sh -c 'cd / && find d gone swap keep was-file link secret 2> /dev/null | sort > /tmp/list; xargs stat -c "%n %A %u %g %s %h" < /tmp/list
                find d gone keep link -type f | sort | xargs md5sum; [ ! -e d/sub/z ] || stat -c %Y d/sub/z'
}

build -t layered
build -t squashed --squash
assert_equal "$(listing squashed)" "$(listing layered)" "the files of the squashed image"
assert_contains "$(listing squashed)" "link/a -rw-r--r-- 0 0 4 3"
assert_contains "$(listing squashed)" "d/sub/z -rw-r--r-- 7 8"
assert_equal "$(image_config squashed '(.RootFS // .rootfs) | (.Layers // .diff_ids) | length')" 3 "the layers"
assert_equal "$(image_config squashed '(.RootFS // .rootfs) | (.Layers // .diff_ids) | .[0:2]')" \
        "$(image_config base '(.RootFS // .rootfs) | (.Layers // .diff_ids)')" "the layers of the base"

# What was deleted on the way is nowhere, and what the base has is deleted in the layer.
image_layers squashed layers > list
tar -tf "$(tail -n 1 list)" > names
for name in secret d/sub/y swap/in; do
        ! grep -qx "$name" names || fail "$name is in the layer, though it was deleted" names "$(cat names)"
done
for name in d/.wh..wh..opq .wh.gone swap/.wh..wh..opq; do
        grep -qx "$name" names || grep -qx "$(dirname "$name")/.wh.$(basename "$name")" names || [ "$name" = .wh.gone ] ||
                fail "$name is not in the layer" names "$(cat names)"
done

# The history keeps what was done; as many entries have layers as there are layers.
image_config squashed .Id > /dev/null
config=layers/blobs/sha256/$(jq -r '.config.digest | sub("sha256:"; "")' "layers/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' layers/index.json)")
assert_equal "$(jq '[.history[] | select(.empty_layer | not)] | length' "$config")" 3
assert_equal "$(jq -r '.history[-1].comment' "$config")" "6 layers squashed into one"
assert_equal "$(jq '[.history[] | select((.created_by // "") | startswith("RUN"))] | length' "$config")" 6

# A peer unpacks the same tree.
works bryo save -o image.tar squashed
mkdir layout
tar -C layout -xf image.tar
# shellcheck disable=SC2016
works in_userns sh -c 'umoci unpack --image layout:latest bundle && cd bundle/rootfs && find d gone swap keep was-file link | sort > ../../peer && stat -c %a keep >> ../../peer; cd ../..; chmod -R u+rwX bundle; rm -rf bundle'
assert_equal "$(cat peer)" "$(image_run layered sh -c 'cd / && find d gone swap keep was-file link | sort; stat -c %a keep')"

# Again: the same image, with nothing executed. A squashed image is a base like any other; it survives prune.
before=$(image_id squashed)
build -t squashed --squash
assert_equal "$(image_id squashed)" "$before" "the image ID of a cached squash"
bryo image rm layered > /dev/null
works bryo prune --all
assert_contains "$(listing squashed)" "d/new"
printf 'FROM squashed\nRUN cat /d/new > /copy\n' | dockerfile
build
assert_equal "$(image_run image cat /copy)" new

# The base, too.
dockerfile << 'END'
FROM base
RUN rm -r /d/sub /link/b && echo x > /d/x
END
build -t layered
build -t all --squash-all
assert_equal "$(image_config all '(.RootFS // .rootfs) | (.Layers // .diff_ids) | length')" 1
assert_equal "$(listing all)" "$(listing layered)"
image_layers all layers > list
assert_equal "$(tar -tf "$(cat list)" | grep -c '\.wh\.' || true)" 0 "whiteouts in the only layer"
# One layer is what it is.
build -t one --squash
assert_equal "$(image_config one '(.RootFS // .rootfs) | (.Layers // .diff_ids)')" "$(image_config layered '(.RootFS // .rootfs) | (.Layers // .diff_ids)')"
