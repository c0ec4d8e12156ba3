#!/usr/bin/env bats
# Grouping: paths, types, order.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# The keys and counts of rows in one window.
keys() {
    "$WINAGG" -t t --time-format s -w 10s "$@" | sed 's/^{.*Z",//; s/}$//'
}

@test "a key keeps its JSON type; rows are in the order of values" {
    same "$(printf '{"t":1,"k":%s}\n' '"b"' 1 '"1"' true 10 1.0 false null -2.50 '"B"' | cat - <(echo '{"t":1}') | keys -k k)" \
'"k":null,"count":2
"k":false,"count":1
"k":true,"count":1
"k":-2.5,"count":1
"k":1,"count":2
"k":10,"count":1
"k":"1","count":1
"k":"B","count":1
"k":"b","count":1'
}

@test "several keys, the first one leads" {
    same "$(printf '{"t":1,"a":"%s","b":%s}\n' y 1 x 2 x 10 y 0 | keys -k a,b)" \
'"a":"x","b":2,"count":1
"a":"x","b":10,"count":1
"a":"y","b":0,"count":1
"a":"y","b":1,"count":1'
}

@test "paths: dots descend, numbers index, a backslash makes a dot literal" {
    line='{"t":1,"u":{"n":"in","0":"zero"},"l":["first",{"x":"second"}],"u.n":"dotted"}'
    same "$(echo "$line" | keys -k u.n)" '"u.n":"in","count":1'
    same "$(echo "$line" | keys -k u.0)" '"u.0":"zero","count":1'
    same "$(echo "$line" | keys -k l.0)" '"l.0":"first","count":1'
    same "$(echo "$line" | keys -k l.1.x)" '"l.1.x":"second","count":1'
    same "$(echo "$line" | keys -k 'u\.n' | sed 's/^.*:"/"/')" '"dotted","count":1'
    same "$(echo "$line" | keys -k u.missing.deeper)" '"u.missing.deeper":null,"count":1'
    same "$(echo "$line" | keys -k l.7)" '"l.7":null,"count":1'
}

@test "an object or an array as a key makes the record bad" {
    printf '{"t":1,"k":%s}\n' '{"a":1}' '[]' '"fine"' | keys -k k >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(cat "$BATS_TEST_TMPDIR/out")" '"k":"fine","count":1'
    grep -q '^winagg: stdin:1: ' "$BATS_TEST_TMPDIR/err"
    grep -q '^winagg: stdin:2: ' "$BATS_TEST_TMPDIR/err"
}

@test "strings with escapes are one key with their plain form" {
    same "$(printf '%s\n' '{"t":1,"k":"\u0061\/"}' '{"t":1,"k":"a/"}' | keys -k k)" '"k":"a/","count":2'
    same "$(printf '%s\n' '{"t":1,"k":"\ud83d\ude00"}' '{"t":1,"k":"😀"}' | keys -k k)" '"k":"😀","count":2'
}

@test "an empty string and null are two keys" {
    same "$(printf '%s\n' '{"t":1,"k":""}' '{"t":1}' | keys -k k)" $'"k":null,"count":1\n"k":"","count":1'
}

@test "a name that comes twice: the last one counts" {
    same "$(echo '{"t":1,"k":"a","k":"b"}' | keys -k k)" '"k":"b","count":1'
}

@test "CSV keys are strings, an empty field is the empty string" {
    same "$(printf '%s\n' t,k 1,1 1,1.0 1,'""' 1, | keys -k k)" \
$'"k":"","count":2\n"k":"1","count":1\n"k":"1.0","count":1'
}

@test "a CSV key that is not UTF-8 reads as U+FFFD, so that what prints alike is one key" {
    printf 't,k,o\n1,\377,x\n1,\357\277\275,x\n1,\376,x\n1,a,\377\n' | keys -k k >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    same "$(cat "$BATS_TEST_TMPDIR/out")" $'"k":"a","count":1\n"k":"\357\277\275","count":3'
}

@test "many keys" {
    seq 1 20000 | sed 's/.*/{"t":1,"k":&}/' | w -w 10s -k k >"$BATS_TEST_TMPDIR/out"
    seq 1 20000 | sed 's/.*/0,10,&,1/' | cmp - <(tail -n +2 "$BATS_TEST_TMPDIR/out")
}

