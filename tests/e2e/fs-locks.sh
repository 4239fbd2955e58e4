#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Locks (tests/fs/locks.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic locks
