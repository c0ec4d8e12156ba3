#!/usr/bin/env python3
"""Runs winagg and the model over random cases and compares all that can be seen of them.

A case is a function of (seed, number): `--seed S --case N` runs that one again. On a mismatch
the case is shrunk and printed as a command to paste. The last line says how many agreed."""

import argparse
import difflib
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from multiprocessing import Pool

import model
import shards
import streams
from aggregates import Approx
from decimals import Bad, number_text, parse_number
from records import BOM
from rows import RowId, line_bytes
from times import INT64_MAX

TIMEOUT_S = 60
PLACEHOLDERS = ("@late", "@bad", "@output")
WORKERS = 2


@dataclass
class Seen:
    """What one run of winagg left behind."""

    status: int
    stdout: bytes
    stderr: bytes
    files: dict = field(default_factory=dict)


def clean(data):
    """A run that ends well leaves no word of a sanitizer either."""
    return not re.search(rb"Sanitizer|runtime error:", data)


# ---- running winagg ----

def feed(pipe, data, sizes):
    """Writes the data in pieces of the given sizes; a reader that left is no error here."""
    try:
        at = 0
        while at < len(data):
            at += os.write(pipe.fileno(), data[at:at + sizes()])
        pipe.close()
    except BrokenPipeError:
        pass


def run_winagg(winagg, case, folder, sizes=None, as_file=False, parts=None):
    """Runs winagg in the folder: stdin at once, in pieces of sizes(), from a FILE, or from one
    for each of the parts."""
    argv = [word.lstrip("@") if word in PLACEHOLDERS else word for word in case.argv()]
    for name in PLACEHOLDERS:
        path = os.path.join(folder, name[1:])
        if os.path.exists(path):
            os.unlink(path)
    if case.output_before:
        model.write_file(os.path.join(folder, "output"), "wb", case.output_before)
    if as_file:
        for i, content in enumerate(parts or [case.input()]):
            name = f"input{i}" if parts else "input"
            model.write_file(os.path.join(folder, name), "wb", content)
            argv.append(name)
    with open(os.path.join(folder, "stdout"), "w+b") as out, \
            open(os.path.join(folder, "stderr"), "w+b") as err:
        child = subprocess.Popen([winagg, *argv], cwd=folder, stdout=out, stderr=err,
                                 stdin=subprocess.DEVNULL if as_file else subprocess.PIPE)
        try:
            if not as_file:
                feed(child.stdin, case.input(), sizes or (lambda: 1 << 16))
                child.stdin = None
            status = child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            status = "timeout"
        out.seek(0)
        err.seek(0)
        seen = Seen(status, out.read(), err.read())
    for name in PLACEHOLDERS:
        path = os.path.join(folder, name[1:])
        seen.files[name] = b""
        if os.path.exists(path):
            with open(path, "rb") as file:
                seen.files[name] = file.read()
    return seen


def run_model(case):
    return model.run(case.argv(), lambda name: case.input(),
                     lambda path: not case.output_before)


# ---- comparing ----

ROW_ID, NUMBER = re.compile(rb"[0-9a-f]{32}"), re.compile(rb"[-+.e0-9]+")


def match_line(pieces, output, at):
    """Where the line ends in the output, and what of it is judged by itself; None if it is another."""
    texts = []
    for piece in pieces:
        if isinstance(piece, (RowId, Approx)):
            match = (ROW_ID if isinstance(piece, RowId) else NUMBER).match(output, at)
            if match is None:
                return None
            texts.append((piece, match[0]))
            at = match.end()
        elif output.startswith(piece, at):
            at += len(piece)
        else:
            return None
    return at, texts


def close_enough(text, approx):
    try:
        value = parse_number(text.decode())
    except Bad:
        return False
    return number_text(value) == text.decode() and abs(value - approx.exact) <= approx.tolerance


