"""bench.py WINAGG TOOLS DATA: what make bench runs.

TOOLS holds the programs built from this directory, DATA takes the generated events and whatever
the runs print. Environment: BENCH_EVENTS (5000000), BENCH_ROUNDS (5), BENCH_SLICE (100000, for
the programs that take minutes for the whole, in at most 3 rounds), BENCH_ONLY (one of the tables:
speed, growth, messy, patterns, windows, shards, checkpoints).

Whatever is compared runs alternating, round after round, so that a machine that is busy for a
while is busy for all. Wall times are medians over the rounds; a ratio of wall times is the median
of the rounds' ratios; CPU times are the least of the rounds, since noise only ever adds to them.
"""

import os
import statistics
import subprocess
import sys

import answers
import checkpoints
import growth
import messy
import patterns
import peers
import shards
import windows


class Bench:
    def __init__(self, winagg, tools, data):
        self.winagg = os.path.abspath(winagg)
        self.tools = os.path.abspath(tools)
        self.data = os.path.abspath(data)
        self.events = int(os.environ.get("BENCH_EVENTS", "5000000"))
        self.rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
        self.slice = min(self.events, int(os.environ.get("BENCH_SLICE", "100000")))
        os.makedirs(self.data, exist_ok=True)

    def events_file(self, form, events, keys=100, times="iso"):
        """Path of the generated events; they are written once, and again if the generator is
        younger."""
        path = os.path.join(self.data, f"{form}-{events}-{keys}" + "-" * (times != "iso") +
                            times.replace("iso", ""))
        generate = os.path.join(self.tools, "generate")
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(generate):
            print(f"generating {path}", file=sys.stderr)
            with open(path + ".part", "wb") as out:
                subprocess.run([generate, "-f", form, "-n", str(events), "-k", str(keys),
                                "-t", times],
                               stdout=out, check=True)
            os.rename(path + ".part", path)
        return path

    def run(self, program, out="rows", stdin=subprocess.DEVNULL):
        """Runs a peers.Program; returns wall_s, user_s, system_s, peak_bytes. Rows go to the file
        `out` in DATA."""
        result = os.path.join(self.data, "result")
        with open(os.path.join(self.data, out), "wb") as rows:
            ran = subprocess.run([os.path.join(self.tools, "measure"), result, *program.command],
                                 stdin=stdin, stdout=rows, stderr=subprocess.PIPE, check=False)
        if ran.returncode != 0:
            sys.exit(f"bench: {program.name} failed:\n{ran.stderr.decode()}")
        with open(result, encoding="ascii") as line:
            wall_s, user_s, system_s, peak_bytes = (float(part) for part in line.read().split())
        if program.timed_inside:
            wall_s, user_s = (float(part) for part in ran.stderr.decode().split())
            system_s = 0.0
        return wall_s, user_s, system_s, peak_bytes

    def rows_path(self, index):
        return os.path.join(self.data, f"rows-{index}")

    def alternate(self, programs, rounds=None):
        """A list of measurements for each program."""
        taken = [[] for _ in programs]
        for _ in range(rounds or self.rounds):
            for i, program in enumerate(programs):
                taken[i].append(self.run(program, f"rows-{i}"))
        return taken

    def check_agreement(self, programs):
        speaking = [i for i, program in enumerate(programs) if program.has_rows]
        for i in speaking[1:]:
            found = answers.difference(self.rows_path(speaking[0]), self.rows_path(i))
            if found:
                sys.exit(f"bench: {programs[speaking[0]].name} and {programs[i].name}"
                         f" disagree: {found}")


def print_row(name, events, size, taken, ratio, cpu_ratio):
    wall_s = statistics.median(one[0] for one in taken)
    print(f"  {name:<22}{wall_s:9.3f}{peers.cpu_s(taken):9.3f}{events / wall_s / 1e6:9.2f}"
          f"{size / wall_s / 1e9:8.3f}{ratio:>10}{cpu_ratio:>10}", flush=True)


def speed(bench, title, workload, events):
    path = bench.events_file(workload, events)
    size = os.path.getsize(path)
    sliced = bench.events_file(workload, bench.slice)
    fast = peers.fast(bench.winagg, workload, path)
    slow = peers.slow(workload, sliced)
    # On the slice everyone answers, winagg and the databases too.
    check = [peers.oracle(workload, sliced)] + slow + [p for p in peers.fast(bench.winagg, workload, sliced) if p.has_rows]
    for i, program in enumerate(check):
        bench.run(program, f"rows-{i}")
    bench.check_agreement(check)
    taken = bench.alternate(fast)
    bench.check_agreement(fast)
    names = [program.name for program in fast]
    base = names.index("DuckDB, 2 threads") if "DuckDB, 2 threads" in names else None

    print(f"\n{title}: {events:,} events, {size / 1e6:.0f} MB, {size / events:.1f} bytes each;"
          f" {bench.rounds} rounds; "
          f"{len(check)} programs agree")
    print(f"  {'':<22}{'wall s':>9}{'CPU s':>9}{'M ev/s':>9}{'GB/s':>8}{'x DuckDB':>10}"
          f"{'by CPU':>10}")
    for name, mine in zip(names, taken):
        ratio = cpu_ratio = "-"
        if base is not None:
            pairs = zip(taken[base], mine)
            ratio = f"{statistics.median(b[0] / m[0] for b, m in pairs):.2f}"
            cpu_ratio = f"{peers.cpu_s(taken[base]) / max(peers.cpu_s(mine), 1e-3):.2f}"
        print_row(name, events, size, mine, ratio, cpu_ratio)
    base_rate = base is not None and events / statistics.median(one[0] for one in taken[base])
    for program, mine in zip(slow, bench.alternate(slow, min(bench.rounds, 3))):
        rate = bench.slice / statistics.median(one[0] for one in mine)
        ratio = f"{rate / base_rate:.3f}" if base_rate else "-"
        print_row(program.name + " *", bench.slice, os.path.getsize(sliced), mine, ratio, "-")
    print(f"  * on the first {bench.slice:,} events")


def main():
    tables = {"growth": growth, "messy": messy, "patterns": patterns, "windows": windows, "shards": shards,
              "checkpoints": checkpoints}
    only = os.environ.get("BENCH_ONLY", "")
    if only not in ("", "speed", *tables):
        sys.exit(f"bench: BENCH_ONLY: expected speed, {', '.join(tables)} or nothing, found '{only}'")
    bench = Bench(*sys.argv[1:4])
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; count, sum, max by one-minute"
          " window and key, up to 30 s of disorder")
    if only in ("", "speed"):
        speed(bench, "JSON", "json", bench.events)
        speed(bench, "CSV", "csv", bench.events)
        speed(bench, "narrow CSV", "narrow", bench.events * 4)
    for name, table in tables.items():
        if only in ("", name):
            table.report(bench)
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
