#!/usr/bin/env bats
# -o sql:TABLE: statements that a database takes as they are.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
}

# Loads what winagg prints into a fresh database and asks it a question: sql QUERY OPTION...
sql() {
    local query=$1
    shift
    "$WINAGG" -t t --time-format s --output-time s -o sql:t "$@" >out.sql &&
        sqlite3 -bail db.sqlite <out.sql && sqlite3 db.sqlite "$query"
}

@test "a table with a column for each, and id as its key" {
    same "$(printf '{"t":1,"h":"a","v":1.5}\n' |
        sql "SELECT name || ' ' || type || ' ' || pk FROM pragma_table_info('t')" -w 10s -k h \
            -a count,sum:v,last:v,distinct:v)" \
$'window_start TEXT 0\nwindow_end TEXT 0\nh TEXT 0\ncount BIGINT 0\nsum_v DOUBLE PRECISION 0\nlast_v TEXT 0\ndistinct_v BIGINT 0\nid TEXT 1'
}

@test "a result replaces the one before; loaded twice, nothing changes" {
    same "$(tv 1 2 12 3 | sql 'SELECT window_start, "count", pane, timing FROM t ORDER BY 1' -w 10s -l 1m)" \
        $'0|3|1|late\n10|1|0|on_time'
    sqlite3 -bail db.sqlite <out.sql
    same "$(sqlite3 db.sqlite 'SELECT count(*), sum("count") FROM t')" '2|4'
}

@test "the rows of one timer time are a transaction, a late pane is one of its own" {
    printf '{"t":%s,"h":"%s"}\n' 1 a 2 b 12 a 3 a 4 a | "$WINAGG" -t t -w 10s -k h -l 1m -o sql:t >out.sql
    same "$(sed -n 's/^\(CREATE\|BEGIN\|INSERT\|COMMIT\).*/\1/p' out.sql | tr '\n' ' ')" \
"CREATE BEGIN INSERT INSERT COMMIT BEGIN INSERT COMMIT BEGIN INSERT COMMIT BEGIN INSERT COMMIT "
}

@test "a pane of a session that a record fires is a transaction, too, before anything else comes" {
    for more in "-l 1h" "-l 1h --early 1" "--early 1"; do
        rm -f st out.sql
        # shellcheck disable=SC2086 # words
        tv 1 50 2 3 51 | "$WINAGG" -t t -w session:10s -m retract -o sql:t $more -s st --at-eof keep \
            --output out.sql
        same "$(grep -c BEGIN out.sql)" "$(grep -c COMMIT out.sql)"
        same "$(tail -n 1 out.sql)" "COMMIT;"
    done
    same "$(tv 1 50 2 3 | "$WINAGG" -t t -w session:10s -l 1h -m retract -o sql:t |
        sed -n 's/^\(BEGIN\|INSERT\|DELETE\|COMMIT\).*/\1/p' | tr '\n' ' ')" \
"BEGIN INSERT COMMIT BEGIN DELETE INSERT COMMIT BEGIN DELETE INSERT COMMIT BEGIN INSERT COMMIT "
}

@test "retract: sessions that became part of a larger one are deleted" {
    same "$(tv 1 20 50 11.5 10.5 | sql 'SELECT window_start, window_end, "count" FROM t ORDER BY 1' \
        -w session:10s -l 1h -m retract)" $'1|30|4\n50|60|1'
}

@test "discard: each pane is a row of its own" {
    same "$(tv 1 2 12 3 | sql 'SELECT window_start, sum("count"), count(*) FROM t GROUP BY 1 ORDER BY 1' \
        -w 10s -l 1m -m discard)" $'0|3|2\n10|1|1'
}