def rows_agree(lines, output):
    if not any(isinstance(piece, (Approx, RowId)) for pieces in lines for piece in pieces):
        return b"".join(map(line_bytes, lines)) == output
    at, ids = 0, []
    for pieces in lines:
        match = match_line(pieces, output, at)
        if match is None:
            return False
        at, texts = match
        for piece, text in texts:
            if isinstance(piece, RowId):
                ids.append(text)
            elif not close_enough(text, piece):
                return False
    # No (window, key, pane, op) is written twice, so no id is.
    return at == len(output) and len(set(ids)) == len(ids)


def diff(expected, got):
    lines = difflib.unified_diff(
        expected.decode("utf-8", "backslashreplace").splitlines(),
        got.decode("utf-8", "backslashreplace").splitlines(), "model", "winagg", lineterm="", n=1)
    return "\n".join(lines)


def without_bytes(stats, status):
    """--strict: how far ahead of the bad record such a run has read is not specified."""
    return stats and [one for one in stats if status != 1 or one[0] != "bytes"]


def stats_of(stderr, status):
    """[(name, text)] of the statistics without those of the machine, or None if there are none."""
    objects = [line for line in stderr.splitlines() if line.startswith(b"{")]
    if not objects:
        return None
    members = re.findall(rb'"(\w+)":("[^"]*"|[^,}]*)', objects[-1])
    stats = [(name.decode(), text.decode()) for name, text in members 
             if name not in (b"seconds", b"state_bytes_peak")]
    return without_bytes(stats, status)


def compare_messages(expected, seen, name):
    """The lines of bad records: input and line number must agree, the reason is free."""
    found = re.findall(rb"^winagg: " + re.escape(name) + rb":(\d+): .", seen.stderr, re.M)
    want = [str(line).encode() for line, _ in expected.bad_at]
    if expected.failed_at == 0:
        want = []
    elif expected.failed_at is not None:
        want, found = [str(expected.failed_at).encode()], found[-1:]
    if found != want:
        yield "bad lines", f"model reports bad records in lines {want}, winagg in {found}"
    total = re.findall(rb"^winagg: (\d+) bad records in all", seen.stderr, re.M)
    many = expected.bad_total > model.REPORTED_BAD_MAX
    if total != ([str(expected.bad_total).encode()] if many else []):
        yield "bad total", f"model counts {expected.bad_total} bad records, winagg says {total}"


def compare(case, expected, seen, name=b"stdin"):
    """Every difference as (what, description)."""
    if not clean(seen.stderr):
        yield "sanitizer", seen.stderr.decode("utf-8", "replace")
    if seen.status != expected.status:
        yield "status", (f"model exits {expected.status} ({expected.message}), "
                         f"winagg {seen.status}:\n{seen.stderr.decode('utf-8', 'replace')}")
        return
    if expected.status == 2:
        if seen.stdout or not seen.stderr:
            yield "usage", "wrong usage prints one message on stderr and nothing on stdout"
        return
    to_file = expected.options.output is not None
    output = seen.files["@output"] if to_file else seen.stdout
    if to_file and seen.stdout:
        yield "stdout", "there is output on stdout beside --output"
    before = case.output_before if to_file else b""
    rows = output[len(before):]
    if not output.startswith(before) or not rows_agree(expected.lines, rows):
        yield "rows", diff(expected.rows(), rows)
    for option, path, want in (("late", "@late", expected.late), ("bad", "@bad", expected.bad)):
        if getattr(expected.options, option + "_file") and seen.files[path] != want:
            yield option, f"--{option} file:\n" + diff(want, seen.files[path])
    yield from compare_messages(expected, seen, name)
    want, got = without_bytes(expected.stats, expected.status), stats_of(seen.stderr, seen.status)
    if (want and dict(want)) != (got and dict(got)):
        yield "stats", f"--stats:\nmodel  {want}\nwinagg {got}"


def same_run(first, second, what):
    """Two runs of winagg that must not differ by a byte."""
    if first.status != second.status:
        yield what + " status", f"{what}: exits {second.status} instead of {first.status}"
    if first.stdout != second.stdout:
        yield what + " rows", f"{what}:\n" + diff(first.stdout, second.stdout)
    if first.files != second.files:
        yield what + " files", f"{what}: files differ: {first.files} {second.files}"
    stats = [stats_of(run.stderr, run.status) for run in (first, second)]
    if stats[0] != stats[1]:
        yield what + " stats", f"{what}: {stats[0]} {stats[1]}"


