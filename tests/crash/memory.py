#!/usr/bin/env python3
"""Lets every allocation fail, once or from there on for good: see shim_memory.c.

What is expected of a run in which the Nth allocation fails:
    status 0 (or what the run ends with anyway)     the same bytes: it could do without
    status 1                                        a message that says memory, or that what unpacks
                                                    has failed; what was written is
                                                    the beginning of the right bytes; with --state
                                                    the same command, undisturbed, ends with 0 and
                                                    leaves the right bytes
A signal, or anything else, is a fault. The last line counts: `N failed allocations, N ended the
run, N wrong`."""

import argparse
import gzip
import lzma
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing import Pool

import cases

OUTPUTS = ("out", "late", "bad", "stdout")
TIMEOUT_S = 60


@dataclass(frozen=True)
class Job:
    """One command line. `before`: what is run undisturbed first, each one's rows in `rows0` and so
    on; then `turn` is called; `follow`: ended by a signal as soon as `out` is whole."""

    name: str
    argv: tuple
    files: dict = field(default_factory=dict)
    stdin: str = "/dev/null"
    before: tuple = ()
    turn: object = None
    follow: bool = False
    status: int = 0
    dense: bool = True  # False: so many allocations that even the full form samples


class Run:
    """What a run left."""

    def __init__(self, status, folder):
        self.status = status
        self.found = {name: cases.read_file(os.path.join(folder, name)) or b"" for name in OUTPUTS}
        self.said = (cases.read_file(os.path.join(folder, "err")) or b"").decode("utf-8", "replace")


class Subject:
    """A job, and what comes out of it."""

    def __init__(self, winagg, shim, folder, job):
        self.winagg, self.shim, self.job = os.path.abspath(winagg), shim, job
        self.folder = tempfile.mkdtemp(dir=folder)
        self.ready = os.path.join(self.folder, "ready")
        os.mkdir(self.ready)
        for name, data in job.files.items():
            cases.write_file(os.path.join(self.ready, name), data)
        for number, argv in enumerate(job.before):
            status = self.start(self.ready, argv).wait()
            if status != 0:
                raise AssertionError(f"{job.name}: {argv} ends with {status}")
            os.rename(os.path.join(self.ready, "stdout"), os.path.join(self.ready, f"rows{number}"))
        if job.turn is not None:
            job.turn(self.ready)
        self.expected = None
        self.failed = self.ended = 0
        self.wrong = []

    def start(self, folder, argv, env=None):
        with open(os.path.join(folder, "err"), "wb") as err, \
                open(os.path.join(folder, "stdout"), "wb") as out, \
                open(os.path.join(folder, self.job.stdin), "rb") as stdin:
            return subprocess.Popen([self.winagg, *argv], cwd=folder, env=cases.environment(env),
                                    stdin=stdin, stdout=out, stderr=err)

    def follow(self, child, folder, size):
        """Until the rows are there, or it has ended by itself."""
        path = os.path.join(folder, "out")
        while child.poll() is None:
            if size is not None and os.path.exists(path) and os.path.getsize(path) >= size:
                child.send_signal(signal.SIGTERM)
                child.wait()
            elif size is None and self.quiet(path):
                child.send_signal(signal.SIGTERM)
                child.wait()
            time.sleep(0.002)

    @staticmethod
    def quiet(path):
        before = cases.read_file(path)
        time.sleep(0.3)
        return bool(before) and cases.read_file(path) == before

    def run(self, folder, env=None):
        child = self.start(folder, self.job.argv, env)
        watchdog = threading.Timer(TIMEOUT_S, child.kill)
        watchdog.start()
        if self.job.follow:
            self.follow(child, folder, None if self.expected is None
                        else len(self.expected.found["out"]))
        status = child.wait()
        watchdog.cancel()
        return Run(status, folder)

    def copy(self):
        folder = os.path.join(self.folder, "run")
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(self.ready, folder)

    def measure(self):
        """How many allocations there are in a run that nothing disturbs."""
        self.expected = self.run(self.copy())
        wanted = -signal.SIGTERM if self.job.follow else self.job.status
        shown = any(self.expected.found.values()) or wanted == 2
        if not shown or self.expected.status != wanted:
            raise AssertionError(f"{self.job.name}: {self.expected.status} {self.expected.said}")
        folder = self.copy()
        self.run(folder, self.environment(folder, 0, 0))
        return self.counts(folder)[0]

    def environment(self, folder, nth, times):
        return {"LD_PRELOAD": self.shim, "SHIM_NTH": str(nth), "SHIM_TIMES": str(times),
                "SHIM_COUNT": os.path.join(folder, "count")}

    @staticmethod
    def counts(folder):
        return struct.unpack("@ll", cases.read_file(os.path.join(folder, "count")))

    def one(self, nth, times):
        folder = self.copy()
        run = self.run(folder, self.environment(folder, nth, times))
        if self.counts(folder)[1] == 0:
            return
        self.failed += 1
        what = self.judge(run)
        if what is None and run.status == 1 and self.expected.status != 1:
            self.ended += 1
            if "--state" in self.job.argv:
                what = self.again(folder)
        if what is not None:
            more = "" if times == 1 else " and all after it"
            self.wrong.append(f"{self.job.name}: allocation {nth}{more}: {what}: {run.said}")

    def judge(self, run):
        if run.status == self.expected.status:
            return None if run.found == self.expected.found else "other bytes"
        # glibc loads what pthread_cancel(3) needs at the first use, and aborts where it can't.
        glibc_ends = run.status == -signal.SIGABRT and "libgcc_s.so.1 must be installed" in run.said
        if run.status != 1 and not glibc_ends:
            return f"status {run.status}"
        if not glibc_ends and not re.search("memory|which unpacks it, (failed|was killed)", run.said, re.IGNORECASE):
            return "the message does not say memory"
        for name, found in run.found.items():
            if not self.expected.found[name].startswith(found):
                return f"{name} is not a beginning of what is right"
        return None

    def again(self, folder):
        run = self.run(folder)
        if run.status != self.expected.status:
            return f"the restart ends with {run.status}: {run.said}"
        same = all(run.found[name] == self.expected.found[name] for name in OUTPUTS[:3])
        return None if same else "the restart leaves other bytes"


