#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# Long directories while names come and go (tests/fs/listing.c). Not a second time over layers from tars: that would be
# 100,000 files more.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_base listing
fs_live listing
fs_reloaded listing
