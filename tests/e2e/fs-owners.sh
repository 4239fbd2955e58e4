#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Owners and permissions (tests/fs/owners.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic owners
