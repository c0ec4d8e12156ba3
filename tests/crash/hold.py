#!/usr/bin/env python3
"""--hold into a pipe: killed before each of its calls, and what left the pipe is judged.

The pipe keeps writes apart (O_DIRECT), so it is known which rows left together. Over all starts of
a command the rows must be those of a quiet run, in their order, each once: nothing lost, nothing
before the snapshot that covers it is durable, for then the next start would print it again. Only
where a run was killed between such a write and the note of it in the lock file the same rows come
a second time, as the man page says. Half of them find the lock file of an older run, whose notes
must not count; and writes of notes fail. The same holds without --hold for rows that the wall clock
fires (--idle-timeout), for nothing would bring them back: a run is killed when the first one comes.

The last line counts: `N kills, N starts, N rows noted too late, N wrong`."""

import argparse
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import Pool

import cases

OPTIONS = (*cases.BASE, "-w", "10s", *cases.LATE, "--hold", "--checkpoint", "5", "--row-id", "--late",
           "late", "--bad", "bad", "--state", "s")
CALLS_MAX = 2000


class Run:
    """One start: how it ended, the rows of each write to the pipe, and the calls (shim.c)."""

    def __init__(self, job, folder, fault, argv=None, killed=False):
        """`killed`: when the first row has come."""
        log = os.path.join(folder, "log")
        env = {"LD_PRELOAD": job.shim, "SHIM_DIR": os.path.realpath(folder), "SHIM_LOG": log, **fault}
        if os.path.exists(log):
            os.unlink(log)
        self.writes = []
        read_end, write_end = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        argv = argv or [*OPTIONS, *(["in"] if job.feed == "file" else [])]
        with open(os.path.join(folder, "err"), "ab") as err, \
                open(os.path.join(folder, "in"), "rb") as stdin:
            child = subprocess.Popen([job.winagg, *argv], cwd=folder, env=cases.environment(env),
                                     stdout=write_end, stderr=err, stdin=stdin)
        os.close(write_end)
        watchdog = threading.Timer(cases.TIMEOUT_S, child.kill)
        watchdog.start()
        while packet := os.read(read_end, 1 << 16):
            self.writes.append(packet.splitlines())
            if killed:
                child.kill()
        os.close(read_end)
        self.status = child.wait()
        watchdog.cancel()
        text = (cases.read_file(log) or b"").decode()
        self.calls = [line.split(" ") for line in text.splitlines()]

    def noted(self):
        """Was the last write of rows noted in the lock file?"""
        done = [(call, file) for call, file, verdict in self.calls if verdict == "0"]
        last = max((i for i, row in enumerate(done) if row == ("write", "stdout")), default=-1)
        return ("pwrite", "s.lock") in done[last + 1:] if last >= 0 else True


class Pipe:
    """What came out over all starts."""

    def __init__(self, expected):
        self.expected = expected
        self.out = 0  # so many rows of them
        self.unnoted = 0  # of which the last ones may come again
        self.again = 0

    def take(self, run):
        """None, or what is wrong with what a start wrote."""
        rows = [row for write in run.writes for row in write]
        starts = [self.out, self.out - self.unnoted] if self.unnoted else [self.out]
        for start in starts:
            if rows == self.expected[start:start + len(rows)]:
                self.again += self.out - start if rows else 0
                if rows:
                    self.out = start + len(rows)
                    self.unnoted = 0
                if run.writes and not run.noted():
                    self.unnoted = len(run.writes[-1])
                return None
        return f"row {self.out} was to come, found {rows[:1]}"


def durable_first(calls):
    """Is each write of rows behind a snapshot that was made durable?"""
    steps = [("fsync", "s.tmp"), ("rename", "s"), ("fsync", ".")]
    reached = 0
    for call, file, _ in calls:
        if reached < len(steps) and (call, file) == steps[reached]:
            reached += 1
        if (call, file) == ("write", "stdout"):
            if reached < len(steps):
                return False
            reached = 0
    return True


def forgets_durably(calls):
    """Before its first snapshot: is the note of an older run taken out of the lock file for good?"""
    before = [(call, file) for call, file, _ in calls]
    before = before[:before.index(("rename", "s"))]
    return ("fdatasync", "s.lock") in before[before.index(("pwrite", "s.lock")):]


