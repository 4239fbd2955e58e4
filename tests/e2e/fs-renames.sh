#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# rename of everything over everything (tests/fs/renames.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic renames
