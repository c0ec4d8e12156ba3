"""What the tests against real systems share: a folder for all data, programs that are stopped at the
end, waiting for what must come, and a line in TAP for each thing tested.

A test begins with `with Lab("name") as lab:` and ends by itself; one that lacks a program or a
package says so by skip(), which ends it with status 77. Servers listen on loopback, or on a socket
in the folder."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../.."))
WINAGG = os.path.abspath(os.environ.get("WINAGG", os.path.join(TOP, "build/release/winagg")))
SKIPPED = 77
PATIENCE_S = 120  # for what must come; only a fault takes so long


def skip(reason):
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIPPED)


def need(*programs):
    """Where each of them is, or the end of the test."""
    # Servers' folders are not in everyone's PATH.
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    missing = [program for program, at in zip(programs, found) if at is None]
    if missing:
        skip(f"{', '.join(missing)}: not installed (scripts/setup systems installs it)")
    return found[0] if len(found) == 1 else found


def maven_jars(name, artifact):
    """The folder with the jars of GROUP:ARTIFACT:VERSION and of all that it needs to run."""
    folder = os.path.join(TOP, "build/systems/jars", artifact.replace(":", "-"))
    done = os.path.join(folder, ".done")
    if not os.path.exists(done):
        mvn = need("mvn")
        group, artifact_name, version = artifact.split(":")
        os.makedirs(folder, exist_ok=True)
        pom = os.path.join(folder, "pom.xml")
        with open(pom, "w", encoding="ascii") as file:
            file.write("<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId>"
                       "<artifactId>x</artifactId><version>1</version><dependencies><dependency>"
                       f"<groupId>{group}</groupId><artifactId>{artifact_name}</artifactId>"
                       f"<version>{version}</version></dependency></dependencies></project>")
        got = subprocess.run([mvn, "-q", "-B", "-f", pom, "dependency:copy-dependencies",
                              "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
                             capture_output=True, text=True, check=False)
        if got.returncode != 0:
            skip(f"{name}: Maven could not get {artifact}: {(got.stdout + got.stderr)[-300:]}")
        with open(done, "w", encoding="ascii"):
            pass
    return folder


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE_S):
    """Until it is true; what it gave."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"in {seconds} s there never was {what}")
        time.sleep(0.02)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Lab:
    """A folder under the system's temporary one, the programs started there, and the verdicts."""

    def __init__(self, name):
        self.name, self.started, self.number, self.failed = name, [], 0, 0
        self.folder = tempfile.mkdtemp(prefix=f"winagg-{name}-")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self.started):
            self.stop(process)
        if kind is None and self.failed == 0 or kind is SystemExit:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"# what is left is in {self.folder}", flush=True)
        if kind is None:
            print(f"1..{self.number}", flush=True)
            sys.exit(self.failed > 0)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def ok(self, good, what, detail=""):
        """One thing that was tested; what is wrong with it is shown, not all of it."""
        self.number += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} {self.name}: {what}", flush=True)
        if not good:
            for line in str(detail).splitlines()[:30]:
                print(f"# {line[:300]}", flush=True)

    def same(self, got, expected, what):
        """Bytes or texts that must be equal, and must not be empty."""
        if isinstance(got, bytes):
            got, expected = (one.decode("utf-8", "replace") for one in (got, expected))
        lines = got.splitlines(), expected.splitlines()
        detail = f"got {len(lines[0])} lines, expected {len(lines[1])}"
        for number, (one, other) in enumerate(zip(*lines), 1):
            if one != other:
                detail += f"\nline {number}: got      {one}\nline {number}: expected {other}"
                break
        self.ok(got == expected and expected != "", f"{what} ({len(lines[1])} rows)", detail)

    def start(self, command, **how):
        """A program that is ended with the test; what it says goes to a file of its name."""
        name = os.path.basename(command[0])
        said = open(self.path(name + ".said"), "ab")
        how = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said, "cwd": self.folder,
               **how}
        process = subprocess.Popen(command, **how)
        said.close()
        self.started.append(process)
        return process

    def stop(self, process):
        """As root would: politely, then not; its own process alone."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def serves(self, process, condition):
        """Waits until the server answers; one that can't be had here is skipped."""
        try:
            wait_for("an answer", lambda: process.poll() is not None or condition())
        except TimeoutError:
            pass
        if process.poll() is not None or not condition():
            said = self.read(os.path.basename(process.args[0]) + ".said").decode("utf-8", "replace")
            self.stop(process)
            skip(f"{self.name} does not start here: {said[-500:]}")


def run(command, **how):
    """A command that must go well; its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **how)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:"
                           f" {done.stderr.decode('utf-8', 'replace')[-1000:]}")
    return done.stdout


def winagg(*options, **how):
    return run([WINAGG, *options], **how)


def inspect(state):
    """What the snapshot holds, or {} where there is none yet."""
    done = subprocess.run([WINAGG, "--inspect", state], capture_output=True, check=False)
    return json.loads(done.stdout, parse_float=str) if done.returncode == 0 else {}


def let_work(state, rng, seconds=3):
    """Until the run has used more than its snapshot had, and some time longer; or no more comes."""
    before, end = inspect(state).get("used", 0), time.monotonic() + seconds
    while inspect(state).get("used", 0) <= before and time.monotonic() < end:
        time.sleep(0.02)
    moved = time.monotonic() < end
    time.sleep(rng.uniform(0, 0.2))
    return moved


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def events(seed, count, disorder_s, keys="abcde", start=1714560000, pace_s=0.05):
    """Dicts with time t (epoch seconds, three digits, each once), key k, value v, out of order."""
    rng = random.Random(seed)
    made = []
    for i in range(count):
        made.append({"t": round(start + i * pace_s, 3), "k": rng.choice(keys),
                     "v": rng.randint(-999, 9999) / 100, "s": rng.choice([200, 200, 304, 500])})
    made.sort(key=lambda one: one["t"] + rng.uniform(0, disorder_s))
    return made


def json_lines(records):
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
