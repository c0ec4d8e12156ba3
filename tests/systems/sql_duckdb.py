#!/usr/bin/env python3
# PyPI: duckdb
"""-o sql: into DuckDB, by its Python module: the table holds the final rows. A row at a time is not
what it is made for, so few come."""

import json
import os
import subprocess
import sys

from support import Lab, skip, tables

try:
    import duckdb
except ImportError:
    skip("the duckdb module is not installed (scripts/test-systems installs it)")

# As a shell would: each statement as it comes, and what is left at the end of the input.
CLIENT = r"""
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
statement = ""
for line in sys.stdin:
    statement += line
    if statement.endswith(";\n") and statement.count("'") % 2 == 0:
        connection.execute(statement)
        statement = ""
if statement.strip():
    connection.execute(statement)
"""


class Database:
    def __init__(self, lab):
        self.path, self.said = lab.path("db.duckdb"), lab.path("duckdb.said")
        self.durable = False

    def fresh(self):
        for suffix in ("", ".wal"):
            if os.path.exists(self.path + suffix):
                os.remove(self.path + suffix)

    def client(self, stdin):
        with open(self.said, "ab") as said:
            return subprocess.Popen([sys.executable, "-c", CLIENT, self.path], stdin=stdin, stdout=said, stderr=said)

    def table(self):
        with duckdb.connect(self.path) as connection:
            found = connection.execute("SELECT to_json(t) FROM t").fetchall()
        return [json.loads(row) for row, in found]


with Lab("duckdb") as lab:
    database = Database(lab)
    tables.retracting_sessions(lab, database)
    tables.beyond_doubles(lab, database)
