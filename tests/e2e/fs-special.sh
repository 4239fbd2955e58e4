#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FIFOs, sockets, inotify, statfs (tests/fs/special.c).
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic special
