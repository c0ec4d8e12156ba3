#!/usr/bin/env bats
# CSV and TSV: header, quotes, delimiters, and rows that are none.

load helper

verdicts() {
    "$WINAGG" -t t --time-format s -w 10s --stats "$@" 2>&1 >/dev/null | grep '^{' | jq -r '"\(.used) \(.bad)"'
}

@test "CSV with a header is found out" {
    same "$(printf 't,k,v\n1,a,5\n2,a,\n3,b,0.5\n' | w -w 10s -k k -a count,sum:v,count:v)" \
"window_start,window_end,k,count,sum_v,count_v
0,10,a,2,5,1
0,10,b,1,0.5,1"
}

@test "TSV is found out by a tab and no comma in the first line" {
    same "$(printf 't\tk\n1\ta,b\n' | w -w 10s -k k | tail -n 1)" '0,10,"a,b",1'
    same "$(printf 't\tk\n1\ta\n' | w -w 10s -k k -i tsv | tail -n 1)" '0,10,a,1'
}

@test "quotes, doubled quotes, embedded newlines and delimiters" {
    printf 't,k\r\n1,"a,b"\r\n2,"say ""hi"""\r\n3,"two\nlines"\r\n4,""\r\n' |
        "$WINAGG" -t t --time-format s -w 10s -k k | jq -c .k >"$BATS_TEST_TMPDIR/out"
    same "$(cat "$BATS_TEST_TMPDIR/out")" $'""\n"a,b"\n"say \\"hi\\""\n"two\\nlines"'
}

@test "blanks belong to the field, but around a number or a time they do not count" {
    same "$(printf 't,k\n1, a \n' | "$WINAGG" -t t --time-format s -w 10s -k k | jq -c .k)" '" a "'
    same "$(printf 't,v\n1, 5\n 2 ,\t6 \n"3 "," "\n4,5 6\n' | w -w 10s -a sum:v 2>/dev/null)" "window_start,window_end,sum_v
0,10,11"
}

@test "a byte order mark, empty lines, a last line without newline" {
    printf '\357\273\277t,v\n\n1,2\n\r\n2,3' >"$BATS_TEST_TMPDIR/in"
    same "$(w -w 10s -a sum:v "$BATS_TEST_TMPDIR/in" | tail -n 1)" "0,10,5"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "2 0"
}

@test "too few or too many fields: bad" {
    same "$(printf 't,k\n1\n1,a\n1,a,b\n' | verdicts)" "1 2"
}

@test "stray quotes: bad" {
    same "$(printf 't,k\n1,a"b\n1,"a"b\n1,"a"\n' | verdicts)" "1 2"
}

@test "a file that ends inside a quote: that record is bad, not lost" {
    printf 't,k\n1,a\n2,"b\n3,c\n' >"$BATS_TEST_TMPDIR/in"
    w -w 10s --stats "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" "0,10,1"
    same "$(counter "$BATS_TEST_TMPDIR/err" bad)" 1
    grep -qF "winagg: $BATS_TEST_TMPDIR/in:3: " "$BATS_TEST_TMPDIR/err"
}

@test "--no-header: columns 1, 2, ..." {
    same "$(printf '1,a,5\n2,a,6\n' | "$WINAGG" -t 1 --time-format s -w 10s --no-header -k 2 -a sum:3 -o csv --output-time s)" \
$'window_start,window_end,2,sum_3\n0,10,a,11'
}

@test "--columns: names of one's own, and no header" {
    same "$(printf '1,a,5\n2,a,6\n' | w -w 10s --columns t,k,v -k k -a sum:v | tail -n 1)" '0,10,a,11'
    same "$(printf '1,a,5\n' | w -w 10s --columns 't,a\,b,v' -k 'a\,b' | tail -n 1)" '0,10,a,1'
}

@test "--delimiter" {
    same "$(printf 't;v\n1;2\n' | w -w 10s --delimiter ';' -a sum:v | tail -n 1)" "0,10,2"
    same "$(printf 't|v\n1|2\n' | w -w 10s --delimiter='|' -i csv -a sum:v | tail -n 1)" "0,10,2"
    for tab in $'\t' '\t' tab; do
        same "$(printf 't\tv\n1\t2\n' | w -w 10s --delimiter "$tab" -a sum:v | tail -n 1)" "0,10,2"
    done
}

@test "names of columns are taken whole" {
    same "$(printf 't,a.b,No.\n1,x,5\n' | w -i csv -w 10s -k a.b -a sum:No. | tail -n 1)" "0,10,x,5"
}

