"""naive.py json|csv|narrow FILE: count, sum and max by minute and key, the obvious way."""

import csv
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal


def records(workload, lines):
    if workload == "json":
        for line in lines:
            record = json.loads(line, parse_float=Decimal)
            yield record["ts"], record["host"], record["bytes"], record["latency_ms"]
    else:
        for record in csv.DictReader(lines):
            if workload == "narrow":
                yield record["ts"], record["key"], int(record["value"]), int(record["value"])
            else:
                yield (record["ts"], record["host"], int(record["bytes"]),
                       Decimal(record["latency_ms"]))


def epoch(ts):
    if ts.isdigit():
        return int(ts)
    parsed = datetime.strptime(ts, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(parsed.timestamp() // 1)


def main():
    groups = {}
    with open(sys.argv[2], encoding="utf-8", newline="") as lines:
        for ts, key, amount, size in records(sys.argv[1], lines):
            group = groups.setdefault((epoch(ts) // 60 * 60, key), [0, 0, size])
            group[0] += 1
            group[1] += amount
            group[2] = max(group[2], size)
    for (start, key), (count, total, top) in groups.items():
        print(start, key, count, total, top, sep=",")


if __name__ == "__main__":
    main()
