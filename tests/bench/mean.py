#!/usr/bin/env python3
"""Input chosen to hurt, with the source in hand: does cost stay linear, and near that of plain input?

Each case is measured in instructions (valgrind's count, which nothing else on the machine changes):
of its input at two sizes, and of plain input of the same kind and number of records. Twice the
records may cost 2.3 times as much, and the hurtful input 3 times the plain one. Those that are
known to cost more are said to. The last line counts: `N cases, N too dear`."""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import Pool

GROWTH, FACTOR = 2.3, 3.0
BASE = ("-t", "t", "--time-format", "s", "-j", "1")


def lines(rows):
    return ("\n".join(rows) + "\n").encode()


def event(t, value, key="a"):
    return f'{{"t":{t},"k":"{key}","v":{value}}}'


def shuffled(n, seed=1):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    return order


def times(order):
    return lines(event(t, t % 97) for t in order)


def inwards(n):
    """Each window is made in the middle of those that are there."""
    return times(i // 2 if i % 2 else n - i // 2 for i in range(n))


def drawn_levels(drawn):
    """As engine/chain.c draws them, but for its seed."""
    x = drawn * 2654435769 & 0xffffffff
    x ^= x >> 15
    x = x * 2246822519 & 0xffffffff
    x ^= x >> 13
    levels = 1
    while levels < 16 and x & 3 == 0:
        x >>= 2
        levels += 1
    return levels


def flat_chain(n):
    """Sessions whose nodes are on higher levels are merged into the one before; then the last one is
    looked for again and again."""
    rows, drawn, live = [], 0, 0
    for i in range(n // 2):
        at = 1000 + i * 99
        rows.append(event(at, 1))
        drawn += live >= 16 or drawn > 0
        live += 1
        if drawn > 0 and drawn_levels(drawn) > 1:
            rows.append(event(at - 49.5, 1))
            live -= 1
    last = 1000 + (n // 2 - 1) * 99
    return lines(rows[:n] + [event(last + i % 3, 1) for i in range(n - len(rows))])


def random_sessions(n):
    rng = random.Random(3)
    return lines(event(1000 + rng.randrange(n // 2) * 99 + rng.randrange(3), 1) for _ in range(n))


def outer_first(n):
    """Sessions that come from both ends, and one that joins all of each side now and then."""
    return lines(event((i * 20 if i % 2 else (2 * n - i) * 20) + (i % 3) * 9, i) for i in range(n))


def numbers(n, *texts):
    return lines(event(i, texts[i % len(texts)]) for i in range(n))


def decimals(n):
    rng = random.Random(4)
    return lines(event(i, rng.randrange(10**6) / 100) for i in range(n))


def stale(n):
    """Every other record is late, and belongs to a slice that the windows to come hold."""
    return lines(event(2000 + i // 2 - (150 if i % 2 else 0), i % 97) for i in range(n))


def padded(n, at):
    """One number with as many zeros behind its point as would make records."""
    rows = [event(i, i % 97) for i in range(n)]
    rows[at] = event(at, "12345678901234567890123.5" + "0" * (50 * n))
    return lines(rows)


def longer_texts(n, later):
    """Texts that take a piece of memory each, and longer ones, in a later pane perhaps."""
    return lines([event(0, '"abc"')] + [event(1, f'"{i:0100}"') for i in range(n)] +
                 [event(later, f'"{i:02100}"') for i in range(n // 2)])


def csv(rows):
    return lines(["t,k,v"] + list(rows))


def jumps(n):
    return lines(event(i * 10**4, 1, i % 7) for i in range(n))


def sources(n):
    """Each source speaks twice, in disorder, and holds W back."""
    return lines(event(i - (7 if i % 2 else 0), 1, i // 2) for i in range(n))


def few_sources(n):
    return lines(event(i - (7 if i % 2 else 0), 1, i // 2 % 100) for i in range(n))


def any_sources(n):
    rng = random.Random(5)
    return lines(event(i, 1, rng.randrange(n)) for i in range(n))


# name, options, hurtful input, plain input, why it may cost more (or None)
CASES = [
    ("windows, inwards", ("-w", "1s", "-d", "all"), inwards, lambda n: times(shuffled(n)), None),
    ("windows, at random", ("-w", "1s", "-d", "all"), lambda n: times(shuffled(n)),
     lambda n: times(range(n)), None),
    ("windows, newest first", ("-w", "1s", "-d", "all"), lambda n: times(range(n - 1, -1, -1)),
     lambda n: times(range(n)), None),
    ("slices, inwards", ("-w", "sliding:40s/2s", "-d", "all"), inwards,
     lambda n: times(shuffled(n)), None),
    ("sessions, list made flat", ("-w", "session:50s", "-k", "k", "-d", "all"), flat_chain,
     random_sessions, None),
    ("sessions from both ends", ("-w", "session:30s", "-k", "k", "-d", "all", "-a", "distinct:v"),
     outer_first, random_sessions, None),
    ("sessions, retracted", ("-w", "session:30s", "-k", "k", "-m", "retract", "-l", "100000d",
                             "--early", "1"), outer_first, random_sessions, None),
    ("late, all into one window", ("-w", "1h", "-l", "100000d", "--late-every", "1", "-m", "retract"),
     lambda n: lines([event(10**7, 1)] + [event(i % 1000, i) for i in range(n - 1)]),
     lambda n: lines([event(10**7, 1)] + [event(i * 10, i) for i in range(n - 1)]), None),
    ("sum of 1e308 and 1e-5000", ("-w", "1d", "-a", "sum:v,mean:v,distinct:v"),
     lambda n: numbers(n, "1e308", "-1e-5000", "-1e308", "1e-5000"), decimals, None),
    ("sum over zero, far below the point", ("-w", "1d", "-a", "sum:v"),
     lambda n: numbers(n, "1", "-1e-4990", "-1", "1e-4990"), decimals, None),
    ("var of 1e308 and 1e-5000, many rows", ("-w", "4s", "-a", "var:v"),
     lambda n: numbers(n, "1e308", "-1e-5000"), decimals,
     "a row's exact variance has 10,000 digits"),
    ("median, exponents that fall", ("-w", "1d", "-a", "median:v"),
     lambda n: lines(event(i, f"{i % 9 + 1}e-{i * 18 // n}") for i in range(n)), decimals, None),
    ("max, a number padded with zeros", ("-w", "1d", "-a", "max:v"), lambda n: padded(n, 0),
     lambda n: padded(n, n - 1), None),
    ("min of 5,000 digits", ("-w", "1d", "-a", "min:v"),
     lambda n: lines([event(0, "-" + "123456789" * 34 + "." + "7" * 4999)] +
                     [event(i, i % 97) for i in range(1, n)]), decimals, None),
    ("approx_p99, values far apart", ("-w", "200s", "-a", "approx_p99:v"),
     lambda n: numbers(n, "1e-300", "1e300", "-1e-300", "-1e300"),
     lambda n: numbers(n, "1e300", "2e300", "-1e300", "-2e300"), None),
    ("ranks and counts, a pane a record", ("-w", "1d", "--early", "1", "-a", "median:v,topk:v:3"),
     lambda n: lines(event(i, i * 7919 % 10007) for i in range(n)),
     lambda n: lines(event(i * 864, i * 7919 % 10007) for i in range(n)), None),
    ("sliding, late into old slices", ("-w", "sliding:200s/1s", "-k", "k"), stale,
     lambda n: times(range(2000, 2000 + n)), None),
    ("sliding, late, sets", ("-w", "sliding:200s/1s", "-a", "distinct:v,median:v"), stale,
     lambda n: times(range(2000, 2000 + n)), None),
    ("a pattern, as the man page advises",
     ("-w", "1h", "--where", "k =~ ^a.*b", "--max-record", "1GiB"),
     lambda n: lines([event(1, 1, "a" * 50 * n)]), lambda n: lines([event(1, 1, "a" * 50 * n + "b")]),
     None),
    ("CSV, quotes that never close", ("-w", "1h", "-i", "csv", "-k", "k"),
     lambda n: csv(f'{i},"a""{i},1' for i in range(n)),
     lambda n: csv(f'{i},"a""{i}",1' for i in range(n)), None),
    ("CSV, quotes inside fields", ("-w", "1h", "-i", "csv", "-k", "k"),
     lambda n: csv(f'{i},a"{i},1' for i in range(n)),
     lambda n: csv(f'{i},"a""{i}",1' for i in range(n)), None),
    ("CSV without a header, none valid", ("-w", "1h", "-i", "csv", "-t", "1", "--no-header"),
     lambda n: lines(f'a"{i:090},1' for i in range(n)),
     lambda n: lines(["1,1"] + [f'a"{i:090},1' for i in range(n - 1)]), None),
    ("comments before the header", ("-w", "1h", "--comment", "#"),
     lambda n: lines([f"#{i:090}" for i in range(n)] + ["t,k", "1,1"]),
     lambda n: lines(["t,k"] + [f"#{i:090}" for i in range(n)] + ["1,1"]), None),
    ("CSV, a line of comment signs",
     ("-w", "1h", "-i", "csv", "--comment", "#", "--max-record", "1GiB"),
     lambda n: lines(["t,k", "1," + "#" * 50 * n]), lambda n: lines(["t,k", "1," + "x" * 50 * n]),
     None),
    ("CSV, short rows under a wide header", ("-w", "1h", "-i", "csv", "--ragged", "-a", "last:z"),
     lambda n: lines(["t," + "," * n + "z"] + ["1,1"] * n),
     lambda n: lines(["t,z," + "c" * n] + ["1,1"] * n), None),
    ("texts that no spare memory fits",
     ("-w", "1d", "--early", "1h", "-m", "discard", "-a", "distinct:v"),
     lambda n: longer_texts(n, 7200), lambda n: longer_texts(n, 1), None),
    ("ids of a session that goes on", ("-w", "session:5s", "--dedup", "v"),
     lambda n: lines(event(i, i) for i in range(n)),
     lambda n: lines(event(i // 99 * 199 + i % 99, i) for i in range(n)), None),
    ("times that jump, --early 1ns", ("-w", "1h", "-k", "k", "--early", "1ns"), jumps, few_sources,
     None),
    ("a source for two records", ("-w", "1h", "--source", "k", "-l", "1h"), sources, few_sources,
     None),
    ("--advise of as many sources", ("--advise", "--source", "k"), sources, any_sources, None),
]


def instructions(winagg, options, path):
    """What a run takes; bad records may be meant."""
    counter = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    run = subprocess.run([*counter, winagg, *BASE, *options, path], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    found = re.search(rb"Collected : (\d+)", run.stderr)
    if run.returncode not in (0, 1) or found is None:
        raise AssertionError(f"{options}: {run.returncode}: {run.stderr.decode()[-500:]}")
    return int(found.group(1))


def measure(job):
    winagg, folder, number, records = job
    name, options, hurtful, plain, _ = CASES[number]
    path = os.path.join(folder, str(number))
    taken = []
    for data in (hurtful(2), hurtful(records), hurtful(2 * records), plain(2), plain(records)):
        with open(path, "wb") as file:
            file.write(data)
        taken.append(instructions(winagg, options, path))
    start, one, two, plain_start, base = taken
    os.unlink(path)
    return number, (two - start) / (one - start), (one - start) / (base - plain_start)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    parser.add_argument("--records", type=int, default=20000)
    parser.add_argument("--case", help="only the ones whose name holds this")
    return parser.parse_args()


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="winagg-mean-")
    jobs = [(options.winagg, folder, i, options.records) for i, case in enumerate(CASES)
            if options.case is None or options.case in case[0]]
    dear = 0
    print(f"{'':<40}{'twice':>8}{'to plain':>10}")
    with Pool() as pool:
        for number, growth, factor in pool.imap(measure, jobs, chunksize=1):
            name, known = CASES[number][0], CASES[number][4]
            wrong = growth > GROWTH or (factor > FACTOR and known is None)
            dear += wrong
            said = "TOO DEAR" if wrong else f"({known})" if factor > FACTOR else ""
            print(f"{name:<40}{growth:8.2f}{factor:10.2f}  {said}".rstrip(), flush=True)
    shutil.rmtree(folder)
    print(f"{len(jobs)} cases, {dear} too dear")
    return 1 if dear > 0 or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