@test "a column that the header lacks ends the run with status 2 before any row" {
    status=0
    printf 't,host,bytes\n1,a,5\n' | w -w 10s -k hots >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 2 ]
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    # It names the column and lists those that are there.
    grep -q "^winagg: .*hots" "$BATS_TEST_TMPDIR/err"
    grep -q "t, host, bytes" "$BATS_TEST_TMPDIR/err"
    [ "$(grep -c . "$BATS_TEST_TMPDIR/err")" -eq 2 ]
}

@test "a column without a name is called by its number, in a header and in --columns" {
    want="window_start,window_end,1,4,count
0,10,1,y,1"
    same "$(printf ',b,c,\n1,x,,y\n' | w -i csv -w 10s -t 1 -k 1,4)" "$want"
    same "$(printf '1,x,,y\n' | w -i csv --columns ',b,c,' -w 10s -t 1 -k 1,4)" "$want"
    printf '1,x,,y\n' | fails_with 2 w -i csv --columns ',b,c,' -w 10s -t nope 2>"$BATS_TEST_TMPDIR/err"
    grep -qF "has no column 'nope'; its columns are: 1, b, c, 4" "$BATS_TEST_TMPDIR/err"
}

@test "not a number where one is needed is bad; an empty field is no value" {
    same "$(printf 't,v\n1,x\n1,\n1,5\n1,NaN\n1,""\n' | verdicts -a sum:v)" "3 2"
}

@test "first and last of CSV are numbers if they are JSON's, as written; distinct and mode are strings" {
    same "$(printf 't,v\n1,1.0\n2,1\n3,\n' | "$WINAGG" -t t --time-format s -w 10s -a first:v,last:v,distinct:v |
        jq -c '[.first_v == 1, .last_v == 1, .distinct_v]')" '[true,true,2]'
    same "$(printf 't,v\n1,1.0\n2,01\n' | "$WINAGG" -t t --time-format s -w 10s -a first:v,last:v,mode:v)" \
        '{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","first_v":1.0,"last_v":"01","mode_v":"01"}'
}

@test "input without a header is no record" {
    local start
    for start in '' '\n' '\r\n\n' '\xef\xbb\xbf' '\xef\xbb\xbf\n'; do
        same "$(printf '%b' "$start" | w -i csv -w 10s)" "window_start,window_end,count"
        same "$(printf '%b' "$start" | w -i csv --no-header -w 10s -t 1)" "window_start,window_end,count"
        same "$(printf '%b' "$start" | w -i csv -w 10s -s "$BATS_TEST_TMPDIR/state")" \
            "window_start,window_end,count"
        rm "$BATS_TEST_TMPDIR/state"
    done
}

@test "with --at-eof keep the header of a file may be yet to come, wholly or in part" {
    local start tmp=$BATS_TEST_TMPDIR
    for start in '' '\n' '\xef\xbb' 't' 't,v'; do
        rm -f "$tmp"/rows "$tmp"/state
        printf '%b' "$start" >"$tmp/input"
        w -w 10s -a sum:v -s "$tmp/state" --at-eof keep --output "$tmp/rows" "$tmp/input"
        case $start in
        '\xef\xbb') printf '\xbft,v' >>"$tmp/input" ;;
        t) printf ',v' >>"$tmp/input" ;;
        t,v) ;;
        *) printf 't,v' >>"$tmp/input" ;;
        esac
        printf '\n1,5\n12,6\n' >>"$tmp/input"
        w -w 10s -a sum:v -s "$tmp/state" --at-eof keep --output "$tmp/rows" "$tmp/input"
        same "$(cat "$tmp/rows")" $'window_start,window_end,sum_v\n0,10,5'
    done
}

@test "--no-header: a first record that is bad is one bad record, and the next one counts columns" {
    cd "$BATS_TEST_TMPDIR"
    for first in '1,"2"x' '1,22222222222222222222'; do
        printf '%s\n' "$first" 1,2 3,4 5 |
            "$WINAGG" -t 1 -w 10s -i csv --no-header --max-record 20 -a count,sum:2 -o csv \
                --output-time s >out 2>err
        same "$(tail -n 1 out)" 0,10,2,6
        same "$(wc -l <err)" 2
        grep -q '^winagg: stdin:1: ' err
        grep -q '^winagg: stdin:4: expected 2 fields, found 1' err
    done
}

@test "without a header, 64 MiB in which no record is valid are enough" {
    local err=$BATS_TEST_TMPDIR/err
    { printf '"'; head -c 100000000 /dev/zero | tr '\0' x; } |
        fails_with 1 w -i csv -t 1 -w 10s --no-header --max-record 1000 2>"$err"
    grep -q "stdin:1: expected a record that says how many columns there are" "$err"
    [ "$(grep -oE "in [0-9]+ bytes" "$err" | tr -dc 0-9)" -lt 100000000 ]
}
