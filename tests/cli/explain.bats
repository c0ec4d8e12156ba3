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
    said=$(echo '{"t":"May 3 08:00"}' | explained -t t -w 1m --time-format '%b %d %H:%M' --year-from 2024-05-04)
    says "One without a year is the first such time from 2024-05-04 on. The first record of stdin is read as 2025-05-03T08:00:00Z."
    # An epoch time is one of UTC, whatever --tz says.
    said=$(echo '{"t":5}' | explained -t t -w tumbling:day --time-format s --tz Europe/Berlin)
    says "From the field t: epoch numbers in seconds. The first record of stdin is read as 1970-01-01T00:00:05Z."
    said=$(echo '{"t":"soon"}' | explained -t t -w 1m)
    says "The first record of stdin can't be used: field 't'"
    # That one, whatever comes in one read with it, and behind blank lines that come before.
    said=$(printf '[1]\n{"t":5}\n' | explained -t t -w 1m -i json)
    says "The first record of stdin can't be used: "
    said=$({ printf '\n'; sleep 0.1; printf '{"t":5}\n'; } | explained -t t -w 1m -i json)
    says "The first record of stdin is read as 1970-01-01T00:00:05Z."
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
    said=$(explained -t t -w 1h --max-state 4M in)
    says "Beyond 4194304 bytes the run ends (--max-state)."
    said=$(explained -t t -w session:30m -a p99:v,sum:v --final --state s --output rows in)
    says "records of a key less than 30m apart are one"
    says "One row, when W passes the end of its window, and nothing can change it any more."
    says "no row is lost or written twice"
    says "p99_v keeps every value."
    said=$(explained -t t -w 1h --state s --resume continue --output rows < <(cat in))
    says "records that a killed run had read since its last snapshot are lost with it. No row is written twice."
    said=$(explained -t t -w 1h --state s --resume continue --position p --source s < <(cat in))
    says "A record whose p is not above the last one of its source was there before, and counts no more; one without a number there is bad."
    says "as if it had never stopped, however far back before that the pipe begins: no row is lost; into a pipe"
    said=$(explained -t t -w tumbling:month --tz Asia/Tokyo -d all --where 'v>1' --dedup id in)
    says "one month of the calendar of Asia/Tokyo"
    says "Nothing is complete before the input ends"
    says "Only records that meet v>1 count"
    says "Ids are kept"
    said=$(explained -t t -w 1m --source s --sources 2 --max-jump 1d --idle-timeout 5s < <(cat in))
    says "of the slowest s. It waits until 2 sources were seen. A time more than 1d ahead"
    says "goes on with the wall clock"
}

