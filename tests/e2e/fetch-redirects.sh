#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Where redirects may lead (C11.7, C11.8), and what they take along (C11.9). Every host name goes to a server on loopback, as its proxy: no packet
# leaves this machine.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
serve web
web=http://127.0.0.1:$port
printf 'content\n' > web/files/f

# fetch URL: builds an image with its bytes as /f.
fetch() {
        dockerfile <<< $'FROM busybox\n'"ADD $1 /f"
        build
}

fetch_fails() {
        dockerfile <<< $'FROM busybox\n'"ADD $2 /f"
        build_fails "$1"
}

for code in 301 302 303 307 308; do
        fetch "$web/redirect?code=$code&to=/bare/f"
done
assert_equal "$(image_run image cat /f)" content
fetch "$web/hops/10"
fetch_fails "more than 10 redirects" "$web/hops/11"
for target in file:///etc/passwd gopher://127.0.0.1/ ftp://127.0.0.1/x dict://127.0.0.1/x scp://127.0.0.1/x; do
        fetch_fails "only http and https are fetched" "$web/redirect?to=$target"
done
fetch_fails "is not a URL" "$web/redirect?to=http://a%2520b/"
# 304 without a question is no content.
fetch_fails "the server answered 304" "$web/status/304"
fetch_fails "the server answered 300" "$web/status/300"

# A redirect from another host never reaches this machine or its link, by whatever name.
export http_proxy=$web no_proxy=.localhost
fetch "http://far.example/redirect?to=http://other.example/bare/f"
fetch "http://far.example/redirect?to=http://10.1.2.3/bare/f"
for host in 127.0.0.1:$port 127.1:$port 0.0.0.0:$port '[::1]' '[::ffff:127.0.0.1]' 169.254.169.254 '[fe80::1]' localhost x.localhost; do
        fetch_fails "an address of this machine or its link: refused" "http://far.example/redirect?to=http://$host/bare/f"
done
unset http_proxy no_proxy
# One that began here may stay here.
fetch "$web/redirect?to=http://localhost:$port/bare/f"

# The user's netrc, cookies, Referer and the URL's password stay with nobody, or where they belong.
cat > "$HOME/.netrc" << END
machine 127.0.0.1 login netrc password leak
machine localhost login netrc password leak
END
chmod 600 "$HOME/.netrc"
serve other
other=http://localhost:$port
printf 'content\n' > other/files/f
asked web > /dev/null
fetch "http://user:pass@${web#http://}/redirect?to=$web/redirect?to=$other/bare/f"
mine=$(asked web)
theirs=$(asked other)
assert_contains "$mine" "/redirect?to=$web/redirect?to=$other/bare/f Host=${web#http://} Authorization=Basic $(printf user:pass | base64)"
assert_equal "$(grep -c Authorization= <<< "$mine")" 2
assert_contains "$theirs" "GET /bare/f Host=localhost"
for header in Authorization Cookie Referer; do
        assert_lacks "$theirs" "$header="
done
assert_lacks "$mine" Cookie=
assert_lacks "$mine" "$(printf netrc:leak | base64)"
fetch "$web/bare/f"
assert_lacks "$(asked web)" Authorization

# Two users of one host never share a connection.
cat > context/Dockerfile << END
FROM busybox
ADD http://ann:a@${web#http://}/bare/f /a
ADD http://bob:b@${web#http://}/bare/f /b
ADD http://ann:a@${web#http://}/file/f /c
END
build --no-cache
ports=$(asked web | sed 's/.*port=//' | sort -u | wc -l)
assert_equal "$ports" 3 "the number of connections"
