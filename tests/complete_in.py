#!/usr/bin/env python3
"""What a TAB makes of a command line in a real shell with a terminal of its own.

    complete_in.py bash|zsh COMPLETION LINE...    prints each line as it stands after the TAB

COMPLETION is the file that the shell loads. Each line is typed anew; `^` in it is the cursor (at the
end if there is none). The program is found through PATH. Status 77: there are no pseudo-terminals
here."""

import os
import pty
import select
import sys
import tempfile
import time

PROMPT = "READY%"
DUMP = "\x1d"  # Control-]: writes the line into a file
GIVE_UP_S = 60

RC = {
    "bash": ("PS1='%s' HISTFILE= INPUTRC=/dev/null\nbind 'set bell-style none'\n"
             "bind 'set enable-bracketed-paste off'\n"
             "source '%s'\n"
             "dump() { printf '%%s\\n' \"$READLINE_LINE\" >>'%s'; READLINE_LINE= READLINE_POINT=0; }\n"
             "bind -x '\"\\C-]\": dump'\n"),
    "zsh": ("PS1='%s%%' HISTFILE=\nunsetopt beep auto_menu prompt_sp\n"
            "fpath=(%s $fpath)\nautoload -U compinit; compinit -u -D\n"
            "dump() { print -r -- \"$BUFFER\" >>'%s'; BUFFER= }\nzle -N dump\nbindkey '^]' dump\n"),
}


def start(shell, completion, folder, out):
    rc = os.path.join(folder, ".zshrc")
    where = os.path.dirname(completion) if shell == "zsh" else completion
    with open(rc, "w", encoding="utf-8") as file:
        file.write(RC[shell] % (PROMPT, where, out))
    argv = ["zsh", "-i"] if shell == "zsh" else ["bash", "--noprofile", "--rcfile", rc, "-i"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(ZDOTDIR=folder, TERM="xterm", LC_ALL="C.UTF-8", skip_global_compinit="1")
        os.execvp(argv[0], argv)
    return pid, terminal


def read_until(terminal, is_done, seen):
    """Reads what the shell draws, for else it would stop, until is_done()."""
    end = time.monotonic() + GIVE_UP_S
    while not is_done(seen):
        if time.monotonic() > end:
            sys.exit(f"the shell does not answer; it drew: {bytes(seen)!r}")
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 65536)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def main():
    shell, completion, lines = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory(prefix="winagg-complete-") as folder:
        out = os.path.join(folder, "out")
        try:
            pid, terminal = start(shell, completion, folder, out)
        except OSError:
            return 77
        seen = bytearray()
        read_until(terminal, lambda drawn: PROMPT.encode() in drawn, seen)
        for done, line in enumerate(lines, 1):
            before, _, behind = line.partition("^")
            back = "\x02" * len(behind)  # Control-B
            os.write(terminal, (before + behind + back + "\t" + DUMP).encode())
            read_until(terminal, lambda _, done=done: len(lines_of(out)) >= done, seen)
        print("\n".join(lines_of(out)))
        os.write(terminal, b"\x04")
        os.close(terminal)
        os.waitpid(pid, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
