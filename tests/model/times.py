"""Event times: texts to int64 nanoseconds since 1970 and back (SPEC.md sections 2, 3, 9)."""

import re
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor

from decimals import Bad, is_number, parse_number

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
SECOND = 10**9
UNIT_NS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND}
DURATION_NS = dict(UNIT_NS, m=60 * SECOND, h=3600 * SECOND, d=86400 * SECOND, w=604800 * SECOND)

RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
ZONE = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def saturate(ns):
    return max(INT64_MIN, min(INT64_MAX, ns))


def in_range(ns):
    if not INT64_MIN <= ns <= INT64_MAX:
        raise Bad("time out of range")
    return ns


def zone_ns(text):
    if text in (None, "", "Z", "z"):
        return 0
    sign, hours, minutes = ZONE.fullmatch(text).groups()
    if int(hours) > 23 or int(minutes or 0) > 59:
        raise Bad("no such zone")
    ns = (int(hours) * 60 + int(minutes or 0)) * 60 * SECOND
    return -ns if sign == "-" else ns


def civil_ns(year, month, day, hour=0, minute=0, second=0, fraction="", zone=None):
    """A leap second (60) comes out as the following second by itself."""
    if hour > 23 or minute > 59 or second > 60:
        raise Bad("no such time of day")
    try:
        days = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        raise Bad("not a real date") from None
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return in_range(seconds * SECOND + int(fraction.ljust(9, "0")) - zone_ns(zone))


def parse_epoch(text, unit):
    return in_range(floor(parse_number(text) * UNIT_NS[unit]))


def parse_auto(text):
    if is_number(text):
        size = abs(parse_number(text))
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
        return parse_epoch(text, unit)
    match = RFC3339.fullmatch(text)
    if match is None:
        raise Bad("not a time")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    return civil_ns(int(year), int(month), int(day), int(hour or 0), int(minute or 0),
                    int(second or 0), fraction or "", zone)


# As in glibc, blanks may stand before %z and before what is a plain number.
DIRECTIVES = {
    "Y": " *([0-9]{1,4})", "m": " *([0-9]{1,2})", "d": " *([0-9]{1,2})", "H": " *([0-9]{1,2})",
    "M": " *([0-9]{1,2})", "S": " *([0-9]{1,2})", "j": " *([0-9]{1,3})", "s": "([0-9]+)",
    "f": "([0-9]{1,9})", "b": "([A-Za-z]{3})", "z": r"\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
}


def parse_pattern(text, pattern):
    """strptime(3) with the directives that streams.py uses, each at most once."""
    pattern = pattern.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d")

    def part(match):
        if match[1]:
            return DIRECTIVES[match[1]].replace("(", f"(?P<{match[1]}>", 1)
        return r"\s*" if match[2] == " " else re.escape(match[2])

    expression = re.sub(r"%([A-Za-z])|(.)", part, pattern)
    match = re.fullmatch(expression, text)
    if match is None:
        raise Bad("does not match the time format")
    found = match.groupdict()
    fraction = found.get("f", "")
    if "s" in found:
        return in_range(int(found["s"]) * SECOND + int(fraction.ljust(9, "0")))
    year, month, day = int(found.get("Y", 1970)), 1, int(found.get("d", 1))
    if "m" in found:
        month = int(found["m"])
    if "b" in found:
        if found["b"].lower() not in MONTHS:
            raise Bad("no such month")
        month = MONTHS.index(found["b"].lower()) + 1
    if "j" in found:
        try:
            day_of_year = date(year, 1, 1) + timedelta(days=int(found["j"]) - 1)
        except (ValueError, OverflowError):
            raise Bad("not a real date") from None
        if day_of_year.year != year:
            raise Bad("not a real date")
        month, day = day_of_year.month, day_of_year.day
    return civil_ns(year, month, day, int(found.get("H", 0)), int(found.get("M", 0)),
                    int(found.get("S", 0)), fraction, found.get("z"))


def parse_time(text, time_format):
    if time_format == "auto":
        return parse_auto(text)
    if time_format in UNIT_NS:
        return parse_epoch(text, time_format)
    return parse_pattern(text, time_format)


def rfc3339_text(ns):
    seconds, fraction = divmod(ns, SECOND)
    text = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return text + ("." + digits if digits else "") + "Z"


def time_text(ns, output_time):
    """(text, is it a number) of a time in an output row."""
    if output_time == "rfc3339":
        return rfc3339_text(ns), False
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
