#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The flags about registries, wherever they are taken: credentials, certificates, mirrors, insecure registries, retries.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq
unset BRYO_PULL
base busybox
works bryo save -o image.tar busybox
test_authority
registry secret tls-basic
secret=$registry
registry plain
plain=$registry
works skopeo --insecure-policy copy -q --dest-tls-verify=false oci-archive:image.tar "docker://$plain/library/busybox:1"
works bryo rmi busybox

# --creds and --cert-dir; --authfile
mkdir certs
cp ca.pem certs/ca.crt
printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$secret" "$(printf 'alice:open sesame' | base64)" > auth.json
works bryo pull -q "$plain/library/busybox:1"
works bryo tag "$plain/library/busybox:1" "$secret/busybox:1"
assert_fails 1 "$secret" bryo push "$secret/busybox:1"
assert_fails 1 "$secret" bryo push --cert-dir certs "$secret/busybox:1"
works bryo push --cert-dir certs --creds 'alice:open sesame' "$secret/busybox:1"
works bryo --root two pull --cert-dir certs --authfile auth.json "$secret/busybox:1"
works bryo --root three pull --tls-verify=false --authfile auth.json "$secret/busybox:1"
assert_fails 1 "" bryo --root four pull --tls-verify=true --authfile auth.json "$secret/busybox:1"
printf 'FROM %s/busybox:1\n' "$secret" > Dockerfile
works bryo --root five build --cert-dir certs --creds 'alice:open sesame' --tls-verify=true -t x .
works bryo --root six build --cert-dir certs --authfile auth.json -t x .
works bryo --root seven run --cert-dir certs --authfile auth.json "$secret/busybox:1" true

# registry.insecure=true of a cache is --insecure-registry for its registry.
printf 'FROM %s/library/busybox:1\nRUN true\n' "$plain" > Dockerfile
cache=(--authfile auth.json -t x .)
assert_fails 1 "--cache-to $secret" bryo --root eight build --cache-to "type=registry,ref=$secret/cache:1,ignore-error=false" "${cache[@]}"
works bryo --root eight build --cache-to "type=registry,ref=$secret/cache:1,ignore-error=false,registry.insecure=true" "${cache[@]}"
works bryo --root nine build --progress=plain --cache-from "type=registry,ref=$secret/cache:1,ignore-error=false,registry.insecure=true" "${cache[@]}"
assert_contains "$errors" CACHED

# --registry-mirror stands before docker.io, --insecure-registry lets it be asked by http.
printf 'FROM busybox:1\n' > Dockerfile
works bryo --root mirrored build --registry-mirror "http://$plain" -t x .
works bryo --root mirrored inspect docker.io/library/busybox:1
works bryo --root insecure build --registry-mirror "$plain" --insecure-registry "$plain" --retry 2 --retry-delay 10ms -t x .

# A mirror of another registry; a certificate for one registry alone; one that is shown to a registry which does not ask for it.
printf 'FROM elsewhere.invalid/busybox:1\n' > Dockerfile
works bryo --root named build --registry-mirror "elsewhere.invalid=$plain/library" -t x .
works bryo --root named pull -q --registry-mirror "elsewhere.invalid=$plain/library" elsewhere.invalid/busybox:1
printf 'FROM %s/busybox:1\n' "$secret" > Dockerfile
authority=(--authfile auth.json --registry-certificate "$secret=$PWD/ca.pem")
works bryo --root trusting build "${authority[@]}" --registry-client-cert "$secret=$PWD/server.pem,$PWD/server.key" -t x .
assert_fails 1 "absent.key" bryo --root showing build "${authority[@]}" --registry-client-cert "$secret=$PWD/server.key,$PWD/absent.key" -t x .

# Names as podman and skopeo write them; what is no registry there is not taken for an image of Docker Hub.
works bryo --root named pull -q "docker://$plain/library/busybox:1"
works bryo --root named inspect --remote "docker://$plain/library/busybox:1"
assert_contains "$output" '"Architecture"'
assert_fails 2 "names no registry: write bryo load -i PATH" bryo pull oci-archive:image.tar
for name in oci-archive:image.tar docker-archive:image.tar oci:layout:1 dir:image containers-storage:x; do
        assert_fails 2 "names no registry: write bryo save -o PATH IMAGE" bryo --root named push "$plain/library/busybox:1" "$name"
done

# What is wrong in them.
for line in '--retry 0|give a number from 1' '--retry many|give a number' '--retry-delay soon|give a time' '--tls-verify=perhaps|say true or false'; do
        # shellcheck disable=SC2086
        assert_fails 2 "${line#*|}" bryo pull ${line%|*} x
done

# A proxy that is not there is told, not blamed on the registry; its password is nobody's business.
# shellcheck disable=SC2016
assert_fails 1 'cannot connect to registry.invalid port 443, for which $https_proxy names the proxy 127.0.0.1:9' \
        env -u no_proxy -u NO_PROXY https_proxy=http://me:secret@127.0.0.1:9 bryo --root proxied pull --retry 1 registry.invalid/x
assert_lacks "$errors" secret
# shellcheck disable=SC2016
assert_fails 1 'for which $https_proxy names the proxy proxy.invalid:3128: the host of the proxy is not known' \
        env -u no_proxy -u NO_PROXY https_proxy=http://proxy.invalid:3128 bryo --root proxied pull --retry 1 registry.invalid/x
