#!/usr/bin/env bats
# Inputs whose values are texts: TSV, combined, logfmt; and what --null, --comment and --ragged do.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "TSV: a line is a record, a quote a byte, four escapes" {
    printf '%s\n' $'t\tk\\tk' $'1\t"it' $'2\ta\\tb' $'3\ta\\\\b\\x' $'4\ta"' $'5\t\\n\\r' >in
    same "$("$WINAGG" -t t --time-format s -w 10s -k 'k	k' -i tsv in | jq -c '.["k\tk"]')" \
        $'"\\n\\r"\n"\\"it"\n"a\\tb"\n"a\\""\n"a\\\\b\\\\x"'
    # In and out it is the same.
    same "$(w -w 10s -k 'k	k' -i tsv -o tsv in | cut -f3)" $'k\\tk\n\\n\\r\n"it\na\\tb\na"\na\\\\b\\\\x'
    # Quoted files with tabs are CSV.
    printf '"t"\t"k"\n1\t"a\tb"\n' >quoted
    same "$(w -w 10s -k k -i csv --delimiter tab quoted | tail -n 1)" $'0,10,a\tb,1'
}

@test "TSV: one quote at the start of a field costs nothing" {
    { printf 't\tk\n'; for i in $(seq 1 3000); do printf '%d\t%s\n' $((i % 10)) "$([ $((i % 1000)) = 7 ] && echo '"open' || echo k)"; done; } >in
    same "$(w -w 10s -k k in | tail -n 2)" '0,10,"""open",3
0,10,k,2997'
}

@test "--null names texts that are no value, everywhere" {
    printf '%s\n' t,k,v 1,NA,1 2,a,NA 3,-,-999 4,a,4 NA,a,1 >in
    same "$(w -w 10s -k k -a sum:v,n=count:v,first:v --null NA --null - --null -999 in 2>err)" \
        "window_start,window_end,k,sum_v,n,first_v
0,10,,1,1,1
0,10,a,4,1,4"
    grep -q "no time: field 't' has no value" err
    printf '{"t":1,"k":"NA","v":"-"}\n{"t":2,"k":"b","v":-999}\n{"t":3,"k":null,"v":"-999"}\n' >in
    same "$(w -w 10s -k k -a sum:v,n=count:v --null NA --null - --null -999 in)" \
        "window_start,window_end,k,sum_v,n
0,10,,0,0
0,10,b,-999,1"
    same "$(w -w 10s --where 'k is null' --null NA in | tail -n 1)" "0,10,2"
    # TSV's \N is compared before escapes are undone.
    printf '%s\n' $'t\tk' $'1\t\\N' $'2\tN' $'3\t\\\\N' | w -i tsv -w 10s -k k --null '\N' >out
    same "$(cut -d, -f3,4 out)" 'k,count
,1
N,1
\N,1'
    # An empty CSV key is the empty string, unless it is named.
    same "$(printf 't,k\n1,\n' | "$WINAGG" -t t -w 10s -k k --null '' | jq -c .k)" null
}

@test "--comment skips lines, and with # heeds #fields, again and again" {
    printf '%s\n' '#a,"b' 't,v' '1,1' '#2,2' '#,"it' '3,"#3"' '"#4",4' '5,5' >in
    same "$(w -i csv -w 10s -a n=count,sum:v --where 'v != "#3"' --comment '#' --stats in 2>err | tail -n 1)" "0,10,2,6"
    same "$(counter err records) $(counter err bad)" "4 1"
    printf '%s\n' '#Version: 1.0' '#Fields: t v' $'1\t5' $'#Fields:\tv  t' $'7\t2' $'8\t3' '#end' '#Fields: x v t' $'0\t1\t4' >in
    same "$(w -i tsv -w 10s -a sum:v --comment '#' in | tail -n 1)" "0,10,21"
    printf '%s\n' '#fields t v' '1 5' '#fields t w' '1 5' >in
    fails_with 2 w -i csv --delimiter ' ' -w 10s -a sum:v --comment '#' in 2>err
    grep -qF "in:3: has no column 'v'; its columns are: t, w" err
    # Without --comment it is a header like any other.
    same "$(printf '#fields\tt\tv\nx\t1\t2\n' | "$WINAGG" -i tsv -t t -w 10s -a 'last:#fields' -o csv | tail -n 1)" \
        "1970-01-01T00:00:00Z,1970-01-01T00:00:10Z,x"
    # A line of #fields within quotes is none.
    printf '%s\n' '#fields t,k' '1,"a' '#fields k t' 'b"' '2,c' >in
    sed -i '1s/.*/#fields t k/' in
    same "$(w -i csv -w 10s -k k --comment '#' in | wc -l)" 5
}

@test "a header that changes survives a kill, at every record" {
    for i in $(seq 300); do
        case $((i % 7)) in
            0) printf '#Fields: t v\n' ;;
            3) printf '#Fields: v t\n' ;;
        esac
        case $((i % 7)) in 0 | 1 | 2) printf '%d\t%d\n' "$i" $((i * 1000)) ;; *) printf '%d\t%d\n' $((i * 1000)) "$i" ;; esac
    done | sed '1s/^/#Fields: t v\n/' >in
    w -i tsv -w 10s -a sum:v --comment '#' in >whole
    for n in 3 50 151; do
        rm -f s rows
        head -n "$n" in >part
        w -i tsv -w 10s -a sum:v --comment '#' --state s --at-eof keep --output rows <part
        w -i tsv -w 10s -a sum:v --comment '#' --state s --output rows <in
        cmp rows whole
    done
}

