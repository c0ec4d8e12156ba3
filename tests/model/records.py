"""Input bytes to records, and records to typed values (SPEC.md sections 7, 8)."""

import json
import re
import sys

from conditions import holds, leaves
from decimals import Bad, Usage, number_text, parse_number
from times import parse_time

BOM = b"\xef\xbb\xbf"
RECORD_SEPARATOR = b"\x1e"
QUOTE = ord('"')

# A value is a pair (rank, content); pairs of values compare as the spec orders them.
NULL, FALSE, TRUE = (0, 0), (1, 0), (2, 0)
NUMBER_RANK, STRING_RANK = 3, 4


JSON_DEEPEST = 2048
sys.setrecursionlimit(10 * JSON_DEEPEST)


class Failure(Exception):
    """The run cannot go on because of what stands in a line (0: in none): exit status 1."""

    def __init__(self, line, reason):
        super().__init__(reason)
        self.line = line


class NumberText:
    """A JSON number, not yet judged."""

    def __init__(self, text):
        self.text = text


class Typeless(bytes):
    """A text of CSV, which may be meant as a number."""


class Written(bytes):
    """A field whose escapes were undone, and what was written."""

    def __new__(cls, undone, written):
        field = super().__new__(cls, undone)
        field.written = written
        return field


class Record:
    """One record as it stands in the input. `fields` is None if it is malformed (`reason`)."""

    def __init__(self, line, raw, fields, reason=None):
        self.line, self.raw, self.fields, self.reason = line, raw, fields, reason


# ---- JSON ----

def json_string(text):
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text).encode()


def json_check(value):
    """Strings become bytes, everywhere in the record."""
    if isinstance(value, str):
        return json_string(value)
    if isinstance(value, list):
        return [json_check(one) for one in value]
    return value


def json_object(pairs):
    if any("\0" in name for name, _ in pairs):
        raise Bad("U+0000 in a name")
    return {json_string(name): json_check(value) for name, value in pairs}


def no_constant(_):
    raise Bad("NaN and infinities are no JSON")


def parse_json(raw):
    try:
        value = json.loads(raw.decode("utf-8", "replace"), parse_int=NumberText, parse_float=NumberText,
                           parse_constant=no_constant, object_pairs_hook=json_object)
    except ValueError:
        raise Bad("malformed JSON") from None
    json_check(value)
    if not isinstance(value, dict):
        raise Bad("not an object")
    return value


def without_marks(text, blank=b""):
    """Behind what may stand before a record of JSON."""
    while text.startswith((BOM, RECORD_SEPARATOR)) or (blank and text[:1] and text[:1] in blank):
        text = text[3:] if text.startswith(BOM) else text[1:]
    return text


def read_json(data, options):
    lines = data.split(b"\n")
    for number, raw in enumerate(lines, 1):
        text = without_marks(raw)
        if len(raw) <= options.max_record and text.strip(b" \t\r") == b"":
            continue
        try:
            if len(raw) > options.max_record:
                raise Bad("record too long")
            yield Record(number, raw, parse_json(text))
        except Bad as bad:
            yield Record(number, raw, None, str(bad))


def json_field(fields, field):
    """The value at a path; missing is None, as null is."""
    value = fields
    for part in field.path:
        if isinstance(value, dict):
            value = value.get(part.encode())
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


# ---- CSV and TSV ----

def split_csv(data, start, delimiter):
    """(fields or None if malformed, end) of the record at start; data[end] is its newline."""
    fields, i = [], start
    while True:
        content = bytearray()
        if data[i:i + 1] == b'"':
            i += 1
            while True:
                if i >= len(data):  # the last newline is the record's end all the same
                    return None, len(data) - data.endswith(b"\n")
                if data[i] != QUOTE:
                    content.append(data[i])
                    i += 1
                elif data[i + 1:i + 2] == b'"':
                    content.append(QUOTE)
                    i += 2
                else:
                    i += 1
                    break
            if data[i:i + 2] in (b"\r\n", b"\r"):  # the latter: at the end of the input
                i += 1
        else:
            while i < len(data) and data[i:i + 1] not in (delimiter, b"\n", b'"'):
                content.append(data[i])
                i += 1
            if data[i:i + 1] in (b"\n", b"") and content.endswith(b"\r"):
                content.pop()
        fields.append(bytes(content))
        if i >= len(data) or data[i:i + 1] == b"\n":
            return fields, i
        if data[i:i + 1] != delimiter:  # a quote within, or text after a quoted field
            newline = data.find(b"\n", i)
            return None, newline if newline >= 0 else len(data)
        i += 1