@test "what it says holds, whatever the options and the input" {
    tv 1 >in
    # What has no effect on regular files.
    said=$(explained -t t -w 1m --idle-timeout 3s --position p in)
    says "--idle-timeout has no effect: the input is regular files. No other clock plays a part."
    says "That is not needed: a regular file is resumed by seeking."
    [[ $said != *silent* ]]
    said=$(explained -t t -w 1m --idle-timeout 3s in - < <(cat in))
    says "A source that is silent for 3s holds it back no more; when all are, it goes on with the wall clock. A regular file is never silent."
    said=$(explained -t t -w 1m --idle-timeout 3s --follow in)
    says "A source that is silent for 3s holds it back no more"
    said=$(explained -t t -w 1m --follow in)
    says "A file that was rotated is read before the new one until it was quiet for a minute. No other clock"
    said=$(explained -t t -w 1m -s s --resume continue --output rows in)
    says "as if it had never stopped: no row is lost or written twice."
    said=$(explained -t t -w 1m -s s < <(cat in))
    says "as if it had never stopped, where a pipe brings again what it brought before: no row is lost"
    # Windows.
    said=$(explained -t t -w 1m --offset=-5s in)
    says "one window of 1m. They begin -5s off the multiples of 1m since 1970."
    said=$(explained -t t -w sliding:1m/20s --offset 5s in)
    says "They begin 5s off the multiples of 20s since 1970."
    said=$(explained -t t -w cumulate:1m/20s --offset 5s in)
    says "They begin 5s off the multiples of 1m since 1970."
    said=$(explained -t t -w session:1m -k a,b in)
    says "Sessions: records of a key (a and b) less than 1m apart are one. Results"
    # Functions in the form that was typed.
    said=$(explained -t t -w all -a 'count,count:v,rate,rate:v,topk:v:3,x=p95:v,share[v > 1]' in)
    says "count: number of records; count_v: number of records where v is present and not null;"
    says "rate: records a second of the window's length, and so null, for this one has none; rate_v: sum of v a second"
    says "topk_v: the 3 most frequent values with their counts, as JSON, of v; x: exact quantile, interpolated (p95), of v; share: part of the records that meet v > 1, 0 to 1."
    # Rows.
    said=$(explained -t t -w all --dedup id in)
    says "A row comes at the end of the input."
    says "Ids are kept for good."
    said=$(explained -t t -w all --state s --at-eof keep in)
    says "No row comes in the end: a snapshot keeps the window open."
    said=$(explained -t t -w all --follow in)
    says "A row comes when a signal ends the run, a partial one."
    said=$(explained -t t -w 1m -l 5s --final in)
    says "One row, when W is 5s past the end of its window, and nothing can change it any more. A record that comes later than that is in no row"
    said=$(explained -t t -w sliding:1m/20s in)
    says "A record that comes later than that for all of its windows is in no row"
    said=$(explained -t t -w 1m -l 5s --late-every 3 in)
    says "and 3 of them make a further row, as does what is left then. A record that comes later than that is in no row"
    said=$(explained -t t -w session:1m -l 5s in)
    says "replaces the one before of the same bounds; those of a session that has grown are others."
    said=$(explained -t t -w session:1m -l 5s -m retract in)
    says "(-U, +U; -D where its session has become another)"
    said=$(explained -t t -w 1m -l 5s -d all in)
    [[ $said != *"late records,"* ]]
    # Shards.
    said=$(explained -t t -w sliding:1m/20s --partial in)
    says "What is new in a slice, which windows share, is written when W passes its end. A record that comes later than that is in no state"
    "$WINAGG" -t t -w 1m -l 5s --partial in >p
    said=$(explained --merge < <(cat p))
    says "Standard input: partial results"
    says "To know, a pipe is read up to the second stream, or its end, before any row."
    says "For 5s more a window takes late deltas, each of which makes a further row."
}

@test "a time that DuckDB can't be told to read is refused" {
    for time in 2024-05-01T12:00 '2024/05/01 12:00:07.5 +02' 2024/05/01; do
        echo "{\"t\":\"$time\"}" >loose
        "$WINAGG" -t t -w 1m --explain=duckdb loose >script
        fails_with 2 "$WINAGG" -t t -w 1m --explain=flink-sql loose 2>err
        grep -q "a time that is neither RFC 3339 nor a number has no equal there" err
    done
    for time in 20240501T120005Z '01/May/2024:12:00:07 +0000'; do
        echo "{\"t\":\"$time\"}" >odd
        fails_with 2 "$WINAGG" -t t -w 1m --explain=duckdb odd 2>err
        grep -q "a time that is neither RFC 3339 nor a number has no equal there" err
    done
}

@test "nothing is run, and wrong command lines stay wrong" {
    tv 1 >in
    "$WINAGG" -t t -w 1m --explain --state s --output rows in >said
    [ ! -e s ]
    [ ! -e rows ]
    fails_with 2 "$WINAGG" -t t -w nonsense --explain in
    "$WINAGG" -t t -w 1m --partial in >p
    "$WINAGG" --merge --explain p | grep -q "p: partial results"
    same "$(awk 'length > 79' said)" ""
}

