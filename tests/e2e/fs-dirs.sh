#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Directories of several layers (tests/fs/dirs.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic dirs
