#!/usr/bin/env bats
# Bad records: told, kept, counted, or the end of the run.

load helper

@test "a bad record is reported with input, line and reason, and skipped" {
    status=0
    printf '%s\n' '{"t":1}' 'oops' '' '{"t":"no time"}' '{"t":2}' |
        w -w 10s >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 0 ]
    same "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" 0,10,2
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 2 ]
    grep -qE '^winagg: stdin:2: .' "$BATS_TEST_TMPDIR/err"
    grep -qE '^winagg: stdin:4: .' "$BATS_TEST_TMPDIR/err"
}

@test "the name of a FILE is in the message" {
    cd "$BATS_TEST_TMPDIR"
    echo oops >events.jsonl
    fails_with 1 "$WINAGG" -i json -t t -w 1m events.jsonl 2>err
    grep -q '^winagg: events.jsonl:1: ' err
}

@test "CSV: the line on which the record starts, header and embedded newlines counted" {
    printf 't,k\n1,"a\nb\nc"\nx,"d\ne"\n2,f\ny,g\n' | w -w 10s -k k >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    grep -q '^winagg: stdin:5: ' "$BATS_TEST_TMPDIR/err"
    grep -q '^winagg: stdin:8: ' "$BATS_TEST_TMPDIR/err"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 2 ]
}

@test "ten are reported one by one, then the total" {
    { seq 1 10 && echo '{"t":1}'; } | w -i json -w 10s 2>"$BATS_TEST_TMPDIR/err" >/dev/null
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 10 ]
    { seq 1 25 && echo '{"t":1}'; } | w -i json -w 10s 2>"$BATS_TEST_TMPDIR/err" >/dev/null
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 11 ]
    same "$(tail -n 1 "$BATS_TEST_TMPDIR/err")" "winagg: 25 bad records in all"
}

@test "--bad gets them byte for byte, whole lines" {
    printf '{"t":1}\noops \r\n{"t":2}\n\377\n{"t":' >"$BATS_TEST_TMPDIR/in"
    w -w 10s --bad "$BATS_TEST_TMPDIR/bad" "$BATS_TEST_TMPDIR/in" >/dev/null 2>&1
    printf 'oops \r\n\377\n{"t":\n' | cmp - "$BATS_TEST_TMPDIR/bad"
}

@test "--bad for CSV has the record with its quotes, and no header" {
    printf 't,k\nx,"a\nb"\n1,c\n2\n' | w -w 10s --bad "$BATS_TEST_TMPDIR/bad" >/dev/null 2>&1
    printf 'x,"a\nb"\n2\n' | cmp - "$BATS_TEST_TMPDIR/bad"
}

@test "what --bad kept and was repaired can be fed again" {
    printf '%s\n' '{"t":1}' '{"t":"2"x}' | w -w 10s --bad "$BATS_TEST_TMPDIR/bad" >/dev/null 2>&1
    same "$(sed 's/"x/"/' "$BATS_TEST_TMPDIR/bad" | w -w 10s | tail -n 1)" 0,10,1
}

@test "--strict: the first bad record ends the run with status 1 and a message" {
    status=0
    printf '%s\n' '{"t":1}' '{"t":12}' oops '{"t":30}' |
        w -w 10s --strict >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq 1 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
    grep -q '^winagg: stdin:3: ' "$BATS_TEST_TMPDIR/err"
    # What had fired by then is out; nothing fires because of the end.
    same "$(cat "$BATS_TEST_TMPDIR/out")" $'window_start,window_end,count\n0,10,1'
}

@test "--strict: a record over the limit is kept whole, however it comes" {
    cd "$BATS_TEST_TMPDIR"
    for end in $'\n' ''; do
        rm -f bad
        status=0
        { printf '{"t":1,"x":1111111'; sleep 0.1; printf '2222'; sleep 0.1; printf '}%s' "$end"; } |
            w -w 10s --strict --max-record 12 --bad bad >out 2>err || status=$?
        [ "$status" -eq 1 ]
        grep -q '^winagg: stdin:1: record longer than --max-record (12 bytes)' err
        same "$(cat bad)" '{"t":1,"x":11111112222}'
    done
}

