#!/usr/bin/env python3
"""--follow, exactly once: a writer that appends, rotates by renaming, replaces, compresses, and
truncates after a copy, while winagg is stopped, or killed, at random moments and started again; with
--calls the same steps each time, while it is killed before each of its system calls in turn; with
--errors these fail, as on a file system over a network, in a run that begins and in one that finds
the log rotated.

The rows that are left at the end must be those of one quiet run over all lines that were written,
in their order. Disorder from the files' order is covered by --delay, so that no row depends on it.
The last line counts: `N kills, N rotations, N wrong`."""

import argparse
import errno
import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool

import cases

OPTIONS = ["-t", "t", "--time-format", "s", "-w", "7s", "-k", "k", "-a", "count,sum:v", "-d", "1h",
           "-o", "csv"]


class Writer:
    """Writes lines to a log, and remembers them all."""

    def __init__(self, rng, folder, csv):
        self.rng, self.folder, self.csv = rng, folder, csv
        self.path = os.path.join(folder, "app.log")
        self.time, self.lines, self.rotations, self.handles = 0, [], 0, []
        self.begin()

    def begin(self):
        self.file = open(self.path, "a", encoding="ascii", buffering=1)
        if self.csv:
            self.file.write("t,k,v\n")

    def line(self):
        self.time += self.rng.randint(0, 3)
        key, value = self.rng.choice("abc"), self.rng.randint(0, 99)
        if self.csv:
            return f"{self.time},{key},{value}\n"
        return f'{{"t":{self.time},"k":"{key}","v":{value}}}\n'

    def write(self, file=None):
        for _ in range(self.rng.randint(1, 30)):
            line = self.line()
            self.lines.append(line)
            if self.rng.random() < 0.1:  # in two pieces
                cut = self.rng.randint(1, len(line) - 1)
                (file or self.file).write(line[:cut])
                (file or self.file).flush()
                time.sleep(0.002)
                line = line[cut:]
            (file or self.file).write(line)

    def names(self):
        """app.log.1 and on, with or without .gz: [(number, suffix)]."""
        found = []
        for name in os.listdir(self.folder):
            if name.startswith("app.log."):
                number, _, suffix = name[len("app.log."):].partition(".")
                found.append((int(number), "." + suffix if suffix else ""))
        return sorted(found, reverse=True)

    def shift(self):
        for number, suffix in self.names():
            os.rename(f"{self.path}.{number}{suffix}", f"{self.path}.{number + 1}{suffix}")

    def rotate(self, may_compress, lingers=True):
        """As logrotate does with `create`: now and then the old file is written to for a while."""
        self.rotations += 1
        self.shift()
        os.rename(self.path, self.path + ".1")
        old = self.file
        if lingers and self.rng.random() < 0.5:
            self.write(old)
        self.begin()
        if lingers and self.rng.random() < 0.3:
            self.write()
            self.write(old)
        old.close()
        if may_compress and self.rng.random() < 0.5:
            with open(self.path + ".1", "rb") as plain:
                data = plain.read()
            with gzip.open(self.path + ".1.gz", "wb") as packed:
                packed.write(data)
            shutil.copystat(self.path + ".1", self.path + ".1.gz")  # as gzip(1) does
            os.remove(self.path + ".1")

    def copy_truncate(self):
        """With nothing written between the copy and the truncation, nothing is lost."""
        self.rotations += 1
        self.shift()
        shutil.copyfile(self.path, self.path + ".1")
        os.truncate(self.path, 0)
        if self.csv:
            self.file.write("t,k,v\n")


def note(program, folder):
    """What a run finds, for who looks into a failure."""
    look = "ls -li --time-style=full-iso app.log*; $0 --inspect state | jq -c .inputs,.used"
    with open(os.path.join(folder, "trace"), "ab") as trace:
        subprocess.run(["sh", "-c", f"echo == $(date +%T.%N); {look}", program], cwd=folder,
                       stdout=trace, stderr=trace, check=False)


def start(program, folder, killed_at=None, env=None, noted=True):
    """killed_at: (system call, how many of them go well before)."""
    if noted:
        note(program, folder)
    under = []
    if killed_at is not None:
        call, number = killed_at
        under = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                 "-e", f"inject={call}:signal=KILL:when={number}"]
    return subprocess.Popen([*under, program, *OPTIONS, "--follow", "-s", "state", "--checkpoint", "20ms",
                             "--output", "rows", "app.log"], cwd=folder, env=env,
                            stderr=open(os.path.join(folder, "err"), "ab"))


