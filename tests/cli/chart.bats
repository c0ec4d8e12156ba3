#!/usr/bin/env bats
# -o chart: the first aggregate, drawn.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

c() {
    "$WINAGG" -t t --time-format s -o chart --output-time s "$@"
}

@test "without keys a line a window, as its row comes" {
    mkfifo fifo
    c -w 10s -a sum:v fifo >rows &
    exec 7>fifo
    tv 1:5 12:1 >&7
    for _ in $(seq 200); do [ -s rows ] && break; sleep 0.05; done
    same "$(cat rows)" "0  10         5  ██████████████████████████████████████████████████████████████"
    tv 25:10 38:-3 41:0 >&7
    exec 7>&-
    wait
    # Bars share a scale, which is a round number and grows; what is not above zero has none.
    same "$(sed 's/\(█\)\{5,\}/█/' rows | tail -n 4)" "10  20         1  █▎
20  30        10  █
30  40        -3
40  50         0"
}

@test "with keys a line a key: last, min, max, and a column a window" {
    printf '{"t":%s,"k":"%s","v":%s}\n' 1 a 0 11 a 4 21 a 8 1 b 7 21 b 7 31 a 2 >in
    same "$(c -w 10s -k k -a sum:v,count --delay all in)" "k  sum_v  min  max  0
a      2    0    8  ▁▅█▃
b      7    7    7  █ █"
    # Keys stand in their order, numbers by value; what is refined is drawn as it was last.
    printf '{"t":%s,"k":%s}\n' 1 10 2 9 12 9 3 10 >in
    same "$(c -w 10s -k k -l 1m in 2>/dev/null)" "k   count  min  max  0
9       1    1    1  ██
10      2    2    2  █"
    # A session that became part of a larger one is not drawn any more.
    tv 1 30 9 >in
    same "$(jq -c '.k = "x"' in | c -w session:10s -k k -l 1m -m retract)" "k  count  min  max  1
x      1    1    2  █▅"
}

@test "it fits into 80 columns, and what is no text is escaped" {
    for i in $(seq 300); do
        printf '{"t":%s,"k":"%s","漢字":"\\u001b[2J漢"}\n' $((i * 10)) "$((i % 7))"
    done >in
    c -w 10s -k k,漢字 in >seen
    c -w 10s in >>seen
    c -w 10s -k k -a p99:t in >>seen
    python3 -c '
import sys, unicodedata
for line in open("seen", encoding="utf-8"):
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.rstrip("\n"))
    assert width <= 80, (width, line)
    assert "\x1b" not in line, line'
    grep -qF '\x1B[2J漢' seen
}

@test "on a terminal it is drawn in place, no taller than that" {
    needs_terminal
    mkfifo fifo
    { for i in $(seq 60); do echo "{\"t\":1,\"k\":$i}"; done; sleep 0.4; tv 12 30; } >fifo &
    script -qec "stty rows 10 cols 60; TERM=xterm '$WINAGG' -t t -w 10s -k k -o chart fifo" \
        /dev/null >seen
    # Drawn twice at least, each time over what stood there before.
    [ "$(grep -c "and 5[0-9] more" seen)" -ge 1 ]
    grep -q $'\x1b\\[[0-9]*A\x1b\\[J' seen || [ "$(grep -c count seen)" -eq 1 ]
    [ "$(grep -c . <(tail -n 10 seen))" -le 10 ]
}

@test "what is said on the same terminal stays there, and the chart goes on below" {
    needs_terminal
    mkfifo fifo
    { tv 1 12; sleep 0.3; echo bad; tv 25; sleep 0.3; tv 3 36; } | sed 's/}/,"k":1}/' >fifo &
    script -qec "stty rows 20 cols 200; TERM=xterm '$WINAGG' -t t -w 10s -k k -o chart fifo" /dev/null >seen
    # What is drawn erases as many lines as were drawn: were those, behind them, of something else?
    tr '\033' '~' <seen |
        awk '/~\[[0-9]+A/ { match($0, /~\[[0-9]+A/); up = substr($0, RSTART + 2, RLENGTH - 3)
                            for (i = NR - up; i < NR; i++) if (line[i] ~ /winagg:/) exit 1 }
             { line[NR] = $0 }'
    grep -q 'winagg: fifo:3: not valid JSON' seen
    grep -q 'winagg: 1 of 6 records came too late' <(tail -n 1 seen)
}

