#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --platform of a build: which base is taken, what the arguments say, what the result is for. Nothing here runs a program of
# another machine (emulated.sh does).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
# Files are files: any will do as another machine's base.
works bryo import --platform linux/arm64 "$(fixture busybox)" arm

# platform_of IMAGE: os/architecture/variant of its config.
platform_of() {
        image_config "$1" '[.Os, .Architecture, .Variant // ""] | join("/")' | tr -d '"'
}

dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS tools
ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM
RUN echo "$BUILDPLATFORM builds for $TARGETPLATFORM: $TARGETOS $TARGETARCH <$TARGETVARIANT>" > /made
FROM scratch
COPY --from=tools /made /
END
here=linux/$(image_config busybox .Architecture | tr -d '"')
build
assert_equal "$(platform_of image)" "$here/"
while read -r given platform words; do
        build --platform "$given" -t cross
        assert_equal "$(platform_of cross)" "$platform" "the platform of --platform $given"
        works bryo build --platform "$given" -o files context
        assert_equal "$(cat files/made)" "$here builds for $words"
done << 'END'
linux/arm64 linux/arm64/ linux/arm64: linux arm64 <>
linux/arm64/v8 linux/arm64/ linux/arm64: linux arm64 <>
aarch64 linux/arm64/ linux/arm64: linux arm64 <>
linux/arm linux/arm/v7 linux/arm/v7: linux arm <v7>
linux/arm/v6 linux/arm/v6 linux/arm/v6: linux arm <v6>
linux/amd64/v3 linux/amd64/v3 linux/amd64/v3: linux amd64 <v3>
darwin/arm64 darwin/arm64/ darwin/arm64: darwin arm64 <>
END

# Bases: the one for the platform, or none. A stage on another stage is what that one is.
dockerfile << 'END'
FROM arm AS base
COPY Dockerfile /
FROM base
ENV A=b
END
build --platform linux/arm64
assert_equal "$(platform_of image)" linux/arm64/
build_fails "the image arm:latest of the store is for linux/arm64, not for linux/s390x" --platform linux/s390x --pull=never
dockerfile <<< $'FROM busybox\nCOPY --from=arm /etc/passwd /'
build_fails "the image busybox:latest of the store is for $here, not for linux/arm64" --platform linux/arm64 --pull=never

# --platform of a build and of FROM: the latter wins, and named contexts know the former.
dockerfile <<< $'FROM --platform=$BUILDPLATFORM busybox\nCOPY --from=files /f /f'
mkdir arm-files other-files
echo arm > arm-files/f
echo other > other-files/f
works bryo build --platform linux/arm64 --build-context files::linux/arm64=arm-files --build-context files=other-files -o out context
assert_equal "$(cat out/f)" arm
works bryo build --build-context files::linux/arm64=arm-files --build-context files=other-files -o out context
assert_equal "$(cat out/f)" other
build --platform linux/arm64 --build-context files=other-files
assert_equal "$(platform_of image)" "$here/"
