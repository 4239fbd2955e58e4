#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
#
# What e2e/push-streams does, with every fault.
export EVERY_FAULT=1
. "$BRYO_SOURCE/tests/e2e/push-streams.sh"
