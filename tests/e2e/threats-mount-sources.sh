#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sources and options of RUN --mount that reach for the host: nothing outside the image is read or changed.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/canary.bash"

# CVE-2024-1753: links of a stage as a mount's source
dockerfile << END
FROM busybox AS base
RUN ln -s / /rootdir && ln -s ../../../../.. /up && ln -s $canary /out && ln -s /proc/self/root /proclink
FROM busybox
RUN --mount=type=bind,from=base,source=/rootdir,target=/e,rw touch /e/BREAKOUT; ls /e/rootdir > /dev/null
RUN --mount=type=bind,from=base,source=/up,target=/e,rw touch /e/BREAKOUT
END
try
assert_equal "$status" 0
[ ! -e /BREAKOUT ] || fail "/BREAKOUT was made"
for source in /out/secret /proclink ../..$canary/secret; do
        printf 'FROM busybox AS base\nRUN ln -s %s /out && ln -s /proc/self/root /proclink\nFROM busybox\nRUN --mount=from=base,source=%s,target=/e,rw cat /e /e/secret 2>/dev/null; touch /e/new; true\n' "$canary" "$source" | dockerfile
        try
done

# CVE-2024-9407: nothing that an option says is handed to mount(2)
for option in bind-propagation=suid Z relabel=shared; do
        printf 'FROM busybox\nRUN --mount=target=/ctx,%s grep " /ctx " /proc/mounts\n' "$option" | dockerfile
        build
        assert_contains "$said" "/ctx fuse.bryo ro,nodev"
        unharmed
done
for option in O idmap U nosuid,dev ro=maybe uid=0x0 mode=99; do
        printf 'FROM busybox\nRUN --mount=target=/ctx,%s echo it ra""n\n' "$option" | dockerfile
        build_fails "Dockerfile:2"
        assert_lacks "$said" "it ran"
done

# CVE-2024-9675: ids of caches that climb are names like any other, and sources that climb end in the cache
for option in "id=../../../../..$canary" "id=$canary" 'id=..' 'id=.' "id=x,source=../../../..$canary" "id=$(printf '%0300d' 0)"; do
        printf 'FROM busybox\nRUN --mount=type=cache,target=/c,%s ls /c; cat /c/secret; echo x >> /c/new\nRUN --mount=type=cache,target=/c,%s wc -l < /c/new\n' "$option" "$option" | dockerfile
        try
        assert_equal "$status" 0 "$option"
        assert_matches "$said" ' 1'$'\n'
done
assert_equal "$(ls "$XDG_DATA_HOME/bryo/caches" | grep -vE '^[0-9a-f]{64}(\.update)?(\.lock)?$' || true)" "" "names in the store"
