"""What fuzz.py does to cases: damage to their bytes and words, and lines of other formats."""

import random
from dataclasses import replace

import formats
import streams
from options import TABLE

TOKENS = [
    b"\0", b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
    b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\x1e", b"\r", b"\n", b"\r\n", b"\n\n", b'"', b'""', b"\\",
    b"\\u0000", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u00e9", b"\\n", b"\\t", b"\\x41",
    b"{", b"}", b"[", b"]", b"{}", b"[]", b",", b":", b";", b"|", b"\t", b" ", b"=", b"'",
    b"null", b"true", b"false", b"NaN", b"Infinity", b"-", b"+", b".", b"e", b"E", b"0", b"-0", b"1e400",
    b"1e308", b"0.1e-5000", b"1e-5001", b"9" * 50, b"1" + b"0" * 400, b"0" * 40 + b"1", b"1e999999999999",
    b"9223372036854775807", b"-9223372036854775808", b"\x0b", b"\x0c", b"\x1b", b"\x7f", b"\x01", b"#",
    b"#fields\t", b"sep=;", b"2024-02-30", b"24:00", b":60", b"Z", b"T", b"+14:00", b"-00:00", b"1970-01-01",
    b"1677-09-21T00:12:43.145224192Z", b"2262-04-11T23:47:16.854775807Z", b"\xc2\xa0", b"\xe2\x80\xa8",
    b'{"ts":', b'"k":', b'"v":', b'"s":"', b"a" * 300,
]
RARE = [b"[" * 2100, b'{"a":' * 300, b"x" * 70000, b"[" * 2047 + b"]" * 2047, b"\n" * 100]


def damage_bytes(rng, data):
    """A little else than the data."""
    at = rng.randint(0, len(data))
    draw = rng.random()
    if draw < 0.35:
        return data[:at] + rng.choice(TOKENS) + data[at:]
    if draw < 0.5:
        return data[:at] + rng.choice(TOKENS) + data[at + rng.choice([1, 1, 1, 2, 4]):]
    if draw < 0.62:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
    if draw < 0.72:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:] if at < len(data) else data
    if draw < 0.82:
        return data[:at] + data[at + rng.choice([1, 1, 2, 5, 20]):]
    if draw < 0.9:
        end = at + rng.choice([1, 2, 5, 20])
        return data[:end] + data[at:end] * rng.choice([1, 1, 2, 9]) + data[end:]
    if draw < 0.99:
        return data[:at] + data[at:at + 1] * rng.choice([2, 3, 20, 70]) + data[at + 1:]
    return data[:at] + rng.choice(RARE) + data[at:]


def damaged_bytes(rng, case):
    head, records = case.head, list(case.records)
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        draw = rng.random()
        if (draw < 0.15 or not records) and head:
            head = damage_bytes(rng, head)
        elif draw < 0.25 and records:
            i = rng.randrange(len(records))
            records[i] = records[i].rstrip(b"\r\n") + rng.choice([b"", b"\r", b"\r\n", b"\n\r\n", b" \n"])
        elif draw < 0.3:
            records.insert(rng.randint(0, len(records)), b"".join(rng.choices(TOKENS, k=rng.randint(1, 4)))
                           + rng.choice([b"", b"\n"]))
        elif records:
            i = rng.randrange(len(records))
            records[i] = damage_bytes(rng, records[i])
    return replace(case, head=head, records=records, shufflable=False)


# ---- the command line ----

VALUES = [
    "", "0", "1", "-1", "5", "10", "0s", "1s", "5s", "1m", "1h", "1d", "-5s", "1.5s", ".5s", "1e3s", "1w2d", "1ns",
    "300y", "9223372036854775807ns", "9223372036854775808ns", "99999999999999999999s", "all", "auto", "json",
    "csv", "tsv", "table", "combined", "logfmt", "s", "ms", "us", "ns", "rfc3339", "local", "UTC", "utc",
    "Europe/Berlin", "EST5EDT", "../etc/passwd", "right/UTC", "session:5s", "sliding:10s/3s", "sliding:3s/10s",
    "sliding:1s/0s", "sliding:5s/", "cumulate:10s/5s", "cumulate:10s/3s", "tumbling:day", "tumbling:", "day",
    "tumbling:1d", "session:day", "sliding:100001ns/1ns", "k", "v", "s", "ts", "a=b=c", "=k", "k=", "k,k", "k,",
    ",", "\\", "a\\.b", "h.n.o", "x y", "é", "\udcff", "count", "sum:v", "sum:v:1", "count,", "topk:v:0", "topk:v:2",
    "topk:v:99999999999", "p50:v", "p100.1:v", "p:v", "approx_p99:v", "rate", "rate:v", "share", "share[v > 1]",
    "count[]", "count[v >]", "count[v = 1", "count[v=1],sum:v", "v > 1", "v >", "> 1", "not", "not v = 1",
    "(v = 1", "v = 1)", "((v = 1))", "v is null", "v is", "v =~ (", "v =~ a{1,2}", 'v = "', 'v = "\\ud800"',
    '"v" != ""', "v = 1e999", "v = 1 and", "v <> 1", "v == 1", "accumulate", "discard", "retract", "ret",
    "%Y-%m-%d", "%Y", "%Z", "%", "%s", "%H:%M", "%d/%b/%Y:%H:%M:%S %z", "2024-01-01", "2024-02-30", "1", "1:v",
    "1:count", "2:nope", "0:count", "tab", "\t", "|", "ab", "\"", "\n", "#", "NA", "flush", "keep", "1,2,3", "ts,v",
]
OTHERS = ["--hold", "--verify=full", "--verify", "--resume=continue", "--resume", "--position=v", "--advise",
          "--partial", "--merge", "--explain", "--explain=duckdb", "--explain=flink-sql", "--inspect=nothing",
          "--checkpoint=1", "--checkpoint=1s", "--metrics=metrics", "--progress", "--max-state=1",
          "--max-state=1k", "--max-state=1M", "-otable", "-osql:t", "-ochart", "-osql:", "--help", "--version",
          "--follow", "--threads=0", "--threads=65", "--threads=x", "--row-id=window", "-h", "-V", "--", "-",
          "nofile", "--help=time", "--at-eof=keep", "-ts", "-", "--idle-timeout=0", "--sources=2"]
