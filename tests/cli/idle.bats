#!/usr/bin/env bats
# --idle-timeout: silence, told by a clock. Waits are for what must come; nothing is timed.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkfifo pipe
}

teardown() {
    [ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

wait_for() {
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.05
    done
    echo "it never came: $*" >&2
    return 1
}

rows_are() {
    [ "$(tail -n +2 rows | cut -d, -f1,3 | paste -sd' ')" == "$1" ]
}

@test "the last windows of a live pipe close" {
    w -w 3s --idle-timeout 300ms <pipe >rows &
    pid=$!
    exec 7>pipe
    tv 1 5 >&7
    wait_for rows_are "0,1 3,1"
    # Event time went on: 4 is too late, 900 opens a window.
    tv 4 900 >&7
    exec 7>&-
    wait "$pid"
    rows_are "0,1 3,1 900,1"
}

@test "a silent source lets go, one that was announced too; it holds again when it speaks" {
    w -w 10s --source s --sources 3 --idle-timeout 500ms --stats <pipe >rows 2>err &
    pid=$!
    exec 7>pipe
    printf '{"s":"a","t":1}\n{"s":"b","t":2}\n' >&7
    feed() { printf '{"s":"a","t":12}\n' >&7; sleep 0.05; rows_are "0,2"; }
    wait_for feed
    printf '{"s":"b","t":15}\n{"s":"a","t":40}\n{"s":"b","t":18}\n' >&7
    exec 7>&-
    wait "$pid"
    same "$(counter err too_late) $(counter err late)" "0 0"
}

@test "a silent FIFO does not stop the others" {
    mkfifo other
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 1000s --idle-timeout 300ms \
        pipe other >rows 2>err &
    pid=$!
    exec 7>pipe 8>other
    tv 1 1200 2500 >&7
    wait_for rows_are "0,1 1000,1"
    tv 2600 3100 >&8
    # Only what has arrived is read first.
    five_used() { kill -USR1 "$pid"; sleep 0.02; grep -q '"used":5,' err; }
    wait_for five_used
    tv 3300 >&7
    exec 7>&- 8>&-
    wait "$pid"
    rows_are "0,1 1000,1 2000,2 3000,2"
}

@test "rows that the clock fired into a pipe are in the snapshot before: none comes twice" {
    mkfifo out
    cat out >rows &
    reader=$!
    exec 6>out
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 3s --idle-timeout 300ms --state s --resume continue <pipe >out &
    pid=$!
    exec 7>pipe
    tv 1 5 >&7
    wait_for rows_are "0,1 3,1"
    kill -KILL "$pid"
    wait "$pid" || true
    exec 7>&-
    tv 30 31 >in
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 3s --idle-timeout 300ms --state s --resume continue <<<"$(cat in)" >out
    exec 6>&-
    wait "$reader"
    rows_are "0,1 3,1 30,2"
}

@test "it is said to have no effect on regular files, and does not go with --delay all" {
    tv 1 >in
    w -w 3s --idle-timeout 1s in 2>err >/dev/null
    grep -q "idle-timeout has no effect: the input is regular files" err
    fails_with 2 w -w 3s --idle-timeout 1s -d all in
    fails_with 2 w -w 3s --idle-timeout 0 in
}

@test "with --source a silent FIFO does not stop the others either" {
    mkfifo other
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 1000s --source s --idle-timeout 300ms \
        pipe other >rows 2>err &
    pid=$!
    exec 7>pipe 8>other
    printf '{"s":"a","t":%s}\n' 1 1200 >&7
    printf '{"s":"b","t":%s}\n' 2 1300 3100 4500 >&8
    # The records behind 1300 are read while the one FIFO says nothing; its source lets go, too.
    wait_for rows_are "0,2 1000,2 3000,1"
    printf '{"s":"a","t":%s}\n' 4600 >&7
    exec 7>&- 8>&-
    wait "$pid"
    rows_are "0,2 1000,2 3000,1 4000,2"
}
