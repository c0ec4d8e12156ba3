"""Conditions: the texts of --where and [COND] to questions about a record (SPEC.md section 7)."""

import json
import re

from decimals import Bad, Usage, is_number, number_text, parse_number

OPERATORS = ["=~", "!=", "!~", "<=", ">=", "=", "<", ">"]
DEPTH_MOST = 100


class Leaf:
    """FIELD OP VALUE, or FIELD is [not] null (op None)."""

    def __init__(self, field, op, text=None, quoted=False, negated=False):
        self.field, self.op, self.text, self.negated = field, op, text, negated
        self.number = None
        if op in ("=~", "!~"):
            try:
                self.pattern = re.compile(text)
            except re.error:
                raise Usage("bad pattern") from None
        elif op and not quoted and is_number(text):
            try:
                self.number = parse_number(text)
            except Bad:
                raise Usage("not a number that can be") from None
            self.text = number_text(self.number)


class Parser:
    """A tree of ("or" | "and", left, right), ("not", one) and Leaf."""

    def __init__(self, text, field_of):
        self.text, self.at, self.open, self.field_of = text, 0, 0, field_of

    def blanks(self):
        while self.text[self.at:self.at + 1] in (" ", "\t"):
            self.at += 1

    def word(self, *words):
        """Takes one of the words if it stands here as a word."""
        self.blanks()
        for word in words:
            if re.match(word + r"(?=[ \t()\"]|$)", self.text[self.at:]):
                self.at += len(word)
                return word
        return None

    def whole(self):
        tree = self.either()
        self.blanks()
        if self.at < len(self.text):
            raise Usage("something behind the condition")
        return tree

    def either(self):
        tree = self.both()
        while self.word("or"):
            tree = ("or", tree, self.both())
        return tree

    def both(self):
        tree = self.one()
        while self.word("and"):
            tree = ("and", tree, self.one())
        return tree

    def one(self):
        if self.word("not"):
            return ("not", self.one())
        self.blanks()
        if self.text[self.at:self.at + 1] != "(":
            return self.leaf()
        self.at += 1
        self.open += 1
        tree = self.either()
        self.blanks()
        if self.text[self.at:self.at + 1] != ")":
            raise Usage("a parenthesis is not closed")
        self.at += 1
        self.open -= 1
        return tree

    def quoted(self):
        match = re.match(r'"(?:[^"\\]|\\.)*"', self.text[self.at:])
        if match is None:
            raise Usage("a quote is not closed")
        self.at += match.end()
        try:
            return json.loads(match[0])
        except ValueError:
            raise Usage("not a text of JSON") from None

    def field(self):
        self.blanks()
        if self.text[self.at:self.at + 1] == '"':
            return self.field_of(self.quoted())
        match = re.match(r"(?:\\.|[^\\ \t=!<>()])+", self.text[self.at:])
        if match is None:
            raise Usage("a field is missing")
        self.at += match.end()
        return self.field_of(match[0])

    def leaf(self):
        field = self.field()
        if self.word("is"):
            negated = self.word("not") is not None
            if not self.word("null"):
                raise Usage("is what?")
            return Leaf(field, None, negated=negated)
        self.blanks()
        op = next((op for op in OPERATORS if self.text.startswith(op, self.at)), None)
        if op is None:
            raise Usage("no operator")
        self.at += len(op)
        self.blanks()
        if self.text[self.at:self.at + 1] == '"':
            return Leaf(field, op, self.quoted(), quoted=True)
        return Leaf(field, op, self.bare())

    def bare(self):
        start, depth = self.at, 0
        while self.at < len(self.text) and self.text[self.at] not in " \t":
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            if depth < 0:
                if self.open:
                    break
                depth = 0
            self.at += 1
        if self.at == start:
            raise Usage("a value is missing")
        return self.text[start:self.at]


def parse_condition(text, field_of):
    return Parser(text, field_of).whole()


def leaf_holds(leaf, value):
    """`value`: None, Bad for an object or array, ("number", Fraction) or ("text", text, number)."""
    if leaf.op is None:
        return (value is None) != leaf.negated
    if value is None or value is Bad:
        return False
    kind, text, number = value
    if leaf.op in ("=~", "!~"):
        return (leaf.pattern.search(text) is not None) == (leaf.op == "=~")
    left, right = text.encode("utf-8", "surrogateescape"), leaf.text.encode()
    if leaf.number is not None and number is not None:
        left, right = number, leaf.number
    return {"=": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
            ">": left > right, ">=": left >= right}[leaf.op]


def holds(tree, value_of):
    """Does it hold, where value_of(field) gives a field's value?"""
    if isinstance(tree, Leaf):
        return leaf_holds(tree, value_of(tree.field))
    if tree[0] == "not":
        return not holds(tree[1], value_of)
    sides = [holds(side, value_of) for side in tree[1:]]
    return any(sides) if tree[0] == "or" else all(sides)


def leaves(tree):
    if isinstance(tree, Leaf):
        return [tree]
    return [leaf for side in tree[1:] for leaf in leaves(side)]
