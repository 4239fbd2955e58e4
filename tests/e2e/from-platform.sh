#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FROM --platform: what the image must be, what scratch becomes, and what a wrong one says.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
# FROM.13 this machine's platform, by the automatic arguments and by an alias
dockerfile << 'END'
ARG HERE=$BUILDPLATFORM
FROM --platform=$HERE busybox AS a
FROM --platform=${TARGETPLATFORM:-none} busybox AS b
COPY --from=a /etc/passwd /a
FROM --platform=linux/s390x b
END
build
assert_lacks "$(image_config image '.architecture // .Architecture')" s390x
# FROM.14 scratch takes the platform, and the image says so
printf 'FROM --platform=linux/arm/v7 scratch\nCOPY Dockerfile /\n' | dockerfile
build -t foreign
assert_equal "$(image_config foreign '[.os // .Os, .architecture // .Architecture, .variant // .Variant]')" '["linux","arm","v7"]'
# FROM.13 an image for another platform can be copied from and built upon when it is asked for
printf 'FROM --platform=linux/arm/v7 foreign\nCOPY Dockerfile /second\n' | dockerfile
build
assert_equal "$(image_config image '.architecture // .Architecture')" '"arm"'
# FROM.13 an image that is for another platform than asked is refused, with both
printf 'FROM --platform=linux/s390x foreign\n' | dockerfile
build_fails "Dockerfile:1:29: the image foreign:latest of the store is for linux/arm/v7, not for linux/s390x"
# FROM.15 what is no platform is refused
printf 'FROM --platform=no/such/thing/at/all busybox\n' | dockerfile
build_fails "Dockerfile:1:6"
printf 'FROM --platform=$NOTHING busybox\n' | dockerfile
build_fails "Dockerfile:1:6"
