#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Inode numbers (tests/fs/identity.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic identity
