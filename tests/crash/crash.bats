#!/usr/bin/env bats
# The crash tests, in a bounded form: fewer records, not every call. `make crash` runs all of it.

setup() {
    here=$BATS_TEST_DIRNAME
    export WINAGG=${WINAGG:-$here/../../build/release/winagg}
}

# part NAME FEWEST ARGUMENT...: it must succeed, and have tried this many: a check that tries nothing
# proves nothing.
part() {
    local name=$1 fewest=$2 tried
    shift 2
    run "$here/$name.py" "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    tried=$(grep -oE '^[0-9]+' <<<"${lines[-1]}")
    [ "$tried" -ge "$fewest" ]
}

@test "killed before calls and at random, a restart leaves the same bytes" {
    part kill 100 --records 12 --stride 14 --rounds 1
}

@test "calls that fail show nothing, or a restart heals them" {
    part errors 200 --records 10 --stride 131
}

@test "allocations that fail end the run, or change nothing" {
    if nm -D "$WINAGG" | grep -qE '__[at]san'; then
        skip "the sanitizer has its own malloc"
    fi
    part memory 400 --stride 37
}

@test "flipped bits and truncations of a snapshot are refused" {
    part flips 150 --stride 60
}

@test "what a file system may keep when the power fails restarts to the same bytes" {
    part states 500 --records 10
}

@test "the same where every snapshot is written in steps, by a thread" {
    WINAGG=$(dirname "$WINAGG")/winagg-hostile
    [ -x "$WINAGG" ] || skip "make builds $WINAGG for builds of its own"
    part states 300 --records 8 --stride 6
    part kill 50 --records 8 --stride 24 --rounds 1
}

# A bug planted into the record: the check must find it, else it ends with status 1.
planted() {
    part states 1 --records 10 --case "every record" --plant "$1"
}

@test "the check of crash states misses the sync of STATE's directory" {
    planted directory
}

@test "the check of crash states misses the sync of a new output's directory" {
    planted created
}

@test "the check of crash states misses the sync before the rename" {
    planted snapshot
}

@test "the check of crash states misses the sync of the outputs" {
    planted output
}

@test "--follow: killed while the log is rotated and packed, the rows are those of a quiet run" {
    part follow 10 --rounds 6 --seed 101
}

@test "--follow: killed before its calls, the rows are those of a quiet run" {
    part follow 15 --calls --every 67
}

@test "an error is no answer: what can't be looked at is neither a pipe nor plain text" {
    part errors 180 --records 10 --stride 4 --call fstat --call pread --case "stdin, >>" \
        --case "growing csv" --case "files, packed"
}

@test "--follow: with calls that fail, the rows are those of a quiet run" {
    part follow 15 --errors --every 61
}

@test "--hold into a pipe: each row once, and none before its snapshot" {
    part hold 60 --stride 29
}

@test "the child that writes a large snapshot is killed, or its parent: old or new, it goes on" {
    part forks 10 --stride 29
}

@test "clocks that jump: the same rows, snapshots, silence that is none, and no busy loop" {
    part clocks 25 --rounds 1
}

@test "stopped, gone on with and killed: the same bytes" {
    part stops 30 --rounds 1
}

@test "a disk that is really full: status 1 and its file's name, and the same bytes when there is room" {
    run "$here/full.py" --records 100 --sizes 2
    echo "$output"
    [ "$status" -ne 77 ] || skip "${lines[-1]}"
    [ "$status" -eq 0 ]
    [ "$(grep -oE '^[0-9]+' <<<"${lines[-1]}")" -ge 60 ]
}