@test "a narrow terminal gets shorter bounds, then shorter numbers, and no line that wraps" {
    needs_terminal
    printf '{"t":%s,"v":%s}\n' 1714557600 5 1714557610 1234567.5 1714557621 -1.5e300 1714557639 1e20 \
        1714557640 null 1714557651 '"a text of some length"' >in
    drawn() { # COLUMNS, options
        script -qec "stty cols $1; '$WINAGG' -t t -w 10s -o chart ${*:2} in" /dev/null | tr -d '\r' >seen
        # No line is wider, unless a bound in nanoseconds and a value are; and each window has one.
        local most=$1
        [[ $* == *ns* && $most -lt 26 ]] && most=26
        [ "$(LC_ALL=C.UTF-8 wc -L <seen)" -le "$most" ] || { echo "$*"; cat seen; return 1; }
        same "$(wc -l <seen)" 6
        sed -n 1,2p seen | LC_ALL=C.UTF-8 sed 's/█[█▏▎▍▌▋▊▉]*/█/'
    }
    for columns in $(seq 20 3 64); do
        for options in "-a count" "-a last:v --output-time local" "-a max:t --tz Asia/Tokyo" "-a last:v" \
            "-a max:t --output-time ns"; do
            # shellcheck disable=SC2086
            drawn "$columns" $options >shown
        done
    done
    same "$(drawn 50 -a count)" "2024-05-01 10:00:00  10:00:10         1  █
2024-05-01 10:00:10  10:00:20         1  █"
    same "$(drawn 48 -a count)" "2024-05-01 10:00:00         1  █
2024-05-01 10:00:10         1  █"
    same "$(drawn 36 -a count)" "10:00:00         1  █
10:00:10         1  █"
    same "$(drawn 20 -a count)" "10:00:00  1  █
10:00:10  1  █"
    printf '{"t":%s,"v":%s}\n' 1714557600 5 1714557610 1234567.5 1714557621 8 1714557639 1e20 1714557640 3 \
        1714557651 -2 >in
    drawn 20 -a sum:v >shown
    same "$(LC_ALL=C sed 's/ *\xe2.*//' seen)" "10:00:00  5
10:00:10  1e+06
10:00:20      8
10:00:30  1e+20
10:00:40      3
10:00:50     -2"
    # Of windows of days the day is what stays.
    printf '{"t":%s}\n' 1714557600 1714657600 >in
    script -qec "stty cols 30; '$WINAGG' -t t -w 1d -o chart in" /dev/null |
        LC_ALL=C.UTF-8 grep -qE '^2024-05-02 +1  █'
    # With keys the last windows are those that there is room for.
    for i in $(seq 20); do printf '{"t":%s,"k":"x","v":%s}\n' "${i}0" "$i"; done >in
    script -qec "stty cols 24; '$WINAGG' -t t -w 10s -a sum:v -k k -o chart in" /dev/null | tail -n 1 | tr -d '\r' >seen
    same "$(cat seen)" "x     20    1   20  ▇▇██"
}

@test "state and files do not go with it" {
    for wrong in "--state s" "--output out"; do
        # shellcheck disable=SC2086
        fails_with 2 c -w 10s $wrong </dev/null 2>err
        grep -q "chart" err
    done
    same "$(c -w 10s </dev/null)" ""
}

@test "bars of the largest and the smallest numbers fit into the line as others do" {
    for v in 1e-320 3e-9 0.04 600 1e300 7e307 1.7e308; do
        tv "1:$v" | c -w 10s -a sum:v | head -c 1000 >row
        bar=$(grep -o '█' row | wc -l)
        [ "$bar" -le 70 ] && { [ "$bar" -ge 20 ] || [ "$v" == 1e-320 ]; } || { echo "$v: $bar"; return 1; }
    done
    same "$(printf '{"t":%s,"k":"a","v":%s}\n' 1 -1.7e308 11 1.7e308 21 5 | c -w 10s -k k -a sum:v | tail -n 1)" \
        "a      5  -1.7e+308  1.7e+308  ▁█▅"
}

