#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1800
#
# A million files made in one step, below 500 MiB.
export BRYO_FILES=1000000
. "$BRYO_SOURCE/tests/e2e/fs-memory.sh"
