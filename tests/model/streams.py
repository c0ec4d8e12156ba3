"""Random cases for winagg: a command line and its input, small and full of corners.

`case(seed)` is a function of its seed alone. Files on the command line are placeholders
(@late, @bad, @output) that the caller replaces."""

import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from options import UNITS
from records import BOM
from times import DURATION_NS, INT64_MAX, INT64_MIN, MONTHS, SECOND, rfc3339_text

MISSING = object()

# What the options of a case may use.
BUILT = {"where", "conditions", "source", "max-jump", "dedup", "fill", "top", "null"}


@dataclass
class Case:
    """One run. `groups` are the options, one list of words each; input is head + records."""

    groups: list
    head: bytes
    records: list              # each with its own line end
    output_before: bytes = b""
    shufflable: bool = False   # records may change places without changing what each one is
    tags: list = field(default_factory=list)

    def argv(self):
        return [word for group in self.groups for word in group]

    def input(self):
        return self.head + b"".join(self.records)


# ---- times ----

def duration_text(rng, ns):
    """One of the ways to write a duration."""
    if ns == 0:
        return rng.choice(["0", "0s", "0ms"])
    unit = rng.choice([u for u, size in DURATION_NS.items() if ns % size == 0])
    if rng.random() < 0.2:
        larger = [u for u, size in DURATION_NS.items() if DURATION_NS[unit] < size <= ns]
        if larger:
            first = rng.choice(larger)
            whole, rest = divmod(ns, DURATION_NS[first])
            return f"{whole}{first}" + (f"{rest // DURATION_NS[unit]}{unit}" if rest else "")
    if rng.random() < 0.1 and ns * 2 % DURATION_NS[unit] == 0 and ns < DURATION_NS[unit] * 1000:
        half = ns * 10 // DURATION_NS[unit]
        return f"{half // 10}.{half % 10}{unit}"
    return f"{ns // DURATION_NS[unit]}{unit}"


def decimal_text(rng, ns, unit):
    """ns as an epoch number of a unit of 10**9, 10**6, 10**3 or 1 ns."""
    whole, rest = divmod(abs(ns), unit)
    text = str(whole)
    if rest:
        text += "." + str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    elif rng.random() < 0.1:
        text += rng.choice([".0", "e0", "E+0", ".000"])
    if rest and rng.random() < 0.1:
        text += rng.choice(["00", "0000000000001"])
    return ("-" if ns < 0 else "") + text


def rfc3339(rng, ns, zoned=False):
    """`zoned`: with a zone, since there is a --tz that would shift it out of its order."""
    zone_minutes = rng.choice([0, 0, 0, 60, -330, 840])
    local = min(max(ns + zone_minutes * 60 * SECOND, INT64_MIN), INT64_MAX)
    if local != ns + zone_minutes * 60 * SECOND:
        zone_minutes, local = 0, ns
    text = rfc3339_text(local)[:-1]
    if rng.random() < 0.3:
        text = text.replace("T", rng.choice("t "))
    if text.endswith(":00") and rng.random() < 0.2:
        text = text[:-3]
    elif "." in text:
        if rng.random() < 0.2:
            text = text.replace(".", ",")
        if rng.random() < 0.5:
            text = text.rstrip("0")
    elif rng.random() < 0.1:
        text += ".0"
    if rng.random() < 0.05:
        text += "9" * rng.choice([1, 12]) if len(text) == 29 else ""
    if rng.random() < 0.1 and text[4] == "-":
        text = text.replace("-", "/")
    elif rng.random() < 0.1:
        text = text.replace("-", "").replace(":", "").replace("T", rng.choice("Tt "))
    blank = " " if rng.random() < 0.1 else ""
    if zone_minutes == 0:
        zone = rng.choice(["Z", "Z", "z", "+00:00", "-00:00", "+00", "UTC", "GMT"])
        return text + (blank + zone if zoned or rng.random() < 0.8 else "")
    sign = "-" if zone_minutes < 0 else "+"
    hours, minutes = divmod(abs(zone_minutes), 60)
    forms = [f"{hours:02d}:{minutes:02d}", f"{hours:02d}{minutes:02d}"]
    return text + blank + sign + rng.choice(forms + ([f"{hours:02d}"] if minutes == 0 else []))


def access_log(rng, ns):
    seconds = ns // SECOND
    when = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    month = MONTHS[when.month - 1].capitalize()
    text = f"{when.day:02d}/{month}/{when.year:04d}:{when:%H:%M:%S} +0000"
    return f"[{text}]" if rng.random() < 0.5 else text


