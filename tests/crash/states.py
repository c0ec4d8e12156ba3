#!/usr/bin/env python3
"""A model of what a file system may keep of a run when the power fails.

A run is recorded (strace: opens, writes, truncates, syncs, renames, with their bytes). After each
of its calls the power may fail. What is on disk then is the durable part and any of the rest:

    file        what was written or cut since its last sync may be there in any part and order:
                nothing, all, a beginning (cut in the middle of a write too), any single one
                missing, the new length with zeros for the bytes
    directory   names made or moved since its last sync are there or not, one by one: a rename may
                last without the bytes of its file, unless these were synced before

Each such disk is written out, and the same command run on it: it must end with status 0 and the
bytes of a run that nothing disturbed. To prove that this can fail, --plant leaves a kind of sync out
of the record (as if winagg did not call it); then some state must go wrong:

    directory   no sync of STATE's directory, so that it can vanish while rows stay
    created     no sync of the directory of an output that was created
    snapshot    no sync of STATE.tmp before its rename
    output      no sync of the outputs before the snapshot that counts them

The last line counts: `N crash states of N calls, lost 0, repeated 0`."""

import argparse
import itertools
import os
import random
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from multiprocessing import Pool

import cases

PLANTS = ("directory", "created", "snapshot", "output")
TRACED = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,close"
SUBSETS_MAX = 4  # pending names of which every subset is tried


# ---- the record ----

@dataclass
class Call:
    """One system call that succeeded, on a file of the folder."""

    name: str
    path: str  # below the folder; "." is itself
    data: bytes = b""
    to: str = ""
    fd: int = -1
    create: bool = False
    truncate: bool = False
    append: bool = False


ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")


def unescape(text):
    return bytes(int(pair, 16) for pair in text.split("\\x")[1:])


def joined(text):
    """Calls as whole lines; one that was interrupted by others stands where it ended."""
    begun = {}
    for line in text.splitlines():
        match = UNFINISHED.match(line)
        if match:
            begun[match.group(1)] = match.group(2)
            continue
        match = RESUMED.match(line)
        if match:
            yield f"{match.group(1)} {begun.pop(match.group(1), '')}{match.group(2)}"
        else:
            yield line


