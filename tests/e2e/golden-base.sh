#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said about mistakes in base images that are not there, in the store and in a registry: see golden.bash.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

base busybox
registry private basic
private=$registry
registry reg
web=$registry
works bryo push busybox "$web/team/app:v1"
golden base 11 2
