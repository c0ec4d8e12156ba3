#!/usr/bin/env python3
"""-o sql: piped into sqlite3: the table holds the final rows, whoever is killed meanwhile."""

import os
import sqlite3
import subprocess

from support import Lab, need, tables


class Database:
    def __init__(self, lab):
        self.path, self.said = lab.path("db.sqlite"), lab.path("sqlite3.said")
        self.durable = False  # thousands of transactions need not wait for the disk

    def fresh(self):
        for suffix in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(self.path + suffix):
                os.remove(self.path + suffix)

    def client(self, stdin):
        hurry = [] if self.durable else ["-cmd", "PRAGMA synchronous=OFF"]
        with open(self.said, "ab") as said:
            return subprocess.Popen(["sqlite3", "-bail", *hurry, self.path], stdin=stdin,
                                    stdout=said, stderr=said)

    def table(self):
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        got = [dict(row) for row in connection.execute("SELECT * FROM t")]
        connection.close()
        return got


need("sqlite3")
with Lab("sqlite") as lab:
    tables.all_of_it(lab, Database(lab))
