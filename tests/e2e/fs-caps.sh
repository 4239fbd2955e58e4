#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.11: Programs that raise their rights (tests/fs/caps.c); the layers carry what lets them.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic caps

listing=$(for layer in $(image_layers image layers); do
        tar --xattrs --xattrs-include='*' --numeric-owner -tvvf "$layer"
done)
assert_matches "$listing" "-rwsr-xr-x +0/0 .* fs/0/setuid-programs/upper-root"
assert_matches "$listing" "-rwsr-sr-x +1001/50 +.* fs/0/setuid-programs/lower-guest"
for program in program upper; do
        assert_contains "$(grep -A1 "fs/0/setcap-for-the-next-run/$program\$" <<< "$listing")" "x: 20 security.capability"
done
assert_contains "$(grep -A1 'fs/0/capability-revisions/v3$' <<< "$listing")" "x: 24 security.capability"
