#!/usr/bin/env bats
# --max-state: an end with a reason and, with --state, without a loss; what --stats says of the
# state.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# So many records of different keys, ten a second.
keys() {
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "{\"t\":%.1f,\"k\":\"key %06d\",\"v\":%d}\n", i / 10, i, i * 7 }'
}

peak() {
    counter "$1" state_bytes_peak
}

@test "the peak of the state grows with keys, windows, ids and values, not with the input" {
    local n
    for n in 1000 20000; do
        keys "$n" >in
        w -w 1h -k k --stats in >rows 2>keys.$n
        w -w 1s -d 1h --stats in >rows 2>windows.$n
        w -w session:1s -k k -d 1h --stats in >rows 2>sessions.$n
        w -w 1h --dedup k --stats in >rows 2>ids.$n
        w -w 1h -a distinct:v --stats in >rows 2>values.$n
        w -w sliding:1h/1m -k k --stats in >rows 2>slices.$n
        w -w 1m --stats in >rows 2>constant.$n
    done
    for what in keys windows sessions ids values slices; do
        [ "$(peak $what.20000)" -gt $((3 * $(peak $what.1000))) ]
    done
    [ "$(peak keys.20000)" -gt $((20000 * 40)) ]
    [ "$(peak keys.20000)" -lt $((20000 * 200)) ]
    [ "$(peak sessions.20000)" -gt $((20000 * 100)) ]
    [ "$(peak constant.20000)" -lt $((2 * $(peak constant.1000))) ]
}

@test "what parses does not count, whichever thread does it" {
    yes '{"t":1,"x":"\u00e9 text with an escape, which needs memory of its own","v":1}' | head -n 20000 >in
    for threads in 1 4; do
        w -j $threads -w 1h -a 'last:x' --stats in >rows 2>err
        [ "$(peak err)" -lt 4096 ]
    done
}

@test "a number's padding does not stay in the state" {
    local aggs=max:v,min:v,first:v,last:v,median:v,distinct:v,topk:v:1
    awk 'BEGIN {
        printf "{\"t\":1,\"v\":12345678901234567890123.5"
        for (i = 0; i < 100000; i++) printf "0000000000"
        print "}\n{\"t\":2,\"v\":7}"
    }' >in
    for window in 1h sliding:1h/30m; do
        w -w $window -a $aggs --stats in >rows 2>err
        [ "$(peak err)" -lt 50000 ]
        sed 's/500*/5/' in | w -w $window -a $aggs | cmp - rows
    done
}

@test "a sketch of values that lie far apart takes no room for what is between" {
    awk 'BEGIN {
        split("1e-300 1e300 -1e-300 -1e300", v, " ")
        for (i = 0; i < 130 * 20; i++) printf "{\"t\":%d,\"k\":%d,\"v\":%s}\n", i / 100, i % 20, v[int(i / 20) % 4 + 1]
    }' >in
    awk 'BEGIN {
        for (i = 0; i < 2600; i++)
            printf "{\"t\":1,\"k\":%d,\"v\":%s%d.5e%d}\n", i % 20, i % 3 ? "" : "-", i % 9 + 1, i * 7919 % 600 - 300
    }' >>in
    w -w 1h -k k -a approx_p50:v --stats in >rows 2>err
    [ "$(peak err)" -lt $((20 * 150000)) ]
}

@test "without --state it ends with status 1 and says why; whole windows are printed, open ones are not" {
    keys 30000 >in
    w -w 1m -k k in >whole
    fails_with 1 w -w 1m -k k --max-state 20k in >rows 2>err
    same "$(cat rows)" ""
    { tv 0:1 1:1 2:1; awk 'BEGIN { for (i = 0; i < 30000; i++) printf "{\"t\":%d,\"k\":%d}\n", 3700 + i / 100, i }'; } >two
    fails_with 1 w -w 1h -k k -d 5s -l 7s -a count,p99:v,distinct:v --max-state 200k --late late two >rows 2>err
    same "$(cat rows)" "window_start,window_end,k,count,p99_v,distinct_v,pane,timing
0,3600,,3,1,1,0,on_time"
    same "$(sed -E 's/[0-9]+ (bytes|open|pairs)/N \1/g' err)" \
        "winagg: the live state takes N bytes, --max-state lets it have 204800: N open windows, N pairs of window and key; what is open is not printed; what makes it smaller: a shorter --delay, a shorter --lateness, fewer keys, approx_pNN for quantiles, approx_distinct for distinct, smaller windows"
}

