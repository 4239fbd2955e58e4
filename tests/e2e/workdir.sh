#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# WORKDIR: relative to the one before, made with its parents, owned by USER, kept when it is there already.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir -m 0711 /there && chown 5:6 /there
WORKDIR /there
WORKDIR a
RUN pwd > /seen
ENV place=/by/name
WORKDIR $place
RUN pwd >> /seen
USER app
WORKDIR /owned/deep
RUN pwd && touch /owned/deep/mine
WORKDIR last
END
build
# WORKDIR.1
assert_equal "$(image_run image cat /seen)" $'/there/a\n/by/name'
# WORKDIR.2 D5.1
assert_equal "$(image_run image stat -c '%n %U:%G %a' /there/a /by /by/name /owned/deep /owned/deep/last)" \
        '/there/a root:root 755
/by root:root 755
/by/name root:root 755
/owned/deep app:app 755
/owned/deep/last app:app 755'
assert_equal "$(image_run image stat -c '%u:%g %a' /there)" "5:6 711"
assert_equal "$(image_run image pwd)" /owned/deep/last
