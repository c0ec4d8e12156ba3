#!/usr/bin/env bats
# LIMITS of the man page that the input can reach: at each of them a record is used, beyond it bad.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# N times the same text.
times() {
    head -c "$1" /dev/zero | sed "s/\x00/$2/g"
}

# good: the record in `in` counts. bad REASON: it does not, and stderr says why.
good() {
    same "$("$WINAGG" -t t -w 1s -a count -o csv "$@" in | tail -n 1 | cut -d , -f 1-3)" \
        "1970-01-01T00:00:01Z,1970-01-01T00:00:02Z,1"
}

bad() {
    local reason=$1
    shift
    fails_with 1 "$WINAGG" -t t -w 1s -o csv "$@" in >out 2>err
    cat err
    same "$(wc -l <out)" 1
    grep -qF "winagg: in:$reason" err
}

# Without the fast path a quoted name with an escape says the same: both paths have the same limits.
both_paths() {
    local then=$1 text=$2
    shift 2
    printf '%s\n' "$text" >in
    "$then" "$@"
    printf '%s\n' "${text/\"t\"/\"\\u0074\"}" >in
    "$then" "$@"
}

@test "record length: 16 MiB unless --max-record says otherwise" {
    { printf '{"t":1,"k":"'; head -c $(((16 << 20) - 14)) /dev/zero | tr '\0' x; echo '"}'; } >in
    same "$(wc -c <in)" $(((16 << 20) + 1))
    good
    # The whole of it as a key, once more in another record, and a shorter one.
    same "$(cat in in | "$WINAGG" -t t -w 1s -k k | wc -c)" \
        $((16777202 + $(echo '{"t":1,"k":""}' | "$WINAGG" -t t -w 1s -k k | wc -c)))
    sed -i 's/"k":"/&x/' in
    bad "1: record longer than --max-record (16777216 bytes)"
    good --max-record 16777217
    bad "1: record longer than --max-record" --max-record 16777216
}

@test "nesting: 2048 levels, the record's own among them" {
    deep='{"t":1,"x":'$(times 2047 '[')$(times 2047 ']')'}'
    both_paths good "$deep"
    both_paths good "$deep" -a count:x
    deep='{"t":1,"x":'$(times 2048 '[')$(times 2048 ']')'}'
    both_paths bad "$deep" "1: not valid JSON: maximum parsing depth"
    # Not one byte of these closes anything; the record after them is itself again.
    { printf '{"t":1,"x":'; times 300000 '{"x":'; echo; echo '{"t":1}'; } >in
    good
}

@test "columns: as many as the record holds" {
    { printf 't'; seq -f ',c%.0f' -s '' 2 100000; printf '\n1'; seq -f ',%.0f' -s '' 2 100000; echo; } >in
    good
    same "$("$WINAGG" -t t -w 1s -a last:c100000 -o csv in | tail -n 1 | cut -d , -f 3)" 100000
    { seq -f '{"t":1,"c%.0f":1' -s '' 1 1; seq -f ',"c%.0f":1' -s '' 2 100000; echo '}'; } | tr -d '\n' >in
    echo >>in
    good
    same "$("$WINAGG" -t t -w 1s -a sum:c100000,sum:c1 -o csv in | tail -n 1 | cut -d , -f 3-)" 1,1
}

@test "numbers: the largest double, and 5000 decimals" {
    both_paths good '{"t":1,"v":1.7976931348623158e308}' -a sum:v
    both_paths good '{"t":1,"v":'"$(times 308 9)"'}' -a sum:v
    both_paths bad '{"t":1,"v":1.7976931348623159e308}' "1: field 'v': a number beyond the largest double" -a sum:v
    both_paths bad '{"t":1,"v":1e99999999999999999999}' "1: field 'v': a number beyond the largest double" -a sum:v
    both_paths bad '{"t":1,"v":'"$(times 400 9)"'}' "1: field 'v': a number beyond the largest double" -a sum:v
    printf '{"t":1,"v":1e-5000}\n{"t":1,"v":0e-99999999999999999999}\n{"t":1,"v":0.%s1}\n' "$(times 4999 0)" >in
    same "$("$WINAGG" -t t -w 1s -a sum:v,distinct:v -o csv in | tail -n 1 | cut -d , -f 3-)" 2e-5000,2
    both_paths bad '{"t":1,"v":1e-5001}' "1: field 'v': a number with more than 5000 decimals" -a sum:v
    both_paths bad '{"t":1,"v":0.'"$(times 5000 0)"'1}' "1: field 'v': a number with more than 5000 decimals" -a sum:v
    both_paths bad '{"t":1,"v":1e-99999999999999999999}' "1: field 'v': a number with more than 5000 decimals" -a sum:v
}

@test "times: 64 bits of nanoseconds, to the last one" {
    for t in 9223372036854775807 -9223372036854775808; do
        printf '{"t":%s}\n' "$t" >in
        same "$("$WINAGG" -t t --time-format ns -w 1ns -o csv --output-time ns in | tail -n 1 | cut -d , -f 3)" 1
        printf '{"t":"%s"}\n' "$t" >in
        same "$("$WINAGG" -t t --time-format ns -w 1ns -o csv --output-time ns in | tail -n 1 | cut -d , -f 3)" 1
    done
    for t in 9223372036854775808 -9223372036854775809 1e300 -1e300; do
        both_paths bad '{"t":'"$t"'}' "1: field 't': " --time-format ns
        both_paths bad '{"t":"'"$t"'"}' "1: field 't': " --time-format ns
    done
}

@test "a blank line or a comment beyond --max-record is a bad record, whatever is read at once" {
    { printf '{"t":1}\n%30s\n{"t":2}\n' ' '; } >json
    printf 't\n1\n#%30s\n2\n' x >csv
    for input in "json" "csv --comment #"; do
        # shellcheck disable=SC2086
        set -- ${input#* }
        [ "$input" = json ] && set --
        "$WINAGG" -t t -w 10s --max-record 20 -i "${input%% *}" "$@" "${input%% *}" 2>whole
        grep -q "record longer than --max-record" whole
        { head -c 30 "${input%% *}"; sleep 0.1; tail -c +31 "${input%% *}"; } |
            "$WINAGG" -t t -w 10s --max-record 20 -i "${input%% *}" "$@" 2>pieces
        same "$(sed 's/stdin/X/' pieces)" "$(sed "s/^winagg: [a-z]*:/winagg: X:/" whole)"
    done
}
