#!/usr/bin/env python3
"""Lets every call on a file fail, once or for good, with each error: see shim.c.

What is expected of a run in which the Nth call of a kind fails, with what a disk answers (EIO,
ENOSPC) or a file system over a network (ESTALE, EDQUOT):
    EINTR, EAGAIN, a short read or write    nothing shows: status 0, the same bytes
    a write to an output                    status 1, and a message; a restart heals it
    ENOSPC, EDQUOT, ESTALE on the snapshot  a warning, the old one counts; status 1 if that goes on,
                                            or if it is the first or the last one
    EIO on a sync                           status 1 at once: the file is never synced again
    anything else                           status 0 and the same bytes, or 1 and a message
The message names the file. Errors come in a run that begins and in one that goes on after a crash;
some of the runs are killed a few calls after the one that failed. After that or status 1 the same command, undisturbed, must end with 0 and leave
the bytes of a run that nothing disturbed. The last line counts: `N errors, N healed by a restart,
lost 0, repeated 0`."""

import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
from multiprocessing import Pool

import cases

CALLS = ("write", "read", "pread", "pwrite", "fsync", "fdatasync", "ftruncate", "close", "rename",
         "open", "fstat", "stat", "statx", "lseek", "flock", "unlink", "readdir",
         "pipe2", "fork")
SHORT = "short"
SOFT = {  # what a run must not even show, by call
    "write": (errno.EINTR, errno.EAGAIN, SHORT),
    "read": (errno.EINTR, errno.EAGAIN, SHORT),
    "pread": (errno.EINTR, SHORT),
    "fsync": (errno.EINTR,),
    "fdatasync": (errno.EINTR,),
    "ftruncate": (errno.EINTR,),
    "close": (errno.EINTR,),
    "open": (errno.EINTR,),
    "pwrite": (errno.EINTR, SHORT),
    "flock": (errno.EINTR,),
}
HARD = (errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EDQUOT)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.ESTALE)  # what a snapshot may survive
OUTPUTS = ("out", "late", "bad", "rows/out", "stdout")
SYNCS = ("fsync", "fdatasync")
KILLED = -signal.SIGKILL


class Failure:
    """The `number`th call of a kind fails, and `times` - 1 more (0: all that follow). `then`: so
    many calls later the run is killed; 0: it is not."""

    def __init__(self, call, error, number, times=1, then=0):
        self.call, self.error, self.number = call, error, number
        self.times, self.then = times, then

    def environment(self, folder, shim):
        return {"LD_PRELOAD": shim, "SHIM_CALL": self.call, "SHIM_NTH": str(self.number),
                "SHIM_TIMES": str(self.times), "SHIM_ERROR": str(self.error),
                "SHIM_THEN": str(self.then),
                "SHIM_DIR": os.path.realpath(folder), "SHIM_LOG": os.path.join(folder, "log")}

    def soft(self, where):
        """Only pipes and the like are ever not ready; STATE is none of them."""
        possible = self.error != errno.EAGAIN or where != "s"
        return possible and self.times == 1 and self.error in SOFT.get(self.call, ())

    def __str__(self):
        name = errno.errorcode.get(self.error, self.error)
        more = "" if self.times == 1 else " and all after it"
        killed = f", killed {self.then} calls later" if self.then else ""
        return f"{self.call} {self.number}{more}{killed}: {name}"


def read_log(folder):
    """[(call, file, failed)] of all calls, in their order."""
    text = (cases.read_file(os.path.join(folder, "log")) or b"").decode()
    rows = [line.split(" ") for line in text.splitlines()]
    return [(call, file, verdict != "0") for call, file, verdict in rows]


def synced_again(log):
    """A file that is synced, or renamed to its place, after its sync has failed with EIO."""
    for number, (call, file, failed) in enumerate(log):
        if not failed or call not in SYNCS:
            continue
        for later, other, _ in log[number + 1:]:
            if other == file and later in SYNCS or later == "rename" and file.endswith(".tmp"):
                return file
    return None


def unexpected(failure, log, status, said, known):
    """What is wrong with the run that the failure was in, or None."""
    where = next(file for _, file, failed in log if failed)
    if status == KILLED and failure.then > 0:
        return None
    if status not in (0, 1):
        return f"status {status}"
    if failure.soft(where) and (status != 0 or "can't" in said or "failed" in said):
        return f"it shows: status {status}"
    if status == 1 and not any(names_it(file, said, known) for _, file, failed in log if failed):
        return "no message that names the file"
    # A child that writes a snapshot, killed before it could say what failed, is followed by another.
    untold = failure.then > 0 and os.strerror(errno.EINTR) in said
    if failure.call in SYNCS and failure.error == errno.EIO and not untold:
        again = synced_again(log)
        if status == 0 or again is not None:
            return f"status {status}, {again} is synced again"
    if failure.call == "write" and failure.error in HARD and where in OUTPUTS and status == 0:
        return f"a failed write to {where} ends with status 0"
    return snapshot_unexpected(failure, log, status, said, where)


def names_it(where, said, known):
    """Does a message begin with what the file is called? `known`: that by its name, if it is not
    the same; None: a directory, a pipe, which goes by the name of a file in it or behind it."""
    name = known.get(where, where)
    if name is None:
        return "winagg: " in said
    return f"winagg: {name}: " in said or f"winagg: {name.removesuffix('.tmp')}: " in said


