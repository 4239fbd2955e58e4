#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Whole trees that move (tests/fs/trees.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic trees
