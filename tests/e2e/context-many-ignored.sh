#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A context with 100,000 ignored files costs a listing: none of them is looked at. Neither is anything in a directory that is
# left out as a whole.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
mkdir -p context/logs context/out/deep
(cd context/logs && seq -f '%.0f.log' 100000 | xargs touch)
(cd context/out/deep && seq -f '%.0f.o' 100 | xargs touch)
echo kept > context/logs/kept
printf '**/*.log\nout\n' > context/.dockerignore
printf 'FROM scratch\nCOPY . /ctx\n' | dockerfile
works strace -f -qq -e trace=%file,%desc -o trace bryo build -t image context
assert_equal "$(grep -cE '"[^"]*(\.log|\.o)"' trace || true)" 0 "ignored files that were looked at"
assert_equal "$(grep -cE '"(out/)?deep"' trace || true)" 0 "looks into a directory that is left out"
assert_equal "$(image_layers image layers | head -n 1 | xargs tar -tf | sort | tr '\n' ' ')" 'ctx/ ctx/.dockerignore ctx/Dockerfile ctx/logs/ ctx/logs/kept '

began=$(date +%s%N)
works bryo build -t image context
took=$((($(date +%s%N) - began) / 1000000))
printf '# %s ms\n' "$took"
[ -n "$BRYO_SANITIZED" ] || assert_less "$took" 5000 "milliseconds of a build with 100,000 ignored files"
