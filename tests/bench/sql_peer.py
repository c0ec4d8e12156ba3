"""sql_peer.py duckdb|chdb THREADS json|csv|narrow FILE

Runs the query in process, writes its rows as CSV to stdout, and "seconds CPU-seconds" of the
query to stderr: neither the start of Python nor the import is counted. Runs under the
interpreter that scripts/bench-peers installs.
"""

import resource
import sys
import time

DUCKDB_COLUMNS = {
    "json": "{ts: 'TIMESTAMP', host: 'VARCHAR', bytes: 'BIGINT', latency_ms: 'DOUBLE'}",
    "csv": "{ts: 'TIMESTAMP', host: 'VARCHAR', user: 'VARCHAR', method: 'VARCHAR',"
           " path: 'VARCHAR', status: 'INTEGER', bytes: 'BIGINT', latency_ms: 'DOUBLE'}",
    "narrow": "{ts: 'BIGINT', key: 'VARCHAR', value: 'BIGINT'}",
}
CLICKHOUSE_COLUMNS = {
    "json": "ts DateTime64(3, \\'UTC\\'), host String, bytes UInt64, latency_ms Float64",
    "narrow": "ts Int64, key String, value UInt64",
}
CLICKHOUSE_COLUMNS["csv"] = CLICKHOUSE_COLUMNS["json"]


def question(workload, minute):
    if workload == "narrow":
        return f"SELECT {minute} AS minute, key, count(*), sum(value), max(value)"
    return f"SELECT {minute} AS minute, host, count(*), sum(bytes), max(latency_ms)"


def duckdb_query(threads, workload, path):
    import duckdb
    session = duckdb.connect(config={"threads": threads, "preserve_insertion_order": "false"})
    session.execute("SET enable_progress_bar = false")
    columns = DUCKDB_COLUMNS[workload]
    if workload == "json":
        source = f"read_json('{path}', format = 'newline_delimited', columns = {columns})"
    else:
        source = (f"read_csv('{path}', header = true, auto_detect = false, delim = ',',"
                  f" quote = '\"', escape = '\"', columns = {columns})")
    minute = "ts // 60 * 60" if workload == "narrow" else "date_trunc('minute', ts)"
    sql = (f"COPY ({question(workload, minute)} FROM {source} GROUP BY 1, 2)"
           " TO '/dev/stdout' (FORMAT csv, HEADER false)")
    return lambda: session.execute(sql)


def chdb_query(threads, workload, path):
    import chdb
    form = "JSONEachRow" if workload == "json" else "CSVWithNames"
    minute = ("intDiv(ts, 60) * 60" if workload == "narrow"
              else "toUnixTimestamp(toStartOfMinute(ts))")
    source = f"file('{path}', '{form}', '{CLICKHOUSE_COLUMNS[workload]}')"
    sql = (f"{question(workload, minute)} FROM {source}"
           f" GROUP BY 1, 2 SETTINGS max_threads = {threads},"
           " date_time_input_format = 'best_effort', input_format_skip_unknown_fields = 1")

    def run():
        sys.stdout.buffer.write(chdb.query(sql, "CSV").bytes())
        sys.stdout.flush()
    return run


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    engine, threads, workload, path = sys.argv[1:]
    make = {"duckdb": duckdb_query, "chdb": chdb_query}[engine]
    run = make(int(threads), workload, path)
    started_s, used_s = time.monotonic(), cpu_s()
    run()
    print(time.monotonic() - started_s, cpu_s() - used_s, file=sys.stderr)


if __name__ == "__main__":
    main()
