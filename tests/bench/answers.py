"""answers.py FILE FILE: do two programs' rows say the same? Exits with 1, and says where, if not.

Rows are CSV: start of the window in any of the forms that the programs print, the end if there
are six columns, key, count, sum, max. Order, a header, quotes and trailing zeros do not matter.
"""

import csv
import sys
from datetime import datetime, timezone
from decimal import Decimal


def start_s(text):
    if text.isdigit():
        return int(text)
    text = text.replace(" ", "T").removesuffix("Z")
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def read(path):
    answer = {}
    starts = {}
    with open(path, encoding="utf-8", newline="") as rows:
        for row in csv.reader(rows):
            if not row[0][:1].isdigit():
                continue
            if len(row) == 6:
                del row[1]
            if len(row) != 5:
                raise ValueError(f"{path}: expected 5 or 6 columns: {row}")
            if row[0] not in starts:
                starts[row[0]] = start_s(row[0])
            group = (starts[row[0]], row[1])
            if group in answer:
                raise ValueError(f"{path}: two rows for {group}")
            answer[group] = tuple(Decimal(cell) for cell in row[2:])
    return answer


def difference(path, other_path):
    """None, or a sentence."""
    one, other = read(path), read(other_path)
    if not one:
        return f"{path} holds no rows"
    for group in sorted(one.keys() | other.keys()):
        if one.get(group) != other.get(group):
            return (f"{group}: {path} has {one.get(group)},"
                    f" {other_path} has {other.get(group)}")
    return None


def main():
    found = difference(sys.argv[1], sys.argv[2])
    if found:
        print(found)
        sys.exit(1)


if __name__ == "__main__":
    main()
