#!/usr/bin/env python3
"""What --explain=duckdb prints, run unchanged in DuckDB, gives winagg's rows: exactly where types are
exact, doubles within 1e-9. Needs DuckDB's Python module; says so where it is not there."""

# PyPI: duckdb
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import duckdb
except ImportError:
    print("SKIPPED: the duckdb module is not installed (scripts/test-systems installs it)")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
WINAGG = os.path.abspath(os.environ.get("WINAGG", os.path.join(HERE, "../../build/release/winagg")))
LOG = os.path.join(HERE, "../data/access.jsonl")
ALL = ("count,sum:bytes,mean:bytes,min:bytes,max:bytes,var:bytes,stddev:bytes,median:bytes,p90:bytes,"
       "distinct:path,first:path,last:path,rate,rate:bytes,count:path,errors=count[status >= 500],"
       "share[status != 200],slow=p90:bytes[path =~ \"^/src\" and not status = 404],"
       "m=sum:bytes[path =~ \"[.]c$\" or host = client1]")


def winagg(*options):
    return subprocess.run([WINAGG, *options], capture_output=True, text=True, check=True).stdout


def equal(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    if one is None or other is None:
        return one is other
    return str(one) == str(other)


def compare(*options):
    wanted = [json.loads(line) for line in winagg(*options).splitlines()]
    script = winagg(*options, "--explain=duckdb")
    result = duckdb.connect()
    for statement in re.split(r";\n", script):
        if statement.strip():
            result = result.execute(statement)
    names = [column[0] for column in result.description]
    got = [dict(zip(names, row)) for row in result.fetchall()]
    same = len(got) == len(wanted) and all(
        list(a) == list(b) and all(equal(a[name], b[name]) for name in b)
        for a, b in zip(got, wanted))
    if not same:
        print(f"{' '.join(options)}: {len(got)} rows, {len(wanted)} expected")
        for a, b in zip(got, wanted):
            if any(not equal(a.get(name), b[name]) for name in b):
                print(f"got      {a}\nexpected {b}")
                break
        print(script)
    return same


def odd_values():
    """Numbers in paths, which are names as well; names that need quotes; types of keys and values."""
    with tempfile.TemporaryDirectory() as folder:
        odd = os.path.join(folder, "odd.jsonl")
        with open(odd, "w", encoding="utf-8") as file:
            for i in range(300):
                deep = [{"0": i % 3}, [i % 3], {"0": None}, 7][i % 4]
                print(json.dumps({
                    "t": i, "a": deep, "0": i % 5, "x": [[{"1": i % 2}], {"0": {"1": i % 2}}][i % 2],
                    "q\"u\\o'te": f"a\"{i % 2}\\", "big": 2 ** 53 + i % 3, "yes": i % 2 == 0,
                    "v": [1, 1.0, 2.5, None][i % 4]}), file=file)
        return [compare("-t", "t", "-w", "1m", *options, odd) for options in (
            ["-k", "a.0", "-a", "count,sum:a.0,distinct:a.0"], ["-k", "0", "-a", "sum:0"],
            ["-k", "x.0.1", "-a", "count,first:x.0.1"], ["-k", "q\"u\\\\o'te"],
            ["-k", "big", "-a", "count,distinct:big"], ["-k", "yes", "-a", "count,last:yes"],
            ["-a", "distinct:v,first:v,last:v,sum:v", "--where", "a.0 >= 0"])]


def times_and_ties():
    """Each form that is a time, and what DuckDB alone takes for one; a key that is null ties."""
    texts = ["2024-05-01 12:00:00,123", "2024-05-01 12:00:00 +02:00", "2024-05-01 12:00:00 +0200",
             "2024-05-01T12:00:00-05", "2024-05-01", "2024-05-01t12:00:00z", "2024-05-01 12:00:00 UTC",
             "2024-05-01T12:00:00.000000001Z", " 2024-05-01", "2024-5-1", "epoch",
             "2024-05-01 12:00:00 Europe/Berlin", "24-05-01"]
    with tempfile.TemporaryDirectory() as folder:
        log, ties = os.path.join(folder, "times.jsonl"), os.path.join(folder, "ties.jsonl")
        table = os.path.join(folder, "times.csv")
        with open(table, "w", encoding="ascii") as file:
            print("t,v\n2024-05-01T12:00:00Z,1\n 2024-05-01T12:00:01Z,2\n2024-05-01 \t,3", file=file)
        with open(log, "w", encoding="ascii") as file:
            for _ in range(2000):  # what is odd must stand behind the sample
                print('{"t":"2024-05-01T12:00:30Z"}', file=file)
            for text in texts:
                print(json.dumps({"t": text}), file=file)
        with open(ties, "w", encoding="ascii") as file:
            print('{"t":1,"k":"a"}\n{"t":2}\n{"t":61}\n{"t":62,"k":""}', file=file)
        return [compare("-t", "t", "-w", "1m", "-d", "all", log),
                compare("-t", "t", "-w", "1m", "-d", "all", "-a", "sum:v", table),
                compare("-t", "t", "-w", "1m", "-k", "k", "--top", "1", ties)]


def objects_and_arrays():
    """They are bad where a key or an aggregate wants one value, in the sample and behind it."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log.jsonl")
        for first in (1, 58000):
            with open(log, "w", encoding="utf-8") as file:
                for i in range(60000):
                    odd = i % 7 == 0 and i > first
                    print(json.dumps({"t": i + (5000 if odd and i % 2 else 0), "on": i % 3,
                                      "k": {"a": 1} if odd else f"k{i % 2}", "n": [i] if odd else i % 5,
                                      "a": {"0": None} if i % 2 else [[] if odd else 1]}), file=file)
            results += [compare("-t", "t", "-w", "10m", *options, log) for options in (
                ["-k", "k"], ["-k", "n", "-a", "count,sum:on"], ["-a", "distinct:n,first:k"],
                ["-k", "a.0"], ["-a", "count,last:k[on = 1]"], ["-k", "k", "--where", "on = 1"],
                ["-a", "count:k,sum:n"])]
    return results


def main():
    results = []
    windows = ["1m", "sliding:1m/10s", "sliding:25s/10s", "sliding:5s/7s", "cumulate:1m/10s",
               "tumbling:day", "tumbling:week", "tumbling:month", "tumbling:quarter",
               "tumbling:year", "all"]
    for window, delay in itertools.product(windows, (["-d", "all"], ["-d", "2s"], [])):
        results.append(compare("-t", "ts", "-w", window, "-k", "host,status", "-a", ALL.replace(
            "rate,rate:bytes,", "" if window == "all" else "rate,rate:bytes,"), *delay, LOG))
    for keys in ([], ["-k", "host"], ["-k", "host,status"]):
        results.append(compare("-t", "ts", "-w", "session:5s", *keys, "-a", ALL, "-d", "all", LOG))
    results += [
        compare("-t", "ts", "-w", "10s", "-k", "host", "-a", "n=count,sum:bytes", "--top",
                "2:sum_bytes", "-d", "all", LOG),
        compare("-t", "ts", "-w", "1m", "-l", "5s", "--final", "-m", "retract", "--output-time",
                "ms", LOG),
        compare("-t", "ts", "-w", "1m", "-a", "count,sum:bytes", "--where", "bytes > 1000",
                "--where", 'host !~ "[12]$"', "-d", "2s", LOG),
        compare("-t", "ts", "-w", "1m", "--where", "nothing is null and status is not null", LOG),
    ]
    with tempfile.TemporaryDirectory() as folder:
        table, numbers = os.path.join(folder, "x.csv"), os.path.join(folder, "n.jsonl")
        with open(table, "w", encoding="ascii") as file:
            file.write("t,k,v\n")
            for i in range(200):
                key, value = ["a", "", '"b,""c"'][i % 3], ["1.5", "", "x", "7"][i % 4]
                file.write(f"{i * 3 - i % 5 * 4},{key},{value}\n")
        with open(numbers, "w", encoding="ascii") as file:
            for i in range(200):
                key, value = ["1", "null", "2.5"][i % 3], ["1", "null", '"3"', '""'][i % 4]
                file.write(f'{{"t":{-300 + i * 7.25},"k":{key},"v":{value}}}\n')
        results += [
            compare("-t", "t", "-w", "1m", "-k", "k", "-a", "count,sum:v,count:v,first:v,distinct:v",
                    "-d", "5s", table),
            compare("-t", "t", "-w", "1m", "-a", "count,mean:v[k = a]", "-d", "5s", table),
            compare("-t", "t", "-w", "tumbling:1m", "--offset", "-7s", "-k", "k", "-a",
                    "count,sum:v,count:v,rate:v", "-d", "all", numbers),
            compare("-t", "t", "-w", "tumbling:week", "-k", "k", "-a", "count,sum:v", numbers),
        ]
    results += odd_values() + times_and_ties() + objects_and_arrays()
    print(f"{sum(results)} of {len(results)} scripts gave the same rows")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
