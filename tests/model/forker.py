"""The other side of forker.c: runs of winagg, each a fork of a process that is there already."""

import os
import shutil
import struct
import subprocess
import tempfile

TIMED_OUT, BY_SIGNAL, MOST_BYTES = 512, 256, 1 << 19  # as in forker.c


def number(n):
    return struct.pack("=I", n)


def content(data):
    return number(len(data)) + data


def text(word):
    return content(os.fsencode(word) + b"\0")


class Forker:
    """winagg, ready to run in a folder of its own. `runs` counts what it was asked for."""

    def __init__(self, program):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="winagg-fuzz-", dir=memory)
        self.process = subprocess.Popen([program, self.folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, start_new_session=True)
        self.runs = 0

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.folder)

    def run(self, argv, stdin=b"", how="f", files=(), remove=(), give_back=(), longest_read=0,
            last_write=0, limit_ms=10000):
        """(status, [content, or None where there is no such file]); status < 0: -signal, or
        "timeout". `how` is 'f', 'p' or 'n', see forker.c; `files` are pairs of name and content."""
        files = [("stdin", stdin), *files]
        parts = [struct.pack("=IIII", limit_ms, longest_read, last_write, ord(how)),
                 number(len(argv) + 1), text("winagg"), *map(text, argv)]
        parts += [number(len(remove)), *map(text, remove), number(len(files))]
        for name, data in files:
            parts += [text(name), content(data)]
        parts += [number(len(give_back)), *map(text, give_back)]
        self.process.stdin.write(content(b"".join(parts)))
        self.process.stdin.flush()
        self.runs += 1
        return self.answer(len(give_back))

    def answer(self, n_files):
        out = self.process.stdout
        data = out.read(struct.unpack("=I", out.read(4))[0])
        (status,), at, contents = struct.unpack_from("=I", data), 4, []
        for _ in range(n_files):
            there, = struct.unpack_from("=I", data, at)
            at += 4
            if not there:
                contents.append(None)
                continue
            size, = struct.unpack_from("=I", data, at)
            contents.append(data[at + 4:at + 4 + size])
            at += 4 + size
        if status == TIMED_OUT:
            return "timeout", contents
        return (BY_SIGNAL - status if status > BY_SIGNAL else status), contents