@test "keys that are long and alike are sorted without recursion" {
    long=$(head -c 1200000 /dev/zero | tr '\0' x)
    printf '{"t":1,"k":"%s%s"}\n' "$long" b "$long" a >in
    w -w 10s -k k in >rows
    same "$(cut -d, -f3,4 rows | tail -n +2 | grep -o '[ab],1')" "a,1
b,1"
    # Each key the beginning of the next: every eight bytes another one ends.
    awk 'BEGIN { k = ""; for (i = 0; i < 3000; i++) { k = k "xxxxxxxx"; printf "{\"t\":1,\"k\":\"%s\"}\n", k } }' >in
    w -w 10s -k k in | tail -n +2 | awk -F, 'length($3) != NR * 8 { wrong++ } END { print NR, wrong + 0 }' >lengths
    same "$(cat lengths)" "3000 0"
}

@test "a backslash takes . , : = [ ] and itself literally; names in output have none" {
    same "$(printf '%s\n' '{"t":1,"a,b":2,"x.y":"q","m]":5,"e=f":"g","b\\c":1,"d:e":3}' |
        "$WINAGG" -t t --time-format s -w 1s -k 'x\.y,z=x\.y,e\=f,b\\c' -a 'sum:a\,b,q\=r=max:m\],min:d\:e' | cut -d, -f3-)" \
        '"x.y":"q","z":"q","e=f":"g","b\\c":1,"sum_a,b":2,"q=r":5,"min_d:e":3}'
    same "$(printf 'T,a.b,c:d\n1,2,3\n' | "$WINAGG" -t T -w 1s -k 'a\.b' -a 'sum:c\:d' -o csv | head -n 1)" \
        window_start,window_end,a.b,sum_c:d
    same "$(printf 'T,a.b\n1,2\n' | "$WINAGG" -t T -w 1s -k 'a.b' -i csv -o csv | head -n 1)" window_start,window_end,a.b,count
}

@test "any other backslash stands for itself" {
    same "$(printf '{"t":1,"C\\\\x":7}\n' | "$WINAGG" -t t -w 1s -a 'sum:C\x' | cut -d, -f3)" '"sum_C\\x":7}'
}

@test "NAME=FIELD names the column of a key" {
    same "$(printf '{"t":1,"user":{"id":5}}\n' | "$WINAGG" -t t -w 1s -k uid=user.id -o csv | head -n 1)" \
        window_start,window_end,uid,count
    for key in '=a' 'a='; do
        run "$WINAGG" -t t -w 1s -k "$key" </dev/null
        [ "$status" -eq 2 ]
        [[ $output == *--key* ]]
    done
}

@test "a long key lives on when thousands of dead ones are dropped" {
    {
        echo '{"t":0,"k":"the one key that lives on and on"}'
        seq 1 5000 | sed 's/.*/{"t":&,"k":"a key that is dead soon, number &"}/'
        seq 0 2 5000 | sed 's/.*/{"t":&,"k":"the one key that lives on and on"}/'
    } | sort -s -t: -k2,2n >in
    w -w session:3s -k k in >rows
    same "$(grep -c 'the one key that lives on and on' rows)" 1
    same "$(grep 'the one key that lives on and on' rows)" "0,5003,the one key that lives on and on,2502"
    same "$(wc -l <rows)" 5002
}

@test "thousands of keys that a snapshot brings are found by threads that read ahead" {
    awk 'BEGIN { for (i = 0; i < 90000; i++) printf "{\"t\":%d,\"k\":\"key%d\"}\n", i / 100, i * 7919 % 9973 }' >all
    local window
    for window in session:1h 2h sliding:2h/1h; do
        w -w "$window" -k k all | sort >whole
        head -n 20000 all >in
        rm -f state rows
        w -w "$window" -k k -s state --at-eof keep --output rows in
        cp all in
        w -j 3 -w "$window" -k k -s state --output rows in
        cmp <(sort rows) whole
    done
}

@test "keys that few records share, then the same few, then many again; long and short ones" {
    awk 'BEGIN {
        for (i = 0; i < 150000; i++) {
            n = i < 40000 || i > 100000 ? i * 31 % 30011 : i % 17
            printf "{\"t\":%d,\"k\":\"%s%d\",\"x\":%d}\n", i / 20, n % 3 ? "" : "a key of some length ", n, n % 5
        }
    }' >in
    local keys
    for keys in k k,x x,k k,x,t; do
        w -j 1 -w 10m -k "$keys" -a count,sum:x in >one
        w -j 3 -w 10m -k "$keys" -a count,sum:x in >three
        cmp one three
        same "$(awk -F, 'NR > 1 { n += $(NF - 1) } END { print n }' one)" 150000
        jq -r "[.t - .t % 600, .${keys//,/, .}] | @csv" in | sort | uniq -c | awk '{ print $1 }' | sort -n >counts
        cut -d, -f$(($(tr -dc , <<<"$keys" | wc -c) + 4)) one | tail -n +2 | sort -n | cmp - counts
    done
}
