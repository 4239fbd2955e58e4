#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands of an image for another architecture: with qemu-user-static, which is in no image and nobody there can write; and
# one sentence where there is no emulator. The tests' machine has none registered for all users.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need qemu-aarch64-static
[ "$(uname -m)" = x86_64 ] || skip "this machine may run arm64 programs itself"
! grep -qs F /proc/sys/fs/binfmt_misc/qemu-aarch64 || skip "an emulator is registered for the whole machine"
emulated=$(fixture busybox-arm64)
works bryo import --platform linux/arm64 "$emulated" arm
base busybox

# qemu of PATH alone, nowhere to be found but where a test wants it.
mkdir own
for program in newuidmap newgidmap; do
        ln -s "$(command -v $program)" own/$program
done
without=$PWD/own

assert_fails 126 "this machine runs no programs for arm64: install qemu-aarch64-static" env PATH="$without" "$BRYO" run --rm arm uname -m
dockerfile << 'END'
FROM --platform=linux/arm64 arm
RUN true
END
assert_fails 1 "Dockerfile:2:1: cannot run \"/bin/sh\": this machine runs no programs for arm64" \
        env PATH="$without" "$BRYO" build context

probe=$(unshare -Urm sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc' 2>&1) || skip "binfmt_misc is no user's here (Linux 6.7): $probe"

# One that the machine has for everybody, here a user namespace that stands for it: with the flag F, whose program needs no name
# inside; without, the program would be looked for in the image.
cat > machine << 'END'
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf ':qemu-aarch64:M::%s:%s:%s:%s' \
        '\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' \
        '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' "$1" "$2" > /proc/sys/fs/binfmt_misc/register
shift 2
PATH=$without exec "$@"
END
export without
qemu=$(command -v qemu-aarch64-static)
printf 'FROM --platform=linux/arm64 arm\nRUN uname -m > /a\n' | dockerfile
works in_userns sh machine "$qemu" F "$BRYO" build -t host context
works in_userns sh machine "$qemu" F "$BRYO" run --rm host cat /a
assert_equal "$output" aarch64
for command in "127 run --rm arm uname -m" "1 build --no-cache context"; do
        # shellcheck disable=SC2086
        assert_fails "${command%% *}" "the emulator that this machine has for arm64 is registered without the flag F" \
                in_userns sh machine "$qemu" P "$BRYO" ${command#* }
done

assert_equal "$(image_run arm uname -m)" aarch64
dockerfile << 'END'
FROM --platform=linux/arm64 arm AS there
ARG TARGETARCH BUILDARCH
RUN uname -m > /a; echo $TARGETARCH $BUILDARCH >> /a; sh -c 'readlink /proc/self/exe' >> /a
RUN ["/bin/sh", "-c", "echo \"$0\" >> /a", "argument zero"]
SHELL ["/bin/ash", "-c"]
RUN printf '#!/bin/sh\nuname -m\n' > /s; chmod +x /s; /s >> /a; exec -a uname /bin/busybox -m > /b
# What a command can reach of the emulator: it can be executed, and nothing else.
# (Of its own exe qemu shows a process the program, so another one's is opened.)
RUN sleep 5 & (: >> /proc/$!/exe) 2> /c && echo WRITTEN > /c; ls / > /d; find / -xdev -name 'qemu*' > /e
FROM --platform=$BUILDPLATFORM busybox
RUN uname -m > /native
COPY --from=there /a /b /c /d /e /
END
build
assert_equal "$(image_run image cat /a)" $'aarch64\namd64 amd64\n/bin/sh\nargument zero\naarch64'
assert_equal "$(image_run image cat /b)" aarch64
assert_matches "$(image_run image cat /c)" "(Permission denied|Text file busy)"
assert_equal "$(image_run image cat /e)" ""
assert_equal "$(image_run image cat /native)" x86_64

# A user's own emulator: the same, and its file is as before.
cp "$(command -v qemu-aarch64-static)" own/
sha256sum own/qemu-aarch64-static > sum
works env PATH="$without" "$BRYO" build --no-cache -t image context
assert_matches "$(image_run image cat /c)" "(Permission denied|Text file busy)"
works sha256sum -c sum

# Nothing of it is left on the host.
[ ! -e /proc/sys/fs/binfmt_misc/bryo-arm64 ] || fail "the machine has bryo's emulator"
