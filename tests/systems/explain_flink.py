#!/usr/bin/env python3
"""What --explain=flink-sql prints, run unchanged in Flink, gives winagg's rows: exactly where types
are exact, doubles within 1e-9. The stream has 100,000 records out of order, some of them too late;
Flink writes its rows in no order of keys, so they are compared window by window and key by key,
with the changelog of each in its order. Needs Java and Flink's jars; says so where they can't be
had."""

import glob
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
WINAGG = os.path.abspath(os.environ.get("WINAGG", os.path.join(HERE, "../../build/release/winagg")))
JARS = os.path.join(HERE, "../../build/systems/flink/jars")
ALL = ("count,sum:v,mean:v,min:v,max:v,var:v,stddev:v,median:v,p90:v,p99.9:v,distinct:path,count:v,"
       "errors=count[status >= 500],share[status != 200],slow=p90:v[path =~ ^/src and not k = a],"
       "kinds=distinct:path[path =~ \"[.]c$\" or k = b],rate,rate:v")
T0 = 1714557600000


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


def write_odd(folder):
    """Times with offsets, without a zone, as numbers; names and texts that need quotes."""
    times = ["2024-05-06T01:00:00+05:30", "2024-05-05 18:29:59.999", "2024-05-05T18:30:00.5 UTC",
             "2024-05-06t00:00:00,25-0130", 1714933800, "1714933799.999", 1714933800250,
             "2024-05-05", "2024-05-06T24:00:00Z", "2024-05-06 10:00:00-03", 1714933800250000000]
    with open(os.path.join(folder, "it's odd.jsonl"), "w", encoding="utf-8") as lines, \
            open(os.path.join(folder, "semi.txt"), "w", encoding="utf-8") as table:
        for i in range(400):
            values = ["", "a\"b", "it's", None, "\u20ac\\", "\n"]
            time = times[i * 7 % len(times)]
            print(json.dumps({"t": time, "t_": i % 3 == 0, "a`b": values[i % 6],
                              "o": {"q'u\\": {"1": [i % 4 / 2, str(i % 2)]}},
                              "w": None if i % 9 == 0 else i * 10 ** 17}), file=lines)
            print(f' {time if isinstance(time, str) else "2024-05-05T18:30:00Z"} ; {i % 5}.5 ;"x;'
                  f'{i % 2}";{"-" if i % 3 else i}', file=table)


def winagg(folder, *options):
    return subprocess.run([WINAGG, *options], capture_output=True, text=True, check=True,
                          cwd=folder).stdout


def wanted(folder, options):
    rows = [json.loads(line) for line in winagg(folder, *options).splitlines()]
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


def compare(folder, name, options):
    ours, theirs = wanted(folder, options), list(given(folder, name))
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


