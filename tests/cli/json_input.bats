#!/usr/bin/env bats
# JSON lines: what a record is, and what is none.

load helper

# "used bad" of the input.
verdicts() {
    "$WINAGG" -t t --time-format s -w 10s --stats "$@" 2>&1 >/dev/null | grep '^{' | jq -r '"\(.used) \(.bad)"'
}

@test "a byte order mark is skipped, CRLF is a line end, blank lines are no records" {
    printf '\357\273\277{"t":1}\r\n\n \t\r\n{"t":2}\r\n' >"$BATS_TEST_TMPDIR/in"
    same "$(w -w 10s "$BATS_TEST_TMPDIR/in" | tail -n 1)" 0,10,2
    same "$(w -w 10s --stats "$BATS_TEST_TMPDIR/in" 2>&1 >/dev/null | jq .records)" 2
}

@test "the last line may lack its newline" {
    same "$(printf '{"t":1}\n{"t":2}' | w -w 10s | tail -n 1)" 0,10,2
}

@test "an empty input is no error" {
    same "$("$WINAGG" -t t -w 10s </dev/null)" ""
    same "$(printf '\n \n' | "$WINAGG" -t t -w 10s)" ""
}

@test "what is not one object on a line is bad" {
    printf '%s\n' '{"t":1}' '{"t":1' '{"t":1}}' '{"t":1} {"t":1}' '[1]' '"t"' '1' 'null' "{'t':1}" '{"t":1,}' \
        '{"t":01}' '{"t":1,"x":tru}' 'hello' >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "1 12"
}

@test "bytes that are no UTF-8, and half surrogate pairs, are U+FFFD in a string, and bad outside" {
    printf '%b\n' '{"t":1,"x":"\0377"}' '{"t":1,"x":"\\ud800"}' '{"t":1,"x":"a\tb"}' '{"t":1,"x":"ok"}' \
        '{"t":1,"\0377":"ok"}' '{"t":1,\0377}' >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "4 2"
    # One for each maximal subpart; a pair is a character; a backslash that is escaped begins nothing.
    printf '%b\n' '{"t":1,"x":"a\0340\0240b\0355\0240\0200"}' '{"t":2,"x":"\\ud83d\\ude00\\ude00\\ud83d"}' \
        '{"t":3,"x":"\\\\ud800\0377"}' '{"t":4,"x":"\\ud800\\u0041"}' >"$BATS_TEST_TMPDIR/in"
    same "$(w -w 1s -k x "$BATS_TEST_TMPDIR/in" | cut -d, -f3 | tail -n +2)" $'a\357\277\275b\357\277\275\357\277\275\357\277\275\n\360\237\230\200\357\277\275\357\277\275\n\\ud800\357\277\275\n\357\277\275A'
    # Numbers stay exact beside one that was put right.
    printf '{"t":1,"v":123456789012345678901234567890,"x":"\377"}\n' >"$BATS_TEST_TMPDIR/in"
    same "$(w -w 1s -a max:v,first:x "$BATS_TEST_TMPDIR/in" | tail -n 1)" $'1,2,1.2345678901234567890123456789e+29,\357\277\275'
}

@test "a byte order mark and a record separator may begin any line" {
    printf '\357\273\277{"t":1}\n\357\273\277{"t":2}\n\036{"t":3}\n\036\n' >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "3 0"
    same "$(printf '\036{"t":3}\n' | verdicts)" "1 0"
    same "$(printf '\036{"t":3}\n' | verdicts -i json)" "1 0"
}

@test "large numbers and deep nesting in fields that nobody reads" {
    echo '{"t":1,"x":123456789012345678901234567890}' >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "1 0"
    { printf '{"t":1,"x":'; printf '[%.0s' $(seq 1000); printf ']%.0s' $(seq 1000); echo '}'; } >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts "$BATS_TEST_TMPDIR/in")" "1 0"
}

@test "numbers that no double holds are kept exact from their text" {
    same "$(tv 1:9007199254740993 1:0.00 | w -w 10s -a sum:v | tail -n 1)" "0,10,9007199254740993"
    same "$(tv 1:18446744073709551616 1:1 | w -w 10s -a sum:v | tail -n 1)" "0,10,18446744073709551617"
    same "$(printf '{"t":1,"v":1e400}\n{"t":1,"v":2}\n' | verdicts -a sum:v)" "1 1"
}

@test "not a number where one is needed is bad; an empty string is no value there" {
    printf '{"t":1,"v":%s}\n' true '"x"' '""' '[]' '{}' '"NaN"' '"inf"' '"0x10"' '"1_000"' '" 1"' '"1 "' \
        '"+1.5e1"' '".5"' '"5."' null >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts -a sum:v "$BATS_TEST_TMPDIR/in")" "5 10"
}

@test "a value is an object or an array: bad for what keeps values, fine for count" {
    printf '{"t":1,"v":%s}\n' '{}' '[1]' 1 >"$BATS_TEST_TMPDIR/in"
    same "$(verdicts -a distinct:v "$BATS_TEST_TMPDIR/in")" "1 2"
    same "$(w -w 10s -a count:v "$BATS_TEST_TMPDIR/in" | tail -n 1)" "0,10,3"
}

@test "-i json does not guess" {
    same "$(printf 't,v\n1,2\n' | verdicts -i json)" "0 2"
}

@test "long records, below the limit" {
    { printf '{"x":"'; head -c 3000000 /dev/zero | tr '\0' x; printf '","t":1}\n{"t":2}\n'; } >"$BATS_TEST_TMPDIR/in"
    same "$(w -w 10s "$BATS_TEST_TMPDIR/in" | tail -n 1)" "0,10,2"
}
