#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
#
# Extended attributes, file capabilities and ACLs of a Debian, and its tools: what setcap and dpkg leave must stay.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need mmdebstrap python3
base debian
cp "$(command -v setfattr)" "$(command -v getfattr)" "$(command -v setfacl)" "$(command -v getfacl)" . 2> /dev/null || skip "attr or acl is missing"
mkdir -p context
cp setfattr getfattr setfacl getfacl "$(command -v setcap)" "$(command -v getcap)" context/
dockerfile << 'END'
FROM debian
COPY setfattr getfattr setfacl getfacl setcap getcap /usr/local/bin/
RUN mkdir /t && cp /bin/true /t/capable && setcap cap_net_raw+ep /t/capable && getcap /t/capable
RUN echo x > /t/attr && setfattr -n user.color -v green /t/attr && getfattr -n user.color --only-values /t/attr
RUN mkdir /t/acl && setfacl -m u:daemon:rwx,d:u:daemon:r-x /t/acl && touch /t/acl/child && getfacl /t/acl/child
RUN chown 12:12 /t/capable && test -z "$(getcap /t/capable)" && setcap cap_net_raw+ep /t/capable
END
build
assert_matches "$(image_run image getcap /t/capable)" 'cap_net_raw[=+]*ep'
assert_equal "$(image_run image getfattr -n user.color --only-values /t/attr)" green
assert_contains "$(image_run image getfacl -c /t/acl)" 'default:user:daemon:r-x'
assert_contains "$(image_run image getfacl -c /t/acl/child)" 'user:daemon:r-x'
# D1.1
for layer in $(image_layers image layers | tail -n +2); do
        tar --xattrs --xattrs-include='*' -tvvf "$layer" 2> /dev/null || true
done > listing
assert_contains "$(cat listing)" security.capability
assert_contains "$(cat listing)" user.color
