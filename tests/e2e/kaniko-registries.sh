#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What kaniko's command line says of registries: maps, mirrors and no fallback, certificates, tags that never move.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

unset BRYO_PULL
base busybox
registry empty
empty=$registry
registry full
full=$registry
test_authority
registry certain tls "REGISTRY_HTTP_TLS_CLIENTCAS=[$PWD/ca.pem]"
certain=$registry
works bryo push busybox "$full/mirrored/library/busybox:1"
# kaniko STORE OPTION...: builds the context and pushes nothing.
kaniko() {
        works bryo kaniko --root "$1" --context "$PWD/context" --no-push --push-retry 1 "${@:2}"
}

# A map is a mirror of any registry; several, and the registry itself, are asked in turn.
printf 'FROM old.invalid/library/busybox:1\n' | dockerfile
kaniko one --registry-map "other.invalid=$empty;old.invalid=$empty/nothing;old.invalid=$full/mirrored"
assert_contains "$errors" "mirror $empty: "
works bryo --root one inspect old.invalid/library/busybox:1
printf 'FROM old.invalid/library/deep/busybox:1\n' | dockerfile
kaniko one --registry-map "old.invalid/library/deep=$full/mirrored/library"
printf 'FROM busybox:1\n' | dockerfile
kaniko two --registry-map "index.docker.io=$full/mirrored"

# Without the fallback nobody else is asked: docker.io would be another error, after a long time.
works bryo push busybox "$full/hub/library/busybox:1"
kaniko three --registry-mirror "$empty" --registry-mirror "$full/hub" --skip-default-registry-fallback
assert_fails 1 "$empty" bryo kaniko --root four --context context --no-push --registry-mirror "$empty" --skip-default-registry-fallback --push-retry 1
assert_lacks "$errors" docker.io:
# What has no mirror is asked for where it is.
printf 'FROM %s/hub/library/busybox:1\n' "$full" | dockerfile
kaniko four --registry-mirror "$empty" --skip-default-registry-fallback

# The registry trusts those whom the authority of the test knows, and is signed by it.
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=builder" -keyout client.key -out client.csr 2> /dev/null
openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem 2> /dev/null
trust=(--registry-certificate "$certain=$PWD/ca.pem")
client=(--registry-client-cert "$certain=$PWD/client.pem,$PWD/client.key")
printf 'FROM scratch\nCOPY Dockerfile /\n' | dockerfile
push() {
        bryo kaniko --context context --destination "$certain/app:1" --push-retry 1 "$@"
}
assert_fails 1 "$certain" push "${client[@]}"
assert_fails 1 "$certain" push "${trust[@]}"
assert_fails 1 "$certain" push --registry-certificate "other=$PWD/ca.pem" "${client[@]}"
works push "${trust[@]}" "${client[@]}"
assert_fails 1 "write HOST=FILE" push --registry-certificate ca.pem
assert_fails 1 "write HOST=CERTIFICATE,KEY" push --registry-client-cert "$certain=client.pem"
assert_fails 1 "does not exist" push --registry-certificate "$certain=absent.pem"

# A tag that never moves.
fault fixed "$full"
echo '{"errors":[{"code":"TAG_INVALID","message":"The image tag exists and cannot be overwritten because the repository is immutable."}]}' > immutable
rules fixed "PUT /manifests/1\$ refuse 400 $PWD/immutable"
assert_fails 1 "TAG_INVALID" bryo kaniko --context context --destination "$proxy/app:1"
works bryo kaniko --context context --destination "$proxy/app:1" --destination "$proxy/app:2" --push-ignore-immutable-tag-errors
assert_contains "$errors" "$proxy/app:1 stays what it is"
works bryo build --platform linux/amd64,linux/arm64 --push -t "$proxy/app:1" --push-ignore-immutable-tag-errors context
rules fixed "PUT /manifests/ status 400"
assert_fails 1 "as told" bryo kaniko --context context --destination "$proxy/app:3" --push-ignore-immutable-tag-errors
