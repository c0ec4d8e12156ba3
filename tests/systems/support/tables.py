"""-o sql: into a database: what sqlite.py and postgres.py ask of both."""

import json
import os
import random
import subprocess
import time

from . import PATIENCE_S, WINAGG, events, inspect, json_lines, winagg

KEYS = ["web'1", 'say "x"', "ü; DROP TABLE t; --", "back\\slash", "", None]
AGGREGATES = "count,sum:v,mean:v,max:v,first:k,distinct:v,errors=share[s >= 500]"
SESSIONS = ["-t", "t", "-w", "session:500ms", "-k", "k", "-a", AGGREGATES]


def rows(lines):
    """JSON rows as a set of tuples: what SQL calls TEXT as texts, numbers as numbers."""
    made = set()
    for line in lines.splitlines():
        row = json.loads(line)
        for column in ("pane", "timing", "id", "op"):
            row.pop(column, None)
        made.add(tuple(sorted(row.items())))
    return made


def settles(lab, database, what, expected):
    """Does the table hold these rows, and nothing else?"""
    got = database.table()
    found = rows("\n".join(json.dumps(row) for row in got))
    lab.ok(found == expected and len(got) == len(expected) > 0, f"{what} ({len(expected)} rows)",
           f"{len(got)} rows, {len(expected)} expected\nmissing {sorted(expected - found, key=str)[:3]}\n"
           f"too many {sorted(found - expected, key=str)[:3]}")


def load(database, options, path):
    """winagg | client, both to their end."""
    with subprocess.Popen([WINAGG, *options, path], stdout=subprocess.PIPE) as program:
        client = database.client(stdin=program.stdout)
        program.stdout.close()
        client.wait()
    return program.returncode, client.returncode


def retracting_sessions(lab, database):
    path = lab.write("sessions.jsonl", json_lines(events(1, 1500, 40, KEYS)))
    expected = rows(winagg(*SESSIONS, "-d", "all", path))
    stream = winagg(*SESSIONS, "-l", "1h", "-m", "retract", path)
    taken_back = stream.count(b'"op":"-D"')
    database.fresh()
    ended = load(database, [*SESSIONS, "-l", "1h", "-m", "retract", "-o", "sql:t"], path)
    settles(lab, database, f"sessions that merged, {taken_back} rows taken back: "
            "the table is the final rows", expected)
    lab.ok(ended == (0, 0) and taken_back > 100, "every statement of it was taken", ended)
    load(database, [*SESSIONS, "-l", "1h", "-m", "retract", "-o", "sql:t"], path)
    settles(lab, database, "the same, loaded twice", expected)


def refined_windows(lab, database):
    path = lab.write("windows.jsonl", json_lines(events(2, 1500, 20, KEYS)))
    options = ["-t", "t", "-w", "sliding:10s/5s", "-k", "k", "-a", AGGREGATES]
    database.fresh()
    load(database, [*options, "-l", "1h", "-o", "sql:t"], path)
    settles(lab, database, "refined rows replace each other",
            rows(winagg(*options, "-d", "all", path)))
    database.fresh()
    counted = ["-t", "t", "-w", "10s", "-k", "k", "-a", "count"]
    load(database, [*counted, "-l", "1h", "-m", "discard", "-o", "sql:t"], path)
    total = sum(row["count"] for row in database.table())
    lab.ok(total == 1500, "panes of discard mode add up", total)


def beyond_doubles(lab, database):
    """Variances that no double comes near are NULL, and their transaction is taken."""
    path = lab.write("beyond.jsonl", json_lines([{"t": 1, "v": 1e300}, {"t": 2, "v": -1e300}]) +
                     '{"t":3,"v":1e-700}\n')
    options = ["-t", "t", "-w", "1m", "-a", "count,var:v,min:v,sum:v"]
    database.fresh()
    ended = load(database, [*options, "-o", "sql:t"], path)
    row = json.loads(winagg(*options, path))
    lab.ok(row["var_v"] == float("inf"), "there is a variance beyond doubles", row)
    row["var_v"] = None
    settles(lab, database, "that is NULL in the table", rows(json.dumps(row)))
    lab.ok(ended == (0, 0), "every statement was taken", ended)


def killed(lab, database):
    """winagg is killed in the middle, again and again; its client reads on to the end of the pipe."""
    path = lab.write("killed.jsonl", json_lines(events(3, 6000, 20, KEYS)))
    options = [*SESSIONS, "-d", "3s", "-l", "1h", "-m", "retract", "-o", "sql:t"]
    expected = rows(winagg(*SESSIONS, "-d", "all", path))
    rng, kills, torn, ended = random.Random(4), 0, 0, False
    database.fresh()
    state = lab.path("state")
    while not ended:
        program = subprocess.Popen([WINAGG, *options, "-s", state, "--checkpoint", "50", path],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        client = database.client(stdin=program.stdout)
        program.stdout.close()
        before = inspect(state).get("records", 0)
        # Killed some records later; after a dozen times it may end.
        while kills < 12 and program.poll() is None:
            if inspect(state).get("records", 0) > before:
                time.sleep(rng.uniform(0, 0.05))
                break
            time.sleep(0.005)
        if kills < 12 and program.poll() is None:
            program.kill()
            kills += 1
        said = program.communicate()[1]
        torn += client.wait() != 0
        ended = program.returncode == 0
        if program.returncode > 0:
            raise RuntimeError(said)
    lab.ok(kills >= 3, f"killed {kills} times, {torn} times within a statement", kills)
    settles(lab, database, "killed and started again: the same table", expected)


def client_killed(lab, database):
    """The client is killed in the middle of a file of statements, which is then loaded again."""
    path = lab.write("client.jsonl", json_lines(events(5, 4000, 20, KEYS)))
    statements = lab.path("client.sql")
    winagg(*SESSIONS, "-l", "1h", "-m", "retract", "-o", "sql:t", "--output", statements, path)
    size = os.path.getsize(statements)
    database.fresh()
    for share in (0.2, 0.5, 0.8):
        with open(statements, "rb") as file:
            client = database.client(stdin=subprocess.PIPE)
            client.stdin.write(file.read(int(size * share)))
            client.stdin.flush()
            client.kill()
            client.stdin.close()
            client.wait()
    with open(statements, "rb") as file:
        client = database.client(stdin=file)
        client.wait()
    settles(lab, database, "the client killed three times, the file loaded again",
            rows(winagg(*SESSIONS, "-d", "all", path)))


def many(lab, database):
    """100,000 rows: a hundred windows of a thousand keys."""
    path = lab.path("many.jsonl")
    with open(path, "w", encoding="ascii") as file:
        for i in range(100000):
            file.write(f'{{"t":{1714560000 + i // 100},"k":"host{i % 1000}","v":{i % 977}.25}}\n')
    options = ["-t", "t", "-w", "10s", "-k", "k", "-a", "count,sum:v,max:v"]
    expected = rows(winagg(*options, path))
    database.fresh()
    database.durable = True  # as it comes: each of a hundred transactions reaches the disk
    started = time.monotonic()
    ended = load(database, [*options, "-o", "sql:t"], path)
    took = time.monotonic() - started
    database.durable = False
    lab.ok(took < PATIENCE_S and ended == (0, 0), f"100,000 rows in {took:.1f} s", ended)
    settles(lab, database, "they are the rows", expected)


def all_of_it(lab, database):
    retracting_sessions(lab, database)
    refined_windows(lab, database)
    beyond_doubles(lab, database)
    killed(lab, database)
    client_killed(lab, database)
    many(lab, database)
