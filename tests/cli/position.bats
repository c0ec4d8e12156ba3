#!/usr/bin/env bats
# --position: a replayable log that starts again further back than the snapshot.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# A log of two partitions, with everything in it that a record may be.
make_log() {
    awk 'BEGIN { srand(3); for (i = 0; i < 600; i++) {
        p = i % 2; o[p] += 1 + int(rand() * 3); t = int(i / 4) - (rand() < 0.1 ? 30 : 0)
        r = rand()
        if (r < 0.03) printf "{\"p\":%d,\"o\":%d,\"t\":\"never\"}\n", p, o[p]
        else if (r < 0.06) printf "broken %d\n", i
        else if (r < 0.09) printf "{\"p\":%d,\"o\":%d,\"t\":%d,\"v\":\"x\"}\n", p, o[p], t
        else if (r < 0.12) printf "{\"p\":%d,\"t\":%d,\"v\":1}\n", p, t
        else printf "{\"p\":%d,\"o\":%d,\"t\":%d,\"v\":%d,\"id\":%d}\n", p, o[p], t, i, i % 250 } }'
}

@test "what is not above the last position is counted, and touches nothing" {
    printf '%s\n' '{"o":1,"t":5}' '{"o":2,"t":6}' '{"o":2,"t":99}' '{"o":1,"t":"never"}' 'broken' '{"o":3,"t":7}' \
        'broken' '{"t":8}' '{"o":"x","t":8}' '{"o":9007199254740993,"t":9}' '{"o":9007199254740992,"t":9}' | cat - >in
    w -w 10s --position o --bad bad --stats <in 2>err >rows
    same "$(tail -n 1 rows)" "0,10,4"
    same "$(counter err replayed) $(counter err bad) $(counter err records) $(counter err max_event_time)" "4 3 11 9"
    same "$(cat bad)" $'broken\n{"t":8}\n{"o":"x","t":8}'
}

@test "each source has its own position; filtered, bad and late records move it" {
    printf '%s\n' '{"p":1,"o":10,"t":50}' '{"p":2,"o":5,"t":50}' '{"p":1,"o":9,"t":51}' '{"p":2,"o":6,"t":1}' '{"p":2,"o":6,"t":51}' \
        '{"p":1,"o":11,"t":"x"}' '{"p":1,"o":11,"t":52}' '{"p":2,"o":7,"t":52,"f":1}' '{"p":2,"o":7,"t":53}' >in
    w -w 10s --source p --position o --where 'f is null' --late late --stats <in 2>err >rows
    same "$(tail -n 1 rows)" "50,60,2"
    same "$(counter err replayed) $(counter err too_late) $(counter err bad) $(counter err filtered)" "4 1 1 1"
}

@test "killed, and started again further back each time: the same bytes" {
    make_log >log
    local options=(-t t --time-format s --output-time s -o csv -w 10s -d 5s -l 20s -a 'count,sum:v' --source p
        --position o --dedup id --late late --bad bad)
    "$WINAGG" "${options[@]}" --state whole_state --output whole <log 2>/dev/null
    mv late late_whole
    mv bad bad_whole
    local pid last first
    for n in 40 170 320 480; do
        mkfifo pipe
        "$WINAGG" "${options[@]}" --state s --resume continue --checkpoint 11 --output rows <pipe 2>err &
        pid=$!
        exec 7>pipe
        # From the beginning, or from some way before what the snapshot has.
        last=$("$WINAGG" --inspect s 2>/dev/null | jq '[.positions[] | select(.source == 0).position][0] // 0')
        first=$(grep -n "\"p\":0,\"o\":$last," log | cut -d: -f1)
        first=$((${first:-0} > 60 ? first - 40 : 1))
        tail -n "+$first" log | head -n "$n" >&7
        sleep 0.3
        kill -KILL "$pid"
        wait "$pid" || true
        exec 7>&-
        rm pipe
    done
    "$WINAGG" --inspect s | jq -e '[.positions[].source] == [0, 1]' >one
    mkfifo pipe
    cat log >pipe &
    "$WINAGG" "${options[@]}" --state s --resume continue --output rows <pipe 2>err
    cmp rows whole
    cmp late late_whole
    # Bad records that have a position come once; those that have none can't be told from new ones.
    same "$(grep '"o"' bad)" "$(grep '"o"' bad_whole)"
}

@test "without --source: a restart knows the last position, and whether it was replayed" {
    p() { "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s --position o -s s --resume continue --stats "$@"; }
    printf '{"o":%s,"t":1}\n' 1 2 3 1 | p --at-eof keep >rows 2>err
    same "$(counter err replayed)" 1
    # The broken line belongs to what is sent again; the one behind what is new does not.
    { echo broken; printf '{"o":%s,"t":1}\n' 2 3; echo broken; echo '{"o":4,"t":1}'; echo broken; } | p >>rows 2>err
    same "$(tail -n 1 rows)" 0,10,4
    same "$(counter err replayed) $(counter err bad)" "5 1"
}

@test "a record over --max-record that is replayed counts once, however many pieces it comes in" {
    { printf '{"o":%s,"t":1}\n' 5 4; head -c 3000000 /dev/zero | tr '\0' x; echo; echo '{"o":6,"t":2}'; } |
        w -w 10s --position o --max-record 1000 --stats >rows 2>err
    same "$(tail -n 1 rows)" 0,10,2
    same "$(counter err replayed) $(counter err bad) $(counter err records)" "2 0 4"
}

@test "CSV has positions, too; a regular file needs none" {
    printf 't,o\n1,1\n2,2\n3,2\nx,3\n4,3\n5,4\n' >in
    w -w 10s --position o --stats in 2>err >rows
    same "$(tail -n 1 rows) $(counter err replayed)" "0,10,3 2"
    grep -q "position is not needed: a regular file is resumed by seeking" err
}

@test "a record whose source can't be one moves no other source's position" {
    printf '%s\n' '{"t":1,"p":1}' '{"t":1,"p":1,"s":[1]}' '{"t":1,"p":2,"s":[1]}' '{"t":1,"p":2}' |
        w -w all --source s --position p --stats >rows 2>err
    same "$(tail -n 1 rows) $(counter err bad) $(counter err replayed)" ",,2 2 0"
    # Where the record before it is replayed, it is.
    printf '%s\n' '{"t":1,"p":1}' '{"t":1,"p":2,"s":{}}' '{"t":1,"p":1}' '{"t":1,"p":3,"s":{}}' |
        w -w all --source s --position p --stats >rows 2>err
    same "$(tail -n 1 rows) $(counter err bad) $(counter err replayed)" ",,1 1 2"
}

@test "a run that was finished takes what it has seen again, and no more" {
    printf '{"o":%d,"t":%d}\n' 1 1 2 12 3 23 >log
    printf '{"o":4,"t":"never"}\nbroken\n' >>log
    local options=(-t t --time-format s -w 10s --position o --state s --resume continue --output rows)
    "$WINAGG" "${options[@]}" <log 2>/dev/null
    cp rows whole
    cp s finished
    for first in 1 3 4 6; do
        tail -n "+$first" log | "$WINAGG" "${options[@]}"
    done
    run "$WINAGG" "${options[@]}" < <(cat log - <<<'{"o":5,"t":31}')
    same "$status" 1
    grep -q "stdin: the input has grown since the run of s was finished" <<<"$output"
    cmp rows whole
    cmp s finished
}
