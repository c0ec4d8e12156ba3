#!/usr/bin/env bats
# Every aggregate, over a few values whose results are known.

load helper

# The results of -a over values of v, in one window: the row without its bounds.
agg() {
    local aggs=$1
    shift
    printf '{"t":1,"v":%s}\n' "$@" | "$WINAGG" -t t --time-format s -w 10s -a "$aggs" |
        sed 's/^{"window_start":"[^"]*","window_end":"[^"]*",/{/'
}

@test "count counts records, count:F those with a value; it is the default" {
    same "$(agg count,count:v 1 null '"x"' false)" '{"count":4,"count_v":3}'
    same "$(echo '{"t":1}' | w -w 10s | tail -n 1)" "0,10,1"
    same "$(echo '{"t":1}' | w -w 10s -a count:nothing | tail -n 1)" "0,10,0"
}

@test "sum, mean, min, max: numbers, also in strings; null is no value" {
    same "$(agg sum:v,mean:v,min:v,max:v 3 1 null '"2"' 4)" '{"sum_v":10,"mean_v":2.5,"min_v":1,"max_v":4}'
}

@test "var and stddev are of the sample" {
    # 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares of the differences add up to 32; 32/7.
    same "$(agg var:v,stddev:v 2 4 4 4 5 5 7 9)" '{"var_v":4.571428571428571,"stddev_v":2.138089935299395}'
    # 1, 3, 5: 8/2.
    same "$(agg var:v,stddev:v 5 1 3)" '{"var_v":4,"stddev_v":2}'
    same "$(agg var:v,stddev:v 5)" '{"var_v":null,"stddev_v":null}'
}

@test "no value at all: count, distinct and sum are 0, the rest is null" {
    same "$(agg count:v,sum:v,distinct:v,mean:v,var:v,stddev:v,min:v,max:v,first:v,last:v null)" \
        '{"count_v":0,"sum_v":0,"distinct_v":0,"mean_v":null,"var_v":null,"stddev_v":null,"min_v":null,"max_v":null,"first_v":null,"last_v":null}'
    same "$(agg median:v,p95:v,approx_distinct:v,approx_p99:v,topk:v:2,mode:v null)" \
        '{"median_v":null,"p95_v":null,"approx_distinct_v":0,"approx_p99_v":null,"topk_v":null,"mode_v":null}'
}

@test "first and last follow event time; ties follow arrival" {
    same "$(tv 5:50 2:20 8:80 2:21 8:81 | w -w 10s -a first:v,last:v | tail -n 1)" "0,10,20,81"
}

@test "median and quantiles interpolate (R type 7)" {
    # Ranks of 1..4: median 1.5, p95 2.85, p99.9 2.997.
    same "$(agg median:v,p95:v,p99.9:v,p0:v,p100:v,p50:v 4 2 1 3)" \
        '{"median_v":2.5,"p95_v":3.85,"p99.9_v":3.997,"p0_v":1,"p100_v":4,"p50_v":2.5}'
    same "$(agg median:v 7)" '{"median_v":7}'
    same "$(agg median:v 1 9 2)" '{"median_v":2}'
}

@test "distinct: 1 and 1.0 are one value, \"1\" is another" {
    same "$(agg distinct:v 1 1.0 '"1"' 10e-1 true null '"a"' '"a"')" '{"distinct_v":4}'
}

@test "topk and mode: the most frequent, ties by value" {
    same "$(agg topk:v:2,mode:v '"b"' '"a"' '"c"' '"c"' '"a"')" \
        '{"topk_v":[{"value":"a","count":2},{"value":"c","count":2}],"mode_v":"a"}'
    same "$(agg topk:v:5 2 10 '"x"' 10 false)" \
        '{"topk_v":[{"value":10,"count":2},{"value":false,"count":1},{"value":2,"count":1},{"value":"x","count":1}]}'
    same "$(agg mode:v '"1"' 1 1.0)" '{"mode_v":1}'
}

@test "topk in CSV is its JSON text, quoted" {
    same "$(tv 1:7 2:7 3:8 | w -w 10s -a topk:v:1 | tail -n 1)" '0,10,"[{""value"":7,""count"":2}]"'
}

@test "approx_distinct is near" {
    got=$(seq 1 20000 | sed 's/.*/{"t":1,"v":"user&"}/' | w -w 10s -a approx_distinct:v | tail -n 1)
    # Four standard errors of 0.82 %.
    awk -F, '{exit !($3 > 19344 && $3 < 20656)}' <<<"$got"
}

