#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said about mistakes in base images that are not there: see golden.bash.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"

base busybox
golden base 5 2
