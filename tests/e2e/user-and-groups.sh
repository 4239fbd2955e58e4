#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# USER by name and by number, its primary and supplementary groups from the image's own files.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN id > /seen && chmod 666 /seen
USER app
RUN id >> /seen
USER 1001
RUN id >> /seen
USER app:video
RUN id >> /seen
USER 4242
RUN id >> /seen
USER 4242:4243
RUN id >> /seen
ARG who=guest
USER $who
RUN id >> /seen
USER root
RUN id >> /seen
USER app
CMD id
END
build
# USER.2
assert_equal "$(image_run image cat /seen)" 'uid=0(root) gid=0(root) groups=0(root)
uid=1000(app) gid=1000(app) groups=44(video),50(staff),1000(app)
uid=1001(guest) gid=100(users) groups=44(video),100(users)
uid=1000(app) gid=44(video) groups=44(video)
uid=4242 gid=0(root) groups=0(root)
uid=4242 gid=4243 groups=4243
uid=1001(guest) gid=100(users) groups=44(video),100(users)
uid=0(root) gid=0(root) groups=0(root)'
assert_equal "$(image_run image)" 'uid=1000(app) gid=1000(app) groups=44(video),50(staff),1000(app)'
assert_equal "$(image_config image '(.Config // .config).User')" '"app"'

# A user that a RUN made is known to the next one.
dockerfile << 'END'
FROM busybox
RUN echo 'late:x:77:78::/:/bin/sh' >> /etc/passwd
USER late
RUN id > /tmp/seen
END
build
assert_contains "$(image_run image cat /tmp/seen)" 'uid=77(late) gid=78'

dockerfile << 'END'
FROM busybox
USER stranger
RUN id
END
build_fails "stranger"
assert_contains "$errors" "/etc/passwd"
assert_contains "$errors" "Dockerfile:"
