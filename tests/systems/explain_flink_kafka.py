#!/usr/bin/env python3
"""What --explain=flink-sql prints of a topic, run unchanged in Flink with its Kafka connector, gives
the rows of winagg behind kcat: of one partition, late records and all; of three with a clock each,
where nothing is too late; and, with --follow, as they come. Needs Java, Kafka's jars and Flink's; says
so where they can't be had."""

import os
import subprocess

from support import Lab, events, json_lines, run, wait_for
from support.broker import Broker
from support.flink import (ALL, command, compare, given, have_jars, run_scripts, winagg,
                           write_inputs)

# As the tutorial has it: what a message does not hold itself is Kafka's partition and offset.
WITH_PARTITION = (". as $r | .payload | fromjson | .partition = $r.partition | "
                  ".offset = $r.offset")


class Jobs:
    """Scripts that were printed, each with what winagg prints over the topic's bytes."""

    def __init__(self, lab, broker):
        self.lab, self.broker, self.all = lab, broker, []

    def script(self, name, topic, options, sample):
        text = winagg(self.lab.folder, *options, "--output", name, "--explain=flink-sql",
                      f"kafka://{self.broker.address}/{topic}", input=sample)
        self.lab.write(name + ".sql", text)

    def add(self, what, topic, options, consumed, sample=None):
        """`consumed`: the topic as kcat writes it; the sample is as of `kcat -c 1000`."""
        name = f"rows{len(self.all)}"
        text = consumed.decode()
        if sample is None:
            sample = "".join(text.splitlines(True)[:1000])
        self.script(name, topic, options, sample)
        printed = winagg(self.lab.folder, *options, input=text)
        self.all.append((what, name, options, printed))

    def run(self):
        run_scripts(self.lab.folder, [name + ".sql" for _, name, _, _ in self.all])
        for what, name, options, printed in self.all:
            self.lab.ok(compare(self.lab.folder, name, options, printed), what, " ".join(options))


def produce(lab, broker, topic, name):
    with open(lab.path(name), "rb") as file:
        run(broker.produce(topic, "-p", "0", "-Z", "-K", "\x01"), stdin=file)


def one_partition(lab, broker, jobs):
    """The stream of explain_flink.py, with what is bad and late, and messages without a value."""
    write_inputs(lab.folder)
    lines = lab.read("s.jsonl").splitlines(True)
    with open(lab.path("s.jsonl"), "wb") as file:
        file.write(b"".join(line + (b"\x01\n" if i % 9000 == 7 else b"")
                            for i, line in enumerate(lines)))
    rows = lab.read("s.csv").splitlines(True)
    lab.write("s.csv", b"".join(rows[1:]).decode())
    for topic in ("s.jsonl", "s.csv"):
        broker.create(topic, 1)
        produce(lab, broker, topic, topic)
    log, table = (run(broker.consume(topic, "-o", "beginning", "-e"))
                  for topic in ("s.jsonl", "s.csv"))
    lab.ok(log.count(b"\n\n") == len(range(7, len(lines), 9000)), "there are messages without a value")
    late = ["-d", "2s", "-l", "3s", "-m", "retract"]
    for window in ("10s", "sliding:25s/10s", "session:200ms"):
        jobs.add(f"one partition, {window}", "s.jsonl",
                 ["-t", "ts", "-w", window, "-d", "2s", "-k", "k", "-a", ALL], log)
    jobs.add("its last record", "s.jsonl", ["-t", "s", "-w", "2s", "-d", "1s", "-k", "k"], log)
    jobs.add("refinements", "s.jsonl",
             ["-t", "ts", "-w", "10s", *late, "-k", "k", "-a", "count,p90:v,distinct:path"], log)
    jobs.add("--dedup", "s.jsonl",
             ["-t", "ts", "-w", "10s", "-d", "2s", "-k", "k", "--dedup", "id"], log)
    jobs.add("CSV", "s.csv", ["-t", "1", "-w", "10s", "-d", "2s", "-k", "3", "-a",
                              "count,sum:6,p90:6,share[4 >= 500]", "--no-header", "-i", "csv"], table)


def three_partitions(lab, broker, jobs):
    """Within each the records are 20 s out of order; the consumer gets them in lumps."""
    records = events(1, 60000, 20, pace_s=0.01)
    broker.create("three", 3)
    broker.fill_thirds("three", records)
    as_json = run(broker.consume("three", "-o", "beginning", "-e", "-J"))
    consumed = run(["jq", "-c", WITH_PARTITION], input=as_json)
    lab.ok(consumed.count(b"\n") == 60000, "all of three partitions are read")
    # A sample of messages as they are: of them alone nothing tells what a partition is.
    sample = json_lines(records[:1000])
    what = ["-t", "t", "-w", "10s", "-d", "20s", "-k", "k,partition", "-a", "count,sum:v,max:offset",
            "--source", "partition", "--sources", "3", "--position", "offset"]
    jobs.add("three partitions, a clock each", "three", what, consumed, sample)
    jobs.add("sessions over three partitions", "three",
             ["-t", "t", "-w", "session:100ms", "-d", "20s", "-k", "k", "--source", "partition",
              "--sources", "3"], consumed, sample)
    jobs.add("three partitions, -d all", "three",
             ["-t", "t", "-w", "10s", "-d", "all", "-a", "count,p90:v"], consumed)
    # That this could have gone wrong: with one clock for all there are other rows.
    one_clock, own_clocks = (winagg(lab.folder, *options, input=consumed.decode())
                             for options in (what[:10], what))
    lab.ok(one_clock != own_clocks, "one clock for all is another thing")


def followed(lab, broker):
    """A job that does not end has committed the rows of the windows that W has passed, and goes on."""
    records, half = events(2, 20000, 5, pace_s=0.01), 12000
    options = ["-t", "t", "-w", "5s", "-d", "5s", "-k", "k", "-a", "count,sum:v"]
    broker.create("live", 1)
    broker.fill("live", records[:half], 0)
    Jobs(lab, broker).script("live", "live", [*options, "--follow", "-s", "none", "--checkpoint",
                                              "500ms"], json_lines(records[:50]))
    lab.start(command("live.sql"))
    for part, n in (("what was there", half), ("what came later", len(records))):
        if n > half:
            broker.fill("live", records[half:], 0)
        state = lab.path(f"state{n}")
        printed = winagg(lab.folder, *options, "-s", state, "--at-eof", "keep",
                         input=json_lines(records[:n]))
        wanted = printed.count("\n")
        wait_for(f"{wanted} rows", lambda: sum(1 for _ in given(lab.folder, "live")) >= wanted)
        lab.ok(compare(lab.folder, "live", options, printed), f"--follow: {part}")


def main():
    have_jars()
    with Lab("explain_flink_kafka") as lab:
        broker = Broker(lab)
        jobs = Jobs(lab, broker)
        one_partition(lab, broker, jobs)
        three_partitions(lab, broker, jobs)
        jobs.run()
        followed(lab, broker)


if __name__ == "__main__":
    main()
