#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The config as BuildKit writes it: history beside layers, members that other builders drop, bases without history and of
# Docker's schema 2.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/layout.bash"

need jq
# config_of IMAGE: the config's JSON.
config_of() {
        local id
        id=$(image_id "$1")
        cat "$XDG_DATA_HOME/bryo/blobs/sha256/${id#sha256:}"
}

base busybox
dockerfile << 'END'
FROM busybox
ARG one=1
ARG two="a b"
ENV three=3
RUN echo $one > /x
WORKDIR /
WORKDIR /made/by/workdir
HEALTHCHECK --interval=5s --retries=2 CMD true
SHELL ["/bin/sh", "-e", "-c"]
ONBUILD RUN echo triggered > /triggered
ONBUILD ENV by=trigger
CMD echo shell form
END
build -t parent
config_of parent > config
# CONFIG.1
assert_equal "$(jq '[.history[] | select(.empty_layer | not)] | length' config)" "$(jq '.rootfs.diff_ids | length' config)" "history beside layers"
assert_equal "$(jq -r '.history[] | select(.created_by // "" | startswith("RUN")) | .created_by' config)" 'RUN |2 one=1 two=a b /bin/sh -c echo $one > /x # buildkit'
assert_equal "$(jq -r '[.history[] | select(.created_by // "" | startswith("ENV")) | .empty_layer] | tostring' config)" '[true]'
# CONFIG.2
assert_equal "$(jq -c '[.history[] | select(.created_by // "" | startswith("WORKDIR")) | .empty_layer // false]' config)" '[true,false]' "the layers of WORKDIR / and another"
assert_equal "$(jq '[.history[] | select(.created_by // "" | contains("ONBUILD"))] | length' config)" 0 "history of ONBUILD itself"
# CONFIG.3
assert_equal "$(jq -c '.config.Healthcheck' config)" '{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":2}'
assert_equal "$(jq -c '.config.OnBuild, .config.Shell, .config.ArgsEscaped' config)" '["RUN echo triggered > /triggered","ENV by=trigger"]
["/bin/sh","-e","-c"]
true'
printf 'FROM parent\nCMD ["exec","form"]\n' | dockerfile
build -t child
config_of child > config
assert_equal "$(jq -c '.config.OnBuild // []' config)" '[]'
assert_equal "$(jq '[.history[] | select(.empty_layer | not)] | length' config)" "$(jq '.rootfs.diff_ids | length' config)"
assert_equal "$(jq -r '.history[-3:][].created_by' config)" 'RUN /bin/sh -e -c echo triggered > /triggered # buildkit
ENV by=trigger
CMD ["exec" "form"]'

# CONFIG.4: layers without history; a manifest and config of Docker's types.
printf 'dir d\nfile d/f x\n' | layer plain.tar
gzip -nk plain.tar
layout layout plain.tar.gz
python3 -I -S - << 'END'
# The layout's manifest with Docker's types throughout.
import hashlib, json, os
index = json.load(open("layout/index.json"))
d = index["manifests"][0]
path = "layout/blobs/sha256/"
manifest = json.load(open(path + d["digest"][7:]))
manifest["mediaType"] = d["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
data = json.dumps(manifest).encode()
d["digest"], d["size"] = "sha256:" + hashlib.sha256(data).hexdigest(), len(data)
open(path + d["digest"][7:], "wb").write(data)
json.dump(index, open("layout/index.json", "w"))
END
works bryo load -i layout
printf 'FROM hand:1\nCOPY Dockerfile /\nLABEL a=b\n' | dockerfile
build
config_of image > config
assert_equal "$(jq '.rootfs.diff_ids | length' config)" 2
assert_equal "$(jq -c '[.history[] | .empty_layer // false]' config)" '[false,true]'
works bryo build -o type=oci,tar=false,dest=out context
manifest=out/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' out/index.json)
assert_equal "$(jq -r '.mediaType, .config.mediaType, .layers[].mediaType' "$manifest" | grep -vc 'vnd.oci' || true)" 0 "types of another family"
assert_equal "$(jq -r '.layers[0].digest' "$manifest")" "sha256:$(sha256sum < plain.tar.gz | cut -d' ' -f1)"
works bryo save -o same.tar hand:1
assert_equal "$(tar -xOf same.tar index.json | jq -r '.manifests[0].digest')" "$(jq -r '.manifests[0].digest' layout/index.json)"
