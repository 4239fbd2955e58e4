#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ignored files cost a listing, however many there are: none of them is looked at (bench/copy times 100,000). Neither is anything in a directory that is
# left out as a whole.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
mkdir -p context/logs context/out/deep
(cd context/logs && seq -f '%.0f.log' 20000 | xargs touch)
(cd context/out/deep && seq -f '%.0f.o' 100 | xargs touch)
echo kept > context/logs/kept
printf '**/*.log\nout\n' > context/.dockerignore
printf 'FROM scratch\nCOPY . /ctx\n' | dockerfile
works strace -f -qq -e trace=%file,%desc -o trace bryo build -t image context
assert_equal "$(grep -cE '"[^"]*(\.log|\.o)"' trace || true)" 0 "ignored files that were looked at"
assert_equal "$(grep -cE '"(out/)?deep"' trace || true)" 0 "looks into a directory that is left out"
assert_less "$(wc -l < trace)" 4000 "calls of a build with 20,000 ignored files"
assert_equal "$(image_layers image layers | head -n 1 | xargs tar -tf | sort | tr '\n' ' ')" 'ctx/ ctx/.dockerignore ctx/Dockerfile ctx/logs/ ctx/logs/kept '