@test "=duckdb: a script, or what has no equal there" {
    tv 1:2 12:3 >in
    "$WINAGG" -t t -w 10s -k k -a "count,p90:v,n=count[v > 1]" -d 5s --explain=duckdb in >script
    grep -q "read_csv(\['in'\]" script
    grep -q "quantile_cont(number_of(c1), 0.9)" script
    grep -q "count(\*) FILTER (WHERE" script
    grep -q -- "- 5000000000 AS w" script
    same "$(tail -c 2 script)" ";"
    for refused in "-l 5s" "--early 3" "--fill" "--dedup v" "--follow" "-a topk:v:2" "-a approx_p90:v" \
        "--tz Europe/Berlin" "-w session:5s" "--source v" "--partial" \
        "--strict" "--max-record 1k"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t -w 10s $refused --explain=duckdb in 2>err >script
        grep -q "has no equal there: " err
        grep -q "^Try 'winagg --help'" err
        [ ! -s script ]
    done
    fails_with 1 "$WINAGG" -t t -w 10s --explain=duckdb none 2>err
    # The default is no limit that was asked for.
    "$WINAGG" -t t -w 10s --max-record 16MiB --explain=duckdb in >script
}

@test "=duckdb: nothing is left to be sniffed, and a column is found by its place" {
    printf 't, k,k ,v\n1,a,b,2\n' >in.csv
    "$WINAGG" -t t -w 10s -k ' k,k ' -a sum:v --explain=duckdb in.csv >script
    grep -qF "auto_detect = false, strict_mode = false, ignore_errors = true," script
    grep -qF "columns = {'f0': 'VARCHAR', 'f1': 'VARCHAR', 'f2': 'VARCHAR', 'f3': 'VARCHAR', 'f4': 'VARCHAR'})" script
    grep -qF "WHERE f3 IS NOT NULL AND f4 IS NULL" script
    grep -qF "trim(f0, ' ' || chr(9)) AS v," script
    grep -qxF "        f1 AS v0," script
    grep -qxF "        f2 AS v1," script
    grep -qxF "        nullif(f3, '') AS v2" script
    # Blanks around a number are none of it in CSV, and part of a JSON text.
    grep -qF "regexp_full_match(trim(x, ' ' || chr(9)), " script
    echo '{"t":1,"v":2}' >in
    "$WINAGG" -t t -w 10s -a sum:v --explain=duckdb in >script
    grep -qF "regexp_full_match(x, " script
    grep -qF "bytes <= 16777216" script
}

@test "=duckdb: records that DuckDB reads otherwise, in the sample" {
    refuses() { # CONTENTS, WHAT
        printf %b "$1" >in
        fails_with 2 "$WINAGG" -t t -w 10s -i "$2" --explain=duckdb in 2>err >script
        grep -q "^winagg: --explain=duckdb: $3 has no equal there: " err
        [ ! -s script ]
    }
    refuses '{"t":1,"k":"\xff"}\n' json 'a record with bytes that are no UTF-8'
    refuses '{"t":1,\r"k":2}\n' json 'a CR that no LF follows'
    refuses 't,k\n1,\xff\n' csv 'a record with bytes that are no UTF-8'
    refuses 't,k\n1,a\rb\n' csv 'a CR that no LF follows'
    refuses 't,k\n1,x"y\n' csv 'a row with a stray quote'
    refuses 't,k\n1, "x"\n' csv 'a row with a stray quote'
    refuses 't,k\n1,"x" \n' csv 'a row with a stray quote'
    refuses 't,k\n1,a\n2,"b\n' csv 'a row with a stray quote'
    brackets=$(printf '%.0s[' {1..2049})
    refuses "{\"t\":1}\n{\"t\":1,\"k\":$brackets${brackets//[/]}}\n" json 'JSON nested deeper than 2048'
    # What it can be told to leave out, as winagg does, and what both read.
    printf 't,k\n1,a,\n2\n3,a,b,c\n4,"a""b"\nx,y\n' >in
    "$WINAGG" -t t -w 10s -i csv --explain=duckdb in >script
    printf '{"t":1,}\n{"t":NaN}\n{"t":1,"t":2}\n\xef\xbb\xbf{"t":1}\r\n\x1e{"t":1}\n{"t":1' >in
    "$WINAGG" -t t -w 10s -i json --explain=duckdb in >script
}

