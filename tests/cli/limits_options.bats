#!/usr/bin/env bats
# LIMITS of the man page that a command line can reach: at each of them a run, beyond it status 2.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    echo '{"t":1,"k":"a","v":1}' >in
}

takes() {
    w -w 1s "$@" in >out
    [ "$(wc -l <out)" -ge 2 ]
}

refuses() {
    local says=$1
    shift
    fails_with 2 w -w 1s "$@" in >out 2>err
    tail -c 200 err
    [ ! -s out ]
    grep -qF -e "$says" err
}

# N times the same text.
times() {
    local padded
    printf -v padded '%*s' "$1" ''
    printf '%s' "${padded// /$2}"
}

# FORMAT with 1 to N, commas between.
list() {
    seq -f "$2" -s , 1 "$1"
}

@test "durations: 64 bits of nanoseconds, and whole ones" {
    for d in 9223372036854775807ns 9223372036.854775807s 106751d 15250w; do
        takes -d "$d"
        takes -l "$d"
        takes --max-jump "$d"
    done
    for d in 9223372036854775808ns 9223372036.854775808s 106752d 15251w 292w200000d \
        99999999999999999999999d; do
        refuses "is too long: at most 9223372036854775807ns" -d "$d"
        refuses "is too long: at most 9223372036854775807ns" -l "$d"
    done
    refuses "not a whole number of nanoseconds" -d 1.5ns
    takes --offset -9223372036854775808ns
    refuses "is too long" --offset -9223372036854775809ns
    # Bounds that would lie beyond saturate.
    same "$(w -w 9223372036854775807ns --output-time ns in | tail -n 1)" 0,9223372036854775807,1
    echo '{"t":-1}' >in
    same "$(w -w 9223372036854775807ns --output-time ns in | tail -n 1)" -9223372036854775807,0,1
    echo '{"t":9223372036.854775807}' >in
    same "$(w -w 7s --output-time ns in | tail -n 1)" 9223372032000000000,9223372036854775807,1
}

@test "100,000 windows a record, sliding or cumulating" {
    same "$(w -w sliding:100000s/1s in | wc -l)" 100001
    same "$(w -w cumulate:100000s/1s in | wc -l)" 100000
    refuses "at most 100000 windows a record, found 100001" -w sliding:100001s/1s
    refuses "at most 100000 windows a record, found 100001" -w cumulate:100001s/1s
    refuses "at most 100000 windows a record" -w sliding:9223372036854775807ns/1ns
}

@test "--fill: 100,000 empty rows in a row for one key, the rest is counted" {
    printf '{"t":0}\n{"t":100001}\n' >in
    same "$(w -w 1s --fill in | wc -l)" 100003
    printf '{"t":0}\n{"t":100003}\n' >in
    same "$(w -w 1s --fill --stats in 2>err | wc -l)" 100003
    same "$(counter err fill_skipped)" 2
}

@test "counts of records, rows and sources: 32 bits" {
    for option in "--sources" "--early" "--top" "--late-every"; do
        more=()
        [ "$option" != --sources ] || more=(--source k)
        [ "$option" != --late-every ] || more=(-l 1s)
        takes "$option" 4294967295 "${more[@]}"
        refuses "$option: " "$option" 4294967296 "${more[@]}"
        refuses "$option: " "$option" 18446744073709551617 "${more[@]}"
    done
}

@test "FILEs: as many as the hard limit on open files allows, whatever the soft one" {
    # The sanitizers' own files count, too.
    mkdir files
    for ((i = 0; i < 300; i++)); do cp in "files/$i"; done
    same "$(ulimit -Sn 100 && ulimit -Hn 400 && w -w 1s files/* | tail -n 1)" 1,2,300
    (ulimit -Sn 100 && ulimit -Hn 200 && fails_with 1 w -w 1s files/* >out 2>err)
    [ ! -s out ]
    grep -q "^winagg: files/.*: can't open it: Too many open files" err
}

@test "conditions: 100 levels of parentheses and nots, 1000 of a pattern's" {
    takes --where "$(times 100 '(')k=a$(times 100 ')')"
    takes --where "$(times 100 'not ')k=a"
    takes --where "$(times 50 'not (')k=a$(times 50 ')')"
    refuses "at most 100 parentheses and nots" --where "$(times 101 '(')k=a$(times 101 ')')"
    refuses "at most 100 parentheses and nots" --where "$(times 101 'not ')k=a"
    refuses "winagg: --where " --where "$(times 30000 '(')"
    takes --where "k=a$(times 5000 ' or k=a')"

    takes --where "k =~ \"$(times 1000 '(')a$(times 1000 ')')\""
    takes --where "k =~ \"$(times 1100 '(a)|')\""
    takes --where "k =~ \"a$(times 260 '[(]?[[:alpha:](]?[]^(]?[^](]?')\" or k=a"
    # The message, which repeats the pattern, is cut off; at 30,000 levels regcomp(3) would crash.
    refuses "winagg: --where " --where "k =~ \"$(times 1001 '(')a$(times 1001 ')')\""
    refuses "winagg: --where " --where "k =~ \"$(times 5000 '([)]')\""
}

@test "conditions of aggregates: 64 different ones, the same ones as often as one likes" {
    takes -a "$(for ((i = 0; i < 64; i++)); do printf 'c%d=count[v=%d],d%d=sum:v[v=%d],' $i $i $i $i; done | sed 's/,$//')"
    refuses "at most 64 different conditions" \
        -a "$(for ((i = 0; i < 65; i++)); do printf 'c%d=count[v=%d],' $i $i; done | sed 's/,$//')"
}

@test "aggregates and keys: thousands; decimals of pNN: 15" {
    takes -a "$(list 9999 'c%.0f=sum:v')" -a last:v
    same "$(tail -n 1 out | tr ',' '\n' | sort | uniq -c | xargs)" "10001 1 1 2"
    takes -k "$(list 3000 'k%.0f=k')"
    same "$(tail -n 1 out | tr ',' '\n' | sort | uniq -c | xargs)" "2 1 1 2 3000 a"
    takes -a p99.999999999999999:v
    refuses "at most 15 decimals" -a p99.9999999999999999:v
}

@test "time formats: 32 patterns of 255 bytes" {
    local -a patterns=()
    for ((i = 0; i < 31; i++)); do patterns+=(--time-format "%Y$(times 250 x)%j"); done
    echo '{"t":"1970-001"}' >in
    same "$("$WINAGG" -t t -w 1d -o csv "${patterns[@]}" --time-format %Y-%j in | tail -n 1)" \
        1970-01-01T00:00:00Z,1970-01-02T00:00:00Z,1
    fails_with 2 "$WINAGG" -t t -w 1d "${patterns[@]}" --time-format %Y-%j --time-format %s in 2>err
    grep -q "at most 32 patterns" err
    fails_with 2 "$WINAGG" -t t -w 1d --time-format "%Y$(times 252 x)%j" in 2>err
    grep -q "at most 255 bytes" err
}

@test "threads: 64; --max-record: 1 GiB" {
    takes -j 64
    refuses "from 0 to 64" -j 65
    takes --max-record 1GiB
    refuses "to 1GiB" --max-record 1073741825
}