PATTERNS = ["%Y-%m-%d %H:%M:%S.%f", "%d/%b/%Y:%H:%M:%S %z", "%FT%T%z", "%Y %j %H:%M:%S",
            "%Y%m%d%H%M%S", "[%T.%f] %F", "%b %d %H:%M", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S.%fZ"]


def pattern_text(rng, ns, pattern):
    seconds, fraction = divmod(ns, SECOND)
    when = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    digits = f"{fraction:09d}"
    if rng.random() < 0.5:
        digits = digits.rstrip("0") or "0"
    month = MONTHS[when.month - 1]
    pattern = pattern.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d")
    parts = {
        "%Y": f"{when.year:04d}", "%m": f"{when.month:02d}", "%d": f"{when.day:02d}",
        "%H": f"{when.hour:02d}", "%M": f"{when.minute:02d}", "%S": f"{when.second:02d}",
        "%f": digits, "%j": f"{when.timetuple().tm_yday:03d}", "%s": str(seconds),
        "%b": rng.choice([month, month.capitalize()]),
        "%z": rng.choice(["Z", "+0000", "+00:00", "-00"]),
    }
    for directive, text in parts.items():
        pattern = pattern.replace(directive, text)
    return pattern


BAD_TIMES = ["2024-02-30", "2023-02-29T00:00:00Z", "2024-13-01", "now",
             "2024-01-01T00:00:61Z", "1600-01-01", "", " 5",
             "2300-01-01T00:00:00Z", "1e30", "2024-1-1", "12:00", "0x10",
             "2024-01-01T00:60:00Z", "NaN", "2024-01-01T24:00:00.1Z", "20240501T12:00Z", "2024/05-01",
             "2024-01-01T00:00:00  Z", "2024-01-01T00:00:00EST", "[10/Oct/2000:13:55:36 -0700",
             "10/Foo/2000:13:55:36", "2024-05-01 UTC", "2024-00-10", "1_000", "5s", "2024-01-01T"]
ODD_TIMES = ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "1969-12-31T23:59:59.999999999Z",
             "2024-02-29", "2000-02-29T12:00Z", "1e9", "-1", "-0.5", "99999999999", "1e11",
             "99999999999999", "100000000000000", "99999999999999999", "100000000000000000",
             "2024-01-01T24:00", "2023-12-31 24:00:00.000", "2024-01-01T00:00:00.1234567890Z",
             "20240101T000000", "10/Oct/2000:13:55:36 -0700", "2024-03-31T02:30", "2024-10-27T02:30",
             "+5", "007", ".5", "5.", "1678-01-01", "2262-04-11"]


ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "America/Havana", "Asia/Gaza"]


