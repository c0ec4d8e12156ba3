"""A case dealt out to shards: --partial over each, --merge over all, in trees of any shape.

What one run says that sees all records at once (--delay all), the merge must say, byte for byte."""

import os
import random
import signal
import subprocess
import tempfile

PARTIAL = {"-t", "--time", "--time-format", "--year-from", "-w", "--window", "--offset", "-k", "--key",
           "-a", "--agg", "--where", "-i", "--input-format", "--no-header", "--columns",
           "--delimiter", "--comment", "--ragged", "--null", "--max-record"}
MERGE = {"-m", "--mode", "--final", "--fill", "--top", "--row-id", "-o", "--output-format",
         "--output-time", "--panes"}
BOTH = {"-l", "--lateness"}
TIMEOUT_S = 60


def sides(case):
    """(options of --partial, options of --merge), or None if the case is not for shards."""
    partial, merge = [], []
    for group in case.groups:
        name = group[0].partition("=")[0]
        if name in PARTIAL | BOTH:
            partial += group
        if name in MERGE | BOTH:
            merge += group
        if name == "--tz":
            partial += group
    if "json" in case.tags and "-i" not in partial:
        partial += ["-i", "json"]
    return partial, merge


def run(argv, folder, data=b"", stdout=subprocess.PIPE):
    return subprocess.run(argv, cwd=folder, input=data, stdout=stdout, stderr=subprocess.PIPE,
                          timeout=TIMEOUT_S, check=False)


class Merger:
    """Puts streams into files of one folder, and merges them in random ways."""

    def __init__(self, winagg, folder, rng, lateness, ordered):
        self.winagg, self.folder, self.rng = winagg, folder, rng
        self.lateness, self.ordered, self.n = lateness, ordered, 0

    def put(self, data):
        self.n += 1
        name = f"stream{self.n}"
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)
        return name

    def inputs(self, streams):
        """(FILEs, stdin): each a stream of its own, or several in one, maybe shuffled."""
        draw = self.rng.random()
        if draw < 0.5:
            return [self.put(one) for one in streams], b""
        lines = b"".join(streams).splitlines(keepends=True)
        if draw < 0.8 and not self.ordered:
            self.rng.shuffle(lines)
        data = b"".join(lines)
        return ([], data) if self.rng.random() < 0.5 else ([self.put(data)], b"")

    def merge(self, streams, options):
        files, data = self.inputs(streams)
        return run([self.winagg, "--merge", *options, *files], self.folder, data)

    def tree(self, streams):
        """Fewer streams: neighbours are merged, as often as it falls."""
        while len(streams) > 1 and self.rng.random() < 0.4:
            at = self.rng.randrange(len(streams))
            size = self.rng.randint(1, len(streams) - at)
            seen = self.merge(streams[at:at + size], ["--partial", *self.lateness])
            if seen.returncode != 0:
                return seen, streams
            streams = streams[:at] + [seen.stdout] + streams[at + size:]
        return None, streams

    def merge_with_kills(self, streams, options):
        """The same with --state, killed and started again: rows go to a file."""
        files = [self.put(one) for one in streams]
        self.n += 1
        rows, state = f"rows{self.n}", f"state{self.n}"
        argv = [self.winagg, "--merge", *options, "--state", state, "--output", rows, *files]
        seen = None
        for _ in range(self.rng.randint(1, 3)):
            child = subprocess.Popen([*argv, "--checkpoint", str(self.rng.randint(1, 9))],
                                     cwd=self.folder, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            try:
                child.wait(self.rng.random() * 0.01)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
        seen = run(argv, self.folder)
        with open(os.path.join(self.folder, rows), "rb") as file:
            seen.stdout = file.read()
        return seen


def merges(winagg, case, folder, seed):
    """What differs, as (what, description)."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        yield from merges_in(winagg, case, own, seed)


def merges_in(winagg, case, folder, seed):
    rng = random.Random(seed)
    partial, merge = sides(case)
    text = " ".join(partial + merge)
    # What is no record of its own (an unclosed quote, say) can't be dealt out.
    if "numbered" in case.tags or "--ragged" in partial or not case.shufflable:
        return
    hands = [[] for _ in range(rng.choice([1, 2, 3, 5, 9, 16]))]
    way = rng.choice(["deal", "ranges", "random"])
    records = [record.rstrip(b"\r\n") + b"\n" for record in case.records]
    for i, record in enumerate(records):
        hand = {"deal": i % len(hands), "ranges": i * len(hands) // len(records),
                "random": rng.randrange(len(hands))}[way]
        hands[hand].append(record)
    # first and last of equal times follow the order of the FILEs.
    whole = case.head + b"".join(record for hand in hands for record in hand)
    single = run([winagg, *partial, *merge, "--delay", "all"], folder, whole)
    if single.returncode == 2 or b"every record was bad" in single.stderr:
        return
    delay = ["--delay", "all"]
    shards = [run([winagg, *partial, *delay, "--partial"], folder, case.head + b"".join(hand))
              for hand in hands]
    for shard in shards:
        if shard.returncode != 0 and b"every record was bad" not in shard.stderr:
            yield "shard status", f"{partial}: {shard.returncode}: {shard.stderr}"
            return
    lateness = [word for group in case.groups if group[0] in BOTH for word in group]
    merger = Merger(winagg, folder, rng, lateness, "first" in text or "last" in text)
    failed, streams = merger.tree([shard.stdout for shard in shards])
    seen = failed or (merger.merge_with_kills if rng.random() < 0.3 else merger.merge)(
        streams, merge)
    if seen.returncode != single.returncode:
        yield "merge status", f"{seen.returncode}, {single.returncode} expected: {seen.stderr}"
    elif seen.stdout != single.stdout:
        yield "merge rows", (f"{partial} {merge}: {len(hands)} shards\none run:\n"
                             + single.stdout.decode("utf-8", "backslashreplace") + "merged:\n"
                             + seen.stdout.decode("utf-8", "backslashreplace"))
