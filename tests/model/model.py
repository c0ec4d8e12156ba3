#!/usr/bin/env python3
"""A naive winagg: says what SPEC.md says, step by step, keeping every record of every window
and computing every row from scratch. It takes winagg's command line and is its oracle."""

import os
import sys
from collections import namedtuple
from fractions import Fraction
from itertools import groupby
from math import inf

from aggregates import Approx, result
from decimals import Bad, Usage, number_text
from options import Options
from records import Event, Failure, read_records
from rows import Row, header_line, line, line_bytes
from times import INT64_MAX, INT64_MIN, calendar_bounds, saturate, time_text

REPORTED_BAD_MAX = 10

JUMPS_BELIEVED = 10
DAY_NS = 86400 * 10**9

Entry = namedtuple("Entry", "time arrival values id")
Timer = namedtuple("Timer", "at rank end start key what window")
EXPIRY, ON_TIME, EARLY = range(3)


class Clock:
    """A source's clock: the highest event time that moved it, and the jumps not yet believed."""

    def __init__(self):
        self.highest, self.ahead = None, []
        self.silent_ns = 0     # what was waited for since its last record

    def see(self, time, max_jump_ns):
        if self.highest is None:
            self.highest = time
        elif max_jump_ns is not None and time - self.highest > max_jump_ns:
            self.ahead.append(time)
            if len(self.ahead) == JUMPS_BELIEVED:
                self.highest, self.ahead = min(self.ahead), []
        else:
            self.highest, self.ahead = max(self.highest, time), []


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
        self.clocks = {}       # by source
        self.ids = {}          # remembered by --dedup: what forgets them at that watermark
        self.keys = {}         # --fill: the start of each key's first window, W when it came
        self.watermark = -inf
        self.waited_ns = self.silent_ns = 0   # since the start, since the last record of any source
        self.part_ns = 0       # silence before the records at hand, which counts when they are read
        self.max_time = None
        self.lines = []        # of pieces, see rows.py
        self.pending = []      # --top: the rows of one window
        self.opened = self.rows = self.arrivals = self.partly_late = self.too_late_by = 0

    # ---- one record (section 5) ----

    def take(self, time, key, values, source=None, id=None):
        """The record's verdict: unassigned, too_late, late, used."""
        self.arrivals += 1
        entry = Entry(time, self.arrivals, values, id)
        if self.options.window_kind == "session":
            verdict = self.add_to_session(entry, key)
        else:
            verdict = self.add_to_windows(entry, key)
        if verdict in ("used", "late") and id is not None and self.options.window_kind != "session":
            _, end, start = max((end - start, end, start) for start, end in self.bounds_of(time))
            self.ids[id] = saturate(time + self.options.lateness_ns + end - start) if end != inf else inf
        self.move_clock(time, source)
        return verdict

    def move_clock(self, time, source=None):
        self.max_time = time if self.max_time is None else max(self.max_time, time)
        clock = self.clocks.setdefault(source, Clock())
        clock.see(time, self.options.max_jump_ns)
        clock.silent_ns = self.silent_ns = -self.part_ns
        self.follow_clocks()

    def be_silent(self, ns):
        """So long was waited, and no record came; W follows when that is called next."""
        self.waited_ns += ns
        self.silent_ns += ns
        for clock in self.clocks.values():
            clock.silent_ns += ns

    def follow_clocks(self):
        """W = max(W, the lowest clock over the active sources); all silent: the wall clock's pace."""
        idle_ns = self.options.idle_ns or inf
        all_announced = len(self.clocks) >= (self.options.sources or 1) or self.waited_ns >= idle_ns
        if self.options.delay_ns is None or not self.clocks or not all_announced:
            return
        active = [clock.highest for clock in self.clocks.values() if clock.silent_ns < idle_ns]
        now = min(active) if active else \
            max(clock.highest for clock in self.clocks.values()) + self.silent_ns
        self.advance(max(self.watermark, saturate(now - self.options.delay_ns)))

    def is_duplicate(self, id):
        if id is None:
            return False
        if self.options.window_kind == "session":
            return any(entry.id == id for window in self.windows for entry in window.records)
        return id in self.ids and not self.passed(self.ids[id])

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
        # Bounds that saturate may be equal: then it is one window.
        return sorted(set(found), key=lambda bounds: (bounds[1], bounds[0]))

    def add_to_windows(self, entry, key):
        bounds = self.bounds_of(entry.time)
        if not bounds:
            return "unassigned"
        live = [(start, end) for start, end in bounds if not self.passed(self.expiry(end))]
        if not live:
            return self.too_late(entry)
        self.partly_late += len(live) < len(bounds)
        if self.options.fill:
            first, end = bounds[0]
            if self.options.window_kind != "calendar" and end != INT64_MAX:
                first = end - self.options.size_ns  # that of a start that saturated
            old = self.keys.get(key)
            self.keys[key] = (first, self.watermark) if old is None else (min(first, old[0]), old[1])
        windows = [self.find(start, end, key) for start, end in live]
        return self.add(entry, windows)

    def too_late(self, entry):
        self.too_late_by = saturate(max(self.too_late_by, self.watermark - entry.time))
        return "too_late"

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
            return self.too_late(entry)
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

    def end(self):
        self.last_watermark = self.watermark
        self.advance(inf)

    def advance(self, watermark):
        before, self.watermark = self.watermark, watermark
        if self.options.fill and watermark > before:
            self.fill(before)
        timers = sorted(self.timers(before), key=lambda timer: timer[:5])
        for _, group in groupby(timers, key=lambda timer: timer[:4]):
            for timer in group:
                timer.what(timer.window)
            self.write_top()

    def fill(self, before):
        """Opens the windows without a record that pass now, for each key from its first one on."""
        moved = [clock.highest for clock in self.clocks.values()]
        for key, (first, seen_at) in self.keys.items():
            start = first
            while moved and start <= max(moved):
                end = self.bounds_of(start)[-1][1] if self.options.window_kind == "calendar" \
                    else saturate(start + self.options.size_ns)
                if self.passed(end) and end > before and end > seen_at:
                    self.find(saturate(start), end, key).on_time_due = True
                start = end if self.options.window_kind == "calendar" else start + self.options.slide_ns

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
                if multiple < INT64_MAX and multiple <= self.watermark and multiple < window.end:
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
        length = None if window.end == inf else window.end - window.start
        results = [result(agg, i, records, length) for i, agg in enumerate(self.options.aggs)]
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
        if self.options.top is not None:
            self.pending.append((op, row))
        else:
            self.write_line(op, row)

    def write_top(self):
        def order(pending):
            result = pending[1].results[self.options.top_by]
            if isinstance(result, Approx):
                return (0, -result.exact)
            # By what is printed: two sums that are printed alike are a tie, as a reader sees them.
            if result is None:
                return (1, 0)
            return (0, -Fraction(number_text(result[1]) or result[1]))

        for op, row in sorted(self.pending, key=order)[:self.options.top]:
            self.write_line(op, row)
        self.pending = []

    def write_line(self, op, row):
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


