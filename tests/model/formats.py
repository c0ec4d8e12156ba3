#!/usr/bin/env python3
"""Random lines of combined, logfmt and tables whose #fields change, read by winagg and by naive
readers of the specification: every field of every good record, and which records are bad.

A record has a second of its own, so that each row of `first` values is one record."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

TEXTS = ["a", "web-1", "x y", "", "-", "q\"q", "back\\slash", "tab\there", "é", "漢字", "=", "a=b",
         "12", "1.50", "\\x41", "\\u0041", "[x]", "] \"", " lead", "#x", ",", "null", "new\nline"]
BASE = 1714557600


def pick(rng, pool):
    return rng.choice(pool) if rng.random() < 0.9 else "".join(rng.choices("ab=\" \\[]-\t,", k=4))


# ---- combined ----

FIELDS = ["host", "ident", "user", "method", "path", "protocol", "status", "bytes", "referer",
          "agent", "request"]


def written(rng, text):
    """A quoted field, and what it means."""
    out = ""
    for char in text:
        if char in "\"\\":
            out += "\\" + char
        elif char in "\t\n" or rng.random() < 0.03:
            out += "".join(f"\\x{byte:02X}" for byte in char.encode())
        else:
            out += char
    return '"' + out + '"'


def word(rng):
    return pick(rng, ["-", "192.0.2.7", "::1", "bob", "200", "404", "5120", "x"]).translate(
        {ord(char): None for char in " \t\n\"[]"}) or "-"


def combined_line(rng, second):
    """(line, the fields or None if it is bad)."""
    when = datetime.fromtimestamp(BASE + second, timezone.utc).strftime("[%d/%b/%Y:%H:%M:%S +0000]")
    host, ident = word(rng), word(rng)
    user = rng.choice([word(rng), "John Doe", "-"])
    request = rng.choice(["GET /a HTTP/1.1", "POST /b?c=d HTTP/2.0", "-", pick(rng, TEXTS),
                          "GET /a  HTTP/1.1", "a b c d", "GET /x y HTTP/1.1"])
    quoted = written(rng, request)
    status, size = word(rng), word(rng)
    line = f"{host} {ident} {user} {when} {quoted} {status} {size}"
    fields = {"host": host, "ident": ident, "user": user, "status": status, "bytes": size,
              "request": request}
    # Words are counted before escapes are undone.
    words = quoted[1:-1].split(" ")
    if len(words) == 3 and all(words):
        fields.update(zip(("method", "path", "protocol"), (undo(one) for one in words)))
    if rng.random() < 0.7:
        fields["referer"], fields["agent"] = pick(rng, TEXTS), pick(rng, TEXTS)
        line += f" {written(rng, fields['referer'])} {written(rng, fields['agent'])}"
        if rng.random() < 0.2:
            line += ' "more" 17'
    if rng.random() < 0.05:
        return rng.choice([line.replace(when, when[1:-1]), line.replace("[", "", 1),
                           f'{host} {ident} {user} {when} "GET / HTT', f"{when} {quoted} 200 1",
                           f"{host} {ident} {user} {when} {quoted[1:-1].strip() or 'GET'} 200 1",
                           "nothing of the kind"]), None
    return line, {name: None if text in ("-", "") else text for name, text in fields.items()}


def undo(text):
    data = re.sub(r'\\(x[0-9A-Fa-f]{2}|.)', lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" and
                  len(m[1]) == 3 else m[1], text)
    return data.encode("latin-1", "surrogatepass").decode("utf-8") if all(
        ord(c) < 256 for c in data) else data


# ---- logfmt ----

KEYS = ["level", "msg", "a.b", "id", "flag", "ünï"]


def logfmt_value(rng, text):
    plain = text != "" and not re.search(r'[ \t\n"]', text)
    if plain and rng.random() < 0.7:
        return text
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + out + '"'


def logfmt_line(rng, second):
    pairs, fields = [("t", str(BASE + second), None)], {}
    for _ in range(rng.randint(0, 7)):
        key, text = rng.choice(KEYS), pick(rng, TEXTS)
        if rng.random() < 0.1:
            pairs.append((key, "true", key))
        else:
            pairs.append((key, text, f"{key}={logfmt_value(rng, text)}"))
    if rng.random() < 0.5:
        rng.shuffle(pairs)
    for key, text, _ in pairs:
        fields[key] = text if text != "" else None
    line = rng.choice(["", " ", "\t"]) + rng.choice([" ", "  ", "\t"]).join(
        shown or f"t={text}" for _, text, shown in pairs)
    if rng.random() < 0.04:
        return rng.choice([line.replace("t=17", "u=17"), line + ' x="open', 't= a=1']), None
    return line, fields


# ---- #fields ----

def table_lines(rng, count):
    """[(line, fields or None, or False for no record)]: a later header replaces the one before."""
    out, names = [], None
    for second in range(count):
        if names is None or rng.random() < 0.1:
            names = ["t"] + rng.sample(KEYS, len(KEYS))
            rng.shuffle(names)
            word_, blank = rng.choice([("#fields", "\t"), ("#Fields:", " ")])
            out.append((word_ + blank + blank.join(names), False))
        if rng.random() < 0.1:
            out.append((rng.choice(["#close", "# a comment", "#", "#types x y"]), False))
        cells = [str(BASE + second) if name == "t" else
                 re.sub(r"[\n\t\\\"]", "", pick(rng, TEXTS)) for name in names]
        if cells[0].startswith("#"):
            cells[0] = "x"
        fields = {name: cell if cell != "" else None for name, cell in zip(names, cells)}
        if rng.random() < 0.05:
            cells = cells[:-1]
            fields = None
        out.append(("\t".join(cells), fields))
    return out


# ---- comparing ----

def expected_value(text):
    """As first prints it: a number as written if it is one."""
    if text is not None and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        return json.loads(text)
    return text


def run(winagg, options, lines, names):
    with tempfile.TemporaryDirectory(prefix="winagg-formats-") as folder:
        aggs = ",".join(f"f{i}=first:{name}".replace("a.b", "a\\.b") for i, name in enumerate(names))
        argv = [winagg, *options, "-w", "1s", "-a", aggs + ",count", "-d", "all",
                "--output-time", "s", "--bad", "bad", "--stats"]
        seen = subprocess.run(argv, cwd=folder, input="".join(line + "\n" for line in lines).encode(),
                              capture_output=True, check=False)
        bad = b""
        if os.path.exists(os.path.join(folder, "bad")):
            with open(os.path.join(folder, "bad"), "rb") as file:
                bad = file.read()
    return seen, bad.decode().splitlines()


def judge(winagg, kind, rng, seed):
    count = rng.randint(1, 60)
    if kind == "combined":
        pairs, names = [combined_line(rng, i) for i in range(count)], FIELDS
        options = ["-i", "combined", "-t", "time"]
    elif kind == "logfmt":
        pairs, names = [logfmt_line(rng, i) for i in range(count)], KEYS
        options = ["-i", "logfmt", "-t", "t"]
    else:
        pairs, names = table_lines(rng, count), KEYS
        options = ["-i", "tsv", "--comment", "#", "-t", "t"]
    lines = [line for line, _ in pairs]
    wanted = [[expected_value(fields.get(name)) for name in names] for _, fields in pairs if fields]
    bad = [line for line, fields in pairs if fields is None]
    seen, found_bad = run(winagg, options, lines, names)
    rows = [json.loads(line) for line in seen.stdout.splitlines()]
    got = [[row[f"f{i}"] for i in range(len(names))] for row in rows]
    if got == wanted and found_bad == bad and seen.returncode in (0, 1):
        return True
    print(f"{kind}, seed {seed}: {' '.join(options)}\n{seen.stderr.decode()}")
    for one, other in zip(wanted, got):
        if one != other:
            print(f"expected {one}\ngot      {other}")
            break
    for what, a, b in (("rows", wanted, got), ("bad", bad, found_bad)):
        if len(a) != len(b) or (what == "bad" and a != b):
            print(f"{what}: expected {len(a)}, got {len(b)}", *((a, b) if what == "bad" else ()))
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--winagg", default=os.environ.get("WINAGG", "build/release/winagg"))
    options = parser.parse_args()
    winagg, agreed, total = os.path.abspath(options.winagg), 0, 0
    for kind in ("combined", "logfmt", "fields"):
        for seed in range(options.seed, options.seed + options.count):
            total += 1
            agreed += judge(winagg, kind, random.Random(f"{kind}:{seed}"), seed)
            if agreed != total:
                break
    print(f"{agreed} of {total} streams agreed")
    sys.exit(agreed != total)


if __name__ == "__main__":
    main()
