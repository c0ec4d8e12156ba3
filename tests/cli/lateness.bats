#!/usr/bin/env bats
# The watermark, late records, --lateness, --late-every, --final, --late.

load helper

@test "--delay holds windows open for records out of order" {
    same "$(tv 1 12 9 15 | w -w 10s -d 5s | tail -n +2)" $'0,10,2\n10,20,2'
}

@test "without a delay the same record is too late" {
    tv 1 12 9 15 | w -w 10s --stats >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" $'0,10,1\n10,20,2'
    same "$(counter "$BATS_TEST_TMPDIR/err" too_late)" 1
}

@test "a late record whose window is still open is used, and counted as late" {
    tv 1 8 5 12 | w -w 10s --stats >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" $'0,10,3\n10,20,1'
    same "$(counter "$BATS_TEST_TMPDIR/err" late)" 1
    same "$(counter "$BATS_TEST_TMPDIR/err" too_late)" 0
}

@test "--lateness: a refinement for each late record, until the window expires" {
    same "$(tv 1 12 9 15 8 | w -w 10s -l 5s)" "window_start,window_end,count,pane,timing
0,10,1,0,on_time
0,10,2,1,late
10,20,2,0,on_time"
}

@test "a record one nanosecond before expiry is taken, at expiry it is not" {
    same "$(tv 1 14.999999999 9 | w -w 10s -l 5s | grep -c late)" 1
    status=0
    late=$(tv 1 15 9 | w -w 10s -l 5s | grep -c ',late$') || status=$?
    same "$late" 0
}

@test "a window that begins behind the watermark has late panes only" {
    same "$(tv 25 3 4 | w -w 10s -l 100s | tail -n +2)" "0,10,1,0,late
0,10,2,1,late
20,30,1,0,on_time"
}

@test "--late-every N: each N late records, and the rest at expiry" {
    same "$(tv 1 12 2 3 4 | w -w 10s -l 100s --late-every 2 | tail -n +2)" "0,10,1,0,on_time
0,10,3,1,late
10,20,1,0,on_time
0,10,4,2,late"
    same "$(tv 1 12 2 3 4 110 | w -w 10s -l 100s --late-every 2 | tail -n +2)" "0,10,1,0,on_time
0,10,3,1,late
10,20,1,0,on_time
0,10,4,2,late
110,120,1,0,on_time"
}

@test "a late record fires each of its windows that has closed, by end and start" {
    # t=25 opens 0..30, 10..40, 20..50; 40 closes two; 26 is late in those, in time for the third.
    same "$(tv 25 40 26 | w -w sliding:30s/10s -l 100s | tail -n +2)" "0,30,1,0,on_time
10,40,1,0,on_time
0,30,2,1,late
10,40,2,1,late
20,50,3,0,on_time
30,60,1,0,on_time
40,70,1,0,on_time"
}

@test "--final: one result, when the lateness is over; no pane columns" {
    same "$(tv 1 12 9 15 8 | w -w 10s -l 5s --final)" "window_start,window_end,count
0,10,2
10,20,2"
    same "$(tv 1 12 9 15 8 | w -w 10s -l 5s --final --panes | tail -n +2)" "0,10,2,0,on_time
10,20,2,0,on_time"
}

@test "--late gets too-late records byte for byte" {
    printf '%s\n' '{"t":1}' '{"t":30}' '{ "t" : 2.0,"note":"\u00e4 ä" }  ' '{"t":31}' >"$BATS_TEST_TMPDIR/in"
    printf '{"t":3}' >>"$BATS_TEST_TMPDIR/in"
    w -w 10s --late "$BATS_TEST_TMPDIR/late" "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
    printf '%s\n' '{ "t" : 2.0,"note":"\u00e4 ä" }  ' '{"t":3}' | cmp - "$BATS_TEST_TMPDIR/late"
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" $'0,10,1\n30,40,2'
}

@test "--late is appended to" {
    echo before >"$BATS_TEST_TMPDIR/late"
    tv 30 1 | w -w 10s --late "$BATS_TEST_TMPDIR/late" >/dev/null
    same "$(cat "$BATS_TEST_TMPDIR/late")" $'before\n{"t":1}'
}

@test "sessions: too late only if it joins none and its own would have expired" {
    # 5 would join 0..10, but that has expired at 50; 45 opens 45..55, which W = 50 has not passed.
    tv 0 50 5 45 | w -w session:10s --late "$BATS_TEST_TMPDIR/late" >"$BATS_TEST_TMPDIR/out"
    same "$(cat "$BATS_TEST_TMPDIR/late")" '{"t":5}'
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" $'0,10,1\n45,60,2'
}

@test "sessions: a late record makes a closed one larger" {
    same "$(tv 0 50 5 | w -w session:10s -l 100s | tail -n +2)" "0,10,1,0,on_time
0,15,2,0,late
50,60,1,0,on_time"
}

@test "the watermark never goes back" {
    # 5 is late but in time for 0..10; were W to go back to 5, 3 would not be late.
    tv 8 5 3 | w -w 10s --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" late)" 2
    same "$(counter "$BATS_TEST_TMPDIR/err" watermark)" 8
}

@test "late records in windows that overlap, of many keys: as where each window takes its records" {
    # Each tenth key of 1,500 has a record three seconds late: it is in windows that are open yet.
    awk 'BEGIN { for (t = 0; t < 22; t++) for (k = 0; k < 1500; k++) {
        printf "{\"t\":%d,\"k\":%d,\"v\":%d}\n", t, k, (t * 7919 + k * 31) % 9
        if (t >= 10 && k % 10 == t % 10)
            printf "{\"t\":%d,\"k\":%d,\"v\":1}\n", t - 3, k
    } }' >"$BATS_TEST_TMPDIR/in"
    w -w sliding:10s/1s -k k -a count,sum:v "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/shared" 2>/dev/null
    # With --early N no window shares anything.
    w -w sliding:10s/1s -k k -a count,sum:v --early 1000000 --panes "$BATS_TEST_TMPDIR/in" 2>/dev/null |
        sed 's/,[^,]*,[^,]*$//' >"$BATS_TEST_TMPDIR/apart"
    cmp "$BATS_TEST_TMPDIR/shared" "$BATS_TEST_TMPDIR/apart"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/shared")" -gt 40000 ]
}
