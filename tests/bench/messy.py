"""What messy records cost: CPU time against plain ones of as many bytes, one thread."""

import os

import peers

# Form, the form that it is held against (generate.c), the ratio that is the goal.
FORMS = [
    ("optional4", "fixed4", 2),
    ("optional6", "fixed6", 2),
    ("optional10", "fixed10", 2),
    ("spaced6", "spacedfixed6", 2),
    ("names50", "names1", 2),
    ("orders2", "json", 2),
    ("orders16", "json", 2),
    ("orders200", "json", 2),
    ("orders0", "json", 2),
    ("arrays16", "array16", 2),
    ("nested4", "json", None),
    ("exponents", "json", 1.5),
    ("cyrillic", "latin", 1.3),
    ("duplicate", "json", 3),
    ("escapedname", "json", 3),
    ("quoted", "csv", None),
    ("doubled", "csv", 2),
]


def program(bench, form):
    path = bench.events_file(form, bench.events)
    return peers.Program("winagg of " + form, peers.winagg(bench.winagg, 1, form, path))


def report(bench):
    print(f"\nmessy records, in CPU seconds, one thread, {bench.rounds} rounds")
    print(f"  {'form':<16}{'against':<16}{'this':>8}{'that':>8}{'ratio':>8}{'goal':>8}"
          f"{'bytes':>8}")
    for form, plain, goal in FORMS:
        taken, base = bench.alternate([program(bench, form), program(bench, plain)])
        mine, other = (peers.cpu_s(runs) for runs in (taken, base))
        met = "" if goal is None else "  ok" if mine / other <= goal else "  MISSED"
        size, base_size = (os.path.getsize(bench.events_file(f, bench.events))
                           for f in (form, plain))
        print(f"  {form:<16}{plain:<16}{mine:8.3f}{other:8.3f}{mine / other:8.2f}"
              f"{goal or '-':>8}{size / base_size:8.2f}{met}", flush=True)