@test "approx_pNN is within 1 % of the quantile" {
    got=$(seq 1 1000 | sed 's/.*/{"t":1,"v":&}/' | w -w 10s -a approx_p50:v,approx_p99.9:v | tail -n 1)
    # 500.5 and 999.001.
    awk -F, '{exit !($3 >= 495.495 && $3 <= 505.505 && $4 >= 989.01099 && $4 <= 1000)}' <<<"$got"
    same "$(agg approx_p50:v 42 42 42)" '{"approx_p50_v":42}'
}

@test "names: FUNCTION_FIELD, or NAME=" {
    same "$(agg total=sum:v,sum:v,n=count 1 2)" '{"total":3,"sum_v":3,"n":2}'
    same "$(echo '{"t":1,"a":{"b":5},"c:d":6,"e,f":7}' | "$WINAGG" -t t -w 10s \
        -a 'sum:a.b,x=sum:c\:d,y=sum:e\,f' | sed 's/.*Z",//')" '"sum_a.b":5,"x":6,"y":7}'
}

@test "sums are exact decimals" {
    same "$(agg sum:v 0.1 0.2)" '{"sum_v":0.3}'
    same "$(agg sum:v 1e20 1 -1e20)" '{"sum_v":1}'
    same "$(agg sum:v 9223372036854775807 1)" '{"sum_v":9223372036854775808}'
    same "$(agg sum:v 1e300 0.1 -1e300)" '{"sum_v":0.1}'
    same "$(agg sum:v 12345678901234567890123456789012345678 0)" '{"sum_v":1.2345678901234567890123456789012345678e+37}'
}

@test "a mean is rounded once" {
    same "$(agg mean:v 1 0 0)" '{"mean_v":0.3333333333333333}'
    same "$(agg mean:v 0.1 0.2 0.3)" '{"mean_v":0.2}'
    same "$(agg mean:v 2 1)" '{"mean_v":1.5}'
}

@test "results do not depend on the order, to the last digit" {
    seq 1 500 | awk '{printf "{\"t\":%d,\"v\":%.17g}\n", $1 % 10, sin($1) * exp($1 % 40)}' >"$BATS_TEST_TMPDIR/in"
    sort -R --random-source=<(yes) "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/mixed"
    tac "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/reversed"
    aggs=sum:v,mean:v,var:v,stddev:v,min:v,max:v,median:v,p95:v,approx_p90:v,distinct:v,approx_distinct:v,topk:v:3,mode:v
    want=$(w -w 10s -d 10s -a "$aggs" "$BATS_TEST_TMPDIR/in")
    same "$(w -w 10s -d 10s -a "$aggs" "$BATS_TEST_TMPDIR/mixed")" "$want"
    same "$(w -w 10s -d 10s -a "$aggs" "$BATS_TEST_TMPDIR/reversed")" "$want"
}

@test "numbers print as plain decimals from 1e-6 up to 1e21, else with an exponent" {
    same "$(agg sum:v 0.000001)" '{"sum_v":0.000001}'
    same "$(agg sum:v 0.0000001)" '{"sum_v":1e-7}'
    same "$(agg sum:v -0.00000015)" '{"sum_v":-1.5e-7}'
    same "$(agg sum:v 123456789012345678901)" '{"sum_v":123456789012345678901}'
    same "$(agg sum:v 1e21)" '{"sum_v":1e+21}'
    same "$(agg sum:v 1.50 1.50)" '{"sum_v":3}'
    same "$(agg max:v -0)" '{"max_v":0}'
    same "$(agg max:v -0.0 -5)" '{"max_v":0}'
    same "$(agg first:v 1.500e1)" '{"first_v":15}'
}

@test "a million records of 0.1: sums of exactly 100" {
    seq 1 1000000 | awk '{print "{\"ts\":" $1 ",\"v\":0.1}"}' |
        "$WINAGG" -t ts --time-format s -w 1000s -a count,sum:v >"$BATS_TEST_TMPDIR/out"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 1001 ]
    same "$(head -n 1 "$BATS_TEST_TMPDIR/out")" \
        '{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:16:40Z","count":999,"sum_v":99.9}'
    same "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" \
        '{"window_start":"1970-01-12T13:46:40Z","window_end":"1970-01-12T14:03:20Z","count":1,"sum_v":0.1}'
    [ "$(grep -c '"count":1000,"sum_v":100}$' "$BATS_TEST_TMPDIR/out")" -eq 999 ]
}
