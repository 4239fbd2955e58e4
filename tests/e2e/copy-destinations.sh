#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Where COPY puts things: contents of directories, into directories, under new names, parents on the way.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/file one
plant_file context/other two
plant_file context/dir/inner three
plant_file context/dir/sub/.dotted four
mkdir context/dir/empty
dockerfile << 'END'
FROM busybox
WORKDIR /w
COPY file renamed
COPY file into/
COPY dir contents
COPY dir/ /absolute/parents/
COPY file other ./
COPY file other /w/into
COPY ["file", "name with blanks"]
COPY /file /../../../clamped
COPY ../../file /also-clamped
COPY dir /w/into/
END
build
# C2.1 C2.2 C2.3, and several sources into a directory that is there: C2.4
assert_equal "$(image_run image sh -c 'cd /w && find . | sort')" ".
./contents
./contents/empty
./contents/inner
./contents/sub
./contents/sub/.dotted
./file
./into
./into/empty
./into/file
./into/inner
./into/other
./into/sub
./into/sub/.dotted
./name with blanks
./other
./renamed" "the tree below the working directory"
# C1.1 C1.2
assert_equal "$(image_run image cat /clamped /also-clamped /w/renamed /absolute/parents/inner)" $'one\none\none\nthree'
# C2.5 (with --chown: copy-owner-and-mode)
assert_equal "$(image_run image stat -c '%a %u:%g' /absolute /absolute/parents /w/into)" $'755 0:0\n755 0:0\n755 0:0'

# Several files to something that is no directory; a file over a directory and the other way round.
dockerfile << 'END'
FROM busybox
COPY file other /target
END
build_fails "Dockerfile:2"
assert_contains "$errors" "/target"
dockerfile << 'END'
FROM busybox
RUN mkdir -p /d/inner
COPY dir /d
END
build_fails "Dockerfile:3"
dockerfile << 'END'
FROM busybox
RUN echo x > /f
COPY dir /f
END
build_fails "Dockerfile:3"
# C2.7 what variables leave nothing of is the working directory
dockerfile << 'END'
FROM busybox
WORKDIR /here
ENV empty=""
COPY file $empty
COPY --link other $empty
END
build
assert_equal "$(image_run image ls /here)" $'file\nother'