def jobs():
    log, table = ["-t", "ts", "s.jsonl"], ["-t", "ts", "s.csv"]
    by_key = ["-k", "k", "-a", ALL]
    late = ["-d", "2s", "-l", "3s", "-m", "retract"]
    for window in ("10s", "sliding:1m/10s", "sliding:25s/10s", "sliding:5s/7s", "cumulate:1m/10s",
                   "session:200ms"):
        yield ["-w", window, "-d", "2s", *by_key, *log]
    yield ["-w", "10s", *by_key, *table]
    yield ["-w", "session:100ms", "-d", "all", *by_key, *table]
    # Where W is often the end of a window, and its last millisecond.
    yield ["-w", "2s", "-d", "1s", "-k", "k", "-t", "s", "s.csv"]
    yield ["-w", "2s", "-d", "1s", "--offset", "1ms", "-k", "k", "-t", "s", "s.csv"]
    yield ["-w", "all", "-k", "k", "-a", "count,sum:v,rate", *log]
    yield ["-w", "tumbling:day", "-a", "count", *table]
    yield ["-w", "tumbling:week", "--tz", "Asia/Tokyo", "-a", "count,rate", *table]
    yield ["-w", "60.5s", "--offset", "-7.25s", "-d", "2s", "-a", ALL, *log]
    yield ["-w", "sliding:25s/10s", "--offset", "3s", "-k", "status", "-a", "count", *table]
    yield ["-w", "10s", *late, "-k", "k", "-a", "count,p90:v,distinct:path", *log]
    yield ["-w", "sliding:25s/10s", *late, "-k", "k", "-a", "max:v", *table]
    yield ["-w", "10s", "-d", "1s", "-l", "3s", "--final", *by_key, *log]
    yield ["-w", "session:200ms", "-l", "3s", "--final", "-m", "retract", "-k", "k,slow", *log]
    yield ["-w", "10s", "-k", "k", "-a", "n=count,sum:v,rate", "--top", "2:sum_v", *log]
    yield ["-w", "10s", "-k", "k", "--dedup", "id", "-d", "2s", "--panes", *log]
    yield ["-w", "10s", "-k", "k", "-a", "count,sum:v", "--dedup", "id", *table]
    yield ["-w", "10s", "-d", "2s", "-k", "k,status", "-a", "count,mean:v[k = a or status = 500]",
           "--where", "v > 20 and v is not null", "--where", 'path !~ "^/s[[:alpha:]_-]+/b"', *log]
    yield ["-w", "10s", "-t", "ms", "-k", "deep.er.0", "-a", "distinct:deep.er.1.x y,sum:deep.er.0",
           "--output-time", "s", "s.jsonl"]
    yield ["-w", "10.5s", "-t", "ms", "--time-format", "ms", "--output-time", "ns", "--null", "c",
           "-k", "k", "s.csv"]


    odd = ["-t", "t", "-d", "all", "it's odd.jsonl"]
    yield ["-w", "tumbling:week", "--tz", "Asia/Kolkata", "-k", "t_,a`b", "-a", "count,sum:w", *odd]
    yield ["-w", "1h", "--tz", "Europe/Berlin", "-t", "ts", "-k", "path", "--null", "/x,y.html",
           "-m", "discard", "-a", 'rate,count[path =~ ""],x=count[path =~ q]', "s.csv"]
    yield ["-w", "cumulate:1d/6h", "-k", "deep=o.q'u\\\\.1.0,w", "-a", "distinct:o.q'u\\\\.1.1,rate,"
           "count:a`b,x=count[a`b = \"it's\" or a`b =~ ^€],y=count[a`b =~ \"^[^]a-c\\\\]$\"]",
           "--output-time", "us", *odd]
    yield ["-w", "sliding:2d/36h", "--offset", "90m", "-t", "1", "-k", "n=3", "-a", "sum:2,count:4",
           "-i", "csv", "--no-header", "--delimiter", ";", "--null", "-", "semi.txt"]
    yield ["-w", "session:2h", "-t", "1", "-a", "rate,count,share[4 is null]", "-m", "retract",
           "-i", "csv", "--columns", "1,2,3,4", "--delimiter", ";", "--null", "-", "-d", "30m",
           "--output-time", "ms", "semi.txt"]


def main():
    if subprocess.run([os.path.join(HERE, "flink/get"), JARS], check=False).returncode != 0:
        print("SKIPPED: Flink can't be had")
        return 77
    todo = list(jobs())
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(folder)
        write_odd(folder)
        for i, options in enumerate(todo):
            script = winagg(folder, *options, "--output", f"rows{i}", "--explain=flink-sql")
            with open(os.path.join(folder, f"{i}.sql"), "w", encoding="utf-8") as file:
                file.write(script)
        run = subprocess.run(["java", "-Xmx1g", "-cp", os.path.join(JARS, "*"),
                              os.path.join(HERE, "flink/RunScripts.java"),
                              *(f"{i}.sql" for i in range(len(todo)))],
                             cwd=folder, capture_output=True, text=True, check=False)
        print("".join(line + "\n" for line in run.stdout.splitlines()
                      if not line.endswith(": done")), end="")
        results = [compare(folder, f"rows{i}", options) for i, options in enumerate(todo)]
    print(f"{sum(results)} of {len(results)} scripts gave the same rows")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
