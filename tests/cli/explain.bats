#!/usr/bin/env bats
# --explain: what a command line means.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# What is said, as one line.
explained() {
    "$WINAGG" "$@" --explain | tr -s ' \n' ' '
}

says() {
    [[ $said == *"$1"* ]] && return
    echo "expected: $1"
    echo "got:      $said"
    return 1
}

@test "times, with the first record as an example" {
    tv 1714557600 1714557605 >in
    said=$(explained -t t -w 1m in)
    says "From the field t: RFC 3339 and its like"
    says "The first record of in is read as 2024-05-01T10:00:00Z."
    said=$(explained -t t -w 1m <in)
    says "The first record of stdin is read as 2024-05-01T10:00:00Z."
    said=$(printf 'day;clock\n3.5.2024;8:01\n' | explained -t day,clock -w 1m -i csv --delimiter ';' \
        --time-format '%d.%m.%Y %H:%M' --tz Europe/Berlin)
    says "day and clock, as %d.%m.%Y %H:%M."
    says "one of Europe/Berlin. The first record of stdin is read as 2024-05-03T06:01:00Z."
    said=$(echo '{"t":"soon"}' | explained -t t -w 1m)
    says "The first record of stdin can't be used: field 't'"
    said=$(explained -t t -w 1m none.json)
    says "none.json: can't open it"
}

@test "windows, clock, rows, restart, memory" {
    tv 1 >in
    said=$(explained -t t -w sliding:1h/5m -k a,b -d 5s -l 1m -m retract in)
    says "Windows of 1h, one each 5m: a record is in 12 of them at most. Each with a result for each a and b."
    says "the highest event time so far less 5s. No other clock plays a part."
    says "A row comes when W passes the end of its window. For 1m more a window takes late records"
    says "taken back first"
    says "A run that is killed begins anew"
    said=$(explained -t t -w session:30m -a p99:v,sum:v --final --state s --output rows in)
    says "records of a key less than 30m apart are one"
    says "One row, when nothing can change it any more."
    says "no row is lost or written twice"
    says "p99_v keeps every different value."
    said=$(explained -t t -w tumbling:month --tz Asia/Tokyo -d all --where 'v>1' --dedup id in)
    says "one month of the calendar of Asia/Tokyo"
    says "Nothing is complete before the input ends"
    says "Only records that meet v>1 count"
    says "Ids are kept"
    said=$(explained -t t -w 1m --source s --sources 2 --max-jump 1d --idle-timeout 5s in)
    says "of the slowest s. It waits until 2 sources were seen. A time more than 1d ahead"
    says "goes on with the wall clock"
}

@test "nothing is run, and wrong command lines stay wrong" {
    tv 1 >in
    "$WINAGG" -t t -w 1m --explain --state s --output rows in >said
    [ ! -e s ]
    [ ! -e rows ]
    fails_with 2 "$WINAGG" -t t -w nonsense --explain in
    "$WINAGG" -t t -w 1m --partial in >p
    "$WINAGG" --merge --explain p | grep -q "Partial results"
    same "$(awk 'length > 79' said)" ""
}

@test "=duckdb: a script, or what has no equal there" {
    tv 1:2 12:3 >in
    "$WINAGG" -t t -w 10s -k k -a "count,p90:v,n=count[v > 1]" -d 5s --explain=duckdb in >script
    grep -q "read_json_objects(\['in'\]" script
    grep -q "quantile_cont(TRY_CAST(c1 AS DOUBLE), 0.9)" script
    grep -q "count(\*) FILTER (WHERE" script
    grep -q " - 5000000000 AS w" script
    same "$(tail -c 2 script)" ";"
    for refused in "-l 5s" "--early 3" "--fill" "--dedup v" "--follow" "-a topk:v:2" "-a approx_p90:v" \
        "--tz Europe/Berlin" "-w session:5s" "--source v" "--partial"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t -w 10s $refused --explain=duckdb in 2>err >script
        grep -q "has no equal there: " err
        [ ! -s script ]
    done
    fails_with 1 "$WINAGG" -t t -w 10s --explain=duckdb none 2>err
}
