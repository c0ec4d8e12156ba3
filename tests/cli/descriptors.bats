#!/usr/bin/env bats
# shellcheck disable=SC2016 # the inner shell expands
# Standard descriptors that are closed at the start never become another file.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    tv 1 21 2 >in
    echo garbage >>in
}

@test "stderr closed: messages get lost, and not into rows" {
    "$WINAGG" -t t -w 10s -o csv --output-time s --output rows --late late --bad bad --stats in 2>&- 3>&-
    same "$(cat rows)" "window_start,window_end,count
0,10,1
20,30,1"
    same "$(cat late bad)" '{"t":2}
garbage'
}

@test "stdout closed: a failure, and no other file gets the rows" {
    run bash -c '"$0" -t t -w 10s --late late --bad bad in >&- 3>&-' "$WINAGG"
    [ "$status" -eq 1 ]
    [[ "$output" == *"stdout: write failed: Bad file descriptor"* ]]
    [ "$(cat late bad | grep -c window)" -eq 0 ]
}

@test "stdin closed: a failure that says so" {
    run timeout 5 bash -c '"$0" -t t -w 10s --late late <&-' "$WINAGG"
    [ "$status" -eq 1 ]
    [[ "$output" == *"stdin: "*"Bad file descriptor"* ]]
    [ ! -s late ]
}

@test "what is closed can't be opened by its name either" {
    local path
    for path in /dev/stdout /dev/fd/1 /proc/self/fd/1; do
        run bash -c '"$0" -t t -w 10s --output "$1" in >&- 3>&-' "$WINAGG" $path
        [ "$status" -eq 1 ]
        run bash -c '"$0" -t t -w 10s --output rows --late "$1" in >&- 3>&-' "$WINAGG" $path
        [ "$status" -eq 1 ]
    done
    for path in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
        run timeout 5 bash -c '"$0" -t t -w 10s "$1" <&-' "$WINAGG" $path
        [ "$status" -eq 1 ]
    done
}

@test "all three closed, as for a daemon" {
    timeout 5 "$WINAGG" -t t -w 10s --output rows --late late --bad bad --stats in <&- >&- 2>&- 3>&-
    same "$(cat late bad)" '{"t":2}
garbage'
    [ "$(wc -l <rows)" -eq 2 ]
}

@test "a child's end is seen even where SIGCHLD is ignored" {
    # A state with many ids is written by a forked child.
    seq -f '{"t":1,"k":%.0f}' 1 300000 >many
    (
        trap '' CHLD
        exec "$WINAGG" -t t -w 1h --dedup k -k k -a distinct:k --state s --checkpoint 60000 --stats --output rows many 2>err 3>&-
    )
    [ "$(counter err checkpoints)" -ge 3 ]
    [ "$("$WINAGG" --inspect s | jq .finished)" == true ]
}

@test "a file over its limit is a message, not a death" {
    run bash -c 'ulimit -f 1; "$0" -t t --time-format s -w 1s --output rows < <(seq -f "{\"t\":%.0f}" 1 9999)' "$WINAGG"
    [ "$status" -eq 1 ]
    [[ "$output" == *"rows: write failed: File too large"* ]]
}
