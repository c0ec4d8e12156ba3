#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # run sets status and output
# winagg against the naive model of its specification, over random command lines and streams.
# WINAGG names the binary. To look closer: tests/model/check.py --help.

setup() {
    here=$BATS_TEST_DIRNAME
    WINAGG=${WINAGG:-$here/../../build/release/winagg}
}

check() {
    run "$here/check.py" --winagg "$WINAGG" "$@"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the model itself agrees with the examples of the specification" {
    run python3 "$here/test_model.py"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "random streams: rows, files, counters and status are those of the model" {
    check --seed 1 --count 1000
}

@test "random streams, another seed" {
    check --seed 2024 --count 1000
}

@test "read sizes, FILE or pipe, and the order of records do not show" {
    check --seed 3 --count 150 --variants
}

@test "stopped, killed and started again, it leaves what one run leaves" {
    check --seed 4 --count 300 --restarts
}

@test "saved in steps while records go on, a snapshot holds the state of its beginning" {
    WINAGG=$(dirname "$WINAGG")/winagg-hostile
    [ -x "$WINAGG" ] || skip "make builds $WINAGG for builds of its own"
    check --seed 6 --count 300 --restarts
}

@test "dealt out to shards and merged in trees, it is what one run says" {
    check --seed 5 --count 150 --merges
}

fuzz() {
    local forker
    forker=$(dirname "$WINAGG")/model/forker
    [ -x "$forker" ] || skip "make builds $forker for builds of its own"
    run "$here/fuzz.py" --forker "$forker" --keep "$BATS_TEST_TMPDIR" "$@"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "cases that went wrong once, each run in several ways" {
    fuzz --replay "$here"/corpus/*.json
}

@test "a little of make fuzz-whole: damaged input and command lines, in all ways" {
    fuzz --seed check --count 800
}

@test "random lines of combined, logfmt and #fields are read as the specification says" {
    run "$here/formats.py" --winagg "$WINAGG" --count 60
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "records and silences by a virtual clock: --idle-timeout is what the model says" {
    run "$here/idle.py" --winagg "$WINAGG" --count 150
    echo "$output"
    [ "$status" -eq 0 ]
}