# ---- variants: the same bytes another way ----

def order_free(case, expected):
    """The case with options under which the order of the records cannot matter, or None."""
    options = getattr(expected, "options", None)
    if expected.status != 0 or not case.shufflable or not expected.times:
        return None
    if any(agg.function in ("first", "last") for agg in options.aggs):
        return None
    if "json" not in case.tags and any(record.count(b'"') % 2 for record in case.records):
        return None  # a quote that is left open takes what follows with it
    if any(record.startswith(BOM) for record in case.records):
        return None
    dropped = ("--early", "-d", "--delay", "--strict", "--late", "--bad", "--output", "--dedup",
               "--max-jump")
    if options.source is not None:  # W may end elsewhere: it does not go back for a new source
        dropped += ("--stats",)
    groups = [group for group in case.groups if group[0] not in dropped]
    times = expected.times
    if any(group[0] == "--dedup" for group in case.groups):  # what was bad as an id is not any more
        times = run_model(replace(case, groups=groups)).times
    span = max(times) - min(times)
    if span > INT64_MAX:
        return None
    groups.append(["--delay", f"{span}ns"])
    if not case.head.removeprefix(BOM):  # the first record may not show the format any more
        groups += [["-i", "json"]] if "json" in case.tags else []
    records = [record.rstrip(b"\r\n") + b"\n" for record in case.records]
    return replace(case, groups=groups, records=records, output_before=b"")


def variants(winagg, case, expected, seen, folder, rng):
    yield from same_run(seen, run_winagg(winagg, case, folder, lambda: 1), "1-byte writes")
    yield from same_run(seen, run_winagg(winagg, case, folder, lambda: rng.randint(1, 300)),
                        "random writes")
    from_file = run_winagg(winagg, case, folder, as_file=True)
    yield from same_run(seen, from_file, "FILE")
    if expected.status != 2:
        for what, text in compare_messages(expected, from_file, b"input"):
            yield "FILE " + what, text
    ordered = order_free(case, expected)
    if ordered is not None:
        shuffled = replace(ordered, records=rng.sample(ordered.records, len(ordered.records)))
        want = run_model(ordered)
        for what, text in compare(ordered, want, run_winagg(winagg, ordered, folder)):
            yield "in order " + what, text
        for what, text in compare(shuffled, want, run_winagg(winagg, shuffled, folder)):
            if what not in ("bad lines",):  # of another order, of course
                yield "shuffled " + what, text
        yield from several_files(winagg, ordered, want, folder, rng)


def several_files(winagg, case, want, folder, rng):
    """The records dealt out to FILEs, each a source: where nothing is late, the same rows."""
    if "numbered" in case.tags or want.status != 0 or "max_record" in dict(want.options.__dict__) \
            and want.options.max_record < 16 << 20:
        return
    hands = [[] for _ in range(rng.randint(2, 4))]
    for record in case.records:
        rng.choice(hands).append(record)
    parts = [case.head + b"".join(hand) for hand in hands]
    seen = run_winagg(winagg, case, folder, as_file=True, parts=parts)
    if seen.status != want.status:
        yield "FILEs status", f"several FILEs exit {seen.status}, {want.status} expected: {seen.stderr}"
    elif want.options.output is None and not rows_agree(want.lines, seen.stdout):
        yield "FILEs rows", f"{[part for part in parts]}\n" + diff(want.rows(), seen.stdout)


# ---- restarts ----

def start_over(case, folder):
    """The files that a first start finds."""
    for name in (*PLACEHOLDERS, "@stdout", "@stderr", "@state"):
        path = os.path.join(folder, name[1:])
        if os.path.exists(path):
            os.unlink(path)
    if case.output_before:
        model.write_file(os.path.join(folder, "output"), "wb", case.output_before)


