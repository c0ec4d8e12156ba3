#!/usr/bin/env python3
# PyPI: prometheus-client
"""--metrics: what promtool and Prometheus' own parser say of the file, while winagg runs and at its
end; its values are those of --stats."""

import json
import os
import subprocess

from support import WINAGG, Lab, events, json_lines, need, skip, wait_for

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    skip("the prometheus_client module is not installed (scripts/test-systems installs it)")

OPTIONS = ["-t", "t", "-w", "5s", "-k", "k", "-a", "count,sum:v"]


def parsed(path):
    """{name: value}; an error where it is not in the format."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return {sample.name: sample.value for family in text_string_to_metric_families(text)
            for sample in family.samples}, text


def linted(lab, path, when):
    with open(path, "rb") as file:
        said = subprocess.run([need("promtool"), "check", "metrics"], stdin=file, capture_output=True,
                              check=False)
    lab.ok(said.returncode == 0 and not said.stderr, f"promtool has nothing to say, {when}",
           (said.stdout + said.stderr).decode())


def main():
    need("promtool")
    with Lab("metrics") as lab:
        path = lab.path("winagg.prom")
        records = json_lines(events(1, 5000, 20))
        lines = (records + '{"t":"never"}\nbroken\n' + records[:2000].rsplit("\n", 1)[0] + "\n").encode()
        process = subprocess.Popen([WINAGG, *OPTIONS, "-d", "1s", "-s", lab.path("state"), "--checkpoint", "50ms",
                                    "--metrics", path, "--stats", "--late", lab.path("late")], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=lab.folder)
        wait_for("the file", lambda: os.path.exists(path))
        linted(lab, path, "before the first record")
        process.stdin.write(lines)
        process.stdin.flush()
        name = next(name for name in parsed(path)[0] if "records" in name)
        wait_for("all records", lambda: parsed(path)[0][name] == 5002 + records[:2000].count("\n"))
        linted(lab, path, "in the middle")
        said = process.communicate()[1]
        linted(lab, path, "at the end")
        stats = json.loads([line for line in said.splitlines() if line.startswith(b"{")][-1])
        values, text = parsed(path)
        print("#", " ".join(f"{key}={value:g}" for key, value in values.items()))
        wrong = []
        for counter in ("records", "bytes", "used", "bad", "late", "too_late", "unassigned", "filtered", "duplicates",
                        "windows", "rows", "partly_late", "replayed", "fill_skipped"):
            found = [value for key, value in values.items() if key in (f"winagg_{counter}", f"winagg_{counter}_total")]
            if found != [stats[counter]]:
                wrong.append(f"{counter}: {found}, --stats has {stats[counter]}")
        lab.ok(not wrong and stats["too_late"] > 0 and stats["bad"] == 2, "the counters are those of --stats",
               "\n".join(wrong) + "\n" + text)


if __name__ == "__main__":
    main()
