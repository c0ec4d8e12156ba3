"""Cases of fuzz.py in files: {"kind", "groups", "head", "records", "before", "tags"} as JSON, bytes as
Latin-1. Those that went wrong once, and were mended, stand in tests/model/corpus."""

import hashlib
import json
import os

import check
from streams import Case


def latin(data):
    return data.decode("latin-1")


def keep(folder, name, kind, case, wrong):
    """Writes a case that went wrong, and beside it what was wrong; the name of the file."""
    os.makedirs(folder, exist_ok=True)
    content = json.dumps({
        "kind": kind, "groups": case.groups, "head": latin(case.head),
        "records": [latin(record) for record in case.records],
        "before": latin(case.output_before), "tags": case.tags}, indent=1)
    path = os.path.join(folder, f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}")
    with open(path + ".json", "w", encoding="ascii") as file:
        file.write(content + "\n")
    with open(path + ".txt", "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(check.reproduction(case) + "\n\n")
        for what, text in wrong.items():
            file.write(f"{what}:\n{text}\n")
    return f"{path}.json ({', '.join(wrong)})"


def load(path):
    """(kind, case)"""
    with open(path, encoding="ascii") as file:
        one = json.load(file)
    case = Case(one["groups"], one["head"].encode("latin-1"),
                [record.encode("latin-1") for record in one["records"]],
                one["before"].encode("latin-1"), False, one["tags"])
    return one["kind"], case
