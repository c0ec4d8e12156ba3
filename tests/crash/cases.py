"""The runs that the crash tests interrupt: a command line, its input, how it is fed.

A case is run in a folder of its own and leaves `out`, `late` and `bad` there (what must be the
same bytes whatever happened on the way), and the snapshot `s`."""

import gzip
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass

OUTPUTS = ("out", "late", "bad", "rows/out")
TIMEOUT_S = 120


@dataclass(frozen=True)
class Case:
    """One command. `steps`: how much of the input is there at each start (--at-eof keep but for
    the last); a case of one step sees all of it."""

    name: str
    options: tuple
    data: bytes
    feed: str = "file"  # file: as FILE; stdin: `< file`; pipe: `cat file |`; again: see log_from()
    stdout: bool = False  # rows to `>> out`, not --output
    steps: tuple = ()
    others: tuple = ()  # more FILEs: (name, bytes)

    def argv(self, step, state=True):
        argv = list(self.options)
        if state:
            argv += ["--state", "s"]
            argv += ["--at-eof", "keep"] if step + 1 < len(self.steps) else []
        else:
            argv = [word for word in argv if word not in ("--hold",)]
            for option in ("--checkpoint", "--resume"):
                if option in argv:
                    at = argv.index(option)
                    del argv[at:at + 2]
        return argv + self.inputs()

    def inputs(self):
        return ["in", *(name for name, _ in self.others)] if self.feed == "file" else []

    def input_at(self, step):
        return self.data[:self.steps[step]] if self.steps else self.data

    def count(self):
        return max(len(self.steps), 1)


def build_shim(folder, source):
    """Compiled here, so that the tests need no build rule of their own."""
    shim = os.path.join(folder, source.replace(".c", ".so"))
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o",
                    shim, os.path.join(os.path.dirname(os.path.abspath(__file__)), source)],
                   check=True)
    return shim


def scratch(prefix):
    """A new folder, in memory where there is one: the tests themselves need nothing durable."""
    memory = "/dev/shm"
    usable = "TMPDIR" not in os.environ and os.access(memory, os.W_OK)
    return tempfile.mkdtemp(prefix=prefix, dir=memory if usable else None)


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def outputs(folder):
    """What a run leaves, by name; a file that was not made is None, as is an empty one."""
    return {name: read_file(os.path.join(folder, name)) or None for name in OUTPUTS}


def feed(pipe, data):
    try:
        pipe.write(data)
        pipe.close()
    except BrokenPipeError:
        pass


def environment(more=None):
    """Leak checks do not work under ptrace, and a preloaded library comes before a sanitizer's."""
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = "detect_leaks=0:verify_asan_link_order=0"
    env.update(more or {})
    return env


