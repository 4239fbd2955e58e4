#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LAYER.8: D2.1: a hard link to a file of a lower layer is in the layer, with both names, and peers unpack it as one file.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf 'FROM busybox\nRUN mkdir /d && echo x > /d/first\nRUN ln /d/first /second\n' | dockerfile
build
layer=$(image_layers image layers | tail -n1)
assert_equal "$(tar -tf "$layer" | grep -v '/$' | sort)" $'d/first\nsecond'
mkdir unpacked
tar -C unpacked -xf "$layer"
assert_equal "$(stat -c %h unpacked/d/first)" 2
assert_equal "$(cat unpacked/second)" x
assert_equal "$(image_run image stat -c %h /d/first /second)" $'2\n2'
