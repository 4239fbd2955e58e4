# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy for tunnels only: proxy.py PORT FILE. Writes the host of each CONNECT to FILE."""
import socket
import socketserver
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        verb, target, _ = self.rfile.readline(65536).decode("latin-1").split(" ", 2)
        while self.rfile.readline(65536).strip():
            pass
        if verb != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 only tunnels\r\n\r\n")
            return
        host, port = target.rsplit(":", 1)
        with open(sys.argv[2], "a", encoding="ascii") as file:
            file.write(host + "\n")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=60) as remote:
            self.wfile.write(b"HTTP/1.1 200 tunnel\r\n\r\n")
            there = threading.Thread(target=pump, args=(self.connection, remote), daemon=True)
            there.start()
            pump(remote, self.connection)
            there.join(timeout=60)


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Proxy(("127.0.0.1", int(sys.argv[1])), Tunnel) as server:
    print("ready", flush=True)
    server.serve_forever()
