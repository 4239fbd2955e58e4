#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 3600
#
# What e2e/full-disk-sizes does at eight sizes of the store's disk, at fifty.
FULL_DISK_SIZES=$(seq -s ' ' 4 88 4400)
export FULL_DISK_SIZES
. "$BRYO_SOURCE/tests/e2e/full-disk-sizes.sh"
