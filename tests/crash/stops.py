#!/usr/bin/env python3
"""Stopped (SIGSTOP) at random moments, gone on with (SIGCONT) a while later, and killed now and
then, while its pipe is fed in pieces: the outputs must be those of a run that nothing disturbed.

With --idle too: of two FIFOs with --idle-timeout one is written to while winagg is stopped, for
longer than that, or just after; nothing may be late. The last line counts: `N stops, N kills, N wrong`."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import Pool

import cases

KILLED = -signal.SIGKILL
IDLE_S = 1.0


class Stopper(threading.Thread):
    """Stops a process for a while, again and again, until it has ended."""

    def __init__(self, child, rng):
        super().__init__()
        self.child, self.rng = child, rng
        self.stops = 0

    def run(self):
        while self.child.poll() is None:
            time.sleep(self.rng.random() * 0.004)
            try:
                os.kill(self.child.pid, signal.SIGSTOP)
                time.sleep(self.rng.choice([0, 0.001, 0.02]))
                os.kill(self.child.pid, signal.SIGCONT)
            except ProcessLookupError:
                return
            self.stops += 1


def lives(job):
    """(stops, kills, None or what is wrong) of a case that is stopped, and killed some times."""
    winagg, folder, case, expected, seed = job
    lab = cases.Lab(winagg, tempfile.mkdtemp(dir=folder))
    rng = random.Random(f"{seed}:{case.name}")
    place, step, stops, kills = lab.fresh(case), 0, 0, 0
    while step < case.count():
        lab.grow(case, place, step)
        child, feeder = lab.start(case, place, step)
        stopper = Stopper(child, rng)
        stopper.start()
        if rng.random() < 0.5 and kills < 5:
            time.sleep(rng.random() * 0.03)
            child.kill()
        status = lab.end(child, feeder)
        stopper.join()
        stops += stopper.stops
        kills += status == KILLED
        if lab.ended(status, place):
            step += 1
        elif status != KILLED:
            return stops, kills, f"{case.name}, seed {seed}: status {status}: {lab.said(place)} ({place})"
    word = cases.damage(expected, cases.outputs(place))
    if word is not None:
        return stops, kills, f"{case.name}, seed {seed}: {word} ({place})"
    shutil.rmtree(place)
    return stops, kills, None


def line(at):
    return b'{"t":%d}\n' % at


def idle(job):
    """Two FIFOs; the second is written to while winagg is stopped. Not judged where the machine was
    so slow that there may have been real silence."""
    winagg, folder, seed = job
    rng = random.Random(seed)
    place = tempfile.mkdtemp(dir=folder)
    paths = [os.path.join(place, name) for name in "ab"]
    for path in paths:
        os.mkfifo(path)
    with open(os.path.join(place, "err"), "wb") as err:
        child = subprocess.Popen(
            [winagg, "-t", "t", "--time-format", "s", "--output-time", "s", "-o", "csv", "-w", "10s",
             "--state", "s", "--checkpoint", "50ms", "--output", "out", "--late", "late",
             "--idle-timeout", f"{IDLE_S}s", *paths], cwd=place, stderr=err)
    stops, slow = 0, False
    with open(paths[0], "wb", buffering=0) as a, open(paths[1], "wb", buffering=0) as b:
        a.write(line(1) + line(1000))
        b.write(line(2))
        for at in range(3, 8):
            spoke = time.monotonic()
            time.sleep(rng.random() * IDLE_S * 0.5)
            os.kill(child.pid, signal.SIGSTOP)
            time.sleep(IDLE_S * 1.5)
            if at % 2 == 0:
                b.write(line(at))
            os.kill(child.pid, signal.SIGCONT)
            if at % 2 == 1:
                time.sleep(0.1)
                b.write(line(at))
            slow |= time.monotonic() - spoke > IDLE_S * 2.4
            stops += 1
    status = child.wait()
    rows = (cases.read_file(os.path.join(place, "out")) or b"").decode().splitlines()
    if slow or (status == 0 and rows[1:] == ["0,10,7", "1000,1010,1"]):
        shutil.rmtree(place)
        return stops, 0, None
    return stops, 0, f"idle, seed {seed}: status {status}, rows {rows} ({place})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--idle", action="store_true", help="the FIFOs as well: takes seconds")
    options = parser.parse_args()
    winagg = os.path.abspath(options.winagg)
    folder = cases.scratch("winagg-stops-")
    chosen = cases.cases(winagg, 300)
    seeds = range(options.seed, options.seed + options.rounds)
    totals, wrong = [0, 0], []
    with Pool(4) as pool:
        expected = pool.map(cases.quiet, [(winagg, folder, case) for case in chosen], chunksize=1)
        jobs = [(lives, winagg, folder, case, found, seed)
                for case, found in zip(chosen, expected) for seed in seeds]
        jobs += [(idle, winagg, folder, seed) for seed in seeds if options.idle]
        for stops, kills, what in pool.imap_unordered(cases.call, jobs, chunksize=1):
            totals = [totals[0] + stops, totals[1] + kills]
            if what is not None:
                wrong.append(what)
                print(what, flush=True)
    shutil.rmtree(folder)
    print("{} stops, {} kills, {} wrong".format(*totals, len(wrong)))
    return 0 if totals[0] > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