def one_life(winagg, argv, data, folder, rng, last):
    """A run over some of the input, killed on the way or (`last`) not; its status."""
    piped = rng.random() < 0.4
    env = dict(os.environ)
    if not last and rng.random() < 0.5: # if it is hostile: tests/hostile.c
        env["HOSTILE_KILL"] = str(rng.randint(2, 9))
    if not piped:
        model.write_file(os.path.join(folder, "input"), "wb", data)
    with open(os.path.join(folder, "stdout"), "ab") as out, \
            open(os.path.join(folder, "stderr"), "wb") as err, \
            open(os.devnull if piped else os.path.join(folder, "input"), "rb") as file:
        child = subprocess.Popen([winagg, *argv], cwd=folder, stdout=out, stderr=err, env=env,
                                 stdin=subprocess.PIPE if piped else file)
        try:
            if piped and not last and rng.random() < 0.5:
                os.write(child.stdin.fileno(), data[:1 << 15])
                time.sleep(rng.random() * 0.005)
                child.kill()
            if piped:
                feed(child.stdin, data, lambda: 1 << 16)
                child.stdin = None
            return child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return "timeout"


def ended_well(status, stderr):
    """The status of a life, but for what is said of the records of that life alone."""
    return 0 if status == 1 and b"every record was bad" in stderr else status


def run_restarted(winagg, case, folder, rng):
    """Runs winagg in several lives, each on more of the input than the one before."""
    argv = [word.lstrip("@") if word in PLACEHOLDERS else word for word in case.argv()]
    argv += ["--state", "state"]
    data = case.input()
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 4)))
    start_over(case, folder)
    status = 0
    for cut in cuts + [None]:
        life = [*argv, "--checkpoint", str(rng.choice([1, 1, 2, 3, 7, 50]))]
        life += ["--hold"] if rng.random() < 0.2 else []
        life += ["--at-eof", "keep"] if cut is not None else []
        life += ["--threads", str(rng.randint(1, 3))]
        status = one_life(winagg, life, data[:cut], folder, rng, cut is None)
        with open(os.path.join(folder, "stderr"), "rb") as err:
            status = ended_well(status, err.read())
        if status not in (0, -signal.SIGKILL):
            break
    return left_behind(folder, status)


def files_life(winagg, argv, parts, folder, rng, last):
    """A run over the first bytes of several FILEs, killed on the way or not; its status."""
    for i, content in enumerate(parts):
        model.write_file(os.path.join(folder, f"input{i}"), "wb", content)
    names = [f"input{i}" for i in range(len(parts))]
    with open(os.path.join(folder, "stdout"), "ab") as out, \
            open(os.path.join(folder, "stderr"), "wb") as err:
        child = subprocess.Popen([winagg, *argv, *names], cwd=folder, stdout=out, stderr=err,
                                 stdin=subprocess.DEVNULL)
        try:
            if not last and rng.random() < 0.4:
                time.sleep(rng.random() * 0.004)
                child.kill()
            return child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return "timeout"


def files_restarted(winagg, case, folder, rng):
    """The records dealt out to FILEs that grow side by side, over several lives; and as one run."""
    hands = [[] for _ in range(rng.randint(2, 4))]
    for record in case.records:
        rng.choice(hands).append(record)
    parts = [case.head + b"".join(hand) for hand in hands]
    once = run_winagg(winagg, case, folder, as_file=True, parts=parts)
    argv = [word.lstrip("@") if word in PLACEHOLDERS else word for word in case.argv()]
    argv += ["--state", "state"]
    lives = rng.randint(1, 3)
    cuts = [sorted(rng.randint(0, len(part)) for _ in range(lives)) for part in parts]
    start_over(case, folder)
    status = 0
    for life in range(lives + 1):
        last = life == lives
        options = [*argv, "--checkpoint", str(rng.choice([1, 2, 3, 7, 50]))]
        options += [] if last else ["--at-eof", "keep"]
        so_far = [part if last else part[:cut[life]] for part, cut in zip(parts, cuts)]
        status = files_life(winagg, options, so_far, folder, rng, last)
        with open(os.path.join(folder, "stderr"), "rb") as err:
            status = ended_well(status, err.read())
        if status not in (0, -signal.SIGKILL):
            break
    return once, left_behind(folder, status), parts


