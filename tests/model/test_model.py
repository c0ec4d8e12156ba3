#!/usr/bin/env python3
"""The model against examples worked out by hand from SPEC.md."""

import json
import unittest
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import check
import model
import streams
from decimals import Bad, number_text, parse_number, square_root
from times import calendar_bounds, parse_duration, parse_time, rfc3339_text, time_text


def run(args, records):
    """The rows of a run as dictionaries; records are dictionaries, texts or bytes."""
    texts = [json.dumps(r) if isinstance(r, dict) else r for r in records]
    data = b"".join((t.encode() if isinstance(t, str) else t) + b"\n" for t in texts)
    outcome = model.run(args.split(" "), lambda name: data)
    outcome.json = [json.loads(line) for line in outcome.rows().splitlines()]
    return outcome


def table(args, records, *columns):
    return [tuple(row.get(c) for c in columns) for row in run(args, records).json]


def clock(text, **more):
    return {"t": f"2024-05-01T{text}:00Z", **more}


def minutes(row, name):
    return row[name][11:16]


class Windows(unittest.TestCase):
    def test_sums_are_exact(self):
        records = [{"ts": n, "v": 0.1} for n in range(1, 5001)]
        outcome = run("-t ts --time-format s -w 1000s -a count,sum:v --stats", records)
        got = [(row["count"], row["sum_v"]) for row in outcome.json]
        self.assertEqual(got, [(999, 99.9)] + [(1000, 100)] * 4 + [(1, 0.1)])
        self.assertIn(b'"window_start":"1970-01-01T00:00:00Z"', outcome.rows())
        self.assertIn(("used", "5000"), outcome.stats)

    def test_times_before_1970_are_floored(self):
        got = table("-t ts --time-format s -w 10s --output-time s -d 1m",
                    [{"ts": t} for t in (-1, -10, -11, 0)], "window_start", "count")
        self.assertEqual(got, [(-20, 1), (-10, 2), (0, 1)])

    def test_offset_of_either_sign(self):
        for offset, starts in (("3s", [3, 13]), ("-3s", [7, 17]), ("13s", [3, 13])):
            got = table(f"-t ts --time-format s -w 10s --offset={offset} --output-time s",
                        [{"ts": 12}, {"ts": 22}], "window_start")
            self.assertEqual([start for (start,) in got], starts)

    def test_size_is_no_multiple_of_slide(self):
        got = table("-t ts --time-format s -w sliding:5s/3s --output-time s",
                    [{"ts": 4}], "window_start", "window_end")
        self.assertEqual(got, [(0, 5), (3, 8)])

    def test_slide_above_size_leaves_records_unassigned(self):
        outcome = run("-t ts --time-format s -w sliding:2s/5s --stats",
                      [{"ts": t} for t in (0, 1, 2, 4, 5)])
        self.assertEqual([row["count"] for row in outcome.json], [2, 1])
        self.assertIn(("unassigned", "2"), outcome.stats)


class Lateness(unittest.TestCase):
    """Events 12:00, 12:02, 12:01 in windows of 2 minutes: the third is late."""

    RECORDS = [clock("12:00", v=1), clock("12:02", v=2), clock("12:01", v=3)]

    def rows(self, args):
        return [(row.get("op"), minutes(row, "window_start"), row["sum_v"], row.get("pane"),
                 row.get("timing"))
                for row in run("-t t -w 2m -a sum:v " + args, self.RECORDS).json]

    def test_without_lateness_it_is_dropped(self):
        outcome = run("-t t -w 2m -a sum:v --stats", self.RECORDS)
        self.assertEqual([row["sum_v"] for row in outcome.json], [1, 2])
        self.assertEqual(outcome.late, json.dumps(self.RECORDS[2]).encode() + b"\n")
        self.assertIn(("too_late", "1"), outcome.stats)

    def test_delay_waits_for_it(self):
        self.assertEqual([row[2] for row in self.rows("-d 1m")], [4, 2])

    def test_accumulate(self):
        self.assertEqual(self.rows("-l 5m"), [
            (None, "12:00", 1, 0, "on_time"), (None, "12:00", 4, 1, "late"),
            (None, "12:02", 2, 0, "on_time")])

    def test_discard(self):
        self.assertEqual(self.rows("-l 5m -m discard"), [
            (None, "12:00", 1, 0, "on_time"), (None, "12:00", 3, 1, "late"),
            (None, "12:02", 2, 0, "on_time")])

    def test_retract(self):
        self.assertEqual(self.rows("-l 5m -m retract"), [
            ("+I", "12:00", 1, 0, "on_time"), ("-U", "12:00", 1, 0, "on_time"),
            ("+U", "12:00", 4, 1, "late"), ("+I", "12:02", 2, 0, "on_time")])

    def test_final(self):
        self.assertEqual(self.rows("-l 5m --final --panes"), [
            (None, "12:00", 4, 0, "on_time"), (None, "12:02", 2, 0, "on_time")])

    def test_late_every(self):
        records = self.RECORDS + [clock("12:01", v=4), clock("12:00", v=5)]
        got = table("-t t -w 2m -l 5m --late-every 2 -a sum:v", records, "sum_v", "timing")
        # The fifth comes alone and fires at expiry, after the on-time pane of the next window.
        self.assertEqual(got, [(1, "on_time"), (8, "late"), (2, "on_time"), (13, "late")])

    def test_expiry_is_exclusive(self):
        got = table("-t t -w 2m -l 1m", [clock("12:00"), clock("12:03"), clock("12:01")], "count")
        self.assertEqual(got, [(1,), (1,)])

    def test_first_record_after_the_end_has_late_panes_only(self):
        got = table("-t t -w 2m -l 5m", [clock("12:03"), clock("12:01")], "timing", "pane")
        self.assertEqual(got, [("late", 0), ("on_time", 0)])


