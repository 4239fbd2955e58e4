#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said when a RUN fails: the command, how it ended, its last output, and how to look inside.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"

base busybox
golden run 12
