#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Nothing that the sandbox puts in place ends up in a layer: no hosts file, no mount points, no devices.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN cat /etc/hosts /etc/resolv.conf > /dev/null; ls /dev /proc /sys > /dev/null
RUN echo x > /dev/shm/x; true
RUN touch /only
END
build
assert_equal "$(layer_names image)" only "the entries above the base"

# A root with none of the directories gets none.
mkdir -p context
cp "$(command -v busybox)" context/busybox
dockerfile << 'END'
FROM scratch
COPY busybox /busybox
RUN ["/busybox", "touch", "/only"]
RUN ["/busybox", "true"]
END
build
assert_equal "$(for layer in $(image_layers image layers); do tar -tf "$layer"; done)" $'busybox\nonly' "the entries of all layers"

# Files that an image has there are its own, and stay.
dockerfile << 'END'
FROM busybox
COPY hosts /etc/hosts
COPY hosts /etc/resolv.conf
RUN grep -c mine /etc/hosts > /seen || true
RUN mkdir -p /dev/mine && touch /changed
END
plant_file context/hosts '127.9.9.9 mine'
build
assert_lacks "$(layer_names image)" dev/mine
tar=$(for layer in $(image_layers image layers); do tar -xOf "$layer" etc/hosts 2> /dev/null || true; done)
assert_equal "$tar" '127.9.9.9 mine' "the image's own hosts file"

# Writing to them fails or is forgotten, but the step must not carry it.
dockerfile << 'END'
FROM busybox
RUN echo 1.2.3.4 forged >> /etc/hosts; rm -f /etc/resolv.conf; true
END
build
assert_lacks "$(layer_names image)" etc/hosts
assert_lacks "$(layer_names image)" resolv.conf
