#!/usr/bin/env bats
# Rows as JSON, CSV and TSV; where they go.

load helper

@test "JSON: one compact object a line, columns in a fixed order" {
    same "$(echo '{"t":1,"k":"a","v":2}' | "$WINAGG" -t t --time-format s -w 10s -k k -a count,sum:v -m retract --panes)" \
'{"op":"+I","window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","k":"a","count":1,"sum_v":2,"pane":0,"timing":"on_time"}'
}

@test "JSON strings: UTF-8 as it is, escapes only where they must be" {
    line='{"t":1,"k":"ä\u00e4 \"q\" \\ \/ \b\f\n\r\t \u0001 \u007f €"}'
    same "$(echo "$line" | "$WINAGG" -t t -w 10s -k k | grep -o '"k":.*')" \
        '"k":"ää \"q\" \\ / \b\f\n\r\t \u0001 '$'\177'' €","count":1}'
}

@test "CSV: quotes where a field needs them; null and the empty string are empty" {
    printf '{"t":1,"k":%s,"z":1}\n' '"a,b"' '"q\"q"' '"l\nl"' '"r\rr"' '"t\tt"' '""' null true |
        w -w 10s -k k,z >"$BATS_TEST_TMPDIR/out"
    printf '%s\n' window_start,window_end,k,z,count 0,10,,1,1 0,10,true,1,1 0,10,,1,1 '0,10,"a,b",1,1' \
        $'0,10,"l\nl",1,1' '0,10,"q""q",1,1' $'0,10,"r\rr",1,1' $'0,10,t\tt,1,1' | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "TSV: no quotes, but escapes" {
    printf '{"t":1,"k":%s}\n' '"a,b"' '"t\tt"' '"q\"q"' '"b\\\\n\r"' null |
        w -w 10s -k k -o tsv >"$BATS_TEST_TMPDIR/out"
    tr @ '\t' <<'END' | cmp - "$BATS_TEST_TMPDIR/out"
window_start@window_end@k@count
0@10@@1
0@10@a,b@1
0@10@b\\\\n\r@1
0@10@q"q@1
0@10@t\tt@1
END
}

@test "true, false, null, numbers and JSON, as keys and as results, in each format" {
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' '{"t":1,"k":true,"v":false}' '{"t":2,"k":false,"v":null}' '{"t":3,"k":null,"v":"a,\"b"}' \
        '{"t":4,"k":1.0,"v":true}' >in
    o() { "$WINAGG" -t t --time-format s --output-time s -w 10s -k k -a last:v,topk:v:2 -o "$@" in; }
    same "$(o json | jq -c '[.k,.last_v,.topk_v]')" '[null,"a,\"b",[{"value":"a,\"b","count":1}]]
[false,null,null]
[true,false,[{"value":false,"count":1}]]
[1,true,[{"value":true,"count":1}]]'
    same "$(o csv | tail -n +2)" '0,10,,"a,""b","[{""value"":""a,\""b"",""count"":1}]"
0,10,false,,
0,10,true,false,"[{""value"":false,""count"":1}]"
0,10,1,true,"[{""value"":true,""count"":1}]"'
    same "$(o tsv | tail -n +2)" '0	10		a,"b	[{"value":"a,\\"b","count":1}]
0	10	false		
0	10	true	false	[{"value":false,"count":1}]
0	10	1	true	[{"value":true,"count":1}]'
    same "$(o table | tail -n +2)" '           0          10         a,"b    [{"value":"a,\"b","count":1}]
                          false
                          true   false   [{"value":false,"count":1}]
                              1  true    [{"value":true,"count":1}]'
    same "$(o sql:t | sed -n "s/.*VALUES ('0', '10', \(.*\), '[0-9a-f]*') ON .*/\1/p")" \
        "NULL, 'a,\"b', '[{\"value\":\"a,\\\"b\",\"count\":1}]'
'false', NULL, NULL
'true', 'false', '[{\"value\":false,\"count\":1}]'
'1', 'true', '[{\"value\":true,\"count\":1}]'"
}

@test "the header is there even if no row is" {
    same "$(w -w 10s -k a </dev/null)" "window_start,window_end,a,count"
    same "$(w -w 10s -k 'a"b' </dev/null)" 'window_start,window_end,"a""b",count'
}

@test "--output appends, and repeats no header" {
    out=$BATS_TEST_TMPDIR/rows
    tv 1 | w -w 10s --output "$out"
    tv 11 | w -w 10s --output "$out"
    same "$(cat "$out")" $'window_start,window_end,count\n0,10,1\n10,20,1'
}

@test "what a table begins with stands behind other rows, too" {
    cd "$BATS_TEST_TMPDIR"
    echo "Report" >rows
    tv 1 | w -w 10s -o sql:one --output rows
    tv 1 | w -w 10s -o sql:two --output rows
    same "$(grep -c 'CREATE TABLE IF NOT EXISTS' rows)" 2
    echo "Report" >rows
    tv 1 | w -w 10s -o table --output rows
    same "$(grep -c window_start rows)" 1
    # But a run that goes on has begun already.
    tv 1 11 >in
    w -w 10s -o sql:one --state s --at-eof keep --output on in
    tv 25 >>in
    w -w 10s -o sql:one --state s --at-eof keep --output on in
    same "$(grep -c CREATE on) $(grep -c INSERT on)" "1 2"
}

@test "--output into a directory that isn't there fails with a message" {
    status=0
    tv 1 | w -w 10s --output "$BATS_TEST_TMPDIR/no/such/file" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 1 ]
    grep -q "^winagg: .*no/such/file.*: No such file" "$BATS_TEST_TMPDIR/err"
}

