#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proxies: given without an ARG, in both cases, and in no key, history, config or log.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN [ "$http_proxy" = "$HTTP_PROXY" ] && [ "$NO_PROXY$no_proxy" = locallocal ] && echo ${#http_proxy} > /n && env | grep -ci proxy >> /n
END
# A5.1, A5.2
build --build-arg Http_Proxy=http://u:pw@1:1 --build-arg NO_PROXY=local
assert_equal "$(image_run image cat /n)" $'15\n4'
# A5.3
assert_lacks "$said" "pw@"
assert_lacks "$(image_config image .)" "pw@"
assert_lacks "$(output_of bryo history --no-trunc image)" "pw@"
# A5.4: another proxy is the same key ...
build --build-arg HTTP_PROXY=http://other --build-arg NO_PROXY=local
assert_contains "$said" CACHED
# ... unless declared
dockerfile << 'END'
FROM busybox
ARG HTTPS_PROXY
RUN echo "proxy $https_proxy $HTTPS_PROXY"
END
build --build-arg HTTPS_PROXY=a
build --build-arg HTTPS_PROXY=b
assert_contains "$said" "proxy b b"
assert_contains "$(output_of bryo history --no-trunc image)" "RUN |1 HTTPS_PROXY=b /bin/sh -c" # ARG.1

# A5.5: docker's configuration; a --build-arg wins.
mkdir docker
echo '{"auths": {}, "proxies": {"default": {"httpProxy": "http://conf", "noProxy": "n"}}}' > docker/config.json
export DOCKER_CONFIG=$PWD/docker
dockerfile << 'END'
FROM busybox
RUN echo "proxies $http_proxy $HTTP_PROXY $no_proxy"
END
build
assert_contains "$said" "proxies http://conf http://conf n"
build --no-cache --build-arg http_proxy=http://mine
assert_contains "$said" "proxies http://mine http://mine n"
unset DOCKER_CONFIG
HTTP_PROXY=http://env build --no-cache --http-proxy
assert_contains "$said" "proxies http://env http://env"
HTTP_PROXY=http://env build --no-cache --build-arg HTTP_PROXY
assert_contains "$said" "proxies http://env http://env"
