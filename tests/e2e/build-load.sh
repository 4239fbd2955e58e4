#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build --load: the image goes to what listens on docker's socket, and to podman's own service; without one a line says how.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need python3 jq
base busybox
dockerfile << 'END'
FROM busybox
RUN echo a > /a
END

# A docker that writes down what it gets, and answers as the file says.
cat > docker.py << 'END'
import http.server, os, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self): return "-"
    def do_POST(self):
        open("asked", "a").write(f"{self.path}\n")
        open("got.tar", "wb").write(self.rfile.read(int(self.headers["Content-Length"])))
        status, _, body = open("answer").read().partition(" ")
        self.send_response(int(status)); self.end_headers(); self.wfile.write(body.encode())
class Server(socketserver.UnixStreamServer):
    def get_request(self): return super().get_request()[0], ("-", 0)
server = Server("socket.new", Handler)
os.rename("socket.new", "socket")
server.serve_forever()
END
echo '200 {"stream":"Loaded image: app"}' > answer
python3 docker.py 2> docker.errors &
servers+=($!)
until [ -S socket ]; do
        sleep 0.02
done
export DOCKER_HOST=unix://$PWD/socket
works bryo build --load -t app:1 -t app:2 --iidfile id context
assert_contains "$errors" "loaded into $PWD/socket"
assert_equal "$(cat asked)" "/v1.24/images/load?quiet=1"
assert_equal "$(tar -xOf got.tar manifest.json | jq -c '.[0].RepoTags')" '["app:1","app:2"]'
assert_equal "$(tar -xOf got.tar "$(tar -xOf got.tar manifest.json | jq -r '.[0].Config')" | sha256sum | cut -d' ' -f1)" "$(cut -c8- id)"

# What it refuses fails the build; the image is in bryo's store all the same.
echo '200 {"errorDetail":{"message":"no space"},"error":"no space"}' > answer
assert_fails 1 "no space" bryo build --load -t refused context
echo '500 {"message":"broken"}' > answer
assert_fails 1 "it answers 500" bryo build --load -t refused context
assert_contains "$(bryo images)" refused
# One that hangs up in the middle is an error, too, and not the end by a signal.
python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.bind("rude"); s.listen(1)
c, _ = s.accept(); c.recv(100); c.close(); s.close()' &
servers+=($!)
until [ -S rude ]; do
        sleep 0.02
done
DOCKER_HOST=unix://$PWD/rude assert_fails 1 "cannot load the image into $PWD/rude" bryo build --load -t x context
DOCKER_HOST=unix://$PWD/nowhere assert_fails 1 "cannot connect to $PWD/nowhere" bryo build --load -t x context
DOCKER_HOST=tcp://127.0.0.1:1 assert_fails 1 "only a socket of this machine" bryo build --load -t x context

# Nobody listens.
unset DOCKER_HOST
if ! [ -S /var/run/docker.sock ] && ! [ -S /run/podman/podman.sock ]; then
        works bryo build --load -t app:1 context
        assert_contains "$errors" "bryo save --format docker-archive app:1 | docker load"
fi