def terminate(process):
    """strace keeps a signal to itself: then it is for its child."""
    pids = [process.pid] if process.poll() is None else []
    if pids and process.args[0] == "strace":
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            pids = [int(pid) for pid in file.read().split()]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)


def settled(program, folder, lines):
    """Have all lines been used? As the snapshot says."""
    found = subprocess.run([program, "--inspect", "state"], cwd=folder, capture_output=True,
                           check=False)
    return found.returncode == 0 and f'"used":{lines},'.encode() in found.stdout


def wait_until_settled(program, folder, lines, process=None):
    for _ in range(1500):  # on a busy machine; it comes, or the process ends
        if settled(program, folder, lines) or (process is not None and process.poll() is not None):
            return
        time.sleep(0.02)


def one(program, seed, steps):
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="winagg-follow-")
    writer = Writer(rng, folder, csv=rng.random() < 0.3)
    writer.write()
    process, kills = start(program, folder), 0
    while not os.path.exists(os.path.join(folder, "state")):
        time.sleep(0.01)  # a FILE that is missing at the start is an error
    for _ in range(steps):
        what = rng.random()
        stopped = process is not None and rng.random() < 0.15
        if stopped:
            process.send_signal(signal.SIGSTOP)
        if what < 0.5:
            writer.write()
        elif what < 0.7:
            writer.rotate(may_compress=process is None, lingers=process is not None)
        elif what < 0.8 and process is not None and not stopped:
            # A program that copies and truncates loses what is written between; so that nothing
            # is, all is read before, and the truncation seen before the next thing happens.
            wait_until_settled(program, folder, len(writer.lines))
            writer.copy_truncate()
            writer.write()
            wait_until_settled(program, folder, len(writer.lines))
        elif process is None:
            process = start(program, folder)
        else:
            process.send_signal(signal.SIGKILL if rng.random() < 0.8 else signal.SIGTERM)
            process.send_signal(signal.SIGCONT)
            process.wait()
            process, kills = None, kills + 1
        time.sleep(rng.choice([0, 0.001, 0.01, 0.03]))
        if stopped and process is not None:
            process.send_signal(signal.SIGCONT)
    if process is None:
        process = start(program, folder)
    return kills, writer.rotations, finish(program, folder, writer, process, f"seed {seed}")


def finish(program, folder, writer, process, what, noted=True):
    """Ends the run when it has used all; 1 if the rows are not those of a quiet one."""
    wait_until_settled(program, folder, len(writer.lines), process)
    terminate(process)
    process.wait()
    if noted:
        note(program, folder)
    shutil.copyfile(os.path.join(folder, "state"), os.path.join(folder, "state.before"))
    # Without --follow the run comes to its end, and the last windows fire.
    final = [program, *OPTIONS, "-s", "state", "--output", "rows", "app.log"]
    last = subprocess.run(final, cwd=folder, capture_output=True, check=False)
    while b"rotated more than once since" in last.stderr:
        # Logs without a line, which --follow had yet to go through: what was used does not tell.
        process = start(program, folder, noted=False)
        time.sleep(1)
        terminate(process)
        process.wait()
        last = subprocess.run(final, cwd=folder, capture_output=True, check=False)
    header = ["t,k,v\n"] if writer.csv else []
    quiet = subprocess.run([program, *OPTIONS], input="".join(header + writer.lines).encode(),
                           capture_output=True, check=True).stdout
    with open(os.path.join(folder, "rows"), "rb") as file:
        rows = file.read()
    if rows == quiet and last.returncode == 0:
        shutil.rmtree(folder)
        return 0
    with open(os.path.join(folder, "written"), "w", encoding="ascii") as file:
        file.writelines(writer.lines)
    print(f"{what}: other rows than those of a quiet run ({folder}): {last.stderr.decode()}")
    return 1


CALLS = ["openat", "read", "pread64", "newfstatat", "statx", "lseek", "write", "ftruncate",
         "fdatasync", "fsync", "rename", "close", "getdents64", "inotify_add_watch", "poll"]


def at_call(program, call, number):
    """(was it killed, was it wrong): the steps of a log's life, killed before that call."""
    folder = tempfile.mkdtemp(prefix="winagg-follow-")
    writer = Writer(random.Random(7), folder, csv=number % 2 == 0)
    writer.write()
    process, killed = start(program, folder, (call, number)), False

    def on(settle=True):
        """The run goes on; what was written before is used, if that is asked for."""
        nonlocal process, killed
        if settle:
            wait_until_settled(program, folder, len(writer.lines), process)
        if process.poll() is not None:
            killed, process = True, start(program, folder)
            if settle:
                wait_until_settled(program, folder, len(writer.lines), process)

    on()
    writer.write()
    on()
    writer.rotate(may_compress=False)
    on(settle=False)
    writer.write()
    on()
    writer.copy_truncate()
    writer.write()
    on()
    writer.rotate(may_compress=False, lingers=False)
    writer.rotate(may_compress=False, lingers=False)
    writer.write()
    on()
    return killed, finish(program, folder, writer, process, f"{call} {number}")


