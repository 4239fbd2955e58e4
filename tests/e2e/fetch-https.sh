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
# certs.d trusts somebody at one host, for git too; nobody there is trusted elsewhere.
need git
git init -q -b main work
git -C work -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
git clone -q --bare work web/git/repo.git
certs=${XDG_CONFIG_HOME:-$HOME/.config}/containers/certs.d/localhost:$port
printf 'FROM busybox\nADD %s/git/repo.git#main /g\n' "$web" | dockerfile
build_fails "certificate"
mkdir -p "$certs"
cp ca.pem "$certs/ca.crt"
build
printf 'FROM busybox\nADD %s/bare/f /f\n' "$web" | dockerfile
build --no-cache
assert_equal "$(image_run image cat /f)" content
printf 'FROM busybox\nADD https://127.0.0.1:%s/bare/f /f\n' "$port" | dockerfile
build_fails "the certificate of 127.0.0.1 is not trusted"
printf 'FROM busybox\nADD %s/redirect?to=https://127.0.0.1:%s/bare/f /f\n' "$web" "$port" | dockerfile
build_fails "the certificate of 127.0.0.1 is not trusted"
rm -r "$certs"
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
