#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Holes, fallocate, far offsets (tests/fs/holes.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic holes