def judge(model, event):
    """One record's verdict; Bad if it is bad (section 12)."""
    options = model.options
    time = event.time()
    if not all(event.meets(tree) for tree in options.where):
        model.move_clock(time, event.key_of(options.source))
        return time, "filtered"
    id = event.key_of(options.dedup)
    if model.is_duplicate(id):
        model.move_clock(time, event.key_of(options.source))
        return time, "duplicates"
    return time, model.take(time, event.key(), event.values(), event.key_of(options.source), id)


def feed(model, records, read_field, outcome, counts):
    for record in records:
        counts["records"] += 1
        try:
            time, verdict = judge(model, Event(record, read_field, model.options))
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
        counts["used"] += verdict in ("used", "late")
        counts[verdict] = counts.get(verdict, 0) + (verdict != "used")
        if verdict == "too_late":
            outcome.late += record.raw + b"\n"


def duration_text(ns):
    """As winagg prints a length: 1h30m, 1.5s."""
    text = ""
    for unit, length in (("w", 7 * DAY_NS), ("d", DAY_NS), ("h", 3600 * 10**9), ("m", 60 * 10**9)):
        text += f"{ns // length}{unit}" if ns >= length else ""
        ns %= length
    for unit, length in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)):
        if ns >= length:
            digits = len(str(length)) - 1
            text += (f"{ns // length}." + str(ns % length).zfill(digits)[:digits]).rstrip("0").rstrip(".") + unit
            break
    return f'"{text or 0}"'


def statistics(model, counts, options):
    def time(ns):
        if ns is None:
            return "null"
        text, is_number = time_text(ns, options.output_time, options.zone)
        return text if is_number else f'"{text}"'

    counts.update(windows=model.opened, rows=model.rows, partly_late=model.partly_late)
    stats = [(name, str(counts.get(name, 0))) for name in (
        "records", "bytes", "used", "bad", "late", "too_late", "unassigned", "filtered",
        "duplicates", "windows", "rows")]
    finite = None if model.last_watermark == -inf else model.last_watermark
    return stats + [("watermark", time(finite)), ("max_event_time", time(model.max_time)),
                    ("partly_late", str(counts["partly_late"])),
                    ("too_late_by", duration_text(model.too_late_by) if "too_late" in counts else "null"),
                    ("replayed", "0"), ("fill_skipped", "0")]


def run(argv, read_input, output_is_empty=lambda path: True):
    """Runs the model: read_input(FILE or '-') gives the bytes."""
    outcome = Result()
    try:
        options = outcome.options = Options(argv)
        data = read_input(options.files[0])
        model = Model(options)
        counts = {"records": 0, "bad": 0, "used": 0, "bytes": len(data)}
        try:
            records, read_field = read_records(data, options)
            feed(model, records, read_field, outcome, counts)
            model.end()
            if counts["records"] > 0 and counts["bad"] == counts["records"]:
                outcome.status, outcome.message = 1, "every record is bad"
        except Failure as failure:
            model.last_watermark = model.watermark
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
    name = "stdin" if options.files[0] == "-" else options.files[0]
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
