"""The command line (SPEC.md section 11, as far as it is in scope)."""

import re
from datetime import date
from fractions import Fraction

from conditions import parse_condition
from decimals import Usage
from times import UNIT_NS, parse_duration, pattern_gives, zone_of

WINDOWS_MOST = 100000
UNITS = ["day", "week", "month", "quarter", "year"]


# long name -> (short name or None, takes a value)
TABLE = {
    "time": ("t", True), "time-format": (None, True), "year-from": (None, True), "tz": (None, True), "window": ("w", True),
    "offset": (None, True), "key": ("k", True), "agg": ("a", True), "delay": ("d", True),
    "lateness": ("l", True), "mode": ("m", True), "early": (None, True),
    "late-every": (None, True), "final": (None, False), "at-eof": (None, True),
    "input-format": ("i", True), "no-header": (None, False), "columns": (None, True),
    "delimiter": (None, True), "max-record": (None, True), "output-format": ("o", True),
    "output": (None, True), "output-time": (None, True), "panes": (None, False),
    "row-id": (None, False), "late": (None, True), "bad": (None, True), "strict": (None, False),
    "stats": (None, False), "where": (None, True), "dedup": (None, True), "source": (None, True),
    "sources": (None, True), "max-jump": (None, True), "idle-timeout": (None, True), "fill": (None, False), "top": (None, True),
    "null": (None, True), "comment": (None, True), "ragged": (None, False),
}
SHORT = {short: name for name, (short, _) in TABLE.items() if short}

NUMERIC = {"rate", "sum", "mean", "var", "stddev", "min", "max", "median"}
VALUES = {"first", "last", "distinct", "approx_distinct", "topk", "mode"}
QUANTILE = re.compile(r"(approx_)?p([0-9]+(?:\.[0-9]+)?)")


class Field:
    """A field as named on the command line: `name` is its column's name."""

    def __init__(self, typed, name=None):
        if typed == "":
            raise Usage("empty field name")
        self.whole = unescape(typed)
        self.name = self.whole if name is None else name
        self.csv_name = self.whole.encode()
        self.path = [unescape(part) for part in split(typed, ".")]


def named(text):
    """(name or None, rest) of [NAME=]REST."""
    name, *rest = split(text, "=")
    if not rest:
        return None, text
    if name == "":
        raise Usage("empty name")
    return unescape(name), "=".join(rest)


class Aggregate:
    """One of -a: its function, field, parameter, condition, column name and kind of input."""

    def __init__(self, text):
        text, self.cond = self.split_condition(text)
        name, text = named(text)
        parts = split(text, ":")
        self.function, self.param, self.rank = parts[0], None, None
        self.field = Field(parts[1]) if len(parts) > 1 else None
        quantile = QUANTILE.fullmatch(self.function)
        if quantile:
            self.rank = Fraction(quantile[2]) / 100
            if self.rank > 1:
                raise Usage("quantile above 100")
        elif self.function == "median":
            self.rank = Fraction(1, 2)
        self.numeric = self.function in NUMERIC or quantile is not None
        if not (self.numeric or self.function in VALUES | {"count", "share"}):
            raise Usage("unknown function " + self.function)
        if self.function == "share":
            if self.field is not None or self.cond is None:
                raise Usage("share takes a condition and no field")
        elif self.field is None and self.function not in ("count", "rate"):
            raise Usage(self.function + " needs a field")
        if self.function == "topk":
            if len(parts) != 3 or not re.fullmatch("[1-9][0-9]*", parts[2]):
                raise Usage("topk needs a number")
            self.param = int(parts[2])
        elif len(parts) > 2:
            raise Usage(self.function + " takes no parameter")
        default = self.function + ("_" + self.field.name if self.field else "")
        self.name = default if name is None else name

    @staticmethod
    def split_condition(text):
        """FUNCTION:FIELD[COND] in two; a backslash takes a bracket literally."""
        before, *behind = split(text, "[")
        if not behind:
            return text, None
        return before, parse_condition(text[len(before) + 1:-1], Field)


def split_aggs(text):
    """Split at commas; the first ] outside quotes that is followed by , or the end ends COND."""
    out, i = [], 0
    while True:
        one = re.match(r"(?:\\.|[^\\,\[])*", text[i:])[0]
        i += len(one)
        if text[i:i + 1] == "[":
            match = re.match(r'\[(?:"(?:[^"\\]|\\.)*"|[^"])*?\](?=,|$)', text[i:])
            if match is None:
                raise Usage("a condition is not closed")
            one += match[0]
            i += match.end()
        out.append(one)
        if i >= len(text):
            return out
        i += 1


