#!/usr/bin/env python3
"""-o sql: piped into psql: the table holds the final rows, whoever is killed meanwhile."""

import glob
import json
import os
import pwd
import shutil
import subprocess

from support import Lab, need, run, skip, tables


def server_program(name):
    found = [shutil.which(name)] + sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))[::-1]
    found = [one for one in found if one]
    if not found:
        skip(f"{name}: not installed (scripts/setup systems installs it)")
    return found[0]


def unprivileged():
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        except KeyError:
            continue
    skip("there is no user that PostgreSQL could run as")
    return {}


class Database:
    def __init__(self, lab):
        who, self.said, self.folder = unprivileged(), lab.path("psql.said"), lab.path("pg")
        self.durable = False  # thousands of transactions need not wait for the disk
        os.chmod(lab.folder, 0o755)
        os.mkdir(self.folder, 0o700)
        if who:
            os.chown(self.folder, who["user"], who["group"])
        run([server_program("initdb"), "-D", self.folder + "/data", "-U", "winagg", "-A", "trust",
             "-E", "UTF8", "--no-locale"], cwd=self.folder, **who)
        server = lab.start([server_program("postgres"), "-D", self.folder + "/data", "-k",
                            self.folder, "-c", "listen_addresses="], **who)
        self.psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "winagg",
                     "-d", "postgres"]
        lab.serves(server, lambda: subprocess.run([*self.psql, "-c", "SELECT 1"], check=False,
                                                  capture_output=True).returncode == 0)

    def fresh(self):
        run([*self.psql, "-c", "DROP TABLE IF EXISTS t"])

    def client(self, stdin):
        hurry = f"-c synchronous_commit={'on' if self.durable else 'off'}"
        with open(self.said, "ab") as said:
            return subprocess.Popen(self.psql, stdin=stdin, stdout=said, stderr=said,
                                    env={**os.environ, "PGOPTIONS": hurry})

    def table(self):
        got = run([*self.psql, "-At", "-c", "SELECT row_to_json(t) FROM t"]).decode()
        return [json.loads(line) for line in got.splitlines()]


need("psql")
with Lab("postgres") as lab:
    tables.all_of_it(lab, Database(lab))
