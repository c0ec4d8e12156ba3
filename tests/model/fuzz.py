#!/usr/bin/env python3
"""Fuzzes the whole program: random command lines over small random streams, some of both damaged.

What the model can judge it judges, all that check.py compares; of the rest there are laws: how a
run ends, what its messages are, that its counters add up and its rows are rows. Whatever is run is
run in several ways that must not show: threads, read sizes, pipe or FILE, stopped, killed and
started again. A case is a function of (seed, number).

Runs come from forker.c (make fuzz-whole builds it): one that has to wait for exec(2) and a dynamic
linker would be most of the time. A case that goes wrong is shrunk and kept, see corpus.py. The last
line says how many runs there were, and how many cases went wrong."""

import argparse
import collections
import os
import random
import signal
import sys
import time
from multiprocessing import Pool

import check
import corpus
import damage
import judge
import streams
from forker import Forker

stopped = []  # by a signal: what was counted is printed all the same
KINDS = {"stream": 50, "bytes": 28, "words": 10, "lines": 12}
MOST_RECORDS = 12


def make(seed, only=None):
    """(kind, case) of a seed."""
    rng = random.Random(seed + ":kind")
    kind = only or rng.choices(list(KINDS), KINDS.values())[0]
    if kind == "lines":
        return kind, damage.lines_case(rng)
    case = streams.case(seed, rng.choice([2, MOST_RECORDS, MOST_RECORDS]))
    if kind == "bytes":
        case = damage.damaged_bytes(rng, case)
    if kind == "words":
        case = damage.damaged_words(rng, case)
    return kind, case


def fuzz_one(forker, seed, counts, only=None):
    """None if the case is right, else its report."""
    kind, case = make(seed, only)
    wrong, judged = judge.judge(forker, case, kind, seed)
    counts[kind] += 1
    counts["judged"] += judged
    if not wrong:
        return None
    small, wrong = judge.shrink(forker, case, wrong, kind, seed)
    return kind, small, wrong


def work(job):
    """A worker: its own forker, every WORKERS-th number."""
    options, first = job
    forker, counts, found = Forker(options.forker), collections.Counter(), []
    began = shown = time.monotonic()
    number = options.first + first
    while number < options.first + options.count and len(found) < options.most:
        report = fuzz_one(forker, f"{options.seed}:{number}", counts, options.kind)
        counts["cases"] += 1
        if report is not None:
            found.append(corpus.keep(options.keep, f"{options.seed}-{number}", *report))
            print(f"case {number} of seed {options.seed}: {found[-1]}", flush=True)
        now = time.monotonic()
        if stopped or (options.seconds and now - began >= options.seconds):
            break
        if now - shown >= 60:
            shown = now
            print(f"... {counts['cases']} cases, {forker.runs} runs, {len(found)} wrong", flush=True)
        number += options.workers
    counts["runs"] = forker.runs
    forker.close()
    return counts, len(found)


def results(jobs):
    if len(jobs) == 1:
        return map(work, jobs)
    with Pool(len(jobs)) as pool:
        return pool.map(work, jobs)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forker", default="build/release/model/forker")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1 << 60, help="cases")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--kind", choices=KINDS, help="only cases of this kind")
    parser.add_argument("--seconds", type=float, help="stop then")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--most", type=int, default=20, help="stop after so many wrong ones")
    parser.add_argument("--keep", default="build/fuzz/whole", help="where wrong cases go")
    parser.add_argument("--replay", nargs="+", metavar="FILE", help="run kept cases instead")
    return parser.parse_args()


def replay(options):
    forker, wrong = Forker(options.forker), 0
    for path in options.replay:
        kind, case = corpus.load(path)
        for attempt in range(10):
            found, _ = judge.judge(forker, case, kind, f"{path}:{attempt}")
            if found:
                wrong += 1
                print(f"{path}:\n{check.reproduction(case)}\n" + "\n".join(found.values()))
                break
    print(f"{len(options.replay)} kept cases, {forker.runs} runs, {wrong} wrong")
    forker.close()
    return wrong


def main():
    options = arguments()
    options.forker = os.path.abspath(options.forker)
    if options.replay:
        return 1 if replay(options) else 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    jobs = [(options, i) for i in range(options.workers)]
    counts, found = collections.Counter(), 0
    began = time.monotonic()
    for one, wrong in results(jobs):
        counts += one
        found += wrong
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS)
    print(f"{counts['cases']} cases ({kinds}), {counts['judged']} judged by the model, in "
          f"{time.monotonic() - began:.0f} s")
    print(f"{counts['runs']} runs of winagg, {found} cases went wrong (seed {options.seed})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