def unescape(text):
    return re.sub(r"\\([.,:=\[\]\\])", r"\1", text)


def split(text, separator):
    """Split at separators that no backslash precedes; the backslashes stay."""
    parts, part, i = [], "", 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text):
            part += text[i:i + 2]
            i += 2
        elif text[i] == separator:
            parts.append(part)
            part = ""
            i += 1
        else:
            part += text[i]
            i += 1
    return parts + [part]


def scan(argv):
    """The given options as {long name: [values]} and the operands."""
    given, operands, words = {}, [], list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            operands += words
            break
        if word == "-" or not word.startswith("-"):
            operands.append(word)
            continue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
        else:
            name, equals, value = SHORT.get(word[1], "?"), word[2:], word[2:]
        if name not in TABLE:
            raise Usage("unknown option " + word)
        if not TABLE[name][1]:
            if equals:
                raise Usage(name + " takes no value")
            value = True
        elif not equals:
            if not words:
                raise Usage(name + " needs a value")
            value = words.pop(0)
        given.setdefault(name, []).append(value)
    return given, operands


def duration(name, text, signed=False):
    sign = -1 if signed and text.startswith("-") else 1
    if signed and text[:1] in ("-", "+"):
        text = text[1:]
    ns = parse_duration(text)
    if ns is None:
        raise Usage(f"{name}: not a duration: {text}")
    return sign * ns


def positive(name, ns):
    if ns <= 0:
        raise Usage(name + " must be positive")
    return ns


def count(name, text):
    if not re.fullmatch("[1-9][0-9]*", text):
        raise Usage(f"{name}: not a number: {text}")
    return int(text)


def choice(name, text, allowed):
    if text not in allowed:
        raise Usage(f"{name}: not one of {allowed}")
    return text