# ---- the jobs ----

def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def rotate(folder):
    path = os.path.join(folder, "in")
    os.rename(path, path + ".1")
    with open(path + ".1", "ab") as old:
        old.write(b'{"t":1100,"k":"old","v":1}\n')
    cases.write_file(path, b'{"t":1200,"k":"new","v":2}\n{"t":1300,"k":"new","v":3}\n')


def grow(folder):
    with open(os.path.join(folder, "in"), "ab") as file:
        file.write(cases.stream(7, 20))


def odd_json():
    """What no fast path takes: escapes, wide numbers, nesting, duplicates, bytes that are no UTF-8."""
    return b"\n".join([
        b'{"t":1,"k":"a \\u00e9 \\ud83d\\ude00","v":"1e40","x":{"y":[1,{"z":[]}]}}',
        b'{"t":2,"k":"' + b"long" * 200 + b'","v":123456789012345678901234567890.5}',
        b'{"t":3,"k":"\xff\xfe","v":3,"v":4}', b'{"t":4,"k":[1],"v":1}', b'{"t":5,"k":"a","v":{}}',
        b'{"t":"1970-01-01T00:00:06Z","k":null,"v":1e-300}', b"{" * 50, b'[{"t":1}]',
        b'{"t":7,"k":"\\"","v":1e300}', b'{"t":40,"k":"a","v":1}']) + b"\n"


def logfmt():
    return b"".join(b'ts=%d k="a \\"%d\\"" v=%d flag\n' % (i, i % 3, i) for i in range(30))


def combined():
    return b"".join(b'10.0.0.%d - - [10/Oct/2000:13:55:%02d -0700] "GET /a/%d?x=\\"1 HTTP/1.0" %d 23'
                    b' "-" "curl \\x41"\n' % (i % 3, i, i, 500 if i % 4 == 0 else 200)
                    for i in range(40))


