#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 3600
#
# What unit/oci_layer_differential does with 400 odd tars, with 100,000: whatever our reader accepts, GNU tar and Python list alike.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
for seed in $(seq "${SOAK_TARS:-50}"); do
        works env srcdir="$BRYO_SOURCE" BRYO_TEST_ROUNDS=2000 BRYO_TEST_SEED="$((seed * 7919))" "$BRYO_BUILD/tests/unit/oci_layer_differential"
        lines_with 'tars were accepted' <(printf '%s\n' "$output")
done
