#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Extended attributes (tests/fs/xattrs.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic xattrs
