#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 7200
#
# Bugs that are planted, one after the other, are each noticed by the test that is to notice it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
need make autoreconf
works python3 "$BRYO_SOURCE/tests/mutations/run" --build "$PWD/planted"
printf '%s\n' "$output"