class Triggers(unittest.TestCase):
    def test_early_count(self):
        records = [{"ts": t} for t in (0, 1, 2, 10)]
        got = table("-t ts --time-format s -w 10s --early 2 -m discard", records, "count", "timing")
        self.assertEqual(got, [(2, "early"), (1, "on_time"), (1, "on_time")])

    def test_on_time_pane_fires_with_nothing_new(self):
        got = table("-t ts --time-format s -w 10s --early 1 -m discard -a count,sum:ts,max:ts",
                    [{"ts": 3}], "count", "sum_ts", "max_ts", "timing")
        self.assertEqual(got, [(1, 3, 3, "early"), (0, 0, None, "on_time")])

    def test_early_duration_counts_from_the_first_watermark(self):
        records = [{"ts": t} for t in (4, 5, 7, 8, 25)]
        got = table("-t ts --time-format s -w 20s --early 4s", records, "count", "timing")
        # 4 is not after the first watermark; 8 fires. The record of 25 is in its window when the
        # timers 12, 16, 20 run: the window fires at 12, before the first one ends at 20.
        self.assertEqual(got, [(4, "early"), (1, "early"), (4, "on_time"), (1, "on_time")])

    def test_order_of_one_firing(self):
        records = [{"ts": 1, "k": k} for k in ("b", "a", 2, True, None, False, 10, "", "1")]
        got = table("-t ts --time-format s -w 10s -k k", records, "k")
        self.assertEqual([k for (k,) in got], [None, False, True, 2, 10, "", "1", "a", "b"])


class Sessions(unittest.TestCase):
    BRIDGED = [clock("12:00", v=1), clock("12:08", v=2), clock("12:30", v=4), clock("12:04", v=8)]

    def bounds(self, args, records, *more):
        rows = run("-t t -w session:5m " + args, records).json
        return [(minutes(r, "window_start"), minutes(r, "window_end"), *(r.get(c) for c in more))
                for r in rows]

    def test_two_sessions(self):
        records = [clock(t) for t in ("12:01", "12:03", "12:20", "12:22")]
        self.assertEqual(self.bounds("-a count", records, "count"),
                         [("12:01", "12:08", 2), ("12:20", "12:27", 2)])

    def test_exactly_the_gap_apart_is_two(self):
        got = self.bounds("-d 1h", [clock(t) for t in ("12:05", "12:00", "12:14")], "count")
        self.assertEqual(got, [("12:00", "12:05", 1), ("12:05", "12:10", 1), ("12:14", "12:19", 1)])

    def test_bridge_takes_back_both(self):
        got = self.bounds("-l 1h -m retract -a sum:v", self.BRIDGED,
                          "op", "sum_v", "pane", "timing")
        self.assertEqual(got, [
            ("12:00", "12:05", "+I", 1, 0, "on_time"), ("12:08", "12:13", "+I", 2, 0, "on_time"),
            ("12:00", "12:05", "-D", 1, 0, "on_time"), ("12:08", "12:13", "-D", 2, 0, "on_time"),
            ("12:00", "12:13", "+I", 11, 0, "late"), ("12:30", "12:35", "+I", 4, 0, "on_time")])

    def test_bridge_repeats_nothing_in_discard_mode(self):
        got = self.bounds("-l 1h -m discard -a sum:v", self.BRIDGED, "sum_v", "timing")
        self.assertEqual(got[2], ("12:00", "12:13", 8, "late"))

    def test_session_opens_again(self):
        # 12:04 joins [12:00, 12:05), which has fired, and 12:09 is still ahead of W = 12:06.
        records = [clock(t, k=k) for t, k in (("12:00", 1), ("12:06", 2), ("12:04", 1))]
        got = self.bounds("-l 1h -k k", records, "k", "timing", "count")
        self.assertEqual(got, [
            ("12:00", "12:05", 1, "on_time", 1), ("12:00", "12:09", 1, "on_time", 2),
            ("12:06", "12:11", 2, "on_time", 1)])

    def test_swallowed_sessions_are_not_counted(self):
        outcome = run("-t t -w session:5m -d 1h --stats",
                      [clock(t) for t in ("12:00", "12:08", "12:04")])
        self.assertIn(("windows", "1"), outcome.stats)


