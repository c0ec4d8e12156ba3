#!/usr/bin/env python3
"""What --explain=flink-sql prints, run unchanged in Flink, gives winagg's rows. The stream has 100,000
records out of order, some of them too late. Needs Java and Flink's jars; says so where they can't be
had."""

import json
import os
import sys
import tempfile

from support.flink import ALL, compare, have_jars, run_scripts, winagg, write_inputs


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
    have_jars()
    todo = list(jobs())
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(folder)
        write_odd(folder)
        for i, options in enumerate(todo):
            script = winagg(folder, *options, "--output", f"rows{i}", "--explain=flink-sql")
            with open(os.path.join(folder, f"{i}.sql"), "w", encoding="utf-8") as file:
                file.write(script)
        run_scripts(folder, [f"{i}.sql" for i in range(len(todo))])
        results = [compare(folder, f"rows{i}", options, winagg(folder, *options))
                   for i, options in enumerate(todo)]
    print(f"{sum(results)} of {len(results)} scripts gave the same rows")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
