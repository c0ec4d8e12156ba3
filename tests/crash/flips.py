#!/usr/bin/env python3
"""Damages a snapshot: every bit flipped, every length cut to; winagg must refuse each of them.

Refused means: status 1, a message that calls the snapshot damaged, and neither the outputs nor the
snapshot touched. (The unit test of snapshot/ does the same within one process; here it is the
whole program.) The last line counts: `N flips, N truncations, accepted 0`."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from multiprocessing import Pool

import cases


def refused(lab, case, folder, data, before):
    """None, or what the program did instead."""
    cases.write_file(os.path.join(folder, "s"), data)
    status = lab.run(case, folder)
    said = lab.said(folder)
    if status != 1:
        return f"status {status}"
    # With a bit of its first bytes flipped it is not even known as one.
    if "damaged snapshot" not in said and "expected a snapshot of winagg" not in said:
        return f"it says: {said}"
    if cases.outputs(folder) != before or cases.read_file(os.path.join(folder, "s")) != data:
        return "files were touched"
    return None


def work(job):
    winagg, folder, case, start, damages = job
    lab = cases.Lab(winagg, tempfile.mkdtemp(dir=folder))
    folder = lab.copy(start)
    good = cases.read_file(os.path.join(folder, "s"))
    # Rows behind the snapshot: taken for a fresh start or a whole one, they would be doubled or cut.
    with open(os.path.join(folder, "out"), "ab") as file:
        file.write(b"rows of no snapshot\n")
    before = cases.outputs(folder)
    wrong = []
    for kind, at in damages:
        data = good[:at]
        if kind == "flip":
            data = good[:at // 8] + bytes([good[at // 8] ^ 1 << at % 8]) + good[at // 8 + 1:]
        word = refused(lab, case, folder, data, before)
        if word is not None:
            wrong.append(f"{kind} {at}: {word}")
    return wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--stride", type=int, default=1, help="only one of STRIDE flips and cuts")
    return parser.parse_args()


def main():
    options = arguments()
    folder = cases.scratch("winagg-flips-")
    lab = cases.Lab(options.winagg, folder)
    case = next(case for case in cases.cases(options.winagg) if case.name == "growing")
    start = lab.fresh(case)
    if lab.run(case, start) != 0:
        print(lab.said(start))
        return 1
    size = len(cases.read_file(os.path.join(start, "s")))
    rng = random.Random(options.seed)
    flips = [("flip", bit) for bit in range(rng.randrange(options.stride), size * 8,
                                            options.stride)]
    cuts = [("cut", at) for at in range(0, size, options.stride)]
    damages = flips + cuts
    jobs = [(options.winagg, folder, case, start, damages[i::16]) for i in range(16)]
    with Pool() as pool:
        wrong = [line for found in pool.imap_unordered(work, jobs) for line in found]
    for line in wrong[:20]:
        print(line)
    shutil.rmtree(folder)
    print(f"{len(flips)} flips, {len(cuts)} truncations, accepted {len(wrong)}")
    return 1 if wrong or not flips else 0


if __name__ == "__main__":
    sys.exit(main())