class Clock:
    """The event times of a stream: a walk with disorder, jumps and ties, on some scale."""

    def __init__(self, rng):
        self.step = rng.choice([1, 1000, 10**6, 10**8, SECOND, SECOND, SECOND, SECOND,
                                60 * SECOND, 3600 * SECOND])
        base = rng.choice([0, -10 * self.step, -7 * self.step, 1704067200 * SECOND,
                           1704067200 * SECOND, 10**9 * SECOND + 123456789, -10**18 // 3])
        if rng.random() < 0.03:
            base = rng.choice([INT64_MAX - 12 * self.step, INT64_MIN + 15 * self.step])
        self.rng, self.head = rng, base
        self.disorder = rng.choice([0, 0.2, 0.4, 0.6])
        self.noise = rng.choice([0, 0, 0.2])

    def next(self):
        rng = self.rng
        self.head += rng.choice([0, 1, 1, 1, 2, 3]) * self.step
        if rng.random() < 0.04:
            self.head += rng.randint(8, 40) * self.step
        time = self.head
        if rng.random() < self.disorder:
            time -= rng.choice([1, 2, 3, 5, 8, rng.randint(4, 30)]) * self.step
        if rng.random() < self.noise:
            time += rng.randrange(self.step)
        # No window of int64 bounds ends after INT64_MAX.
        return max(INT64_MIN + 1, min(INT64_MAX - 1, time))


class TimeFormat:
    """How a stream writes its times: --time-format, and one or two fields."""

    def __init__(self, rng, clock):
        self.rng = rng
        self.kind = rng.choice(["rfc3339"] * 4 + ["auto", "s", "s", "ms", "us", "ns", "pattern"])
        self.unit = {"ms": 10**6, "us": 10**3, "ns": 1}.get(self.kind, SECOND)
        self.pattern = rng.choice(PATTERNS + (["%s", "%s.%f"] if clock.head >= 10**18 else []))
        self.as_text = rng.random() < 0.3
        self.fields = ["ts"]
        if self.kind == "rfc3339" and rng.random() < 0.15:
            self.fields = ["day", "clock"]
        self.zone = rng.choice(ZONES) if rng.random() < 0.25 else None
        self.zoned = self.zone is not None and rng.random() < 0.8
        self.second = rng.choice(PATTERNS) if rng.random() < 0.2 else None

    def keeps_close(self):
        """Are the times that it writes as near to each other as the clock's?"""
        return self.kind != "pattern" and self.zone is None

    def options(self):
        out = [["--tz", self.zone]] if self.zone else []
        if self.kind in ("rfc3339", "auto"):
            return out
        out.append(["--time-format", self.pattern if self.kind == "pattern" else self.kind])
        if self.kind == "pattern" and self.second:
            out.append(["--time-format", self.second])
        if self.kind == "pattern" and any("%b %d %H" in word for group in out for word in group):
            out.append(["--year-from", self.rng.choice(["2023-12-30", "2024-02-29", "1969-06-15"])])
        return out

    def texts(self, ns):
        """[(text, may it be a JSON number)] for each field."""
        rng = self.rng
        if self.kind == "rfc3339":
            if len(self.fields) == 1 and ns % SECOND == 0 and rng.random() < 0.05:
                return [(access_log(rng, ns), False)]
            text = rfc3339(rng, ns, self.zoned)
            if len(self.fields) == 1:
                return [(text, False)]
            day = re.match("[0-9]+([-/][0-9]+)*", text)[0]
            return [(day, False), (text[len(day) + 1:], False)]
        if self.kind == "pattern":
            pattern = self.second if self.second and rng.random() < 0.3 else self.pattern
            text = pattern_text(rng, ns, pattern)
            return [(text, text.isdigit() and not text.startswith("0"))]
        return [(decimal_text(rng, ns, self.unit), not self.as_text)]

    def bad_texts(self):
        return [(self.rng.choice(BAD_TIMES), False)] * len(self.fields)

    def odd_texts(self):
        return [(self.rng.choice(ODD_TIMES), False)] * len(self.fields)


# ---- values ----

SMALL = ["0", "1", "2", "3", "-1", "10", "0.1", "0.2", "0.3", "1.5", "-0", "1e2", "1E-2", "7.25"]
LONG = ["12345678901234567890123456789012345678", "0.1000000000000000000000000000000000001",
        "99999999999999999999999999999999999999", "123456789012345678901234567890123456789012",
        "9223372036854775807", "-9223372036854775808", "18446744073709551616",
        "0.3333333333333333333333333333333333333333333", "1e-20", "123456.789e10", "1e20", "1e21",
        "999999999999999999999", "0.000001", "0.0000001", "1.5e-7", "-1.25e30", "1e38", "1e-38",
        "3.141592653589793238462643383279502884197169399375105820974944", "1e22", "1e23", "5e-20"]
WIDE = ["1e150", "-1e150", "1e-150", "1", "2.5e100", "3e-100", "1e37", "0.1"]
POSITIVE = ["1", "2", "3", "0.5", "100", "1e6", "2.75", "42", "1e-3", "7", "8", "9", "0", "12.5"]
EDGE = ["1.7976931348623157e308", "1e308", "5e-324", "1e-400", "1e-4999", "0", "-1e308", "3",
        "2.2250738585072014e-308", "1e300", "0e99999", "1e-5000"]
NOT_NUMBERS = ["abc", "NaN", "inf", "-", "1e", "0x10", "1_000", " 1", "1 ", "--1", "1e309",
               "1.8e308", "1e-5001", "1,5", ".", "+", "Infinity", "1e+", "e5"]
STRING_NUMBERS = ["+5", "007", ".5", "5.", "1.50", "-.25e1", "+1E+2"]
WORDS = ["a", "b", "A", "aa", "1", "1.0", "01", "é", "ключ", "😀", 'q"q', "a,b", "x y", "\\",
         "/", "null", "true", "tab\there", "\x7f", "ab\x01", "line\nbreak", " lead", "{", "日本"]


@dataclass
class Raw:
    """A value before it is written: kind is string, number, word (true/false/null) or json."""

    kind: str
    text: str


def numeric(rng, pool):
    draw = rng.random()
    if draw < 0.06:
        return Raw("word", "null")
    if draw < 0.1:
        return MISSING
    if draw < 0.2:
        return Raw("string", rng.choice(pool + STRING_NUMBERS))
    if draw < 0.4:
        return Raw("number", str(rng.randint(-50, 50)) if pool is SMALL else rng.choice(pool))
    return Raw("number", rng.choice(pool))


TYPED = ([Raw("number", t) for t in ("1", "1.0", "2", "1e3", "0.1", "-0.0", "0", "1e21", "1e-7",
                                     "12345678901234567890123", "10")]
         + [Raw("word", t) for t in ("true", "false", "null")])


def typed_pool(rng):
    """A few values of all types, so that they meet again."""
    pool = [rng.choice(TYPED) for _ in range(rng.randint(1, 3))]
    pool += [Raw("string", rng.choice(WORDS + [""])) for _ in range(rng.randint(1, 3))]
    return pool + ([MISSING] if rng.random() < 0.3 else [])


VALUE_FIELDS = {"v": SMALL, "n": LONG, "wide": WIDE, "pos": POSITIVE, "edge": EDGE}
BAD_KINDS = ["malformed", "time", "no_time", "number", "key"]


class Content:
    """What the records of a stream hold, as [(path, Raw or MISSING)]."""

    def __init__(self, rng, is_csv):
        self.rng = rng
        self.clock = Clock(rng)
        self.format = TimeFormat(rng, self.clock)
        # No row for each window of a jump over years.
        self.fills = "fill" in BUILT and self.format.keeps_close() and rng.random() < 0.3
        names = ["k", "x y", "g"] if is_csv else ["k", "h.n", "tags.0", r"d\.t", "x y", "h.o.p"]
        if is_csv and rng.random() < 0.2:
            names[2] = "a.b"
        self.keys = rng.sample(names, rng.choice([0, 1, 1, 2]))
        self.pools = {name: typed_pool(rng) for name in self.keys + ["s"]}
        self.numbers = rng.sample(sorted(VALUE_FIELDS), rng.choice([1, 2]))
        self.bad_share = rng.choice([0, 0, 0.05, 0.3])

    def fields(self, bad):
        """One record's fields. `bad` is a kind of badness or None."""
        rng = self.rng
        texts = self.format.texts(self.clock.next())
        if bad == "time":
            texts = self.format.bad_texts()
        elif not self.fills and self.format.kind in ("rfc3339", "auto") and rng.random() < 0.01:
            texts = self.format.odd_texts()
        out = []
        for name, (text, number) in zip(self.format.fields, texts):
            out.append((name, Raw("number" if number else "string", text)))
        if bad == "no_time":
            out[0] = (out[0][0], rng.choice([MISSING, Raw("word", "null"), Raw("word", "true"),
                                             Raw("json", "[1]"), Raw("string", "")]))
        for name in self.keys + ["s"]:
            out.append((name, rng.choice(self.pools[name])))
        for name in self.numbers:
            out.append((name, numeric(rng, VALUE_FIELDS[name])))
        if bad == "key":
            i = len(self.format.fields) + rng.randrange(len(self.keys) + 1)
            out[i] = (out[i][0], Raw("json", rng.choice(['{"a":1}', "[]", "{}", "[1,2]"])))
        if bad == "number":
            out[-1] = (out[-1][0], rng.choice([Raw("string", rng.choice(NOT_NUMBERS)),
                                               Raw("word", rng.choice(["true", "false"])),
                                               Raw("json", "{}"), Raw("number", "1e309")]))
        return out


# ---- JSON ----

def json_string(rng, text):
    out = '"'
    for char in text:
        code = ord(char)
        short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(char)
        if short and rng.random() < 0.8:
            out += short
        elif code < 0x20 or short or rng.random() < 0.03:
            units = char.encode("utf-16-be")
            out += "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))
        elif char == "/" and rng.random() < 0.5:
            out += "\\/"
        else:
            out += char
    return out + '"'


def json_raw(rng, raw):
    return json_string(rng, raw.text) if raw.kind == "string" else raw.text


EXTRA = ['"zz":1', '"zz":[1,{"a":[]},"}"]', '"yy":"\\u00e9\\n\\\\"', '"":null',
         '"zz":{"ts":0,"v":"x"}', '"big":123456789012345678901234567890',
         '"tz":-0.0e-5', '"t":"ts"', '"esc":"\\"{"']


def json_object(rng, fields):
    """The text of an object; nested paths share their parents."""
    tree, members = {}, []
    for path, raw in fields:
        if raw is MISSING:
            continue
        if path == "tags.0":
            items = [json_raw(rng, raw)] + ["1"] * rng.choice([0, 1])
            members.append('"tags":[' + ",".join(items) + "]")
        elif path.startswith("h."):
            *parents, name = path.split(".")
            node = tree
            for parent in parents:
                node = node.setdefault(parent, {})
            node[name] = json_raw(rng, raw)
        else:
            name = json_string(rng, path.replace("\\.", "."))
            if rng.random() < 0.02:
                members.append(name + ":" + rng.choice(["null", '"x"', "1", "[]", "{}"]))
            members.append(name + ":" + json_raw(rng, raw))

    def text_of(node):
        if isinstance(node, str):
            return node
        return "{" + ",".join(f'"{name}":{text_of(child)}' for name, child in node.items()) + "}"

    members += [f'"{name}":{text_of(node)}' for name, node in tree.items()]
    names = [member.split(":")[0] for member in members]
    if len(set(names)) == len(names) and rng.random() < 0.3:
        rng.shuffle(members)
    if rng.random() < 0.2:
        members.insert(rng.randrange(len(members) + 1), rng.choice(EXTRA))
    if rng.random() < 0.1:
        opening, closing = rng.choice([("{ ", "} "), (" {", " }"), ("{\t", "}\t")])
        return opening + " , ".join(members) + closing
    return "{" + ",".join(members) + "}"


BAD_MEMBERS = [b"", b'"q":NaN', b'"q":"\xff"', b'"q":"\xc0\xaf"', b'"q":"\xed\xa0\x80"', b'"q"',
               b'"q":"\\ud800"', b'"q":"\x01"', b'"q":01', b'"q":.5', b'"q":+1', b'"q":"\\x41"',
               b'"q":1.', b'"q":tru', b"q:1", b'"q":"\t"', b'"q":-', b'"q":1e', b'"q":"\\udc00"']


def break_json(rng, text):
    """A line that is no JSON object: not an object, not alone, or with a bad member."""
    line = text.encode()
    draw = rng.random()
    if draw < 0.2:
        return line[:rng.randrange(1, len(line))]
    if draw < 0.6:
        return rng.choice([b"[" + line + b"]", line + b" x", line + line, b"7", b"null", b'"x"',
                           b"{'a':1}", b"// " + line, BOM + line, line + b",", b"{" + line,
                           b"\x00", line + b"\x00"])
    return line.rstrip()[:-1] + b"," + rng.choice(BAD_MEMBERS) + b"}"


def json_records(rng, content, count):
    out = []
    for _ in range(count):
        bad = rng.choice(BAD_KINDS) if rng.random() < content.bad_share else None
        text = json_object(rng, content.fields(bad))
        out.append(break_json(rng, text) if bad == "malformed" else text.encode())
    return out


# ---- CSV ----

def csv_field(rng, text, delimiter):
    content = text.encode()
    if any(c in content for c in (delimiter, b'"', b"\n", b"\r")) or rng.random() < 0.05:
        return b'"' + content.replace(b'"', b'""') + b'"'
    return content


def csv_text(raw):
    if raw is MISSING or raw.text == "null":
        return ""
    return raw.text


def break_csv(rng, line, delimiter):
    return rng.choice([line + delimiter + b"extra", line.partition(delimiter)[2] or b'"', b"only",
                       line + b'"', b'"x"y' + line, line + delimiter + b'"a" ', b'x"' + line,
                       line + delimiter, b" "])


def csv_records(rng, content, count, delimiter):
    """(column names in their order, records, did it break any)."""
    names = [name for name, _ in content.fields(None)] + ["extra"]
    order = list(range(len(names)))
    rng.shuffle(order)
    out, broken = [], False
    for _ in range(count):
        bad = rng.choice(BAD_KINDS) if rng.random() < content.bad_share else None
        texts = [csv_text(raw) for _, raw in content.fields(bad)] + [rng.choice(["", "x", "é"])]
        cells = [csv_field(rng, texts[i], delimiter) for i in order]
        if rng.random() < 0.01:
            cells[order.index(names.index("s"))] = b"\xff\xe9"
        if bad == "key" and content.keys:
            cells[order.index(names.index(content.keys[0]))] = b"a\xe9"
        line = delimiter.join(cells)
        if bad == "malformed":
            line, broken = break_csv(rng, line, delimiter), True
        out.append(line)
    return [names[i] for i in order], out, broken


# ---- options ----

NUMBER_FUNCTIONS = ["sum", "sum", "mean", "var", "stddev", "min", "max", "median", "p95", "p99.9",
                    "p0", "p100", "p25", "p33.3"]
VALUE_FUNCTIONS = ["first", "last", "distinct", "mode", "topk", "count", "approx_distinct"]
EDGE_FUNCTIONS = ["min", "max", "first", "last", "distinct", "mode", "median"]


def one_agg(rng, content):
    if rng.random() < 0.15:
        return rng.choice(["count", "rate"]) if "conditions" in BUILT else "count"
    name = rng.choice(content.numbers * 2 + ["s"])
    if name == "s":
        function = rng.choice(VALUE_FUNCTIONS)
    elif name == "edge":
        function = rng.choice(EDGE_FUNCTIONS)
    else:
        function = rng.choice(NUMBER_FUNCTIONS * 2 + VALUE_FUNCTIONS
                              + (["rate"] if "conditions" in BUILT and name != "edge" else [])
                              + (["approx_p50", "approx_p99"] if name in ("pos", "v") else []))
    return f"{function}:{name}" + (f":{rng.randint(1, 4)}" if function == "topk" else "")


def agg_options(rng, content):
    aggs = list(dict.fromkeys(one_agg(rng, content) for _ in range(rng.choice([1, 2, 3, 5]))))
    if "conditions" in BUILT:
        aggs = [f"{one}[{condition_text(rng, content)}]" if rng.random() < 0.15 else one for one in aggs]
        if rng.random() < 0.1:
            aggs.append(f"share[{condition_text(rng, content)}]")
    # topk_s with two sizes would be two columns of one name.
    seen, kept = set(), []
    for agg in aggs:
        column = ":".join(agg.split("[")[0].split(":")[:2])
        if column not in seen or rng.random() < 0.02:
            kept.append(f"n{len(kept)}={agg}" if rng.random() < 0.1 else agg)
            seen.add(column)
    if rng.random() < 0.1:
        return []
    if rng.random() < 0.2:
        return [["-a", agg] for agg in kept]
    return [[rng.choice(["-a", "--agg"]), ",".join(kept)]]


def window_options(rng, step):
    """The window, and perhaps an offset."""
    kind = rng.choice(["tumbling", "tumbling", "sliding", "session", "session"])

    def size(low, high):
        return rng.randint(low, high) * step + (rng.randrange(step) if rng.random() < 0.05 else 0)

    if kind == "tumbling" and rng.random() < 0.15:
        text = "all" if rng.random() < 0.3 else "tumbling:" + rng.choice(UNITS)
        return [[rng.choice(["-w", "--window"]), text]]
    if kind == "sliding" and rng.random() < 0.3:
        small = size(1, 3)
        text = f"cumulate:{duration_text(rng, small * rng.randint(1, 12))}/{duration_text(rng, small)}"
    elif kind == "tumbling":
        text = rng.choice(["", "tumbling:"]) + duration_text(rng, size(1, 12))
    elif kind == "sliding" and rng.random() < 0.4:  # many windows over each record
        small = size(1, 2)
        long = small * rng.randint(5, 20) + rng.choice([0, 0, step])
        text = f"sliding:{duration_text(rng, long)}/{duration_text(rng, small)}"
    elif kind == "sliding":
        text = "sliding:" + duration_text(rng, size(1, 9)) + "/" + duration_text(rng, size(1, 6))
    else:
        text = "session:" + duration_text(rng, size(1, 6))
    out = [[rng.choice(["-w", "--window"]), text]]
    if kind != "session" and rng.random() < 0.3:
        sign = rng.choice(["", "-", "-"])
        out.append([f"--offset={sign}{duration_text(rng, size(0, 15))}"])
    return out


def trigger_options(rng, step):
    out = []
    if rng.random() < 0.5:
        delay = rng.choice([1, 2, 3, 5, 30]) * step
        out.append([rng.choice(["-d", "--delay"]), duration_text(rng, delay)])
    if rng.random() < 0.65:
        lateness = rng.choice([1, 2, 5, 10, 20, 100]) * step + rng.choice([0, 0, 0, step // 2])
        out.append([rng.choice(["-l", "--lateness"]), duration_text(rng, lateness)])
    if rng.random() < 0.65:
        mode = rng.choice(["accumulate", "discard", "discard", "retract", "retract"])
        out.append([rng.choice(["-m", "--mode"]), mode])
    draw = rng.random()
    if draw < 0.15:
        out.append(["--final"])
    elif draw < 0.4:
        out.append(["--early", str(rng.randint(1, 4))])
    elif draw < 0.65:
        out.append(["--early", duration_text(rng, rng.randint(1, 7) * step)])
    if draw >= 0.15 and rng.random() < 0.25:
        out.append([f"--late-every={rng.randint(1, 4)}"])
    return out


# ---- conditions ----

WORDS_BARE = ["a", "b", "A", "aa", "1", "1.0", "01", "null", "true", "false", "a,b", "-1", "1e2", "x:y"]
PATTERNS_ERE = ["^a", "a$", "^(a|b)$", "[0-9]", "^1", "q", ".", "^$", "b|1", "a,b"]


def quoted(rng, text):
    return json_string(rng, text)


def field_text(rng, name):
    if name == "x y" or rng.random() < 0.1:
        return '"' + name.replace("\\", "\\\\") + '"'
    return name


def leaf_text(rng, content):
    fields = content.numbers + content.keys + ["s"]
    field = field_text(rng, rng.choice(fields))
    draw = rng.random()
    if draw < 0.12:
        return field + rng.choice([" is null", " is not null"])
    blank = rng.choice(["", " ", "  "])
    if draw < 0.25:
        pattern = rng.choice(PATTERNS_ERE)
        value = quoted(rng, pattern) if rng.random() < 0.5 else pattern
        return field + blank + rng.choice(["=~", "!~"]) + blank + value
    op = rng.choice(["=", "=", "!=", "<", "<=", ">", ">="])
    if draw < 0.65:
        value = rng.choice(SMALL)
    elif draw < 0.8:
        value = rng.choice(WORDS_BARE)
    else:
        value = quoted(rng, rng.choice(WORDS + ["1", "0.1", ""]))
    return field + blank + op + blank + value


def condition_text(rng, content, depth=0):
    draw = rng.random()
    if depth > 3 or draw < 0.55:
        return leaf_text(rng, content)
    one = condition_text(rng, content, depth + 1)
    if draw < 0.65:
        return "not " + one
    if draw < 0.75:
        return rng.choice(["(%s)", "( %s )"]) % one
    return f"{one} {rng.choice(['and', 'or'])} {condition_text(rng, content, depth + 1)}"


def record_options(rng, content):
    """What picks records and moves clocks."""
    out = []
    if "where" in BUILT and rng.random() < 0.15:
        out += [["--where", condition_text(rng, content)] for _ in range(rng.choice([1, 1, 2]))]
    if "dedup" in BUILT and rng.random() < 0.12:
        out.append(["--dedup", rng.choice(content.numbers + content.keys + ["s"])])
    if "source" in BUILT and rng.random() < 0.15:
        out.append(["--source", rng.choice(content.keys + ["s"])])
        if rng.random() < 0.4:
            out.append(["--sources", str(rng.randint(1, 4))])
    if "max-jump" in BUILT and rng.random() < 0.12:
        out.append(["--max-jump", duration_text(rng, rng.choice([1, 3, 10, 50]) * content.clock.step)])
    if "null" in BUILT and rng.random() < 0.1:
        out.append(["--null", rng.choice(["a", "1", "null", "", "NA"])])
    return out


def result_options(rng, content, window, triggers):
    """--fill and --top, mostly where they may stand."""
    out, names = [], [group[0] for group in triggers]
    grid = not re.match("session|cumulate|all", window[0][1])
    plain = not any(name in ("-l", "--lateness", "--early") or name.startswith("--late")
                    for name in names) and not window[0][1].startswith("session")
    if content.fills and (grid or rng.random() < 0.1):
        out.append(["--fill"])
    if "top" in BUILT and rng.random() < (0.2 if plain else 0.01):
        out.append(["--top", str(rng.randint(1, 4))])
    return out


def output_options(rng):
    out = []
    for share, group in (
        (0.4, [rng.choice(["-o", "--output-format"]), rng.choice(["json", "csv", "tsv"])]),
        (0.15, ["--panes"]), (0.2, ["--row-id"]), (0.7, ["--stats"]), (0.3, ["--late", "@late"]),
        (0.25, ["--output-time", rng.choice(["s", "ms", "us", "ns", "rfc3339", "local"])]),
        (0.3, ["--bad", "@bad"]), (0.1, ["--output", "@output"]), (0.04, ["--strict"]),
        (0.03, ["--at-eof", "flush"]),
    ):
        if rng.random() < share:
            out.append(group)
    return out


WRONG_USAGE = [["--nonsense"], ["-w", "abc"], ["-w", "5"], ["-w", "sliding:5s"], ["-m", "other"],
               ["--final", "--early", "2"], ["-a", "nope:v"], ["-a", "sum"], ["-o", "xml"],
               ["-w", "0s"], ["-d", "-5s"], ["-l", "5"], ["--early", "0"], ["--late-every", "0"],
               ["-a", "topk:v"], ["-a", "p101:v"], ["-a", "count,count"], ["--time-format", "x"],
               ["-a", "window_end=count"], ["--max-record"], ["--panes=1"]]


# ---- cases ----

def terminated(rng, records, tags):
    """Line ends, blank lines, and a last line that may lack its newline."""
    end = b"\r\n" if rng.random() < 0.15 else b"\n"
    out = [record + end for record in records]
    if out and rng.random() < 0.2:
        out[-1] = records[-1]
        tags.append("unterminated")
    return out, end


def case(seed, most=None):
    """`most`: no more records than that."""
    rng = random.Random(seed)
    is_csv = rng.random() < 0.35
    content = Content(rng, is_csv)
    step = content.clock.step
    if rng.random() < 0.1:
        # Late records that bridge sessions which have fired, some of them out of order.
        window = [["-w", f"session:{duration_text(rng, 2 * step)}"]]
        triggers = [["-l", duration_text(rng, 300 * step)],
                    ["-m", rng.choice(["retract", "discard"])]]
        triggers += rng.choice([[], [["--late-every", "2"]], [["--early", "1"]]])
        content.clock.disorder, content.keys = 0.7, content.keys[:1]
    else:
        window, triggers = window_options(rng, step), trigger_options(rng, step)
    count = rng.choice([rng.randint(0, 5), rng.randint(5, 25), rng.randint(20, 60)])
    count = count if most is None else rng.randint(0, most)
    tags = []
    groups = [[rng.choice(["-t", "--time"]), ",".join(content.format.fields)]]
    groups += window + content.format.options()
    input_groups, head, records, broken = [], b"", [], False
    if not is_csv:
        tags.append("json")
        records, end = terminated(rng, json_records(rng, content, count), tags)
        if rng.random() < 0.5:
            input_groups.append(["-i", "json"])
        blanks = [b" " + end, end, b"\t" + end]
    else:
        head, records, end, broken, input_groups = csv_input(rng, content, count, tags)
        blanks = [end]
    if content.keys:
        groups.append([rng.choice(["-k", "--key"]), ",".join(content.keys)])
    if "numbered" in tags:
        groups = [["-t", "1"], groups[1]] + content.format.options()
        content.numbers, content.keys = [], []
    else:
        groups += agg_options(rng, content)
        groups += record_options(rng, content)
    results = result_options(rng, content, window, triggers)
    groups += triggers + results + input_groups + output_options(rng)
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(records)) if records else 0
            records.insert(at, rng.choice(blanks))
    if rng.random() < 0.08:
        head = BOM + head
    explicit = any(group[0] == "-i" for group in input_groups)
    shufflable = not broken and ("json" in tags or explicit or head.removeprefix(BOM) != b"")
    if records and end == b"\n" and "numbered" not in tags and rng.random() < 0.05:
        lengths = sorted(len(record) - 1 for record in records)
        groups.append(["--max-record", str(max(lengths[len(lengths) // 2], len(head), 20))])
        shufflable = False
    if rng.random() < 0.02:
        groups.append(rng.choice(WRONG_USAGE))
    before = rng.choice([b"", b"earlier\n"]) if ["--output", "@output"] in groups else b""
    return Case(groups, head, records, before, shufflable, tags)


def csv_input(rng, content, count, tags):
    """(head, records, line end, is any row malformed, input options) of a CSV stream."""
    delimiter, groups = rng.choice([
        (b",", [["-i", "csv"]]), (b",", []), (b"\t", [["-i", "tsv"]]), (b"\t", []),
        (b";", [["-i", "csv"], ["--delimiter", ";"]]), (b"|", [["--delimiter=|"]]),
    ])
    names, lines, broken = csv_records(rng, content, count, delimiter)
    if rng.random() < 0.08:
        groups = groups + [["--ragged"]]
        lines = [line.rpartition(delimiter)[0] if rng.random() < 0.2 else line for line in lines]
    if rng.random() < 0.1:
        groups = groups + [["--comment", "#"]]
        for _ in range(rng.randint(0, 4)):
            lines.insert(rng.randint(0, len(lines)), rng.choice([b"#", b"# a, b\tc", b'#,"it', b'#"x"']))
    records, end = terminated(rng, lines, tags)
    draw = rng.random()
    if draw < 0.15 and records:
        if draw < 0.05 and len(content.format.fields) == 1 and not broken:
            # The first row decides how many columns there are: time alone, and count.
            tags.append("numbered")
            rows = [content.fields(None)[0][1].text for _ in range(count)]
            fields = [csv_field(rng, text, delimiter) + delimiter + b"x" for text in rows]
            return b"", [one + end for one in fields], end, True, groups + [["--no-header"]]
        return b"", records, end, broken, groups + [["--columns", ",".join(names)]]
    if draw > 0.98:
        names[rng.randrange(len(names))] += "?"
    head = delimiter.join(csv_field(rng, name, delimiter) for name in names) + end
    return head, records, end, broken, groups
