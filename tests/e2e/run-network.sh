#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN.12, RUN.13, RUN.18, D8.1 (--network): none is an empty network in which only lo is up, host and default are the host's; the mode is in the key.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN --network=none ip -o link | wc -l > /none; ip -o link | grep -c LOOPBACK,UP >> /none; ls /sys/class/net >> /none; ls /sys/firmware >> /none
RUN --network=host ip -o link > /host
RUN --network=default ip -o link > /default
END
build
assert_equal "$(image_run image cat /none)" $'1\n1\nlo'
assert_equal "$(image_run image cat /host)" "$(image_run image cat /default)"

dockerfile << 'END'
FROM busybox
RUN ip -o link | wc -l > /n
END
build
dockerfile << 'END'
FROM busybox
RUN --network=none ip -o link | wc -l > /n
END
build
assert_equal "$(image_run image cat /n)" 1 "links with --network=none after a build without it"

# With the host's network for the whole build one command is still without: what listens on the host is reached by the one, not by the other.
serve web
plant_file web/files/here here
dockerfile << END
FROM busybox
RUN wget -qO /got http://127.0.0.1:$port/file/here
RUN --network=none ! wget -qO /not http://127.0.0.1:$port/file/here 2> /dev/null
END
build --network=host --allow network.host
assert_equal "$(image_run image cat /got)" here
