#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a RUN finds besides its files: names, users, standard input.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
SHELL ["/bin/sh", "-ec"]
# RUN.1: SHELL; RUN.5: standard input is /dev/null, RUN.6: the host's name
RUN echo "flags $-"; readlink /proc/self/fd/0; hostname
# RUN.7: the builder's files, read-only, and not committed
RUN ! echo x 2> /dev/null >> /etc/hosts; ! rm /etc/hosts 2> /dev/null; ! ln -sf /x /etc/resolv.conf 2> /dev/null; grep -c buildkitsandbox /etc/hosts
# RUN.9: supplementary groups; RUN.11: HOME
USER app
RUN id; echo "home $HOME"
# RUN.10
USER 1001
RUN id; echo "home $HOME"
USER 4242
RUN id; echo "home $HOME"
USER app:video
RUN id
ENV HOME=/set
RUN echo "home $HOME"
# RUN.16
RUN --security=sandbox echo sandboxed
END
build
assert_matches "$said" 'flags [a-z]*e'
assert_contains "$said" /dev/null
assert_contains "$said" " buildkitsandbox"
assert_contains "$said" "uid=1000(app) gid=1000(app) groups=44(video),50(staff),1000(app)"
assert_contains "$said" "home /home/app"
assert_contains "$said" "uid=1001(guest) gid=100(users)"
assert_contains "$said" "uid=4242 gid=0(root)"
assert_contains "$said" "uid=1000(app) gid=44(video) groups=44(video)"
assert_contains "$said" "home /set"
assert_contains "$said" sandboxed
assert_equal "$(layer_names image)" "" "the entries above the base"

dockerfile << 'END'
FROM busybox
RUN hostname
END
# A7.4
build --build-arg BUILDKIT_SANDBOX_HOSTNAME=mossy
assert_contains "$said" " mossy"
