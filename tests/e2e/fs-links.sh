#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Hard links and link counts (tests/fs/links.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic links
