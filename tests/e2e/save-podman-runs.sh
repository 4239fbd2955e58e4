#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# podman runs what bryo saved.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need podman crun
base busybox
dockerfile << 'END'
FROM busybox
RUN echo 'from bryo' > /words && chown app /words && chmod 0400 /words
ENV who=podman
USER app
WORKDIR /tmp
CMD echo "$who reads: $(cat /words) in $(pwd)"
END
build
works bryo save -o image.tar image

# crun cannot use this machine's control groups when old and new ones are mixed; in an own mount namespace it is shown none.
# The user namespace is made here because the one that podman makes is kept by a process that stays, and so does its lock.
printf '[engine]\nlock_type = "file"\n' > containers.conf
cat > peer.sh << 'END'
set -e
mount -t tmpfs none /sys/fs/cgroup
podman() {
        command podman --root "$PWD/peer" --runroot "$XDG_RUNTIME_DIR/peer" --storage-driver vfs --cgroup-manager cgroupfs "$@"
}
name=$(podman load -q -i image.tar | sed -n 's/^Loaded image[^:]*: //p')
podman run --rm --cgroups=disabled --network=host "$name"
END
works in_userns env CONTAINERS_CONF="$PWD/containers.conf" _CONTAINERS_USERNS_CONFIGURED=done _CONTAINERS_ROOTLESS_UID="$(id -u)" \
        _CONTAINERS_ROOTLESS_GID="$(id -g)" sh peer.sh
assert_equal "$output" "podman reads: from bryo in /tmp"