def csv_rows(data, delimiter, max_record, comment):
    """Every non-empty row as (line, raw, fields or None, reason)."""
    start = 0
    while start < len(data):
        reason = "malformed CSV"
        if comment and data.startswith(comment, start):
            newline = data.find(b"\n", start)
            fields, end = [], newline if newline >= 0 else len(data)
        else:
            fields, end = split_csv(data, start, delimiter)
        if end - start > max_record:
            newline = data.find(b"\n", start + max_record)
            end = newline if newline >= 0 else len(data)
            fields, reason = None, "record too long"
        raw = data[start:end]
        if raw not in (b"", b"\r"):
            yield 1 + data.count(b"\n", 0, start), raw, fields, reason
        start = end + 1


TSV_ESCAPES = {b"\\t": b"\t", b"\\n": b"\n", b"\\r": b"\r", b"\\\\": b"\\"}


def tsv_rows(data, delimiter, max_record):
    """The same of TSV: a record is a line, a quote a byte like any other."""
    for number, raw in enumerate(data.split(b"\n"), 1):
        text = raw.removesuffix(b"\r")
        if len(raw) > max_record:
            yield number, raw, None, "record too long"
        elif text != b"":
            fields = [Written(re.sub(rb"\\[tnr\\]", lambda match: TSV_ESCAPES[match[0]], field), field)
                      for field in text.split(delimiter)]
            yield number, raw, fields, None


def without_comments(rows, options):
    for row in rows:
        overlong = len(row[1]) > options.max_record  # a bad record, whatever it begins with
        if options.comment is None or overlong or not row[1].startswith(options.comment):
            yield row


def read_csv(data, delimiter, options, kind):
    if kind == "tsv":
        rows = tsv_rows(data, delimiter, options.max_record)
    else:
        rows = csv_rows(data, delimiter, options.max_record, options.comment)
    rows = without_comments(rows, options)
    names, cut_by_cr = options.columns, False
    if names is None and not options.no_header:
        header = next(rows, None)
        if header is None:
            return
        names = header[2]
        if names is None:
            raise Failure(header[0], "the header is malformed")
        names = [name or str(i).encode() for i, name in enumerate(names, 1)]
        raw, rows = header[1], list(rows)
        cut_by_cr = (not rows and not data.endswith(b"\n") and data.endswith(raw)
                     and b"\r" in raw.removesuffix(b"\r") and b'"' not in raw)
    if names is not None:
        for field in all_fields(options):
            if field.csv_name not in names:
                raise Usage(f"no column {field.name} among {names}")
    if cut_by_cr:
        raise Failure(0, "the lines end in CR alone")
    for line, raw, fields, reason in rows:
        if fields is None:
            yield Record(line, raw, None, reason)
            continue
        if names is None:
            names = [str(number).encode() for number in range(1, len(fields) + 1)]
        if options.ragged:
            fields = fields + [b""] * (len(names) - len(fields))
        if len(fields) != len(names):
            yield Record(line, raw, None, "wrong number of fields")
        else:
            # Of columns of one name the first counts.
            yield Record(line, raw, dict(zip(reversed(names), reversed(fields))))


def all_fields(options):
    conditions = options.where + [agg.cond for agg in options.aggs if agg.cond]
    return (options.time_fields + options.keys + [agg.field for agg in options.aggs if agg.field]
            + [leaf.field for tree in conditions for leaf in leaves(tree)]
            + [field for field in (options.dedup, options.source) if field])


# ---- both ----

def skip_to_record(data, options):
    """Behind empty lines and comments."""
    while data:
        line, newline, rest = data.partition(b"\n")
        comment = options.comment and line.startswith(options.comment)
        if not (comment or (newline and line in (b"", b"\r"))):
            break
        data = rest
    return data


def input_format(data, options):
    if options.input_format != "auto":
        return options.input_format
    content = without_marks(data, b" \t\r\n")
    if len(data) - len(content) > options.max_record:
        raise Failure(0, "too many blank bytes")
    if content == b"" or content.startswith(b"{"):
        return "json"
    first, *rest = skip_to_record(data, options).split(b"\n", 1)
    named = all(field.csv_name in first for field in options.time_fields)
    if len(first) > options.max_record:
        first, rest = first[:options.max_record], []
    if rest and not (options.no_header or options.columns or named) \
            and without_marks(skip_to_record(rest[0], options)).startswith(b"{"):
        return "json"
    if b"\t" in first and b"," not in first and options.delimiter is None:
        return "tsv"
    return "csv"


