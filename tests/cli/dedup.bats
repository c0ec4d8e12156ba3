#!/usr/bin/env bats
# --dedup: a record of an id is used once, for as long as its windows take records.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# Events of an id (JSON) and a time: ids '"a":5' 1:7
ids() {
    local pair
    for pair; do
        printf '{"id":%s,"t":%s}\n' "${pair%:*}" "${pair##*:}"
    done
}

@test "a second record of an id is a duplicate; types tell ids apart; null is none" {
    ids 1:1 '"1":2' 1.0:3 null:4 null:5 '"1":6' true:7 >in
    same "$(w -w 10s --dedup id --stats in 2>err)" "window_start,window_end,count
0,10,5"
    same "$(counter err duplicates) $(counter err used) $(counter err records)" "2 5 7"
}

@test "an id is remembered until its time, the lateness and a window have passed" {
    # 3 + 10 <= W at 13, 3 + 5 + 10 at 18.
    ids 1:3 2:12 1:12 2:13 1:13 >in
    same "$(w -w 10s --dedup id in)" "window_start,window_end,count
0,10,1
10,20,2"
    ids 1:3 2:17 1:17 2:18 1:18 >in
    same "$(w -w 10s -l 5s --dedup id in | cut -d, -f1-3)" "window_start,window_end,count
0,10,1
10,20,2"
    # One window for all time forgets nothing.
    ids 1:3 2:1e6 1:2e6 >in
    same "$(w -w all --dedup id in)" "window_start,window_end,count
,,2"
}

@test "a session remembers the ids that it took until it expires" {
    ids 1:0 2:4 3:8 1:12 4:16 1:17 5:40 1:41 >in
    # The first session is [0, 13): its ids live on after 5, until W is there, at 16.
    same "$(w -w session:5s --dedup id --stats in 2>err)" "window_start,window_end,count
0,13,3
16,22,2
40,46,2"
    same "$(counter err duplicates)" 1
}

@test "a session that was long is forgotten when it has expired, and not later" {
    # [0, 1005) by tens and fives; 1 and 2 come again 95 s after it, when nothing is due yet by the life that they have had.
    { ids 1:0 2:3; awk 'BEGIN { for (t = 4; t <= 1000; t += 4) printf "{\"id\":\"n%d\",\"t\":%d}\n", t, t }'; ids 1:1000 7:1100 1:1101 2:1102 1:1103; } >in
    same "$(w -w session:5s --dedup id --stats in 2>err)" "window_start,window_end,count
0,1005,252
1100,1107,3"
    same "$(counter err duplicates)" 2
    # The same over a restart between them.
    head -n -3 in >start
    w -w session:5s --dedup id -s s --at-eof keep --output rows start
    mv start old
    cp in start
    w -w session:5s --dedup id -s s --output rows start
    same "$(cat rows)" "$(w -w session:5s --dedup id in)"
}

@test "only used records are remembered, and a duplicate moves the clock" {
    printf '%s\n' '{"id":1,"t":1,"v":"x"}' '{"id":1,"t":2,"v":1}' '{"id":1,"t":30,"v":"y"}' >in
    same "$(w -w 10s --dedup id -a sum:v --stats in 2>err)" "window_start,window_end,sum_v
0,10,1"
    # Bad for a value comes after duplicate.
    same "$(counter err bad) $(counter err duplicates) $(counter err watermark)" "1 1 30"
    ids '{}:3' >in
    fails_with 1 w -w 10s --dedup id in 2>err
    grep -q 'stdin:1\|in:1' err
}

@test "a duplicate does not go to --late, and needs no good value" {
    ids 1:5 2:50 1:6 3:6 >in
    # 1 was forgotten with its window: its second record is too late, not a duplicate.
    w -w 10s --dedup id --late late --stats in 2>err >/dev/null
    same "$(counter err too_late) $(counter err duplicates) $(wc -l <late)" "2 0 2"
    w -w 10s -l 60s --dedup id --late late2 --stats in 2>err >/dev/null
    same "$(counter err too_late) $(counter err duplicates)" "0 1"
}

@test "memory follows open windows, not the input" {
    awk 'BEGIN { for (i = 0; i < 400000; i++) printf "{\"id\":\"request-number-%d\",\"t\":%d}\n", i, i / 100 }' >in
    # 400,000 ids of 20 bytes are 30 MB; those of ten seconds and a window are 2,000.
    same "$(w -w 10s -d 10s --dedup id in | awk -F, 'NR > 1 { n += $3 } END { print n }')" 400000
    w -w 10s -d 10s --dedup id --state s --checkpoint 100000 --at-eof keep --output rows in
    [ "$(stat -c %s s)" -lt 400000 ]
}

@test "ids survive a kill" {
    awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"id\":\"%d\",\"t\":%d,\"k\":%d}\n", (i * 7919) % 700, i / 10, i % 3 }' >in
    local window pid
    for window in 10s session:3s sliding:20s/5s; do
        local options=(-t t --time-format s --output-time s -o csv -w "$window" -l 7s -k k --dedup id)
        rm -f rows s
        "$WINAGG" "${options[@]}" in >whole
        for lines in 300 1500 2600; do
            mkfifo pipe
            "$WINAGG" "${options[@]}" --state s --checkpoint 9 --output rows <pipe &
            pid=$!
            exec 7>pipe
            head -n "$lines" in >&7
            until "$WINAGG" --inspect s 2>/dev/null | jq -e ".input_line > $lines - 12" >one; do sleep 0.05; done
            kill -KILL "$pid"
            wait "$pid" || true
            exec 7>&-
            rm pipe
        done
        "$WINAGG" "${options[@]}" --state s --checkpoint 9 --output rows <in
        cmp whole rows
    done
    fails_with 1 "$WINAGG" "${options[@]}" --dedup k --state s --output rows <in 2>err
    grep -q -- "--dedup was 'id', is 'k'" err
}

@test "a duplicate that is bad for a value, too, moves its FILE's clock, and gives up its turn" {
    echo '{"t":14,"id":"a","v":1}' >f0
    printf '%s\n' '{"t":4,"id":"a","v":false}' '{"t":7,"id":"b","v":1}' >f1
    echo '{"t":87,"id":"b","v":20}' >f2 # read before f1:2, for it has no clock yet
    same "$("$WINAGG" -t t -w 100s --dedup id -a sum:v -o csv --output-time s f0 f1 f2)" \
        "window_start,window_end,sum_v
0,100,21"
}
