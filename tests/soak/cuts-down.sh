#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1800
#
# What e2e/registry-faults does at a few places, at 500: downloads that are cut.
export BRYO_OFFSETS=${SOAK_OFFSETS:-500}
. "$BRYO_SOURCE/tests/e2e/registry-faults.sh"
