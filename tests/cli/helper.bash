# Shared by the files of tests/cli: the program, short ways to feed it, and comparing what it says.

WINAGG=${WINAGG:-$BATS_TEST_DIRNAME/../../build/release/winagg}

# Shows both sides when they differ.
same() {
    [ "$1" == "$2" ] && return
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$1") | sed 's/^</expected:/; s/^>/got:     /'
    return 1
}

# JSON events of times (epoch seconds) and, behind a colon, values: tv 0:5 60
tv() {
    local pair
    for pair; do
        if [[ $pair == *:* ]]; then
            printf '{"t":%s,"v":%s}\n' "${pair%%:*}" "${pair#*:}"
        else
            printf '{"t":%s}\n' "$pair"
        fi
    done
}

# winagg over such events, to CSV with times in epoch seconds.
w() {
    "$WINAGG" -t t --time-format s --output-time s -o csv "$@"
}

# Runs a command that must end with this status: fails_with 1 winagg ...
fails_with() {
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" -eq "$wanted" ] && return
    echo "status $status, expected $wanted: $*" >&2
    return 1
}

# One counter of the --stats object in a file.
counter() {
    jq -c "select(type == \"object\") | .$2" <(grep '^{' "$1")
}

# Waits until the file has this line; half a minute means it never comes.
wait_for_line() {
    local i
    for ((i = 0; i < 300; i++)); do
        grep -qxF -- "$2" "$1" && return
        sleep 0.1
    done
    echo "never came: $2"
    cat "$1"
    return 1
}

# script(1) gives a program a terminal of its own, where the system has any.
needs_terminal() {
    script -qec true /dev/null >/dev/null 2>&1 || skip "there are no pseudo-terminals here"
}

# SIGUSR1 to a process, once it is not deadly any more: from the first lines of main() on.
request_stats() {
    local i caught pid=$1
    for ((i = 0; i < 1000; i++)); do
        caught=$(awk '/^SigCgt/ { print $2 }' "/proc/$pid/status")
        [ $((0x$caught & 0x200)) -ne 0 ] && break
        sleep 0.01
    done
    kill -s USR1 "$pid"
}
