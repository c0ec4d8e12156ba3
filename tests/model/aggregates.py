"""Every aggregate, from the plain list of a pane's records (SPEC.md section 7)."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor

from decimals import square_root
from records import NUMBER_RANK, TRUE


class Approx:
    """An approximate result: the exact number and how far from it winagg may be."""

    def __init__(self, exact, tolerance):
        self.exact, self.tolerance = exact, tolerance


class TopK:
    """The result of topk: [(value, count)]."""

    def __init__(self, pairs):
        self.pairs = pairs


def number(fraction):
    return NUMBER_RANK, Fraction(fraction)


def variance(numbers):
    n = len(numbers)
    return (n * sum(x * x for x in numbers) - sum(numbers) ** 2) / (n * (n - 1))


def neighbours(numbers, rank):
    """The two values around a quantile (R type 7) and how far it is from the first."""
    ordered = sorted(numbers)
    position = (len(ordered) - 1) * rank
    return ordered[floor(position)], ordered[ceil(position)], position - floor(position)


def by_frequency(values):
    return sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))


def rate(total, length_ns):
    return None if length_ns is None else number(Fraction(total) * 10**9 / length_ns)


def result(agg, index, records, length_ns):
    """A value, an Approx, a TopK, or None for null; `length_ns` of the window, None for all."""
    present = [record for record in records if record.values[index] is not None]
    values = [record.values[index] for record in present]
    if agg.function == "count":
        return number(len(values))
    if agg.function == "distinct":
        return number(len(set(values)))
    if agg.function == "sum":
        return number(sum(values))
    if agg.function == "rate":
        return rate(sum(values) if agg.field else len(values), length_ns)
    if agg.function == "share":
        return number(Fraction(values.count(TRUE), len(values))) if values else None
    if not values and agg.function != "approx_distinct":
        return None
    if agg.function == "first":
        return min(present, key=lambda r: (r.time, r.arrival)).values[index]
    if agg.function == "last":
        return max(present, key=lambda r: (r.time, r.arrival)).values[index]
    if agg.function == "mode":
        return by_frequency(values)[0][0]
    if agg.function == "topk":
        return TopK(by_frequency(values)[:agg.param])
    if agg.function == "approx_distinct":
        exact = len(set(values))
        return Approx(Fraction(exact), max(min(exact, 2), Fraction(exact, 20)))
    if agg.function == "min":
        return number(min(values))
    if agg.function == "max":
        return number(max(values))
    if agg.function == "mean":
        return number(sum(values) / len(values))
    if agg.function in ("var", "stddev"):
        if len(values) < 2:
            return None
        var = variance(values)
        return number(var if agg.function == "var" else square_root(var))
    low, high, share = neighbours(values, agg.rank)
    exact = low + share * (high - low)
    if not agg.function.startswith("approx_"):
        return number(exact)
    # Each neighbour is within 1 %, and so is their mixture where both have one sign.
    error = ((1 - share) * abs(low) + share * abs(high)) / 100
    return Approx(exact, error * Fraction(1001, 1000) + Fraction(1, 10**300))
