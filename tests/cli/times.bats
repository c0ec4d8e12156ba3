#!/usr/bin/env bats
# Reading event times, and printing them.

load helper

# Start of the windows of 1 ns of JSON times: the times as read, in nanoseconds.
read_times() {
    sed 's/.*/{"t":&}/' | "$WINAGG" -t t -w 1ns -o csv --output-time ns -d 3650d "$@" | tail -n +2 | cut -d, -f1
}

@test "auto: every way to write 2024-05-01 12:00 UTC" {
    same "$(cat <<'EOF' | sed 's/.*/{"t":&}/' | "$WINAGG" -t t -w 1s
"2024-05-01T12:00:00Z"
"2024-05-01t12:00:00z"
"2024-05-01 12:00:00"
"2024-05-01T12:00"
"2024-05-01T12:00:00.000Z"
"2024-05-01T12:00:00,5Z"
"2024-05-01T14:00:00+02:00"
"2024-05-01T14:00:00+0200"
"2024-05-01T07:00-05"
1714564800
1714564800.25
"1714564800"
1714564800000
1714564800000000
1714564800000000000
EOF
)" '{"window_start":"2024-05-01T12:00:00Z","window_end":"2024-05-01T12:00:01Z","count":15}'
}

@test "a date alone is its midnight" {
    same "$(echo '"2024-05-01"' | read_times)" 1714521600000000000
}

@test "auto: the unit of a number follows from its size" {
    same "$(echo 9000000000 | read_times)" 9000000000000000000
    same "$(printf '%s\n' 100000000000 100000000000000 100000000000000000 -1e11 '"1e14"' | read_times)" \
$'-100000000000000000\n100000000000000000'
    same "$(echo 9000000000000 | read_times)" 9000000000000000000
    # Still seconds, and beyond the year 2262.
    echo 99999999999 | read_times --stats 2>&1 >/dev/null | grep -q '"bad":1,'
}

@test "s, ms, us, ns" {
    same "$(echo 1.5 | read_times --time-format s)" 1500000000
    same "$(echo 1500.25 | read_times --time-format ms)" 1500250000
    same "$(echo '"1500.25"' | read_times --time-format ms)" 1500250000
    same "$(echo 15e5 | read_times --time-format us)" 1500000000
    same "$(echo -7 | read_times --time-format ns)" -7
}

@test "digits below the nanosecond are floored" {
    same "$(echo 0.0000000019 | read_times --time-format s)" 1
    same "$(echo -0.0000000001 | read_times --time-format s)" -1
    same "$(echo 1714564800.123456789 | read_times --time-format s)" 1714564800123456789
}

@test "fractions of 1 to 9 digits" {
    same "$(echo '"1970-01-01T00:00:00.1Z"' | read_times)" 100000000
    same "$(echo '"1970-01-01T00:00:00.123456789Z"' | read_times)" 123456789
}

@test "a leap second is the second after it" {
    same "$(echo '"2016-12-31T23:59:60Z"' | read_times)" 1483228800000000000
}

@test "a strptime pattern, with zone and fraction" {
    same "$(echo '"01/May/2024:14:00:00 +0200"' | read_times --time-format '%d/%b/%Y:%H:%M:%S %z')" 1714564800000000000
    same "$(echo '"2024-05-01 12:00:00.5"' | read_times --time-format '%Y-%m-%d %H:%M:%S.%f')" 1714564800500000000
    same "$(echo '20240501' | read_times --time-format '%Y%m%d')" 1714521600000000000
}

@test "date and time in two fields" {
    same "$(printf '%s\n' date,time 2024-05-01,12:00:00 | "$WINAGG" -t date,time -w 1m -o csv | tail -n 1)" \
        "2024-05-01T12:00:00Z,2024-05-01T12:01:00Z,1"
    same "$(echo '{"d":{"day":"2024-05-01"},"time":"12:00Z"}' | "$WINAGG" -t d.day,time -w 1m -o csv | tail -n 1)" \
        "2024-05-01T12:00:00Z,2024-05-01T12:01:00Z,1"
    # One of the two missing is no time.
    printf '%s\n' date,time 2024-05-01, | "$WINAGG" -t date,time -w 1m --stats 2>&1 >/dev/null | grep -q '"bad":1,'
}

@test "a time that is none makes the record bad" {
    printf '{"t":%s}\n' '"2024-02-30T00:00:00Z"' '"2023-02-29"' '"2024-13-01"' '"2024-05-01T24:00:00Z"' \
        '"2024-05-01T12:00:00Zz"' '"yesterday"' '""' null true '{}' '"1600-01-01T00:00:00Z"' \
        '"2262-04-12T00:00:00Z"' '"2024-05-01T12:00:00.1234567890Z"' '" 2024-05-01"' 1e30 |
        cat - <(echo '{"u":1}') | "$WINAGG" -t t -w 1m --stats >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    same "$(counter "$BATS_TEST_TMPDIR/err" bad)" 16
}

@test "the ends of the range are times" {
    same "$(printf '%s\n' '"1677-09-21T00:12:43.145224192Z"' '"2262-04-11T23:47:16.854775807Z"' | read_times)" \
$'-9223372036854775808\n9223372036854775807'
}

@test "output: RFC 3339 with as many digits as needed, in threes" {
    starts() { printf '{"t":"%s"}\n' "$1" | "$WINAGG" -t t -w 1ns | sed 's/.*start":"\([^"]*\).*/\1/'; }
    same "$(starts 2024-05-01T12:00:00Z)" 2024-05-01T12:00:00Z
    same "$(starts 2024-05-01T12:00:00.5Z)" 2024-05-01T12:00:00.500Z
    same "$(starts 2024-05-01T12:00:00.0001Z)" 2024-05-01T12:00:00.000100Z
    same "$(starts 2024-05-01T12:00:00.123456789Z)" 2024-05-01T12:00:00.123456789Z
    same "$(starts 1969-12-31T23:59:59.999Z)" 1969-12-31T23:59:59.999Z
}

@test "--output-time: numbers, with a fraction if there is one" {
    row() { echo '{"t":1.5}' | "$WINAGG" -t t --time-format s -w 500ms --output-time "$1"; }
    same "$(row s)" '{"window_start":1.5,"window_end":2,"count":1}'
    same "$(row ms)" '{"window_start":1500,"window_end":2000,"count":1}'
    same "$(row us)" '{"window_start":1500000,"window_end":2000000,"count":1}'
    same "$(row ns)" '{"window_start":1500000000,"window_end":2000000000,"count":1}'
    same "$(row rfc3339)" '{"window_start":"1970-01-01T00:00:01.500Z","window_end":"1970-01-01T00:00:02Z","count":1}'
}

@test "--tz UTC is accepted" {
    same "$(echo '"1970-01-01 00:00:01"' | read_times --tz UTC)" 1000000000
}
