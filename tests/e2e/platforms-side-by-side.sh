#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The builds for several platforms run at the same time, within --jobs, and what fails for one ends the others. No program of another
# machine runs.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
here=linux/$(image_config busybox .Architecture | tr -d '"')
# Each waits until somebody outside has seen all of them.
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS once
RUN cat /proc/sys/kernel/random/uuid > /once
FROM --platform=$BUILDPLATFORM busybox AS meet
ARG TARGETARCH PORT
RUN nc 127.0.0.1 $PORT > /met; echo $TARGETARCH > /for
COPY --from=once /once /
FROM scratch
COPY --from=meet /for /met /once /
END
cat > meeting << 'END'
import socket
server = socket.create_server(("127.0.0.1", 0))
server.settimeout(20)
print(server.getsockname()[1], flush=True)
came = []
try:
    while len(came) < 3:
        came.append(server.accept()[0])
except TimeoutError:
    pass
for one in came:
    one.sendall(b"%d" % len(came))
END
background port python3 meeting
await '[0-9]' port
build --build-arg "PORT=$(cat port)" --platform "$here,linux/arm/v7,linux/s390x" -o type=local,dest=files --progress plain
for platform in "$here" linux/arm/v7 linux/s390x; do
        assert_equal "$(cat "files/${platform//\//_}/once")" "$(cat files/linux_s390x/once)" "what is executed once"
        assert_equal "$(cat "files/${platform//\//_}/met")" 3 "how many of the builds ran at the same time"
        assert_contains "$said" "[$platform meet 2/3] RUN"
done
assert_equal "$(cat files/linux_arm_v7/for)" arm
# Steps are numbered through: each number stands for one title.
assert_equal "$(grep -oE '^#[0-9]+ \[[^]]*\]' <<< "$said" | sort -u | cut -d' ' -f1 | uniq -d)" "" "numbers that two steps have"

# With --jobs 1 no two commands run at once.
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS alone
ARG TARGETARCH
RUN echo begun; sleep 0.2; echo ended $TARGETARCH | tee /for
FROM scratch
COPY --from=alone /for /
END
build --progress plain --jobs 1 --platform "$here,linux/arm/v7,linux/s390x" -o type=local,dest=files
assert_equal "$(grep -oE '^#[0-9]+ [0-9.]+ (begun|ended)' <<< "$said" | cut -d' ' -f3 | tr '\n' ' ')" "begun ended begun ended begun ended "

# The error is of the platform that failed, and nobody waits for the others.
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox
ARG TARGETARCH
RUN if [ "$TARGETARCH" = s390x ]; then echo it fails; exit 3; else sleep 60; fi
END
begun=$SECONDS
assert_fails 1 "linux/s390x: Dockerfile:3" bryo build --platform "$here,linux/s390x" context
assert_contains "$errors" "it fails"
assert_less $((SECONDS - begun)) 20 "the seconds that the build went on after its failure"
