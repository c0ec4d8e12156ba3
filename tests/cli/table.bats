#!/usr/bin/env bats
# -o table: for people.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

t() {
    "$WINAGG" -t t --time-format s -o table "$@" | cat
}

@test "columns are aligned, numbers to the right, bounds that repeat are blank" {
    printf '{"t":%s,"k":"%s","v":%s}\n' 1 a 5 2 bbb 1234.5 61 a 7 3 a 6 >in
    same "$(t -w 1m -k k -a count,max:v -d 1m in)" \
        "window_start      window_end  k    count   max_v
1970-01-01 00:00  00:01       a        2       6
                              bbb      1  1234.5
1970-01-01 00:01  00:02       a        1       7"
    same "$(t -w 1m -k k --output-time s -d 1m in)" "window_start  window_end  k    count
           0          60  a        2
                          bbb      1
          60         120  a        1"
}

@test "widths come from the rows of one timer time, and never shrink" {
    printf '{"t":%s,"k":"%s"}\n' 1 long-name 11 x 21 much-longer-name 31 y >in
    same "$(t -w 10s -k k --output-time s in)" "window_start  window_end  k          count
           0          10  long-name      1
          10          20  x              1
          20          30  much-longer-name      1
          30          40  y                     1"
}

@test "seconds stand where a bound has some, and a day only where it changes" {
    tv 1 86399 >in
    same "$(t -w session:500ms in)" "window_start         window_end    count
1970-01-01 00:00:01  00:00:01.500      1
1970-01-01 23:59:59  23:59:59.500      1"
    same "$(t -w tumbling:day in)" "window_start      window_end        count
1970-01-01 00:00  1970-01-02 00:00      2"
    same "$(t -w all in)" "window_start  window_end  count
                              2"
    same "$(t -w 1h --tz Asia/Kathmandu --output-time local in | sed -n 2p)" \
        "1970-01-01 05:30  06:30           1"
}

@test "control characters are escaped, wide characters take two columns, nothing is a blank" {
    printf '{"t":1,"k":"\\u001b[31m","v":1}\n{"t":2,"k":"漢字"}\n{"t":3,"k":"e\\u0301"}\n' |
        t -w 1m -k k -a count,sum:v,min:v --output-time s | sed 's/  *$//' >got
    same "$(cat got)" "window_start  window_end  k         count  sum_v  min_v
           0          60  \\x1B[31m      1      1      1
                          é             1      0
                          漢字          1      0"
}

@test "refinements show what they replace; an empty input has a header" {
    same "$(tv 1 12 3 | t -w 10s -l 20s -m retract --output-time s)" \
        "op  window_start  window_end  count  pane  timing
+I             0          10      1     0  on_time
-U                                1     0  on_time
+U                                2     1  late
+I            10          20      1     0  on_time"
    same "$(t -w 10s </dev/null)" "window_start  window_end  count"
}

@test "of very many rows of one time the first give the widths, and all are there" {
    seq 12000 | sed 's/.*/{"t":1,"k":&,"v":"x&"}/; s/"x11999"/"much too wide for its column"/' >in
    "$WINAGG" -t t --time-format s --output-time s -w 10s -k k -a last:v -o table in >rows
    same "$(sed -n '1,2p; 11999,12001p' rows)" "window_start  window_end      k  last_v
           0          10      1  x1
                          11998  x11998
                          11999  much too wide for its column
                          12000  x12000"
}

@test "a restart goes on in the same columns" {
    seq 1 400 | jq -c '{t: ., k: ("k" * (. % 13))}' >in
    t -w 10s -k k in >whole
    for n in 37 120 300 400; do
        head -n "$n" in >app
        "$WINAGG" -t t --time-format s -o table -w 10s -k k --state s --checkpoint 3 \
            --at-eof keep --output rows app
    done
    "$WINAGG" -t t --time-format s -o table -w 10s -k k --state s --output rows app
    cmp whole rows
}

@test "on a terminal the header is bold and late rows are marked, unless that is not wanted" {
    needs_terminal
    tv 1 12 3 >in
    on_terminal() {
        script -qec "$* '$WINAGG' -t t -w 10s -l 20s -o table in" /dev/null | cat -v
    }
    on_terminal env TERM=xterm >got
    grep -q '^^\[\[1mwindow_start.*^\[\[0m' got
    grep -q '^^\[\[33m.* late^\[\[0m' got
    same "$(on_terminal env TERM=dumb | grep -c '\^\[')" 0
    same "$(on_terminal env TERM=xterm NO_COLOR=1 | grep -c '\^\[')" 0
    same "$(TERM=xterm t -w 10s -l 20s in | cat -v | grep -c '\^\[')" 0
}

@test "an end is blank only where the start is; pane, timing and id; a row of nothing" {
    printf '{"t":%s,"k":"%s"}\n' 5 a 10 a 10 b | t -w session:10s -k k --output-time s >rows
    same "$(tail -n 2 rows | sed 's/  */ /g')" $' 5 20 a 2\n 10 20 b 1'
    same "$(tv 1 | t -w 10s --panes --row-id --output-time s | awk '{ print $3, $4, $5, length($6) }')" \
        "count pane timing 2
1 0 on_time 32"
    same "$(tv 1 | t -w 10s --row-id --output-time s | awk '{ print $1, $2, $3, length($4) }')" \
        $'window_start window_end count 2\n0 10 1 32'
    same "$(printf '{"t":1}\n' | t -w all -k k -a min:v 2>/dev/null | cat -A)" \
        $'window_start  window_end  k  min_v$\n$'
}

@test "one very wide text does not widen all rows behind it" {
    { printf '{"t":1,"k":"%0200000d"}\n' 0; echo '{"t":9,"k":"y"}'; } |
        "$WINAGG" -t t -w 1s -k k -o table >rows
    [ "$(sed -n 2p rows | wc -c)" -gt 200000 ]
    [ "$(sed -n 3p rows | wc -c)" -lt 70000 ]
}