def left_behind(folder, status):
    seen = Seen(status, b"", b"")
    for name in (*PLACEHOLDERS, "@stdout", "@stderr"):
        path = os.path.join(folder, name[1:])
        if os.path.exists(path):
            with open(path, "rb") as file:
                seen.files[name] = file.read()
    seen.stdout, seen.stderr = seen.files.pop("@stdout"), seen.files.pop("@stderr")
    return seen


def restarts_of_files(winagg, case, expected, folder, rng):
    """The same with several FILEs, whose one run is the measure."""
    if expected.status == 2 or "numbered" in case.tags:
        return
    once, again, parts = files_restarted(winagg, case, folder, rng)
    status = ended_well(once.status, once.stderr)
    if status not in (0, 1):
        return
    if again.status != status:
        yield "FILEs restart status", (f"{parts}: after restarts it exits {again.status}, not "
                                       f"{status}: {again.stderr.decode('utf-8', 'replace')}")
    elif status == 1:
        return # a FILE that can't be read ends both, one before the first record, the other once it grew
    elif again.stdout != once.stdout:
        yield "FILEs restart rows", f"{parts}:\n" + diff(once.stdout, again.stdout)
    else:
        for name in PLACEHOLDERS:
            if again.files.get(name, b"") != once.files[name]:
                yield "FILEs restart " + name, diff(once.files[name], again.files.get(name, b""))


def same_after_restarts(seen, again):
    """What one run left, and what several lives did; its counters too."""
    if not clean(again.stderr):
        yield "restart sanitizer", again.stderr.decode("utf-8", "replace")
    status = ended_well(seen.status, seen.stderr)
    if again.status != status:
        yield "restart status", (f"after restarts it exits {again.status}, not {status}:\n"
                                 + again.stderr.decode("utf-8", "replace"))
        return
    if again.stdout != seen.stdout:
        yield "restart rows", diff(seen.stdout, again.stdout)
    for name in PLACEHOLDERS:
        if again.files.get(name, b"") != seen.files[name]:
            yield "restart " + name, diff(seen.files[name], again.files.get(name, b""))
    want, got = stats_of(seen.stderr, status), stats_of(again.stderr, again.status)
    got = got and [one for one in got if not one[0].startswith("checkpoint")]
    if want != got:
        yield "restart stats", f"--stats:\nonce     {want}\nrestarts {got}"


def restarts(winagg, case, expected, seen, folder, rng):
    """Stopped and killed at random, winagg leaves what one run leaves."""
    if expected.status != 2:
        yield from same_after_restarts(seen, run_restarted(winagg, case, folder, rng))


# ---- all of it ----

def mismatches(winagg, case, folder, ways, rng_seed):
    """{what: description} of everything that is wrong with a case."""
    expected = run_model(case)
    seen = run_winagg(winagg, case, folder)
    found = dict(compare(case, expected, seen))
    if "variants" in ways and not found:
        found = dict(variants(winagg, case, expected, seen, folder, random.Random(rng_seed)))
    if "restarts" in ways and not found:
        found = dict(restarts(winagg, case, expected, seen, folder, random.Random(rng_seed)))
        found = found or dict(restarts_of_files(winagg, case, expected, folder,
                                                random.Random(rng_seed + ":files")))
    if "merges" in ways and not found:
        found = dict(shards.merges(winagg, case, folder, rng_seed))
    return found


# ---- shrinking ----

def without(items, start, size):
    return items[:start] + items[start + size:]


