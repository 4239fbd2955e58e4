#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Names, link targets and paths (tests/fs/names.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic names
