#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --build-context (X1.5 to X1.11): other things under the names that a Dockerfile uses.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need skopeo
base busybox
mkdir -p other/sub
printf 'named\n' > other/file
printf 'hidden\n' > other/ignored
printf 'ignored\n' > other/.dockerignore

# X1.5: a directory, for COPY --from and for FROM. X1.13, I2.2: its ignore file counts.
dockerfile << 'END'
FROM busybox AS base
COPY --from=files file /f
COPY --from=files . /all/
END
build --build-context files=other
assert_equal "$(image_run image sh -c 'cat /f; ls /all')" $'named\nfile\nsub'
build --build-context FILES=other
assert_contains "$said" CACHED
dockerfile <<< $'FROM files\nCOPY --from=busybox /bin/busybox /bin/sh'
build --build-context files=other
assert_equal "$(image_run image /bin/sh -c 'echo /f* /i* /s*')" "/file /i* /sub /sys"
build --build-context files=other
assert_equal "$(grep -c CACHED <<< "$said")" 2

# X1.6: an image of the store; X1.9: above an image of that name, however it is written.
dockerfile <<< $'FROM scratch\nCOPY Dockerfile /marker\nCOPY --from=busybox /bin/busybox /bin/sh\nENV FROM_IMAGE=yes'
build -t changed
dockerfile <<< $'FROM busybox\nCOPY Dockerfile /d'
for name in busybox busybox:latest docker.io/library/busybox; do
        build --build-context "$name=docker-image://changed"
        assert_equal "$(image_config image .Config.Env | tr -d '[]"')" "$(image_config changed .Config.Env | tr -d '[]"')" "$name"
        assert_contains "$(image_config image .Config.Env)" FROM_IMAGE
done

# X1.9: above a stage, whose instructions are then not carried out.
dockerfile << 'END'
FROM busybox AS tools
RUN false
FROM busybox
COPY --from=tools /file /f
END
build_fails false
build --build-context tools=other
assert_equal "$(image_run image cat /f)" named
build --build-context tools=other --target tools

# X1.10: the platform's own first.
arch=$(output_of bryo inspect busybox | sed -n 's/.*"Architecture": "\(.*\)".*/\1/p')
mkdir wrong
dockerfile <<< $'FROM busybox\nCOPY --from=files /file /f'
build --build-context files=wrong --build-context "files::linux/$arch=other"
build_fails '"/file" not found' --build-context "files::linux/other=other" --build-context files=wrong

# X1.7: an OCI layout, by tag and by digest.
works bryo save -o layout.tar changed
works skopeo copy -q oci-archive:layout.tar oci:layout:one
works bryo save -o layout.tar busybox
works skopeo copy -q oci-archive:layout.tar oci:layout:two
dockerfile <<< $'FROM base\nCOPY Dockerfile /d'
build --build-context base=oci-layout://layout:one
assert_contains "$(image_config image .Config.Env)" FROM_IMAGE
build --build-context "base=oci-layout://layout@$(jq -r '.manifests[1].digest' layout/index.json)"
assert_lacks "$(image_config image .Config.Env)" FROM_IMAGE
build_fails "its tags are one, two" --build-context base=oci-layout://layout:three
build_fails "it holds 2 images" --build-context base=oci-layout://layout

# X1.8: http and git.
serve web
tar -C other -cf web/files/other.tar .
dockerfile <<< $'FROM busybox\nCOPY --from=files ignored /f'
build --build-context "files=http://127.0.0.1:$port/file/other.tar"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
works git -c init.defaultBranch=main init -q other
works git -C other add -A
works git -C other commit -qm one
works git clone -q --bare other web/git/other.git
build --build-context "files=http://127.0.0.1:$port/git/other.git#main"
assert_equal "$(image_run image cat /f)" hidden

# X1.6 scratch is an image, too
dockerfile <<< $'FROM busybox\nCOPY Dockerfile /only'
build --build-context busybox=docker-image://scratch
assert_equal "$(for layer in $(image_layers image layers); do tar -tf "$layer"; done)" only

dockerfile <<< $'FROM busybox\nCOPY --from=files ignored /f'

# X1.11 and what is not there.
build_fails "target: names another target of a bake file" --build-context files=target:x
build_fails "--build-context nothing: write --build-context NAME=DIRECTORY" --build-context nothing
build_fails "--build-context files: cannot open the context ./missing" --build-context files=./missing
build_fails "the image changed:no is not in the store" --build-context files=docker-image://changed:no
# One that is not asked for is not opened.
dockerfile <<< 'FROM busybox'
build --build-context files=./missing
