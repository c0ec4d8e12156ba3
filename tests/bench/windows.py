"""How cost grows with windows that overlap: least CPU time of runs that alternate, as in growth.py,
over a stream of ten events a second, as logs have them (generate -r 10)."""

import os
import subprocess

import growth
import peers

EVENTS = 1000000  # a day and four hours: windows of a day are full for a while
SMALL = "count,sum:bytes,max:latency_ms"
SETS = ["distinct:bytes", "topk:path:3", "approx_distinct:user", "approx_p99:latency_ms",
        "median:latency_ms"]


def slow_stream(bench):
    events = min(bench.events, EVENTS)
    path = os.path.join(bench.data, f"slow-{events}")
    generate = os.path.join(bench.tools, "generate")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(generate):
        with open(path + ".part", "wb") as out:
            subprocess.run([generate, "-n", str(events), "-r", "10"], stdout=out, check=True)
        os.rename(path + ".part", path)
    return path


def comparisons():
    """Title, goal, options, options of what it is held against."""
    rows = [
        ("sliding:60m/1m against 1m", None, f"-w sliding:60m/1m -a {SMALL}", f"-w 1m -a {SMALL}"),
        ("sliding:1440m/1m against 60m/1m", 2, f"-w sliding:1440m/1m -a {SMALL}",
         f"-w sliding:60m/1m -a {SMALL}"),
        ("cumulate:24h/1m against 60m/1m", 2, f"-w cumulate:24h/1m -a {SMALL}",
         f"-w sliding:60m/1m -a {SMALL}"),
        ("sliding:60m/1m against 1m, both --early 1h", 5, f"-w sliding:60m/1m -a {SMALL} --early 1h",
         f"-w 1m -a {SMALL} --early 1h"),
        ("sliding:60m/1m against 1m, both --fill", None, f"-w sliding:60m/1m -a {SMALL} --fill",
         f"-w 1m -a {SMALL} --fill"),
        ("sliding:1440m/1m against 60m/1m, both --fill", 2,
         f"-w sliding:1440m/1m -a {SMALL} --fill", f"-w sliding:60m/1m -a {SMALL} --fill"),
        # Here each record is in sixty windows that fire a minute later: 33 times the rows.
        ("sliding:60m/1m against 1m, both --early 1m", None,
         f"-w sliding:60m/1m -a {SMALL} --early 1m", f"-w 1m -a {SMALL} --early 1m"),
    ]
    for agg in SETS:
        rows.append((f"{agg}, 60m/1m against 1m", None, f"-w sliding:60m/1m -a {agg}",
                     f"-w 1m -a {agg}"))
        rows.append((f"{agg}, 1440m/1m against 60m/1m", 2, f"-w sliding:1440m/1m -a {agg}",
                     f"-w sliding:60m/1m -a {agg}"))
        rows.append((f"{agg}, 60m/1m, -l 1h against none", 2, f"-w sliding:60m/1m -a {agg} -l 1h",
                     f"-w sliding:60m/1m -a {agg}"))
    return rows


def report(bench):
    data = slow_stream(bench)
    rounds = min(bench.rounds, 3)
    print(f"\nwindows that overlap, {min(bench.events, EVENTS):,} events at ten a second,"
          f" 100 hosts, in CPU seconds, {rounds} rounds")
    print(f"  {'':<44}{'this':>8}{'that':>8}{'ratio':>8}{'goal':>8}")
    for title, goal, options, base_options in comparisons():
        runs = [peers.Program("winagg " + one, [bench.winagg, "-t", "ts", "-d", "30s", "-k", "host",
                                                "-j", "1", "-o", "csv", *one.split(), data])
                for one in (options, base_options)]
        mine, other = (max(peers.cpu_s(taken), 1e-3)
                       for taken in bench.alternate(runs, rounds))
        print(f"  {title:<44}{mine:8.3f}{other:8.3f}{mine / other:8.2f}"
              f"{growth.verdict(mine / other, goal)}", flush=True)
