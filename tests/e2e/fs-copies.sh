#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# copy_file_range (tests/fs/copies.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic copies
