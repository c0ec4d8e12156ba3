"""Rows to bytes (SPEC.md section 9). A line is a list of pieces: bytes, and what the comparer
has to judge by itself: Approx cells and the row's id."""

import re

from aggregates import Approx, TopK
from decimals import number_text
from records import FALSE, NULL, NUMBER_RANK, STRING_RANK, TRUE, Typeless
from times import time_text

SPECIAL = re.compile(rb'[\x00-\x1f"\\]')
ESCAPES = {0x22: b'\\"', 0x5C: b"\\\\", 8: b"\\b", 12: b"\\f", 10: b"\\n", 13: b"\\r", 9: b"\\t"}


JSON_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class RowId:
    """Stands for 32 hex digits that the model does not compute."""


class Row:
    """One result of a window and key; `op` is given when it is written."""

    def __init__(self, start, end, key, results, pane, timing):
        self.start, self.end, self.key, self.results = start, end, key, results
        self.pane, self.timing = pane, timing


def json_quote(content):
    content = content.decode("utf-8", "replace").encode("utf-8")
    if not SPECIAL.search(content):
        return b'"' + content + b'"'
    return b'"' + b"".join(
        ESCAPES.get(byte) or (b"\\u%04x" % byte if byte < 0x20 else bytes([byte]))
        for byte in content
    ) + b'"'


def plain(value):
    """(text, is it a string) of a value; null's text is None."""
    if value in (None, NULL):
        return None, False
    if value in (TRUE, FALSE):
        return (b"true" if value == TRUE else b"false"), False
    if value[0] == STRING_RANK:
        # As written: first and last pass a number of CSV on as one.
        return value[1], not (isinstance(value[1], Typeless) and JSON_NUMBER.fullmatch(value[1]))
    assert value[0] == NUMBER_RANK
    text = number_text(value[1])
    return (None if text is None else text.encode()), False


def json_value(value):
    text, is_string = plain(value)
    if text is None:
        return b"null"
    return json_quote(text) if is_string else text


def json_topk(top):
    return b"[" + b",".join(b'{"value":%s,"count":%d}' % (json_value(value), count)
                            for value, count in top.pairs) + b"]"


def cells(row, op, options):
    """The columns in order: bytes-valued (text, is string) pairs, results, or RowId."""
    out = [(op.encode(), True)] if op else []
    for ns in (row.start, row.end):
        if options.window_kind == "all":
            out.append((None, False))
            continue
        text, is_number = time_text(ns, options.output_time, options.zone)
        out.append((text.encode(), not is_number))
    out += list(map(plain, row.key))
    for one in row.results:
        out.append(one if isinstance(one, (Approx, TopK)) else plain(one))
    if options.show_panes:
        out += [(str(row.pane).encode(), False), (row.timing.encode(), True)]
    return out + ([RowId()] if options.row_id else [])


def json_line(row, op, options):
    pieces = [b"{"]
    for i, (name, cell) in enumerate(zip(options.column_names, cells(row, op, options))):
        pieces.append((b"," if i else b"") + json_quote(name.encode()) + b":")
        if isinstance(cell, RowId):
            pieces += [b'"', cell, b'"']
        elif isinstance(cell, TopK):
            pieces.append(json_topk(cell))
        elif isinstance(cell, Approx):
            pieces.append(cell)
        elif cell[0] is None:
            pieces.append(b"null")
        else:
            pieces.append(json_quote(cell[0]) if cell[1] else cell[0])
    return pieces + [b"}\n"]


TSV_ESCAPES = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}


def csv_quote(text, delimiter):
    if delimiter == b"\t":
        return re.sub(rb"[\\\t\n\r]", lambda match: TSV_ESCAPES[match[0]], text)
    if re.search(b'[\r\n"' + delimiter + b"]", text):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text


def csv_line(row, op, options):
    delimiter = b"\t" if options.output_format == "tsv" else b","
    pieces = []
    for cell in cells(row, op, options):
        if pieces:
            pieces.append(delimiter)
        if isinstance(cell, (RowId, Approx)):
            pieces.append(cell)
        elif isinstance(cell, TopK):
            pieces.append(csv_quote(json_topk(cell), delimiter))
        else:
            pieces.append(csv_quote(cell[0] or b"", delimiter))
    return pieces + [b"\n"]


def header_line(options):
    delimiter = b"\t" if options.output_format == "tsv" else b","
    names = [csv_quote(name.encode(), delimiter) for name in options.column_names]
    return [delimiter.join(names) + b"\n"]


def line(row, op, options):
    if options.output_format == "json":
        return json_line(row, op, options)
    return csv_line(row, op, options)


def line_bytes(pieces):
    """A line as the model prints it: exact values for approximations, zeros for the id."""
    out = b""
    for piece in pieces:
        if isinstance(piece, Approx):
            out += number_text(piece.exact).encode()
        elif isinstance(piece, RowId):
            out += b"0" * 32
        else:
            out += piece
    return out
