#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files over 4 GiB (tests/fs/holes.c), in a stage that is part of no image: the tar of its layers would be as large.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

base busybox
mkdir -p context
cp "$probe" context/probe
{
        printf '%s\n' 'FROM busybox AS large' 'COPY probe /bin/probe' 'RUN mkdir -p /fs/0 /fs/1000 && chown app:app /fs/1000'
        runs below large
        runs live large
        runs sealed large
        printf 'RUN echo done > /done\nFROM scratch\nCOPY --from=large /done /done\n'
} | dockerfile
build
