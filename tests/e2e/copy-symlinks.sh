#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Symbolic links stay inside: of the context, of a stage, at the destination.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file "$HOME/secret" "of the host"
plant_file context/real/file inside
ln -s real/file context/link
ln -s "$HOME/secret" context/absolute
ln -s ../../../../../../../../../../../../etc/hostname context/dotted
ln -s real context/linked
ln -s nowhere context/real/dangling
dockerfile << 'END'
FROM busybox
RUN mkdir -p /real && ln -s /real /via && ln -s /etc/passwd /to-passwd
COPY link /followed
COPY linked /directory
COPY real /nested
COPY real/file /via/
COPY real/file /via/deeper/
COPY link /to-passwd
END
build
# C1.3 C1.5
assert_equal "$(image_run image cat /followed /directory/file /real/file /real/deeper/file)" $'inside\ninside\ninside\ninside'
assert_equal "$(image_run image readlink /nested/dangling)" nowhere
assert_equal "$(image_run image readlink /via)" /real

for name in absolute dotted; do
        dockerfile << END
FROM busybox
COPY $name /
END
        build_fails "$name"
done
assert_lacks "$said" "of the host"

# In a stage too an absolute link is one of the stage.
dockerfile << 'END'
FROM busybox AS upstream
RUN mkdir /data && echo stage > /data/f && ln -s /data /abs && ln -s ../../../../../data/f /rel && ln -s /etc/shadow /shadow
FROM busybox
COPY --from=upstream /abs/f /one
COPY --from=upstream /rel /two
COPY --from=upstream /abs /three
END
build
assert_equal "$(image_run image cat /one /two /three/f)" $'stage\nstage\nstage'