@test "=duckdb: several FILEs have one format, and their columns in the same places" {
    printf 't,k\n1,a\n' >one
    printf 'k,t\na,1\n' >two
    printf 't,l,k\n1,a,b\n' >three
    printf 't,x\n1,x"y\n' >odd
    echo '{"t":1}' >json
    for other in two three; do
        fails_with 2 "$WINAGG" -t t -w 10s -d all --explain=duckdb one $other 2>err
        grep -q "FILEs of several headers has no equal there: it reads all by one" err
    done
    fails_with 2 "$WINAGG" -t t -w 10s -d all --explain=duckdb one json 2>err
    grep -q "FILEs of several formats has no equal there: it reads one" err
    fails_with 2 "$WINAGG" -t t -w 10s -d all --explain=duckdb one odd 2>err
    grep -q "a row with a stray quote has no equal there" err
    fails_with 1 "$WINAGG" -t t -w 10s -d all --explain=duckdb one none 2>err
    : >empty
    "$WINAGG" -t t -w 10s -d all --explain=duckdb empty one empty one >script
    grep -qF "read_csv(['empty', 'one', 'empty', 'one']" script
    grep -qF "trim(f0, " script
    "$WINAGG" -t t -w 10s --explain=duckdb empty >script
    "$WINAGG" -t t -w 10s -i csv --explain=duckdb empty >script
    grep -qF "{'f0': 'VARCHAR', 'f1': 'VARCHAR'}" script
}

@test "=flink-sql: a script, or what has no equal there" {
    tv 1:2 12:3 >in
    "$WINAGG" -t t -w 10s -k k -a "count,p90:v,n=count[v > 1]" -d 5s --explain=flink-sql in >script
    grep -qxF "    'path' = 'in'," script
    grep -qxF "    'path' = 'rows'," script
    grep -qF "WATERMARK FOR t_ AS t_ - INTERVAL '0 00:00:05.001' DAY TO SECOND(3)" script
    grep -qF "TUMBLE(TABLE used, DESCRIPTOR(t), INTERVAL '0 00:00:10.000' DAY TO SECOND(3))" script
    grep -qF 'PERCENTILE(c1, 0.9)' script
    grep -qF 'COUNT(*) FILTER (WHERE ' script
    same "$(tail -n 1 script)" "FROM results;"
    for refused in "-w session:5s -l 5s" "-l 5s" "-m retract -l 5s --late-every 2" "-w tumbling:month" \
        "-w tumbling:day --tz Europe/Berlin" "-w cumulate:10s/5s -l 5s -m retract" "--early 3" "--fill" \
        "-a first:v" "-a topk:v:2" "-a mode:v" "-a approx_p90:v" "--max-jump 5s" "--source v" "--follow" \
        "-w 1500us" "-w session:1ms" "-a count[v=~a**]" "--partial" "-d 60000d" "in"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t -w 10s $refused --explain=flink-sql in 2>err >script
        grep -q "^winagg: --explain=flink-sql: .* has no equal there: " err
        [ ! -s script ]
    done
    fails_with 2 "$WINAGG" -t t -w 10s --explain=flink-sql <in 2>err
    fails_with 1 "$WINAGG" -t t -w 10s --explain=flink-sql none 2>err
}

@test "=flink-sql: what the clock of milliseconds and the sessions cost" {
    tv 1:2 >in
    "$WINAGG" -t t -w session:30s -d 5s --explain=flink-sql in >script
    grep -qF "INTERVAL '0 00:00:05.002' DAY TO SECOND(3)" script
    grep -qF "GROUP BY SESSION(t, INTERVAL '0 00:00:29.999' DAY TO SECOND(3))" script
    grep -qF "we + INTERVAL '0.001' SECOND" script
    "$WINAGG" -t t -w sliding:25s/10s -l 7s -m retract --explain=flink-sql in >script
    grep -qxF "SET 'table.exec.emit.allow-lateness' = '7000 ms';" script
    grep -qF "    'format' = 'debezium-json'" script
    grep -qF "HOP(t, INTERVAL '0 00:00:10.000' DAY TO SECOND(3), INTERVAL '0 00:00:25.000' DAY" script
    "$WINAGG" -t t -w 10s -d 1s -l 7s --final --explain=flink-sql in >script
    grep -qF "INTERVAL '0 00:00:08.001' DAY TO SECOND(3)" script
    "$WINAGG" -t t -w tumbling:week --tz Asia/Tokyo -d all --explain=flink-sql in >script
    grep -qF "+ INTERVAL '3 09:00:00.000' DAY TO SECOND(3)" script
    grep -qF "WATERMARK FOR t_ AS TIMESTAMP '1970-01-01 00:00:00.000'" script
}

