"""Event times: texts to int64 nanoseconds since 1970 and back (SPEC.md sections 2, 3, 9)."""

import re
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

from decimals import Bad, Usage, is_number, parse_number

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
SECOND = 10**9
UNIT_NS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND}
DURATION_NS = dict(UNIT_NS, m=60 * SECOND, h=3600 * SECOND, d=86400 * SECOND, w=604800 * SECOND)

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()

# The forms of auto; the zone may stand behind one blank.
CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
AUTO_ZONE = r"(?: ?(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
AUTO_FORMS = [re.compile(form) for form in (
    r"(?P<year>[0-9]{4})(?P<between>[-/])(?P<month>[0-9]{2})(?P=between)(?P<day>[0-9]{2})"
    rf"(?:[Tt ]{CLOCK}{AUTO_ZONE})?",
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[Tt ]"
    + CLOCK.replace(":(?P<minute>", "(?P<minute>").replace("(?::(?P<second>", "(?:(?P<second>")
    + AUTO_ZONE,
    rf"(?P<open>\[)?(?P<day>[0-9]{{2}})/(?P<name>[A-Za-z]{{3}})/(?P<year>[0-9]{{4}}):{CLOCK}"
    rf"{AUTO_ZONE}(?(open)\])",
)]
ZONE = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")


def saturate(ns):
    return max(INT64_MIN, min(INT64_MAX, ns))


def in_range(ns):
    if not INT64_MIN <= ns <= INT64_MAX:
        raise Bad("time out of range")
    return ns


def offset_s(text):
    """Seconds east of UTC of a zone that stands in a time."""
    if text in ("Z", "z", "UTC", "GMT"):
        return 0
    sign, hours, minutes = ZONE.fullmatch(text).groups()
    if int(hours) > 23 or int(minutes or 0) > 59:
        raise Bad("no such zone")
    seconds = (int(hours) * 60 + int(minutes or 0)) * 60
    return -seconds if sign == "-" else seconds


# ---- zones; datetimes here carry whole seconds and no zone ----

EPOCH = datetime(1970, 1, 1)


def zone_of(name):
    """None for UTC, which needs no zone."""
    return None if name == "UTC" else ZoneInfo(name)


def utc_seconds(local, zone):
    """Of a local time; fold=0 is the first of two, and the offset before a gap."""
    if zone is not None:
        local -= local.replace(tzinfo=zone, fold=0).utcoffset()
    return (local - EPOCH) // timedelta(seconds=1)


def local_time(seconds, zone):
    when = EPOCH + timedelta(seconds=seconds)
    if zone is not None:
        when = when.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None, fold=0)
    return when


def day_start(day, zone):
    """The first second whose local date has reached the day."""
    midnight = datetime(day.year, day.month, day.day)
    start = utc_seconds(midnight, zone)
    if zone is None or local_time(start, zone) == midnight:
        return start
    # Midnight is skipped: the change of the clock is the one between a day before and this.
    before, after = start - 86400, start
    while after - before > 1:
        middle = (before + after) // 2
        if local_time(middle, zone) < midnight:
            before = middle
        else:
            after = middle
    return after


