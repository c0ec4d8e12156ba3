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

@test "the last instant is not of the window that ends there, whichever came first" {
    local ends=(9223372036854775806 9223372036854775807 9223372036854775807)
    # Rows of a window over such times: last WINDOW TIME...
    last() {
        printf '{"t":%s}\n' "${@:2}" |
            "$WINAGG" -t t --time-format ns --output-time ns -w "$1" -d 9ns -o csv
    }
    for size in 1ns sliding:1ns/1ns sliding:7ns/3ns; do
        same "$(last $size "${ends[@]}")" "$(last $size "${ends[2]}" "${ends[@]:0:2}")"
    done
    same "$(last 1ns "${ends[@]}")" "window_start,window_end,count
9223372036854775806,9223372036854775807,1
9223372036854775807,9223372036854775807,2"
}

@test "many windows, opened in order and then between those" {
    { seq 0 2 20000; seq 20001 -2 1; } | sed 's/.*/{"t":&}/' |
        w -w 1s --delay all >"$BATS_TEST_TMPDIR/rows"
    seq 0 20001 | awk '{ print $1 "," $1 + 1 ",1" }' | cmp - <(tail -n +2 "$BATS_TEST_TMPDIR/rows")
    # Between two that have many behind and before them.
    { seq 0 2 30000; echo 8191; } | sed 's/.*/{"t":&}/' |
        w -w 1s --delay all >"$BATS_TEST_TMPDIR/rows"
    { seq 0 2 30000; echo 8191; } | sort -n | awk '{ print $1 "," $1 + 1 ",1" }' |
        cmp - <(tail -n +2 "$BATS_TEST_TMPDIR/rows")
}

@test "more than 100,000 windows a record are refused" {
    for spec in 100001s/1s 1s/1ns 100000001ms/1s; do
        run w -w "sliding:$spec" </dev/null
        [ "$status" -eq 2 ]
        [[ "$output" == *"expected at most 100000 windows a record, found "*"'sliding:$spec'"* ]]
    done
    w -w sliding:100000s/1s </dev/null
}

@test "cumulate: so far today, in steps; the slices are shared and the order is that of the ends" {
    same "$(tv 1 7 13 | w -w cumulate:20s/5s)" "window_start,window_end,count
0,5,1
0,10,2
0,15,3
0,20,3"
    same "$(tv -15 -1 | w -w cumulate:20s/10s | tail -n +2)" $'-20,-10,1\n-20,0,2'
    same "$(tv 2 3 14 | w -w cumulate:20s/10s --offset 3s | tail -n +2)" $'-17,3,1\n3,13,1\n3,23,2'
}

@test "cumulate: windows put together from slices are those that each take their records" {
    local times=(3 17 18 1 44 29 61 60 99 80 140 131 7)
    tv "${times[@]}" | w -w cumulate:60s/10s -d 20s >"$BATS_TEST_TMPDIR/slices"
    # --early makes every record go into each window; a tick that never comes fires nothing early.
    tv "${times[@]}" | w -w cumulate:60s/10s -d 20s --early 9999999 |
        cut -d, -f1-3 >"$BATS_TEST_TMPDIR/windows"
    cmp "$BATS_TEST_TMPDIR/slices" "$BATS_TEST_TMPDIR/windows"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/slices")" -gt 10 ]
}

@test "cumulate: a late record refines each window that has passed" {
    same "$(tv 1:1 12:2 3:4 | w -w cumulate:20s/10s -l 1m -m retract -a sum:v | cut -d, -f1-4)" \
"op,window_start,window_end,sum_v
+I,0,10,1
-U,0,10,1
+U,0,10,5
+I,0,20,7"
}

@test "all: one window for all time, null bounds, nothing late in it" {
    same "$(tv 5 1 900 -7 | "$WINAGG" -t t -w all)" \
        '{"window_start":null,"window_end":null,"count":4}'
    same "$(tv 5 1 900 -7 | w -w all)" $'window_start,window_end,count\n,,4'
    tv 5 1 900 | w -w all -l 1m --final --offset 1s --stats >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(cat "$BATS_TEST_TMPDIR/out")" $'window_start,window_end,count\n,,3'
    for option in lateness final offset; do
        grep -q -- "--$option has no effect on -w all" "$BATS_TEST_TMPDIR/err"
    done
    same "$(counter "$BATS_TEST_TMPDIR/err" late)" 0
    same "$(printf '{"t":"2262-04-11T23:47:16.854775807Z"}\n{"t":1}\n' | "$WINAGG" -t t -w all)" \
        '{"window_start":null,"window_end":null,"count":2}'
}