@test "keys of any kind, and results that are no numbers: a blank" {
    printf '{"t":%s,"k":%s,"v":%s}\n' 1 true '"x"' 2 false -4 3 null 2.5 11 true 7 12 false '"y"' \
        13 false true 21 false -8 >in
    same "$(c -w 10s -k k -a last:v in)" "k      last_v  min  max  0
          2.5  2.5  2.5  █
false      -8   -8   -4  █ ▁
true        7    7    7   █"
    printf '{"t":%s,"k":"%s","v":"%s"}\n' 1 a x 1 b 5 >only
    same "$(c -w 10s -k k -a last:v only)" "k  last_v  min  max  0
a       x
b       5"
    same "$(c -w 10s -a last:v in | LC_ALL=C.UTF-8 sed 's/█*$/█/')" "0  10       2.5  █
10  20      true█
20  30        -8█"
    same "$(printf '' | c -w 10s -k k)" "k  count  min  max"
}

@test "windows that are too old to be drawn are let go" {
    { printf '{"t":5,"k":"a","v":1000}\n'
      for i in $(seq 700); do printf '{"t":%s,"k":"a","v":1}\n' "${i}0"; done
      printf '{"t":%s,"k":"a","v":%s}\n' 6 5 6900 9; } >in
    same "$(c -w 10s -k k -a sum:v -l 9999s in | LC_ALL=C.UTF-8 sed 's/▂\{3,\}/▂▂/g; s/  */ /g')" "k sum_v min max 6410 7000
a 1 1 10 ▂▂█▂▂"
}

@test "windows of one start, windows without bounds, and values that are all zero" {
    printf '{"t":%s,"k":"%s","v":%s}\n' 1 a 3 2 b 4 11 a 1 12 b 2 13 c 1 31 b 5 >in
    same "$(c -w cumulate:20s/10s -k k -a sum:v in)" "k  sum_v  min  max  0
a      4    3    4  ▆█
b      5    4    6  ▆█▇
c      1    1    1   █"
    same "$(tv 1:3 5:4 | c -w all -a sum:v | sed 's/\(█\)\{5,\}.*/█/')" "       7  █"
    same "$(printf '{"t":%s,"k":"a","v":0}\n' 1 11 | c -w 10s -k k -a sum:v)" "k  sum_v  min  max  0
a      0    0    0  ▁▁"
}

@test "a bar has some room, however long what stands before it; what is taken back is no line" {
    digits=12345678901234567890123456789012345678
    printf '{"t":1714561200.123456789,"v":%s}\n' $digits |
        "$WINAGG" -t t -w 1ms -a max:v -o chart >seen
    LC_ALL=C.UTF-8 grep -qE '^2024-05-01 11:00:00.123  1.2345678901234567890123456789012345678e\+37  █+▌$' seen
    same "$(tv 1 30 9 | c -w session:10s -l 1m -m retract | awk '{ print $1, $2, $3 }')" \
        $'1 11 1\n1 19 2\n30 40 1'
    # A key that is as wide as the terminal leaves no room for numbers, and one of blanks no line.
    same "$(printf '{"t":1,"k":"%100s"}\n{"t":2,"k":"x"}\n' "" | c -w 10s -k k)" $'k\n\nx'
}

@test "a value is shown as it is where bounds become wider, however narrow the terminal" {
    printf '%s\n' '{"t":0,"v":123456789012345678901234567890}' '{"t":700.123456,"v":-5}' \
        '{"t":1400.5,"v":0.000123456789}' '{"t":2100.25,"v":3}' >in
    local columns
    for columns in 20 24 30 40; do
        COLUMNS=$columns "$WINAGG" -t t -w session:10s -a sum:v -o chart in >rows
        for value in ' -5' ' 0.000' ' 3'; do
            grep -q -- "$value" rows || { echo "$columns"; cat rows; return 1; }
        done
    done
}
