#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FORM.1: push says the digest that save says; one that was asked for annotations or Docker's types leaves nothing behind that
# the next one, unasked, would have.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq
base busybox
registry only
host=$registry
printf 'FROM busybox\nRUN echo x > /x\n' | dockerfile
build -t app
works bryo save --format oci-dir -o before app
usual=$(jq -r '.manifests[0].digest' before/index.json)
works bryo push --format docker app "$host/app:docker"
works bryo build -q -t "$host/app:noted" --push --annotation a=b context
works bryo push --digestfile digest app "$host/app:usual"
assert_equal "$(cat digest)" "$usual" "the digest of the usual push"
works bryo save --format oci-dir -o after app
assert_equal "$(jq -r '.manifests[0].digest' after/index.json)" "$usual" "the digest after special pushes"
works bryo push --compression zstd --digestfile zstd app "$host/app:zstd"
[ "$(cat zstd)" != "$usual" ] || fail "zstd is gzip"
works bryo push --digestfile digest app "$host/app:again"
assert_equal "$(cat digest)" "$usual" "the digest after a push with zstd"
