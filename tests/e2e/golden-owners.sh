#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said about mistakes in --chown and --chmod: see golden.bash.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"

base busybox
golden owners 10
