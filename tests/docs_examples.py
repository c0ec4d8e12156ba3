#!/usr/bin/env python3
"""Runs the examples of README.md and the man pages, as a reader would who pastes them.

    docs_examples.py run FILE     blocks with `$ ` lines: what follows must be what is printed
    docs_examples.py parse FILE   shell blocks without: each `winagg ...` must be a valid command line

WINAGG names the program. Each file's examples run one after the other in one empty directory that
holds access.jsonl, access.log and the samples of data/logs.

In a man page a block of its own is run; one that prose stands right above (.Dl, .Bd -compact) is
shown, and its command lines are parsed. A message of winagg's may go on in indented lines."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# What stands behind winagg up to the end of its command; within quotes anything goes, but winagg.
COMMAND = re.compile(r"""\bwinagg (?=-)((?:'[^'\n]*'|"(?:(?!winagg )[^"\n])*"|[^|<>;)\n'"])*)""")
HERE = os.path.dirname(os.path.abspath(__file__))
WINAGG = os.path.abspath(os.environ.get("WINAGG", os.path.join(HERE, "../build/release/winagg")))


def blocks(path):
    """(is a session with output, lines) of each block of code."""
    if path.endswith(".md"):
        with open(path, encoding="utf-8") as file:
            for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.M | re.S):
                if kind in ("console", "sh"):
                    yield kind == "console", text.splitlines()
        return
    for lines in paragraphs(path):
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        if starts == [] or starts[0] == 0:
            yield starts != [], lines
            continue
        # Prose stands right above: shown, not run.
        yield False, [line[2:] for line in lines[starts[0]:] if line[:2] in ("$ ", "> ")]


def paragraphs(path):
    """The lines of each paragraph of a page's examples, without their indentation and headings. A
    tutorial is all examples."""
    page = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=200", path], check=True,
                          capture_output=True).stdout
    plain = re.sub(rb".\x08", b"", page).decode()
    start = plain.find("\nEXAMPLES\n")
    for chunk in re.split(r"\n\s*\n", plain[max(start, 0):plain.index("\nSEE ALSO\n")]):
        lines = [line for line in chunk.splitlines() if re.match(" {5}", line)]
        heads = [len(line) - len(line.lstrip()) for line in lines if line.lstrip()[:2] == "$ "]
        # Output keeps blanks that its first column has.
        indent = heads[0] if heads else min((len(x) - len(x.lstrip()) for x in lines), default=0)
        yield [line[indent:] if line[:indent].isspace() else line.strip() for line in lines]


def sessions(lines):
    """(command, expected output) pairs of a block; `> ` goes on with a command."""
    found, in_command = [], False
    for line in lines:
        if line.startswith("$ "):
            found.append([[line[2:]], []])
            in_command = True
        elif in_command and line.startswith(">"):
            found[-1][0].append(line[1:].strip())
        else:
            in_command = False
            found[-1][1].append(line)
    return [("\n".join(command), whole("\n".join(output))) for command, output in found]


def whole(output):
    """Messages that were broken into lines, whole again."""
    return re.sub(r"^winagg: .*(\n    \S.*)+", lambda m: re.sub(r"\n +", " ", m[0]), output, flags=re.M)


def in_a_directory():
    folder = tempfile.mkdtemp(prefix="winagg-docs-")
    logs = sorted(os.listdir(os.path.join(HERE, "data", "logs")))
    for name in ("access.jsonl", "access.log", *(os.path.join("logs", name) for name in logs)):
        shutil.copy(os.path.join(HERE, "data", name), folder)
    os.mkdir(os.path.join(folder, "bin"))
    os.symlink(WINAGG, os.path.join(folder, "bin", "winagg"))
    path = os.path.join(folder, "bin") + os.pathsep + os.environ["PATH"]
    return folder, {**os.environ, "PATH": path}


def run(path, folder, env):
    failed = count = 0
    for is_session, lines in blocks(path):
        for command, expected in sessions(lines) if is_session else []:
            count += 1
            got = subprocess.run(["bash", "-c", command], cwd=folder, env=env, text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT).stdout.rstrip("\n")
            if got != expected:
                failed += 1
                print(f"{path}: {command}\nexpected:\n{expected}\ngot:\n{got}\n")
    return count, failed


def parse(path, folder, env):
    failed = count = 0
    for is_session, lines in blocks(path):
        text = "\n".join(lines).replace("\\\n", " ")
        for words in COMMAND.findall("" if is_session else text):
            count += 1
            # Nothing outside the directory is read.
            words = [word.lstrip("/") for word in shlex.split(words)]
            # Of a topic a sample is expected; other runs get nothing.
            sample = '{"ts":1714557600}' if "kafka://" in words[-1] else ""
            done = subprocess.run(["winagg", *words], cwd=folder, env=env, text=True,
                                  input=sample, capture_output=True)
            if done.returncode == 2:
                failed += 1
                print(f"{path}: winagg {shlex.join(words)}\n{done.stderr}")
    return count, failed


def main():
    action, path = {"run": run, "parse": parse}[sys.argv[1]], sys.argv[2]
    folder, env = in_a_directory()
    try:
        count, failed = action(path, folder, env)
    finally:
        shutil.rmtree(folder)
    print(f"{count} examples, {failed} wrong")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
