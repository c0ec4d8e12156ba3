"""Is a case right? Runs it in several ways, and asks the model, or the laws that hold for any run."""

import json
import random
import re
import signal
from dataclasses import replace

import check
import shards
from forker import MOST_BYTES

FILES = ("late", "bad", "output")
NO_ROWS = re.compile(r"-[^-]*[osVh].*|--(out|expl|adv|part|merg|insp|hel|ver|sta).*")
PIPE_HOLDS = 30000
MODEL_S = 3


# ---- running ----

def words(case):
    return [word.lstrip("@") if word in check.PLACEHOLDERS else word for word in case.argv()]


def run(forker, argv, case, data=None, fresh=True, **how):
    """A run of the case, as check.py's; `fresh`: nothing is left of one before."""
    files = [("output", case.output_before)] if fresh and case.output_before else []
    remove = ["*"] if fresh else []
    status, (out, err, *contents) = forker.run(
        argv, case.input() if data is None else data, files=files, remove=remove,
        give_back=("stdout", "stderr", *FILES), **how)
    return check.Seen(status, out or b"", err or b"",
                      {"@" + name: content or b"" for name, content in zip(FILES, contents)})


def way(rng, argv, case, steady=True):
    """Arguments of run() that must not show; not `steady`: with a pipe or a FILE it may."""
    how = rng.choice("fffppn") if steady else "f"
    if how == "p" and len(case.input()) >= PIPE_HOLDS:
        how = "f"
    threads = rng.choice([[], ["-j1"], ["-j1"], ["-j2"], ["-j3"]])
    operand = ["stdin"] if how == "n" else []
    return {"argv": threads + operand + argv, "how": how,
            "longest_read": rng.choice([0, 0, 1, 2, 9, 300])}


# ---- laws ----

def stats_add_up(stats):
    stats = {name: text for name, text in stats}
    if "records" not in stats or "used" not in stats:
        return True
    parts = ("used", "bad", "too_late", "unassigned", "filtered", "duplicates", "replayed")
    return int(stats["records"]) == sum(int(stats[part]) for part in parts)


def rows_are_json(data):
    try:
        return data == b"" or data.endswith(b"\n") and all(
            isinstance(json.loads(line.decode()), dict) for line in data[:-1].split(b"\n"))
    except ValueError:
        return False


def laws(argv, seen):
    """What holds for any run, as (what, description)."""
    text = seen.stderr.decode("utf-8", "backslashreplace")
    if seen.status not in (0, 1, 2):
        yield "end", f"it ended with {seen.status}: {text}"
        return
    if not check.clean(seen.stderr):
        yield "sanitizer", text
    if seen.status != 0 and not messages(seen).startswith(b"winagg: "):
        yield "message", f"status {seen.status}, and it says: {text}"
    if seen.status == 2 and ((seen.stdout and "--comment" not in argv) or not seen.stderr.endswith(b"for more information.\n")):
        yield "usage", f"wrong usage, and it says: {text}\nand prints: {seen.stdout}"
    if seen.status == 0 and not stats_add_up(check.stats_of(seen.stderr, 0) or []):
        yield "sum", f"the counters do not add up: {text}"
    if not any(NO_ROWS.fullmatch(word) for word in argv) and not rows_are_json(seen.stdout):
        yield "json", f"rows that are no JSON: {seen.stdout}"


def messages(seen):
    """What stderr says, but for what is of the machine."""
    lines = [line for line in seen.stderr.split(b"\n") if not line.startswith(b'{"records"')]
    return b"\n".join(lines)


def same(first, second, what):
    yield from check.same_run(first, second, what)
    if messages(first) != messages(second):
        yield what + " messages", f"{what}:\n" + check.diff(messages(first), messages(second))


# ---- stopped, killed and started again ----

def lives(rng, argv, data):
    """(argv, bytes that are there, number of the write that is its death) of each life."""
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.choice([1, 1, 2, 3])))
    for cut in [*cuts, None]:
        options = ["--state", "state", "--checkpoint", str(rng.choice([1, 1, 2, 3, 7]))]
        options += ["--hold"] if rng.random() < 0.2 else []
        options += ["--at-eof", "keep"] if cut is not None else []
        dies = cut is not None and rng.random() < 0.4
        yield argv + options, data[:cut], rng.randint(1, 12) if dies else 0


def run_restarted(forker, rng, argv, case):
    seen, fresh = None, True
    for life, data, last_write in lives(rng, argv, case.input()):
        threads = rng.choice([["-j1"], ["-j1"], ["-j2"]])
        how = "p" if rng.random() < 0.3 and len(data) < PIPE_HOLDS else "f"
        seen = run(forker, threads + life, case, data, fresh, how=how, last_write=last_write,
                   longest_read=rng.choice([0, 0, 3]))
        seen.status = check.ended_well(seen.status, seen.stderr)
        fresh = False
        if seen.status not in (0, -signal.SIGKILL):
            break
    return seen


# ---- dealt out to shards, and merged ----

def one(forker, argv, data, files=()):
    status, (out, err) = forker.run(argv, data, files=files, remove=["*"],
                                    give_back=("stdout", "stderr"))
    return check.Seen(status, out or b"", err or b"")


