#!/usr/bin/env python3
"""A state with many ids is written by a forked child: it is killed before each of its calls, or the parent
is while the child is there, or both; and the parent before each of its own.

A child that is killed costs one snapshot, of which a line is said; the run goes on, and may be
killed a few calls later. The next start goes on from the old snapshot or from the new one, whichever
the file is, and ends with the bytes of a run that nothing disturbed. The last line counts:
`N kills (N of children), N restarts, lost 0, repeated 0`."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from multiprocessing import Pool

import cases

KILLED = -signal.SIGKILL
OPTIONS = (*cases.BASE, "-w", "100s", "-a", "count,sum:v,var:v,first:v,last:v,min:v", "--checkpoint",
           "250", *cases.FILES)


def hostile(winagg):
    """A program to which few bytes are many: tests/hostile.c."""
    return os.path.join(os.path.dirname(winagg), "winagg-hostile")


def forked_cases():
    data = cases.wide_stream(2000)
    return [cases.Case("forked", OPTIONS, data, feed="pipe"),
            cases.Case("forked, hold", (*OPTIONS, "--hold", "--early", "50s"), data)]


class Subject:
    """A case, and what must come out of it."""

    def __init__(self, lab, case, shim):
        self.lab, self.case, self.shim = lab, case, shim
        self.expected = lab.expected(case)
        self.kills = self.children = self.restarts = 0
        self.wrong = []

    def run(self, folder, who=None, number=0, how="kill", then=0):
        """(status, the calls): before the `number`th call of the child or the parent somebody is
        killed."""
        log = os.path.join(folder, "log")
        env = {"HOSTILE": "fork", "LD_PRELOAD": self.shim, "SHIM_DIR": os.path.realpath(folder), "SHIM_LOG": log,
               "SHIM_CALL": "any", "SHIM_WHO": who or "parent", "SHIM_NTH": str(number),
               "SHIM_ERROR": how, "SHIM_THEN": str(then)}
        if os.path.exists(log):
            os.unlink(log)
        status = self.lab.run(self.case, folder, env=env)
        text = (cases.read_file(log) or b"").decode()
        return status, [line.split(" ") for line in text.splitlines()]

    def count(self, who):
        """A number of its calls that no run reaches, less than twice as many as there are."""
        number, hit = 4, True
        while hit:
            number *= 2
            folder = self.lab.fresh(self.case)
            _, calls = self.run(folder, who, number)
            shutil.rmtree(folder)
            hit = any(int(verdict) < -1 for _, _, verdict in calls)
        return number

    def life(self, who, number, how, then, rng):
        what = f"{self.case.name}: {how} before call {number} of the {who}, {then} later"
        folder = self.lab.fresh(self.case)
        status, calls = self.run(folder, who, number, how, then)
        hit = any(int(verdict) < -1 for _, _, verdict in calls)
        if not hit:
            shutil.rmtree(folder)
            return
        self.children += hit and who == "child"
        said = self.lab.said(folder)
        if status == 0 and hit and "can't write the snapshot" not in said:
            self.wrong.append(f"{what}: nothing was said of it: {said} ({folder})")
            return
        while status != 0:
            if status != KILLED:
                self.wrong.append(f"{what}: status {status}: {self.lab.said(folder)} ({folder})")
                return
            self.kills += 1
            self.restarts += 1
            again = rng.random() < 0.2
            status, _ = self.run(folder, "child" if again else None, rng.randrange(1, 20) * again,
                                 "kill-parent")
        word = cases.damage(self.expected, cases.outputs(folder))
        if word is not None:
            self.wrong.append(f"{what}: {word} ({folder})")
            return
        shutil.rmtree(folder)


def work(job):
    winagg, shim, folder, case, who, options = job
    subject = Subject(cases.Lab(winagg, tempfile.mkdtemp(dir=folder)), case, shim)
    rng = random.Random(f"{options.seed}:{case.name}:{who}")
    count = subject.count(who)
    for how in ("kill", "kill-parent", "kill-both") if who == "child" else ("kill",):
        for number in range(1 + rng.randrange(options.stride), count, options.stride):
            later = how == "kill" and who == "child" and rng.random() < 0.5
            subject.life(who, number, how, rng.randrange(1, 40) * later, rng)
    return subject.kills, subject.children, subject.restarts, subject.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--stride", type=int, default=1, help="only each STRIDEth call")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    options = parser.parse_args()
    folder = cases.scratch("winagg-forks-")
    shim = cases.build_shim(folder, "shim.c")
    jobs = [(hostile(options.winagg), shim, folder, case, who, options) for case in forked_cases()
            for who in ("child", "parent")]
    kills = children = restarts = 0
    wrong = []
    with Pool() as pool:
        for killed, of_children, restarted, found in pool.imap_unordered(work, jobs, chunksize=1):
            kills, children = kills + killed, children + of_children
            restarts += restarted
            wrong += found
            for line in found:
                print(line, flush=True)
    if not options.keep:
        shutil.rmtree(folder)
    verdict = "lost 0, repeated 0" if not wrong else f"{len(wrong)} times lost or repeated"
    print(f"{kills} kills ({children} at calls of children), {restarts} restarts, {verdict}")
    return 0 if kills > 0 and children > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
