#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# CMD, ENTRYPOINT, EXPOSE, LABEL, VOLUME, SHELL, STOPSIGNAL and what `bryo inspect` says of them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

config() {
        image_config "${2:-image}" "(.Config // .config).$1"
}

base busybox
dockerfile << 'END'
FROM busybox
LABEL one=1 "two words"="a b" multi="line \
continued"
LABEL one=changed
EXPOSE 80 443/tcp 53/UDP 8000-8002
VOLUME /data /more
VOLUME ["/with blank"]
STOPSIGNAL SIGUSR1
ENV KEY=value
CMD echo "$KEY"
END
build --label flag=yes --label one=flag
assert_equal "$(config Labels)" '{"flag":"yes","multi":"line continued","one":"flag","two words":"a b"}'
assert_equal "$(config ExposedPorts)" '{"443/tcp":{},"53/udp":{},"80/tcp":{},"8000/tcp":{},"8001/tcp":{},"8002/tcp":{}}'
assert_equal "$(config Volumes)" '{"/data":{},"/more":{},"/with blank":{}}'
assert_equal "$(config StopSignal)" '"SIGUSR1"'
assert_equal "$(config Cmd)" '["/bin/sh","-c","echo \"$KEY\""]'
assert_equal "$(image_run image)" value

# None of these makes a layer.
assert_equal "$(image_layers image layers | wc -l)" 1 "the number of layers"

dockerfile << 'END'
FROM busybox AS parent
CMD ["parent"]
SHELL ["/bin/sh", "-e", "-c"]
RUN false; true || true
END
build_fails "Dockerfile:4"

dockerfile << 'END'
FROM busybox AS parent
CMD ["parent"]
SHELL ["/bin/busybox", "sh", "-c"]
RUN echo shell > /shell
FROM parent
ENTRYPOINT ["echo", "entry"]
END
build
# An ENTRYPOINT clears the CMD it did not see in its own stage.
assert_equal "$(config Cmd)" null
assert_equal "$(config Entrypoint)" '["echo","entry"]'
assert_equal "$(config Shell)" '["/bin/busybox","sh","-c"]'
assert_equal "$(image_run image more words)" "entry more words"
assert_equal "$(image_run image)" entry

dockerfile << 'END'
FROM busybox
ENTRYPOINT ["echo"]
CMD ['not', "json"]
CMD ["json", "too"]
END
build
assert_equal "$(image_run image)" "json too"
dockerfile << 'END'
FROM busybox
CMD ['single', 'quotes']
END
build
assert_equal "$(config Cmd)" "[\"/bin/sh\",\"-c\",\"['single', 'quotes']\"]"

# Changes below a VOLUME are kept.
dockerfile << 'END'
FROM busybox
VOLUME /data
RUN mkdir -p /data && echo kept > /data/f
END
build
assert_equal "$(image_run image cat /data/f)" kept

for line in 'EXPOSE 99999' 'EXPOSE 80/icmp' 'STOPSIGNAL SIGNOTHING' 'LABEL' 'ENV a' 'SHELL not json' 'VOLUME'; do
        printf 'FROM busybox\n%s\n' "$line" | dockerfile
        build_fails "Dockerfile:2"
done
