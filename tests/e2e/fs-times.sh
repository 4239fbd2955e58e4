#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Times (tests/fs/times.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic times
