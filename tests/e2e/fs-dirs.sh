#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Directories of several layers (tests/fs/dirs.c); whiteouts and opaque marks, which no view shows, are in the layers.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic dirs

names=$(layer_names image)
for user in 0 1000; do
        view=fs/$user/the-view-is-the-union
        for name in merged/.wh.removed merged/.wh.removed-live opaque/.wh..wh..opq opaque-live/.wh..wh..opq; do
                assert_contains "$names" "$view/$name"
        done
done
