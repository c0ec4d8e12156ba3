#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2094 # run sets status and output; file names are arguments
# The generator, the naive oracle and the comparison that make bench rests on, at a small size.

setup_file() {
    export PYTHONDONTWRITEBYTECODE=1 generate=$BATS_FILE_TMPDIR/generate
    export WINAGG=${WINAGG:-$BATS_TEST_DIRNAME/../../build/release/winagg}
    "${CC:-cc}" -std=c17 -D_GNU_SOURCE -O1 -o "$generate" "$BATS_TEST_DIRNAME/generate.c"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
}

agrees() { # agrees FORM KEY SUMMED LARGEST
    "$generate" -f "$1" -n 5000 -r 20 >events
    "$WINAGG" -t ts -w 1m -d 30s -k "$2" -a "count,sum:$3,largest=max:$4" -o csv events >rows
    python3 "$BATS_TEST_DIRNAME/naive.py" "$1" events >naive
    python3 "$BATS_TEST_DIRNAME/answers.py" rows naive
}

@test "winagg agrees with the naive answer on generated JSON" {
    agrees json host bytes latency_ms
}

@test "winagg agrees with the naive answer on generated CSV" {
    agrees csv host bytes latency_ms
}

@test "winagg agrees with the naive answer on generated narrow CSV" {
    agrees narrow key value value
}

disagree() { # disagree FILE: against rows, in a row and not by some accident
    run python3 "$BATS_TEST_DIRNAME/answers.py" rows "$1"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *" rows has "* ]]
}

@test "the comparison notices a wrong number, a missing row and a row too many" {
    agrees narrow key value value
    sed '$s/$/1/' naive >wrong
    disagree wrong
    sed '$d' naive >short
    disagree short
    { cat naive; echo 60,k0000,1,1,1; } >long
    disagree long
}

@test "generated events are the same for the same options and differ by seed" {
    "$generate" -n 1000 -s 7 >one
    "$generate" -n 1000 -s 7 >two
    cmp one two
    "$generate" -n 1000 -s 8 >other
    run cmp one other
    [ "$status" -eq 1 ]
}

@test "all forms of one seed are the same events" {
    for form in json csv optional escaped quoted; do
        "$generate" -n 1000 -f "$form" >"events.$form"
        case $form in csv | quoted) reader=csv ;; *) reader=json ;; esac
        python3 "$BATS_TEST_DIRNAME/naive.py" "$reader" "events.$form" >"$form"
        cmp json "$form"
        "$WINAGG" -t ts -w 1m -d 30s -k host -a count,sum:bytes,largest=max:latency_ms \
            -o csv "events.$form" >rows
        python3 "$BATS_TEST_DIRNAME/answers.py" rows json
    done
}

@test "the shards that are measured give the rows of one run, or it is said that they do not" {
    mkdir tools
    cp "$generate" tools/generate
    "${CC:-cc}" -std=c17 -D_GNU_SOURCE -O1 -o tools/measure "$BATS_TEST_DIRNAME/measure.c"
    bench() {
        BENCH_ONLY=shards BENCH_EVENTS=3000 BENCH_ROUNDS=1 \
            python3 "$BATS_TEST_DIRNAME/bench.py" "$WINAGG" tools data
    }
    bench >said
    [ "$(grep -c -e '--partial, [124] at a time' said)" -eq 6 ]
    cat data/json-3000-100.?-of-4 | cmp - data/json-3000-100
    sed -i '$d' data/json-3000-100.4-of-4
    run bench
    [ "$status" -eq 1 ]
    [[ $output == *"gave other rows than one run"* ]]
    BENCH_ONLY=shard run python3 "$BATS_TEST_DIRNAME/bench.py" "$WINAGG" tools data
    [ "$status" -eq 1 ]
    [[ $output == *"expected speed, growth, messy, patterns, windows, shards, checkpoints or nothing, found 'shard'"* ]]
}

@test "what snapshots cost is measured over states of three sizes" {
    mkdir tools
    cp "$generate" tools/generate
    "${CC:-cc}" -std=c17 -D_GNU_SOURCE -O1 -o tools/measure "$BATS_TEST_DIRNAME/measure.c"
    sed 's/^RUN_S = .*/RUN_S = 0/' "$BATS_TEST_DIRNAME/checkpoints.py" >checkpoints.py
    cp "$BATS_TEST_DIRNAME"/{answers,bench,growth,messy,patterns,peers,shards,windows}.py .
    BENCH_ONLY=checkpoints BENCH_EVENTS=3000 BENCH_ROUNDS=1 python3 ./bench.py "$WINAGG" tools data >said
    [ "$(grep -cE '^ +[0-9,]+ +[0-9.]+ ' said)" -eq 3 ]
}

@test "all forms of times are the same events" {
    "$generate" -n 3000 -r 20 >events
    "$WINAGG" -t ts -w 1m -d 30s -k host -a count,sum:bytes events >iso
    while IFS='|' read -r times pattern; do
        "$generate" -n 3000 -r 20 -t "$times" >"events.$times"
        run cmp events "events.$times"
        [ "$status" -eq 1 ]
        "$WINAGG" -t ts -w 1m -d 30s -k host -a count,sum:bytes --time-format "$pattern" \
            --year-from 2025-12-31 "events.$times" >rows 2>err
        cmp iso rows
    done <<'END'
nginx|%d/%b/%Y:%H:%M:%S %z
syslog|%b %e %H:%M:%S
log4j|%Y-%m-%d %H:%M:%S,%f
offset|%FT%T%z
END
}

@test "winagg agrees with the naive answer on messy records of each form, and of all" {
    for form in optional4 optional10 spaced6 names50 orders2 orders16 orders0 arrays16 nested4 \
        exponents cyrillic latin duplicate escapedname doubled; do
        echo "$form"
        "$generate" -n 2000 -f "$form" >events
        case $form in doubled) reader=csv ;; *) reader=json ;; esac
        python3 "$BATS_TEST_DIRNAME/naive.py" "$reader" events >naive
        for threads in 1 3; do
            "$WINAGG" -j "$threads" -t ts -w 1m -d 30s -k host \
                -a count,sum:bytes,largest=max:latency_ms -o csv events >rows
            python3 "$BATS_TEST_DIRNAME/answers.py" rows naive
        done
    done
    # One after the other, so that each meets the outlines of those before.
    for form in json optional10 orders0 json arrays16 nested4 spaced6 orders16 duplicate json; do
        "$generate" -n 700 -f "$form"
    done >events
    python3 "$BATS_TEST_DIRNAME/naive.py" json events >naive
    "$WINAGG" -t ts -w 1m -d 1d -k host -a count,sum:bytes,largest=max:latency_ms -o csv events >rows
    python3 "$BATS_TEST_DIRNAME/answers.py" rows naive
}

@test "sessions that flatten the list of their key cost what others do, twice as many twice as much" {
    if nm -D "$WINAGG" | grep -qE '__[at]san|__ubsan'; then
        skip "the sanitizers do not run under valgrind"
    fi
    run python3 "$BATS_TEST_DIRNAME/mean.py" --records 3000 --case "list made flat"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" == "1 cases, 0 too dear" ]
}
