"""What processes bring: --partial over the quarters of a file, by one, two and four processes at a
time, and --merge of the four streams; by wall and by CPU time, the merge apart. The rows must be
those of one run, byte for byte."""

import filecmp
import os
import shlex
import statistics
import sys

import peers

SHARDS = 4
PROCESSES = (1, 2, 4)
# States of a few bytes, and such as keep every value, which the merge has to read again.
QUESTIONS = [("count, sum, max", "count,sum:bytes,max:latency_ms"),
             ("p99 and distinct, exact", "p99:latency_ms,distinct:bytes")]


def quarters(bench, path):
    """The file's byte ranges as files, each cut behind a line; written once."""
    parts = [f"{path}.{n}-of-{SHARDS}" for n in range(1, SHARDS + 1)]
    if all(os.path.exists(part) and os.path.getmtime(part) >= os.path.getmtime(path) for part in parts):
        return parts
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        for n, part in enumerate(parts, 1):
            end = size * n // SHARDS
            with open(part + ".part", "wb") as out:
                while file.tell() < end:
                    out.write(file.read(min(1 << 20, end - file.tell())) + file.readline())
            os.rename(part + ".part", part)
    return parts


def mapped(bench, how, processes, parts):
    one = shlex.join([bench.winagg, *how, "--partial", "-j", "1"]) + ' "$1" >"$1.partial"'
    return peers.Program(f"{processes} processes", [
        "sh", "-c", 'n=$1 one=$2; shift 2; printf "%s\\0" "$@" | xargs -0 -n 1 -P "$n" sh -c "$one" sh', "sh",
        str(processes), one, *parts])


def measure(bench, how, path):
    """The runs of one process, and for each number of processes those of map and of merge."""
    parts = quarters(bench, path)
    whole = peers.Program("one run", [bench.winagg, *how, "-j", "1", path])
    merge = peers.Program("merge", [bench.winagg, "--merge", "-j", "1", *(part + ".partial" for part in parts)])
    single, maps, merges = [], {n: [] for n in PROCESSES}, []
    for _ in range(bench.rounds):
        single.append(bench.run(whole, "rows-0"))
        for n in PROCESSES:
            maps[n].append(bench.run(mapped(bench, how, n, parts)))
            merges.append(bench.run(merge, "rows-1"))
            if not filecmp.cmp(bench.rows_path(0), bench.rows_path(1), shallow=False):
                sys.exit(f"bench: {n} processes over {path} gave other rows than one run")
    return single, maps, merges, sum(os.path.getsize(part + ".partial") for part in parts)


def wall_s(taken):
    return statistics.median(one[0] for one in taken)


def report(bench):
    path = bench.events_file("json", bench.events)
    for title, aggregates in QUESTIONS:
        how = ["-t", "ts", "-w", "1m", "-k", "host", "-d", "all", "-a", aggregates]
        single, maps, merges, partial = measure(bench, how, path)
        print(f"\nshards, {title}: {bench.events:,} events, {os.path.getsize(path) / 1e6:.0f} MB in"
              f" {SHARDS} files, {partial / 1e6:.1f} MB of partial results; {bench.rounds} rounds")
        print(f"  {'':<30}{'wall s':>9}{'CPU s':>9}{'speed-up':>10}")
        print(f"  {'one run over all of it':<30}{wall_s(single):9.3f}{peers.cpu_s(single):9.3f}{'-':>10}")
        for n in PROCESSES:
            # Of each round, with its own neighbour; the merge is the same for all.
            speed = statistics.median(a[0] / b[0] for a, b in zip(maps[PROCESSES[0]], maps[n]))
            print(f"  {f'--partial, {n} at a time':<30}{wall_s(maps[n]):9.3f}{peers.cpu_s(maps[n]):9.3f}{speed:10.2f}")
        print(f"  {'--merge':<30}{wall_s(merges):9.3f}{peers.cpu_s(merges):9.3f}{'-':>10}", flush=True)
