"""How cost grows: each figure compares two runs of winagg that alternate, by least CPU time."""

import os
import statistics
import subprocess

import peers

AGGREGATES = ["-t", "ts", "-d", "30s", "-a", "count,sum:bytes,max:latency_ms", "-j", "1"]
ALL_IN_ONE = "-w 1d --offset 12h -k host"  # the events begin around midnight: nothing fires
START_UP_RUNS = 200
LATENCY_S = 10


def comparisons(bench, few, many):
    """Title, goal, options and data of the run, options and data of what it is held against."""
    return [
        ("sliding:10m/10s against 10s", 1.3, "-w sliding:10m/10s -k host", few,
         "-w 10s -k host", few),
        ("1,000,000 keys against 100, in one window", 4, ALL_IN_ONE, many, ALL_IN_ONE, few),
        ("1,000,000 keys against 100, minutes", None, "-w 1m -k host", many, "-w 1m -k host",
         few),
        ("session:10s against 10s, 10,000 users", 2, "-w session:10s -k user", few,
         "-w 10s -k user", few),
        ("session:1m against 1m, 100 hosts", 2, "-w session:1m -k host", few, "-w 1m -k host",
         few),
        ("retract against accumulate", 1.05, "-w 1m -k host -m retract", few, "-w 1m -k host",
         few),
        ("the same, both with --lateness 1m", 1.05, "-w 1m -k host -l 1m -m retract", few,
         "-w 1m -k host -l 1m", few),
    ] + [(f"{form} JSON against plain", None, "-w 1m -k host",
          bench.events_file(form, bench.events), "-w 1m -k host", few)
         for form in ("optional", "escaped")] + [
        ("quoted CSV against plain", None, "-w 1m -k host",
         bench.events_file("quoted", bench.events), "-w 1m -k host",
         bench.events_file("csv", bench.events)),
    ]


def winagg(bench, options, data):
    return peers.Program("winagg " + options,
                         [bench.winagg, *AGGREGATES, *options.split(), data])


def verdict(value, goal):
    if goal is None:
        return f"{'-':>8}"
    return f"{goal:>8}  {'ok' if value <= goal else 'MISSED'}"


def cpu_ratios(bench, few, many):
    print(f"\nhow cost grows, in CPU seconds, one thread, {bench.rounds} rounds")
    print(f"  {'':<44}{'this':>8}{'that':>8}{'ratio':>8}{'goal':>8}")
    for title, goal, options, data, base_options, base_data in comparisons(bench, few, many):
        taken, base = bench.alternate([winagg(bench, options, data),
                                       winagg(bench, base_options, base_data)])
        mine, other = (peers.cpu_s(runs) for runs in (taken, base))
        print(f"  {title:<44}{mine:8.3f}{other:8.3f}{mine / other:8.2f}"
              f"{verdict(mine / other, goal)}", flush=True)


def memory_a_key(bench, few, many):
    with_few = bench.run(winagg(bench, ALL_IN_ONE, few))[3]
    with_many = bench.run(winagg(bench, ALL_IN_ONE, many), "rows-memory")[3]
    with open(os.path.join(bench.data, "rows-memory"), "rb") as rows:
        live = sum(1 for _ in rows)
    # The names of the hosts have 8 bytes.
    return (with_few, with_many, live, (with_many - with_few) / live - 8)


def start_up_s(bench):
    program = peers.Program("winagg of nothing", [bench.winagg, *AGGREGATES, "-w", "1m"])
    taken = [bench.run(program)[0] for _ in range(START_UP_RUNS)]
    nothing = [bench.run(peers.Program("true", ["true"]))[0] for _ in range(START_UP_RUNS)]
    return statistics.median(taken), statistics.median(nothing)


def stripped_bytes(bench):
    stripped = os.path.join(bench.data, "stripped")
    subprocess.run(["strip", "-o", stripped, bench.winagg], check=True)
    return os.path.getsize(stripped)


def report(bench):
    few = bench.events_file("json", bench.events)
    many = bench.events_file("json", bench.events, 1000000)
    cpu_ratios(bench, few, many)

    print("\nsizes and times")
    with_few, with_many, live, bytes_a_key = memory_a_key(bench, few, many)
    print(f"  {'memory a live (window, key) beside the key':<44}{bytes_a_key:12.1f} bytes"
          f"{verdict(bytes_a_key, 128)}")
    print(f"    ({with_many / 1e6:.1f} MB with {live:,} keys, {with_few / 1e6:.1f} MB with 100)")
    size = stripped_bytes(bench)
    print(f"  {'stripped binary':<44}{size / 1000:12.1f} KB   {verdict(size / 1000, 1000)}")
    start, nothing = start_up_s(bench)
    print(f"  {'start-up and end with no input':<44}{start * 1000:12.2f} ms   "
          f"{verdict(start * 1000, 5)}   (true: {nothing * 1000:.2f} ms)")
    print("  from the record that fires a window to its row, 100,000 records/s through a pipe:")
    for _ in range(3):
        ran = subprocess.run([os.path.join(bench.tools, "latency"), bench.winagg, "100000",
                              str(LATENCY_S)], stdout=subprocess.PIPE, text=True, check=True)
        print(f"    {ran.stdout.strip()}   (goal: p99 of 1000 us)", flush=True)
