#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said about contexts, named contexts and sources of ADD that cannot be had: see golden.bash.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need git
base busybox
serve web
web=http://127.0.0.1:$port
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='2020-01-02T03:04:05Z' GIT_COMMITTER_DATE='2020-01-02T03:04:05Z'
works git -c init.defaultBranch=main init -q work
printf 'FROM busybox\n' > work/Dockerfile
works git -C work add -A
works git -C work commit -qm one
works git clone -q --bare work web/git/repo.git
golden context 30