class Reader:
    """Turns strace's lines into calls on the files of a folder."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)

    def path(self, name):
        """Below the folder, or None."""
        full = os.path.normpath(os.path.join(self.folder, name))
        if full == self.folder:
            return "."
        return full[len(self.folder) + 1:] if full.startswith(self.folder + "/") else None

    @staticmethod
    def strings(args):
        return [unescape(part) for part in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', args)]

    def descriptor(self, args):
        match = re.match(r"(\d+)<([^>]*)>", args)
        if not match:
            return -1, None
        name = match.group(2)
        name = unescape(name).decode() if name.startswith("\\x") else name
        return int(match.group(1)), self.path(name)

    def call(self, line):
        match = CALL.match(line)
        if not match or int(match.group(4)) < 0:
            return None
        name, args, result = match.group(2), match.group(3), int(match.group(4))
        if name in ("rename", "unlink"):
            names = [self.path(one.decode()) for one in self.strings(args)]
            return None if None in names else Call(name, names[0], to=names[-1])
        if name == "openat":
            path = self.path(self.strings(args)[0].decode())
            flags = args.split('", ', 1)[1]
            return path and Call(name, path, fd=result, create="O_CREAT" in flags,
                                 truncate="O_TRUNC" in flags, append="O_APPEND" in flags)
        fd, path = self.descriptor(args)
        if path is None:
            return None
        if name == "ftruncate":
            return Call(name, path, fd=fd, data=b"\0" * int(args.rsplit(", ", 1)[1]))
        data = self.strings(args)[0][:result] if name == "write" else b""
        return Call(name, path, data, fd=fd)

    def calls(self, text):
        return [call for call in map(self.call, joined(text)) if call]


# ---- the file system ----

@dataclass
class Inode:
    """What is durable of a file, and what was done to it since: (offset, bytes) or (length,)."""

    durable: bytes = b""
    pending: list = field(default_factory=list)
    seen: bytes = b""

    def change(self, change):
        self.pending.append(change)
        self.seen = apply(self.seen, change)

    def sync(self):
        self.durable, self.pending = self.seen, []


def apply(content, change):
    if len(change) == 1:
        return content[:change[0]].ljust(change[0], b"\0")
    offset, data = change
    return content[:offset].ljust(offset, b"\0") + data + content[offset + len(data):]


def applied(content, changes):
    for change in changes:
        content = apply(content, change)
    return content


def contents(inode):
    """All that may be found in the file after the power failed."""
    pending = inode.pending
    found = {inode.durable, inode.seen}
    for count, change in enumerate(pending):
        before = applied(inode.durable, pending[:count])
        found.add(before)
        found.add(applied(inode.durable, pending[:count] + pending[count + 1:]))
        if len(change) == 2:
            half = len(change[1]) // 2
            found.add(apply(before, (change[0], change[1][:half])))
            found.add(apply(before, (change[0], b"\0" * len(change[1]))))
            found.add(apply(before, (change[0], change[1][:half].ljust(len(change[1]), b"\0"))))
    return sorted(found)


class Disk:
    """Files by name, as the run sees them and as they are durable."""

    def __init__(self, files):
        self.names = {name: Inode(data, [], data) for name, data in files.items()}
        self.durable = dict(self.names)
        self.moves = []  # (directory, name, inode or None), in their order, since the last sync
        self.open = {}  # descriptor: [inode, offset or None for O_APPEND]

    def start(self, stdout):
        """A process begins; its descriptor 1 is this file, if any."""
        self.open = {1: [self.names[stdout], None]} if stdout else {}

    def bind(self, name, inode):
        if inode is None:
            self.names.pop(name)
        else:
            self.names[name] = inode
        self.moves.append((os.path.dirname(name) or ".", name, inode))

    def do(self, call):
        if call.name == "openat":
            self.opened(call)
        elif call.name == "rename":
            inode = self.names[call.path]
            self.names.pop(call.path)
            self.names[call.to] = inode
            self.moves.append((os.path.dirname(call.to) or ".", (call.path, call.to), inode))
        elif call.name == "unlink":
            self.bind(call.path, None)
        elif call.name in ("fsync", "fdatasync"):
            self.synced(call)
        elif call.fd in self.open and call.name == "write":
            inode, offset = slot = self.open[call.fd]
            at = len(inode.seen) if offset is None else offset
            inode.change((at, call.data))
            if offset is not None:
                slot[1] += len(call.data)
        elif call.fd in self.open and call.name == "ftruncate":
            self.open[call.fd][0].change((len(call.data),))

    def opened(self, call):
        if call.path not in self.names:
            if not call.create:
                return  # a directory
            self.bind(call.path, Inode())
        inode = self.names[call.path]
        if call.truncate and inode.seen:
            inode.change((0,))
        self.open[call.fd] = [inode, None if call.append else 0]

    def synced(self, call):
        inode = self.names.get(call.path)
        if inode is not None:
            inode.sync()
            return
        directory = call.path
        for where, name, inode in self.moves:
            if where == directory:
                self.settle(self.durable, name, inode)
        self.moves = [move for move in self.moves if move[0] != directory]

    @staticmethod
    def settle(names, name, inode):
        if isinstance(name, tuple):
            names.pop(name[0], None)
            names[name[1]] = inode
        elif inode is None:
            names.pop(name, None)
        else:
            names[name] = inode

    def name_states(self, rng):
        """All sets of names that may be found: each pending move was made or not."""
        count = len(self.moves)
        if count <= SUBSETS_MAX:
            choices = itertools.product((False, True), repeat=count)
        else:
            choices = [[i < n for i in range(count)] for n in range(count + 1)]
            choices += [[i != n for i in range(count)] for n in range(count)]
            choices += [[rng.random() < 0.5 for _ in range(count)] for _ in range(8)]
        for choice in choices:
            names = dict(self.durable)
            for made, (_, name, inode) in zip(choice, self.moves):
                if made:
                    self.settle(names, name, inode)
            yield names

    def states(self, rng, most):
        """Disks as {name: bytes} that may be found now, `most` of them at the most."""
        for names in self.name_states(rng):
            inodes = {id(inode): inode for inode in names.values()}
            choices = {key: contents(inode) for key, inode in inodes.items()}
            total = 1
            for choice in choices.values():
                total *= len(choice)
            if total <= most:
                picks = itertools.product(*choices.values())
            else:
                picks = ([rng.choice(choice) for choice in choices.values()] for _ in range(most))
            for pick in picks:
                found = dict(zip(choices, pick))
                yield {name: found[id(inode)] for name, inode in names.items()}


# ---- recording and restarting ----

def is_planted(call, plant):
    """Is this a sync that the planted bug leaves out?"""
    if call.name not in ("fsync", "fdatasync"):
        return False
    if call.path in cases.OUTPUTS:
        return plant == "output"
    return plant == {"s.tmp": "snapshot", "rows": "created"}.get(call.path, "directory")


class Subject:
    """A case, the record of its runs, and the restarts from what they may leave."""

    def __init__(self, lab, case, options):
        self.lab, self.case, self.options = lab, case, options
        self.rng = random.Random(f"{options.seed}:{case.name}")
        self.expected = lab.expected(case)
        self.done = set()
        self.calls = self.states = 0
        self.wrong = []

    def files(self, folder):
        found = {}
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.relpath(os.path.join(where, name), folder)
                if path not in ("err", "stdout", "in", "s.lock") and not path.startswith("trace"):
                    found[path] = cases.read_file(os.path.join(folder, path))
        return found

    def record(self, folder, step, kill):
        """The calls of one run; it is killed before the `kill`th sync of its outputs, if not 0."""
        trace = os.path.join(self.lab.folder, f"trace{self.calls}-{step}-{kill}")
        wrap = ["strace", "-f", "-y", "-xx", "-s", "100000000", "-o", trace, "-e",
                f"trace={TRACED}"]
        if kill > 0:
            wrap += ["-e", f"inject=fdatasync:signal=KILL:when={kill}"]
        self.lab.grow(self.case, folder, step)
        status = self.lab.run(self.case, folder, step, wrap)
        with open(trace, encoding="ascii") as file:
            calls = Reader(folder).calls(file.read())
        os.unlink(trace)
        return status, [call for call in calls if call.path not in ("in", "s.lock")]

    def crash(self, state, step, at):
        """Restarts from a disk, unless the same one was tried before."""
        shown = {name: data for name, data in state.items() if name != "s.tmp"}
        key = (step, hash(tuple(sorted(shown.items()))))
        if key in self.done:
            return
        self.done.add(key)
        self.states += 1
        folder = self.lab.fresh(self.case)
        for name, data in state.items():
            cases.write_file(os.path.join(folder, name), data)
        for later in range(step, self.case.count()):
            self.lab.grow(self.case, folder, later)
            status = self.lab.run(self.case, folder, later)
            ended = self.lab.ended(status, folder)
            if not ended:
                break
        word = cases.damage(self.expected, cases.outputs(folder))
        if not ended:
            word = f"status {status}: {self.lab.said(folder).strip()}"
        if word is not None:
            self.wrong.append(f"{self.case.name}: power lost after call {at}: {word} ({folder})")
            if self.options.plant is None and self.options.keep:
                return
        shutil.rmtree(folder)

    def explore(self, disk, calls, step):
        for call in calls:
            if self.options.plant is not None and is_planted(call, self.options.plant):
                continue
            disk.do(call)
            self.calls += 1
            if call.name in ("close", "openat") and not call.create:
                continue
            if self.rng.random() * self.options.stride >= 1:
                continue
            at = f"{self.calls} ({call.name} {call.path}) of start {step}"
            for state in disk.states(self.rng, self.options.most):
                self.crash(state, step, at)
                if self.wrong and self.options.plant is not None:
                    return

    def run(self, kills):
        """Records all starts of the case, some of them killed first and started again."""
        folder = self.lab.fresh(self.case)
        if self.case.stdout:
            cases.write_file(os.path.join(folder, "out"), b"")
        disk = Disk(self.files(folder))
        step = 0
        while step < self.case.count():
            kill = kills.pop() if kills else 0
            status, calls = self.record(folder, step, kill)
            disk.start("out" if self.case.stdout else None)
            self.explore(disk, calls, step)
            if self.wrong:
                break
            if {name: inode.seen for name, inode in disk.names.items()} != self.files(folder):
                self.wrong.append(f"{self.case.name}: the model lost track of {folder}")
                break
            step += status == 0
        shutil.rmtree(folder, ignore_errors=True)


def work(job):
    winagg, folder, case, kills, options = job
    subject = Subject(cases.Lab(winagg, tempfile.mkdtemp(dir=folder)), case, options)
    subject.run(list(kills))
    return subject.states, subject.calls, subject.wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=16, help="records in a case")
    parser.add_argument("--stride", type=float, default=1, help="look after one of STRIDE calls")
    parser.add_argument("--most", type=int, default=200, help="states of the files of one moment")
    parser.add_argument("--plant", choices=PLANTS, help="leave out these syncs; must be found")
    parser.add_argument("--case", action="append", help="only those of that name")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    return parser.parse_args()


def main():
    options = arguments()
    folder = cases.scratch("winagg-states-")
    chosen = [case for case in cases.cases(options.winagg, options.records)
              if (options.case is None or case.name in options.case) and case.name not in ("forked", "in steps", "sessions, in steps")]
    jobs = [(options.winagg, folder, case, kills, options)
            for case in chosen for kills in ((), (4,), (3, 7))]
    states = calls = 0
    wrong = []
    with Pool() as pool:
        for count, of_calls, found in pool.imap_unordered(work, jobs, chunksize=1):
            states += count
            calls += of_calls
            wrong += found
            for line in found[:3]:
                print(line, flush=True)
    if not options.keep:
        shutil.rmtree(folder)
    if options.plant is not None:
        print(f"{states} crash states of {calls} calls without the {options.plant} sync: "
              f"{'found' if wrong else 'NOT found'}")
        return 0 if wrong else 1
    verdict = "lost 0, repeated 0" if not wrong else f"{len(wrong)} of them went wrong"
    print(f"{states} crash states of {calls} calls, {verdict}")
    return 0 if states > 0 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
