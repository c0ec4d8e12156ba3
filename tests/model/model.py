#!/usr/bin/env python3
"""A naive winagg: says what SPEC.md says, step by step, keeping every record of every window
and computing every row from scratch. It takes winagg's command line and is its oracle."""

import os
import sys
from collections import namedtuple
from math import inf

from aggregates import result
from decimals import Bad, Usage
from options import Options
from records import Failure, interpret, read_records
from rows import Row, header_line, line, line_bytes
from times import INT64_MAX, calendar_bounds, saturate, time_text

REPORTED_BAD_MAX = 10

Entry = namedtuple("Entry", "time arrival values")
Timer = namedtuple("Timer", "at rank end start key what window")
EXPIRY, ON_TIME, EARLY = range(3)


class Window:
    """A window of one key and what became of it."""

    def __init__(self, start, end, key):
        self.start, self.end, self.key = start, end, key
        self.records = []      # all
        self.new = []          # those since the last pane
        self.panes = 0
        self.current = None    # the row printed last
        self.taken_back = []   # rows of sessions that this one has swallowed
        self.on_time_due = False

    def order(self):
        return self.end, self.start, self.key


class Model:
    """The semantics of SPEC.md sections 3 to 6: feed it records, read its lines."""

    def __init__(self, options):
        self.options = options
        self.windows = []
        self.watermark = -inf
        self.max_time = None
        self.lines = []        # of pieces, see rows.py
        self.opened = self.rows = self.arrivals = 0

    # ---- one record (section 5) ----

    def take(self, time, key, values):
        """The record's verdict: unassigned, too_late, late, used."""
        self.arrivals += 1
        entry = Entry(time, self.arrivals, values)
        if self.options.window_kind == "session":
            verdict = self.add_to_session(entry, key)
        else:
            verdict = self.add_to_windows(entry, key)
        self.max_time = time if self.max_time is None else max(self.max_time, time)
        clock = saturate(self.max_time - self.options.delay_ns)
        self.advance(max(self.watermark, clock))
        return verdict

    def expiry(self, end):
        return saturate(end + self.options.lateness_ns) if end != inf else inf

    def passed(self, bound):
        """A bound that saturated, or that is none, is passed at the end of the input alone."""
        return bound <= self.watermark and (bound < INT64_MAX or self.watermark == inf)

    def bounds_of(self, time):
        """[start, end) of every window that contains the time."""
        kind = self.options.window_kind
        if kind == "all":
            return [(-inf, inf)]
        if kind == "calendar":
            return [calendar_bounds(time, self.options.unit, self.options.zone)]
        size, slide, offset = self.options.size_ns, self.options.slide_ns, self.options.offset_ns
        found = []
        if kind == "cumulate":
            start = offset + (time - offset) // size * size
            ends = range(start + slide, start + size + 1, slide)
            found = [(saturate(start), saturate(end)) for end in ends if end > time]
        else:
            start = offset + (time - offset) // slide * slide
            while start + size > time:
                found.append((saturate(start), saturate(start + size)))
                start -= slide
        return sorted(found, key=lambda bounds: (bounds[1], bounds[0]))

    def add_to_windows(self, entry, key):
        bounds = self.bounds_of(entry.time)
        if not bounds:
            return "unassigned"
        live = [(start, end) for start, end in bounds if not self.passed(self.expiry(end))]
        if not live:
            return "too_late"
        windows = [self.find(start, end, key) for start, end in live]
        return self.add(entry, windows)

    def find(self, start, end, key):
        for window in self.windows:
            if (window.start, window.end, window.key) == (start, end, key):
                return window
        return self.open(start, end, key)

    def open(self, start, end, key):
        window = Window(start, end, key)
        window.on_time_due = not self.passed(end)
        self.opened += not any(self.same_window(window, other) for other in self.windows)
        self.windows.append(window)
        return window

    def same_window(self, a, b):
        """Aligned windows are counted once for all their keys; a session belongs to its key."""
        return self.options.window_kind != "session" and (a.start, a.end) == (b.start, b.end)

    def add_to_session(self, entry, key):
        start, end = entry.time, saturate(entry.time + self.options.size_ns)
        parts = [s for s in self.windows if s.key == key and start < s.end and s.start < end]
        if not parts and self.passed(self.expiry(end)):
            return "too_late"
        start = min([start] + [part.start for part in parts])
        end = max([end] + [part.end for part in parts])
        if len(parts) == 1 and (parts[0].start, parts[0].end) == (start, end):
            return self.add(entry, parts)
        session = self.open(start, end, key)
        for part in parts:
            self.windows.remove(part)
            self.opened -= 1
            session.records += part.records
            session.new += part.new
            session.taken_back += part.taken_back
            if part.current is not None:
                session.taken_back.append(part.current)
        return self.add(entry, [session])

    def add(self, entry, windows):
        for window in windows:
            window.records.append(entry)
            window.new.append(entry)
        if not self.options.final:
            for window in windows:
                if self.passed(window.end):
                    if len(window.new) >= self.options.late_every:
                        self.fire(window, "late")
                elif self.options.early_count and len(window.new) >= self.options.early_count:
                    self.fire(window, "early")
        late = entry.time < self.watermark and self.options.window_kind != "all"
        return "late" if late else "used"

    # ---- timers ----

    def advance(self, watermark):
        before, self.watermark = self.watermark, watermark
        for timer in sorted(self.timers(before), key=lambda timer: timer[:5]):
            timer.what(timer.window)

    def timers(self, before):
        due = []
        for window in self.windows:
            order = window.order()
            expiry = self.expiry(window.end)
            if window.on_time_due and self.passed(window.end) and not self.options.final:
                due.append(Timer(window.end, ON_TIME, *order, self.on_time, window))
            if self.passed(expiry):
                # Where the two coincide, expiry comes with the on-time pane.
                rank = ON_TIME if expiry == window.end else EXPIRY
                due.append(Timer(expiry, rank, *order, self.expire, window))
            if self.options.early_ns and before != -inf and window.new:
                # Further multiples would find nothing new.
                multiple = (before // self.options.early_ns + 1) * self.options.early_ns
                if multiple <= self.watermark and multiple < window.end:
                    due.append(Timer(multiple, EARLY, *order, self.early, window))
        return due

    def on_time(self, window):
        window.on_time_due = False
        self.fire(window, "on_time")

    def early(self, window):
        self.fire(window, "early")

    def expire(self, window):
        if self.options.final:
            self.fire(window, "on_time")
        elif window.new:
            self.fire(window, "late")
        self.windows.remove(window)

    # ---- panes (section 6) ----

    def fire(self, window, timing):
        records = window.new if self.options.mode == "discard" else window.records
        results = [result(agg, i, records) for i, agg in enumerate(self.options.aggs)]
        row = Row(window.start, window.end, window.key, results, window.panes, timing)
        if self.options.mode != "retract":
            self.write(None, row)
        else:
            for old in sorted(window.taken_back, key=lambda old: (old.end, old.start)):
                self.write("-D", old)
            if window.current is not None:
                self.write("-U", window.current)
            self.write("+I" if window.current is None else "+U", row)
        window.current, window.taken_back, window.new = row, [], []
        window.panes += 1

    def write(self, op, row):
        self.lines.append(line(row, op, self.options))
        self.rows += 1


class Result:
    """All that a run leaves behind."""

    def __init__(self):
        self.status = 0
        self.lines = []        # of pieces: stdout, or what --output gets
        self.bad_at = []       # (line, reason) of the reported bad records
        self.failed_at = None  # the line that ended the run
        self.bad_total = 0
        self.late, self.bad = b"", b""
        self.stats = None      # [(name, printed value)] without `seconds`
        self.message = None
        self.times = []        # event times of the records that are not bad

    def rows(self):
        return b"".join(map(line_bytes, self.lines))


def feed(model, records, read_field, outcome, counts):
    for record in records:
        counts["records"] += 1
        try:
            time, key, values = interpret(record, read_field, model.options)
        except Bad as bad:
            counts["bad"] += 1
            outcome.bad += record.raw + b"\n"
            outcome.bad_total += 1
            if outcome.bad_total <= REPORTED_BAD_MAX:
                outcome.bad_at.append((record.line, str(bad)))
            if model.options.strict:
                raise Failure(record.line, str(bad)) from None
            continue
        outcome.times.append(time)
        verdict = model.take(time, key, values)
        counts["used"] += verdict in ("used", "late")
        counts[verdict] = counts.get(verdict, 0) + (verdict != "used")
        if verdict == "too_late":
            outcome.late += record.raw + b"\n"


def statistics(model, counts, options):
    def time(ns):
        if ns is None:
            return "null"
        text, is_number = time_text(ns, options.output_time, options.zone)
        return text if is_number else f'"{text}"'

    finite = None
    if model.max_time is not None:
        finite = saturate(model.max_time - options.delay_ns)
    counts.update(windows=model.opened, rows=model.rows)
    stats = [(name, str(counts.get(name, 0))) for name in (
        "records", "bytes", "used", "bad", "late", "too_late", "unassigned", "filtered",
        "duplicates", "windows", "rows")]
    return stats + [("watermark", time(finite)), ("max_event_time", time(model.max_time))]


def run(argv, read_input, output_is_empty=lambda path: True):
    """Runs the model: read_input(FILE or '-') gives the bytes."""
    outcome = Result()
    try:
        options = outcome.options = Options(argv)
        data = read_input(options.file)
        model = Model(options)
        counts = {"records": 0, "bad": 0, "used": 0, "bytes": len(data)}
        records, read_field = read_records(data, options)
        try:
            feed(model, records, read_field, outcome, counts)
            model.advance(inf)
            if counts["records"] > 0 and counts["bad"] == counts["records"]:
                outcome.status, outcome.message = 1, "every record is bad"
        except Failure as failure:
            outcome.status, outcome.message = 1, str(failure)
            outcome.failed_at = failure.line
        if options.stats:
            outcome.stats = statistics(model, counts, options)
        outcome.lines = model.lines
        if options.output_format != "json" and (model.lines or outcome.failed_at is None):
            if options.output is None or output_is_empty(options.output):
                outcome.lines = [header_line(options)] + model.lines
    except Usage as usage:
        outcome.status, outcome.message = 2, str(usage)
    return outcome


def read_input(name):
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def write_file(path, mode, content):
    with open(path, mode) as file:
        file.write(content)


def main():
    outcome = run(sys.argv[1:], read_input,
                  lambda path: not os.path.exists(path) or os.path.getsize(path) == 0)
    if outcome.status == 2:
        print(f"winagg: {outcome.message}\nTry 'winagg --help'.", file=sys.stderr)
        return 2
    options = outcome.options
    if options.output is None:
        sys.stdout.buffer.write(outcome.rows())
    else:
        write_file(options.output, "ab", outcome.rows())
    for path, content in ((options.late_file, outcome.late), (options.bad_file, outcome.bad)):
        if path is not None:
            write_file(path, "wb", content)
    name = "stdin" if options.file == "-" else options.file
    messages = list(outcome.bad_at)
    if outcome.status == 1 and (outcome.failed_at, outcome.message) not in messages:
        messages.append((outcome.failed_at, outcome.message))
    for number, reason in messages:
        print(f"winagg: {name}:{number}: {reason}", file=sys.stderr)
    if outcome.bad_total > REPORTED_BAD_MAX:
        print(f"winagg: {outcome.bad_total} bad records in all", file=sys.stderr)
    if outcome.stats:
        print("{" + ",".join(f'"{n}":{v}' for n, v in outcome.stats) + "}", file=sys.stderr)
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
