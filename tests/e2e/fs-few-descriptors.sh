#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# 64 descriptors for all of bryo are enough for a build with more layers than that, each with a file of its own.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
{
        echo 'FROM busybox'
        for i in $(seq 80); do
                plant_file "context/file$i" "content $i"
                echo "COPY file$i /"
        done
        echo 'RUN cat /file* > /all && sha256sum /file* > /sums'
} | dockerfile
ulimit -n 64
build
assert_equal "$(image_run image sh -c 'wc -l < /sums; cat /file80; grep -c content /all')" $'80\ncontent 80\n80'
build
assert_contains "$said" CACHED
