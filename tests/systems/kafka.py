#!/usr/bin/env python3
"""A Kafka broker of its own (KRaft, from its jars), kcat in and out.

Records come with their offset as --position; winagg is killed twenty times, each time the consumer
begins again somewhere at or before the position that --inspect tells: no row is lost or comes twice,
in a file or in a topic. And one consumer over three partitions, whatever order their records come
in, with a clock a partition: nothing is too late."""

import json
import os
import random
import subprocess
import threading
import time

from support import WINAGG, Lab, events, inspect, json_lines, kill, let_work, wait_for, winagg
from support.broker import Broker

KILLS = 20
# Each record as it comes: its partition, its offset, and what was sent.
FORM = '{"p":%p,"o":%o,"m":%s}\\n'
WHAT = ["-t", "m.t", "-k", "k=m.k", "-a", "count,sum:m.v,max:m.v,distinct:m.v", "--row-id"]


def pipe(command, then, **how):
    """command | then, both running."""
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    second = subprocess.Popen(then, stdin=first.stdout, **how)
    first.stdout.close()
    return first, second


def three_partitions(lab, broker):
    """The consumer gets the partitions' records in lumps; within each they are 20 s out of order."""
    records = events(1, 60000, 20, pace_s=0.01)
    broker.fill_thirds("three", records)
    window = ["-w", "10s", "-t", "m.t", "-k", "k=m.k", "-a", "count,sum:m.v"]
    expected = winagg(*window, "-d", "all", input=b"".join(
        f'{{"m":{json.dumps(one)}}}\n'.encode() for one in records))
    got = {}
    for name, clocks in (("apart", ["--source", "p", "--sources", "3"]), ("together", [])):
        first, second = pipe(
            broker.consume("three", "-o", "beginning", "-e", "-f", FORM),
            [WINAGG, *window, "-d", "20s", *clocks, "--stats", "--late", lab.path(name)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        rows, said = second.communicate()
        first.wait()
        stats = json.loads([line for line in said.splitlines() if line.startswith(b"{")][-1])
        got[name] = rows, stats
    rows, stats = got["apart"]
    lab.ok(stats["too_late"] == 0 and stats["used"] == 60000,
           "one consumer of three partitions, -d 20s, a clock each: nothing is too late", stats)
    lab.same(rows, expected, "its rows are those of all records")
    # That this could have gone wrong: with one clock for all it does.
    too_late = got["together"][1]["too_late"]
    lab.ok(too_late > 0, f"with one clock for all of them {too_late} records would be", too_late)


class Live:
    """Producers that write a topic's three partitions while it is read."""

    def __init__(self, broker, topic, records, seconds):
        self.threads = []
        for partition in range(3):
            self.threads.append(threading.Thread(target=self.write, args=(
                broker, topic, records[partition::3], partition, seconds)))
            self.threads[-1].start()

    @staticmethod
    def write(broker, topic, records, partition, seconds):
        with subprocess.Popen(broker.produce(topic, "-p", str(partition), "-X", "linger.ms=5"),
                              stdin=subprocess.PIPE) as kcat:
            piece = max(1, len(records) // 200)
            for start in range(0, len(records), piece):
                kcat.stdin.write(json_lines(records[start:start + piece]).encode())
                kcat.stdin.flush()
                time.sleep(seconds / 200)
            kcat.stdin.close()

    def join(self):
        for thread in self.threads:
            thread.join()


def begin_at(rng, state):
    """Where the consumer begins: at the lowest position that is known, or anywhere before."""
    positions = [one["position"] for one in inspect(state).get("positions", [])]
    first = min(positions) + 1 if len(positions) == 3 else 0
    return str(rng.choice([first, first, rng.randint(0, first), 0]))


def killed(lab, broker, topic, window, to_topic):
    """Twenty kills while the topic is written; then once to its end."""
    rng, state = random.Random(topic), lab.path(topic + ".state")
    records = events(topic, 30000, 5, pace_s=0.01)
    broker.fill_thirds(topic, records[:9000])
    live = Live(broker, topic, records[9000:], 12)
    command = [WINAGG, *WHAT, *window, "-d", "5s", "--source", "p", "--sources", "3", "--position", "o", "-s", state, "--resume", "continue", "--checkpoint",
               "300", "--late", lab.path(topic + ".late")]
    command += ["--hold"] if to_topic else ["--output", lab.path(topic + ".rows")]

    def start(*options):
        how = {"stdout": subprocess.PIPE} if to_topic else {}
        first, second = pipe(broker.consume(topic, "-o", begin_at(rng, state), "-f", FORM, *options), command,
                             stderr=subprocess.DEVNULL, **how)
        sink = None
        if to_topic:
            sink = subprocess.Popen(broker.produce(topic + "-rows", "-p", "0"), stdin=second.stdout)
            second.stdout.close()
        return first, second, sink

    kills = moved = 0
    while kills < KILLS:
        first, second, sink = start()
        moved += let_work(state, rng)
        kill(second)
        kills += 1
        kill(first)
        if sink is not None:
            sink.wait()
    live.join()
    first, second, sink = start("-e")
    for process in (second, first, sink):
        if process is not None:
            process.wait()
    lab.ok(moved >= 5 and second.returncode == 0, f"{topic}: {kills} kills, {moved} of them within records",
           (moved, second.returncode))
    expected = winagg(*WHAT, *window, "-d", "all", input=b"".join(
        f'{{"m":{json.dumps(one)}}}\n'.encode() for one in records))
    return expected, os.path.getsize(lab.path(topic + ".late"))


def main():
    with Lab("kafka") as lab:
        broker = Broker(lab)
        three_partitions(lab, broker)
        expected, late = killed(lab, broker, "to-file", ["-w", "5s"], False)
        lab.same(lab.read("to-file.rows"), expected, "no row was lost or came twice, into a file")
        lab.ok(late == 0, "nothing was too late", late)
        expected, late = killed(lab, broker, "to-topic", ["-w", "session:100ms"], True)
        wait_for("the topic", lambda: broker.rows("to-topic-rows"))
        rows = broker.rows("to-topic-rows")
        # A crash between writing what was held and noting so may repeat it, with the same ids.
        once = list(dict.fromkeys(rows))
        lab.same(b"".join(once), expected, "no row was lost, held, into a topic; "
                 f"{len(rows) - len(once)} came twice")
        lab.ok(len(rows) - len(once) < 100, "none but of one snapshot")
        lab.ok(late == 0, "nothing was too late", late)


if __name__ == "__main__":
    main()
