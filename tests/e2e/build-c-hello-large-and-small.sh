#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 900
#
# The seeds' C hello-world: compiled in a Debian stage that fetches its compiler with apt, copied into a second stage.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need mmdebstrap
base debian
plant_file context/hello.c '#include <stdio.h>

int main (void)
{
    printf ("Hello, world!\n");
    return 0;
}'

dockerfile << 'END'
FROM debian
RUN apt-get update && \
    apt-get install -y gcc libc6-dev
RUN mkdir /app
WORKDIR /app
COPY hello.c /app
RUN mkdir bin
RUN gcc -Wall hello.c -o bin/hello
CMD /app/bin/hello
END
build -t my-app-large
assert_equal "$(image_run my-app-large)" "Hello, world!"

dockerfile << 'END'
FROM debian AS build
RUN apt-get update && \
    apt-get install -y gcc libc6-dev
RUN mkdir /app
WORKDIR /app
COPY hello.c /app
RUN mkdir bin
RUN gcc -Wall hello.c -o bin/hello

FROM debian
COPY --from=build /app/bin/hello /app/hello
CMD /app/hello
END
build -t my-app-small
assert_lacks "$said" "Unpacking gcc"
assert_equal "$(image_run my-app-small)" "Hello, world!"

# Many times smaller: what the two images hold above their common base, in the bytes of the listing.
size_of() {
        bryo image ls --format json | jq -r "select((.Repository // .repository) == \"$1\") | .Size // .size"
}
bytes_of() {
        image_layers "$1" "$TMPDIR/layers" | tail -n +2 | xargs stat -c %s | awk '{ sum += $1 } END { print sum }'
}
assert_less "$(($(bytes_of my-app-small) * 100))" "$(bytes_of my-app-large)" "a hundred times the small image's own size"
assert_contains "$(output_of bryo image ls)" my-app-small
[ "$(size_of my-app-small)" != "$(size_of my-app-large)" ] || fail "image ls shows the same size for both"

# A stage that was never tagged is fully cached all the same.
build -t my-build-stage --target build
assert_lacks "$said" "Unpacking"
assert_equal "$(image_run my-build-stage /app/bin/hello)" "Hello, world!"

# apt drops its privileges to _apt and dpkg sets owners: nothing of that may have got lost.
assert_equal "$(image_run my-build-stage stat -c '%U:%G %a' /var/cache/apt/archives/partial)" "_apt:root 700"
assert_equal "$(image_run my-build-stage dpkg --audit)" ""
