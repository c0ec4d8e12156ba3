"""The programs that make bench compares, and how each is asked the same question: count, sum and
max by one-minute window and key, as CSV rows that start with the window and the key.

Every peer gets the fastest formulation that we found which still reads the values as what they
are; the text tools may cut the minute out of the text of the time.
"""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV_PYTHON = os.path.join(HERE, "..", "..", "build", "peers", "bin", "python")

JQ = r"""
reduce inputs as $e ({};
  ($e.ts[0:16] + "," + $e.host) as $k
  | .[$k] |= (if . then [.[0] + 1, .[1] + $e.bytes, ([.[2], $e.latency_ms] | max)]
              else [1, $e.bytes, $e.latency_ms] end))
| to_entries[] | .key + "," + (.value | map(tostring) | join(","))
"""

MAWK_WEB = r"""
NR > 1 {
    k = substr($1, 1, 16) "," $2
    if (!(k in n) || $8 + 0 > top[k]) top[k] = $8 + 0
    n[k]++; sum[k] += $7
}
END { for (k in n) print k "," n[k] "," sum[k] "," top[k] }
"""

MAWK_NARROW = r"""
NR > 1 {
    k = ($1 - $1 % 60) "," $2
    if (!(k in n) || $3 + 0 > top[k]) top[k] = $3 + 0
    n[k]++; sum[k] += $3
}
END { for (k in n) print k "," n[k] "," sum[k] "," top[k] }
"""

MILLER_WEB = ["put", '$minute = substr($ts, 0, 15)',
              "then", "stats1", "-a", "count,sum,max", "-f", "bytes,latency_ms",
              "-g", "minute,host",
              "then", "cut", "-o", "-f", "minute,host,bytes_count,bytes_sum,latency_ms_max"]
MILLER_NARROW = ["put", "$minute = $ts - $ts % 60",
                 "then", "stats1", "-a", "count,sum,max", "-f", "value", "-g", "minute,key"]


class Program:
    """A way to run the query. `timed_inside`: the command prints "seconds CPU-seconds" of the
    query alone on stderr, so that the start of an interpreter is not counted."""

    def __init__(self, name, command, timed_inside=False, has_rows=True):
        self.name = name
        self.command = command
        self.timed_inside = timed_inside
        self.has_rows = has_rows


def cpu_s(taken):
    """The least processor time of what Bench.run() returned: user and system, which the kernel
    counts exactly in all, but divides by looking now and then."""
    return min(user_s + system_s for _, user_s, system_s, _ in taken)


def winagg(path, threads, workload, data):
    key, count, top = ("key", "value", "value") if workload == "narrow" else (
        "host", "bytes", "latency_ms")
    return [path, "-j", str(threads), "-t", "ts", "-w", "1m", "-d", "30s", "-k", key,
            "-a", f"count,sum:{count},largest=max:{top}", "-o", "csv", data]


def _has_module(name):
    site = os.path.join(os.path.dirname(VENV_PYTHON), "..", "lib")
    for folder, names, _ in os.walk(site):
        if os.path.basename(folder) == "site-packages":
            return name in names
    return False


def _sql(engine, threads, workload, data):
    return [VENV_PYTHON, os.path.join(HERE, "sql_peer.py"), engine, str(threads), workload, data]


def fast(winagg_path, workload, data):
    """Programs that take the whole of the data."""
    found = [Program("winagg, 2 threads", winagg(winagg_path, 2, workload, data)),
             Program("winagg, 1 thread", winagg(winagg_path, 1, workload, data))]
    if _has_module("duckdb"):
        found += [Program("DuckDB, 2 threads", _sql("duckdb", 2, workload, data), True),
                  Program("DuckDB, 1 thread", _sql("duckdb", 1, workload, data), True)]
    if _has_module("chdb"):
        found.append(Program("ClickHouse (chdb), 2", _sql("chdb", 2, workload, data), True))
    found.append(Program("wc -l", ["wc", "-l", data], has_rows=False))
    return found


def slow(workload, data):
    """Programs that get a slice."""
    found = []
    if workload != "json" and shutil.which("mawk"):
        found.append(Program("mawk", ["mawk", "-F,", MAWK_NARROW if workload == "narrow"
                                      else MAWK_WEB, data]))
    if shutil.which("mlr"):
        verbs = MILLER_NARROW if workload == "narrow" else MILLER_WEB
        form = "--ijson" if workload == "json" else "--icsv"
        found.append(Program("Miller", ["mlr", form, "--ocsv", *verbs, data]))
    if workload == "json" and shutil.which("jq"):
        found.append(Program("jq", ["jq", "-nr", JQ, data]))
    return found


def oracle(workload, data):
    """Obvious, slow, and of no other program's making; not timed."""
    return Program("naive Python", [sys.executable, os.path.join(HERE, "naive.py"), workload,
                                    data])