class Lab:
    """Runs winagg on cases, in folders below one that the caller removes."""

    def __init__(self, winagg, folder):
        self.winagg = os.path.abspath(winagg)
        self.folder = folder
        self.made = 0
        self.rng = random.Random(1)
        self.aside = None  # a folder for what is said, if not that of the run

    def fresh(self, case=None, step=0):
        self.made += 1
        path = os.path.join(self.folder, f"run{self.made}")
        os.makedirs(os.path.join(path, "rows"))
        if case is not None:
            self.grow(case, path, step)
        return path

    def copy(self, folder):
        self.made += 1
        return shutil.copytree(folder, os.path.join(self.folder, f"run{self.made}"))

    @staticmethod
    def grow(case, folder, step):
        write_file(os.path.join(folder, "in"), case.input_at(step))
        for name, data in case.others:
            write_file(os.path.join(folder, name), data)

    def log_from(self, case, folder):
        """What a replayable log gives: all from some record on whose position, "i", was seen."""
        found = subprocess.run([self.winagg, "--inspect", "s"], cwd=folder, capture_output=True,
                               check=False)
        last = json.loads(found.stdout)["positions"] if found.returncode == 0 else []
        if not last:
            return case.data
        lines = case.data.splitlines(keepends=True)
        seen = [at for at, line in enumerate(lines)
                if json.loads(line)["i"] <= last[0]["position"]]
        return b"".join(lines[self.rng.choice(seen):])

    def start(self, case, folder, step=0, wrap=(), env=None, state=True):
        """A started run; (process, feeder or None)."""
        data = self.log_from(case, folder) if case.feed == "again" else case.input_at(step)
        aside = self.aside or folder
        stdout = os.path.join(folder, "out") if case.stdout else os.path.join(aside, "stdout")
        files = {"stderr": open(os.path.join(aside, "err"), "wb"), "stdin": subprocess.DEVNULL,
                 "stdout": open(stdout, "ab")}
        if case.feed == "stdin":
            files["stdin"] = open(os.path.join(folder, "in"), "rb")
        elif case.feed in ("pipe", "again"):
            files["stdin"] = subprocess.PIPE
        child = subprocess.Popen([*wrap, self.winagg, *case.argv(step, state)], cwd=folder,
                                 env=environment(env), **files)
        for file in files.values():
            if hasattr(file, "close"):
                file.close()
        feeder = None
        if child.stdin is not None:
            feeder = threading.Thread(target=feed, args=(child.stdin, data))
            feeder.start()
        return child, feeder

    def run(self, case, folder, step=0, wrap=(), env=None, state=True):
        """The exit status of a whole run; negative: the signal that ended it."""
        return self.end(*self.start(case, folder, step, wrap, env, state))

    @staticmethod
    def end(child, feeder):
        """Waits, but not for ever. (A wait with a timeout would look only now and then.)"""
        watchdog = threading.Timer(TIMEOUT_S, child.kill)
        watchdog.start()
        status = child.wait()
        watchdog.cancel()
        if feeder is not None:
            feeder.join()
        return status

    def expected(self, case):
        """The outputs of a run that nothing disturbed; the same as without --state."""
        folder = self.fresh(case)
        for step in range(case.count()):
            self.grow(case, folder, step)
            status = self.run(case, folder, step)
            if status != 0:
                raise AssertionError(f"{case.name}: status {status}: {self.said(folder)}")
        plain = self.fresh(case, case.count() - 1)
        self.run(case, plain, case.count() - 1, state=False)
        found = outputs(folder)
        if found != outputs(plain) or not any(found.values()):
            raise AssertionError(f"{case.name}: --state changes what is printed ({folder}, {plain})")
        shutil.rmtree(folder)
        shutil.rmtree(plain)
        return found

    def ended(self, status, folder):
        """Did it come to its end? With 1 if all records were bad, as the few that are left may be."""
        return status == 0 or (status == 1 and "every record was bad" in self.said(folder))

    def said(self, folder):
        path = os.path.join(self.aside or folder, "err")
        return (read_file(path) or b"").decode("utf-8", "replace")


def damage(expected, found):
    """None, or a word on how `found` differs: (lost, repeated) lines by count, or other bytes."""
    if found == expected:
        return None
    words = []
    for name in OUTPUTS:
        want, got = expected[name] or b"", found[name] or b""
        if want == got:
            continue
        want_lines, got_lines = want.splitlines(), got.splitlines()
        lost = len(set(want_lines) - set(got_lines))
        repeated = len(got_lines) - len(set(got_lines)) - (len(want_lines) - len(set(want_lines)))
        words.append(f"{name}: {len(want)} bytes expected, {len(got)} found, "
                     f"{lost} lines lost, {max(repeated, 0)} repeated")
    return "; ".join(words)


# ---- inputs ----

def stream(seed, records, keys=4, disorder=8, bad=True, step=1.5):
    """JSON events in rough order, some late, some far too late, some not JSON at all."""
    rng = random.Random(seed)
    lines, now = [], 1000.0
    for number in range(records):
        now += rng.random() * step
        late = rng.random()
        at = now - (rng.random() * disorder if late < 0.3 else 200 if late < 0.34 else 0)
        if bad and rng.random() < 0.03:
            lines.append(rng.choice([b"oops", b'{"t":"no time"}', b'{"t":7', b"x" * 400]))
            continue
        key = rng.randrange(keys)
        lines.append(b'{"t":%.3f,"k":"key%d","v":%d,"i":%d}'
                     % (at, key, rng.randrange(100), number))
    return b"\n".join(lines) + b"\n"


