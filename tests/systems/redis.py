#!/usr/bin/env python3
"""A Redis stream, redis-cli in and out. The position of a record is its id (1714560000123-7 reads as
1714560000123.0000000007: it grows as ids do) or a counter that its producer keeps; winagg is killed
ten times while the stream is written, and the reader begins again at or before what --inspect tells."""

import json
import os
import random
import subprocess
import threading
import time

from support import WINAGG, Lab, events, inspect, kill, let_work, need, winagg

KILLS = 10
# Reads on from an id for ever, or to the stream's end; prints id, position, and the fields.
READER = r"""
last=$1 to_end=$2
while :; do
    batch=$(redis-cli -s "$SOCKET" --json XRANGE in "($last" + COUNT 200) || exit 1
    if [ "$batch" = "[]" ]; then
        [ -z "$to_end" ] || exit 0
        sleep 0.02
        continue
    fi
    printf '%s\n' "$batch" | jq -c '.[] | (.[0] | split("-")) as [$ms, $n] | {id: .[0],
        position: "\($ms).\("0000000000"[($n | length):])\($n)"} + (.[1] as $f |
        [range(0; $f | length; 2) | {($f[.]): $f[. + 1]}] | add)'
    last=$(printf '%s\n' "$batch" | jq -r '.[-1][0]')
done
"""
# Rows become fields of another stream.
WRITER = r"""sed "s/.*/XADD out * row '&'/" | redis-cli -s "$SOCKET" >/dev/null"""
OPTIONS = ["-t", "t", "-w", "2s", "-k", "k", "-a", "count,sum:v,max:v", "--row-id"]


class Redis:
    def __init__(self, lab):
        server, self.cli = need("redis-server", "redis-cli")
        need("jq")
        self.lab, self.socket = lab, lab.path("redis.sock")
        self.env = {**os.environ, "SOCKET": self.socket}
        process = lab.start([server, "--port", "0", "--unixsocket", self.socket, "--dir", lab.folder,
                             "--save", ""])
        lab.serves(process, lambda: self.say("PING").strip() == b"PONG")
        if int(self.say("INFO", "server").split(b"redis_version:")[1].split(b".")[0]) < 7:
            print("# redis-cli before 7 has no --json")

    def say(self, *words):
        return subprocess.run([self.cli, "-s", self.socket, *words], capture_output=True,
                              check=False).stdout

    def fill(self, records, seconds):
        """Through one redis-cli, some at a time; n counts them."""
        with subprocess.Popen([self.cli, "-s", self.socket], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as cli:
            for n, one in enumerate(records, 1):
                cli.stdin.write(f"XADD in * n {n} t {one['t']} k {one['k']} v {one['v']}\n".encode())
                if n % 50 == 0:
                    cli.stdin.flush()
                    time.sleep(seconds * 50 / len(records))
            cli.stdin.close()

    def rows(self):
        got = json.loads(self.say("--json", "XRANGE", "out", "-", "+"))
        return [(fields[1] + "\n").encode() for _, fields in got]


def begin_at(rng, state, known):
    """The id behind which to read: that of the position, one before it, or none."""
    positions = inspect(state).get("positions", [])
    if not positions:
        return "0-0"
    last = known(str(positions[0]["position"]))
    return rng.choice([last, last, str(max(0, int(last.split("-")[0]) - rng.randint(1, 2000))) + "-0", "0-0"])


def id_of(position):
    ms, _, number = position.partition(".")
    return f"{ms}-{int(number.ljust(10, '0') or 0)}"


def stream(lab, redis, position, known):
    records = events(position, 10000, 3, pace_s=0.02)
    redis.say("DEL", "in", "out")
    state, rng, kills, moved = lab.path(position + ".state"), random.Random(position), 0, 0
    filler = threading.Thread(target=redis.fill, args=(records, 6))
    filler.start()
    command = [WINAGG, *OPTIONS, "-d", "3s", "--position", position, "-s", state, "--resume", "continue",
               "--checkpoint", "100", "--hold", "--late", lab.path("late")]

    def start(to_end):
        first = subprocess.Popen(["bash", "-c", READER, "reader", begin_at(rng, state, known), to_end],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=redis.env)
        second = subprocess.Popen(command, stdin=first.stdout, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        sink = subprocess.Popen(["sh", "-c", WRITER], stdin=second.stdout, env=redis.env)
        first.stdout.close()
        second.stdout.close()
        return first, second, sink

    while kills < KILLS:
        first, second, sink = start("")
        moved += let_work(state, rng)
        kill(second)
        kill(first)
        sink.wait()
        kills += 1
    filler.join()
    for process in start("to the end"):
        process.wait()
    lab.ok(moved >= 3, f"position from {position}: {kills} kills, {moved} of them within records", moved)
    rows = redis.rows()
    once = list(dict.fromkeys(rows))
    expected = winagg(*OPTIONS, "-d", "all", input="".join(
        f'{{"t":"{one["t"]}","k":"{one["k"]}","v":"{one["v"]}"}}\n' for one in records).encode())
    lab.same(b"".join(once), expected, f"no row was lost; {len(rows) - len(once)} came twice")
    lab.ok(len(rows) - len(once) < 50 and os.path.getsize(lab.path("late")) == 0,
           "none but of one snapshot, and nothing was too late")


def main():
    with Lab("redis") as lab:
        redis = Redis(lab)
        stream(lab, redis, "position", id_of)

        def id_of_counter(n):
            """Its producer's counter is a field: a search finds the id."""
            found = json.loads(redis.say("--json", "XRANGE", "in", "-", "+", "COUNT", n))
            return found[-1][0]

        stream(lab, redis, "n", id_of_counter)


if __name__ == "__main__":
    main()