@test "any text is quoted safely" {
    printf '%s\n' '{"t":1,"h":"it'"'"'s; DROP TABLE t; --"}' '{"t":1,"h":"nul\u0000 \n;"}' '{"t":1,"h":"\\"}' '{"t":1}' '{"t":1,"h":true}' |
        sql "SELECT count(*), sum(h IS NULL), sum(h = 'it''s; DROP TABLE t; --'), sum(h = 'true'), sum(h = '\\') FROM t" -w 10s -k h >got
    same "$(cat got)" '5|1|1|1|1'
    same "$(sqlite3 db.sqlite "SELECT hex(h) FROM t WHERE h LIKE 'nul%'")" 6E756CEFBFBD200A3B
    printf 't,h\n1,a\xffb\n' | "$WINAGG" -t t -w 1s -k t -a last:h -o sql:t | grep -qF $'\'a\xef\xbf\xbdb\''
}

@test "names are quoted, and a schema" {
    tv 1 | "$WINAGG" -t t -w 10s -a 'a "b" c=count' -o sql:my.table >out.sql
    grep -qF 'INSERT INTO "my"."table" VALUES' out.sql
    grep -qF '"a ""b"" c" BIGINT' out.sql
}

@test "a result that no double comes near is NULL, or 0" {
    tv 1:1e300 2:-1e300 3:1e-700 >in
    same "$("$WINAGG" -t t -w 10s -a var:v,stddev:v,rate:v,min:v -o sql:t in 2>err | grep -o "VALUES (.*, '")" \
        "VALUES ('1970-01-01T00:00:00Z', '1970-01-01T00:00:10Z', NULL, 1e+300, 0, -1e+300, '"
    same "$(cat err)" "winagg: -o sql: 1e+600 is beyond the largest DOUBLE PRECISION: a result like that is NULL"
    # Said once; other formats have the number.
    tv 1:1e300 2:-1e300 12:1e300 13:-1e300 >in
    "$WINAGG" -t t -w 10s -a var:v,sum:v -o sql:t in 2>err >out
    same "$(wc -l <err) $(grep -c "NULL, 0" out)" "1 2"
    same "$("$WINAGG" -t t -w 10s -a var:v in 2>&1 | grep -c '"var_v":2e+600')" 2
    tv 1:1e-700 >in
    same "$(sql 'SELECT min_v, max_v FROM t' -w 10s -a min:v,max:v <in)" "0.0|0.0"
    tv 1:1.7e308 2:1.7e308 >in
    rm db.sqlite
    same "$(sql 'SELECT sum_v IS NULL, mean_v = 1.7e308, min_v = 1.7e308 FROM t' -w 10s -a sum:v,mean:v,min:v <in)" "1|1|1"
}

@test "a number beyond BIGINT's kind, null, and -w all" {
    same "$(tv 1:1e300 | sql 'SELECT window_start IS NULL, sum_v = 1e300, median_w IS NULL FROM t' -w all -a sum:v,median:w)" '1|1|1'
}

@test "wrong usage" {
    for words in '-o sql' '-o sql:' '-o sql:.t' '-o sql:t.' '-o sql:a.b.c' '-o sql:t -k id' \
        '-o sql:t -a Count=count,count' '-o sql:t -w session:1s -l 1s' '-o sql:t -w session:1s -l 1s -m discard' \
        '-o sql:t -a 0123456789012345678901234567890123456789012345678901234567890123=count' \
        '--row-id=pane'; do
        # shellcheck disable=SC2086 # words
        run "$WINAGG" -t t -w 1m $words </dev/null
        [ "$status" -eq 2 ] || { echo "$words: $output"; return 1; }
    done
}

@test "a restart leaves the same statements" {
    tv 1 2 12 3 25 11 40 | tee in | "$WINAGG" -t t -w 10s -l 1m -o sql:t >want.sql
    head -n 4 in >part
    "$WINAGG" -t t -w 10s -l 1m -o sql:t -s st --at-eof keep --output got.sql part
    cat in >part
    "$WINAGG" -t t -w 10s -l 1m -o sql:t -s st --output got.sql part
    cmp want.sql got.sql
    run "$WINAGG" -t t -w 10s -l 1m -o sql:other -s st --output got.sql part
    [ "$status" -ne 0 ]
    [[ $output == *"--output-format"*"sql:t"*"sql:other"* ]]
}
