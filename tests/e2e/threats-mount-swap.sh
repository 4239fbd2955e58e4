#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What one command mounts, another one replaces by a link meanwhile.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/canary.bash"

# CVE-2024-11218, CVE-2024-23651: one command swaps what another mounts
dockerfile << END
FROM busybox AS swapper
RUN --mount=type=cache,id=s,target=/s mkdir -p /s/sel /s/safe; ln -s $canary /s/link; touch /s/go; i=0; while [ \$i -lt 100 ]; do mv /s/sel /s/was; mv /s/link /s/sel; mv /s/sel /s/link; mv /s/was /s/sel; i=\$((i+1)); done
FROM busybox AS mounter
RUN --mount=type=cache,id=s,target=/s i=0; until [ -e /s/go ] || [ \$i -gt 100 ]; do sleep 0.02; i=\$((i+1)); done
$(for i in $(seq 4); do echo "RUN --mount=type=cache,id=s,target=/c,source=sel cat /c/secret 2> /dev/null; echo $i"; done)
FROM busybox
COPY --from=swapper /etc/passwd /a
COPY --from=mounter /etc/passwd /b
END
try

# ... and through a link in another mount that changes meanwhile
dockerfile << END
FROM busybox AS swapper
RUN --mount=type=cache,id=t,target=/c mkdir -p /c/d /c/o; ln -s $canary /c/l; touch /c/go; i=0; while [ \$i -lt 100 ]; do mv /c/d /c/was; mv /c/l /c/d; mv /c/d /c/l; mv /c/was /c/d; i=\$((i+1)); done
FROM busybox AS mounter
RUN --mount=type=cache,id=t,target=/c i=0; until [ -e /c/go ] || [ \$i -gt 100 ]; do sleep 0.02; i=\$((i+1)); done
$(for i in $(seq 4); do echo "RUN --mount=type=cache,id=t,target=/c --mount=type=tmpfs,target=/c/d/e touch /c/d/e/f; echo $i"; done)
FROM busybox
COPY --from=swapper /etc/passwd /a
COPY --from=mounter /etc/passwd /b
END
try

# What the link means is in the cache, even where the image has the same name
dockerfile << 'END'
FROM busybox
RUN --mount=type=cache,id=u,target=/s mkdir -p /s/etc/d && echo inside > /s/etc/passwd && ln -s /etc /s/sel && ln -s ../../../etc /s/etc/d/up
RUN --mount=type=cache,id=u,target=/c,source=sel --mount=type=cache,id=u,target=/d,source=etc/d/up cat /c/passwd /d/passwd > /seen
END
try
assert_equal "$status" 0
assert_equal "$(image_run image cat /seen)" $'inside\ninside'
