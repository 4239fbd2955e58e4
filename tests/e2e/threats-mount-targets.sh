#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Mount points that are links of the image, or become one while they are in use.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/canary.bash"

echo s > s
# CVE-2024-23652: removing a stub whose place was taken by a link
dockerfile << END
FROM busybox
RUN mkdir /l /k
RUN --mount=type=tmpfs,target=/l/empty mv /l /m; ln -s $canary /l
RUN --mount=type=secret,id=s,target=/k/victim mv /k /n; ln -s $canary /k
END
try --secret id=s,src=s
assert_equal "$status" 0
assert_equal "$(layer_names image | grep -E 'empty|victim' || true)" "" "stubs in the layers"

# Targets through links: all types are mounted where the link leads to in the image
for type in bind,rw cache tmpfs secret,id=s; do
        printf 'FROM busybox\nRUN ln -s %s /l && ln -s ../../../../..%s /r\nRUN --mount=type=%s,target=/l/x --mount=type=%s,target=/r/y grep -c " %s/[xy] " /proc/mounts > /seen; touch /l/x/new 2> /dev/null; true\n' \
                "$canary" "$canary" "$type" "$type" "$canary" | dockerfile
        try --secret id=s,src=s
        assert_equal "$status" 0
        assert_equal "$(image_run image cat /seen)" 2 "mounts of type=$type"
done
printf 'FROM busybox\nRUN ln -s %s /l\nRUN --mount=type=ssh,target=/l/x ls /l; true\n' "$canary" | dockerfile
try