class Options:
    """The options, checked; durations in nanoseconds."""

    def __init__(self, argv):
        given, operands = scan(argv)

        def last(name, default=None):
            return given.get(name, [default])[-1]

        if last("time") is None or last("window") is None:
            raise Usage("--time and --window are needed")
        self.files = operands or ["-"]
        self.time_fields = [Field(typed) for typed in split(last("time"), ",")]
        self.zone = zone_of(last("tz", "UTC"))
        self.set_time_formats(given.get("time-format", ["auto"]), last("year-from"))
        choice("at-eof", last("at-eof", "flush"), ["flush"])
        self.set_window(last("window"))
        self.offset_ns = duration("offset", last("offset", "0"), signed=True)
        if self.window_kind == "calendar" and "offset" in given:
            raise Usage("--offset with a calendar window")
        self.keys = []
        for text in given.get("key", []):
            for one in split(text, ","):
                name, typed = named(one)
                self.keys.append(Field(typed, name))
        self.aggs = [Aggregate(one) for text in given.get("agg", ["count"])
                     for one in split_aggs(text)]
        self.where = [parse_condition(text, Field) for text in given.get("where", [])]
        self.dedup = Field(last("dedup")) if "dedup" in given else None
        self.nulls = [text.encode() for text in given.get("null", [])]
        self.set_clocks(last)
        self.lateness_ns = duration("lateness", last("lateness", "0"))
        self.mode = choice("mode", last("mode", "accumulate"), ["accumulate", "discard", "retract"])
        self.final = "final" in given
        if self.window_kind == "all":
            self.lateness_ns, self.final = 0, False
        self.set_early(last("early"), "final" in given)
        self.late_every = count("late-every", last("late-every", "1"))
        self.input_format = choice("input-format", last("input-format", "auto"),
                                   ["json", "csv", "tsv", "auto"])
        self.no_header = "no-header" in given
        self.ragged = "ragged" in given
        self.comment = last("comment") and last("comment").encode()
        self.columns = None
        if last("columns") is not None:
            self.columns = [Field(name).csv_name for name in split(last("columns"), ",")]
        self.delimiter = last("delimiter")
        if self.delimiter is not None and len(self.delimiter.encode()) != 1:
            raise Usage("delimiter: one character")
        self.max_record = count("max-record", last("max-record", str(16 << 20)))
        self.output_format = choice("output-format", last("output-format", "json"),
                                    ["json", "csv", "tsv"])
        self.output = last("output")
        self.output_time = choice("output-time", last("output-time", "rfc3339"),
                                  ["rfc3339", "local", *UNIT_NS])
        self.row_id = "row-id" in given
        self.late_file, self.bad_file = last("late"), last("bad")
        self.strict, self.stats = "strict" in given, "stats" in given
        self.fill = "fill" in given
        if self.fill and self.window_kind in ("session", "cumulate", "all"):
            raise Usage("--fill is for tumbling and sliding windows")
        fires_again = (self.lateness_ns > 0 or "early" in given) and not self.final
        self.show_panes = fires_again or "panes" in given
        self.column_names = self.output_columns()
        if len(set(self.column_names)) < len(self.column_names):
            raise Usage("two output columns of one name")
        self.set_top(last("top"), fires_again)

    def set_time_formats(self, formats, year_from):
        self.time_formats, self.year_from = formats, None
        if year_from is not None:
            try:
                self.year_from = date.fromisoformat(year_from)
            except ValueError:
                raise Usage("year-from") from None
        if all("%" not in one for one in formats):
            self.time_formats = [choice("time-format", one, ["auto", *UNIT_NS]) for one in formats][-1:]
            return
        for one in formats:
            if "%" not in one:
                raise Usage("time-format: patterns beside others")
            if not {"year", "all"} & pattern_gives(one) and self.year_from is None:
                raise Usage("time-format: no year")

    def set_window(self, text):
        kind, colon, sizes = text.partition(":")
        if text == "all" or (kind == "tumbling" and sizes in UNITS):
            self.window_kind, self.unit = ("all" if text == "all" else "calendar"), sizes
            return
        if not colon:
            kind, sizes = "tumbling", text
        self.window_kind = choice("window", kind, ["tumbling", "sliding", "cumulate", "session"])
        size, slash, slide = sizes.partition("/")
        if bool(slash) != (kind in ("sliding", "cumulate")):
            raise Usage("window: SIZE/SLIDE is for sliding and cumulating windows")
        self.size_ns = positive("window", duration("window", size))
        self.slide_ns = positive("window", duration("window", slide if slash else size))
        if kind == "cumulate" and self.size_ns % self.slide_ns:
            raise Usage("window: SIZE is a multiple of STEP")
        if -(-self.size_ns // self.slide_ns) > WINDOWS_MOST:
            raise Usage("window: too many windows a record")

    def set_clocks(self, last):
        text = last("delay", "0")
        self.delay_ns = None if text == "all" else duration("delay", text)
        self.source = Field(last("source")) if last("source") is not None else None
        self.sources = None if last("sources") is None else count("sources", last("sources"))
        self.max_jump_ns = None
        if last("max-jump") is not None:
            self.max_jump_ns = positive("max-jump", duration("max-jump", last("max-jump")))
        self.idle_ns = None
        if last("idle-timeout") is not None:
            self.idle_ns = positive("idle-timeout", duration("idle-timeout", last("idle-timeout")))
            if self.delay_ns is None:
                raise Usage("--idle-timeout with --delay all")
        if self.sources is not None and (self.source is None or self.delay_ns is None):
            raise Usage("--sources needs --source and a delay")

    def set_top(self, text, fires_again):
        self.top = self.top_by = None
        if text is None:
            return
        number, *name = split(text, ":")
        self.top = count("top", number)
        names = [agg.name for agg in self.aggs]
        if name and unescape(":".join(name)) not in names:
            raise Usage("--top: no such aggregate")
        self.top_by = names.index(unescape(":".join(name))) if name else 0
        by = self.aggs[self.top_by].function
        if by in ("first", "last", "mode", "topk") or fires_again or self.window_kind == "session":
            raise Usage("--top")

    def set_early(self, text, final):
        self.early_count = self.early_ns = None
        if text is None:
            return
        if final:
            raise Usage("--final excludes --early")
        if re.fullmatch("[0-9]+", text):
            self.early_count = count("early", text)
        else:
            self.early_ns = positive("early", duration("early", text))
            if self.delay_ns is None:
                raise Usage("--early with --delay all")

    def output_columns(self):
        names = ["op"] if self.mode == "retract" else []
        names += ["window_start", "window_end"]
        names += [key.name for key in self.keys] + [agg.name for agg in self.aggs]
        names += ["pane", "timing"] if self.show_panes else []
        return names + (["id"] if self.row_id else [])