def merged(forker, rng, case):
    """What --merge says over the partial results of shards, and one run over all of the records."""
    partial, merge = shards.sides(case)
    if "numbered" in case.tags or "--ragged" in partial or not case.shufflable:
        return {}
    partial += ["--delay", "all"]
    hands = [[] for _ in range(rng.randint(1, 4))]
    for record in case.records:
        rng.choice(hands).append(record.rstrip(b"\r\n") + b"\n")
    whole = case.head + b"".join(record for hand in hands for record in hand)
    want = one(forker, partial + merge, whole)
    if want.status != 0:
        return {}
    parts = [one(forker, [*partial, "--partial"], case.head + b"".join(hand)) for hand in hands]
    wrong = [part for part in parts if check.ended_well(part.status, part.stderr) != 0]
    if wrong:
        return {"shard": f"{wrong[0].status}: {wrong[0].stderr}"}
    streams = [part.stdout for part in parts]
    if rng.random() < 0.5:  # in one input, which may be in any order if no order of FILEs counts
        lines = b"".join(streams).splitlines(keepends=True)
        if not any("first" in word or "last" in word for word in partial):
            rng.shuffle(lines)
        got = one(forker, ["--merge", *merge], b"".join(lines))
    else:
        files = [(f"part{i}", stream) for i, stream in enumerate(streams)]
        got = one(forker, ["--merge", *merge, *(name for name, _ in files)], b"", files)
    if (got.status, got.stdout) != (0, want.stdout):
        return {"merge": f"{len(hands)} shards, status {got.status}: {got.stderr}\n"
                         + check.diff(want.stdout, got.stdout)}
    return {}


# ---- all of it ----

def other_ways(forker, rng, argv, case, seen, steady):
    """Differences between the first run and others that must not differ."""
    if any(word.startswith("--max-state") for word in argv):
        return {}  # who is over the limit is ended between two blocks
    for _ in range(rng.choice([0, 1, 1, 2])):
        other = way(rng, argv, case, steady)
        what = " ".join(f"{name}={value}" for name, value in other.items() if name != "argv")
        found = dict(same(seen, run(forker, case=case, **other),
                          f"{' '.join(other['argv'][:1])} {what}"))
        if found:
            return {"ways": "\n".join(found.values())}
    if steady and seen.status in (0, 1) and rng.random() < 0.4:
        again = run_restarted(forker, rng, argv, case)
        return dict(check.same_after_restarts(seen, again))
    return merged(forker, rng, case) if steady and rng.random() < 0.15 else {}


def has_fields(case):
    """Is there a line that may be a later header, of which the model knows nothing?"""
    return b"#fields" in case.input() and any(word.startswith("--com") for word in case.argv())


def asked_model(case):
    """What the model says, or None: it is not for such a case, or takes too long over it."""
    if has_fields(case):
        return None
    signal.setitimer(signal.ITIMER_REAL, MODEL_S)
    try:
        return check.run_model(case)
    except Exception:  # whatever the model was not made for
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def too_long(_signal, _frame):
    raise TimeoutError


signal.signal(signal.SIGALRM, too_long)


def judge(forker, case, kind, seed):
    """({what: description} of what is wrong, did the model have a say)."""
    rng = random.Random(seed + ":ways")
    argv = words(case)
    first = way(rng, argv, case)
    if kind == "words":
        first = {"argv": argv}
    seen = run(forker, case=case, **first)
    if max(map(len, (seen.stdout, seen.stderr, *seen.files.values()))) >= MOST_BYTES:
        return {}, False  # --fill over a gap of centuries
    found = dict(laws(argv, seen))
    expected = None
    if kind == "stream":
        expected = check.run_model(case)
    elif kind != "lines":
        expected = asked_model(case)
    if expected is not None and kind == "words" and not comparable(expected, seen):
        expected = None
    if expected is not None and not found:
        found = dict(check.compare(case, expected, seen))
    if not found:
        found = other_ways(forker, rng, argv, case, seen, kind != "words")
    return found, expected is not None


def comparable(expected, seen):
    """Of damaged words only what both take: the model knows less of what is wrong."""
    return 2 not in (expected.status, seen.status) and expected.options.files == ["-"]


# ---- shrinking ----

def smaller(case):
    yield from check.smaller(case)
    for i, record in enumerate(case.records):
        for size in (16, 4, 1):
            for at in range(0, len(record), size):
                shorter = record[:at] + record[at + size:]
                yield replace(case, records=case.records[:i] + [shorter] + case.records[i + 1:])


def still_wrong(forker, case, kind, seed, wrong):
    for attempt in ("", "again"):
        found, _ = judge(forker, case, kind, seed + attempt)
        if set(found) & set(wrong):
            return found
    return None


def shrink(forker, case, wrong, kind, seed, tries=400):
    progress = True
    while progress and tries > 0:
        progress = False
        for candidate in smaller(case):
            tries -= 1
            found = still_wrong(forker, candidate, kind, seed, wrong)
            if found:
                case, wrong, progress = candidate, found, True
                break
            if tries <= 0:
                break
    return case, wrong
