#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Images in which a place where the sandbox mounts its own is a link to the host.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/canary.bash"

echo s > s
# The sandbox's own mount points as links of the image
for path in /etc/resolv.conf /etc/hosts /run /run/secrets /dev/shm /proc /sys /dev /tmp /etc; do
        printf 'FROM busybox\nRUN rm -rf %s 2> /dev/null; mkdir -p %s; ln -s %s %s\nRUN --mount=type=secret,id=s cat /etc/resolv.conf /etc/hosts > /dev/null; echo x > /dev/shm/x; cat /run/secrets/s; cat %s/secret; true\n' \
                "$path" "$(dirname "$path")" "$canary" "$path" "$path" | dockerfile
        try --secret id=s,src=s
        # in an image that has the link from the beginning it leads to a place of the image: files are mounted there, directories not
        printf 'FROM scratch\nCOPY root /\nRUN ["/bin/busybox", "grep", "-q", "localhost", "/etc/hosts"]\n' | dockerfile
        rm -rf context/root
        mkdir -p context/root/bin "context/root$(dirname "$path")"
        cp "$(command -v busybox)" context/root/bin
        ln -s "$canary" "context/root$path"
        try
        case $path in
        /proc | /sys | /dev) assert_equal "$status" 1 "$path" ;;
        *) assert_equal "$status" 0 "$path" ;;
        esac
done