def snapshot_unexpected(failure, log, status, said, where):
    if failure.error not in FULL or not where.endswith(".tmp"):
        return None
    if failure.times == 0:
        return None if status == 1 else "no snapshot was written, but the status is 0"
    at = next(i for i, (_, _, failed) in enumerate(log) if failed)
    renames = [i for i, (call, _, _) in enumerate(log) if call == "rename"]
    between = any(i < at for i in renames) and any(i > at for i in renames)
    if between and (status != 0 or "going on with the last one" not in said):
        return f"status {status} after one snapshot that could not be written"
    return None


class Subject:
    """A case, and what must come out of it."""

    def __init__(self, lab, case, expected, shim):
        self.lab, self.case, self.shim = lab, case, shim
        self.expected = expected
        self.known = {"-": None, ".": None, "rows": None, "rows/": None, "pipe": None}
        self.known |= {"out": "stdout"} if case.stdout else {}
        self.known |= {"in": "stdin"} if case.feed == "stdin" else {}
        self.errors = self.healed = 0
        self.wrong = []

    def complain(self, failure, folder, what):
        self.wrong.append(f"{self.case.name}: {failure}: {what} ({folder}): {self.lab.said(folder)}")

    def finish(self, folder, step, failure):
        while step < self.case.count():
            self.lab.grow(self.case, folder, step)
            status = self.lab.run(self.case, folder, step)
            if not self.lab.ended(status, folder):
                self.complain(failure, folder, f"the restart ends with {status}")
                return
            step += 1
        word = cases.damage(self.expected, cases.outputs(folder))
        if word is not None:
            self.complain(failure, folder, word)
            return
        shutil.rmtree(folder)

    def one(self, ready, step, failure):
        """Counts nothing if there was no such call this time."""
        folder = self.lab.copy(ready)
        env = failure.environment(folder, self.shim)
        status = self.lab.run(self.case, folder, step, env=env)
        status = 0 if self.lab.ended(status, folder) else status
        log = read_log(folder)
        if not any(failed for _, _, failed in log):
            shutil.rmtree(folder)
            return
        self.errors += 1
        what = unexpected(failure, log, status, self.lab.said(folder), self.known)
        if what is not None:
            self.complain(failure, folder, what)
        else:
            self.healed += status == 1
            self.finish(folder, step + (status == 0), failure)

    def crashed(self, ready, step, rng):
        """A copy, in which a run was killed somewhere on its way."""
        number = rng.randrange(20, 120)
        while True:
            folder = self.lab.copy(ready)
            env = Failure("any", "kill", number).environment(folder, self.shim)
            if self.lab.run(self.case, folder, step, env=env) == KILLED:
                os.unlink(os.path.join(folder, "log"))
                return folder
            shutil.rmtree(folder)
            number //= 2

    def calls_of(self, ready, step, call):
        """How many of them a quiet run makes; about, for threads take turns as they like."""
        folder = self.lab.copy(ready)
        env = Failure(call, 0, 0).environment(folder, self.shim)
        self.lab.run(self.case, folder, step, env=env)
        count = sum(name == call for name, _, _ in read_log(folder))
        shutil.rmtree(folder)
        return count

    def every_error(self, call, stride, rng, ready, step):
        count = self.calls_of(ready, step, call)
        for error in (*SOFT.get(call, ()), *HARD):
            for times in (1, 0) if error == errno.ENOSPC and call == "write" else (1,):
                for number in range(1 + rng.randrange(stride), count + 1, stride):
                    kill = error in HARD and rng.random() < 0.3
                    failure = Failure(call, error, number, times, rng.randrange(1, 40) * kill)
                    self.one(ready, step, failure)

    def each(self, call, stride, rng):
        ready = self.lab.fresh(self.case)
        for step in range(self.case.count()):
            self.lab.grow(self.case, ready, step)
            self.every_error(call, stride, rng, ready, step)
            self.every_error(call, stride, rng, self.crashed(ready, step, rng), step)
            if step + 1 < self.case.count() and self.lab.run(self.case, ready, step) != 0:
                self.wrong.append(f"{self.case.name}: {self.lab.said(ready)}")
                break
        shutil.rmtree(ready)


def work(job):
    winagg, shim, folder, case, expected, call, options = job
    subject = Subject(cases.Lab(winagg, tempfile.mkdtemp(dir=folder)), case, expected, shim)
    subject.each(call, options.stride, random.Random(f"{options.seed}:{case.name}:{call}"))
    return subject.errors, subject.healed, subject.wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=24, help="records in a case")
    parser.add_argument("--stride", type=int, default=1, help="only each STRIDEth call")
    parser.add_argument("--case", action="append", help="only those of that name")
    parser.add_argument("--call", choices=CALLS, action="append", help="only this one")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    return parser.parse_args()


def main():
    options = arguments()
    folder = cases.scratch("winagg-errors-")
    shim = cases.build_shim(folder, "shim.c")
    chosen = [case for case in cases.cases(options.winagg, options.records)
              if options.case is None or case.name in options.case]
    errors = healed = 0
    wrong = []
    with Pool() as pool:
        expected = pool.map(cases.quiet, [(options.winagg, folder, case) for case in chosen], chunksize=1)
        jobs = [(options.winagg, shim, folder, case, found, call, options)
                for case, found in zip(chosen, expected) for call in options.call or CALLS]
        for count, by_restart, found in pool.imap_unordered(work, jobs, chunksize=1):
            errors += count
            healed += by_restart
            wrong += found
            for line in found:
                print(line, flush=True)
    if not options.keep:
        shutil.rmtree(folder)
    verdict = "lost 0, repeated 0" if not wrong else f"{len(wrong)} of them went wrong"
    print(f"{errors} errors, {healed} healed by a restart, {verdict}")
    return 0 if errors > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
