"""Numbers: exact fractions in, the spec's decimal notation out (SPEC.md section 7)."""

import re
import sys
from decimal import Decimal
from fractions import Fraction
from math import isqrt

# Inputs of thousands of digits are legal; Python refuses them by default.
sys.set_int_max_str_digits(0)

NUMBER = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?")

SIGNIFICANT_DIGITS_MAX = 38
LOWEST_DECIMAL = -5000


class Bad(Exception):
    """What makes a record bad."""


class Usage(Exception):
    """Wrong usage: exit status 2."""


def parse_number(text):
    """The exact value of a number's text; Bad if it is no number or one out of range."""
    match = NUMBER.fullmatch(text)
    if match is None:
        raise Bad("not a number")
    sign, whole, decimals, only_decimals, exponent = match.groups()
    decimals = only_decimals or decimals or ""
    digits = (whole or "") + decimals
    last = int(exponent or 0) - len(decimals)  # the power of ten of the last digit
    significant = digits.rstrip("0")
    last += len(digits) - len(significant)
    significant = significant.lstrip("0")
    if significant == "":
        return Fraction(0)
    if last < LOWEST_DECIMAL:
        raise Bad("too many decimals")
    if len(significant) + last > 400:  # spares us 10**999999999; the exact bound follows
        raise Bad("number too large")
    value = Fraction(int(significant)) * Fraction(10) ** last
    try:
        float(value)
    except OverflowError:
        raise Bad("number too large") from None
    return -value if sign == "-" else value


def is_number(text):
    return NUMBER.fullmatch(text) is not None


def first_power(value):
    """The power of ten of the first digit of a positive value."""
    power = len(str(value.numerator)) - len(str(value.denominator))
    return power if value >= Fraction(10) ** power else power - 1


def exact_decimal(value):
    """(digits, power of ten of the last digit) of |value|, or None: more than 38 digits."""
    last = first_power(abs(value)) - SIGNIFICANT_DIGITS_MAX + 1
    scaled = abs(value) / Fraction(10) ** last
    if scaled.denominator != 1:
        return None
    digits = str(scaled.numerator).rstrip("0")
    return digits, last + SIGNIFICANT_DIGITS_MAX - len(digits)


def shortest_double(value):
    """The same of the correctly rounded double; None where that is an infinity."""
    try:
        double = float(abs(value))  # int / int is correctly rounded in Python
    except OverflowError:
        return None
    _, digits, exponent = Decimal(repr(double)).as_tuple()
    all_digits = "".join(map(str, digits))
    kept = all_digits.rstrip("0")
    return kept.lstrip("0"), exponent + len(all_digits) - len(kept)


def number_text(value):
    """How a number prints, or None if it has no finite notation."""
    if value == 0:
        return "0"
    found = exact_decimal(value) or shortest_double(value)
    if found is None:
        return None
    digits, last = found
    if digits == "":
        return "0"
    sign = "-" if value < 0 else ""
    exponent = len(digits) + last - 1  # of the first digit
    if not -6 <= exponent <= 20:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{exponent:+d}"
    if last >= 0:
        return sign + digits + "0" * last
    if exponent >= 0:
        return sign + digits[:last] + "." + digits[last:]
    return sign + "0." + "0" * (-exponent - 1) + digits


def square_root(value):
    """sqrt as a fraction: exact where it is rational, else one that rounds to the same double."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    # All doubles and all midpoints between two doubles are multiples of 1/scale. The root lies
    # strictly between two neighbouring multiples, and so does their middle: both round alike.
    scale = 2**1200
    floor = isqrt(value.numerator * scale * scale // value.denominator)
    return Fraction(2 * floor + 1, 2 * scale)