class Values(unittest.TestCase):
    def one(self, aggs, values):
        records = [{"t": i, "v": v} for i, v in enumerate(values)]
        return run(f"-t t --time-format ns -w 1s -a {aggs}", records).json[0]

    def test_quantiles(self):
        row = self.one("median:v,p25:v,p100:v,p0:v", [4, 1, 3, 2])
        self.assertEqual(list(row.values())[2:], [2.5, 1.75, 4, 1])

    def test_moments(self):
        row = self.one("mean:v,var:v,stddev:v", [2, 4, 4, 4, 5, 5, 7, 9])
        self.assertEqual(list(row.values())[2:], [5, 32 / 7, (32 / 7) ** 0.5])

    def test_nothing(self):
        row = self.one("count:v,sum:v,distinct:v,mean:v,first:v,topk:v:2,approx_distinct:v", [None])
        self.assertEqual(list(row.values())[2:], [0, 0, 0, None, None, None, 0])

    def test_types_of_values(self):
        row = self.one("distinct:v,topk:v:2,mode:v,first:v,last:v", ["1", 1, "1", 1.0, True, 2])
        self.assertEqual(list(row.values())[2:], [
            4, [{"value": 1, "count": 2}, {"value": "1", "count": 2}], 1, "1", 2])

    def test_keys_by_type(self):
        records = ['{"t":1,"k":1}', '{"t":1,"k":"1"}', '{"t":1,"k":1.0}', '{"t":1}',
                   '{"t":1,"k":null}', '{"t":1,"k":{}}', '{"t":1,"k":"x","k":1e0}']
        outcome = run("-t t -w 1s -k k", records)
        got = [(row["k"], row["count"]) for row in outcome.json]
        self.assertEqual(got, [(None, 2), (1, 3), ("1", 1)])
        self.assertEqual([line for line, _ in outcome.bad_at], [6])

    def test_paths(self):
        records = ['{"t":1,"a":{"b":[5,{"c":6}]},"x.y":7,"n":{"0":8}}']
        got = table(r"-t t -w 1s -k a.b.0,a.b.1.c,x\.y,n.0,a.b.9,t.q", records,
                    "a.b.0", "a.b.1.c", "x.y", "n.0", "a.b.9", "t.q")
        self.assertEqual(got, [(5, 6, 7, 8, None, None)])


class Conditions(unittest.TestCase):
    RECORDS = ['{"t":1,"m":"GET","s":500,"v":"x"}', '{"t":2,"m":"PUT","s":"200"}', '{"t":3,"s":[1]}']

    def matching(self, text):
        outcome = model.run(["-t", "t", "-w", "1s", "--time-format", "s", "--where", text],
                            lambda name: "\n".join(self.RECORDS).encode())
        if outcome.status == 2:
            return None
        return [json.loads(line)["window_start"][18] for line in outcome.rows().splitlines()]

    def test_grammar(self):
        for text, expected in (
                ("m = GET", "1"), ("m=GET or m = PUT and s>300", "1"), ("not m = GET", "23"),
                ("(m = GET or m = PUT) and s > 300", "1"), ("m =~ ^(G|P)", "12"),
                ("(m =~ ^(G|P))", "12"), ("s = 2e2", "2"), ('s = "200"', "2"), ('s = "500.0"', ""),
                ("s != 7", "12"), ("m is null", "3"), ("s is not null", "123"), ("s", None),
                ("m = GET)", ""), ("(m = GET", None), ('m = "\\u0047ET"', "1"), ("m =~ (", None)):
            got = self.matching(text)
            self.assertEqual(got, None if expected is None else list(expected), text)

    def test_filtered_and_functions(self):
        records = [{"t": 0, "v": 3, "s": 1}, {"t": 1, "v": 4, "s": 2}, {"t": 25, "v": "no", "s": 3}]
        args = "-t t -w 10s --time-format s --where s<3 --stats -a share[s=1],rate:v,n=sum:v[s=2]"
        outcome = run(args, records)
        self.assertEqual([list(row.values())[2:] for row in outcome.json], [[0.5, 0.7, 4]])
        self.assertIn(("filtered", "1"), outcome.stats)
        self.assertIn(("watermark", '"1970-01-01T00:00:25Z"'), outcome.stats)