class Job:
    """A way to feed it, and what must come out."""

    def __init__(self, options, shim, folder, feed, old):
        self.winagg, self.shim, self.feed = os.path.abspath(options.winagg), shim, feed
        self.folder, self.stride, self.seed = folder, options.stride, options.seed
        self.data = cases.stream(6, options.records)
        self.old = old  # an older run has left its lock file
        quiet = self.fresh()
        run = Run(self, quiet, {})
        self.expected = [row for write in run.writes for row in write]
        self.beside = cases.outputs(quiet)
        self.calls = len(run.calls)
        out = run.calls.index(["write", "stdout", "0"])
        self.first_note = out + 1 + run.calls[out:].index(["pwrite", "s.lock", "0"])
        if run.status != 0 or not self.expected or not durable_first(run.calls):
            raise AssertionError(f"a quiet run ends with {run.status}, rows before their snapshot, "
                                 f"or none ({quiet})")
        for name in ("s", "late", "bad"):
            os.unlink(os.path.join(quiet, name))
        if not forgets_durably(Run(self, quiet, {}).calls):
            raise AssertionError(f"an older run's note may come back when the power fails ({quiet})")

    def fresh(self, rng=None):
        folder = tempfile.mkdtemp(dir=self.folder)
        os.mkdir(os.path.join(folder, "rows"))
        cases.write_file(os.path.join(folder, "in"), self.data)
        if self.old and rng is not None:
            number = rng.choice([self.first_note + 1, rng.randrange(1, self.calls // 2)])
            Run(self, folder, kill(number))
            for name in ("s", "late", "bad"):
                if os.path.exists(os.path.join(folder, name)):
                    os.unlink(os.path.join(folder, name))
        return folder


def one(job, fault, rng):
    """(kills, starts, rows that came again, what is wrong or None) of a life that begins so."""
    folder, pipe = job.fresh(rng), Pipe(job.expected)
    kills = starts = 0
    wrong, lives = None, []
    while wrong is None:
        run = Run(job, folder, fault)
        lives.append(" ".join(fault.values()) or "quiet")
        starts += 1
        kills += run.status == -signal.SIGKILL
        wrong = pipe.take(run)
        if run.status == 0:
            break
        if run.status not in (1, -signal.SIGKILL) or starts > 50:
            wrong = f"status {run.status}"
        fault = kill(rng.randrange(1, job.calls)) if rng.random() < 0.3 else {}
    if wrong is None and pipe.out != len(job.expected):
        wrong = f"{len(job.expected) - pipe.out} rows are lost"
    if wrong is None:
        wrong = cases.damage(job.beside, cases.outputs(folder))
    if wrong is None:
        shutil.rmtree(folder)
    return kills, starts, pipe.again, wrong and f"{', '.join(lives)}: {wrong} ({folder})"


def fired(job):
    """None, or what is wrong with rows that the wall clock fires into a pipe."""
    folder = tempfile.mkdtemp(dir=job.folder)
    argv = ["-t", "t", "--time-format", "s", "--output-time", "s", "-o", "csv", "-w", "1s", "--state",
            "s", "--checkpoint", "1h", "--resume", "continue", "--late", "late", "--idle-timeout"]
    # A pipe that is full of time: nothing comes, and its writer is there.
    os.mkfifo(os.path.join(folder, "in"))
    writer = os.open(os.path.join(folder, "in"), os.O_RDWR)
    os.write(writer, b'{"t":1}\n{"t":1.9}\n')
    pipe = Pipe([b"window_start,window_end,count", b"1,2,2", b"900,901,1", b"950,951,1"])
    run = Run(job, folder, {}, [*argv, "100ms"], killed=True)
    wrong = pipe.take(run)
    if run.status != -signal.SIGKILL or not durable_first(run.calls):
        wrong = f"status {run.status}, or a row before its snapshot"
    # W does not go back: what belongs to a window that was fired is too late.
    os.write(writer, b'{"t":1.5}\n{"t":900}\n{"t":950}\n')
    threading.Timer(0.1, os.close, [writer]).start()
    run = Run(job, folder, {}, [*argv, "100ms"])
    wrong = wrong or pipe.take(run)
    late = cases.read_file(os.path.join(folder, "late"))
    if wrong is None and (run.status != 0 or pipe.out != len(pipe.expected) or late != b'{"t":1.5}\n'):
        wrong = f"status {run.status}, {pipe.out} rows, late {late}"
    return wrong and f"fired by the clock: {wrong} ({folder})"


def kill(number):
    return {"SHIM_CALL": "any", "SHIM_NTH": str(number), "SHIM_ERROR": "kill"}


def faults(job, rng):
    """Of the first start: killed before each call; and notes that can't be written, then a kill."""
    for number in range(1 + rng.randrange(job.stride), job.calls + 1, job.stride):
        yield kill(number)
    for number in (1, 2, 3):
        stride = min(job.stride, 3) if job.old and number == 1 else job.stride
        for then in range(1 + rng.randrange(stride), 60, stride):
            yield {"SHIM_CALL": "pwrite", "SHIM_NTH": str(number), "SHIM_THEN": str(then),
                   "SHIM_ERROR": str(errno.EIO)}


def work(arguments):
    return one(*arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--stride", type=int, default=1, help="only each STRIDEth call")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    options = parser.parse_args()
    folder = cases.scratch("winagg-hold-")
    shim = cases.build_shim(folder, "shim.c")
    lives = []
    for feed in ("file", "stdin"):
        for old in (False, True):
            job = Job(options, shim, folder, feed, old)
            rng = random.Random(f"{options.seed}:{feed}:{old}")
            lives += [(job, fault, random.Random(rng.random())) for fault in faults(job, rng)]
    totals, wrong = [0, 0, 0], []
    what = fired(job)
    if what is not None:
        wrong.append(what)
        print(what)
    with Pool() as pool:
        for *counts, what in pool.imap_unordered(work, lives, chunksize=4):
            totals = [a + b for a, b in zip(totals, counts)]
            if what is not None:
                wrong.append(what)
                print(what, flush=True)
    if not options.keep:
        shutil.rmtree(folder)
    print("{} kills, {} starts, {} rows noted too late, {} wrong".format(*totals, len(wrong)))
    return 0 if totals[0] > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
