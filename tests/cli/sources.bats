#!/usr/bin/env bats
# The clocks that W follows: sources, jumps that are not believed, --delay all.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# Events of a source and a time: of a:5 b:2
of() {
    local pair
    for pair; do
        printf '{"s":"%s","t":%s}\n' "${pair%%:*}" "${pair#*:}"
    done
}

@test "the slowest source holds W back" {
    of a:5 b:3 a:50 b:8 b:31 a:60 >in
    # As one source, b's 8 would be too late behind a's 50.
    same "$(w -w 10s --late late in 2>/dev/null)" "window_start,window_end,count
0,10,2
50,60,1
60,70,1"
    same "$(w -w 10s --source s --stats in 2>err)" "window_start,window_end,count
0,10,3
30,40,1
50,60,1
60,70,1"
    same "$(counter err too_late)" 0
    grep -q '"watermark":31,' err
}

@test "W waits for as many sources as are said" {
    of a:5 a:50 b:8 >in
    same "$(w -w 10s --source s --late late in)" "window_start,window_end,count
0,10,1
50,60,1"
    same "$(cat late)" '{"s":"b","t":8}'
    same "$(w -w 10s --source s --sources 2 in)" "window_start,window_end,count
0,10,2
50,60,1"
}

@test "a source may be null, and types tell sources apart" {
    printf '{"s":%s,"t":%s}\n' 1 5 '"1"' 3 1.0 20 null 4 '"1"' 20 null 25 >in
    printf '{"t":7}\n' >>in
    w -w 10s --source s --sources 3 --stats in 2>err >/dev/null
    same "$(counter err too_late)" 1
    grep -q '"watermark":20,' err
}

@test "a record that is filtered or too late moves its source's clock; a bad one does not" {
    of a:1 b:1 a:30 >in
    printf '{"s":"b","t":40,"v":"x"}\n' >>in
    w -w 10s --source s --where 's = "a"' --stats in 2>err >/dev/null
    grep -q '"watermark":30,' err
    w -w 10s --source s -a sum:v --stats in 2>err >/dev/null
    grep -q '"watermark":1,' err
    printf '{"s":{},"t":90}\n' >>in
    w -w 10s --source s --where 's = "a"' --stats in 2>err >/dev/null
    same "$(counter err bad)" 1
}

@test "one time far ahead moves no clock, ten in a row do" {
    tv 1 2 1000000 3 12 >in
    same "$(w -w 10s --max-jump 1h --stats in 2>err)" "window_start,window_end,count
0,10,3
10,20,1
1000000,1000010,1"
    grep -q '"watermark":12,' err
    grep -q '"max_event_time":1000000,' err
    { tv 1; seq 5009 -1 5001 | sed 's/.*/{"t":&}/'; } >in
    w -w 10s --max-jump 1h --stats in 2>err >/dev/null
    grep -q '"watermark":1,' err
    tv 5000 5 6000 >>in
    w -w 10s --max-jump 1h --stats in 2>err >/dev/null
    grep -q '"watermark":6000,' err
    # The row is broken by a time that is not ahead.
    { tv 1; seq 5009 -1 5001 | sed 's/.*/{"t":&}/'; tv 1 5000; } >in
    w -w 10s --max-jump 1h --stats in 2>err >/dev/null
    grep -q '"watermark":1,' err
}

@test "with --delay all no window closes before the end" {
    tv 100 5 1e6 -70 5 >in
    same "$(w -w 10s -d all --stats in 2>err)" "window_start,window_end,count
-70,-60,1
0,10,2
100,110,1
1000000,1000010,1"
    grep -q '"watermark":null,"max_event_time":1000000,' err
    same "$(counter err late)" 0
}

@test "clocks go on after a kill" {
    local pid
    # shellcheck disable=SC2046
    of $(for i in $(seq 400); do echo "a:$((i * 3 % 700)) b:$i c:$((i * 2))"; done) >in
    local options=(-t t --time-format s --output-time s -o csv -w 10s -d 5s --source s --sources 3
        --max-jump 100s --late late)
    "$WINAGG" "${options[@]}" in >whole
    mv late late_whole
    for lines in 100 300 700 1000; do
        mkfifo pipe
        "$WINAGG" "${options[@]}" --state s --checkpoint 7 --output rows <pipe &
        pid=$!
        exec 7>pipe
        head -n "$lines" in >&7
        until "$WINAGG" --inspect s 2>/dev/null | jq -e ".input_line > $lines - 10" >one; do sleep 0.05; done
        kill -KILL "$pid"
        wait "$pid" || true
        exec 7>&-
        rm pipe
    done
    same "$("$WINAGG" --inspect s | jq -c '[.sources[].source]')" '["a","b","c"]'
    "$WINAGG" "${options[@]}" --state s --checkpoint 7 --output rows <in
    cmp whole rows
    cmp late_whole late
}

@test "what does not go together" {
    for arguments in "--sources 2" "--sources 0 --source s" "-d all --early 5s" \
        "-d all --source s --sources 2" "--max-jump 0" "--max-jump -1s"; do
        # shellcheck disable=SC2086
        fails_with 2 w -w 10s $arguments </dev/null 2>err
        [ -s err ]
    done
    w -w 10s -d all --early 2 </dev/null
}

@test "W that saturates at the lowest instant has begun: --early D counts from there" {
    printf '{"t":"1677-09-21T00:%s"}\n' 12:44Z 12:58Z 13:10Z | sed 's/}$/,"s":1}/' >in
    local options=(-t t -w 100s -d 10s --early 5s -o csv --output-time s)
    "$WINAGG" "${options[@]}" in >one_source
    "$WINAGG" "${options[@]}" --source s in >with_source
    cmp one_source with_source
    same "$(cut -d, -f3- with_source)" "count,pane,timing
2,0,early
3,1,early
3,2,on_time"
}

@test "more sources than a few: the same rows in one block and line by line" {
    for i in $(seq 12); do
        for s in $(seq 150); do
            printf '{"t":%s,"s":%s}\n' $((i * 10 - s % 7)) "$s"
        done
    done >in
    w -w 10s --source s --sources 150 -l 1s in >whole
    # Line by line, each with a read of its own.
    python3 -c '
import sys, time
for n, line in enumerate(open("in", "rb")):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    if n % 100 == 0:
        time.sleep(0.001)' | w -w 10s --source s --sources 150 -l 1s >single
    cmp whole single
    # W is the least of 150 clocks, so nothing is late: 21 of them stand at the ends of windows.
    same "$(tail -n +2 whole)" "0,10,129,0,on_time
$(seq 10 10 110 | awk '{ print $1 "," $1 + 10 ",150,0,on_time" }')
120,130,21,0,on_time"
}
