#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Mappings and execution (tests/fs/maps.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic maps
