#!/usr/bin/env python3
"""Clocks that jump (shim_clock.c): the time of day back and forward, the monotonic one forward.

    rows    the runs of cases.py with snapshots by time, and a clock that jumps after some looks:
            the same bytes, at least as many snapshots as a quiet run takes, and no more looks at the
            clock while nothing comes than waiting takes (a busy loop looks all the time)
    idle    --idle-timeout 1h over two FIFOs, a day passes at once while one is waited for: that is
            no silence, so its records are not late
    late    what has arrived in a FIFO is read a second later, as after a stop: with --idle-timeout
            50ms that is no silence either
    follow  a log is rotated, its writer goes on in the old file; ten minutes pass at once: the file
            was not quiet for them, what is written to it then is read

The last line counts: `N runs, N snapshots, N wrong`."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool

import cases

LOOKS_MAX = 20000  # in half a second of waiting; a busy loop has some hundred thousand


def jumping(shim, folder, seed=None, every=0):
    env = {"LD_PRELOAD": shim, "CLOCK_COUNT": os.path.join(folder, "looks"),
           "CLOCK_FILE": os.path.join(folder, "passed"), "CLOCK_EVERY": str(every)}
    if seed is not None:
        env["CLOCK_SEED"] = str(seed)
    cases.write_file(env["CLOCK_FILE"], b"")
    return env


def let_pass(folder, seconds):
    path = os.path.join(folder, "passed")
    os.truncate(path, os.path.getsize(path) + seconds)


def looks(folder):
    return int.from_bytes(cases.read_file(os.path.join(folder, "looks")) or b"", "little")


def by_time(case):
    """The same command, with snapshots by the clock."""
    options = list(case.options)
    if "--checkpoint" in options:
        options[options.index("--checkpoint") + 1] = "2s"
    return cases.Case(case.name, (*options, "--metrics", "metrics"), case.data, case.feed,
                      case.stdout, case.steps, case.others)


def rows(job):
    """(snapshots, None or what is wrong) of a case under clocks that jump."""
    winagg, shim, folder, case, expected, seed = job
    lab = cases.Lab(winagg, tempfile.mkdtemp(dir=folder))
    place = lab.fresh(case)
    snapshots = 0
    for step in range(case.count()):
        lab.grow(case, place, step)
        env = jumping(shim, place, seed, random.Random(seed).choice([2, 10, 50]))
        status = lab.run(case, place, step, env=env)
        if not lab.ended(status, place):
            return 0, f"{case.name}, seed {seed}: status {status}: {lab.said(place)} ({place})"
        text = (cases.read_file(os.path.join(place, "metrics")) or b"").decode()
        taken = [line for line in text.splitlines() if "checkpoints_total " in line]
        snapshots += int(taken[-1].split()[-1])
    word = cases.damage(expected, cases.outputs(place))
    if word is None and snapshots < 2 * case.count():
        word = f"{snapshots} snapshots, fewer than a run has"
    if word is not None:
        return 0, f"{case.name}, seed {seed}: {word} ({place})"
    shutil.rmtree(place)
    return snapshots, None


class Live:
    """A run that goes on until it is told to stop."""

    def __init__(self, winagg, shim, folder, argv, seed=None, every=0):
        self.folder, self.winagg = tempfile.mkdtemp(dir=folder), winagg
        self.argv, self.env = argv, jumping(shim, self.folder, seed, every)
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        with open(self.path("err"), "ab") as err:
            self.process = subprocess.Popen([self.winagg, *self.argv], cwd=self.folder, stderr=err,
                                            stdout=subprocess.DEVNULL,
                                            env=cases.environment(self.env))

    def used(self):
        """Records that a snapshot has."""
        found = subprocess.run([self.winagg, "--inspect", "s"], cwd=self.folder, check=False,
                               capture_output=True)
        return json.loads(found.stdout)["records"] if found.returncode == 0 else -1

    def wait_for(self, condition):
        """Until it holds; not for ever."""
        for _ in range(6000):
            if condition() or self.process.poll() is not None:
                return
            time.sleep(0.01)

    def end(self):
        self.process.terminate()
        return self.process.wait()

    def rows(self):
        return (cases.read_file(self.path("out")) or b"").decode().splitlines()


BASE = ["-t", "t", "--time-format", "s", "--output-time", "s", "-o", "csv", "-w", "10s",
        "--checkpoint", "1s", "--state", "s", "--output", "out"]


def line(at):
    return b'{"t":%d}\n' % at


def idle(job):
    """A day passes while the second FIFO is waited for: it holds W back as before."""
    winagg, shim, folder, seed = job
    live = Live(winagg, shim, folder, [*BASE, "--idle-timeout", "1h", "--late", "late", "a", "b"])
    os.mkfifo(live.path("a"))
    os.mkfifo(live.path("b"))
    live.start()
    rng = random.Random(seed)
    with open(live.path("a"), "wb", buffering=0) as a, open(live.path("b"), "wb", buffering=0) as b:
        a.write(line(1) + line(100))
        b.write(line(2))
        for at in range(5, 50, 5):
            before = looks(live.folder)
            live.wait_for(lambda before=before: looks(live.folder) > before + 20)
            let_pass(live.folder, rng.choice([1700, 3599, 90000, 400 * 86400]))
            live.wait_for(lambda before=before: looks(live.folder) > before + 60)
            b.write(line(at))
    status = live.process.wait()
    # Both have ended: nothing was late, so each window has its two records of b, and a's.
    wanted = ["window_start,window_end,count", "0,10,3", "10,20,2", "20,30,2", "30,40,2", "40,50,2",
              "100,110,1"]
    if status != 0 or live.rows() != wanted or cases.read_file(live.path("late")):
        return 1, f"idle, seed {seed}: status {status}, rows {live.rows()} ({live.folder})"
    shutil.rmtree(live.folder)
    return 1, None


def late(job):
    """All has arrived before the run begins, and it takes long to read it."""
    winagg, shim, folder, seed = job
    live = Live(winagg, shim, folder, [*BASE, "--idle-timeout", "50ms", "--late", "late", "a", "b"])
    os.mkfifo(live.path("a"))
    os.mkfifo(live.path("b"))
    live.env["CLOCK_READ_MS"] = "1000"
    live.env["CLOCK_READ_INODE"] = str(os.stat(live.path("b")).st_ino)
    # Both ends: so that it can be written to before there is a reader.
    ends = [os.open(live.path(name), os.O_RDWR) for name in "ab"]
    os.write(ends[0], line(1) + line(100))
    os.write(ends[1], line(2) + line(5) + line(90))
    live.start()
    live.wait_for(lambda: live.used() == 5)
    for end in ends:
        os.close(end)
    status = live.process.wait()
    wanted = ["window_start,window_end,count", "0,10,3", "90,100,1", "100,110,1"]
    if status != 0 or live.rows() != wanted or cases.read_file(live.path("late")):
        return 1, f"late, seed {seed}: status {status}, rows {live.rows()} ({live.folder})"
    shutil.rmtree(live.folder)
    return 1, None


def follow(job):
    """What is written to a file that was rotated away, ten minutes of a stopped clock later."""
    winagg, shim, folder, seed = job
    live = Live(winagg, shim, folder, [*BASE, "-d", "1h", "--follow", "log"])
    rng = random.Random(seed)
    with open(live.path("log"), "wb", buffering=0) as old:
        old.write(line(1))
        live.start()
        live.wait_for(lambda: live.used() == 1)
        os.rename(live.path("log"), live.path("log.1"))
        with open(live.path("log"), "wb", buffering=0) as new:
            new.write(line(2))
            let_pass(live.folder, 2)
            live.wait_for(lambda: live.used() == 2)
            before = looks(live.folder)
            let_pass(live.folder, rng.choice([61, 600, 86400]))
            live.wait_for(lambda: looks(live.folder) > before + 40)
            old.write(line(3))
            let_pass(live.folder, 2)
            live.wait_for(lambda: live.used() == 3 or looks(live.folder) > before + 4000)
    used = live.used()
    live.end()
    if used != 3:
        return 1, f"follow, seed {seed}: {used} of 3 records were read ({live.folder})"
    shutil.rmtree(live.folder)
    return 1, None


def waiting(job):
    """Half a second in which nothing comes, under a clock that jumps: is it waited for, or asked?"""
    winagg, shim, folder, seed = job
    live = Live(winagg, shim, folder, [*BASE, "--idle-timeout", "1h", "--metrics", "m", "a"], seed, 20)
    os.mkfifo(live.path("a"))
    live.start()
    with open(live.path("a"), "wb", buffering=0) as a:
        a.write(line(1))
        live.wait_for(lambda: looks(live.folder) > 0)
        before = looks(live.folder)
        time.sleep(0.5)
        asked = looks(live.folder) - before
    status = live.process.wait()
    if status != 0 or live.rows()[1:] != ["0,10,1"] or asked > LOOKS_MAX:
        return 1, f"waiting, seed {seed}: status {status}, {asked} looks at the clock ({live.folder})"
    shutil.rmtree(live.folder)
    return 1, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20, help="seeds for each case")
    options = parser.parse_args()
    winagg = os.path.abspath(options.winagg)
    folder = cases.scratch("winagg-clocks-")
    shim = cases.build_shim(folder, "shim_clock.c")
    chosen = [by_time(case) for case in cases.cases(winagg, 40, 3000)]
    seeds = range(options.seed, options.seed + options.rounds)
    runs = snapshots = 0
    wrong = []
    with Pool(4) as pool:
        expected = pool.map(cases.quiet, [(winagg, folder, case) for case in chosen], chunksize=1)
        jobs = [(function, winagg, shim, folder, seed)
                for seed in seeds for function in (idle, late, follow, waiting)]
        jobs += [(rows, winagg, shim, folder, case, found, seed)
                 for case, found in zip(chosen, expected) for seed in seeds]
        for taken, what in pool.imap_unordered(cases.call, jobs, chunksize=1):
            runs, snapshots = runs + 1, snapshots + taken
            if what is not None:
                wrong.append(what)
                print(what, flush=True)
    shutil.rmtree(folder)
    least = options.rounds * sum(2 * case.count() for case in chosen)
    if snapshots - 4 * options.rounds <= least:
        wrong.append("no snapshot but the first and the last of each run")
        print(wrong[-1])
    print(f"{runs} runs, {snapshots} snapshots, {len(wrong)} wrong")
    return 0 if snapshots > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
