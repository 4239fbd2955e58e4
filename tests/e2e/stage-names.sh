#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a name or a number means in FROM, COPY --from and --target; what a base brings along.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
base busybox one
printf 'FROM busybox\nRUN echo image > /who\n' | dockerfile
build -t two
printf 'FROM scratch\nCOPY Dockerfile /\n' | dockerfile
build -t 0
# FROM.1 FROM.6 D10.1
dockerfile << 'END'
FROM busybox AS Build-1_x.y
RUN echo built > /who
FROM BUILD-1_X.Y
COPY --from=bUILD-1_x.Y /who /name
COPY --from=0 /who /index
END
build
assert_equal "$(image_run image cat /name /index)" $'built\nbuilt'
build --target bUiLd-1_X.y
assert_equal "$(image_run image cat /who)" built
# FROM.2 a name is an image in its own FROM and in front of it
dockerfile << 'END'
FROM two AS first
FROM two AS two
RUN echo stage > /who
FROM first
COPY --from=two /who /stage
FROM two
COPY --from=2 /who /first
COPY --from=2 /stage /stage
END
build
assert_equal "$(image_run image cat /who /first /stage)" $'stage\nimage\nstage'
# FROM.3
dockerfile << 'END'
FROM busybox AS x
RUN echo 1 > /who
FROM x AS mid
FROM busybox AS x
RUN echo 2 > /who
FROM x
COPY --from=mid /who /mid
END
build
assert_equal "$(image_run image cat /who /mid)" $'2\n1'
# FROM.4
dockerfile << 'END'
FROM busybox AS x
RUN echo 1 > /who
FROM busybox AS y
COPY --from=x /who /who
FROM busybox AS x
RUN echo 2 > /who
FROM busybox
COPY --from=x /who /who
END
build
assert_equal "$(image_run image cat /who)" 2
build_fails 'Dockerfile:4:6: stage "x" begins later, in line 5' --target y
# FROM.5
printf 'FROM busybox\nRUN echo stage > /who\nFROM 0\n' | dockerfile
build
assert_equal "$(image_layers image layers | wc -l)" 1
# An image's ID works, but only as much of it as docker prints: less is a name.
id=$(image_id busybox)
id=${id#sha256:}
printf 'FROM %s\n' "${id:0:12}" | dockerfile
build
printf 'FROM %s\n' "${id:0:6}" | dockerfile
build_fails "${id:0:6}:latest is not in the store"
# FROM.9 FROM.10 the default PATH, in the config as well
printf 'FROM scratch\nCOPY Dockerfile here\n' | dockerfile
build
assert_equal "$(image_config image '[.Config.Env, .Config.WorkingDir]')" \
        '[["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"/"]'
assert_equal "$(layer_names image; for layer in $(image_layers image layers); do tar -tf "$layer"; done)" here
# FROM.16
printf 'FROM scratch\nENTRYPOINT run it\n' | dockerfile
build --platform windows/amd64
assert_equal "$(image_config image '[.Config.Entrypoint, .Config.Env]')" '[["cmd","/S","/C","run it"],null]'
# FROM.17
assert_fails 2 'is not OS/ARCHITECTURE[/VARIANT]' bryo build --platform 'windows(10.0)/amd64' context
# FROM.11
printf 'FROM busybox:latest\nCOPY --from=two:latest /who /who\n' | dockerfile
build
# FROM.12 a digest decides, whatever the tag
id=$(image_id two)
printf 'FROM two:nonsense@%s\n' "$id" | dockerfile
build
assert_equal "$(image_run image cat /who)" image
