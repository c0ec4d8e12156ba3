#!/usr/bin/env python3
"""Records access.jsonl: a web server's log of concurrent clients, some of them slow.

A line is written when its request is done and carries the time at which it began, as in the logs
of most servers, so the lines are out of the order of their times."""

import json
import os
import random
import socket
import sys
import threading
import time
from datetime import datetime, timezone
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

CLIENTS = 6
PATHS = ["/Makefile", "/COPYING", "/src/main.c", "/src/cli/options.c", "/scripts/test", "/missing"]
PAUSE_S, SLOW_SHARE, SLOW_S = 3.5, 0.25, 2.0


class Handler(SimpleHTTPRequestHandler):
    """Serves files; logs start, client, status, size and duration at the end of a request."""

    def parse_request(self):
        self.started, self.status, self.size = time.time(), 0, 0
        return super().parse_request()

    def send_header(self, keyword, value):
        if keyword == "Content-Length":
            self.size = int(value)
        super().send_header(keyword, value)

    def log_request(self, code="-", size="-"):
        self.status = int(code)

    def log_message(self, format, *args):
        pass

    def finish(self):
        super().finish()
        took_ms = round((time.time() - self.started) * 1000, 3)
        began = datetime.fromtimestamp(self.started, timezone.utc)
        print(json.dumps({
            "ts": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "host": self.headers.get("X-Client"), "method": self.command, "path": self.path,
            "status": self.status, "bytes": self.size, "latency_ms": took_ms,
        }), flush=True)


def client(number, port, until):
    rng = random.Random(number)
    while time.time() < until:
        time.sleep(rng.expovariate(1 / PAUSE_S))
        with socket.create_connection(("127.0.0.1", port)) as s:
            path, method = rng.choice(PATHS), rng.choice(["GET", "GET", "GET", "HEAD"])
            s.sendall(f"{method} {path} HTTP/1.1\r\n".encode())
            if rng.random() < SLOW_SHARE:
                time.sleep(rng.expovariate(1 / SLOW_S))  # a slow client: its headers come late
            s.sendall(f"Host: localhost\r\nX-Client: client{number}\r\n\r\n".encode())
            while s.recv(65536):
                pass


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 240
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    clients = [threading.Thread(target=client, args=(n, server.server_port, time.time() + seconds))
               for n in range(1, CLIENTS + 1)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    server.server_close()  # waits for the requests under way


if __name__ == "__main__":
    main()
