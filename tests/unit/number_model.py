"""Random numbers through `test_number --eval` and through Python's fractions: the same text?

Usage: number_model.py TEST_NUMBER [ROUNDS [SEED]]. Prints what differs and fails if anything does.
"""

import math
import random
import subprocess
import sys
from fractions import Fraction

EXACT_DIGITS = 38


def style(negative, digits, exp):
    """digits * 10^exp, plain from 1e-6 up to 1e21, else as JavaScript prints it."""
    digits = digits.lstrip("0")
    stripped = digits.rstrip("0")
    exp += len(digits) - len(stripped)
    if not stripped:
        return "0"
    point = len(stripped) + exp
    if -6 < point <= 21:
        if point <= 0:
            text = "0." + "0" * -point + stripped
        elif point >= len(stripped):
            text = stripped + "0" * (point - len(stripped))
        else:
            text = stripped[:point] + "." + stripped[point:]
    else:
        text = stripped[0] + ("." + stripped[1:] if len(stripped) > 1 else "")
        text += "e%+d" % (point - 1)
    return ("-" if negative else "") + text


def style_double(d):
    mantissa, _, exp = repr(abs(d)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    return style(d < 0, whole + fraction, int(exp or 0) - len(fraction))


def exact(x):
    """The digits and exponent of |x| if 38 digits hold it."""
    den, twos, fives = x.denominator, 0, 0
    while den % 2 == 0:
        den //= 2
        twos += 1
    while den % 5 == 0:
        den //= 5
        fives += 1
    if den != 1:
        return None
    places = max(twos, fives)
    digits = str(abs(x.numerator) * 10**places // x.denominator)
    return (digits, -places) if len(digits.rstrip("0")) <= EXACT_DIGITS else None


def beyond_doubles(x):
    """Seventeen digits, half to even, of a result that no double can hold."""
    exp = len(str(x.numerator // x.denominator)) - 17
    scaled = x / Fraction(10) ** exp
    return style(False, str(round(scaled)), exp)


def show(x):
    found = exact(x)
    if found:
        return style(x < 0, *found)
    try:
        return style_double(x.numerator / x.denominator)
    except OverflowError:
        return ("-" if x < 0 else "") + beyond_doubles(abs(x))


def show_sqrt(x):
    num, den = math.isqrt(x.numerator), math.isqrt(x.denominator)
    if num * num == x.numerator and den * den == x.denominator:
        return show(Fraction(num, den))
    # To 700 bits and a bit that says "and a little more": on no boundary between doubles.
    bits = 700 + max(0, x.denominator.bit_length() - x.numerator.bit_length())
    root = math.isqrt((x.numerator << 2 * bits) // x.denominator)
    return show(Fraction(2 * root + 1, 2 << bits))


def random_number(r, digits, spread, whole):
    n = r.randint(1, digits)
    text = "".join(r.choice("0123456789") for _ in range(n))
    if not whole:
        point = r.randint(0, n)
        text = text[:point] + "." + text[point:]
    if spread and r.random() < 0.6:
        text += "e%d" % r.randint(-spread, spread)
    return r.choice(["", "-", "+"]) + text


def random_doubles(r, n):
    return [repr(r.choice([r.random(), r.gauss(0, 1), r.expovariate(0.01)])) for _ in range(n)]


def random_set(r):
    n = r.choice([1, 2, 2, 3, 4, 5, 8, 30])
    kind = r.randrange(9)
    if kind == 0:
        return [str(r.randint(0, 10)) for _ in range(n)]
    if kind == 1:
        return random_doubles(r, n)
    if kind == 2:
        return [random_number(r, 60, 0, False) for _ in range(n)]
    if kind == 3:
        return [random_number(r, 18, 280, False) for _ in range(n)]
    if kind == 4:
        return [random_number(r, 5, 3, False) for _ in range(n)]
    if kind == 5:
        return [random_number(r, 19, 0, True) for _ in range(n)]
    if kind == 6:  # around the smallest doubles
        return [random_number(r, 4, 3, True).partition("e")[0] + "e-%d" % r.randint(310, 330)
                for _ in range(n)]
    if kind == 7:  # nearly equal values, far from zero
        base = r.randint(0, 10**17)
        return ["%d.%02d" % (base + r.randint(0, 3), r.randint(0, 99)) for _ in range(n)]
    return [r.choice(["1e308", "-1e308", "1.7e308", "3e-4000", "7", "0.1"]) for _ in range(n)]


def question(r):
    op = r.choice(["sum", "squares", "mean", "mean", "var", "var", "stddev", "stddev",
                   "interpolate", "print", "compare", "double"])
    if op == "double":
        d = r.choice([r.random() * 10 ** r.randint(-12, 22), math.ldexp(r.random(), r.randint(-1074, 1023)),
                      math.ldexp(1, r.randint(-1074, 1023)), float(r.randint(0, 2**60)),
                      math.ldexp(r.randint(1, 100), -1074)])
        return "double " + repr(d), style_double(d)
    texts = random_set(r)
    values = [Fraction(t) for t in texts]
    if op in ("var", "stddev", "compare", "interpolate"):
        texts, values = texts * 2 if len(texts) < 2 else texts, values * 2 if len(values) < 2 else values
    n = len(values)
    line = op + " " + " ".join(texts)
    if op == "sum":
        return line, show(sum(values))
    if op == "squares":
        return line, show(sum(v * v for v in values))
    if op == "mean":
        return line, show(sum(values) / n)
    if op == "print":
        return line, show(values[0])
    if op == "compare":
        return line, str((values[0] > values[1]) - (values[0] < values[1]))
    if op == "interpolate":
        den = 10 ** r.randint(1, 12)
        num = r.randint(0, den)
        line = "interpolate %s %s %d %d" % (texts[0], texts[1], num, den)
        return line, show(values[0] + (values[1] - values[0]) * num / den)
    mean = sum(values) / n
    var = sum((v - mean) ** 2 for v in values) / (n - 1)
    return line, show(var) if op == "var" else show_sqrt(var)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    r = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    asked = [question(r) for _ in range(rounds)]
    text = "".join(line + "\n" for line, _ in asked)
    ran = subprocess.run([sys.argv[1], "--eval"], input=text, stdout=subprocess.PIPE, text=True, check=True)
    got = ran.stdout.splitlines()
    wrong = [(line, want, have) for (line, want), have in zip(asked, got) if want != have]
    for line, want, have in wrong[:20]:
        print("%s\n  want %s\n  got  %s" % (line, want, have))
    print("%d of %d differ" % (len(wrong), rounds))
    return 1 if wrong or len(got) != rounds else 0


if __name__ == "__main__":
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    sys.exit(main())
