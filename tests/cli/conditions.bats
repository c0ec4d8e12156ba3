#!/usr/bin/env bats
# --where COND, [COND] behind a function, share and rate.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
}

# How many of the records on stdin meet the condition, and which: their times.
meeting() {
    "$WINAGG" -t t --time-format s --output-time s -o csv -d 99d -w 1s --where "$1" | tail -n +2 | cut -d, -f1 | tr '\n' ' '
}

records() {
    printf '%s\n' '{"t":1,"m":"GET","s":500,"ok":true}' '{"t":2,"m":"PUT","s":"200","r":{"c":[7,"b"]}}' \
        '{"t":3,"m":"a b","s":[1],"ok":false}' '{"t":4,"m":"","s":1.50}' '{"t":5,"s":null,"m":"say \"hi\""}'
}

@test "what other languages write is said to be a text" {
    cd "$BATS_TEST_TMPDIR"
    echo '{"t":1,"status":500,"m":"GET"}' >in
    local condition hint
    while IFS='|' read -r condition hint; do
        "$WINAGG" -t t -w 10s --where "$condition" in 2>err || true
        grep -qF -- "$hint" err || { echo "$condition"; cat err; return 1; }
    done <<'END'
status==500|'status==500': the value is the text =500: == is no operator, = is; in double quotes it is meant so
status=>500|the value is the text >500: => is no operator, >= is
status<>500|<> is no operator, != is
m = 'GET'|the value is the text 'GET' with these quotes: a text stands in double ones
m = null|the value is the text null: 'is null' asks for no value
status == 500|and, or, or the end (= is the operator, not ==)
status =< 500|and, or, or the end (<= is the operator, not =<)
m = "x==y" b|and, or, or the end at character 12
END
    for condition in 'm = "=500"' 'm = GET' 'm is null' 'm =~ ^=' 'm =~ <scr' "m !~ '.*'" 'status = 500' "m = it's"; do
        "$WINAGG" -t t -w 10s --where "$condition" in 2>err
        [ ! -s err ]
    done
}

@test "operators, numbers and texts" {
    while IFS=';' read -r condition want; do
        got=$(records | meeting "$condition")
        [ "$got" == "$want" ] || { echo "$condition: got $got, expected $want"; return 1; }
    done <<'END'
s = 500;1 
s=5e2;1 
s != 500;2 4 
s>=200;1 2 
s>1.5;1 2 
s <= 1.50;4 
s = "200";2 
s = "1.5";4 
s = "1.50";
s < abc;1 2 4 
m = GET;1 
m = "GET";1 
m > GET;2 3 5 
m = "";4 
m = "say \"hi\"";5 
m = "\u0047ET";1 
m =~ ^G;1 
m =~ T$;1 2 
m =~ ^GET$;1 
m =~ "a b";3 
m =~ (E|U)T;1 2 
m !~ T;3 4 5 
m =~ ^$;4 
s =~ ^5;1 
ok = true;1 
ok != true;3 
ok is null;2 4 5 
s is null;5 
s is not null;1 2 3 4 
r.c.0 = 7;2 
r.c.1 = "b";2 
"r.c.0" = 7;2 
END
}

@test "an exclamation mark in a name is no operator where none stands" {
    printf '%s\n' '{"t":1,"a!b":1}' '{"t":2,"a!b":2,"a":1}' '{"t":3,"a":2}' >in
    same "$(meeting 'a!b = 2' <in)" "2 "
    same "$(meeting 'a!=1 and a is not null' <in)" "3 "
}

@test "a parenthesis in brackets is none of the condition's; blanks are any" {
    printf '%s\n' '{"t":1,"m":"a]b"}' '{"t":2,"m":"x"}' '{"t":3,"m":"a)b"}' '{"t":4,"m":"a\\b"}' >in
    while IFS=';' read -r condition want; do
        got=$(meeting "$(printf '%b' "$condition")" <in)
        [ "$got" == "$want" ] || { echo "$condition: got $got, expected $want"; return 1; }
    done <<'END'
m =~ a[]]b;1 
m =~ a[^[:alpha:][.x.]]b;1 3 4 
\tm\r=~\n\ta[)]b\n;3 
m =~ a[\\\\]b;4 
(m =~ "(a[])]b)" or m = x);1 2 3 
m =~ a[[)]b;3 
END
}

@test "not binds closest, then and; parentheses; bare words" {
    while IFS=';' read -r condition want; do
        got=$(records | meeting "$condition")
        [ "$got" == "$want" ] || { echo "$condition: got $got, expected $want"; return 1; }
    done <<'END'
m = GET or m = PUT and s = 500;1 
(m = GET or m = PUT) and s = 200;2 
not m = GET and s = 200;2 
not (m = GET or s is null);2 3 4 
not not m = GET;1 
((m = GET));1 
(m =~ ^(GET)$) or s = 200;1 2 
m = GET);
not s = 200;1 3 4 5 
END
}