@test "=flink-sql: what the sample says of columns and times" {
    printf 'x,t,y\na,2024-05-01 10:00:00+02,1\n' >in.csv
    "$WINAGG" -t t -w 10s -k y -a sum:y --explain=flink-sql in.csv >script
    grep -qxF "    x2 STRING," script
    grep -qF "x2 IS NOT NULL" script
    grep -qF "TIMESTAMPADD(SECOND, -COALESCE(TRY_CAST(REGEXP_EXTRACT(TRIM(x1)" script
    echo '{"t":1,"a":1,"b":{"c":1.5},"d`":true}' >in
    "$WINAGG" -t t -w 10s -k 'a,b.c,d`' --explain=flink-sql in >script
    # shellcheck disable=SC2016 # the quotes are Flink's
    grep -qxF '    TRY_CAST(`a` AS BIGINT) AS c0,' script
    grep -qF "TRY_CAST(JSON_VALUE(\`b\`, '\$[''c'']') AS DOUBLE) AS c1," script
    # shellcheck disable=SC2016
    grep -qxF '    TRY_CAST(`d``` AS BOOLEAN) AS c2' script
    for time in 1.5001 -5 '"03/May/2024:10:00:00 +0000"' '"2024-05-01T10:00:00.0001Z"'; do
        echo "{\"t\":$time}" >in
        fails_with 2 "$WINAGG" -t t -w 10s --explain=flink-sql in 2>err
        grep -q "^winagg: --explain=flink-sql: a time .* has no equal there: " err
    done
    printf '{"t":1,"k":1}\n{"t":1,"k":"1"}\n' >in
    fails_with 2 "$WINAGG" -t t -w 10s -k k --explain=flink-sql in 2>err
    grep -q "k has no equal there: a column has one type" err
    for file in _in .in in.gz bad; do
        case $file in
            in.gz) gzip <in >$file ;;
            bad) echo '{"t":"soon"}' >$file ;;
            *) cp in $file ;;
        esac
        fails_with 2 "$WINAGG" -t t -w 10s --explain=flink-sql $file 2>err
        grep -q "a FILE whose\|a compressed FILE\|a FILE that begins" err
    done
}

@test "what the sample has of columns, and no column has" {
    has_no_equal() {
        fails_with 2 "$WINAGG" -t t -w 10s "$@" --explain=$system in 2>err >script
        grep -q "^winagg: --explain=$system: k has no equal there: $why" err
        [ ! -s script ]
    }
    for system in duckdb flink-sql; do
        while read -r one other why; do
            printf '{"t":1,"k":%s}\n' "$one" "$other" >in
            if [ "$system $why" = "duckdb it takes an object" ]; then # which it judges itself there
                "$WINAGG" -t t -w 10s -k k -a distinct:k --explain=duckdb in >script
                same "$(grep -c 'NOT x[01])' script)" 2
            else
                has_no_equal -k k
                has_no_equal -a distinct:k
            fi
            if [ "$why" = "a column has one type" ]; then
                "$WINAGG" -t t -w 10s -a 'count[k=1]' --explain=$system in >script
            else
                has_no_equal -a 'count[k=1]'
            fi
        done <<'END'
1 "1" a column has one type
true 1 a column has one type
"true" true a column has one type
"x" {"y":1} it takes an object
null [] it takes an object
{} 1 it takes an object
END
        printf '{"t":1,"k":%s}\n' 1 1.5 null >in
        "$WINAGG" -t t -w 10s -k k -a distinct:k --explain=$system in >script
    done
}