def at_calls(program, every):
    """Each call until it is not met any more, or each so many."""
    kills = wrong = 0
    for call in CALLS:
        number, met = 1, True
        while met and number < 200:
            met, bad = at_call(program, call, number)
            kills, wrong = kills + met, wrong + bad
            number += every
    print(f"{kills} kills, {len(CALLS)} calls, {wrong} wrong")
    return wrong > 0 or kills == 0


FAILING = ["open", "fstat", "stat", "statx", "lseek", "read", "pread", "readdir"]


def at_error(job):
    """(did a call fail, was it wrong): one call fails, of a run that begins or of one that goes on
    when the log was rotated in one of the ways."""
    program, shim, call, number, error, life = job
    folder = tempfile.mkdtemp(prefix="winagg-follow-")
    writer = Writer(random.Random(7), folder, csv=number % 2 == 0)
    log = os.path.join(folder, "log")
    env = cases.environment({"LD_PRELOAD": shim, "SHIM_CALL": call, "SHIM_NTH": str(number),
                             "SHIM_ERROR": str(error), "SHIM_DIR": folder, "SHIM_LOG": log})
    writer.write()
    process, wrong = start(program, folder, env=env if life == "begins" else None,
                           noted=False), 0

    def on():
        """What was written is used, by another run if this one has ended."""
        nonlocal process, wrong
        wait_until_settled(program, folder, len(writer.lines), process)
        if process.poll() is not None:
            wrong |= process.returncode != 1
            process = start(program, folder, noted=False)
            wait_until_settled(program, folder, len(writer.lines), process)

    on()
    if life == "begins":
        writer.rotate(may_compress=False, lingers=False)
        writer.write()
        on()
        writer.copy_truncate()
        writer.write()
    else:
        process.kill()
        process.wait()
        writer.write()
        if life == "copied":
            writer.copy_truncate()
        else:
            writer.rotate(may_compress=False, lingers=False)
        if life == "packed":
            subprocess.run(["gzip", writer.path + ".1"], check=True)
        writer.write()
        process = start(program, folder, env=env, noted=False)
    on()
    failed = any(not line.endswith(b" 0") for line in cases.read_file(log).splitlines())
    what = f"{call} {number} of a run that {life}: {os.strerror(error)}"
    return failed, wrong + finish(program, folder, writer, process, what, noted=False)


def at_errors(program, every):
    """As at_calls(); several at once, for they mostly wait. Of a sample, each in one way only."""
    at_once, kinds = (3, (errno.EIO, errno.ESTALE)) if every < 20 else (1, (errno.ESTALE,))
    folder = cases.scratch("winagg-follow-shim-")
    shim = cases.build_shim(folder, "shim.c")
    errors = wrong = 0
    with Pool(6) as pool:
        for life in ("begins", "is", "packed", "copied"):
            for call in FAILING:
                number, met = 1 + len(call + life) % min(every, 20), True
                while met and number < 200:
                    jobs = [(program, shim, call, number + i * every, error, life)
                            for i in range(at_once) for error in kinds]
                    found = pool.map(at_error, jobs, chunksize=1)
                    errors += sum(failed for failed, _ in found)
                    wrong += sum(bad for _, bad in found)
                    met = found[-1][0]
                    number += at_once * every
    shutil.rmtree(folder)
    print(f"{errors} errors, {len(FAILING)} calls, {wrong} wrong")
    return wrong > 0 or errors == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="each so many of a call")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = os.path.abspath(os.environ.get("WINAGG", "build/release/winagg"))
    if options.calls:
        sys.exit(at_calls(program, options.every))
    if options.errors:
        sys.exit(at_errors(program, options.every))
    totals = [0, 0, 0]
    for seed in range(options.seed, options.seed + options.rounds):
        totals = [a + b for a, b in zip(totals, one(program, seed, options.steps))]
    print("{} kills, {} rotations, {} wrong".format(*totals))
    sys.exit(totals[2] > 0 or totals[0] == 0)


if __name__ == "__main__":
    main()
