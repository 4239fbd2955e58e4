#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The store's disk refuses a write: the program is told by fsync, the step fails also when the program did not ask or does
# not care, the build names the file and the reason, nothing of the step is kept, and what was sealed before is sound.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN dd if=/dev/zero of=/big bs=64k count=64 conv=fsync; echo "dd gave $?"
END
for fault in '5 Input/output error' '122 Disk quota exceeded' '28 No space left on device'; do
        assert_fails 1 "cannot write /big to the store's disk: ${fault#* }" \
                with_faults write "${fault%% *}" /bryo/ 1000000 bryo build --progress=plain -t image context
        assert_contains "$errors" "Dockerfile:3"
        assert_contains "$output$errors" "dd: "
        assert_contains "$output$errors" "${fault#* }"
        assert_contains "$output$errors" "dd gave 1"
done

# nobody asks: the kernel writes it back after the program has gone
dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN head -c 4000000 /dev/zero > /big; exit 0
END
assert_fails 1 "cannot write /big to the store's disk: Input/output error" \
        with_faults write 5 /bryo/ 1000000 bryo build --progress=plain -t image context
assert_contains "$errors" "Dockerfile:3"
# and once more, a file that is gone when it ends
dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN head -c 4000000 /dev/zero > /big; sync /big || echo "sync failed"; rm /big
END
assert_fails 1 "Input/output error" with_faults write 5 /bryo/ 1000000 bryo build --progress=plain -t image context
assert_contains "$output$errors" "sync failed"

# a network file system tells when it is asked, which sealing does
dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN head -c 4000000 /dev/zero > /big
END
assert_fails 1 "to the store's disk: Disk quota exceeded" with_faults late 122 /bryo/ 0 bryo build --progress=plain -t image context
assert_contains "$errors" "Dockerfile:3"

# direct writes: the program is told by the write itself, and goes no further
dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN dd if=/dev/zero of=/big bs=64k count=400 oflag=direct
END
assert_fails 1 "exit status 1 after its file system had failed: cannot write /big to the store's disk: No space left on device" \
        with_faults write 28 /bryo/ 1000000 bryo build --progress=plain -t image context
assert_contains "$output$errors" "dd: error writing '/big': No space left on device"
assert_matches "$output$errors" '1[0-9]\+0 records out'

dockerfile << 'END'
FROM busybox
RUN echo before > /before
RUN head -c 4000000 /dev/zero > /big
END
# the same step on a disk that works: it is made anew, on the step that was sealed before
build
assert_contains "$said" "CACHED"
works bryo run --rm image cat /before
assert_equal "$output" before
