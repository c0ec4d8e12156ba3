#!/usr/bin/env bats
# The command line itself: help, version, wrong usage.

load helper

# Status 2, nothing on stdout, one line that says what, and a pointer to --help.
refuses() {
    local says=$1 status=0 out
    shift
    out=$("$WINAGG" "$@" </dev/null 2>"$BATS_TEST_TMPDIR/err") || status=$?
    cat "$BATS_TEST_TMPDIR/err"
    [ "$status" -eq 2 ]
    [ -z "$out" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 2 ]
    [[ "$(sed -n 1p "$BATS_TEST_TMPDIR/err")" == "winagg: "*"$says"* ]]
    [ "$(sed -n 2p "$BATS_TEST_TMPDIR/err")" == "Try 'winagg --help' for more information." ]
}

@test "--help is one screen of 80 columns, on stdout" {
    run "$WINAGG" --help
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -le 72 ]
    [[ "${lines[0]}" == "Usage: winagg -t FIELD -w WINDOW "* ]]
    [ -z "$(awk 'length($0) > 79' <<<"$output")" ]
    same "$("$WINAGG" -h)" "$output"
}

@test "--help TOPIC prints a part of the man page, 79 columns wide" {
    topics=$("$WINAGG" --help | sed -n 's/^Topics of --help: //p')
    same "$(xargs -n 1 <<<"$topics" | sort | xargs)" \
        "aggregates conditions keys late recipes restart times windows"
    for topic in $topics; do
        run "$WINAGG" --help "$topic"
        [ "$status" -eq 0 ]
        [ "${#lines[@]}" -ge 10 ]
        # Commands and what they print stand as they are.
        [ "$topic" == recipes ] || [ -z "$(awk 'length($0) > 79' <<<"$output")" ]
        same "$("$WINAGG" "--help=$topic")" "$output"
        same "$("$WINAGG" -h "$topic")" "$output"
    done
    "$WINAGG" --help windows | grep -q '^WINDOWS$'
    "$WINAGG" --help keys | grep -qF "'service\.name' prints 'service.name'"
}

@test "an unknown topic is an error that lists them, and names the nearest" {
    refuses "--help: expected times, windows, late, keys, aggregates, conditions, restart or recipes, found 'winows'; did you mean 'windows'?" --help winows
    refuses "found 'xyzzy'" --help=xyzzy
    refuses "found ''" --help=
}

@test "--help to a reader that has left ends quietly" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    : <"$BATS_TEST_TMPDIR/pipe" &
    exec 8>"$BATS_TEST_TMPDIR/pipe"
    wait $!
    for topic in "" times; do
        # No topic is no word.
        # shellcheck disable=SC2086
        same "$("$WINAGG" --help $topic 2>&1 >&8; echo "$?")" 0
    done
    exec 8>&-
}

@test "alone it shows three lines, with an example" {
    cd "$BATS_TEST_TMPDIR"
    fails_with 2 "$WINAGG" 2>err
    same "$(wc -l <err)" 3
    grep -q "^Usage: winagg -t FIELD -w WINDOW" err
    grep -q "winagg -t ts -w 1m" err
}

@test "--help wins over what else is missing, and what follows is not read" {
    run "$WINAGG" -t x --help --nonsense
    [ "$status" -eq 0 ]
}

@test "--version" {
    same "$("$WINAGG" --version)" "winagg 0.1.0"
    same "$("$WINAGG" -V)" "winagg 0.1.0"
}

@test "--help into a full device fails" {
    [ -e /dev/full ]
    status=0
    "$WINAGG" --help >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 1 ]
    grep -q '^winagg: standard output: ' "$BATS_TEST_TMPDIR/err"
}

@test "--time and --window are needed" {
    refuses "expected -t FIELD" -w 1m
    refuses "expected -w WINDOW" -t ts
}

@test "an unknown option is an error with a suggestion" {
    refuses "unknown option '--latenes'; did you mean '--lateness'?" --latenes 1m
    refuses "unknown option '--strcit'; did you mean '--strict'?" --strcit
    refuses "unknown option '--aggregate'; did you mean '--agg'?" --aggregate=count
    refuses "unknown option '--time-fmt'; did you mean '--time-format'?" --time-fmt s
    refuses "unknown option '--xyzzy'" --xyzzy
    refuses "unknown option '-x'" -x
}

@test "a system that --explain does not know is refused, not ignored" {
    refuses "--explain: expected nothing, =duckdb or =flink-sql, found 'spark'" -t t -w 1m --explain=spark
}

