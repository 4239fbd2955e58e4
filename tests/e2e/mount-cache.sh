#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=cache: kept between builds with its owners, never in a layer or key.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
ARG ROUND
# CACHE.1: the id is the cleaned target; CACHE.2: 0755, 0:0
RUN --mount=type=cache,target=/var/x/../cache/ stat -c '%a %u:%g' /var/cache; echo $ROUND >> /var/cache/n; chown 5:6 /var/cache/n; wc -l < /var/cache/n
RUN --mount=type=cache,id=/var/cache,target=/c stat -c '%a %u:%g' /c/n
# CACHE.5
RUN --mount=type=cache,target=/var/cache,uid=1000,gid=50,mode=0700 stat -c '%a %u:%g' /var/cache; ls /var/cache | wc -l
# CACHE.9
RUN --mount=type=cache,target=/var/cache,ro touch /var/cache/no 2>&1; true
END
build --build-arg ROUND=1
assert_contains "$said" $'755 0:0\n'
assert_contains "$said" $'644 5:6\n'
assert_contains "$said" $'700 1000:50\n'
assert_contains "$said" "/var/cache/no: Read-only file system"
# CACHE.4: the second build's command sees what the first left; nothing is in the image.
build --build-arg ROUND=2
assert_matches "$said" ' 2'$'\n'
assert_equal "$(layer_names image)" "" "the entries above the base"
build --build-arg ROUND=2
assert_equal "$(grep -c CACHED <<< "$said")" 4 "cached steps when only a cache changed"

# A7.5: another name space is another cache
dockerfile << 'END'
FROM busybox
RUN --mount=type=cache,target=/ns echo "had $(ls /ns)"; touch /ns/x
END
build --build-arg BUILDKIT_CACHE_MOUNT_NS=one
build --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=two
assert_matches "$said" 'had '$'\n'
build --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=one
assert_contains "$said" "had x"

# What a command that fails left in it stays.
dockerfile << 'END'
FROM busybox
RUN --mount=type=cache,target=/k echo kept > /k/f; false
END
build_fails "exit status 1"
dockerfile << 'END'
FROM busybox
RUN --mount=type=cache,target=/k cat /k/f
END
build
assert_contains "$said" kept

# CACHE.3: a new one begins with what `from` has, and goes its own way; `source` is a part of it.
dockerfile << 'END'
FROM busybox AS seed
RUN mkdir -p /s/part && echo seed > /s/part/f && chown 3:4 /s/part/f
FROM busybox
ARG ROUND
RUN --mount=type=cache,target=/c,from=seed,source=s/part echo $ROUND >> /c/f; stat -c %u:%g /c/f; wc -l < /c/f
RUN --mount=type=cache,target=/d,source=sub/dir echo x > /d/f; true
RUN --mount=type=cache,target=/d find /d | sort | tail -n1
END
build --build-arg ROUND=1
assert_contains "$said" $' 3:4\n'
build --build-arg ROUND=2
assert_matches "$said" ' 3'$'\n'
assert_contains "$said" "/d/sub/dir/f"

# More uses than layers are stacked: nothing is lost when they become one.
for round in $(seq 14); do
        printf 'FROM busybox\nRUN --mount=type=cache,target=/many echo %s > /many/%s; ln /many/%s /many/link%s; rm -f /many/%s; ls /many | wc -l\n' \
                "$round" "$round" "$round" "$round" "$((round - 1))" | dockerfile
        build
done
assert_matches "$said" ' 15'$'\n'