class Sources(unittest.TestCase):
    def counts(self, args, records):
        outcome = run("-t t -w 10s --time-format s --output-time s --stats " + args, records)
        return [(row["window_start"], row["count"]) for row in outcome.json], dict(outcome.stats)

    def test_the_lowest_clock_counts(self):
        records = [{"t": t, "s": s} for t, s in ((1, "a"), (25, "b"), (31, "b"), (5, "a"))]
        rows, stats = self.counts("--source s", records)
        self.assertEqual((rows, stats["too_late"]), ([(0, 2), (20, 1), (30, 1)], "0"))
        rows, stats = self.counts("--source s --sources 2 -d 1s", records[1:])
        self.assertEqual((rows, stats["watermark"]), ([(0, 1), (20, 1), (30, 1)], "4"))

    def test_max_jump(self):
        rows, stats = self.counts("--max-jump 1h", [{"t": t} for t in (1, 10**8, 12, 5)])
        self.assertEqual((rows, stats["too_late"]), ([(0, 1), (10, 1), (10**8, 1)], "1"))
        records = [{"t": 10**5 + n} for n in (9, 0, 1, 2, 3, 4, 5, 6, 7, 8)]
        rows, stats = self.counts("--max-jump 1h", [{"t": 1}] + records)
        self.assertEqual((rows, stats["watermark"]), ([(0, 1), (10**5, 10)], "100000"))

    def test_delay_all(self):
        rows, stats = self.counts("-d all", [{"t": t} for t in (100, 5, 50)])
        self.assertEqual((rows, stats["watermark"]), ([(0, 1), (50, 1), (100, 1)], "null"))


class FillTopDedup(unittest.TestCase):
    def test_fill(self):
        records = [{"t": t, "k": k} for t, k in ((1, "a"), (12, "b"), (35, "b"))]
        got = table("-t t -w 10s --time-format s --output-time s -k k --fill", records,
                    "window_start", "k", "count")
        self.assertEqual(got, [(0, "a", 1), (10, "a", 0), (10, "b", 1), (20, "a", 0), (20, "b", 0),
                               (30, "a", 0), (30, "b", 1)])

    def test_fill_is_refined(self):
        got = table("-t t -w 10s --time-format s --output-time s --fill -l 1h",
                    [{"t": t} for t in (1, 25, 12)], "window_start", "count", "pane", "timing")
        self.assertEqual(got, [(0, 1, 0, "on_time"), (10, 0, 0, "on_time"), (10, 1, 1, "late"),
                               (20, 1, 0, "on_time")])

    def test_top(self):
        records = [{"t": 1, "k": k} for k in "cabcab"] + [{"t": 1, "k": "d"}]
        self.assertEqual(table("-t t -w 10s --time-format s -k k --top 3", records, "k", "count"),
                         [("a", 2), ("b", 2), ("c", 2)])
        self.assertEqual(run("-t t -w 1s --top 1 -l 1s", []).status, 2)

    def test_dedup(self):
        records = [{"t": t, "id": i} for t, i in ((1, 1), (2, 1.0), (3, "1"), (4, None), (5, None),
                                                  (12, 1), (30, 1))]
        outcome = run("-t t -w 10s --time-format s --dedup id --stats", records)
        self.assertEqual([row["count"] for row in outcome.json], [4, 1])
        self.assertIn(("duplicates", "2"), outcome.stats)


