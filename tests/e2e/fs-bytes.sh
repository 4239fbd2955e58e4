#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Bytes of several layers (tests/fs/bytes.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic bytes