@test "--strict: a record that takes several threads' blocks is told once" {
    local j
    { printf '{"t":1}\n{"t":1,"v":"'; head -c 18M /dev/zero | tr '\0' x; echo '"}'; } >"$BATS_TEST_TMPDIR/in"
    for j in 1 2 4; do
        fails_with 1 w -w 1h --strict -j $j "$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/err"
        grep -q "in:2: record longer than --max-record (16777216 bytes) (--strict ends the run here)" "$BATS_TEST_TMPDIR/err"
        fails_with 1 w -w 1h --strict -j $j --bad "$BATS_TEST_TMPDIR/bad$j" "$BATS_TEST_TMPDIR/in" 2>/dev/null
        cmp "$BATS_TEST_TMPDIR/bad$j" <(tail -n 1 "$BATS_TEST_TMPDIR/in")
    done
}

@test "--strict without bad records changes nothing" {
    same "$(tv 1 12 | w -w 10s --strict)" "$(tv 1 12 | w -w 10s)"
}

@test "--max-record: a longer line is bad, as a whole, and its neighbours are not" {
    long=$(head -c 200 /dev/zero | tr '\0' x)
    printf '{"t":1}\n{"t":2,"x":"%s"}\n{"t":3}\n' "$long" >"$BATS_TEST_TMPDIR/in"
    w -w 10s --max-record 100 --bad "$BATS_TEST_TMPDIR/bad" "$BATS_TEST_TMPDIR/in" \
        >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" 0,10,2
    same "$(cat "$BATS_TEST_TMPDIR/bad")" "{\"t\":2,\"x\":\"$long\"}"
    same "$(wc -l <"$BATS_TEST_TMPDIR/err")" 1
    grep -qF "winagg: $BATS_TEST_TMPDIR/in:2: " "$BATS_TEST_TMPDIR/err"
}

@test "--max-record counts the bytes before the newline, units as usual" {
    # 7 bytes.
    same "$(tv 1 | w -w 10s --max-record 7 | tail -n 1)" 0,10,1
    same "$(tv 1 | w -w 10s --max-record 6 2>/dev/null | tail -n 1)" window_start,window_end,count
    for size in 1k 1K 1KiB 1kB 1M 1MiB 1MB 1G 100B; do
        same "$(tv 1 | w -w 10s --max-record "$size" | tail -n 1)" 0,10,1
    done
    printf '{"t":1,"x":"%s"}\n' "$(head -c 1005 /dev/zero | tr '\0' x)" >"$BATS_TEST_TMPDIR/in"
    same "$(wc -c <"$BATS_TEST_TMPDIR/in")" 1020
    same "$(w -w 10s --max-record 1kB "$BATS_TEST_TMPDIR/in" 2>/dev/null | wc -l)" 1
    same "$(w -w 10s --max-record 1k "$BATS_TEST_TMPDIR/in" | wc -l)" 2
}

@test "a bad record does not move the watermark" {
    # An object as key makes the second one bad; were its time to count, the third would be too late.
    printf '%s\n' '{"t":1,"k":1}' '{"t":99,"k":{}}' '{"t":2,"k":1}' | w -w 10s -k k 2>/dev/null >"$BATS_TEST_TMPDIR/out"
    same "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" 0,10,1,2
}

@test "a record over the limit that ends with the input of the next run has its newline in --bad" {
    cd "$BATS_TEST_TMPDIR"
    { echo '{"t":1}'; head -c 5000 /dev/zero | tr '\0' x; } >in
    w -w 10s --state s --bad bad --max-record 1000 --at-eof keep --output rows in 2>err
    same "$(tail -c 1 bad)" x
    w -w 10s --state s --bad bad --max-record 1000 --output rows in 2>err
    same "$(wc -lc <bad | tr -s ' ')" " 1 5001"
}