def read_records(data, options):
    """(records, field reader, what an empty field means to an aggregate)."""
    if len(data) >= 8 and any(data[i:8:2] == bytes(4) and 0 not in data[1 - i:8:2] for i in (0, 1)):
        raise Failure(0, "UTF-16")
    data = data.removeprefix(BOM)
    kind = input_format(data, options)
    if kind == "json":
        return read_json(data, options), json_field
    delimiter = (options.delimiter or ("\t" if kind == "tsv" else ",")).encode()
    return read_csv(data, delimiter, options, kind), lambda fields, field: fields.get(field.csv_name)


def value_of(raw):
    """The typed value of a field; Bad if it is an object or an array."""
    if raw is None:
        return NULL
    if isinstance(raw, bool):
        return TRUE if raw else FALSE
    if isinstance(raw, NumberText):
        return NUMBER_RANK, parse_number(raw.text)
    if isinstance(raw, bytes):
        return STRING_RANK, raw
    raise Bad("an object or an array")


def key_value(raw, is_csv):
    if is_csv and raw is not None:
        raw = raw.decode("utf-8", "replace").encode()
    return value_of(raw)


def number_of(raw):
    if isinstance(raw, NumberText):
        return parse_number(raw.text)
    if isinstance(raw, bytes):
        return parse_number(raw.decode("latin-1"))
    raise Bad("not a number")


def condition_value(raw, is_csv):
    """A field as conditions see it, see conditions.leaf_holds()."""
    if raw is None or (is_csv and raw == b""):
        return None
    if isinstance(raw, bool):
        return "text", "true" if raw else "false", None
    if isinstance(raw, NumberText):
        try:
            number = parse_number(raw.text)
        except Bad:
            return "text", raw.text, None
        return "text", number_text(number), number
    if not isinstance(raw, bytes):
        return Bad
    text = raw.decode("utf-8", "surrogateescape")
    try:
        return "text", text, parse_number(text.strip(" \t") if is_csv else text)
    except Bad:
        return "text", text, None


def agg_value(agg, raw, is_csv):
    """What one record gives to an aggregate; None is no value."""
    if raw is None or (is_csv and raw == b""):
        return None
    if agg.function == "count":
        return TRUE
    if agg.numeric and isinstance(raw, bytes):
        raw = raw.strip(b" \t") if is_csv else raw
        return None if raw == b"" else number_of(raw)
    if is_csv and agg.function in ("first", "last"):
        raw = Typeless(raw)
    return number_of(raw) if agg.numeric else value_of(raw)


def time_of(raws, options, is_csv):
    texts = []
    if is_csv:
        raws = [raw and raw.strip(b" \t") for raw in raws]
    for raw in raws:
        if isinstance(raw, NumberText):
            texts.append(raw.text)
        elif isinstance(raw, bytes) and raw:
            texts.append(raw.decode("latin-1"))
        else:
            raise Bad("no usable time")
    return parse_time(" ".join(texts), options.time_formats, options.zone, options.year_from)


class Event:
    """A record as the options see it; each question raises Bad if the answer makes it bad."""

    def __init__(self, record, read_field, options):
        self.record, self.read_field, self.options = record, read_field, options
        self.is_csv = read_field is not json_field

    def raw(self, field):
        raw = self.read_field(self.record.fields, field)
        written = getattr(raw, "written", raw)
        return None if isinstance(raw, bytes) and written in self.options.nulls else raw

    def time(self):
        if self.record.fields is None:
            raise Bad(self.record.reason)
        return time_of([self.raw(field) for field in self.options.time_fields], self.options, self.is_csv)

    def key(self):
        return tuple(key_value(self.raw(field), self.is_csv) for field in self.options.keys)

    def key_of(self, field):
        """A value that tells sources or ids apart; None for no value."""
        if field is None:
            return None
        raw = self.raw(field)
        if raw is None or (self.is_csv and raw == b""):
            return None
        return value_of(raw)

    def meets(self, tree):
        return holds(tree, lambda field: condition_value(self.raw(field), self.is_csv))

    def value(self, agg):
        meets = agg.cond is None or self.meets(agg.cond)
        if agg.function == "share":
            return TRUE if meets else FALSE
        if not meets:
            return None
        return agg_value(agg, self.raw(agg.field), self.is_csv) if agg.field else TRUE

    def values(self):
        return [self.value(agg) for agg in self.options.aggs]
