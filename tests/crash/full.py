#!/usr/bin/env python3
"""A disk that is really full: a tmpfs of so many pages, or so many inodes, on which a run leaves its
outputs and its snapshot. It ends with 1 and a message that names the file, and so it does when it is
given again; when there is room, the same command ends with the bytes of a run that nothing
disturbed. Stopped by a full disk or killed before, as one falls.

Mounting takes root, or a user namespace of one's own; where neither is to be had the last line begins
with SKIPPED and says why, and the status is 77. Else it counts: `N full disks, N runs ended by them,
lost 0, repeated 0`."""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from multiprocessing import Pool

import cases

PAGE = os.sysconf("SC_PAGESIZE")
SKIPPED = 77
INSIDE = "WINAGG_FULL_INSIDE"
NAMES = r"winagg: (s|s\.lock|out|late|bad|rows/out|stdout): "


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr.strip()


def enter():
    """In a mount namespace from here on, or a reason why not."""
    if INSIDE not in os.environ:
        ways = [["unshare", "-m"]] if os.geteuid() == 0 else []
        for way in [*ways, ["unshare", "-r", "-m"]]:
            if shutil.which("unshare") and subprocess.run([*way, "true"], stderr=subprocess.DEVNULL,
                                                          check=False).returncode == 0:
                os.environ[INSIDE] = "1"
                os.execvp(way[0], [*way, sys.executable, *sys.argv])
        return "neither root nor a user namespace"
    probe = tempfile.mkdtemp(prefix="winagg-full-")
    ok, why = mount("-t", "tmpfs", "-o", "size=64k", "none", probe)
    if ok:
        subprocess.run(["umount", probe], check=True)
    os.rmdir(probe)
    return None if ok else why


class Disk:
    """A tmpfs, with a run's folder on it; its inputs are links to a folder aside."""

    def __init__(self, case, folder, size):
        self.aside, self.path = tempfile.mkdtemp(dir=folder), tempfile.mkdtemp(dir=folder)
        ok, why = mount("-t", "tmpfs", "-o", size, "none", self.path)
        if not ok:
            raise AssertionError(f"can't mount a tmpfs of {size}: {why}")
        try:
            os.mkdir(os.path.join(self.path, "rows"))
            for name in ("in", *(name for name, _ in case.others)):
                os.symlink(os.path.join(self.aside, name), os.path.join(self.path, name))
        except OSError:
            self.remove()
            raise

    def grow(self):
        # With all that mount(8) would read of the old mount: a user namespace knows no owner of it.
        ok, why = mount("-t", "tmpfs", "-o", "remount,size=64m,nr_inodes=1000", "none", self.path)
        if not ok:
            raise AssertionError(f"can't make room: {why}")

    def remove(self):
        # Lazily: who looks through all mounts holds it for a moment.
        subprocess.run(["umount", "-l", self.path], check=True)
        os.rmdir(self.path)
        shutil.rmtree(self.aside)


def fill(lab, case, disk, rng):
    """Runs until one is ended by the disk; (the step that it was in, None or what is wrong)."""
    for step in range(case.count()):
        lab.grow(case, disk.path, step)
        for _ in range(2):  # a full disk is no fuller at the second attempt
            wrap = ("timeout", "-s", "KILL", f"{rng.random() * 0.05:.3f}") if rng.random() < 0.2 else ()
            status = lab.run(case, disk.path, step, wrap)
            said = lab.said(disk.path)
            if lab.ended(status, disk.path):
                break
            if status not in (1, -signal.SIGKILL, 128 + signal.SIGKILL):
                return step, f"status {status}: {said}"
            if status == 1 and not re.search(NAMES, said):
                return step, f"no message that names the file: {said}"
        else:
            return step, None
    return case.count(), None


def one(job):
    """(was it full, None or what is wrong) for a disk of one size."""
    winagg, folder, case, expected, size = job
    lab, rng = cases.Lab(winagg, folder), random.Random(f"{case.name}:{size}")
    try:
        disk = Disk(case, folder, size)
    except OSError:
        return False, None  # not even the folder fits
    lab.aside = disk.aside
    try:
        step, wrong = fill(lab, case, disk, rng)
    except OSError:  # of case.stdout, whose file is the shell's to make
        step, wrong = 0, None
    full = step < case.count()
    disk.grow()
    while wrong is None and step < case.count():
        lab.grow(case, disk.path, step)
        status = lab.run(case, disk.path, step)
        if not lab.ended(status, disk.path):
            wrong = f"the restart ends with {status}: {lab.said(disk.path)}"
        step += 1
    if wrong is None:
        wrong = cases.damage(expected, cases.outputs(disk.path))
    disk.remove()
    return full, wrong and f"{case.name}, {size}: {wrong}"


def sizes(case, expected, count, rng):
    """Of disks between nothing and what a run needs; about: a snapshot is there twice for a while."""
    bytes_out = sum(len(data or b"") for data in expected.values())
    pages = bytes_out // PAGE + 16
    for size in sorted(rng.sample(range(1, pages + 1), min(count, pages))):
        yield f"size={size * PAGE}"
    links = 3 + len(case.others)  # and the folders
    for inodes in range(links, links + 6):
        yield f"size=64m,nr_inodes={inodes}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=1500)
    parser.add_argument("--sizes", type=int, default=40, help="at the most, for each case")
    options = parser.parse_args()
    why = enter()
    if why is not None:
        print(f"SKIPPED: no tmpfs can be mounted: {why}")
        return SKIPPED
    winagg = os.path.abspath(options.winagg)
    folder = cases.scratch("winagg-full-")
    chosen = cases.cases(winagg, options.records, 12000)
    disks, full, wrong = 0, 0, []
    with Pool() as pool:
        expected = pool.map(cases.quiet, [(winagg, folder, case) for case in chosen], chunksize=1)
        jobs = [(winagg, folder, case, found, size) for case, found in zip(chosen, expected)
                for size in sizes(case, found, options.sizes,
                                  random.Random(f"{options.seed}:{case.name}"))]
        for was_full, what in pool.imap_unordered(one, jobs, chunksize=1):
            disks, full = disks + 1, full + was_full
            if what is not None:
                wrong.append(what)
                print(what, flush=True)
    shutil.rmtree(folder)
    verdict = "lost 0, repeated 0" if not wrong else f"{len(wrong)} times lost or repeated"
    print(f"{full} full disks of {disks}, {verdict}")
    return 0 if full > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
