#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LAYER.2: a step that changes only /tmp/a/b leaves /tmp at 1777 and everything on the way as it was, for whoever unpacks the
# image: umoci, podman, and skopeo into podman's storage. LAYER.10: a directory that was a file or a link in between survives.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need podman crun skopeo umoci
base busybox
dockerfile << 'END'
FROM busybox
RUN chmod 1777 /tmp && mkdir -m 2750 /tmp/a && chown 12:34 /tmp/a && mkdir /file /link && echo in > /file/in && echo in > /link/in && touch -d @1000 /tmp/a
RUN echo b > /tmp/a/b && touch -d @1000 /tmp/a
RUN rm -r /file /link && echo was-a-directory > /file && ln -s /tmp /link
RUN rm /file /link && mkdir /file /link && echo back > /file/again && echo back > /link/again
END
build
works bryo save -o image.tar image
cat > look.sh << 'END'
cd "$1"
for f in tmp tmp/a tmp/a/b file file/again link link/again; do stat -c '%n %A %u %g' "$f"; done
for f in file/in link/in; do [ ! -e "$f" ] || echo "$f is there"; done
stat -c '%n %Y' tmp/a
END
cat > expected << 'END'
tmp drwxrwxrwt 0 0
tmp/a drwxr-s--- 12 34
tmp/a/b -rw-r--r-- 0 34
file drwxr-xr-x 0 0
file/again -rw-r--r-- 0 0
link drwxr-xr-x 0 0
link/again -rw-r--r-- 0 0
tmp/a 1000
END
mkdir layout
tar -C layout -xf image.tar
works in_userns sh -c 'umoci unpack --image layout:latest bundle > /dev/null && sh look.sh bundle/rootfs; chmod -R u+rwX bundle; rm -rf bundle'
assert_equal "$output" "$(cat expected)" "what umoci unpacked"

printf '[engine]\nlock_type = "file"\n' > containers.conf
cat > peer.sh << 'END'
set -e
mount -t tmpfs none /sys/fs/cgroup
podman() {
        command podman --root "$PWD/peer" --runroot "$XDG_RUNTIME_DIR/peer" --storage-driver vfs --cgroup-manager cgroupfs "$@"
}
if [ "$1" = load ]; then
        name=$(podman load -q -i image.tar | sed -n 's/^Loaded image[^:]*: //p')
else
        skopeo --insecure-policy copy -q oci:layout:latest "containers-storage:[vfs@$PWD/peer+$XDG_RUNTIME_DIR/peer]localhost/copied:1"
        name=localhost/copied:1
fi
sh look.sh "$(podman image mount "$name")"
podman rmi -f "$name" > /dev/null
END
for how in load copy; do
        works in_userns env CONTAINERS_CONF="$PWD/containers.conf" _CONTAINERS_USERNS_CONFIGURED=done _CONTAINERS_ROOTLESS_UID="$(id -u)" \
                _CONTAINERS_ROOTLESS_GID="$(id -g)" sh peer.sh "$how"
        assert_equal "$output" "$(cat expected)" "what podman has ($how)"
done
in_userns rm -rf peer
