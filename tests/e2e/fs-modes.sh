#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.11: Mode bits, and what clears them (tests/fs/modes.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic modes