@test "a pipe is sampled until there are enough records" {
    { echo '{"t":1,"k":null}'; sleep 0.2; echo '{"t":1,"k":1.5,"v":2}'; } |
        "$WINAGG" -t t -w 10s -k k -a sum:v --explain=duckdb >script
    grep -qF "number_of(v0) AS c0" script
    # One that does not end is not waited for.
    yes '{"t":1,"k":1}' | "$WINAGG" -t t -w 10s -k k --explain=duckdb >script
}

@test "=flink-sql: a topic, of which a sample is on stdin" {
    message='{"t":1,"k":"a","v":2}'
    topic() {
        echo "$message" | "$WINAGG" -t t -w 10s "$@"
    }
    topic -k k -d 5s --explain=flink-sql "kafka://one,two:1,[::1]:2/hits.of_a-day" >script
    grep -qxF "    'connector' = 'kafka'," script
    grep -qxF "    'topic' = 'hits.of_a-day'," script
    grep -qxF "    'properties.bootstrap.servers' = 'one:9092,two:1,[::1]:2'," script
    grep -qxF "    'scan.bounded.mode' = 'latest-offset'," script
    grep -qxF "    'scan.watermark.emit.strategy' = 'on-event'," script
    grep -qxF "SET 'table.dml-sync' = 'true';" script
    # shellcheck disable=SC2016 # the quotes are Flink's
    grep -qxF '    `k` STRING,' script
    fails_with 1 grep -q "'path' = 'kafka\|METADATA\|checkpoint" script
    topic -k partition,offset --source partition --sources 3 --position offset \
        --explain=flink-sql kafka://b/hits >script
    # shellcheck disable=SC2016
    grep -qxF '    `partition` STRING METADATA VIRTUAL,' script
    # shellcheck disable=SC2016
    grep -qxF '    `offset` STRING METADATA VIRTUAL,' script
    # shellcheck disable=SC2016
    grep -qF 'TRY_CAST(`partition` AS BIGINT) AS c0' script
    topic --source k -d all --explain=flink-sql kafka://b/hits >script
    topic --follow -s state --checkpoint 3s --explain=flink-sql kafka://b/hits >script
    fails_with 1 grep -q "bounded\|dml-sync" script
    grep -qxF "SET 'execution.checkpointing.interval' = '3000 ms';" script
    grep -qxF "    'sink.rolling-policy.rollover-interval' = '3000 ms'," script
    [ ! -e state ]
}

@test "=flink-sql: what a topic is not" {
    for refused in "--source k" "--source m.partition" "--position k" "--idle-timeout 5s" "--max-jump 5s"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t -w 10s $refused --explain=flink-sql kafka://b/hits 2>err \
            <<<'{"t":1,"k":"a"}'
        grep -q "has no equal there: " err
    done
    fails_with 2 "$WINAGG" -t t -w 10s --source partition --explain=flink-sql kafka://b/hits 2>err \
        < <(printf 't,partition\n1,1\n')
    grep -q "in CSV has no equal there: " err
    for wrong in kafka:// kafka://b kafka://b/ kafka:///t kafka://b/t/u kafka://b:/t kafka://b:x/t \
        kafka://,b/t kafka://b,/t kafka://b,,c/t kafka://[::1/t kafka://[]/t "kafka://b/a b" \
        "kafka://b'/t" kafka://b/.. "kafka://b/$(printf '%0250d' 0)"; do
        fails_with 2 "$WINAGG" -t t -w 10s --explain=flink-sql "$wrong" 2>err <<<'{"t":1}'
        grep -qF "winagg: expected kafka://BROKER[:PORT][,BROKER...]/TOPIC, found '$wrong'" err
    done
    for how in "-w 10s" "-w 10s --explain" "-w 10s --explain=duckdb" --advise "-w 10s --follow"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t $how kafka://b,c:1/hits 2>err <<<'{"t":1}'
        grep -qxF "winagg: a topic is a FILE of --explain=flink-sql alone; what reads it for a run is kcat -C -b b:9092,c:1 -t hits | winagg ..." err
    done
    for sample in "" '{"t":"soon"}'; do
        fails_with 2 "$WINAGG" -t t -w 10s --explain=flink-sql kafka://b/hits 2>err <<<"$sample"
        grep -q "expected a sample of the topic on stdin, as from kcat -C -b b:9092 -t hits -c 1000 -e | winagg ...; found no good record" err
    done
    script -qec "'$WINAGG' -t t -w 10s --explain=flink-sql kafka://b/hits" /dev/null >err </dev/null ||
        true
    grep -q "; found a terminal" err
}

