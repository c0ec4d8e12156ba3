#!/usr/bin/env python3
"""A real nginx, logging each request as JSON and as a combined line; logrotate(8) rotates both logs,
by numbers with compression and by dates; winagg --follow --state reads each and is killed at random
meanwhile. The rows must be, byte for byte, those of a quiet run over all lines of all generations."""

import glob
import gzip
import http.client
import os
import random
import signal
import threading
import time

from support import WINAGG, Lab, answers, free_port, inspect, need, run, wait_for, winagg

ROTATIONS = 12
CONFIG = r"""
daemon off; worker_processes 2; pid {0}/nginx.pid; error_log {0}/error.log; {user}
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
    uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
    log_format lines escape=json '{{"ts":"$msec","path":"$uri","status":$status,'
        '"bytes":$body_bytes_sent,"agent":"$http_user_agent"}}';
    access_log {0}/log/access.jsonl lines;
    access_log {0}/log/access.log combined;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "here it is\n"; }}
        location /missing {{ return 404; }}
        location /broken {{ return 500; }}
    }}
}}
"""
# Number and compress, but not the last one, which nginx may still write to; the other by the second.
ROTATION = """
{0}/log/access.jsonl {{
    rotate 100
    create
    compress
    delaycompress
    postrotate
        kill -USR1 {pid}
    endscript
}}
{0}/log/access.log {{
    rotate 100
    nocreate
    dateext
    dateformat -%Y%m%d-%s
    postrotate
        kill -USR1 {pid}
    endscript
}}
"""
PATHS = ["/", "/a/b?c=d", "/missing", "/broken", "/with%22quote", "/back%5Cslash", "/%ff%00%fe",
         "/%C3%BC", "/tab%09"]
AGENTS = ["curl/8", 'says "hello"', "back\\slash", "", "caf\xe9", "a\tb"]


class Followed:
    """A winagg over one log, killed and started again by a thread of its own."""

    def __init__(self, lab, log, options, seed):
        self.lab, self.log, self.rng = lab, lab.path("log", log), random.Random(seed)
        self.files = {what: lab.path(f"{log}.{what}") for what in ("state", "rows", "late")}
        self.command = [*options, "-s", self.files["state"], "--output", self.files["rows"],
                        "--late", self.files["late"], "--checkpoint", "50ms"]
        self.options, self.kills, self.over = options, 0, threading.Event()
        self.process = self.start()
        wait_for("a snapshot", lambda: os.path.exists(self.files["state"]))
        self.thread = threading.Thread(target=self.disturb)
        self.thread.start()

    def start(self):
        return self.lab.start([WINAGG, *self.command, "--follow", self.log])

    def disturb(self):
        while not self.over.wait(self.rng.uniform(0.02, 0.5)):
            self.process.send_signal(signal.SIGKILL if self.rng.random() < 0.8 else signal.SIGTERM)
            self.process.wait()
            self.kills += 1
            # Now and then it is down while the log is rotated, more than once.
            self.over.wait(self.rng.choice([0, 0, 0.1, 1.5]))
            # Between the rename and nginx's reopening there is no FILE; nobody can start then.
            wait_for("the log", lambda: os.path.exists(self.log))
            self.process = self.start()

    def settle(self, lines):
        """Stops disturbing it; waits until all lines are used, and lets the last windows fire."""
        self.over.set()
        self.thread.join()
        if self.process.poll() is not None:
            self.process = self.start()
        wait_for(f"{lines} lines used", lambda: inspect(self.files["state"]).get("used") == lines)
        self.process.terminate()
        self.process.wait()
        winagg(*self.command, self.log)

    def generations(self):
        """All lines, the oldest file first."""
        found = [name for name in glob.glob(self.log + "*") if name != self.log]
        if found[0].endswith(".gz") or found[0][-1].isdigit() and "-20" not in found[0]:
            found.sort(key=lambda name: -int(name.removesuffix(".gz").rsplit(".", 1)[1]))
        else:
            found.sort()
        lines = b""
        for name in [*found, self.log]:
            with (gzip.open if name.endswith(".gz") else open)(name, "rb") as file:
                lines += file.read()
        return lines, len(found)


def ask(port, rng, over, asked):
    """Requests over connections that live a while, as browsers make them."""
    while not over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(rng.randint(1, 40)):
            connection.request("GET", rng.choice(PATHS), headers={"User-Agent": rng.choice(AGENTS)})
            connection.getresponse().read()
            asked.append(1)
            if rng.random() < 0.02:
                time.sleep(0.02)
        connection.close()


def main():
    nginx, logrotate = need("nginx", "logrotate")
    need("gzip")
    with Lab("nginx") as lab:
        os.mkdir(lab.path("log"))
        port = free_port()
        config = lab.write("nginx.conf", CONFIG.format(
            lab.folder, port=port, user="user root;" if os.geteuid() == 0 else ""))
        server = lab.start([nginx, "-e", lab.path("error.log"), "-p", lab.folder, "-c", config])
        lab.serves(server, lambda: answers(port) and os.path.exists(lab.path("nginx.pid")))
        rotation = lab.write("logrotate.conf", ROTATION.format(lab.folder, pid=server.pid))

        followed = [
            Followed(lab, "access.jsonl", ["-t", "ts", "-w", "500ms", "-k", "path,status", "-d", "5s",
                                           "-a", "count,sum:bytes,distinct:agent"], 1),
            Followed(lab, "access.log", ["-i", "combined", "-t", "time", "-w", "2s", "-k", "path",
                                         "-d", "5s", "-a", "count,sum:bytes,mode:agent,"
                                         "errors=share[status >= 500]"], 2)]
        over, asked = threading.Event(), []
        users = [threading.Thread(target=ask, args=(port, random.Random(n), over, asked))
                 for n in range(3)]
        for user in users:
            user.start()
        for _ in range(ROTATIONS):
            time.sleep(1.05)
            run([logrotate, "-f", "-s", lab.path("logrotate.state"), rotation])
        over.set()
        for user in users:
            user.join()
        server.send_signal(signal.SIGQUIT)  # its workers finish what they have begun
        server.wait()
        judge(lab, followed, len(asked))


def judge(lab, followed, asked):
    for one in followed:
        lines, rotations = one.generations()
        lab.ok(lines.count(b"\n") == asked and rotations == ROTATIONS and one.kills >= 5,
               f"{os.path.basename(one.log)}: {asked} requests, {rotations} rotations, {one.kills} kills",
               f"{lines.count(10)} lines")
        one.settle(asked)
        with open(one.files["rows"], "rb") as file:
            rows = file.read()
        lab.same(rows, winagg(*one.options, input=lines), "the rows of a quiet run")
        lab.ok(os.path.getsize(one.files["late"]) == 0, "nothing came too late")


if __name__ == "__main__":
    main()