def smaller(case):
    """Cases with fewer records, options, aggregates or keys, the boldest first."""
    size = max(len(case.records) // 2, 1)
    while True:
        for start in range(0, len(case.records), size):
            yield replace(case, records=without(case.records, start, size))
        if size == 1:
            break
        size //= 2
    for i, group in enumerate(case.groups):
        yield replace(case, groups=without(case.groups, i, 1))
        if group[0] in ("-a", "--agg", "-k", "--key") and "," in group[-1]:
            parts = group[-1].split(",")
            for j in range(len(parts)):
                shorter = [group[0], ",".join(without(parts, j, 1))]
                yield replace(case, groups=case.groups[:i] + [shorter] + case.groups[i + 1:])


def shrink(winagg, case, wrong, folder, ways, rng_seed, tries=600):
    """A smaller case that goes wrong in one of the ways in which this one does."""
    status = run_model(case).status
    progress = True
    while progress and tries > 0:
        progress = False
        for candidate in smaller(case):
            tries -= 1
            if run_model(candidate).status != status:
                continue
            found = mismatches(winagg, candidate, folder, ways, rng_seed)
            if set(found) & set(wrong):
                case, wrong, progress = candidate, found, True
                break
            if tries <= 0:
                break
    return case, wrong


def printf_text(data):
    """Bytes as an argument of printf '%b'."""
    out = ""
    for byte in data:
        char = chr(byte)
        if char == "\n":
            out += "\\n"
        elif char == "\\":
            out += "\\\\"
        elif char == "'":
            out += "'\\''"
        else:
            out += char if 0x20 <= byte < 0x7F else f"\\0{byte:03o}"
    return f"printf '%b' '{out}'"


def reproduction(case):
    """A command to paste; its files are named late, bad and output in the current directory."""
    argv = [word.lstrip("@") if word in PLACEHOLDERS else word for word in case.argv()]
    before = printf_text(case.output_before) + " >output; " if case.output_before else ""
    return before + printf_text(case.input()) + " | winagg " + shlex.join(argv)


# ---- the whole ----

def check_one(job):
    """None if a case agrees, else its report."""
    winagg, seed, number, ways = job
    case_seed = f"{seed}:{number}"
    case = streams.case(case_seed)
    with tempfile.TemporaryDirectory(prefix="winagg-model-") as folder:
        wrong = mismatches(winagg, case, folder, ways, case_seed)
        if not wrong:
            return None
        case, wrong = shrink(winagg, case, wrong, folder, ways, case_seed)
    expected = run_model(case)
    return "\n".join([
        f"MISMATCH in case {number} of seed {seed} ({', '.join(wrong)}); shrunk, it is:", "",
        "  " + reproduction(case), "", *wrong.values(), "",
        f"the model says (status {expected.status}):",
        expected.rows().decode("utf-8", "backslashreplace"),
    ])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--case", type=int, help="only this number of the seed")
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--variants", action="store_true",
                        help="also: other read sizes, a FILE, another order of the records")
    parser.add_argument("--restarts", action="store_true",
                        help="also: with --state, stopped and killed at random on the way")
    parser.add_argument("--merges", action="store_true",
                        help="also: dealt out to shards, their partial results merged")
    parser.add_argument("--keep-going", action="store_true", help="report every mismatch")
    return parser.parse_args()


def main():
    options = arguments()
    winagg = os.path.abspath(options.winagg)
    if not os.access(winagg, os.X_OK):
        print(f"check.py: no such program: {winagg}", file=sys.stderr)
        return 2
    numbers = range(options.count) if options.case is None else [options.case]
    ways = [way for way in ("variants", "restarts", "merges") if getattr(options, way)]
    jobs = [(winagg, options.seed, number, ways) for number in numbers]
    agreed = wrong = 0
    with Pool(WORKERS) as pool:
        for report in pool.imap_unordered(check_one, jobs, chunksize=4):
            if report is None:
                agreed += 1
                continue
            wrong += 1
            print(report + "\n", flush=True)
            if not options.keep_going:
                pool.terminate()
                break
    print(f"{agreed} of {agreed + wrong} cases agreed (seed {options.seed}, {len(jobs)} asked for)")
    return 1 if wrong or agreed != len(jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