@test "a full disk is a failure, with a message" {
    [ -e /dev/full ]
    status=0
    tv 1 | w -w 10s >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 1 ]
    grep -q "^winagg: .*No space left" "$BATS_TEST_TMPDIR/err"
    for option in output late bad; do
        status=0
        printf '%s\n' '{"t":30}' '{"t":1}' nonsense | w -w 10s "--$option" /dev/full >/dev/null 2>"$BATS_TEST_TMPDIR/err" || status=$?
        [ "$status" -eq 1 ]
        grep -q "^winagg: .*/dev/full.*No space left" "$BATS_TEST_TMPDIR/err"
    done
}

@test "--panes shows pane and timing where windows fire once" {
    same "$(tv 1 | w -w 10s --panes)" $'window_start,window_end,count,pane,timing\n0,10,1,0,on_time'
}

@test "--row-id: 128 bits in hex, the same in every run, another for every row" {
    run_once() { tv 1 12 3 25 4 | w -w 10s -l 1h -m retract --row-id; }
    run_once >"$BATS_TEST_TMPDIR/out"
    same "$(run_once)" "$(cat "$BATS_TEST_TMPDIR/out")"
    same "$(head -n 1 "$BATS_TEST_TMPDIR/out")" "op,window_start,window_end,count,pane,timing,id"
    ids=$(tail -n +2 "$BATS_TEST_TMPDIR/out" | cut -d, -f7)
    [ "$(wc -l <<<"$ids")" -eq 7 ]
    same "$(grep -cE '^[0-9a-f]{32}$' <<<"$ids")" 7
    [ -z "$(sort <<<"$ids" | uniq -d)" ]
}

@test "--row-id of one window for all time: its bounds are the ends of what there is" {
    # XXH3-128 of INT64_MIN and INT64_MAX, and of these and pane 0.
    same "$(tv 1 | w -w all --row-id=window | tail -n 1)" ",,1,981e343c4d5eb5b8a03b3663cff83200"
    same "$(tv 1 | w -w all --row-id | tail -n 1)" ,,1,88c07269528b4cc965e677a2bc6a26b3
}

@test "--row-id does not depend on the values of the aggregates" {
    id() { tv "$1" | w -w 10s -a sum:v --row-id | tail -n 1 | cut -d, -f4; }
    same "$(id 1:5)" "$(id 2:6)"
    [ "$(id 1:5)" != "$(id 11:5)" ]
}

@test "threads do not show" {
    seq 1 30000 | awk '{printf "{\"t\":%d,\"v\":%d}\n", $1, $1 % 7}' >"$BATS_TEST_TMPDIR/in"
    want=$(w -j 1 -w 1m -a count,sum:v,p95:v "$BATS_TEST_TMPDIR/in")
    same "$(w -w 1m -a count,sum:v,p95:v "$BATS_TEST_TMPDIR/in")" "$want"
    same "$(w -j 4 -w 1m -a count,sum:v,p95:v "$BATS_TEST_TMPDIR/in")" "$want"
    same "$(w --threads=0 -w 1m -a count,sum:v,p95:v <"$BATS_TEST_TMPDIR/in")" "$want"
}

@test "rows are not appended to the file that is read" {
    echo '{"t":1}' >"$BATS_TEST_TMPDIR/one"
    run w -w 1m --output "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/one"
    [ "$status" -eq 2 ]
    [[ $output == *"expected files that are different"* ]]
    same "$(cat "$BATS_TEST_TMPDIR/one")" '{"t":1}'
}
