#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1800
#
# 10 GiB written and removed in one step, on a disk that has the room.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
[ "$(df --output=avail -BM . | tail -n 1 | tr -dc 0-9)" -gt 14000 ] || skip "this needs 14 GB of disk"
export BRYO_SPACE=10240 BRYO_SPACE_PAUSE=60 AWAIT_TRIES=20000
. "$BRYO_SOURCE/tests/e2e/fs-space.sh"