def unit_of(day, unit):
    """The first day of the unit that holds the day, and of the one behind it."""
    if unit == "day":
        return day, day + timedelta(days=1)
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = (day.year * 12 + day.month - 1) // months * months

    def month(number):
        return date(number // 12, number % 12 + 1, 1)

    return month(first), month(first + months)


def calendar_bounds(ns, unit, zone):
    """[start, end) of the calendar window of a time."""
    seconds = ns // SECOND
    day = local_time(seconds, zone).date()
    # A clock that went back over midnight shows the day before once more.
    if day_start(day + timedelta(days=1), zone) <= seconds:
        day += timedelta(days=1)
    first, behind = unit_of(day, unit)
    return (saturate(day_start(first, zone) * SECOND), saturate(day_start(behind, zone) * SECOND))


# ---- texts ----

def civil_ns(day, hour=0, minute=0, second=0, fraction="", offset=None, zone=None):
    """A leap second (60) comes out as the following second by itself."""
    if hour > 23 or minute > 59 or second > 60:
        raise Bad("no such time of day")
    local = datetime(day.year, day.month, day.day, hour, minute)
    if offset is None:
        seconds = utc_seconds(local + timedelta(seconds=second), zone)
    else:
        seconds = utc_seconds(local, None) + second - offset
    return in_range(seconds * SECOND + int(fraction[:9].ljust(9, "0")))


def real_date(year, month, day):
    try:
        return date(year, month, day)
    except ValueError:
        raise Bad("not a real date") from None


def month_number(name):
    if name.lower() not in MONTHS + FULL_MONTHS:
        raise Bad("no such month")
    return MONTHS.index(name.lower()[:3]) + 1


def parse_epoch(text, unit):
    return in_range(floor(parse_number(text) * UNIT_NS[unit]))


def parse_auto(text, zone):
    if is_number(text):
        size = abs(parse_number(text))
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
        return parse_epoch(text, unit)
    match = next(filter(None, (form.fullmatch(text) for form in AUTO_FORMS)), None)
    if match is None:
        raise Bad("not a time")
    part = match.groupdict()
    month = month_number(part["name"]) if "name" in part else int(part["month"])
    day = real_date(int(part["year"]), month, int(part["day"]))
    offset = None if part["zone"] is None else offset_s(part["zone"])
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    fraction = part["fraction"] or ""
    if hour == 24 and not (minute or second or int(fraction[:9] or 0)):
        day, hour = day + timedelta(days=1), 0
    return civil_ns(day, hour, minute, second, fraction, offset, zone)


# As in glibc, blanks may stand before %z and before what is a plain number. A number takes digits as
# long as one more can fit what it may be at most (31 for a day: 23, but of 93 the 9), a month's name
# what it can; neither gives any back.
FULL_MONTHS = ("january february march april may june july august september october november "
               "december").split()
BLANKS = r"[ \t-\r]*"
DIRECTIVES = {
    "Y": BLANKS + "([0-9]{1,4})", "m": BLANKS + "([2-9]|[01][0-9]?)", "d": BLANKS + "([4-9]|[0-3][0-9]?)",
    "H": BLANKS + "([3-9]|[0-2][0-9]?)", "M": BLANKS + "([6-9]|[0-5][0-9]?)", "S": BLANKS + "([7-9]|[0-6][0-9]?)",
    "j": BLANKS + "((?:3[0-6]|[0-2][0-9])[0-9]?|[0-9][0-9]?)", "s": "([0-9]+)", "f": "([0-9]{1,9})",
    "b": f"((?i:{'|'.join(FULL_MONTHS + MONTHS)}))", "z": BLANKS + r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
}


DAY_OF = {"Y": "year", "m": "month", "b": "month", "d": "day", "j": "ordinal", "s": "all"}


def pattern_gives(pattern):
    """What of a date the pattern reads; wrong usage if that is no day."""
    pattern = pattern.replace("%F", "%Y-%m-%d")
    gives = {DAY_OF.get(letter) for letter in re.findall("%(.)", pattern)}
    if not ("all" in gives or "ordinal" in gives or {"month", "day"} <= gives):
        raise Usage("time-format: no day")
    return gives


def parse_pattern(text, pattern, zone, year_from):
    """strptime(3) with the directives that streams.py uses, each at most once."""
    pattern = pattern.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d")

    def part(match):
        if match[1]:
            letter = match[1]  # a look ahead does not come back for another way
            blanks, content = DIRECTIVES[letter].split("(", 1)
            return f"{blanks}(?=(?P<{letter}>{content})(?P={letter})"
        return BLANKS if match[2] == " " else re.escape(match[2])

    expression = re.sub(r"%([A-Za-z])|(.)", part, pattern)
    match = re.fullmatch(expression, text)
    if match is None:
        raise Bad("does not match the time format")
    found = match.groupdict()
    fraction = found.get("f", "")
    if "s" in found:
        return in_range(int(found["s"]) * SECOND + int(fraction.ljust(9, "0")))
    day = day_without_year(found, year_from) if "Y" not in found else day_of(found, int(found["Y"]))
    offset = offset_s(found["z"]) if "z" in found else None
    return civil_ns(day, int(found.get("H", 0)), int(found.get("M", 0)), int(found.get("S", 0)),
                    fraction, offset, zone)


def day_of(found, year):
    if "d" in found and ("m" in found or "b" in found):
        month = int(found["m"]) if "m" in found else month_number(found["b"])
        return real_date(year, month, int(found["d"]))
    day = real_date(year, 1, 1) + timedelta(days=int(found["j"]) - 1)
    if day.year != year:
        raise Bad("not a real date")
    return day


def day_without_year(found, year_from):
    """The first such day at or after --year-from."""
    for year in (year_from.year, year_from.year + 1):
        try:
            day = day_of(found, year)
        except Bad:
            continue
        if day >= year_from:
            return day
    raise Bad("not within a year")


def parse_time(text, formats, zone=None, year_from=None):
    if formats == ["auto"]:
        return parse_auto(text, zone)
    if formats[0] in UNIT_NS:
        return parse_epoch(text, formats[0])
    for pattern in formats[:-1]:
        try:
            return parse_pattern(text, pattern, zone, year_from)
        except Bad:
            pass
    return parse_pattern(text, formats[-1], zone, year_from)


def rfc3339_text(ns, zone=None):
    seconds, fraction = divmod(ns, SECOND)
    local = local_time(seconds, zone)
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    text += "." + digits if digits else ""
    if zone is None:
        return text + "Z"
    offset = (local - local_time(seconds, None)) // timedelta(seconds=1)
    hours, rest = divmod(abs(offset), 3600)
    text += f"{'-' if offset < 0 else '+'}{hours:02d}:{rest // 60:02d}"
    return text + (f":{rest % 60:02d}" if rest % 60 else "")


def time_text(ns, output_time, zone=None):
    """(text, is it a number) of a time in an output row."""
    if output_time in ("rfc3339", "local"):
        return rfc3339_text(ns, zone if output_time == "local" else None), False
    whole, rest = divmod(abs(ns), UNIT_NS[output_time])
    text = str(whole)
    if rest:
        width = len(str(UNIT_NS[output_time])) - 1
        text += "." + str(rest).rjust(width, "0").rstrip("0")
    return ("-" if ns < 0 else "") + text, True


def parse_duration(text):
    """Nanoseconds of a duration without sign, or None if it is none."""
    if text == "0":
        return 0
    parts = re.findall(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h|d|w)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    total = sum(Fraction(number.rstrip(".")) * DURATION_NS[unit] for number, unit in parts)
    return int(total) if total.denominator == 1 else None
