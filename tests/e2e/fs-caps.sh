#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs that raise their rights (tests/fs/caps.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic caps
