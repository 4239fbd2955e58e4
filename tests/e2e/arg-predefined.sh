#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Arguments that exist without an ARG: the platforms' and the builder's own.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
image_config busybox '[.Os // .os, .Architecture // .architecture, .Variant // .variant // ""] | join(" ")' | tr -d '"' > platform
read -r os arch variant < platform || true
here=$os/$arch${variant:+/$variant}
names=(TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT TARGETOSVERSION BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT BUILDOSVERSION
        TARGETSTAGE)
# A6.1 A6.2 A6.3: in FROM nobody has to declare them
dockerfile << 'END'
ARG OK=$TARGETOS-$TARGETARCH-${TARGETVARIANT-unset}-$BUILDOS-$BUILDARCH-${BUILDVARIANT-unset}-${TARGETOSVERSION-unset}-${BUILDOSVERSION-unset}
FROM --platform=$TARGETPLATFORM busybox AS default
FROM --platform=$BUILDPLATFORM $TARGETSTAGE AS named
ARG OK
LABEL ok=$OK
END
build --build-arg TARGETSTAGE=default
assert_equal "$(image_config image .Config.Labels.ok)" "\"$os-$arch-$variant-$os-$arch-$variant--\""
build_fails 'the image named:latest'
build_fails 'the image named:latest' --target named
# A6.5 there too
build --target named --build-arg TARGETSTAGE=default --build-arg TARGETARCH=mine --build-arg BUILDOSVERSION=own
assert_equal "$(image_config image .Config.Labels.ok)" "\"$os-mine-$variant-$os-$arch-$variant--own\""
# A6.4
dockerfile << END
FROM busybox AS named
RUN env | grep -cE '^(TARGET|BUILD)' > /before || true
ARG ${names[*]}
RUN env | grep -E '^(TARGET|BUILD)' | sort > /behind
END
expected="0
BUILDARCH=$arch
BUILDOS=$os
BUILDOSVERSION=
BUILDPLATFORM=$here
BUILDVARIANT=$variant
TARGETARCH=$arch
TARGETOS=$os
TARGETOSVERSION=
TARGETPLATFORM=$here"
build
assert_equal "$(image_run image cat /before /behind)" "$expected
TARGETSTAGE=named
TARGETVARIANT=$variant"
build --target named
assert_equal "$(image_run image cat /before /behind)" "$expected
TARGETSTAGE=named
TARGETVARIANT=$variant"
# A6.5
given=()
for name in "${names[@]}"; do
        given+=(--build-arg "$name=my-$name")
done
build "${given[@]}"
assert_lacks "$said" "is not used"
assert_equal "$(image_run image cat /before /behind)" "0
$(printf '%s\n' "${names[@]}" | sort | sed 's/.*/&=my-&/')"

# A7.6: known, and told that nothing comes of them
printf 'FROM busybox\nRUN true\n' | dockerfile
build
id=$(image_id image)
for name in INLINE_CACHE MULTI_PLATFORM BUILD_NAME SBOM_SCAN_CONTEXT SBOM_SCAN_STAGE; do
        build --build-arg "BUILDKIT_$name=1"
        assert_equal "$(image_id image)" "$id"
        assert_equal "$(grep -c "BUILDKIT_$name" <<< "$errors")" 1
        assert_contains "$errors" "the build argument BUILDKIT_$name changes nothing: bryo "
done
build --build-arg BUILDKIT_INLINE_CASH=1
assert_contains "$errors" "the build argument BUILDKIT_INLINE_CASH is not used"
# A7.1
printf '# syntax=example.com/foreign:1\nFROM busybox\n' | dockerfile
build_fails 'Dockerfile:1:'
build --build-arg BUILDKIT_SYNTAX=dockerfile.v0
assert_equal "$(grep -c BUILDKIT_SYNTAX <<< "$errors")" 0
printf 'FROM busybox\n' | dockerfile
build_fails 'never runs a foreign frontend' --build-arg BUILDKIT_SYNTAX=example.com/foreign:1
