#!/usr/bin/env python3
"""What --explain=duckdb prints, run unchanged in DuckDB, gives winagg's rows: exactly where types are
exact, doubles within 1e-9. Needs DuckDB's Python module; says so where it is not there."""

# PyPI: duckdb
import itertools
import json
import os
import random
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
    done = subprocess.run([WINAGG, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(options)}: {done.stderr}")
    return done.stdout


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


NUMBERS = ["1", "2.5", "-3", "1e3", ".5", "5.", "+4", "NaN", "inf", "-inf", "Infinity", "1e309",
           "1e-5001", "1e-400", "1_000", "+-3", " 7", "7 ", "  ", "", "x", "0x10", "\t8", "1e", "1,5",
           "12345678901234567890"]
TIMES = ["2024-01-01T00:00:00Z", "2024-01-01 00:01", "2024/01/01 00:00:07", "0001-01-01T00:00:00Z",
         "2263-01-01T00:00:00Z", "1677-01-01", "2262-04-11T23:47:16.854775807Z",
         "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224192Z",
         "1677-09-21T00:12:43.145224191Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z",
         "2024-01-01T24:00:00Z", "2024-01-01T24:00:01Z", "2024-02-30", "2024-01-01T00:00:00+25:00",
         "2024-01-01T00:00:00+00:60", "2024-01-01T00:00:00+23:59", "2024-01-01T00:00:00,1234567899Z",
         "", " 2024-01-01", "12345678901234567890", "99999999999", "1e18", "9223372036854775807",
         "9223372036854775808", "-9223372036854775808", "1e400", "nan", "1_000", " 7", "7 ",
         "1.0000000009", "-1.0000000001", "-0.5", "1704067200000", "100000000000", "infinity",
         "9223372036", "9223372037", "77"]
KEYS = ["a", "b", "", "nan,}", "\"i,]", "\\ud800", "x\0y", "\u00fc", "m\nn", "c,d", "\U0001f600"]


def dirty_member(chance, name, texts, others):
    """A value as a text, or as it stands where that is JSON; now and then something else."""
    text = chance.choice(texts)
    bare = re.fullmatch(r"-?(0|[1-9][0-9]*)([.][0-9]{1,9})?(e[0-9]+)?", text) and chance.random() < 0.5
    if chance.random() < 0.15:
        text, bare = chance.choice(others), True
    return f'"{name}":{text if bare else json.dumps(text, ensure_ascii=chance.random() < 0.5)}'


def dirty_json(chance):
    others = ["1e400", "NaN", "-Infinity", "null", "true"]
    members = [dirty_member(chance, "t", TIMES, others), dirty_member(chance, "v", NUMBERS, others),
               '"k":' + (json.dumps(chance.choice(KEYS)) if chance.random() < 0.9 else
                         chance.choice(['"\\ud800"', '"\\udc00\\ud83d\\ude00"', "null"]))]
    if chance.random() < 0.1:
        members += chance.choice([['"t":77'], ['"k":"twice"'], ['"v":null'], ['"\\u0074":5']])
    if chance.random() < 0.1:
        members += chance.choice([['"e":[1,]'], ['"e":{"t":1}'], ['"e":NaN'], ['"a\\u0000b":1'],
                                  ['"\\\\u0000":1'], ['"\\ud800":1'], ['"e":01']])
    chance.shuffle(members)
    line = "{" + chance.choice([",", ", "]).join(members) + "}"
    if chance.random() < 0.2:
        line = chance.choice([line[:-1] + ",}", line[:-1], "\ufeff" + line, "\x1e" + line, line + line,
                              f"[{line}]", "", "  ", line + "\r", line + "//"])
    return line + "\n"


def dirty_csv(chance):
    def quoted(text):
        needs = any(c in text for c in ',"\n') or chance.random() < 0.1
        return '"' + text.replace('"', '""') + '"' if needs else text
    fields = [quoted(chance.choice(texts)) for texts in (TIMES, KEYS, NUMBERS)]
    if chance.random() < 0.15:
        fields = chance.choice([fields + [""], fields + ["q"], fields[:2], fields + ["", ""], [""],
                                fields[:1], ["", "", ""]])
    return ",".join(fields) + chance.choice(["\n"] * 20 + ["\r\n"])


def dirt():
    """Records that are bad, some of which DuckDB would read, and times at the ends of int64."""
    chance, results = random.Random(7), []
    windows = ["1m", "sliding:25s/10s", "cumulate:1m/20s", "tumbling:month", "tumbling:year", "all", "1ns",
               "session:30s", "53375995m", "sliding:80000d/40000d", "cumulate:80000d/40000d",
               "session:100000d"]
    with tempfile.TemporaryDirectory() as folder:
        for i in range(240):
            log = os.path.join(folder, "log.csv" if i % 2 else "log.jsonl")
            window = windows[i // 2 % len(windows)]
            with open(log, "w", encoding="utf-8", newline="") as file:
                file.write(chance.choice(["t,k,v\n", '\ufefft,k,"v"\r\n']) if i % 2 else "")
                file.write('3,a,1\n' if i % 2 else '{"t":3,"k":"a","v":1}\n')
                file.writelines((dirty_csv if i % 2 else dirty_json)(chance) for _ in range(40))
            delay = ["all"] if window[:2] == "se" else chance.choice([["all"], ["5s"], ["100000d"]])
            form = chance.choice(["auto", "auto", "auto", "s", "ms", "us", "ns"])
            aggs = chance.sample(["count", "sum:v", "min:v", "max:v", "distinct:k", "c=count[v > 2]",
                                  "d=count[v = 7 and not k = a]", "first:k", "last:k", "e=sum:v[k = b]"] +
                                 (["rate:v"] if window != "all" else []), 3)
            results.append(compare("-i", "csv" if i % 2 else "json", "-t", "t", "-w", window, "-d", *delay,
                                   "--time-format", form, "-a", ",".join(aggs), *chance.choice(
                                       [[], ["-k", "k"], ["-k", "k", "--where", "v > 1"]]), log))
    return results


def columns():
    """Names with blanks, twice the same, or none; rows behind a quote that nothing closes."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        table, other = os.path.join(folder, "a.csv"), os.path.join(folder, "b.csv")
        with open(table, "w", encoding="ascii") as file:
            print("t, k,v ,v ,\n1,a,2,3,4\n2, a,5,6,7", file=file)
        results.append(compare("-t", "t", "-w", "1m", "-k", " k", "-a", "sum:v ,x=sum:5", table))
        with open(other, "w", encoding="ascii") as file:
            print("t,x,v ,y,\n3,b,1,1,1", file=file)
        with open(table, "w", encoding="ascii") as file:
            print("t,x,v ,y,\n1,a,2,3,4", file=file)
        results.append(compare("-t", "t", "-w", "1m", "-d", "all", "-k", "x", "-a", "sum:v ", table, other))
        with open(table, "w", encoding="ascii") as file:
            file.write("t,k,v\n" + "1,a,2\n" * 400000 + '1,"a,2\n' + "2,b,2\n" * 400000)
        results.append(compare("-t", "t", "-w", "1m", "-k", "k", "-a", "sum:v", table))
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
    results += odd_values() + times_and_ties() + objects_and_arrays() + dirt() + columns()
    print(f"{sum(results)} of {len(results)} scripts gave the same rows")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