@test "it ends at the same record, whatever the threads and however the input comes" {
    awk 'BEGIN { for (i = 0; i < 40000; i++) printf "{\"t\":%d,\"k\":%d}\n", i / 50, i * 7919 % 10007 }' >in
    local limit
    for limit in 1 20k 50k 123456 400k; do
        fails_with 1 w -w 5m -k k -a count,distinct:t -s one --output rows --max-state "$limit" in 2>err
        "$WINAGG" --inspect one | jq -S '.. | .counts? // empty' >counts
        fails_with 1 w -j 3 -w 5m -k k -a count,distinct:t -s three --output three.rows --max-state "$limit" in 2>/dev/null
        fails_with 1 w -w 5m -k k -a count,distinct:t -s pipe --output pipe.rows --max-state "$limit" \
            < <(awk '{ print } NR < 3000 && NR % 100 == 50 { fflush(); system("sleep 0.005") }' in) 2>pipe.err
        cmp rows three.rows
        cmp rows pipe.rows
        for state in three pipe; do
            same "$("$WINAGG" --inspect "$state" | jq -S '.. | .counts? // empty')" "$(cat counts)"
        done
        same "$(sed 's/pipe/one/' pipe.err)" "$(cat err)"
        rm -f one* three* pipe* rows
    done
}

# Two files of the same command line over `in`: read at once by three threads, and from a pipe that
# brings so many records at a time.
cut_anywhere() {
    local records=$1
    shift
    fails_with 1 "$@" --stats -j 3 --output file.rows --late file.late --bad file.bad in 2>file.err
    fails_with 1 "$@" --stats --output pipe.rows --late pipe.late --bad pipe.bad \
        < <(awk -v n="$records" '{ print } NR < 60 * n && NR % n == 0 { fflush(); system("sleep 0.004") }' in) 2>pipe.err
    for what in rows late bad; do
        cmp file.$what pipe.$what
    done
    same "$(sed 's/stdin/in/; s/,"state_bytes_peak.*//' pipe.err)" "$(sed '/position is not needed/d; s/,"state_bytes_peak.*//' file.err)"
    rows=$(wc -l <file.rows)
    rm file.* pipe.*
}

@test "too much while windows fire ends at the same row, with all rows before it, however the input comes" {
    awk 'BEGIN {
        for (i = 0; i < 20000; i++)
            printf "{\"p\":%d,\"t\":%s,\"k\":%d,\"s\":%d}\n", i - (i % 11 == 5 ? 3 : 0), i % 50 == 49 ? "\"x\"" : int(i / 20) - (i % 7 == 0 ? 60 : i % 97 == 0 ? 400 : 0),
                i * 7919 % 1007, i % 3
    }' >in
    local limit rows all=0
    for limit in 150k 250k 330k; do
        cut_anywhere 17 w -w sliding:100s/10s -k k -d 50s -l 100s --max-state $limit
        all=$((all + rows))
        cut_anywhere 40 w -w session:30s -k k -m retract -d 50s -l 100s --early 10s -a count,distinct:t --max-state $limit
        cut_anywhere 23 w -w sliding:100s/10s -k k -d 50s -l 100s --where s!=1 --max-state $limit
        cut_anywhere 29 w -w sliding:100s/10s -k k -d 50s -l 100s --dedup k --max-state $limit
        cut_anywhere 31 w -w sliding:100s/10s -k k -d 50s -l 100s --position p --max-state $limit
    done
    [ "$all" -gt 1000 ]
}

@test "too much within one window of many rows, with rows of others before it" {
    { tv 0 1 2 3600; keys 3000 | sed 's/"t":/"t":10000/'; tv 200000; keys 1000; } >in
    local rows
    cut_anywhere 2 w -w sliding:1h/1m -k k -l 3d --max-state 3M
    [ "$rows" -gt 2000 ]
    cut_anywhere 2 w -w sliding:1h/1m -k k -l 3d --max-state 4M
}

@test "a merge ends at the same line" {
    keys 4000 >in
    "$WINAGG" -t t --time-format s -w 1m -k k --delay 5s --partial in >states
    local limit
    for limit in 110k 250k; do
        fails_with 1 "$WINAGG" --merge -l 1h -o csv --max-state $limit states >file.rows 2>file.err
        fails_with 1 "$WINAGG" --merge -l 1h -o csv --max-state $limit \
            < <(awk '{ print } NR < 900 && NR % 19 == 0 { fflush(); system("sleep 0.004") }' states) >pipe.rows 2>pipe.err
        cmp file.rows pipe.rows
        cmp file.err pipe.err
        [ "$(wc -l <file.rows)" -gt 100 ]
        [ "$(wc -l <file.rows)" -lt 2000 ] # of 4000
    done
}