def csv_stream(seed, records):
    rng = random.Random(seed)
    lines, now = [b"t,k,v"], 0.0
    for number in range(records):
        now += rng.random() * 2
        at = now - (rng.random() * 6 if rng.random() < 0.3 else 0)
        key = rng.choice([b"a", b"b", b'"c,1"', b'"two\nlines"'])
        lines.append(b"%.2f,%s,%d" % (at, key, number))
        if rng.random() < 0.04:
            lines.append(b'1,2,3,4,"five"')
    return b"\r\n".join(lines) + b"\r\n"


def wide_stream(keys):
    """Many keys in windows that stay open: a state above the size that is written in place."""
    lines = [b'{"t":%d,"k":"a rather long key, so that the state is large %d","v":%d}'
             % (1000 + i % 50, i, i % 7) for i in range(keys)]
    return b"\n".join(lines + [b'{"t":2000}']) + b"\n"


def prefixes(data, rng, count):
    """Lengths at which a growing input is looked at, some of them in the middle of a line."""
    return tuple(sorted(rng.sample(range(1, len(data)), count - 1))) + (len(data),)


BASE = ("-t", "t", "--time-format", "s", "-k", "k")
FILES = ("--output", "out", "--late", "late", "--bad", "bad")


def merged(winagg, seed, records):
    """Partial results of three shards, whose records overlap in time, and are late in places."""
    found = []
    for shard in range(3):
        made = subprocess.run([winagg, *BASE, "-w", "10s", "-d", "2s", "-l", "8s", "-a",
                               "count,sum:v,m=median:v,last:v", "--partial"], check=True,
                              input=stream(seed + shard, records // 2, bad=False),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        found.append(made.stdout)
    return found


def side_by_side(seed, records):
    """Three FILEs of one time, one of them much shorter."""
    return [stream(seed, records // 2), stream(seed + 1, records // 2),
            stream(seed + 2, records // 6)]


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


def replayable(seed, records):
    """A log whose records all have a position, the bad ones too."""
    lines = stream(seed, records, bad=False).splitlines()
    lines[3::11] = [b'{"t":"no time","i":%d}' % at for at in range(3, len(lines), 11)]
    return b"\n".join(lines) + b"\n"


def doubled(seed, records):
    """Some of the records come again, a few places later."""
    rng = random.Random(seed)
    lines = []
    for line in stream(seed, records).splitlines():
        lines.append(line)
        if rng.random() < 0.4:
            lines.append(rng.choice(lines[-6:]))
    return b"\n".join(lines) + b"\n"


def cases(winagg, records=24, wide_keys=24000):
    """What is interrupted. Small, because every call of every one is."""
    return simple_cases(records, wide_keys) + many_inputs(os.path.abspath(winagg), records)


EVERY = ("--checkpoint", "5")
LATE = ("-d", "2s", "-l", "8s")


def many_inputs(winagg, records):
    """Several FILEs, packed ones, shards, a log that starts again; and what lasts beside windows."""
    beside = side_by_side(11, records)
    shards = merged(winagg, 21, records)
    names = ("in2", "in3")
    packed = zip(names, (gzip.compress(beside[1], mtime=0), zstd(beside[2])))
    merge = ("--merge", "-l", "8s", *EVERY, "--output", "out")
    return [
        Case("files", (*BASE, "-w", "10s", *LATE, *EVERY, *FILES), beside[0],
             others=tuple(zip(names, beside[1:]))),
        Case("files, packed", (*BASE, "-w", "sliding:20s/10s", *LATE, *EVERY, *FILES), beside[0],
             others=tuple(packed)),
        Case("packed", (*BASE, "-w", "10s", "--early", "3", *LATE, *EVERY, *FILES),
             zstd(stream(14, records))),
        Case("position", (*BASE, "-w", "10s", *LATE, "--position", "i", "--resume", "continue",
                          *EVERY, *FILES), replayable(15, records), feed="again"),
        Case("merge", (*merge, "-m", "retract"), shards[0], others=tuple(zip(names, shards[1:]))),
        Case("merge, pipe", (*merge, "-o", "csv"), b"".join(shards), feed="pipe"),
        Case("dedup", (*BASE, "-w", "session:6s", "--dedup", "i", *LATE, *EVERY, *FILES),
             doubled(16, records)),
        Case("fill", (*BASE, "-w", "2s", "--fill", "-o", "csv", *LATE, *EVERY, *FILES),
             stream(17, records, step=6.0)),
        Case("sql", (*BASE, "-w", "10s", "-a", "count,last:v", "-m", "retract", "-o", "sql:t",
                     *LATE, *EVERY, *FILES), stream(18, records)),
    ]


def simple_cases(records, wide_keys):
    events = stream(1, records)
    tall = stream(5, records, disorder=20)
    table = csv_stream(2, records)
    return [
        Case("file", (*BASE, "-w", "10s", *LATE, *EVERY, *FILES), events),
        Case("stdin, >>", (*BASE, "-w", "10s", "-a", "count,sum:v,p50=median:v", *EVERY, "--late",
                           "late", "--bad", "bad"), events, feed="stdin", stdout=True),
        Case("pipe", (*BASE, "-w", "sliding:20s/10s", *LATE, "-a", "distinct:v,last:v", *EVERY,
                      *FILES), events, feed="pipe"),
        Case("every record", (*BASE, "-w", "10s", "--early", "2", "-l", "8s", "--checkpoint", "1",
                              "--output", "rows/out", "--late", "late"), events),
        Case("sessions, retract", (*BASE, "-w", "session:4s", "-m", "retract", "-l", "30s",
                                   "-a", "count,topk:v:2", "--row-id", *EVERY, *FILES), tall),
        Case("discard, pipe, >>", (*BASE, "-w", "10s", "-m", "discard", "--early", "4s", *LATE,
                                   "--late-every", "2", *EVERY), tall, feed="pipe", stdout=True),
        Case("hold", (*BASE, "-w", "10s", *LATE, "--hold", *EVERY, *FILES), events),
        Case("hold, >>", (*BASE, "-w", "10s", "--hold", *EVERY), events, feed="pipe",
             stdout=True),
        Case("csv", ("-t", "t", "--time-format", "s", "-k", "k", "-i", "csv", "-o", "csv", "-w",
                     "10s", *LATE, *EVERY, *FILES), table),
        Case("overlong", (*BASE, "-w", "10s", "--max-record", "100", "--checkpoint", "1", *FILES),
             events),
        Case("growing", (*BASE, "-w", "10s", *LATE, *EVERY, *FILES), events,
             steps=prefixes(events, random.Random(3), 4)),
        Case("growing csv", ("-t", "t", "--time-format", "s", "-i", "csv", "-o", "csv", "-w", "10s",
                             *LATE, *EVERY), table, feed="stdin", stdout=True,
             steps=prefixes(table, random.Random(4), 4)),
        # 52,000 ids are more than is saved without a child.
        *(Case(name, (*BASE, *how, "-a", "count,sum:v,var:v,first:v,last:v,min:v",
                      "--checkpoint", str(keys // 8), *FILES), wide_stream(keys), feed="pipe")
          for name, keys, how in (("forked", 13 * wide_keys // 6, ("-w", "100s", "--dedup", "k")),
                                  ("in steps", wide_keys, ("-w", "100s")),
                                  ("sessions, in steps", wide_keys, ("-w", "session:100s")))),
    ]


# ---- for a pool of processes, which takes functions of one argument ----

def quiet(job):
    """What an undisturbed run of (winagg, folder, case) leaves."""
    winagg, folder, case = job
    return Lab(winagg, tempfile.mkdtemp(dir=folder)).expected(case)


def call(job):
    """(function, argument, ...): what function([argument, ...]) says."""
    function, *arguments = job
    return function(arguments)
