#!/usr/bin/env python3
"""--idle-timeout against the model: records and silences in random turns, by a virtual clock.

winagg reads a pipe under virtual_clock.c, so that time passes between two records exactly as the
case has it; the model hears of the same silences. Rows and counters must be equal."""

import argparse
import fcntl
import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import termios
import time

import model
from check import diff, stats_of
from options import Options
from records import read_records

SLICE_NS = 20_000_000    # how long winagg waits before it looks at the clock
TIMEOUT_S = 60
NOW, GRANTED, LOOKS, READING = range(4)


class Clock:
    """The words that are shared with virtual_clock.c."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clock")
        with open(self.path, "wb") as file:
            file.write(struct.pack("=4q", 1000 * 10**9, 0, 0, 0))
        with open(self.path, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), 32)

    def get(self, word):
        return struct.unpack_from("=q", self.words, 8 * word)[0]

    def grant(self, ns):
        struct.pack_into("=q", self.words, 8 * GRANTED, ns)


def until(child, holds):
    deadline = time.monotonic() + TIMEOUT_S
    while not holds():
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("winagg does not wait for input any more")
        time.sleep(0.0002)


def settle(child, clock):
    """All that was written has been taken, and winagg has looked again, in vain."""
    def taken():
        left = fcntl.ioctl(child.stdin.fileno(), termios.FIONREAD, b"\0\0\0\0")
        return struct.unpack("=i", left)[0] == 0 and clock.get(READING) == 1
    until(child, taken)
    looks = clock.get(LOOKS)
    until(child, lambda: clock.get(LOOKS) >= looks + 2)


def run_winagg(winagg, shim, argv, steps, folder):
    clock = Clock(folder)
    with open(os.path.join(folder, "out"), "wb") as out, \
            open(os.path.join(folder, "err"), "wb") as err:
        child = subprocess.Popen([winagg, *argv], stdin=subprocess.PIPE, stdout=out, stderr=err,
                                 env={"LD_PRELOAD": shim, "VIRTUAL_CLOCK": clock.path,
                                      "ASAN_OPTIONS": "verify_asan_link_order=0"}, bufsize=0)
        try:
            for step in steps:
                if isinstance(step, bytes):
                    child.stdin.write(step)
                else:
                    clock.grant(step)
                    until(child, lambda: clock.get(GRANTED) == 0)
                settle(child, clock)
            child.stdin.close()
            child.wait(TIMEOUT_S)
        finally:
            child.kill()
    with open(os.path.join(folder, "out"), "rb") as out, \
            open(os.path.join(folder, "err"), "rb") as err:
        return child.returncode, out.read(), err.read()


class Waits:
    """Silence as winagg counts it: slice by slice; of one that records cut short, after them."""

    def __init__(self, m):
        self.m, self.begun_ns = m, 0

    def wait(self, ns):
        while self.begun_ns + ns >= SLICE_NS:
            ns -= SLICE_NS - self.begun_ns
            self.m.be_silent(SLICE_NS)
            self.m.follow_clocks()
            self.begun_ns = 0
        self.begun_ns += ns

    def arrive(self, deal_with_records):
        self.m.part_ns = self.begun_ns
        deal_with_records()
        self.m.be_silent(self.begun_ns)
        self.m.part_ns = self.begun_ns = 0
        self.m.follow_clocks()


def run_model(argv, steps):
    options = Options(argv)
    m, outcome = model.Model(options), model.Result()
    outcome.options = options
    counts = {"records": 0, "bad": 0, "used": 0, "bytes": 0}
    waits = Waits(m)
    for step in steps:
        if isinstance(step, bytes):
            counts["bytes"] += len(step)
            records, read_field = read_records(step, options)
            waits.arrive(lambda: model.feed(m, records, read_field, outcome, counts))
        else:
            waits.wait(step)
    m.end()
    outcome.lines, outcome.stats = m.lines, model.statistics(m, counts, options)
    return outcome


def random_case(rng):
    idle_ns = rng.choice([1, 20, 30, 50, 75, 100, 400]) * 1_000_000
    size = rng.choice([1, 3, 10])
    argv = ["-t", "t", "--time-format", "s", "--output-time", "s", "--stats", "--input-format", "json",
            "--idle-timeout", f"{idle_ns}ns", "-a", "count,sum:v",
            "-w", rng.choice([f"{size}s", f"sliding:{3 * size}s/{size}s", f"session:{size}s", "50ms",
                              f"cumulate:{4 * size}s/{size}s"])]
    argv += ["--delay", rng.choice(["0", "2s", "20ms"])] if rng.random() < 0.5 else []
    argv += ["--lateness", rng.choice(["1s", "5s"])] if rng.random() < 0.4 else []
    argv += ["--early", rng.choice(["2", "1s"])] if rng.random() < 0.3 else []
    argv += ["--max-jump", "20s"] if rng.random() < 0.2 else []
    if rng.random() < 0.75:
        argv += ["--source", "s", "-k", "s"]
        argv += ["--sources", str(rng.randint(1, 4))] if rng.random() < 0.5 else []
    steps, now = [], rng.randint(0, 50)
    sources = rng.randint(1, 4)
    busy = rng.random() < 0.3    # no pause is as long as a slice
    for _ in range(rng.randint(3, 25)):
        if rng.random() < 0.45:
            short = rng.randint(1, 19)
            steps.append(1_000_000 * (short if busy else rng.choice([short, 20, 40, 60, rng.randint(1, 500)])))
            continue
        lines = b""
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            now += rng.choice([0, 0, 1, 1, 2, 6])
            t = now - rng.choice([0, 0, 0, 1, 4]) + (1000 if rng.random() < 0.03 else 0)
            lines += b'{"t":%d%s,"s":"%c","v":%d}\n' % (
                t, rng.choice([b"", b"", b".02", b".005"]), ord("a") + rng.randrange(sources),
                rng.randint(0, 9))
        steps.append(lines if rng.random() > 0.03 else b"broken\n" + lines)
    return argv, steps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", required=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shim = os.path.join(folder, "virtual_clock.so")
        here = os.path.dirname(os.path.abspath(__file__))
        subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-shared", "-fPIC", "-O1",
                        "-o", shim, os.path.join(here, "virtual_clock.c"), "-ldl"], check=True)
        for i in range(options.count):
            argv, steps = random_case(random.Random(f"{options.seed} {i}"))
            want = run_model(argv, steps)
            status, rows, err = run_winagg(os.path.abspath(options.winagg), shim, argv, steps, folder)
            wrong = diff(want.rows(), rows)
            if not wrong and stats_of(err, status) != want.stats:
                wrong = f"--stats:\nmodel  {want.stats}\nwinagg {stats_of(err, status)}"
            if wrong or status != 0:
                print(f"MISMATCH in case {i} of seed {options.seed}: status {status}\n"
                      f"winagg {' '.join(argv)}\n{steps}\n{wrong}\n{err.decode()}")
                return 1
    print(f"{options.count} of {options.count} cases agreed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
