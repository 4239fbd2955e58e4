#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# POSIX ACLs (tests/fs/acl.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic acl