@test "the last records are too much: what is open is in the snapshot, and a larger limit prints it" {
    keys 100 >in
    w -w 1h -k k in >whole
    fails_with 1 w -w 1h -k k --max-state 5000 in >rows 2>err
    same "$(grep -vc window_start rows)" 0
    local files
    for files in in "one two"; do
        head -n 50 in >one
        tail -n +51 in >two
        rm -f state out
        # shellcheck disable=SC2086 # one FILE or two
        fails_with 1 w -w 1h -k k --max-state 5000 -s state --output out $files 2>err
        grep -qF 'a run with a larger one goes on from state' err
        same "$("$WINAGG" --inspect state | jq .finished)" false
        # shellcheck disable=SC2086
        w -w 1h -k k --max-state 50M -s state --output out $files
        cmp <(sort out) <(sort whole)
    done
    rm -f state
    fails_with 1 w -w 1h -k k --max-state 5000 -s state --hold <in >rows 2>err
    w -w 1h -k k -s state --hold <in >rows
    cmp <(sort rows) <(sort whole)
}

@test "with --state a run with a larger limit goes on, and the rows are those of one run" {
    keys 30000 >in
    w -w 10m -k k -a count,sum:v --output whole in
    for threads in 1 3; do
        rm -f state out
        fails_with 1 w -j $threads -w 10m -k k -a count,sum:v -s state --output out --max-state 300k in 2>err
        grep -qF 'a run with a larger one goes on from state' err
        "$WINAGG" --inspect state >inspected
        [ "$(jq .counts.used inspected)" -gt 1000 ] || [ "$(jq '.. | .used? // empty' inspected | head -n 1)" -gt 1000 ]
        fails_with 1 w -j $threads -w 10m -k k -a count,sum:v -s state --output out --max-state 600k in 2>err
        w -j $threads -w 10m -k k -a count,sum:v -s state --output out in
        cmp out whole
    done
}

@test "a pipe that is read on, and rows that are held" {
    keys 20000 >in
    w -w 10m -k k --hold -s one in >whole
    fails_with 1 w -w 10m -k k --hold -s state --max-state 300k <in >rows 2>err
    w -w 10m -k k --hold -s state <in >>rows
    same "$(grep -v window_start rows | sort | uniq -d)" ""
    cmp <(grep -v window_start rows) <(grep -v window_start whole)
}

@test "windows that are put together as they fire count, too" {
    keys 3000 >in
    fails_with 1 w -w sliding:1h/1m -k k -d 2h -l 1d --max-state 3M --stats in >rows 2>err
    grep -q 'what is open is not printed' err
    [ "$(peak err)" -lt $((8 << 20)) ]
    w -w sliding:1h/1m -k k -d 2h -l 1d --stats in >rows 2>err
    [ "$(peak err)" -gt $((8 << 20)) ]
    fails_with 1 w -w sliding:1h/1m -k k -d 2h -l 1d --max-state 3M -s state --output out in 2>err
    w -w sliding:1h/1m -k k -d 2h -l 1d -s state --output out in 2>err
    cmp out rows
}

@test "shards are merged within a limit" {
    keys 20000 >in
    "$WINAGG" -t t --time-format s -w 1h -k k --delay all --partial in >states
    fails_with 1 "$WINAGG" --merge --max-state 100k states >rows 2>err
    same "$(cat rows)" ""
    [ "$(sed -n 's/.*state takes \([0-9]*\) .*/\1/p' err)" -lt 200000 ] # not at the end only
    "$WINAGG" --merge --max-state 1G states | wc -l | grep -qx 20000
    fails_with 1 "$WINAGG" -t t --time-format s -w 1h -k k --delay all --partial --max-state 100k in >states 2>err
    fails_with 1 "$WINAGG" --merge states >rows 2>err
}

@test "a size, above 0" {
    keys 10 >in
    for size in 0 -1 1.5M 10X '' 99999999999999999999; do
        fails_with 2 w -w 1m --max-state "$size" in 2>err
        grep -qF -- "--max-state: expected a size, like 500MiB or 4G, found '$size'" err
    done
    for size in 1G 1000MB 2000000000; do
        same "$(w -w 1m --max-state "$size" in)" "$(w -w 1m in)"
    done
}

@test "an id whose session was to expire when the limit ended firing does not hold the run up" {
    printf '{"t":%s,"id":1}\n' 0 10 13 >in
    fails_with 1 timeout -s KILL 60 "$WINAGG" -t t -w session:2s --dedup id --max-state 1 in 2>err
    grep -q "the live state takes" err
}