@test "what prints no rows is not explained" {
    echo '{"t":1}' >in
    fails_with 2 "$WINAGG" --inspect in --explain 2>err
    grep -qxF "winagg: --explain says what a run would print: expected no --inspect beside it" err
    fails_with 2 "$WINAGG" -t t --advise --explain=duckdb in 2>err
    grep -qxF "winagg: --explain says what a run would print: expected no --advise beside it" err
}

@test "--explain=flink-sql: a pattern as Java reads it, or refused" {
    echo '{"t":1,"m":"x"}' >in
    while IFS=' ' read -r pattern want; do
        got=$("$WINAGG" -t t -w 10s --where "m =~ \"${pattern//\\/\\\\}\"" --explain=flink-sql in 2>&1 |
            grep -oE 'coalesce\(.*, false\)|has no equal' | head -n 1) || true
        [ "$got" == "$want" ] || { echo "$pattern: got $got, expected $want"; return 1; }
    done <<'END'
a$ coalesce(ENDSWITH(`m`, 'a'), false)
^a coalesce(STARTSWITH(`m`, 'a'), false)
a.b$ coalesce(REGEXP(`m`, '(?s)a.b\z'), false)
abc coalesce(0 < INSTR(`m`, 'abc'), false)
^abc$ coalesce(`m` = 'abc', false)
[]a-c]x coalesce(REGEXP(`m`, '(?s)[\]a-c]x'), false)
[^[:alpha:]_]+ coalesce(REGEXP(`m`, '(?s)[^\p{Alpha}_]+'), false)
[[:digit:]-] coalesce(REGEXP(`m`, '(?s)[\p{Digit}\-]'), false)
[a^-] coalesce(REGEXP(`m`, '(?s)[a\^\-]'), false)
[\]x coalesce(REGEXP(`m`, '(?s)[\\]x'), false)
a\.b'c|d coalesce(REGEXP(`m`, '(?s)a\.b''c|d'), false)
a{2,3}b coalesce(REGEXP(`m`, '(?s)a{2,3}b'), false)
(a|b)?c coalesce(REGEXP(`m`, '(?s)(a|b)?c'), false)
a\w has no equal
a** has no equal
a+? has no equal
a{,3} has no equal
[[.a.]] has no equal
[[=a=]] has no equal
[-a] coalesce(REGEXP(`m`, '(?s)[\-a]'), false)
[[a] coalesce(REGEXP(`m`, '(?s)[\[a]'), false)
^ coalesce(`m` IS NOT NULL, false)
END
    while IFS=' ' read -r pattern want; do
        got=$("$WINAGG" -t t -w 10s --where "m =~ \"$pattern\"" --explain=duckdb in |
            sed '1,/^placed AS/d' | grep -oE 'coalesce\(.*, false\)' | head -n 1)
        same "$got" "$want"
    done <<'END'
a$ coalesce(ends_with(c0, 'a'), false)
^a coalesce(starts_with(c0, 'a'), false)
^a$ coalesce(c0 = 'a', false)
a coalesce(contains(c0, 'a'), false)
$ coalesce(c0 IS NOT NULL, false)
[-a]b coalesce(regexp_matches(c0, '[-a]b'), false)
END
}

@test "aggregates that share what they keep say what they are, each of them" {
    local pair
    for pair in p50:v,p95:v median:v,p9:v approx_p50:v,approx_p99:v var:v,stddev:v topk:v:2,mode:v \
        distinct:v,mode:v distinct:v,x=distinct:v approx_distinct:v,x=approx_distinct:v sum:v,mean:v; do
        said=$(printf '{"t":5}\n' | explained -t t -w 1m -a "$pair")
        [[ $said =~ "Results "[^\;]*": "[a-z][^\;]*", of v; "[^\;]*": "[a-z][^\;]*", of v." ]]
    done
}