PIECES = ",,::==..[]()\\\"'%/-+ 0123456789smhdwnuktvcp\t\né~!<>"


def damage_word(rng, word):
    at = rng.randint(0, len(word))
    draw = rng.random()
    if draw < 0.4:
        return word[:at] + rng.choice(PIECES) + word[at:]
    if draw < 0.7:
        return word[:at] + word[at + 1:]
    if draw < 0.9:
        return word[:at] + rng.choice(PIECES) + word[at + 1:]
    return word[:at] + word[at:at + 3] * rng.choice([2, 2, 5, 40]) + word[at + 3:]


def option(rng):
    """Any option of the model's with any value, or one that it does not know."""
    if rng.random() < 0.25:
        return [rng.choice(OTHERS)]
    name = rng.choice([name for name in TABLE if name not in ("output", "late", "bad")])
    short, takes = TABLE[name]
    if not takes:
        return ["--" + name]
    value = rng.choice(VALUES)
    return rng.choice([["--" + name, value], [f"--{name}={value}"], ["-" + (short or "z"), value]])


def damaged_words(rng, case):
    groups = [list(group) for group in case.groups]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        i = rng.randrange(len(groups))
        draw = rng.random()
        safe = not any(word.startswith(("@", "--output")) for word in groups[i])
        if draw < 0.35 and safe:
            j = rng.randrange(len(groups[i]))
            groups[i][j] = damage_word(rng, groups[i][j])
        elif draw < 0.6 and safe:
            groups[i][-1] = rng.choice(VALUES)
        elif draw < 0.68 and len(groups) > 2:
            del groups[i]
        elif draw < 0.74 and safe:
            groups.insert(rng.randint(0, len(groups)), list(groups[i]))
        else:
            groups.insert(rng.randint(0, len(groups)), option(rng))
    return replace(case, groups=groups or [["--nothing"]])


# ---- combined and logfmt ----

def lines_case(rng):
    """Access logs and logfmt, damaged or not."""
    kind = rng.choice(["combined", "logfmt"])
    line = formats.combined_line if kind == "combined" else formats.logfmt_line
    names = formats.FIELDS if kind == "combined" else formats.KEYS
    names = [name.replace(".", "\\.") for name in names]
    groups = [["-i", kind], ["-t", "time" if kind == "combined" else "t"], ["--stats"]]
    groups.append(["-w", rng.choice(["5s", "session:2s", "sliding:4s/3s", "all", "cumulate:4s/1s"])])
    if rng.random() < 0.7:
        groups.append(["-k", ",".join(rng.sample(names, rng.randint(1, 2)))])
    aggs = [f"{rng.choice(streams.VALUE_FUNCTIONS[:4])}:{name}" for name in rng.sample(names, rng.randint(1, 3))]
    groups.append(["-a", ",".join(["count", *aggs])])
    groups += [group for share, group in (
        (0.3, ["-l", "3s"]), (0.2, ["-m", "retract"]), (0.2, ["--where", f"{rng.choice(names)} != a"]),
        (0.3, ["--bad", "@bad"]), (0.3, ["--late", "@late"]), (0.1, ["--dedup", rng.choice(names)]),
        (0.2, ["--null", "-"]), (0.1, ["--source", rng.choice(names)]), (0.1, ["--comment", "#"]),
        (0.1, ["--max-record", "100"]), (0.1, ["--strict"]), (0.2, ["-o", rng.choice(["csv", "tsv"])]),
    ) if rng.random() < share]
    seconds = [i + rng.choice([0, 0, 0, -3, 9]) for i in range(rng.randint(0, 10))]
    records = [line(rng, second)[0].encode() + b"\n" for second in seconds]
    case = streams.Case(groups, b"", records)
    return damaged_bytes(rng, case) if rng.random() < 0.8 else case


