#!/usr/bin/env python3
# PyPI: pyspark>=4,<5
"""Shards under Spark, and in the shape of Hadoop Streaming: winagg --partial over whatever part of the
records a task was given, no shuffle by key, and --merge over what all of them wrote. The rows must be,
byte for byte, those of one run over all records."""

import glob
import os
import random
import shlex
import shutil
import sys

from support import TOP, WINAGG, Lab, events, json_lines, need, skip, winagg

need("java")
try:
    from pyspark.sql import SparkSession
except ImportError:
    skip("the pyspark module is not installed (scripts/test-systems installs it)")

NUMBERS = ("count,sum:v,mean:v,var:v,stddev:v,min:v,max:v,median:v,p90:v,distinct:v,approx_distinct:v,"
           "approx_p99:v,mode:s,topk:s:2,errors=share[s >= 500],slow=count[v > 90],rate,big=p99:v[s = 200]")
MADE = ["-t", "t", "-k", "k", "-a", NUMBERS + ",first:v,last:s"]
# Times that are equal have an order in the file only, so no first and last here.
RECORDED = ["-t", "ts", "-k", "host,status", "-a", NUMBERS.replace(":v", ":bytes").replace(":s", ":path")
            .replace("[s ", "[status ").replace("[v ", "[bytes ")]
WINDOWS = ["10s", "sliding:1m/10s", "session:300ms", "cumulate:1m/20s", "tumbling:day"]


class Shards:
    """The records as a file, the rows of one run over them, and the command of a shard."""

    def __init__(self, lab, name, options, text, window):
        self.lab, self.name = lab, f"{name}, {window}"
        self.path = lab.write(name + ".jsonl", text)
        self.lines = text.splitlines()
        self.expected = winagg(*options, "-w", window, "-d", "all", "--row-id", self.path)
        self.map = [WINAGG, *options, "-w", window, "-d", "all", "--partial", "-j", "1"]

    def same(self, streams, what):
        """Rows of FILEs, or of bytes that hold several streams."""
        rows = winagg("--merge", "--row-id", *([] if isinstance(streams, bytes) else streams),
                      input=streams if isinstance(streams, bytes) else b"")
        self.lab.same(rows, self.expected, f"{self.name}: {what}")


def text_of(rdd):
    return "".join(line + "\n" for line in rdd.collect()).encode()


def under_spark(lab, context, shards):
    """pipe() starts its program with no environment, not even a PATH."""
    shard = shlex.join(shards.map)
    shuffled = list(shards.lines)
    random.Random(1).shuffle(shuffled)
    shards.same(text_of(context.parallelize(shuffled, 7).pipe(shard, checkCode=True)),
                "7 partitions of records in random order")
    parts = lab.path("parts")
    piped = context.textFile(shards.path, 5).pipe(shard, checkCode=True)
    piped.saveAsTextFile(parts)
    found = sorted(glob.glob(parts + "/part-*"))
    lab.ok(len(found) >= 5, f"{shards.name}: {len(found)} partitions of a file")
    shards.same(found, "their files as FILEs")
    shutil.rmtree(parts)
    piped.coalesce(2).pipe(shlex.join([WINAGG, "--merge", "--partial"]), checkCode=True).saveAsTextFile(parts)
    shards.same(sorted(glob.glob(parts + "/part-*")), "merged in a tree, two and then one")
    shutil.rmtree(parts)


def map_sort_reduce(shards):
    """What Hadoop Streaming does: the reducer's lines come sorted, and with a tab behind each, since to
    it a line is a key whose value is empty."""
    mapped = b""
    piece = len(shards.lines) // 6 + 1
    for start in range(0, len(shards.lines), piece):
        text = "\n".join(shards.lines[start:start + piece]) + "\n"
        mapped += winagg(*shards.map[1:], input=text.encode())
    for tab in (b"", b"\t"):
        lines = sorted(line + tab + b"\n" for line in mapped.splitlines())
        shards.same(b"".join(lines), f"map | sort | reduce{', a tab behind each line' if tab else ''}")


def main():
    # Its workers are of this Python, too, and all of it stays on this machine.
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    with Lab("spark") as lab:
        session = (SparkSession.builder.master("local[2]").appName("winagg")
                   .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
                   .config("spark.driver.memory", "512m")
                   .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
                   .config("spark.local.dir", lab.folder).getOrCreate())
        context = session.sparkContext
        context.setLogLevel("ERROR")
        with open(os.path.join(TOP, "tests/data/access.jsonl"), encoding="utf-8") as file:
            recorded = file.read()
        made = json_lines(events(1, 20000, 30, pace_s=0.02))
        for window in WINDOWS:
            for name, options, text in (("made", MADE, made), ("recorded", RECORDED, recorded)):
                shards = Shards(lab, name, options, text, window)
                under_spark(lab, context, shards)
                map_sort_reduce(shards)
        session.stop()


if __name__ == "__main__":
    main()
