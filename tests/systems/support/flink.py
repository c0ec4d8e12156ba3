"""Flink, from its jars: scripts of --explain=flink-sql run unchanged, and their rows beside winagg's.

Flink writes its rows in no order of keys, so they are compared window by window and key by key, with
the changelog of each in its order: exactly where types are exact, doubles within 1e-9."""

import glob
import json
import os
import random
import subprocess
from datetime import datetime, timezone

from . import TOP, WINAGG, need, skip

SYSTEMS = os.path.join(TOP, "tests/systems")
JARS = os.path.join(TOP, "build/systems/flink/jars")
ALL = ("count,sum:v,mean:v,min:v,max:v,var:v,stddev:v,median:v,p90:v,p99.9:v,distinct:path,count:v,"
       "errors=count[status >= 500],share[status != 200],slow=p90:v[path =~ ^/src and not k = a],"
       "kinds=distinct:path[path =~ \"[.]c$\" or k = b],rate,rate:v")
T0 = 1714557600000  # of the stream


def have_jars():
    """Or the end of the test."""
    if subprocess.run([os.path.join(SYSTEMS, "flink/get"), JARS], check=False).returncode != 0:
        skip("Flink can't be had")


def command(*scripts):
    """What runs scripts one after the other, and says of each how it went."""
    return [need("java"), "-Xmx1g", "-cp", os.path.join(JARS, "*"),
            os.path.join(SYSTEMS, "flink/RunScripts.java"), *scripts]


def run_scripts(folder, scripts):
    """Says of which not, and why."""
    done = subprocess.run(command(*scripts), cwd=folder, capture_output=True, text=True,
                          check=False)
    print("".join(line + "\n" for line in done.stdout.splitlines()
                  if not line.endswith(": done")), end="")


def text_of(ms):
    time = datetime.fromtimestamp(ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{time}.{ms % 1000:03}Z"


def records():
    """Times 37 ms apart on average, most up to some seconds late, some up to 20 s."""
    rng = random.Random(7)
    stream = []
    for i in range(100000):
        t = T0 + i * 37 + rng.randrange(37)
        late = rng.expovariate(1 / 800) + (rng.uniform(0, 20000) if rng.random() < 0.01 else 0)
        stream.append((t + late, t))
    for i, (_, t) in enumerate(sorted(stream)):
        yield {"ts": text_of(t), "ms": t, "s": t // 1000, "k": "abcd"[rng.randrange(1 + i % 4)],
               "status": rng.choice([200, 200, 200, 404, 500]), "slow": rng.random() < 0.1,
               "path": rng.choice(["/src/a.c", "/src/b.c", "/x,y.html", "/\u00e9 \"q\".c"]),
               "v": round(rng.lognormvariate(3, 1), 2) if rng.random() < 0.95 else None,
               "deep": {"er": [i % 7, {"x y": i % 5}]}, "id": rng.randrange(80000)}


def write_inputs(folder):
    """Also what is bad, empty or odd; ids are those of copies, so their times are the same."""
    columns = ["ts", "ms", "k", "status", "path", "v", "id", "s"]
    times = {}
    with open(os.path.join(folder, "s.jsonl"), "w", encoding="utf-8") as lines, \
            open(os.path.join(folder, "s.csv"), "w", encoding="utf-8") as table:
        print(",".join(columns), file=table)
        for i, record in enumerate(records()):
            record["ts"], record["ms"], record["s"] = times.setdefault(
                record["id"], (record["ts"], record["ms"], record["s"]))
            print(json.dumps(record, ensure_ascii=i % 2 == 0), file=lines)
            cells = ["" if record[name] is None else str(record[name]) for name in columns]
            print(",".join('"' + cell.replace('"', '""') + '"' if '"' in cell or "," in cell
                           else cell for cell in cells), file=table)
            if i % 5000 == 17:
                ahead = text_of(T0 + i * 37 + 9000)
                print('{"ts": "9999-12-31T00:00:00Z", "ms": 253402214400}\n'
                      f'{{"ts": "{ahead}", "ms": {T0 + i * 37 + 9000}, "v": "NaN"}}\nnonsense\n'
                      '{"ts": "soon", "ms": "soon", "k": "a"}\n'
                      '{"ts": "2038-02-30", "ms": null, "k": "a"}', file=lines)
                print(f"{ahead},{T0 + i * 37 + 9000},a,1,/,NaN,1,1\nsoon,soon,a,1,/,1,1,soon\n"
                      f"2038-01-01T00:00:00Z,2145916800000,a\n", file=table)


def winagg(folder, *options, **how):
    return subprocess.run([WINAGG, *options], capture_output=True, text=True, check=True,
                          cwd=folder, **how).stdout


def wanted(printed, options):
    rows = [json.loads(line) for line in printed.splitlines()]
    changelog = rows and "pane" in rows[0] and "op" in rows[0] and "--panes" not in options
    for row in rows:
        if changelog:
            row["op"] = row["op"][0]
            del row["pane"], row["timing"]
    return rows


def given(folder, name):
    """Rows of JSON, or of Debezium's changelog: of which the sign is what it tells."""
    for path in sorted(glob.glob(os.path.join(folder, name, "*"))):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if "before" in row and "after" in row:
                    row = ({"op": "+", **row["after"]} if row["op"] == "c"
                           else {"op": "-", **row["before"]})
                yield row


def by_window(rows, keys):
    groups = {}
    for row in rows:
        name = tuple(float(row[column]) if isinstance(row[column], (int, float))
                     else str(row[column]) for column in ["window_end", "window_start", *keys])
        groups.setdefault(name, []).append(row)
    return groups


def equal(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    return one == other


def compare(folder, name, options, printed):
    """Are the rows in the folder of that name those that winagg printed?"""
    ours, theirs = wanted(printed, options), list(given(folder, name))
    keys = options[options.index("-k") + 1].split(",") if "-k" in options else []
    keys = [key.split("=")[0] for key in keys]
    groups, others = by_window(ours, keys), by_window(theirs, keys)
    for group in groups.keys() | others.keys():
        one, other = groups.get(group, []), others.get(group, [])
        if len(one) != len(other) or any(list(a) != list(b) or not all(
                equal(a[column], b[column]) for column in a) for a, b in zip(one, other)):
            print(f"{' '.join(options)}\n{len(theirs)} rows, {len(ours)} expected")
            print("got     ", *other[:4], "\nexpected", *one[:4])
            return False
    return bool(ours)