@test "what --where drops still moves the watermark, and is counted" {
    printf '{"t":%s,"s":%s}\n' 1 500 25 200 2 503 | w -w 10s --where 's >= 500' --stats 2>err >out
    same "$(tail -n +2 out)" 0,10,1
    same "$(counter err filtered)" 1
    same "$(counter err too_late)" 1
    same "$(counter err records)" 3
}

@test "several --where must all hold" {
    same "$(printf '{"t":1,"a":%s,"b":%s}\n' 1 1 1 2 2 2 | w -w 10s --where a=1 --where b=2)" $'window_start,window_end,count\n0,10,1'
}

@test "a value is judged only of records that pass, and of [COND] only where it holds" {
    printf '{"t":1,"k":%s,"v":%s}\n' '"a"' 5 '"b"' '"x"' '{}' 6 '"a"' '"y"' >in
    w -w 10s -a sum:v --where 'k = a' --stats <in 2>err >out
    same "$(tail -n 1 out)" 0,10,5
    same "$(counter err bad)" 1
    grep -q "^winagg: stdin:4: .*'v': expected a number" err
    w -w 10s -a 'sum:v[k = a],count' --stats --bad bad <in 2>err >out
    same "$(tail -n 1 out)" 0,10,5,3
    same "$(cat bad)" '{"t":1,"k":"a","v":"y"}'
    w -w 10s -k k --where 'v = 5' --stats <in 2>err >out
    same "$(counter err bad)" 0
}

@test "bad records of both kinds come in their order" {
    printf '{"t":%s,"k":1,"v":%s}\n' 1 1 x 1 2 '"b"' y 1 z 1 3 '"c"' 4 4 | w -w 10s -a sum:v --where k=1 2>err >out
    same "$(sed 's/^winagg: stdin:\([0-9]*\):.*/\1/' err | tr '\n' ' ')" '2 3 4 5 6 '
    same "$(tail -n 1 out)" 0,10,5
    fails_with 1 w -w 10s -a sum:v --where k=1 --strict <<<$'{"t":1,"k":1,"v":1}\n{"t":1,"k":2,"v":"x"}\n{"t":1,"k":1,"v":"x"}' 2>err
    grep -q 'stdin:3: ' err
}

@test "[COND] on any function; names leave it out; commas and brackets in it" {
    printf '{"t":%s,"s":%s,"m":"%s"}\n' 1 200 a,b 2 500 ']' 3 404 x 4 503 'a[1],' >in
    same "$(w -w 10s -a 'count,errors=count[s >= 500],max:s[s<500],p50:s[m =~ "^[]a]"],topk:m:1[s = 503]' -a 'n=count[m = "],"],c=count[m = a,b]' <in)" \
'window_start,window_end,count,errors,max_s,p50_s,topk_m,n,c
0,10,4,2,404,500,"[{""value"":""a[1],"",""count"":1}]",0,1'
}

@test "two conditions of one function keep their states apart" {
    printf '{"t":1,"s":%s}\n' 1 2 3 4 5 | w -w 10s -a 'a=p50:s[s > 2],b=p50:s[s < 2],median:s,c=p99:s[s > 2]' >out
    same "$(tail -n 1 out)" 0,10,4,1,3,4.98
}

@test "share: 0 to 1, null over none" {
    same "$(printf '{"t":%s,"s":%s}\n' 1 1 2 0 3 0 12 1 | w -w 10s -a 'share[s = 1],none=share[x = 1]' -k s | tail -n +2)" \
        $'0,10,0,0,0\n0,10,1,1,0\n10,20,1,1,0'
    same "$(printf '{"t":%s,"s":%s}\n' 1 1 2 0 3 0 | w -w 10s -a 'share[s = 1]' | tail -n 1)" 0,10,0.3333333333333333
    same "$(printf '{"t":1,"s":1}\n' | w -w 10s -m discard --early 1 -a 'share[s=1],count' | tail -n 1)" 0,10,,0,1,on_time
}

@test "rate: by the window's own length, exact" {
    same "$(printf '{"t":%s,"v":%s}\n' 1 0.5 2 2.5 13 1 | w -w 10s -a 'rate,rate:v,e=rate[v > 1]' | tail -n +2)" $'0,10,0.2,0.3,0.1\n10,20,0.1,0.1,0'
    same "$(tv 1 5 | w -w session:10s -a rate | tail -n 1)" 1,15,0.14285714285714285
    same "$(tv 1 5 | "$WINAGG" -t t -w all -a rate)" '{"window_start":null,"window_end":null,"rate":null}'
    same "$(printf '{"t":"2024-10-27T12:00:00"}\n' | "$WINAGG" -t t -w tumbling:day --tz Europe/Berlin -a 'x=rate:y,rate' | cut -d, -f3-)" \
        '"x":0,"rate":0.000011111111111111112}'
}

