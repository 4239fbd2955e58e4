#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 3600
#
# What e2e/builds-beside-prune does for two rounds, for twenty.
export ROUNDS=${SOAK_ROUNDS:-20}
. "$BRYO_SOURCE/tests/e2e/builds-beside-prune.sh"