class Numbers(unittest.TestCase):
    def test_notation(self):
        for text, printed in (
                ("1.0", "1"), ("-0", "0"), ("1e20", "1" + "0" * 20), ("1e21", "1e+21"),
                ("0.000001", "0.000001"), ("-1.5e-7", "-1.5e-7"), ("+5", "5"), (".5", "0.5"),
                ("5.", "5"), ("-1.25e30", "-1.25e+30"),
                ("0." + "1234567890" * 3, "0.12345678901234567890123456789"),
                ("0." + "123456789" * 4 + "12", "0." + "123456789" * 4 + "12"),
                ("0." + "123456789" * 4 + "123", "0.12345678912345678"),
                ("1.00000000000000000000000000000000000001", "1"), ("1e-400", "1e-400"),
                ("123456789012345678901234567890123456789", "1.2345678901234568e+38")):
            self.assertEqual(number_text(parse_number(text)), printed, text)
        self.assertEqual(number_text(Fraction(1, 3)), "0.3333333333333333")

    def test_bad_numbers(self):
        for text in ("", ".", "-", "1e", "NaN", "inf", "0x10", "1_000", " 1", "1e309", "1e-5001",
                     "1e999999999999"):
            with self.assertRaises(Bad, msg=text):
                parse_number(text)
        self.assertEqual(parse_number("0e-999999"), 0)

    def test_square_root(self):
        self.assertEqual(square_root(Fraction(9, 16)), Fraction(3, 4))
        self.assertEqual(number_text(square_root(Fraction(2))), "1.4142135623730951")
        self.assertEqual(number_text(square_root(Fraction(1, 10**40))), "1e-20")