@test "--ragged and columns without a name" {
    printf '%s\n' t,k,v 1,a,1 2 3,b 4,c,4,5 >in
    same "$(w -w 10s -k k -a sum:v,count --ragged in 2>err)" "window_start,window_end,k,sum_v,count
0,10,,0,1
0,10,a,1,1
0,10,b,0,1"
    grep -q 'in:5: expected 3 fields, found 4' err
    printf '%s\n' t,k,v 1,a '' 2 >in
    same "$("$WINAGG" -t t -w 10s -k k,v -a last:v --ragged --null '' in | jq -c '[.k,.v,.last_v]')" '[null,null,null]
["a",null,null]'
    same "$(printf '%s\n' v,k,t 1,a ,,2 | w -w 10s --ragged 2>err | tail -n 1)" 0,10,1
    grep -qF "stdin:2: no time: field 't' is empty" err
    printf ',t,\n7,1,x\n' >in
    same "$(w -w 10s -k 1,3 in | tail -n 1)" "0,10,7,x,1"
}

line='10.0.0.1 - bob [01/May/2024:12:00:10 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"'

@test "combined: the fields of an access log" {
    {
        echo "$line"
        printf '%s\n' '2001:db8::1 - John Smith [01/May/2024:14:00:11 +0200] "POST /a\x20b?c=\"d\" HTTP/2.0" 404 - "http://x/\"y\\" "a\\b" 0.003 extra'
        printf '%s\n' 'h - - [01/May/2024:12:00:12 +0000] "\x16\x03\x01" 400 0'
        printf '%s\n' 'h - - [01/May/2024:12:00:13 +0000] "-" 408 -'
    } >in
    "$WINAGG" -i combined -t time -w 1s -a 'h=first:host,u=first:user,m=first:method,p=first:path,v=first:protocol,s=first:status,b=first:bytes,r=first:referer,a=first:agent,q=first:request' in |
        jq -c '[.h,.u,.m,.p,.v,.s,.b,.r,.a,.q]' >out
    same "$(cat out)" '["10.0.0.1","bob","GET","/a","HTTP/1.1",200,512,null,"curl/8","GET /a HTTP/1.1"]
["2001:db8::1","John Smith","POST","/a b?c=\"d\"","HTTP/2.0",404,null,"http://x/\"y\\","a\\b","POST /a b?c=\"d\" HTTP/2.0"]
["h",null,null,null,null,400,0,null,null,"\u0016\u0003\u0001"]
["h",null,null,null,null,408,null,null,null,null]'
}

@test "combined: lines of something else are bad, fields that there are not are refused" {
    printf '%s\n' 'hello world' '{"t":1}' "$line" 'h - - [01/May/2024:12:00:10 +0000] "GET / HTTP/1.1 200' \
        'h - - 01/May/2024:12:00:10 "GET / HTTP/1.1" 200 1' \
        'h - - [01/May/2024:12:00:10 +0000] front back/web1 10/0/30/69/109 200 2750 - - ---- "GET / HTTP/1.1"' \
        'h - - [01/May/2024:12:00:10 +0000] GET / HTTP/1.1 200 1' '' >in
    "$WINAGG" -i combined -t time -w 1m --stats in 2>err >out
    same "$(counter err bad) $(counter err used)" "6 1"
    grep -q 'in:6: not an access log line: expected a request in quotes behind the time' err
    grep -q 'in:4: not an access log line: the request has no closing quote' err
    fails_with 2 "$WINAGG" -i combined -t time -w 1m -k url in 2>err
    grep -q "has no column 'url'; its columns are: host, ident, user, time, method, path" err
    same "$("$WINAGG" -i combined -t time -w 1m -a count,'errors=share[status >= 500]' -o csv <<<"$line" | tail -n 1)" \
        "2024-05-01T12:00:00Z,2024-05-01T12:01:00Z,1,0"
}

@test "logfmt: pairs, quotes, flags; the last of a key counts" {
    printf '%s\n' 't=1 k=a v=5 msg="a \"b\" \\ \n\u00e9" flag' 't=2 k=b k="" v="7" x.y=3' '  t=3	k= flag=false ' 't=4 k="open' 't=5' '' >in
    same "$(w -i logfmt -w 10s -k k -a 'sum:v,f=first:flag,m=first:msg,y=first:x.y' -o json in 2>err | jq -c '[.k,.sum_v,.f,.m,.y]')" \
        '[null,0,null,null,null]
["",7,"false",null,3]
["a",5,"true","a \"b\" \\ \né",null]'
    grep -q 'in:4: not logfmt: the value of "k" has no closing quote' err
}

@test "access logs are resumed as other files are" {
    for i in $(seq 200); do echo "$line" | sed "s/12:00:10/12:0$((i / 60)):$(printf %02d $((i % 60)))/; s/512/$i/"; done >in
    "$WINAGG" -i combined -t time -w 10s -k host -a sum:bytes in >whole
    head -n 77 in | "$WINAGG" -i combined -t time -w 10s -k host -a sum:bytes --state s --at-eof keep --output rows
    "$WINAGG" -i combined -t time -w 10s -k host -a sum:bytes --state s --output rows <in
    cmp rows whole
}
