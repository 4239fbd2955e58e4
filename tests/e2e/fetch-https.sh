#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# https: whom bryo trusts, and that nothing leads back to http (C11.7). The client is loaded by the one process that needs it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
test_authority
serve plain
plain=http://localhost:$port
serve web server.pem server.key
web=https://localhost:$port
for server in plain web; do
        printf 'content\n' > $server/files/f
done

dockerfile <<< $'FROM busybox\n'"ADD $web/bare/f /f"
build_fails "the certificate of localhost is not trusted"
for variable in SSL_CERT_FILE CURL_CA_BUNDLE; do
        export $variable=$PWD/ca.pem
        build --no-cache
        assert_equal "$(image_run image cat /f)" content
        unset $variable
done
export SSL_CERT_FILE=$PWD/ca.pem
dockerfile <<< $'FROM busybox\n'"ADD $web/redirect?to=$plain/bare/f /f"
build_fails "the server redirects from https to $plain/bare/f"
dockerfile <<< $'FROM busybox\n'"ADD $plain/redirect?to=$web/bare/f /f"
build
# The name in the certificate is what counts, not the authority alone.
dockerfile <<< $'FROM busybox\n'"ADD https://127.0.0.2:$port/bare/f /f"
build_fails "127.0.0.2"

# Under sanitizers neither strace nor another library path works.
[ -z "$BRYO_SANITIZED" ] || exit 0

# A build of local files starts no such process and loads no libcurl.
need strace
dockerfile <<< $'FROM busybox\nCOPY Dockerfile /f'
works strace -f -e trace=execve,openat -o trace "$BRYO" build context
assert_lacks "$(cat trace)" fetch-child
assert_lacks "$(cat trace)" libcurl
dockerfile <<< $'FROM busybox\n'"ADD $web/bare/f /g"
works strace -f -e trace=execve,openat -o trace "$BRYO" build context
assert_contains "$(cat trace)" libcurl

# One clear sentence where there is no libcurl.
mkdir empty
printf 'no library\n' | tee empty/libcurl.so.4 > empty/libcurl-gnutls.so.4
LD_LIBRARY_PATH=$PWD/empty build_fails "URLs need libcurl, which cannot be loaded (Debian: libcurl4, Fedora: libcurl)"
