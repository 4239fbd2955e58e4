#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Command lines as they stand in CI files, typed for docker, podman, buildah and kaniko's executor, and run by bryo under
# those names. Each must build the image that it names.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq
# What is pulled comes from here: a mirror of docker.io.
registry mirror
base busybox
works bryo push -q busybox "$registry/library/busybox"
export CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf
printf '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' "$registry" > registries.conf
printf '{"auths":{}}\n' > auth.json
mkdir -p bin app/src/deep
for name in docker podman buildah ch-image; do
        ln -s "$(command -v bryo)" "bin/$name"
done
printf '#!/bin/sh\nexec bryo kaniko "$@"\n' > bin/executor
chmod +x bin/executor
PATH=$PWD/bin:$PATH

cat > app/Dockerfile << 'END'
ARG BASE=busybox
FROM $BASE AS builder
ARG VERSION=none BUILD_DATE VCS_REF http_proxy
RUN echo "$VERSION" > /version
FROM builder AS production
LABEL org.opencontainers.image.revision=$VCS_REF
COPY src /src
CMD ["cat", "/version"]
END
cp app/Dockerfile app/src/deep/Dockerfile.prod
mkdir app/src/deep/src
plant_file app/src/file content
plant_file app/src/deep/src/file content
printf 'VERSION=1.2.3\n' > app/build.env
export CI_PROJECT_DIR=$PWD/app CI_COMMIT_SHA=4711 CI_COMMIT_SHORT_SHA=47 CI_REGISTRY_IMAGE=registry.example.com/group/app \
        GITHUB_SHA=4711 IMAGE=registry.example.com/group/app:ci

# lines: a directory below app, the image that must be there afterwards, the command line.
count=0
while IFS='|' read -r directory image line; do
        image=$(eval "echo $image")
        capture bash -c "cd 'app/$directory' && $line"
        [ "$status" -eq 0 ] || fail "exit status $status: $line" errors "$errors" output "$output"
        assert_equal "$(bryo run --rm "$image" cat /src/file)" content "the result of: $line"
        works bryo image rm "$image"
        count=$((count + 1))
done < "$BRYO_SOURCE/tests/e2e/build-command-lines.txt"
[ "$count" -ge 40 ] || fail "only $count command lines were run"

# What talks to a registry: each line does what it says there, with an image `app` at hand.
export REG=$registry
works docker build -q -t app app
while IFS= read -r line; do
        capture bash -c "cd app && set -o pipefail && $line"
        [ "$status" -eq 0 ] || fail "exit status $status: $line" errors "$errors" output "$output"
done < "$BRYO_SOURCE/tests/e2e/build-command-lines-pushed.txt"
for tag in app:1 app:2 other:2 app:3 app:4 app:both list:latest k:1 k:latest; do
        works bryo inspect --raw "$REG/ci/$tag"
done

# What cannot be done: the reason, in one line, and status 2.
while IFS='|' read -r reason line; do
        capture bash -c "cd app && $line"
        assert_equal "$status" 2 "exit status: $line"
        assert_contains "$errors" "$reason"
        assert_equal "$(wc -l <<< "$errors")" 1 "lines: $line"
done < "$BRYO_SOURCE/tests/e2e/build-command-lines-refused.txt"
