#!/usr/bin/env bats
# shellcheck disable=SC2154 # run sets stderr
# FILEs that are compressed are read through the program that unpacks them.

load helper
bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    seq -f '{"t":%.0f}' 1 5000 >plain
    w -w 10s plain >expected
}

@test "gzip, zstd, xz, bzip2 and lz4 are known by their first bytes, not by their names" {
    for program in gzip zstd xz bzip2 lz4; do
        "$program" -c <plain >packed
        w -w 10s packed >rows
        cmp rows expected
    done
}

@test "a compressed file of nothing is no record" {
    gzip </dev/null >packed
    run w -w 10s packed
    [ "$status" -eq 0 ]
    same "$output" window_start,window_end,count
}

@test "a file that is damaged ends the run, and nothing more fires" {
    gzip <plain | head -c 6000 >packed
    run --separate-stderr w -w 1h packed
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ "$stderr" == *"packed: gzip, which unpacks it, failed with status 1"* ]]
}

@test "a program that is missing is named" {
    zstd -c <plain >packed
    mkdir bin
    run --separate-stderr env PATH="$PWD/bin" "$WINAGG" -t t -w 10s packed
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"packed: it is compressed, and 'zstd', which unpacks it, is not installed"* ]]
}

@test "killed, it goes on: unpacked again and verified" {
    gzip <plain >packed
    # A reader that leaves in the middle: the rest comes at the restart, and nothing twice.
    w -w 10s --state s --output rows --checkpoint 1000 --strict packed
    cmp rows expected
    rm s rows
    cp plain longer
    echo '{"t":bad}' >>longer
    seq -f '{"t":%.0f}' 5001 6000 >>longer
    gzip <longer >packed
    run w -w 10s --state s --output rows --checkpoint 1000 --strict packed
    [ "$status" -eq 1 ]
    w -w 10s --state s --output rows packed 2>err
    w -w 10s longer >expected 2>err
    cmp rows expected
    # Another content is refused.
    rm s rows
    w -w 10s --state s --output rows --at-eof keep packed 2>err
    sed 's/"t":1}/"t":2}/' longer | gzip >packed
    run w -w 10s --state s --output rows packed
    [ "$status" -eq 1 ]
    [[ "$output" == *"expected the input that the snapshot was taken from"* ]]
}

@test "rows are not appended to the compressed file that is read" {
    gzip <plain >packed
    cp packed before
    run w -w 10s --output packed packed
    [ "$status" -eq 2 ]
    [[ "$output" == *"found packed (input) and packed (--output) to be one"* ]]
    cmp packed before
}

@test "what unpacks is killed: the run ends, and says by which signal" {
    mkdir bin
    printf '%s\n' '#!/bin/sh' 'printf "{\"t\":1}\\n{\"t\":12}\\n"' 'kill -9 $$' >bin/gzip
    chmod +x bin/gzip
    tv 1 | gzip >in.gz
    PATH=$PWD/bin:$PATH fails_with 1 w -w 10s in.gz >out 2>err
    grep -q "in.gz: gzip, which unpacks it, was killed by signal 9" err
    same "$(tail -n +2 out)" "0,10,1" # 10 was not closed by an end that is none
}
