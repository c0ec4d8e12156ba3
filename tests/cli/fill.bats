#!/usr/bin/env bats
# --fill: windows without records are rows; --top: only the largest are.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# Events of a key and a time: of a:5 b:2
of() {
    local pair
    for pair; do
        printf '{"k":"%s","t":%s}\n' "${pair%%:*}" "${pair#*:}"
    done
}

@test "a gap is filled from a key's first window to the last of any record" {
    of a:5 b:25 a:45 >in
    same "$(w -w 10s -k k --fill in)" "window_start,window_end,k,count
0,10,a,1
10,20,a,0
20,30,a,0
20,30,b,1
30,40,a,0
30,40,b,0
40,50,a,1
40,50,b,0"
}

@test "a window that W had passed when the key came is not filled" {
    # With a lateness b's first record goes into a window that has passed: it fires late, [10, 20)
    # had passed, too, and [20, 30) is filled.
    of a:5 a:25 b:5 a:35 >in
    same "$(w -w 10s -k k -l 1h --fill in | cut -d, -f1-4,6)" "window_start,window_end,k,count,timing
0,10,a,1,on_time
10,20,a,0,on_time
0,10,b,1,late
20,30,a,1,on_time
20,30,b,0,on_time
30,40,a,1,on_time
30,40,b,0,on_time"
}

@test "sliding windows and calendars are filled, what a slide leaves out is not" {
    tv 5 32 >in
    same "$(w -w sliding:10s/5s --fill in)" "window_start,window_end,count
0,10,1
5,15,1
10,20,0
15,25,0
20,30,0
25,35,1
30,40,1"
    same "$(w -w sliding:5s/10s --fill <<<'{"t":1}
{"t":8}
{"t":31}')" "window_start,window_end,count
0,5,1
10,15,0
20,25,0
30,35,1"
    # A day that the zone skipped has no window.
    printf '{"t":"2011-12-29T12:00:00-10:00"}\n{"t":"2012-01-01T12:00:00+14:00"}\n' >in
    same "$("$WINAGG" -t t -w tumbling:day --tz Pacific/Apia --output-time local -o csv --fill in)" \
        "window_start,window_end,count
2011-12-29T00:00:00-10:00,2011-12-31T00:00:00+14:00,1
2011-12-31T00:00:00+14:00,2012-01-01T00:00:00+14:00,0
2012-01-01T00:00:00+14:00,2012-01-02T00:00:00+14:00,1"
}

@test "zeros come with --final at expiry, not with --early, and refine" {
    tv 5 35 15 60 >in
    same "$(w -w 10s -l 20s --final --fill in | cut -d, -f1,3 | paste -sd' ')" \
        "window_start,count 0,1 10,1 20,0 30,1 40,0 50,0 60,1"
    tv 5 35 15 >in
    same "$(w -w 10s -l 100s -m retract --fill in | cut -d, -f1,2,4- | sed -n '3p;5,6p')" "+I,10,0,0,on_time
-U,10,0,0,on_time
+U,10,1,1,late"
    same "$(w -w 10s --early 10s --fill in 2>/dev/null | grep -c ',0,[0-9]*,early')" 0
}

@test "100,000 empty rows of a key in a row, and no loop over the rest" {
    of a:1 b:1 b:2e6 a:9e9 >in
    same "$(w -w 1s -k k --fill --stats in 2>err | wc -l)" $((1 + 4 + 300000))
    # a: 9e9 - 2 windows are empty, b: 2e6 - 2 and 9e9 - 2e6.
    same "$(counter err fill_skipped)" $((9000000000 - 2 - 100000 + 2000000 - 2 - 100000 + 9000000000 - 2000000 - 100000))
    # Killed within a gap, it counts on.
    of b:9000000005 >>in
    w -w 1s -k k --fill --output all --stats in 2>err
    head -n 4 in >half
    w -w 1s -k k --fill --output rows --state s --at-eof keep <half
    w -w 1s -k k --fill --output rows --state s --stats <in 2>err2
    cmp rows all
    same "$(counter err fill_skipped)" "$(counter err2 fill_skipped)"
}

@test "days are filled up to 100,000 in a row, too, and the rest is counted" {
    printf '{"t":"%s"}\n' 1700-01-01 2200-01-01 |
        w -w tumbling:day --time-format auto --fill --stats >rows 2>err
    same "$(wc -l <rows)" $((1 + 2 + 100000))
    # There are 182,621 days from one to the other.
    same "$(counter err fill_skipped)" $((182621 - 1 - 100000))
}

