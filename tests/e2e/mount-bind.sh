#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=bind: read-only unless rw, whose writes are thrown away; its content is in the key.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/dir/file one
plant_file context/other x
ln -s dir context/link
dockerfile << 'END'
FROM busybox AS made
RUN mkdir -p /src/sub && echo stage > /src/sub/f && chown 7:8 /src/sub/f && ln -s / /src/up && ln -s sub /src/here
FROM busybox
WORKDIR /wd
# BIND.1: the default type, read-only; MOUNT.4: a relative target continues WORKDIR
RUN --mount=target=ctx cat /wd/ctx/dir/file > /seen1; touch /wd/ctx/new 2> /err1; true
# BIND.3: sources are resolved inside context and stage; MOUNT.3: the other spellings
RUN --mount=src=/link/file,dst=/f cat /f > /seen2
RUN --mount=from=made,source=src/up/src/here/f,destination=/a/b/f cat /a/b/f > /seen3; stat -c %u:%g /a/b/f >> /seen3
# FROM.7: a name in any case
RUN --mount=from=MADE,source=../../src/sub,target=/d ls /d > /seen4
# BIND.2
RUN --mount=target=/ctx,rw echo changed > /ctx/dir/file && rm -r /ctx/other && mkdir /ctx/new && cat /ctx/dir/file > /seen5
RUN --mount=from=made,target=/s,rw chmod 4777 /s/src/sub/f && rm /s/bin/sh && echo y > /s/y && ls /s > /dev/null
RUN --mount=from=made,target=/s --mount=target=/ctx ls /s/bin/sh /ctx/other > /seen6; stat -c %a /s/src/sub/f >> /seen6; ls /s/y /ctx/new 2> /dev/null; true
END
before=$(find context ! -name Dockerfile -exec stat -c '%n %a %s %Y' {} + | sort)
build
assert_equal "$(find context ! -name Dockerfile -exec stat -c '%n %a %s %Y' {} + | sort)" "$before" "the context after writes to its mounts"
assert_equal "$(image_run image cat /seen1 /seen2 /seen3 /seen4 /seen5 /seen6)" \
        $'one\none\nstage\n7:8\nf\nchanged\n/ctx/other\n/s/bin/sh\n644' "what the commands saw"
assert_contains "$(image_run image cat /err1)" "Read-only file system"

# STUB.1, STUB.2: nothing of the mount points is in the image, parents included.
assert_equal "$(layer_names image | sort -u | tr '\n' ' ')" "err1 seen1 seen2 seen3 seen4 seen5 seen6 wd/ " "the entries above the base"

# BIND.4: what is mounted is in the key, by content: a touched file hits, a changed one misses, what is not mounted does not count.
dockerfile << 'END'
FROM busybox
RUN --mount=source=dir,target=/d cat /d/file
END
build
touch -d @1 context/dir/file
echo y > context/other
build
assert_contains "$said" CACHED
echo two > context/dir/file
build
assert_lacks "$said" CACHED
assert_contains "$said" two

# A stage that was made anew with the same bytes hits.
dockerfile << 'END'
FROM busybox AS made
COPY other /noise
RUN mkdir /out && echo same > /out/f
FROM busybox
RUN --mount=from=made,source=/out,target=/d cat /d/f
END
build
echo z > context/other
build
assert_contains "$said" "#5 CACHED"

dockerfile << 'END'
FROM busybox
RUN --mount=source=nowhere,target=/d true
END
build_fails '"nowhere" not found: it is not in'
