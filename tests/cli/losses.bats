#!/usr/bin/env bats
# Nothing is lost without a word.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
}

@test "records that came too late: how many, and the delay that takes them all" {
    tv 1 60 2 3 4 >in
    w -w 10s in >rows 2>err
    same "$(cat err)" "winagg: 3 of 5 records came too late for their windows and are in no row: with --delay 58s none would have been late (--late FILE keeps them)"
    # That delay does it, and a shorter one does not.
    w -w 10s -d 58s in >rows 2>err
    [ ! -s err ]
    same "$(tail -n +2 rows)" "0,10,4
60,70,1"
    w -w 10s -d 49s in >rows 2>err
    same "$(cat err)" "winagg: 3 of 5 records came too late for their windows and are in no row: with --delay 58s none would have been late (--late FILE keeps them)"
    w -w 10s --late late in >rows 2>err
    [ ! -s err ]
}

@test "sessions too" {
    tv 1 60 2 3 4 >in
    w -w session:10s in 2>&1 >rows | grep -q "^winagg: 3 of 5 records .* --delay 58s"
}

@test "late, but not too late, needs no word" {
    tv 1 9 2 >in
    w -w 10s in >rows 2>err
    [ ! -s err ]
}

@test "every record bad: status 1" {
    printf 'x\ny\n' >in
    for options in '' '--bad bad'; do
        # shellcheck disable=SC2086 # two words
        run w -w 10s -i json $options in
        [ "$status" -eq 1 ]
        [[ "$output" == *"in: every record was bad"* ]]
    done
    tv 1 >>in
    w -w 10s -i json in
    # No record at all is no failure.
    : >in
    w -w 10s in
}

@test "every record bad, over runs: each for itself" {
    tv 1 >in
    w -w 10s --state s --at-eof keep in
    echo bad >>in
    run w -w 10s --state s --at-eof keep in
    [ "$status" -eq 1 ]
    w -w 10s --state s --at-eof keep in 2>err
    [ ! -s err ]
}

@test "what others append after a run that ended stays" {
    tv 1 12 >in
    w -w 10s --state s --output rows --at-eof keep in
    echo 'job done' >>rows
    tv 25 >>in
    w -w 10s --state s --output rows --at-eof keep in 2>err
    [ ! -s err ]
    same "$(cat rows)" "window_start,window_end,count
0,10,1
job done
10,20,1"
    # A run that is killed cuts what it wrote itself, and no more.
    echo 'job done' >>rows
    cp rows expected
    mkfifo pipe
    cat in >first
    w -w 10s --state s2 --output out --at-eof keep <first
    echo 'job done' >>out
    cp out before
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s --state s2 --output out --at-eof keep \
        --checkpoint 1h <pipe 2>err 3>&- &
    pid=$!
    exec 7>pipe
    cat first >&7
    tv 41 55 >&7
    wait_for_line out 20,30,1
    kill -KILL "$pid"
    exec 7>&-
    wait "$pid" || true
    { cat first; tv 41 55; } | w -w 10s --state s2 --output out 2>err
    same "$(cat err)" "winagg: out: cut by 16 bytes that were written after the last snapshot: their rows come again"
    same "$(head -c "$(wc -c <before)" out)" "$(cat before)"
    same "$(tail -n +5 out)" "20,30,1
40,50,1
50,60,1"
}

@test "a reader of --late or --bad that leaves is an error: what it did not read is nowhere else" {
    { seq 1 50000; seq 1 50000 | sed 's/.*/1/'; } | sed 's/.*/{"t":&}/' >in
    mkfifo late
    head -c 10 late >/dev/null &
    fails_with 1 "$WINAGG" -t t -w 10s --late late --state s --output rows in 2>err
    wait
    grep -q "late: write failed: Broken pipe" err
    # What was not read comes again.
    "$WINAGG" -t t -w 10s --late /dev/null --output whole in
    cat late >again &
    "$WINAGG" -t t -w 10s --late late --state s --output rows in
    wait
    cmp rows whole
    [ "$(wc -l <again)" -gt 40000 ]
    { seq 1 50000 | sed 's/.*/oops/'; echo '{"t":1}'; } >in
    head -c 10 late >/dev/null &
    fails_with 1 "$WINAGG" -t t -w 10s -i json --bad late in 2>err
    wait
    # Where they go with the rows, their reader may leave, as that of rows.
    { seq 1 50000; seq 1 50000 | sed 's/.*/1/'; } | sed 's/.*/{"t":&}/' >in
    "$WINAGG" -t t -w 10s --late /dev/stdout in 2>err | head -n 1
    same "$(cat err)" ""
    rm rows
    { fails_with 1 "$WINAGG" -t t -w 10s --late /dev/stdout --output rows in 2>err && touch failed; } | head -n 1
    [ -e failed ]
    grep -q "/dev/stdout: write failed: Broken pipe" err
}

@test "a file that is truncated while it is read is said to have lost its rest" {
    seq 1 300000 | sed 's/.*/{"t":&}/' >in
    mkfifo rows
    "$WINAGG" -t t -w 1s in >rows 2>err 3>&- &
    pid=$!
    exec 8<rows
    read -r _ <&8
    : >in
    cat <&8 >/dev/null
    wait "$pid"
    grep -qE "in: truncated while it was read, behind byte [0-9]+: what stood there is lost" err
}

@test "bytes of a pipe that goes on which are no record are said to be lost" {
    printf '{"t":1}\n{"t":' | "$WINAGG" -t t -w 10s --state s --at-eof keep --resume continue 2>err
    grep -q "stdin: the last 5 bytes end in no newline: they are no record, and with --resume continue the next run does not have them" err
    rm s
    printf '{"t":1}\n{"t":' | "$WINAGG" -t t -w 10s --state s --at-eof keep 2>err
    printf '{"t":1}\n' | "$WINAGG" -t t -w 10s --state t --at-eof keep --resume continue 2>>err
    same "$(cat err)" ""
}