class Times(unittest.TestCase):
    def test_texts(self):
        for text, kind, ns in (
                ("1970-01-01", "auto", 0), ("1970-01-01 00:00:01,5+01", "auto", -3598500000000),
                ("2016-12-31T23:59:60Z", "auto", 1483228800 * 10**9), ("-0.0000000001", "s", -1),
                ("99999999999", "auto", None), ("100000000000", "auto", 10**17),
                ("1e9", "auto", 10**18), ("1.5", "ms", 1500000),
                ("1970 032", "%Y %j", 31 * 86400 * 10**9),
                ("01/Feb/1970 x", "%d/%b/%Y", None), ("1970-01-01 24:00", "%F %H:%M", None),
                ("2024-02-30", "auto", None), ("2300-01-01", "auto", None),
                ("1970-01-01T24:00", "auto", 86400 * 10**9), ("1970-01-01T24:01", "auto", None),
                ("19700101T0000010", "auto", None), ("19700101 000001.0000000019", "auto", 1000000001),
                ("1970/01/01 00:00 GMT", "auto", 0), ("1970/01-01", "auto", None),
                ("[01/Jan/1970:01:00:00 +0100]", "auto", 0), ("[01/Jan/1970:01:00:00", "auto", None)):
            try:
                got = parse_time(text, [kind])
            except Bad:
                got = None
            self.assertEqual(got, ns, text)

    def test_zones(self):
        berlin = ZoneInfo("Europe/Berlin")
        for text, utc in (("2024-03-31 02:30", "2024-03-31T01:30:00Z"),  # skipped
                          ("2024-10-27 02:30", "2024-10-27T00:30:00Z"),  # comes twice
                          ("2024-07-01T12:00Z", "2024-07-01T12:00:00Z")):
            self.assertEqual(rfc3339_text(parse_time(text, ["auto"], berlin)), utc)
        self.assertEqual(rfc3339_text(0, berlin), "1970-01-01T01:00:00+01:00")

    def test_years(self):
        for day, expected in (("Mar 1", "2024-03-01"), ("Feb 28", "2025-02-28"), ("Feb 29", None)):
            try:
                got = rfc3339_text(parse_time(day, ["%b %d"], None, date(2024, 3, 1)))[:10]
            except Bad:
                got = None
            self.assertEqual(got, expected)

    def test_days_and_units(self):
        for name, time, unit, start, end in (
                ("Europe/Berlin", "2024-03-31T12:00Z", "day", "2024-03-30T23:00", "2024-03-31T22:00"),
                ("America/Sao_Paulo", "2018-11-04T12:00Z", "day", "2018-11-04T03:00", "2018-11-05T02:00"),
                ("America/Havana", "2024-11-03T05:30Z", "day", "2024-11-03T04:00", "2024-11-04T05:00"),
                ("Pacific/Apia", "2011-12-30T10:30Z", "week", "2011-12-25T10:00+01:00", None),
                ("America/Havana", "2024-05-15T05:30Z", "quarter", "2024-04-01T04:00", "2024-07-01T04:00")):
            got = calendar_bounds(parse_time(time, ["auto"]), unit, ZoneInfo(name))
            if end is None:  # the Monday of that week came after the day that Samoa skipped
                self.assertEqual((got[1] - got[0]) // (86400 * 10**9), 6)
                continue
            want = tuple(parse_time(text, ["auto"]) for text in (start, end))
            self.assertEqual(got, want, name)

    def test_output(self):
        self.assertEqual(rfc3339_text(-1), "1969-12-31T23:59:59.999999999Z")
        self.assertEqual(rfc3339_text(1500000), "1970-01-01T00:00:00.001500Z")
        self.assertEqual(time_text(-1500000000, "s"), ("-1.5", True))
        self.assertEqual(time_text(1, "s"), ("0.000000001", True))

    def test_durations(self):
        self.assertEqual(parse_duration("1h30m"), 5400 * 10**9)
        self.assertEqual(parse_duration("1.5s"), 1500000000)
        for text in ("5", "", "s", "1x", "1h5", "-1s"):
            self.assertIsNone(parse_duration(text), text)


class Input(unittest.TestCase):
    def csv(self, args, data):
        return model.run(args.split(" "), lambda name: data)

    def test_quotes_and_lines(self):
        data = (b'\xef\xbb\xbft,k\r\n1,"a\r\nb"\r\n\r\n2,"q""q"\r\n'
                b'3\r\n4,x"y\r\n5,"z"w\r\n6,"open\r\n')
        outcome = self.csv("-t t -w 1s -k k --bad b", data)
        got = [json.loads(line)["k"] for line in outcome.rows().splitlines()]
        self.assertEqual(got, ["a\r\nb", 'q"q'])
        self.assertEqual([line for line, _ in outcome.bad_at], [6, 7, 8, 9])
        self.assertEqual(outcome.bad, b'3\r\n4,x"y\r\n5,"z"w\r\n6,"open\r\n')

    def test_output_in_csv(self):
        data = b't\tk\n0\ta,"b\n0\t\n'
        outcome = self.csv("-t t -w 1s -k k -a topk:k:2 -o csv", data)
        self.assertEqual(outcome.rows(), b'window_start,window_end,k,topk_k\n'
                         b'1970-01-01T00:00:00Z,1970-01-01T00:00:01Z,,\n'
                         b'1970-01-01T00:00:00Z,1970-01-01T00:00:01Z,"a,""b",'
                         b'"[{""value"":""a,\\""b"",""count"":1}]"\n')

    def test_missing_column_and_wrong_usage(self):
        self.assertEqual(self.csv("-t t -w 1s -k z -i csv", b"t,k\n1,2\n").status, 2)
        self.assertEqual(self.csv("-t t -w 5", b"").status, 2)
        self.assertEqual(self.csv("-t t -w 1s --final --early 2", b"").status, 2)
        self.assertEqual(self.csv("-t t -w 1s -i json --strict", b"x\n").status, 1)

    def test_long_records(self):
        line = b'{"t":1,"x":"12345"}'
        outcome = self.csv(f"-t t -w 1s --max-record {len(line)}", line + b"\n" + line + b" \n")
        self.assertEqual([number for number, _ in outcome.bad_at], [2])


class Checker(unittest.TestCase):
    def test_cases_depend_on_their_seed_alone(self):
        for seed in ("1:1", "1:2"):
            self.assertEqual(streams.case(seed), streams.case(seed))
        self.assertNotEqual(streams.case("1:1"), streams.case("1:2"))

    def test_rows_are_judged(self):
        outcome = run("-t t -w 1s --row-id -a approx_p50:v",
                      [{"t": 1, "v": 100}, {"t": 5, "v": 200}])
        good = outcome.rows()[:-4].replace(b"0" * 32, b"a" * 32, 1) + b'b"}\n'
        self.assertTrue(check.rows_agree(outcome.lines, good))
        self.assertTrue(check.rows_agree(outcome.lines, good.replace(b":100,", b":100.9,")))
        self.assertFalse(check.rows_agree(outcome.lines, good.replace(b":100,", b":101.5,")))
        self.assertFalse(check.rows_agree(outcome.lines, good.replace(b":100,", b":100.0,")))
        self.assertFalse(check.rows_agree(outcome.lines, good + b"\n"))
        self.assertFalse(check.rows_agree(outcome.lines, good.replace(b"a" * 32, b"0" * 31 + b"b")))
        self.assertFalse(check.rows_agree(outcome.lines, outcome.rows()))  # one id twice


if __name__ == "__main__":
    unittest.main()
