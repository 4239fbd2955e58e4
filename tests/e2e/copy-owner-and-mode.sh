#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY --chown and --chmod, by number and by name; the owners that a context and a stage give without them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/file x
plant_file context/dir/inner y
chmod 0640 context/file
chmod 0751 context/dir
chmod 4755 context/dir/inner
dockerfile << 'END'
FROM busybox AS upstream
RUN mkdir /d && touch /d/f && chown 7:8 /d/f && chown app:staff /d && chmod 2775 /d && chmod 1640 /d/f
FROM busybox
COPY file /plain
COPY dir /plaindir
COPY --chown=12:34 file /numbers
COPY --chown=12 file /number
COPY --chown=app file /name
COPY --chown=app:staff dir /names
COPY --chown=guest file /guest
COPY --chown=0:video file /mixed
COPY --chmod=0604 file /chmod
COPY --chmod=700 --chown=app dir /both/parents
COPY --chmod=u=rwX,go=rX dir /symbolic
COPY --from=upstream /d /kept
COPY --from=upstream --chown=1:2 /d /changed
COPY --chown=4294967294:4000000000 file /huge
END
build
# C2.5 C6.1 C6.2 C6.3
assert_equal "$(image_run image stat -c '%n %u:%g %a' /plain /plaindir/inner /numbers /number /name /names /names/inner /guest /mixed \
        /chmod /both /both/parents /both/parents/inner /symbolic/inner /kept /kept/f /changed/f)" \
        '/plain 0:0 640
/plaindir/inner 0:0 4755
/numbers 12:34 640
/number 12:12 640
/name 1000:1000 640
/names 1000:50 755
/names/inner 1000:50 4755
/guest 1001:100 640
/mixed 0:44 640
/chmod 0:0 604
/both 1000:1000 700
/both/parents 1000:1000 700
/both/parents/inner 1000:1000 700
/symbolic/inner 0:0 755
/kept 0:0 755
/kept/f 7:8 1640
/changed/f 1:2 1640'
# Ids that no user namespace of this machine maps still reach the layer.
mapfile -t layers < <(image_layers image layers)
assert_contains "$(tar --numeric-owner -tvf "${layers[-1]}")" "4294967294/4000000000"

dockerfile << 'END'
FROM busybox
COPY --chown=nobody-knows file /
END
# C6.6
build_fails "nobody-knows"
assert_contains "$errors" "/etc/passwd"
assert_contains "$errors" "Dockerfile:2"
dockerfile << 'END'
FROM busybox
COPY --chmod=9 file /
END
build_fails "Dockerfile:2"
# C6.5
dockerfile << 'END'
FROM scratch
COPY --chown=root:root file /
END
build
# C6.8 C7.6 an empty one is none, and is told
dockerfile << 'END'
FROM busybox
ARG WHO
ARG MODE
COPY --chown=$WHO --chmod=$MODE file /plain
END
build
assert_equal "$(image_run image stat -c '%u:%g %a' /plain)" "0:0 $(stat -c %a context/file)"
assert_contains "$errors" 'Dockerfile:4: --chown=$WHO is empty: it means nothing'
assert_contains "$errors" 'Dockerfile:4: --chmod=$MODE is empty: it means nothing'
