"""What snapshots cost, in processor time: one of a state of several sizes, all of it changing; going on
from it; and an interval of a second, against none, over a run of some length."""

import os
import shlex
import shutil

import peers

KEYS = (30000, 450000, 2000000)
TAKEN = 10      # snapshots in a run
RUN_S = 20      # a run with --checkpoint 1s
GOAL_RATIO = 1.03
GOAL_MS, GOAL_S = 100, 0.3  # for 100 MB


def program(bench, options, data):
    """One window that never fires, so that nothing but records and snapshots costs anything."""
    state = os.path.join(bench.data, "state")
    command = [bench.winagg, "-i", "csv", "-t", "ts", "-k", "key", "-a", "count,sum:value,max:value", "-w", "all",
               "--state", state, "--at-eof", "keep", *options]
    return peers.Program("winagg " + " ".join(options), data(command))


def once(path):
    return lambda command: [*command, path]


def repeated(path, times):
    """The records of the file so many times, through a pipe."""
    feed = f"head -n 1 {shlex.quote(path)}; for i in $(seq {times}); do tail -n +2 {shlex.quote(path)}; done"
    return lambda command: ["sh", "-c", f"{{ {feed}; }} | {shlex.join(command)}"]


def forget(bench):
    for name in ("state", "state.lock", "state.tmp"):
        path = os.path.join(bench.data, name)
        if os.path.exists(path):
            os.unlink(path)


def fresh(bench, options, data):
    forget(bench)
    return bench.run(program(bench, options, data))


def one_size(bench, path, events):
    """Processor time of a snapshot, its bytes, and processor time of going on from it."""
    every, none, again = [], [], []
    for _ in range(bench.rounds):
        every.append(fresh(bench, ["-j", "1", "--checkpoint", str(events // TAKEN)], once(path)))
        none.append(fresh(bench, ["-j", "1", "--checkpoint", str(10 * events)], once(path)))
        state = os.path.join(bench.data, "state")
        shutil.copy(state, state + ".kept")
        again.append(bench.run(program(bench, ["-j", "1"], once(path))))
        os.rename(state + ".kept", state)
    each_s = (peers.cpu_s(every) - peers.cpu_s(none)) / (TAKEN - 1)
    # What goes on where another run ended writes one before the first row, and its last one.
    return each_s, os.path.getsize(state), max(peers.cpu_s(again) - 2 * each_s, 0)


def interval_ratio(bench, path, wall_s):
    times = max(1, round(RUN_S / wall_s))
    rounds = min(bench.rounds, 2)
    second, never = [], []
    for _ in range(rounds):
        second.append(fresh(bench, ["--checkpoint", "1s"], repeated(path, times)))
        never.append(fresh(bench, ["--checkpoint", "1h"], repeated(path, times)))
    return peers.cpu_s(second) / peers.cpu_s(never)


def report(bench):
    events = bench.events * 4
    print(f"\nsnapshots: {events:,} narrow CSV events, count, sum, max in one window, one thread; {bench.rounds} rounds")
    print(f"  {'keys':>12}{'MB':>8}{'ms each':>13}{'a 100 MB':>10}{'goal':>6}{'going on s':>12}{'a 100 MB':>10}{'goal':>6}"
          f"{'--checkpoint 1s':>17}{'goal':>6}")
    for keys in (min(n, events) for n in KEYS):
        path = bench.events_file("narrow", events, keys)
        each_s, size, again_s = one_size(bench, path, events)
        share = 1e8 / size
        ratio = interval_ratio(bench, path, fresh(bench, ["--checkpoint", "1h"], once(path))[0])
        print(f"  {keys:12,}{size / 1e6:8.1f}{each_s * 1e3:13.1f}{each_s * 1e3 * share:10.0f}{GOAL_MS:6}{again_s:12.3f}"
              f"{again_s * share:10.2f}{GOAL_S:6}{ratio:17.3f}{GOAL_RATIO:6}", flush=True)
    forget(bench)
