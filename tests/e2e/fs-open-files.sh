#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files whose names go while they are open, O_TMPFILE (tests/fs/open_files.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic open-files