@test "calendar windows in UTC: months, quarters, years, weeks from Monday" {
    days() { printf '{"t":"%s"}\n' "${@:2}" | "$WINAGG" -t t -o csv -w "tumbling:$1" | tail -n +2 | sed 's/T00:00:00Z//g'; }
    same "$(days month 2024-01-31 2024-02-29 2024-12-31)" \
        $'2024-01-01,2024-02-01,1\n2024-02-01,2024-03-01,1\n2024-12-01,2025-01-01,1'
    same "$(days quarter 2024-03-31 2024-10-01)" $'2024-01-01,2024-04-01,1\n2024-10-01,2025-01-01,1'
    same "$(days year 1969-12-31 2024-06-01)" $'1969-01-01,1970-01-01,1\n2024-01-01,2025-01-01,1'
    same "$(days week 1969-12-28 1969-12-29 2024-05-05 2024-05-06)" \
        $'1969-12-22,1969-12-29,1\n1969-12-29,1970-01-05,1\n2024-04-29,2024-05-06,1\n2024-05-06,2024-05-13,1'
    same "$(days day 1969-12-31 2024-02-29)" $'1969-12-31,1970-01-01,1\n2024-02-29,2024-03-01,1'
}

@test "cumulate, calendar and all go on over a restart" {
    for window in cumulate:60s/10s tumbling:day all; do
        tv 3 17 18 1 44 29 61 60 99 80 140 131 7 >"$BATS_TEST_TMPDIR/in"
        rm -f "$BATS_TEST_TMPDIR"/{state,out,growing}
        w -w "$window" -d 20s "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/whole"
        for lines in 1 4 9; do
            head -n "$lines" "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/growing"
            w -w "$window" -d 20s -s "$BATS_TEST_TMPDIR/state" --at-eof keep \
                --output "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/growing"
        done
        cp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/growing"
        w -w "$window" -d 20s -s "$BATS_TEST_TMPDIR/state" \
            --output "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/growing"
        cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/whole"
    done
}

@test "an end beyond int64 is not reached before the end of the input" {
    last='{"t":"2262-04-11T23:47:16.854775807Z"}'
    before='{"t":"2262-04-11T23:47:16.854775806Z"}'
    for window in session:5s 5s tumbling:day cumulate:10s/5s all; do
        printf '%s\n' "$last" "$before" "$last" | "$WINAGG" -t t -w "$window" --stats \
            >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
        same "$(jq .count "$BATS_TEST_TMPDIR/out" | tail -n 1)" 3
        same "$(counter "$BATS_TEST_TMPDIR/err" too_late)" 0
        same "$(sort -u "$BATS_TEST_TMPDIR/out" | wc -l)" "$(wc -l <"$BATS_TEST_TMPDIR/out")"
    done
}

# The bounds of the day windows of these times, dates and hours only.
local_days() {
    local zone=$1
    shift
    printf '{"t":"%sZ"}\n' "$@" | "$WINAGG" -t t -w tumbling:day --tz "$zone" -o csv |
        tail -n +2 | sed 's/:00Z//g; s/T/ /g'
}

