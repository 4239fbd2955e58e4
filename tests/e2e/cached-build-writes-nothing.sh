#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# not under threads: the sanitizer writes and removes a file of its own
#
# A fully cached build whose tag is unchanged writes nothing, syncs nothing and starts no process.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace gcc
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

# A commit of one small step: six syncs (config, image record and tag, each a file and its directory) and two for each file
# of the layer (index, data). They are counted without strace, under which newuidmap would not get its rights.
cat > count.c << 'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int count(long number, long fd)
{
        int log = open(getenv("SYNC_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (write(log, "sync\n", 5) != 5)
                abort();
        close(log);
        return (int)syscall(number, fd);
}
int fsync(int fd) { return count(SYS_fsync, fd); }
int fdatasync(int fd) { return count(SYS_fdatasync, fd); }
int syncfs(int fd) { return count(SYS_syncfs, fd); }
void sync(void) { count(SYS_sync, 0); }
END
gcc -shared -fPIC -o count.so count.c
dockerfile << 'END'
FROM busybox
COPY file /elsewhere
END
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" SYNC_LOG=$PWD/syncs
: > syncs
works env LD_PRELOAD="$PWD/count.so" bryo build -t other context
assert_less 0 "$(wc -l < syncs)" "zero, which the counter must exceed,"
assert_less "$(wc -l < syncs)" 11 "the number of syncs of a commit"
: > syncs
works env LD_PRELOAD="$PWD/count.so" bryo build -t other context
assert_equal "$(wc -l < syncs)" 0 "the number of syncs of the same build again"