@test "a missing and a needless argument" {
    refuses "--window: expected an argument (WINDOW), found the end" -t t -w
    refuses "--delay: expected an argument (DURATION), found the end" -t t -w 1m --delay
    refuses "--panes: expected no argument, found '1'" -t t -w 1m --panes=1
}

@test "wrong windows" {
    refuses "--window: expected a length above 0, found '0'" -t t -w 0
    refuses "--window: " -t t -w 5
    refuses "--window: " -t t -w hopping:1m
    refuses "--window: expected sliding:SIZE/SLIDE" -t t -w sliding:1m
    refuses "--window: " -t t -w session:
    refuses "--offset: expected a window of a fixed length" -t t -w tumbling:day --offset 1s
    refuses "did you mean sliding:5m/1m?" -t t -w 5m/1m
    refuses "did you mean tumbling:day?" -t t -w day
    refuses "did you mean tumbling:week?" -t t -w sliding:week/1d
    refuses "did you mean 1m?" -t t -w 1min
    refuses "--window: expected one calendar unit or a duration like 24h" -t t -w tumbling:2day
    refuses "did you mean tumbling:day?" -t t -w tumbling:days
    refuses "did you mean tumbling:day?" -t t -w tumbling:Day
    refuses "did you mean tumbling:month?" -t t -w MONTHS
    refuses "found '1H'; did you mean 1h?" -t t -w sliding:1H/5m
    refuses "found '1.5D'; did you mean 1.5d?" -t t -w session:1.5D
    refuses "found '-5Min'; did you mean -5m?" -t t -w 1h --offset -5Min
    refuses "--delay: expected a duration like 90s or 1h30m, found '5 secs'; did you mean 5s?" -t t -w 1h -d '5 secs'
    # Minutes or months?
    said=$("$WINAGG" -t t -w 5M 2>&1 </dev/null) && return 1
    [[ $said == *"found '5M'"$'\n'* ]]
    refuses "--window: expected a SIZE that is a multiple of STEP" -t t -w cumulate:10s/3s
    refuses "--window: expected at most 100000 windows a record" -t t -w sliding:100001s/1s
    refuses "--window: expected at most 100000 windows a record" -t t -w sliding:200001ns/2ns
    refuses "--window: expected at most 100000 windows a record" -t t -w cumulate:100001s/1s
}

@test "wrong durations and numbers" {
    refuses "--delay: expected a duration" -t t -w 1m -d 5
    refuses "--delay: expected a duration" -t t -w 1m -d -5s
    refuses "--lateness: expected a duration" -t t -w 1m -l soon
    refuses "--early: " -t t -w 1m --early 0
    refuses "--early: " -t t -w 1m --early 0s
    refuses "--early: " -t t -w 1m --early x
    refuses "--late-every: " -t t -w 1m --late-every 0
    refuses "--late-every: " -t t -w 1m --late-every 1s
    refuses "--threads: " -t t -w 1m -j -1
    refuses "--max-record: " -t t -w 1m --max-record 0
    refuses "--max-record: " -t t -w 1m --max-record 16Q
    refuses "--max-record: " -t t -w 1m --max-record 2GiB
    refuses "--max-record: " -t t -w 1m --max-record 99999999999999999999
}

@test "wrong words name the right ones" {
    refuses "--mode: expected accumulate, discard or retract, found 'refine'" -t t -w 1m -m refine
    refuses "--input-format: expected auto, json, csv, tsv, combined or logfmt, found 'xml'" -t t -w 1m -i xml
    refuses "--output-format: expected json, csv, tsv, table, chart or sql:TABLE, found 'xml'" -t t -w 1m -o xml
    refuses "--output-time: expected rfc3339, s, ms, us, ns or local" -t t -w 1m --output-time iso
    refuses "--time-format: " -t t -w 1m --time-format iso
    refuses "--delimiter: " -t t -w 1m --delimiter ::
    refuses "--delimiter: " -t t -w 1m --delimiter '"'
}

@test "wrong aggregates and fields" {
    refuses "summ" -t t -w 1m -a summ:v
    refuses "sum" -t t -w 1m -a sum
    refuses "topk" -t t -w 1m -a topk:v
    refuses "p101" -t t -w 1m -a p101:v
    refuses "--key: " -t t -w 1m -k a..b
    refuses "--key: " -t t -w 1m -k a,,b
    refuses "--time: " -t '' -w 1m
}

