#!/usr/bin/env bats
# Results before a window ends: --early by records and by event time.

load helper

@test "--early N: each N records, then the on-time pane" {
    same "$(tv 1 2 3 4 5 | w -w 10s --early 2)" "window_start,window_end,count,pane,timing
0,10,2,0,early
0,10,4,1,early
0,10,5,2,on_time"
}

@test "--early N counts each key by itself" {
    same "$(printf '{"t":%s,"k":"%s"}\n' 1 a 2 b 3 a 4 a | w -w 10s -k k --early 2 | tail -n +2)" \
"0,10,a,2,0,early
0,10,a,3,1,on_time
0,10,b,1,0,on_time"
}

@test "the on-time pane fires even if nothing is new" {
    same "$(tv 1 2 | w -w 10s --early 2 | tail -n +2)" "0,10,2,0,early
0,10,2,1,on_time"
}

@test "--early N fires each window of a record, by end and start" {
    same "$(tv 25 | w -w sliding:30s/10s --early 1 | head -n 4 | tail -n +2)" "0,30,1,0,early
10,40,1,0,early
20,50,1,0,early"
}

@test "--early DURATION: at its multiples, if something is new" {
    # W reaches 5 with the record at 6, which is in it; 10 with 11; 15 and 20 with 25, where
    # 0..20 has nothing new and 20..40 has.
    same "$(tv 1 6 7 11 25 | w -w 20s --early 5s | tail -n +2)" "0,20,2,0,early
0,20,4,1,early
20,40,1,0,early
0,20,4,2,on_time
20,40,1,1,on_time"
}

@test "multiples at or before the first watermark do not count" {
    same "$(tv 5 6 | w -w 7s --early 5s | tail -n +2)" "0,7,2,0,on_time"
    same "$(tv 4 6 | w -w 7s --early 5s | tail -n +2)" $'0,7,2,0,early\n0,7,2,1,on_time'
}

@test "at the end of the input the multiples up to the end of a window run too" {
    same "$(tv 5 7 | w -w 20s --early 5s | tail -n +2)" $'0,20,2,0,early\n0,20,2,1,on_time'
}

@test "early, on time and late together" {
    same "$(tv 1 2 12 3 | w -w 10s --early 2 -l 100s -m retract | tail -n +2)" "+I,0,10,2,0,early
-U,0,10,2,0,early
+U,0,10,2,1,on_time
-U,0,10,2,1,on_time
+U,0,10,3,2,late
+I,10,20,1,0,on_time"
}

@test "more records than are counted can't be asked for" {
    run w -w 10s --early 4294967296
    [ "$status" -eq 2 ]
    [[ $output == *"from 1 to 4294967295"* ]]
    run w -w 10s -l 1s --late-every 4294967296
    [ "$status" -eq 2 ]
    tv 1 2 | w -w 10s --early 4294967295
}

@test "a tick looks at what is new, not at all keys" {
    cd "$BATS_TEST_TMPDIR"
    # 300,000 ticks over up to 300,000 keys, each of which is new once.
    seq 1700000000001 1700000300000 | awk '{ print "{\"t\":" $1 ",\"k\":" NR "}" }' >in
    same "$("$WINAGG" -t t -w 1h -k k --early 1ms -o csv in | grep -c early)" 300000
    same "$("$WINAGG" -t t -w session:1h -k k --early 1ms -o csv in | grep -c early)" 300000
}

@test "a pane a record of ranks and counts over many values is exact" {
    cd "$BATS_TEST_TMPDIR"
    seq 20000 | awk '{ print NR "," NR * 7919 % 10007 "," NR * 7919 % 331 }' >rows
    awk 'BEGIN { print "t,v,k" } { print }' rows >in
    panes() { "$WINAGG" -t t --time-format s -w all -o csv --early 1 -a median:v,p90:v,mode:k in; }
    panes >out
    for n in 1 64 1000 4001 20000; do
        head -n "$n" rows | cut -d , -f 2 | sort -n >sorted
        median=$(awk '{ v[NR] = $1 } END { h = (NR - 1) / 2; l = int(h)
            print v[l + 1] + (h > l ? (v[l + 2] - v[l + 1]) / 2 : 0) }' sorted)
        mode=$(head -n "$n" rows | cut -d , -f 3 | sort | uniq -c | sort -k 1,1nr -k 2,2 |
            awk 'NR == 1 { print $2 }')
        same "$(sed -n "$((n + 1))p" out | cut -d , -f 3,5)" "$median,$mode"
    done
}

@test "what ticks leave for later goes with its windows: no snapshot holds it" {
    tv 1 12 23 34 45 56 >"$BATS_TEST_TMPDIR/in"
    w -w sliding:10s/5s --early 1h --output "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/in"
    for n in 2 4 6; do
        head -n $n "$BATS_TEST_TMPDIR/in" | w -w sliding:10s/5s --early 1h --at-eof keep \
            --state "$BATS_TEST_TMPDIR/state" --output "$BATS_TEST_TMPDIR/rows"
    done
    w -w sliding:10s/5s --early 1h --state "$BATS_TEST_TMPDIR/state" \
        --output "$BATS_TEST_TMPDIR/rows" <"$BATS_TEST_TMPDIR/in"
    cmp "$BATS_TEST_TMPDIR/rows" "$BATS_TEST_TMPDIR/whole"
}
