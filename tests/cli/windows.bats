#!/usr/bin/env bats
# Which windows a record belongs to: tumbling, sliding, session.

load helper

@test "tumbling windows are half-open" {
    same "$(tv 0 59 60 119 120 | w -w 1m)" "window_start,window_end,count
0,60,2
60,120,2
120,180,1"
}

@test "tumbling:SIZE is the same as SIZE, durations add up" {
    same "$(tv 0 89 90 | w -w tumbling:1m30s)" "$(tv 0 89 90 | w -w 1.5m)"
    same "$(tv 0 89 90 | w -w 90s | tail -n +2)" $'0,90,2\n90,180,1'
}

@test "times before 1970 fall into the window below, not above" {
    same "$(tv -61 -60 -1 0 | w -w 1m | tail -n +2)" $'-120,-60,1\n-60,0,2\n0,60,1'
}

@test "--offset shifts, forwards and backwards" {
    same "$(tv 14 15 74 | w -w 1m --offset 15s | tail -n +2)" $'-45,15,1\n15,75,2'
    same "$(tv 44 45 | w -w 1m --offset -15s | tail -n +2)" $'-15,45,1\n45,105,1'
    same "$(tv 44 45 | w -w 1m --offset=-75s | tail -n +2)" $'-15,45,1\n45,105,1'
}

@test "sliding windows: a record is in each that contains it" {
    same "$(tv 50 65 | w -w sliding:60s/20s | tail -n +2)" "0,60,1
20,80,2
40,100,2
60,120,1"
}

@test "sliding: the size need not be a multiple of the slide" {
    same "$(tv 50 | w -w sliding:50s/20s | tail -n +2)" $'20,70,1\n40,90,1'
}

@test "sliding with an offset" {
    same "$(tv 50 | w -w sliding:40s/20s --offset 5s | tail -n +2)" $'25,65,1\n45,85,1'
}

@test "a slide above the size leaves gaps: records there are unassigned" {
    tv 5 15 35 | w -w sliding:10s/30s --stats >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" $'0,10,1\n30,40,1'
    same "$(counter "$BATS_TEST_TMPDIR/err" unassigned)" 1
    same "$(counter "$BATS_TEST_TMPDIR/err" used)" 2
}

@test "sessions: 12:01, 12:03, 12:20, 12:22 with a gap of 5 minutes are two" {
    same "$(printf '{"t":"2024-05-01T12:%s:00Z"}\n' 01 03 20 22 | "$WINAGG" -t t -w session:5m)" \
'{"window_start":"2024-05-01T12:01:00Z","window_end":"2024-05-01T12:08:00Z","count":2}
{"window_start":"2024-05-01T12:20:00Z","window_end":"2024-05-01T12:27:00Z","count":2}'
}

@test "two records exactly a gap apart are two sessions" {
    same "$(tv 0 60 | w -w session:1m | tail -n +2)" $'0,60,1\n60,120,1'
    same "$(tv 0 59 | w -w session:1m | tail -n +2)" '0,119,2'
}

@test "a record between two sessions makes them one" {
    same "$(tv 0 15 8 | w -w session:10s -d 1m | tail -n +2)" '0,25,3'
}

@test "a session belongs to its key" {
    same "$(printf '{"t":%s,"k":"%s"}\n' 0 a 5 b 8 a 13 b 30 a | w -w session:10s -k k | tail -n +2)" \
"0,18,a,2
5,23,b,2
30,40,a,1"
}

@test "rows come by window end, start, key, whatever the arrival" {
    same "$(printf '{"t":%s,"k":"%s"}\n' 25 b 3 z 5 a 25 a 14 m | w -w 10s -d 1m -k k | tail -n +2)" \
"0,10,a,1
0,10,z,1
10,20,m,1
20,30,a,1
20,30,b,1"
}

@test "the order of arrival does not show as long as nothing is late" {
    tv $(seq 1 7 1000) >"$BATS_TEST_TMPDIR/ordered"
    sort -R --random-source=<(yes) "$BATS_TEST_TMPDIR/ordered" >"$BATS_TEST_TMPDIR/mixed"
    run cmp -s "$BATS_TEST_TMPDIR/ordered" "$BATS_TEST_TMPDIR/mixed"
    [ "$status" -eq 1 ]
    for window in 1m sliding:1m/7s session:7s session:8s; do
        same "$(w -w "$window" -d 1000s "$BATS_TEST_TMPDIR/mixed")" \
            "$(w -w "$window" "$BATS_TEST_TMPDIR/ordered")"
    done
}

@test "windows at the ends of time saturate" {
    same "$(printf '{"t":9223372036854775807}\n' |
        "$WINAGG" -t t --time-format ns --output-time ns -w 1h -o csv | tail -n 1)" \
        "9223369200000000000,9223372036854775807,1"
}

@test "more than 100,000 windows a record are refused" {
    for spec in 100001s/1s 1s/1ns 100000001ms/1s; do
        run w -w "sliding:$spec" </dev/null
        [ "$status" -eq 2 ]
        [[ "$output" == *"expected at most 100000 windows a record, found "*"'sliding:$spec'"* ]]
    done
    w -w sliding:100000s/1s </dev/null
}