@test "two output columns of one name" {
    refuses "found 'count' twice" -t t -w 1m -a count,count
    refuses "found 'host' twice" -t t -w 1m -k host,host
    refuses "found 'window_end' twice" -t t -w 1m -k window_end
    refuses "found 'op' twice" -t t -w 1m -k op -m retract
    refuses "found 'pane' twice" -t t -w 1m -k pane -l 1m
    refuses "found 'id' twice" -t t -w 1m -a id=count --row-id
    # Only where there are such columns.
    "$WINAGG" -t t -w 1m -k op,pane,timing -a id=count </dev/null
}

@test "options for rows of columns are said to have no effect on other formats" {
    for format in json combined logfmt; do
        "$WINAGG" -t time -w 1m -i "$format" --no-header --columns a,b --delimiter ';' --comment '#' --ragged \
            </dev/null 2>"$BATS_TEST_TMPDIR/err"
        [ "$(grep -c 'has no effect: the input is no CSV or TSV' "$BATS_TEST_TMPDIR/err")" -eq 5 ]
    done
}

@test "options that exclude each other" {
    refuses "--early" -t t -w 1m --final --early 5
    refuses "--late-every" -t t -w 1m --final --late-every 5
}

@test "what a snapshot is needed for asks for --state" {
    refuses "--at-eof keep: expected --state FILE" -t t -w 1m --at-eof keep
    refuses "--hold: expected --state FILE" -t t -w 1m --hold
    refuses "--checkpoint: expected --state FILE" -t t -w 1m --checkpoint 5s
    refuses "--resume: expected --state FILE" -t t -w 1m --resume continue
    refuses "--verify: expected --state FILE" -t t -w 1m --verify full
    refuses "--checkpoint: expected a number of records above 0 or a duration" -t t -w 1m -s f --checkpoint 0
    refuses "--resume: expected skip or continue, found 'no'" -t t -w 1m -s f --resume no
    refuses "--verify: expected quick or full, found 'no'" -t t -w 1m -s f --verify no
    refuses "--at-eof: expected flush or keep, found 'no'" -t t -w 1m -s f --at-eof no
}

@test "stdin is one FILE" {
    refuses "expected '-' (stdin) once, found it twice" -t t -w 1m - a -
}

@test "every way of writing an option is the same" {
    want=$(printf '0,60,2\n')
    for args in "-t t -w 1m" "-tt -w1m" "--time t --window 1m" "--time=t --window=1m" \
        "--window=tumbling:1m -tt"; do
        # Words are meant to be split here.
        # shellcheck disable=SC2086
        same "$(tv 1 2 | "$WINAGG" $args --time-format s --output-time s -o csv | tail -n 1)" "$want"
    done
}

@test "FILE may stand anywhere, - is stdin, -- ends the options" {
    tv 1 2 >"$BATS_TEST_TMPDIR/-events"
    cd "$BATS_TEST_TMPDIR"
    cp -- -events plain
    same "$(w plain -w 1m </dev/null | tail -n 1)" "0,60,2"
    same "$(w -w 1m plain </dev/null | tail -n 1)" "0,60,2"
    same "$(w -w 1m -- -events </dev/null | tail -n 1)" "0,60,2"
    same "$(tv 1 | w - -w 1m | tail -n 1)" "0,60,1"
}

@test "a FILE that can't be read is a runtime failure" {
    run "$WINAGG" -t t -w 1m /nonexistent/file
    [ "$status" -eq 1 ]
    [[ "$output" == "winagg: /nonexistent/file: "* ]]
    run "$WINAGG" -t t -w 1m /
    [ "$status" -eq 1 ]
    [[ "$output" == "winagg: "*"irectory"* ]]
}

@test "a later option takes the place of an earlier one; -k and -a add up" {
    same "$(tv 1:2 | w -w 5s -w 1m -a count -a sum:v)" $'window_start,window_end,count,sum_v\n0,60,1,2'
    same "$(echo '{"t":1,"a":1,"b":2}' | w -w 1m -k a -k b)" \
        $'window_start,window_end,a,b,count\n0,60,1,2,1'
}

@test "at most 64 threads" {
    cd "$BATS_TEST_TMPDIR"
    fails_with 2 w -w 10s -j 65 <<<'{"t":1}' 2>err
    grep -q "expected a number from 0 to 64, found '65'" err
    same "$(w -w 10s -j 64 <<<'{"t":1}' | tail -n 1)" 0,10,1
}