@test "CSV: fields that hold numbers, empty fields, quoted names" {
    printf 'T,"a b",c\n1,5,x\n2,,y\n3,abc,\n' >in.csv
    same "$("$WINAGG" -t T -w 1s --time-format s --where '"a b" >= 5' -o csv <in.csv | tail -n +2 | wc -l)" 2
    same "$("$WINAGG" -t T -w 1h --time-format s -a 'n=count[a\ b is null],m=count["a b"=5],o=count[c is null]' -o csv <in.csv 2>&1 | tail -n 1)" \
        "Try 'winagg --help' for more information."
    same "$("$WINAGG" -t T -w 1h --time-format s -a 'n=count["a b" is null],m=count["a b"=5],o=count[c is null]' -o csv <in.csv | tail -n 1 | cut -d, -f3-)" 1,1,1
    # Blanks around a number are none of it; a text keeps its own.
    printf 'T,v\n1, 5\t\n2,\t 7 \n3,\t\n4, x\n' >blank.csv
    same "$("$WINAGG" -t T -w 1h --time-format s -a 'a=count[v = 5],b=count[v > 5],c=count[v = " x"]' -o csv <blank.csv | tail -n 1 | cut -d, -f3-)" 1,1,1
    run "$WINAGG" -t T -w 1h --where 'nope = 1' in.csv
    [ "$status" -eq 2 ]
    [[ $output == *nope* ]]
}

@test "over a restart: counted on, and another condition is refused" {
    printf '{"t":%s,"s":%s}\n' 1 1 2 2 3 1 >in
    w -w 10s --where s=1 -a 'count[s=1],share[s = 2]' --state st --at-eof keep in
    printf '{"t":%s,"s":%s}\n' 4 1 5 2 >>in
    w -w 10s --where s=1 -a 'count[s=1],share[s = 2]' --state st --stats in 2>err >out
    same "$(cat out)" $'window_start,window_end,count,share\n0,10,3,0'
    same "$(counter err filtered)" 2
    w -w 10s --where s=1 --state other --at-eof keep in
    fails_with 1 w -w 10s --where s=2 --state other --at-eof keep in 2>err
    grep -qF -- "--where was 's=1', is 's=2'" err
}

@test "wrong conditions point at the place" {
    while IFS='|' read -r condition says; do
        run "$WINAGG" -t t -w 1s --where "$condition" </dev/null
        [ "$status" -eq 2 ]
        [[ "$output" == *"$says"* ]] || { echo "$condition: $output"; return 1; }
    done <<'END'
status|--where 'status': expected an operator
status 500|at character 8, found '500'
status = |expected a value, found the end
(a = 1|expected and, or, or a closing parenthesis, found the end
a = 1 b|at character 7, found 'b'
= 1|expected a field at character 1
a is 5|expected null at character 6
a = "x|expected a closing quote
a = "\x"|escapes of JSON
m =~ a(b|at character 6: expected an extended regular expression
a = 1e999|at character 5: expected a number
a.. = 1|a name is missing beside a dot
|expected a field, found the end
not (a = 1|expected and, or, or a closing parenthesis, found the end
a = 1 or|expected a field, found the end
a = 1 and (|expected a field, found the end
not|expected a field, found the end
"a|expected a closing quote at character 1
"a\x" = 1|expected a text with the escapes of JSON at character 1
b = 1 or "a\u0000b" = 1|expected a field without U+0000 at character 10
m =~ "a\u0000b"|at character 6: expected a pattern without U+0000
m =~ [[:alpha:|at character 6: expected an extended regular expression
m =~ [a[|at character 6: expected an extended regular expression
m =~ "a\\"|Trailing backslash
a ! b|expected an operator
a\|expected an operator
END
    run "$WINAGG" -t t -w 1s -a 'count[a=1' </dev/null
    [ "$status" -eq 2 ]
    [[ "$output" == *"expected a ]"* ]]
    for agg in share 'share:x[a=1]' 'share[' 'count[]'; do
        run "$WINAGG" -t t -w 1s -a "$agg" </dev/null
        [ "$status" -eq 2 ]
    done
    deep=$(printf '%.0s(' {1..101})a=1
    run "$WINAGG" -t t -w 1s --where "$deep" </dev/null
    [ "$status" -eq 2 ]
    [[ "$output" == *"at most 100"* ]]
}

@test "a number out of range is compared as it stands, whatever the records behind it repair" {
    # Half a surrogate pair is put right in a copy, which the next such record overwrites.
    printf '{"t":%s,"v":1e309,"k":"\\ud800"}\n' 1 2 3 >in
    printf '{"t":4,"v":5,"k":"\\ud800\\ud800"}\n' >>in
    same "$("$WINAGG" -t t -w 1m -a 'a=count[v = "1e309"],b=count[v = 5]' -o csv in | tail -n 1)" \
        "1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,3,1"
}
