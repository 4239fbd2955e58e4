#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# login over TLS: whom it trusts (WIRE.5), and that a registry without TLS never sees the password of one that has it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

export HOME=$PWD/user CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf REGISTRY_AUTH_FILE=$PWD/auth.json
unset XDG_CONFIG_HOME DOCKER_CONFIG DOCKER_AUTH_CONFIG
mkdir -p user certs
: > registries.conf
test_authority
registry site tls-basic

login() {
        bryo login -u alice --password-stdin "$@" "$registry" <<< 'open sesame'
}

assert_fails 1 "certificate" login
assert_fails 1 "certificate" login --tls-verify
[ ! -e auth.json ] || fail "a password for a server that is not trusted was kept"
registry_asked site > asked
assert_equal "$(cat asked)" "" "what the registry was asked"
cp ca.pem certs/ca.crt
works login --cert-dir certs
works login --tls-verify=false
works env SSL_CERT_FILE="$PWD/ca.pem" bryo login "$registry"
mkdir -p "$HOME/.config/containers/certs.d"
cp -r certs "$HOME/.config/containers/certs.d/$registry"
works login
works login --tls-verify
plant_file "$HOME/.config/containerd/certs.d/$registry/hosts.toml" 'server = "https://elsewhere.invalid"'
works login
assert_equal "$(grep -c "containerd/certs.d/$registry/hosts.toml is not read" <<< "$errors")" 1 "how often a file that is not read is told"
rm -r "$HOME/.config/containerd"
rm -r "$HOME/.config/containers"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" > registries.conf
works login
printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$registry" > registries.conf
assert_fails 1 "is blocked" login
: > registries.conf
works login --insecure-registry "$registry"
assert_fails 1 "--cert-dir nowhere is no directory" login --cert-dir nowhere
assert_fails 2 "--tls-verify=maybe" login --tls-verify=maybe

# Plain http: on loopback by itself, with --tls-verify never.
registry open basic
works login
assert_fails 1 "$registry" login --tls-verify

# A registry that wants a certificate of its clients.
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=a client" -keyout client.key -out client.csr 2> /dev/null
openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.cert 2> /dev/null
registry strict tls-basic "REGISTRY_HTTP_TLS_CLIENTCAS=[$PWD/ca.pem]"
assert_fails 1 "refuses the TLS connection" login --cert-dir certs
assert_contains "$errors" "does it want a client's certificate?"
cp client.key client.cert certs
works login --cert-dir certs
rm certs/client.key
assert_fails 1 "has no key: certs/client.key is missing" login --cert-dir certs