def many_values(records=400):
    rng = random.Random(9)
    return b"".join(b'{"t":%d,"k":%d,"v":%d.%d,"s":"text %d"}\n'
                    % (1000 + i // 10, i % 5, rng.randrange(10**9), i, rng.randrange(10**6))
                    for i in range(records))


def jobs():
    """At least one of every kind."""
    base = cases.BASE
    events = {"in": cases.stream(1, 40)}
    odd = {"in": odd_json()}
    table = {"in": cases.csv_stream(2, 40)}
    values = {"in": many_values()}
    several = {f"in{i}": cases.stream(i, 20) for i in range(3)}
    files = cases.FILES
    state = ("--state", "s", "--checkpoint", "7")
    shards = {f"p{i}": cases.stream(i, 20, bad=False) for i in range(2)}
    plan = (*base, "-d", "all", "-w", "10s", "-a", "count,distinct:v,median:v", "--partial")
    plans = tuple((*plan, name) for name in shards)
    tsv = b"".join(b"%d\ta\\t%d\t%d\n" % (i, i % 3, i) for i in range(30))
    return [
        Job("json", (*base, "-w", "10s", "-a", "count,sum:v", "-j", "1", "in"), odd),
        Job("threads", (*base, "-w", "10s", "-a", "mean:v,var:v", "-j", "3", *files, "in"), events),
        Job("csv", ("-t", "t", "--time-format", "s", "-k", "k", "-i", "csv", "-o", "csv", "-w",
                    "10s", "-l", "8s", *files, "in"), table),
        Job("tsv", ("-t", "1", "--time-format", "s", "-k", "2", "-i", "tsv", "--no-header", "-o",
                    "tsv", "-w", "10s", "in"), {"in": tsv}),
        Job("combined", ("-i", "combined", "-t", "time", "-k", "host", "-w", "10s", "-a",
                         "count,errors=share[status >= 500],topk:path:2", "in"), {"in": combined()}),
        Job("logfmt", ("-i", "logfmt", "-t", "ts", "-k", "k", "-w", "10s", "-a", "sum:v,last:flag",
                       "in"), {"in": logfmt()}),
        Job("sliding", (*base, "-w", "sliding:20s/3s", "-a", "count,median:v,distinct:v", "-d",
                        "5s", "in"), events),
        Job("cumulate, all aggregates",
            (*base, "-w", "cumulate:20s/5s", "-a",
             "min:v,max:v,first:s,last:s,median:v,p95:v,distinct:s,approx_distinct:s,approx_p99:v,"
             "topk:s:3,mode:v,stddev:v,rate:v", "in"), values),
        Job("sketches", (*base, "-w", "all", "-a", "approx_distinct:s,approx_p50:v,sum:v", "in"),
            {"in": many_values(3000)}, dense=False),
        Job("sessions, retract", (*base, "-w", "session:4s", "-m", "retract", "-l", "30s", "-a",
                                  "count,topk:v:2", "--row-id", "in"), {"in": cases.stream(5, 40)}),
        Job("dedup, where", (*base, "-w", "10s", "--dedup", "i", "--where", 'k =~ "^key[0-2]{1,2}$" '
                             'and not (v = 3 or v is null)', "-a", "n=count[v > 50],sum:v", "in"),
            events),
        Job("fill, top", (*base, "-w", "5s", "--fill", "--top", "2:sum_v", "-a", "count,sum:v", "in"),
            {"in": cases.stream(5, 40, step=6)}),
        Job("zone", ("-t", "t", "--time-format", "%Y-%m-%d %H:%M:%S", "--tz", "Europe/Berlin", "-w",
                     "tumbling:day", "--output-time", "local", "in"),
            {"in": b"".join(b'{"t":"2024-03-%02d 02:30:00"}\n' % i for i in range(28, 32))}),
        Job("no such zone", (*base, "-w", "1s", "--tz", "europe/berlin", "in"), events,
            status=2),
        Job("sources", (*base, "-w", "10s", "--source", "k", "--sources", "2", "--max-jump", "50s",
                        "--early", "3", "in"), events),
        Job("files", (*base, "-w", "10s", "--stats", *files, "in0", "in1", "in2"), several),
        Job("stdin, table", (*base, "-w", "10s", "-o", "table", "--panes"), events, stdin="in"),
        Job("chart", (*base, "-w", "10s", "-o", "chart", "in"), events),
        Job("sql", (*base, "-w", "10s", "-o", "sql:a.b", "in"), events),
        Job("partial", (*plan, "in"), {"in": shards["p0"]}),
        Job("merge", ("--merge", "--output", "out", "rows0", "rows1"), shards,
            before=plans),
        Job("state", (*base, "-w", "10s", "-d", "2s", "-l", "8s", "-a", "count,topk:v:3,median:v",
                      *state, *files, "in"), events),
        Job("state, sessions", (*base, "-w", "session:4s", "-d", "2s", "--dedup", "i", *state, *files,
                                "--hold", "in"), events),
        Job("state, grown", (*base, "-w", "sliding:10s/5s", "-a", "distinct:v,last:v", "--source",
                             "k", *state, *files, "in"), events, turn=grow,
            before=((*base, "-w", "sliding:10s/5s", "-a", "distinct:v,last:v", "--source", "k",
                     *state, "--at-eof", "keep", *files, "in"),)),
        Job("state, rotated", (*base, "-w", "10s", *state, *files, "in"), events, turn=rotate,
            before=((*base, "-w", "10s", *state, "--at-eof", "keep", *files, "in"),)),
        *(Job("state, " + name, (*base, *how, "-a", "count,sum:v,var:v,first:v,last:v,min:v",
                                 "--state", "s", "--checkpoint", str(keys // 6), *files, "in"),
              {"in": cases.wide_stream(keys)}, dense=False)
          for name, keys, how in (("forked", 52000, ("-w", "100s", "--dedup", "k")),
                                  ("in steps", 24000, ("-w", "session:100s")))),
        Job("state, merge", ("--merge", "--state", "s", "--checkpoint", "3", "--output", "out",
                             "rows0", "rows1"), shards, before=plans),
        Job("follow", (*base, "-w", "10s", "--follow", *state, *files, "in"), events, follow=True),
        Job("gzip, zstd, xz", (*base, "-w", "10s", *state, *files, "in0", "in1", "in2"),
            {"in0": gzip.compress(several["in0"]), "in1": zstd(several["in1"]),
             "in2": lzma.compress(several["in2"])}),
        Job("position", (*base, "-w", "10s", "--position", "i", "--metrics", "m", "--stats",
                         "--output-time", "local", "--tz", "Asia/Tokyo", "--offset", "1s"),
            events, stdin="in"),
        Job("inspect", ("--inspect", "s"), events,
            before=((*base, "-w", "10s", *state, "--at-eof", "keep", "in"),)),
        Job("advise", (*base, "--advise", "--source", "k", "in"), events),
        Job("explain", (*base, "-w", "10s", "--explain", "in"), events),
        Job("explain, duckdb", (*base, "-w", "10s", "--explain=duckdb", "in"), events),
        Job("help", ("--help", "windows")),
        Job("complete", ("--complete", "2", "-k", "", "in"), events),
    ]


def work(work_item):
    winagg, shim, folder, job, options = work_item
    subject = Subject(winagg, shim, folder, job)
    rng = random.Random(f"{options.seed}:{job.name}")
    calls = subject.measure()
    stride = max(options.stride, 1 if job.dense else calls // 1000)
    for times in (1, 0):
        for nth in range(1 + rng.randrange(stride), calls + 1, stride):
            subject.one(nth, times)
    shutil.rmtree(subject.folder)
    return job.name, calls, subject.failed, subject.ended, subject.wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--stride", type=int, default=1, help="only each STRIDEth allocation")
    parser.add_argument("--job", help="only the one of that name")
    parser.add_argument("--counts", action="store_true", help="print how many there are in each job")
    return parser.parse_args()


def main():
    options = arguments()
    folder = cases.scratch("winagg-memory-")
    shim = cases.build_shim(folder, "shim_memory.c")
    chosen = [job for job in jobs() if options.job in (None, job.name)]
    failed = ended = 0
    wrong = []
    with Pool() as pool:
        items = [(options.winagg, shim, folder, job, options) for job in chosen]
        for name, calls, count, by_it, found in pool.imap_unordered(work, items, chunksize=1):
            failed += count
            ended += by_it
            wrong += found
            if options.counts:
                print(f"{name}: {calls} allocations, {count} failed, {by_it} ended the run")
            for line in found[:5]:
                print(line.rstrip(), flush=True)
    shutil.rmtree(folder)
    print(f"{failed} failed allocations, {ended} ended the run, {len(wrong)} wrong")
    return 0 if failed > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