@test "calendar days follow the clocks of their zone" {
    same "$(local_days America/New_York 2024-03-10T12:00:00 2024-11-03T12:00:00)" \
        $'2024-03-10 05:00,2024-03-11 04:00,1\n2024-11-03 04:00,2024-11-04 05:00,1'
    same "$(local_days Europe/Berlin 2016-03-27T00:00:00)" '2016-03-26 23:00,2016-03-27 22:00,1'
    same "$(local_days Australia/Lord_Howe 2024-04-07T00:00:00)" '2024-04-06 13:00,2024-04-07 13:30,1'
    same "$(local_days Asia/Kathmandu 2024-01-01T18:14:59)" '2023-12-31 18:15,2024-01-01 18:15,1'
    same "$(local_days Africa/Casablanca 2024-03-10T12:00:00)" '2024-03-09 23:00,2024-03-11 00:00,1'
    same "$(local_days Pacific/Apia 2011-12-30T09:59:59 2011-12-30T10:00:00)" \
        $'2011-12-29 10:00,2011-12-30 10:00,1\n2011-12-30 10:00,2011-12-31 10:00,1'
    # Sao Paulo had no midnight on this day; Havana and Gaza had two.
    same "$(local_days America/Sao_Paulo 2018-11-04T12:00:00)" '2018-11-04 03:00,2018-11-05 02:00,1'
    same "$(local_days America/Havana 2024-11-03T04:30:00)" '2024-11-03 04:00,2024-11-04 05:00,1'
    same "$(local_days Asia/Gaza 2012-09-20T21:30:00)" '2012-09-20 21:00,2012-09-21 22:00,1'
}

@test "at the end of time the cumulating windows whose ends saturate are one" {
    local rows
    rows=$(printf '{"t":9223372036}\n' | w -w cumulate:10s/1s)
    same "$(cut -d, -f 1,2 <<<"$rows" | sort | uniq -d)" ""
    same "$(wc -l <<<"$rows")" 2
    rows=$(printf '{"t":9223372036}\n' | w -w cumulate:10s/1s --early 1000)
    same "$(wc -l <<<"$rows")" 2
    # One that ends at the last of all times, and those beyond it.
    for t in 9223372036854775806 9223372036854775807; do
        same "$(printf '{"t":%s}\n' "$t" | "$WINAGG" -t t --output-time ns -o csv -w cumulate:4ns/1ns)" \
            "window_start,window_end,count
9223372036854775804,9223372036854775807,1"
    done
    # The last of all times may begin a size.
    same "$(printf '{"t":9223372036854775807}\n' | "$WINAGG" -t t --time-format ns --output-time ns \
        -o csv -w cumulate:2s/1s --offset 854775807ns)" "window_start,window_end,count
9223372036854775807,9223372036854775807,1"
}

@test "late records count in each window that holds them, however windows are put together" {
    cd "$BATS_TEST_TMPDIR"
    # Two of five records are late, by up to three windows; keys come and go.
    awk 'BEGIN {
        srand(7)
        for (i = 0; i < 6000; i++) {
            now += rand() < 0.99 ? rand() : 200
            late = rand() < 0.4 ? rand() * rand() * 100 : 0
            printf "{\"t\":%.1f,\"k\":%d,\"v\":%d}\n", 1000 + now - late, rand() * rand() * 9, rand() * 30
        }
    }' >in
    aggs="count,sum:v,max:v,first:v,last:v,var:v,median:v,distinct:v,topk:v:3,mode:v"
    sketches="approx_p50:v,approx_distinct:v"
    for window in sliding:30s/1s sliding:41s/3s cumulate:40s/1s; do
        for options in "-a $aggs" "-a median:v,distinct:v" "-a count" "-a $aggs -l 15s" \
            "-a $aggs -l 60s -m retract" "-a distinct:v -l 9s -m discard" \
            "-a median:v,$sketches -l 100s --late-every 3" \
            "-a $aggs --fill" "-a median:v --fill -l 30s -m retract"; do
            [[ $window == cumulate* && $options == *--fill* ]] && continue
            read -ra words <<<"-t t --time-format s -k k -o csv -d 2s --panes -w $window $options"
            "$WINAGG" "${words[@]}" in >found 2>/dev/null
            # With early panes by number a record goes into each of its windows, by itself.
            "$WINAGG" "${words[@]}" --early 4294967295 in >expected 2>/dev/null
            cmp found expected
        done
    done
}

@test "a late record after a restart finds the values of its windows" {
    cd "$BATS_TEST_TMPDIR"
    run_it() { "$WINAGG" -t t --time-format s -w sliding:10s/1s -l 60s -a median:v,distinct:v -o csv "$@"; }
    for t in $(seq 100 130); do printf '{"t":%d,"v":%d}\n' "$t" $((t * 7 % 13)); done >in
    cp in all
    printf '{"t":%d,"v":1}\n' 112 125 112 >>all
    run_it all >expected
    run_it -s state --output rows --at-eof keep in
    cp all in
    run_it -s state --output rows in
    cmp rows expected
}
