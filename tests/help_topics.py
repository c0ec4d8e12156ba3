#!/usr/bin/env python3
"""Holds `winagg --help TOPIC` to the man page as mandoc prints it: the same words in the same order.

    help_topics.py MAN        WINAGG names the program; silent if all topics are the same

Which sections a topic has is told by the comments `.\\" help: TOPIC` in the page."""

import os
import re
import subprocess
import sys

WINAGG = os.environ["WINAGG"]


def words(text):
    """Without quotes and white space: mandoc draws the former in its own way."""
    return re.sub(r"[`'\"]", "", text).split()


def rendered_sections(page):
    """What mandoc prints below each heading, sections and subsections, in the page's order."""
    out = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=1000", page], check=True, capture_output=True).stdout
    lines = re.sub(rb".\x08", b"", out).decode().splitlines()[1:-1]
    found = []
    for line in lines:
        if re.match(r" {0,3}\S", line):
            found.append((line.strip(), []))
        elif found:
            found[-1][1].append(line)
    return found


def marked(page):
    """(topic, heading) of each marked section."""
    with open(page, encoding="utf-8") as file:
        return re.findall(r'^\.\\" help: (\S+)\n\.S[hs] (.*)$', file.read(), re.M)


def main():
    page = sys.argv[1]
    sections = rendered_sections(page)
    expected = {}
    for topic, heading in marked(page):
        body = [text for name, text in sections if name == heading]
        assert len(body) == 1, f"{heading}: {len(body)} sections"
        expected.setdefault(topic, []).extend(words(heading) + words("\n".join(body[0])))
    failed = not expected
    for topic, want in expected.items():
        done = subprocess.run([WINAGG, "--help", topic], check=True, capture_output=True, text=True)
        got = words(done.stdout)
        if got != want:
            failed = True
            at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b),
                      min(len(got), len(want)))
            print(f"{topic}: expected ...{' '.join(want[max(0, at - 5):at + 5])}, "
                  f"got ...{' '.join(got[max(0, at - 5):at + 5])}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
