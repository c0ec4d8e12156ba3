#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has its own pid
# In a pipe that stays open: rows at once, signals, a reader that leaves.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkfifo in
}

teardown() {
    [ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

# winagg on the fifo, its input open as descriptor 7, its rows in ./out.
# Not by bash's &, which would make it ignore SIGINT. What stood in ./out is gone before the fifo opens.
start() {
    python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$WINAGG" -t t --time-format s --output-time s -o csv "$@" >out 2>err <in 3>&- &
    pid=$!
    exec 7>in
}

@test "a row is out before the pipe closes" {
    start -w 10s
    echo '{"t":1}' >&7
    echo '{"t":12}' >&7
    wait_for_line out 0,10,1
    echo '{"t":25}' >&7
    wait_for_line out 10,20,1
    exec 7>&-
    wait "$pid"
    same "$(tail -n 1 out)" 20,30,1
}

@test "late and bad records are out before the pipe closes" {
    start -w 10s --late late --bad bad
    printf '%s\n' '{"t":12}' '{"t":1}' oops >&7
    wait_for_line late '{"t":1}'
    wait_for_line bad oops
    exec 7>&-
    wait "$pid"
}

@test "a line in two pieces is one record" {
    start -w 10s --early 1
    printf '{"t"' >&7
    sleep 0.2
    printf ':1}\n' >&7
    wait_for_line out 0,10,1,0,early
    exec 7>&-
    wait "$pid"
    [ ! -s err ]
}

# Open windows give what they have, as early panes; then the signal's own death.
dies_by() {
    start -w 10s --panes --stats
    printf '%s\n' '{"t":1}' '{"t":12}' '{"t":13}' >&7
    wait_for_line out 0,10,1,0,on_time
    # The line above may have come before 13 was read; a bad record says that it was.
    echo oops >&7
    wait_for_line err "$(echo oops | "$WINAGG" -i json -t t -w 1s 2>&1 | sed 's/:1:/:4:/')"
    kill -s "$1" "$pid"
    status=0
    wait "$pid" || status=$?
    pid=
    exec 7>&-
    [ "$status" -eq "$2" ]
    same "$(tail -n +2 out)" $'0,10,1,0,on_time\n10,20,2,0,early'
    same "$(counter err rows)" 2
}

@test "SIGTERM: open windows fire early panes, then death by the signal" {
    dies_by TERM 143
}

@test "SIGINT: the same" {
    dies_by INT 130
}

@test "a signal counts though the input ends with it, as on Ctrl-C of a pipeline" {
    for _ in 1 2 3 4 5 6 7 8; do
        rm -f out
        start -w 10s --panes
        printf '%s\n' '{"t":1}' '{"t":12}' >&7
        wait_for_line out 0,10,1,0,on_time
        kill -s STOP "$pid" # it will see both at once
        kill -s TERM "$pid"
        exec 7>&-
        kill -s CONT "$pid"
        status=0
        wait "$pid" || status=$?
        pid=
        [ "$status" -eq 143 ]
        same "$(tail -n +2 out)" $'0,10,1,0,on_time\n10,20,1,0,early'
    done
}

# Its rows fill a pipe that nobody empties.
start_stuck() {
    mkfifo rows
    exec 8<>rows
    seq 1 1000000 | sed 's/.*/{"t":&}/' >events
    "$WINAGG" -t t --time-format s -w 1s -o csv events >rows 2>err 3>&- 8>&- &
    pid=$!
    read -r header <&8
    [ "$header" == window_start,window_end,count ]
}

@test "a second signal ends it, also where nobody takes its rows" {
    start_stuck
    for ((i = 0; i < 300; i++)); do
        kill -s TERM "$pid" 2>/dev/null || break
        sleep 0.1
    done
    died_by_term
}

died_by_term() {
    [ "$i" -lt 300 ] # which counts tenths of a second that were waited
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
}

# Ends the stuck one with one signal; half a minute means that it was not heeded.
end_stuck() {
    kill -s TERM "$pid"
    for ((i = 0; i < 300; i++)); do
        kill -s 0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    died_by_term
}

@test "one signal ends it where nobody takes its rows, and what is lost is said" {
    start_stuck
    end_stuck
    grep -qE "interrupted while nobody read the rows: [0-9]+ bytes of rows, and [0-9]+ open windows" err
}

@test "with --state those rows come again" {
    seq 1 200000 | sed 's/.*/{"t":&}/' >events
    w -w 1s events >whole
    mkfifo rows
    exec 8<>rows
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 1s -s state events >rows 2>err 3>&- 8>&- &
    pid=$!
    read -r header <&8
    end_stuck
    grep -q "interrupted while nobody read the rows: state stays as it was" err
    exec 8>&-
    w -w 1s -s state events >again
    cmp whole again
}

@test "SIGUSR1 prints --stats: in a quiet pipe, with one thread, and while nobody takes the rows" {
    if nm -D "$WINAGG" | grep -q __tsan; then
        skip "the thread sanitizer keeps a signal back until a write has returned"
    fi
    local threads
    for threads in 1 2; do
        rm -f out # the last one's row says nothing of this one
        start -w 10s -j "$threads"
        printf '%s\n' '{"t":1}' '{"t":12}' >&7
        wait_for_line out 0,10,1
        kill -s USR1 "$pid"
        for ((i = 0; i < 300; i++)); do
            grep -q '^{"records":2,' err && break
            sleep 0.1
        done
        grep -q '^{"records":2,' err
        kill -s TERM "$pid"
        wait "$pid" || true
        pid=
        exec 7>&-
    done
    start_stuck
    kill -s USR1 "$pid"
    for ((i = 0; i < 300; i++)); do
        grep -q '^{"records":' err && break
        sleep 0.1
    done
    # Both count up to the same record.
    same "$(head -n "$(counter err records)" events | wc -c)" "$(counter err bytes)"
    end_stuck
}

@test "SIGUSR1 ends nothing before there are statistics: they come once there are" {
    printf '%s\n' '{"t":1}' '{"t":12}' >events
    "$WINAGG" -t t -w 10s --state s --at-eof keep <events >/dev/null
    mkfifo pipe
    "$WINAGG" -t t -w 10s --state s --at-eof keep <pipe >out 2>err 3>&- &
    pid=$!
    exec 7>pipe
    printf '{"t":1}\n' >&7 # what is skipped goes on
    request_stats "$pid"
    printf '%s\n' '{"t":12}' '{"t":25}' >&7
    exec 7>&-
    wait "$pid"
    pid=
    grep -q '^{"records":' err
    mkfifo rows
    "$WINAGG" -t t -w 10s --output rows events 2>err 3>&- &
    pid=$!
    request_stats "$pid"
    timeout 20 cat rows >/dev/null
    wait "$pid"
    pid=
}

@test "a signal is heeded in the middle of firing, and the rows come again with --state" {
    # A hundred thousand windows for each of ten keys, all at the end.
    seq 1 10 | sed 's/.*/{"t":1000,"k":&}/' >events
    local state
    for state in "" state; do
        "$WINAGG" -t t --time-format s --output-time s -o csv -w sliding:100000s/1s -k k \
            ${state:+-s "$state"} --output rows events 2>err 3>&- &
        pid=$!
        for ((i = 0; i < 300; i++)); do
            [ -s rows ] && break
            sleep 0.01
        done
        end_stuck
        if [ -z "$state" ]; then
            grep -qE "interrupted while windows were firing: .* [0-9]+ open windows" err
            rm rows
        fi
    done
    grep -q "interrupted while windows were firing: state stays as it was" err
    w -w sliding:100000s/1s -k k -s state --output rows events 2>err
    w -w sliding:100000s/1s -k k events | cmp - rows
}

@test "an interrupt says how many rows are of windows that were not complete" {
    start -w 10s
    printf '%s\n' '{"t":1}' '{"t":12}' '{"t":25}' >&7
    wait_for_line out 10,20,1
    kill -s TERM "$pid"
    wait "$pid" || true
    pid=
    exec 7>&-
    same "$(tail -n 1 out)" 20,30,1
    grep -q "interrupted: the last 1 rows are of windows that were not complete" err
}

@test "with --final an interrupt says how many windows it leaves out" {
    start -w sliding:30s/10s --final
    printf '%s\n' '{"t":1}' '{"t":32}' '{"t":33}' >&7
    wait_for_line out 0,30,1
    kill -s TERM "$pid"
    wait "$pid" || true
    pid=
    exec 7>&-
    grep -q "interrupted: 3 open windows are not printed, for with --final" err
}

@test "a closed window with something unfired fires as late on a signal" {
    start -w 10s -l 1000s --late-every 5
    printf '%s\n' '{"t":1}' '{"t":12}' '{"t":2}' '{"t":26}' >&7
    wait_for_line out 10,20,1,0,on_time
    kill -s TERM "$pid"
    wait "$pid" || true
    pid=
    exec 7>&-
    same "$(tail -n +2 out)" $'0,10,1,0,on_time\n10,20,1,0,on_time\n0,10,2,1,late\n20,30,1,0,early'
}

# Fed these times, ended by a signal once the row is there: interrupted ROW "TIMES" OPTION...
interrupted() {
    local row=$1 times=$2
    shift 2
    start "$@"
    # shellcheck disable=SC2086 # times
    tv $times >&7
    wait_for_line out "$row"
    kill -s TERM "$pid"
    wait "$pid" || true
    pid=
    exec 7>&-
}

@test "sessions on a signal: open ones early, closed ones with something unfired late, in order" {
    # 2 and 3 come before W has passed what they make of the first; 11 is one of two that it waits for.
    interrupted 1,8,3,0,on_time "1 9 2 3 20 11" -w session:5s -l 1000s --late-every 2 -d 3s
    same "$(tail -n +2 out)" $'1,6,1,0,on_time\n1,8,3,0,on_time\n9,14,1,0,on_time\n9,16,2,0,late\n20,25,1,0,early'
}

@test "sessions with --final on a signal: how many are left out" {
    interrupted 1,6,1 "1 9 28 34" -w session:5s --final -l 2s
    grep -q "interrupted: 2 open windows are not printed, for with --final" err
}

@test "sliding windows on a signal: each that is open shows what it has" {
    interrupted 0,20,1,0,on_time "1 22 23 41" -w sliding:20s/10s --panes
    same "$(tail -n +2 out)" $'-10,10,1,0,on_time\n0,20,1,0,on_time\n10,30,2,0,on_time\n20,40,2,0,on_time\n30,50,1,0,early\n40,60,1,0,early'
}

@test "a reader that leaves is a quiet end" {
    seq 1 2000000 | sed 's/.*/{"t":&}/' 2>/dev/null |
        { w -w 1s 2>err; echo $? >ended; } | head -n 3 >out
    same "$(cat out)" $'window_start,window_end,count\n1,2,1\n2,3,1'
    [ ! -s err ]
    grep -qxE '0|141' ended
}

@test "memory stays flat over a long stream" {
    feed() { seq 1 "$1" | sed 's/.*/{"t":&,"k":"key&"}/'; }
    kbytes() {
        feed "$1" | python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
            "$WINAGG" -t t --time-format s -w 100s -k k -a count,distinct:k
    }
    short=$(kbytes 20000)
    long=$(kbytes 1000000)
    echo "peak of 20,000 records: $short KiB, of 1,000,000: $long KiB"
    [ "$long" -lt $((short + 16384)) ]
}
