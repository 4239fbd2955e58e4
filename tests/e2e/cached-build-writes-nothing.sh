#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A fully cached build whose tag is unchanged writes nothing, syncs nothing and starts no process.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
base busybox
plant_file context/file x
dockerfile << 'END'
FROM busybox AS build-stage
RUN echo 'Building...' > /build.txt
FROM busybox AS test-stage
COPY --from=build-stage /build.txt /build.txt
COPY file /file
RUN echo 'Testing...' >> /build.txt
FROM busybox
COPY --from=test-stage /build.txt /build.txt
CMD cat /build.txt
END
build
find "$XDG_DATA_HOME/bryo" -printf '%p %i %s %T@ %C@\n' | sort > before
works strace -f -qq -o trace bryo build --progress=plain -t image context
find "$XDG_DATA_HOME/bryo" -printf '%p %i %s %T@ %C@\n' | sort > after
assert_equal "$(diff before after)" "" "the difference in the store"
assert_equal "$(lines_with '\b(fsync|fdatasync|sync|syncfs|sync_file_range|msync)\(' trace)" "" "the list of syncs"
assert_equal "$(lines_with '\b(unlink|unlinkat|rename|renameat|renameat2|mkdir|mkdirat|link|linkat|symlink|ftruncate|fallocate|mount|unshare)\(' <(grep -v ' = -1 EEXIST' trace))" "" \
        "the list of calls that change a file system"
assert_equal "$(lines_with '\bopen(at|at2)?\(.*O_(WRONLY|RDWR|CREAT)' <(grep -vE '"(/dev/null|lock)"' trace))" "" "the list of files opened for writing"
assert_equal "$(lines_with '\b(clone|clone3|fork|vfork)\(' <(grep -v CLONE_THREAD trace))" "" "the list of processes started"

# A commit of one small step: at most six syncs and those of its sources. (A COPY: traced programs gain no privilege from
# newuidmap, which a RUN needs.)
dockerfile << 'END'
FROM busybox
COPY file /elsewhere
END
works strace -f -qq -o trace -e trace=fsync,fdatasync,sync,syncfs bryo build -t other context
assert_less "$(grep -cE '\b(fsync|fdatasync|syncfs)\(' trace || true)" 9 "the number of syncs of a commit"
