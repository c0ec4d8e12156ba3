#!/usr/bin/env python3
"""Kills winagg before every call that writes, syncs, renames, truncates, opens or closes.

    strace -f -e inject=SYSCALL:signal=KILL:when=N        N = 1, 2, ... until none is left

and at random moments. After each kill the same command is run again, sometimes killed again, until
it comes to its end: the outputs must be, byte for byte, those of a run that was never killed. The
last line counts: `N kills, N restarts, lost 0, repeated 0`."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from multiprocessing import Pool

import cases

SYSCALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "openat", "close",
            "lseek", "flock")
KILLED = -signal.SIGKILL
RESTARTS_MAX = 400


def strace(syscall, number):
    """A wrapper that kills before the `number`th such call (of a process or thread)."""
    return ("strace", "-f", "-o", "/dev/null", "-e", f"trace={syscall}",
            "-e", f"inject={syscall}:signal=KILL:when={number}")


class Victim:
    """A case, and what must come out of it."""

    def __init__(self, lab, case, seed):
        self.lab, self.case = lab, case
        self.rng = random.Random(f"{seed}:{case.name}")
        self.expected = lab.expected(case)
        self.kills = self.restarts = 0
        self.wrong = []

    def judge(self, folder, how):
        word = cases.damage(self.expected, cases.outputs(folder))
        if word is not None:
            self.wrong.append(f"{self.case.name}: killed {how}: {word} ({folder})")
            return
        shutil.rmtree(folder)

    def finish(self, folder, step, how):
        """Runs on to the end, now and then killed again."""
        again = self.rng.random() < 0.3
        while step < self.case.count():
            self.lab.grow(self.case, folder, step)
            wrap = ()
            if again:
                wrap = strace(self.rng.choice(SYSCALLS[:6]), self.rng.randint(1, 12))
                again = self.rng.random() < 0.3
            status = self.lab.run(self.case, folder, step, wrap)
            self.restarts += 1
            if status == KILLED:
                self.kills += 1
            elif self.lab.ended(status, folder):
                step += 1
            else:
                self.wrong.append(f"{self.case.name}: killed {how}: the restart ends with "
                                  f"{status}: {self.lab.said(folder)} ({folder})")
                return
        self.judge(folder, how)

    def before_each(self, syscall, stride):
        """A kill before each `stride`th such call, at each step of the case."""
        ready = self.lab.fresh(self.case)
        for step in range(self.case.count()):
            self.lab.grow(self.case, ready, step)
            number = 1 + self.rng.randrange(stride)
            while True:
                folder = self.lab.copy(ready)
                status = self.lab.run(self.case, folder, step, strace(syscall, number))
                if status == 0:
                    shutil.rmtree(folder)
                    break
                self.kills += 1
                self.finish(folder, step, f"before {syscall} {number} of start {step}")
                number += stride
            if self.lab.run(self.case, ready, step) != 0:
                self.wrong.append(f"{self.case.name}: {self.lab.said(ready)}")
                break
        shutil.rmtree(ready)

    def at_random(self, lives):
        """Killed after a random time again and again, `lives` times at most."""
        folder = self.lab.fresh(self.case)
        step, span_s = 0, 0.02
        while step < self.case.count():
            self.lab.grow(self.case, folder, step)
            child, feeder = self.lab.start(self.case, folder, step)
            if lives > 0:
                time.sleep(self.rng.random() * span_s)
                child.kill()
            status = self.lab.end(child, feeder)
            if self.lab.ended(status, folder):
                step += 1
            elif status == KILLED:
                lives -= 1
                self.kills += 1
                self.restarts += 1
            else:
                self.wrong.append(f"{self.case.name}: killed at random: status {status}: "
                                  f"{self.lab.said(folder)} ({folder})")
                return
        self.judge(folder, "at random")


def work(job):
    winagg, folder, case, syscall, options = job
    lab = cases.Lab(winagg, tempfile.mkdtemp(dir=folder))
    victim = Victim(lab, case, options.seed)
    if syscall is None:
        for _ in range(options.rounds):
            victim.at_random(12)
    else:
        victim.before_each(syscall, options.stride)
    return victim.kills, victim.restarts, victim.wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=24, help="records in a case")
    parser.add_argument("--stride", type=int, default=1, help="only each STRIDEth call")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of random kills a case")
    parser.add_argument("--case", action="append", help="only those of that name")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    return parser.parse_args()


def main():
    options = arguments()
    folder = cases.scratch("winagg-kill-")
    chosen = [case for case in cases.cases(options.winagg, options.records)
              if options.case is None or case.name in options.case]
    jobs = [(options.winagg, folder, case, syscall, options)
            for case in chosen for syscall in (*SYSCALLS, None)]
    kills = restarts = 0
    wrong = []
    with Pool() as pool:
        for killed, restarted, found in pool.imap_unordered(work, jobs, chunksize=1):
            kills += killed
            restarts += restarted
            wrong += found
            for line in found:
                print(line, flush=True)
    if not options.keep:
        shutil.rmtree(folder)
    lost = "lost 0, repeated 0" if not wrong else f"{len(wrong)} times lost or repeated"
    print(f"{kills} kills, {restarts} restarts, {lost}")
    return 0 if kills > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