@test "a key that comes late when no window comes any more, or the last of all times is passed" {
    of a:8000000000 x:9000000000 b:8000000000.5 >in
    same "$(w -w sliding:1s/4000000000s -l 13000d -k k --fill --stats in 2>err | tail -n +2)" \
        "8000000000,8000000001,a,1,0,on_time
8000000000,8000000001,b,1,0,late"
    same "$(counter err fill_skipped) $(counter err unassigned)" "0 1"
    printf '{"t":%s,"k":"%s"}\n' 9223372036854775807 a 9223372035000000001 b |
        "$WINAGG" -t t --time-format ns --output-time ns -o csv -w 1s -l 10s -k k --fill >rows
    same "$(tail -n +2 rows)" "9223372035000000000,9223372036000000000,b,1,0,late
9223372036000000000,9223372036854775807,a,1,0,on_time"
}

@test "a jump that is not believed does not lengthen the fill" {
    tv 5 1e9 25 >in
    same "$(w -w 10s --max-jump 1h --fill in | cut -d, -f1,3 | paste -sd' ')" \
        "window_start,count 0,1 10,0 20,1 1000000000,1"
}

@test "--fill wants a grid" {
    for window in session:5s cumulate:10s/5s all; do
        fails_with 2 w -w "$window" --fill </dev/null 2>err
        grep -q -- "--fill: expected tumbling" err
    done
}

@test "a key that waits for its first window does not make a gap long" {
    of a:0 b:9000000000 >in # 285 years of seconds
    same "$(w -w 1s -k k --fill --stats in 2>err | tail -n 2)" "100000,100001,a,0
9000000000,9000000001,b,1"
    same "$(counter err fill_skipped)" 8999900000
}

@test "the N largest keys of each window" {
    of a:1 b:1 c:1 b:2 c:2 d:3 a:11 b:12 b:13 >in
    same "$(w -w 10s -k k --top 2 --stats in 2>err)" "window_start,window_end,k,count
0,10,b,2
0,10,c,2
10,20,b,2
10,20,a,1"
    same "$(counter err rows)" 4
    same "$(w -w 10s -k k --top 9 in | wc -l)" 7
    same "$(w -w 10s -k k --top 2 --fill in | tail -n 2)" "10,20,b,2
10,20,a,1"
}

@test "results beyond the numbers that are read rank, too" {
    printf '{"t":1,"k":"%s","v":%s}\n' a 1.7e308 a 1.7e308 b 1 c 1.7e308 d -1.7e308 d -1.7e308 e 0 >in
    same "$(w -w 10s -k k -a s=sum:v --top 9 in | cut -d, -f3 | tail -n +2 | paste -sd' ')" "a c b e d"
    printf '{"t":1,"k":"%s","v":%s}\n' a 1e308 a -1e308 b 1 b 3 c 1e-5000 c 2e-5000 d 1 d 1 >in
    same "$(w -w 10s -k k -a s=var:v --top 9 in | cut -d, -f3 | tail -n +2 | paste -sd' ')" "a b c d"
}

@test "numbers rank as numbers, no value last, ties by key" {
    printf '{"t":1,"k":"%s","v":%s}\n' a 9 b 10 c -1e300 d null e 1e-300 f 100000000000000000000000000000001 g 100000000000000000000000000000000 >in
    same "$(w -w 10s -k k -a m=max:v,count --top 7 in | cut -d, -f3 | tail -n +2 | paste -sd' ')" "f g b a e c d"
    same "$(w -w 10s -k k -a m=max:v,count --top 3:count in | cut -d, -f3 | tail -n +2 | paste -sd' ')" "a b c"
    same "$(w -w 10s -l 1h --final -k k -a m=max:v --top 1 in | tail -n 1)" \
        "0,10,f,1.00000000000000000000000000000001e+32"
}

@test "what does not go with --top" {
    for arguments in "--top 0" "--top x" "--top 1:" "--top 1:nothing" "-a first:v --top 1" \
        "--top 1 -l 1s" "--top 1 --early 5" "-a topk:v:3,count --top 1:topk_v"; do
        # shellcheck disable=SC2086
        fails_with 2 w -w 10s $arguments </dev/null 2>err
        grep -q -- --top err
    done
    fails_with 2 w -w session:5s --top 1 </dev/null
}
