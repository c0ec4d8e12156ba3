#!/usr/bin/env bats
# Files of a command line that are one: a usage error, and nothing is touched.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    tv 1 12 >in
    ln -s in link
    ln in hard
    mkdir dir
    ln -s . here
}

# refused NAME NAME OPTION...: says that the two are one; no file is new, none has changed.
refused() {
    local before after first=$1 second=$2
    shift 2
    before=$(find . -type f -exec md5sum {} + | sort -k 2)
    run w -w 10s "$@"
    [ "$status" -eq 2 ]
    [[ "$output" == *"expected files that are different, found $first ("*") and $second ("*") to be one"* ]]
    after=$(find . -type f -exec md5sum {} + | sort -k 2)
    same "$after" "$before"
}

# stays NAME KIND FILE-TYPE: neither option takes it, and it is still there.
stays() {
    local option
    for option in --state --metrics; do
        run timeout 20 "$WINAGG" -t t -w 10s "$option" "$1" in
        [ "$status" -eq 1 ]
        same "$output" "winagg: $1: expected a regular file, which $option replaces, found $2"
        same "$(stat -c %F "$1")" "$3"
    done
}

@test "the state, its temporary file and its lock against the input" {
    cp in x.tmp
    cp in x.lock
    refused x.tmp x.tmp -s x x.tmp
    refused x.lock x.lock -s x x.lock
    refused in in -s in in
    refused link in -s in link
    refused hard in -s in hard
}

@test "the state against the outputs" {
    refused x x -s x --output x in
    refused x ./x -s x --late ./x in
    refused x.lock here/x.lock -s x --bad here/x.lock in
    echo old >x
    refused x x -s x --output x in
}

@test "two outputs, there or not there yet, by any path" {
    refused o o --output o --late o in
    refused o ./o --output o --late ./o in
    refused o here/o --late o --bad here/o in
    : >dir/o
    ln -s dir/o p
    refused dir/o p --output dir/o --late p in
    ln -s dir/new q
    refused dir/new q --output dir/new --late q in
    refused q here/dir/new --bad here/dir/new --late q in
}

@test "what stands beside the file that a link leads to, while that is replaced" {
    : >dir/m
    ln -s dir/s s
    ln -s dir/m m
    refused dir/s.tmp ./dir/s.tmp -s s --output ./dir/s.tmp in
    refused dir/s.lock here/dir/s.lock -s s --bad here/dir/s.lock in
    refused dir/m.tmp dir/m.tmp --metrics m --late dir/m.tmp in
    refused dir/m m --output dir/m --metrics m in
    w -w 10s -s s --output s.tmp --late s.lock --bad m.tmp --metrics m in
}

@test "an output that is stdout, or the input on stdin" {
    run bash -c '"$0" -t t -w 10s --late o in >>o' "$WINAGG"
    [ "$status" -eq 2 ]
    run bash -c '"$0" -t t -w 10s --late in <in' "$WINAGG"
    [ "$status" -eq 2 ]
    same "$(cat in)" "$(tv 1 12)"
}

@test "devices may be shared, files of the same name elsewhere are others" {
    w -w 10s --output /dev/null --late /dev/null --bad /dev/null in
    w -w 10s --output dir/o --late o in
}

@test "what would be replaced is a regular file: a device or a pipe stays what it is" {
    mkfifo pipe
    ln -s pipe to-pipe
    mknod device c 1 3 2>/dev/null && stays device 'a device' 'character special file' # by root only
    stays pipe 'a pipe' fifo
    stays to-pipe 'a pipe' 'symbolic link'
    stays dir 'a directory' directory
    [ -z "$(find . -name '*.lock' -o -name '*.tmp')" ]
}

@test "a file needs a name" {
    for option in --state --output --late --bad --inspect; do
        run w -w 10s "$option" '' in
        [ "$status" -eq 2 ]
        [[ "$output" == *"$option: expected the name of a file, found ''"* ]]
        [ "$option" == --output ] && continue
        run w -w 10s "$option" - in
        [ "$status" -eq 2 ]
        [[ "$output" == *"$option: expected the name of a file, found '-' (./- is one)"* ]]
    done
    [ ! -e .lock ]
    [ ! -e .tmp ]
    same "$(w -w 10s --output - in)" "$(w -w 10s in)"
    [ ! -e - ]
}

@test "one processor that we may use is one thread; more than 64 are refused" {
    run w -w 10s -j 65 in
    [ "$status" -eq 2 ]
    [[ "$output" == *"--threads: expected a number from 0 to 64, found '65'"* ]]
    seq -f '{"t":%.0f}' 1 200000 >many
    # Leaks are not looked for under strace.
    ASAN_OPTIONS=detect_leaks=0 strace -f -o calls -e trace=clone,clone3 taskset -c 0 "$WINAGG" -t t -w 10s many >rows
    [ "$(grep -c clone calls)" -eq 0 ]
}
