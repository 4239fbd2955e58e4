#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A static binary in FROM scratch: an image of the binary's size that runs, with nothing else in it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need gcc
base busybox
plant_file sleep.c '#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
  int delay = argc > 1 ? 0 : 3600;
  printf ("Sleeping for %d second(s)...\n", delay);
  fflush (stdout);
  sleep(delay);
  return 0;
}'
mkdir context
gcc -static -Os -s sleep.c -o context/sleep
dockerfile << 'END'
FROM busybox AS build
COPY sleep /sleep
RUN ["/bin/chmod", "0755", "/sleep"]

FROM scratch
COPY --from=build /sleep /sleep
CMD ["/sleep"]
END
build -t sleep:scratch
assert_equal "$(image_run sleep:scratch /sleep now)" "Sleeping for 0 second(s)..."
mapfile -t layers < <(image_layers sleep:scratch layers)
assert_equal "${#layers[@]}" 1 "the number of layers"
assert_equal "$(tar -tf "${layers[0]}")" sleep "the entries of the layer"
assert_less "$(stat -c %s "${layers[0]}")" "$(($(stat -c %s context/sleep) + 4096))" "the size of the layer"
assert_contains "$(output_of bryo image ls)" scratch

# No shell there: the cause is said, and which file was missing.
assert_fails 127 "/bin/sh" bryo run --rm sleep:scratch /bin/sh -c true
dockerfile << 'END'
FROM scratch
COPY sleep /sleep
RUN true
END
build_fails "/bin/sh"
assert_contains "$said" "Dockerfile:3"
