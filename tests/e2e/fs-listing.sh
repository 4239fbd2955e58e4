#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Long directories while names come and go (tests/fs/listing.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic listing
