#!/usr/bin/env bats
# What stderr says of input that is not what was expected.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# stderr of a run over stdin must hold this text: says "text" ARGUMENT...
says() {
    local text=$1
    shift
    "$WINAGG" -t t -w 10s "$@" >out 2>err || true
    grep -qF -- "$text" err && return
    echo "expected: $text" >&2
    cat err >&2
    return 1
}

@test "what is not one object a line is named" {
    printf '[{"t":1},\n{"t":2}]\n' | says "stdin:1: not valid JSON: ']' expected at the end of the line (a JSON array? expected one object on a line; jq -c '.[]' makes them)" -i json
    printf '[{"t":1}]\n' | says "found an array (jq -c '.[]' makes lines of one)" -i json
    printf '{\n"t":1\n}\n' | says "(an object over several lines? jq -c . makes one line of each)"
    printf '{"t":1}{"t":2}\n' | says "(two objects on one line? jq -c . makes one line of each)"
    printf '{"t":1}\0{"t":2}\0' | says "(records that end in NUL bytes? tr '\\0' '\\n' makes lines of them)"
    printf '{"t":1},\n' | says "stdin:1: not valid JSON: end of file expected near column 8"
    [ "$(grep -c "two objects" err)" -eq 0 ]
    printf '{"t":1\0}\n' | says "stdin:1: not valid JSON: a NUL byte near column 7"
    printf '\0\0{"t":1}\n' | says "stdin:1: not valid JSON: a NUL byte near column 1" -i json
    [ "$(grep -c "records that end" err)" -eq 0 ]
    printf '{"t":1}\n' | iconv -t UTF-16LE | says "stdin: the text is UTF-16: expected UTF-8 (iconv -f UTF-16LE -t UTF-8 makes it)"
    printf 't,v\n1,2\n' | iconv -t UTF-16BE | says "stdin: the text is UTF-16: expected UTF-8 (iconv -f UTF-16BE -t UTF-8 makes it)"
    printf '[]\n' | says "(a JSON array? one object a line is expected: jq -c '.[]' makes them)"
    printf '[2024-05-01T12:00:00Z] "GET /x HTTP/1.1" 200\n' | says "stdin:1: the header: not valid CSV"
    printf 'x{a="b"} 5\n' | says "stdin:1: the header: not valid CSV"
    [ "$(grep -c "access log\|logfmt" err)" -eq 0 ]
    printf '{"t":1' | gzip -c | says "stdin: the bytes are compressed: expected text (zcat | winagg reads it"
    printf '\375\067zXZ\0' | says "expected text (xz -dc | winagg reads it"
    printf '\050\265\057\375' | says "expected text (zstd -dc | winagg reads it"
    printf '\377\376\0\0' | says "stdin: the text is UTF-32: expected UTF-8 (iconv -f UTF-32 -t UTF-8 makes it)"
    printf '\377\376{\0' | says "stdin: the text is UTF-16: expected UTF-8 (iconv -f UTF-16 -t UTF-8 makes it)"
    printf 'h - - [01/May/2024:12:00:10 +0000] "GET / HTTP/1.1" 200 5\n' | says "(an access log? -i combined reads it)"
    printf 'time=2024-05-01T12:00:00Z level=info\n' | says "(logfmt? -i logfmt reads it)"
    printf 'sep=;\nt;v\n1;2\n' | says "(the line sep= is for Excel: tail -n +2 skips it"
    printf 'sep=,\nt,v\n1,2\n' | says "(the line sep= is for Excel: tail -n +2 skips it"
    # Nothing would be read of it, which must not pass in silence.
    printf 't,k\r1,a\r2,b\r' | fails_with 1 "$WINAGG" -t t -w 10s 2>err
    grep -qF "the lines end in CR alone: expected LF or CRLF (tr '\\r' '\\n' makes LF)" err
    printf 't,"a\rb"' | "$WINAGG" -t t -w 10s
    printf 't,k\r\n' | "$WINAGG" -t t -w 10s
}

@test "an unclosed quote is named with the lines and bytes that it swallows" {
    printf 't,k\n1,"a\nb\n2,c\n' | says "stdin:2: not valid CSV: field 2 has no closing quote (the record goes on to line 4, 11 bytes)"
    printf 't,k\n1,"a\nb\n2,c\n' | says "field 2 has no closing quote (the record goes on to line 4, 11 bytes) (--strict ends the run here)" --strict
    printf 't,"k\n1,a\n2,b\n' | says "stdin:1: the header: not valid CSV: field 2 has no closing quote (the record goes on to line 3, 13 bytes)"
}

@test "a comment is no header, and R's way is only one where there is one" {
    printf '#Version: 1.0\n#Fields: t v\n1 2\n' | says "(a comment? --comment '#' skips those, and finds the header of a Zeek or W3C log)"
    printf 't,v\n1,2,3\n' | says "expected 2 fields, found 3 (R would take"
    # Not of a later row, nor where a divider stands behind each field.
    printf 't,v\n1,2\n1,2,3\n' | says "stdin:3: expected 2 fields, found 3"
    [ "$(grep -c 'R would' err)" -eq 0 ]
    printf 't,v\n1,2,\n' | says "stdin:2: expected 2 fields, found 3"
    [ "$(grep -c 'R would' err)" -eq 0 ]
    printf '#Fields: t v w\n1 2 3\n' | says "found 1 (blanks divide them? -i tsv --delimiter ' ' reads it)" --comment '#'
    printf 't,v\n1\t2\n' | says "stdin:2: expected 2 fields, found 1"
    [ "$(grep -c 'divide' err)" -eq 0 ]
    same "$(printf '#Fields: t v w\n1\t2\t3,4\n' | "$WINAGG" -t t -w 10s --comment '#' -a last:w -o csv | tail -n 1)" \
        '1970-01-01T00:00:00Z,1970-01-01T00:00:10Z,"3,4"'
    printf '1,2,3\n' | says "expected 2 fields, found 3" --columns t,v -i csv
    [ "$(grep -c 'R would' err)" -eq 0 ]
    printf '1,2\n1,2,3\n' | "$WINAGG" -t 1 -w 10s --no-header -i csv 2>err
    grep -q "stdin:2: expected 2 fields, found 3$" err
}

@test "a line that begins with a bracket is not always an array" {
    printf '[Wed Oct 11 14:32:52 2023] [core:error] [pid 7] no such file\n' | says "has no column 't'"
    [ "$(grep -c 'JSON array' err)" -eq 0 ]
    printf '[\n{"t":1},\n' | says "a JSON array?" -i csv
    printf '[{"t":1},\n' | says "a JSON array?" -i json
}

@test "a dot in the name of the time, semicolons, decimal commas" {
    printf '{"user.name":1}\n' | "$WINAGG" -t user.name -w 10s 2>err || true
    grep -qF "field 'user.name' is missing; the fields are: user.name; did you mean 'user\\.name'?" err
    printf 't;v\n1;2\n' | says "its columns are: t;v (--delimiter ';' divides them)"
    printf 't;v\n1;21,5\n' | says "field 'v': expected a number, found \"21,5\" (a decimal comma? a point is expected)" -i csv --delimiter ';' -a sum:v
    printf 't;v\n1;1,234,5\n' | says "found \"1,234,5\"" -i csv --delimiter ';' -a sum:v
    [ "$(grep -c 'decimal' err)" -eq 0 ]
    printf 't;v\n1;1,234\n' | says "(a comma between thousands, or a decimal one?" -i csv --delimiter ';' -a sum:v
}

@test "names that are nearly right" {
    printf ' T,v\n1,2\n' | says "has no column 't'; its columns are:  T, v; did you mean ' T'?"
    printf '{"Records":[{"t":1},{"t":2}]}\n' | says "the fields are: Records (records in a list? jq -c '.Records[]' makes lines of them)"
    printf '{"a":[{"ts":1}],"b":[1],"c":[],"d d":[{"t":1}],"e":{"t":1}}\n' | says "the fields are: a, b, c, d d, e"
    [ "$(grep -c jq err)" -eq 0 ]
    printf '{"a":1,"ts":2}\n' | says "stdin:1: no time: field 't' is missing; the fields are: a, ts"
    printf '{"t":1,"service.name":"x","h":{"status":3}}\n' >in
    says "field 'service.name' was in no record; did you mean 'service\\.name'?" -k service.name in
    says "field 'h.statsu' was in no record; did you mean 'h.status'?" --where 'h.statsu = 3' in
    says "field 'zzz' was in no record" -a sum:zzz,max:zzz in
    [ "$(wc -l <err)" -eq 1 ]
    printf 't=1 status=3\n' | says "field 'statsu' was in no record; did you mean 'status'?" -i logfmt -k statsu
    printf 'time=1 "x=2 x.y=3\n' | says "stdin:1: no time: field 't' has no value, or is missing; the fields are: time, \\\"x, x.y" -i logfmt
    # What stands in a record that is bad for another reason is not said to be nowhere.
    printf '{"t":1}\n{"t":"x", "k" : 5}\n' | says "stdin:2: field 't'" -k k
    printf 't=1\nt=x k=5\n' | says "stdin:2: field 't'" -i logfmt -k k
    [ "$(grep -c 'in no record' err)" -eq 0 ]
    # One that stands in a bad record is in none that counts, be that read with good ones or not.
    printf '{"t":1}\n["x"]\n' | says "field 'x' was in no record" -k x
    { printf '{"t":1}\n'; sleep 0.1; printf '["x"]\n'; } | says "field 'x' was in no record" -k x
    # Its name elsewhere is none of it: in another object, as a value, as the end of another name.
    printf '{"t":1,"x":{"status":1}}\n' | says "field 'status' was in no record; did you mean 'x.status'?" -k status
    printf '{"t":1,"y":"status"}\n' | says "field 'status' was in no record" -k status
    printf '{"t":1,"a":{"c":1},"x":{"b":1}}\n' | says "field 'a.b' was in no record; did you mean 'a.c'?" -k a.b
    printf '{"t":1,"a":[1,2,3]}\n' | says "field 'a.3' was in no record" -k a.3
    printf 't=1 task=3\n' | says "field 'k' was in no record" -i logfmt -k k
    # A value that makes its record bad is there, whatever the read size; so is what is as good as null.
    printf '{"t":25}\n{"t":1,"v":"x"}\n' | says "stdin:2: field 'v': expected a number" -a sum:v
    [ "$(wc -l <err)" -eq 1 ]
    { printf '{"t":25}\n'; sleep 0.1; printf '{"t":1,"v":"x"}\n'; } | says "stdin:2: field 'v': expected a number" -a sum:v
    [ "$(wc -l <err)" -eq 1 ]
    for record in '{"t":1,"\u006b":null}' '{"t":1,"k":null}' '{"t":1,"k":" "}' '{"t":1,"k":"-"}' '{"t":1,"k":{}}'; do
        for use in "-k k" "-a count:k" "-a sum:k" "--where k=1" "-a count:k,sum:k,first:k"; do
            for n in 1 100; do
                # shellcheck disable=SC2086 # several words
                yes "$record" | head -n $n | "$WINAGG" -t t -w 10s --null - $use 2>err || true
                [ "$(grep -c 'in no record' err)" -eq 0 ]
            done
        done
    done
    printf 't=1 k=\n' | "$WINAGG" -t t -w 10s -i logfmt -a sum:k 2>err
    [ ! -s err ]
    # One record that has it is enough, and null is not missing.
    yes '{"t":1,"a":2}' | head -n 30000 >in
    printf '{"t":1,"k":null}\n' >>in
    "$WINAGG" -t t -w 10s -k k in 2>err
    [ ! -s err ]
    : | "$WINAGG" -t t -w 10s -k k 2>err
    [ ! -s err ]
}

@test "a record over several lines says where it ends" {
    printf 't,v\n1,a\n2,"b\n3,c\n4,d\n' | says 'stdin:3: not valid CSV: field 2 has no closing quote (the record goes on to line 5, 13 bytes)'
}

@test "a time gets the pattern that reads it" {
    local text pattern
    while IFS='|' read -r text pattern; do
        printf '{"t":"%s"}\n' "$text" | says "this reads it: --time-format '$pattern"
    done <<'END'
3/10/2004 18:00|%d/%m/%Y %H:%M', or '%m/%d/%Y %H:%M
13/10/2004 18:00:01|%d/%m/%Y %H:%M:%S
10/13/2004|%m/%d/%Y
03.10.2004 18:00|%d.%m.%Y %H:%M
Oct  3 18:00:00|%b %d %H:%M:%S' --year-from DATE
Sun, 03 Oct 2004 18:00:00 +0200|%a, %d %b %Y %H:%M:%S %z
Sun Oct  3 18:00:00 2004|%a %b %d %H:%M:%S %Y
3-Oct-2004 18:00:00|%d-%b-%Y %H:%M:%S
2004-10-03 18:00:00 CEST|%Y-%m-%d %H:%M:%S CEST' --tz ZONE
2004-10-03 18:00:00.123 EST|%Y-%m-%d %H:%M:%S.%f EST' --tz ZONE
03/Oct/2004:18:00:00 CET|%d/%b/%Y:%H:%M:%S CET' --tz ZONE
10/3/2004, 6:00:00 PM|%d/%m/%Y, %I:%M:%S %p', or '%m/%d/%Y, %I:%M:%S %p
Sun Oct  3 18:00:00 UTC 2004|%a %b %d %H:%M:%S UTC %Y
[Sun Oct 03 18:00:00.123456 2004]|[%a %b %d %H:%M:%S.%f %Y]
20041003180000|%Y%m%d%H%M%S
20041003 18:00:00|%Y%m%d %H:%M:%S
2004-10-3 9:05|%Y-%m-%d %H:%M
2004/9/3|%Y/%m/%d
03-Oct-04|%d-%b-%y
Oct 3, 2004|%b %d, %Y
END
    # What is said holds.
    printf '{"t":"3/10/2004 18:00"}\n' | "$WINAGG" -t t -w 1d --time-format '%d/%m/%Y %H:%M' -o csv | grep -q '^2004-10-03'
    printf '{"t":"yesterday"}\n' | says 'field '"'t'"': not a time that auto reads: "yesterday"'
    [ "$(grep -c "reads it" err)" -eq 0 ]
    # strptime would make a date of it: 1714-05-06 04:08.
    printf '{"t":" 1714564800"}\n' | says 'not a time that auto reads: " 1714564800"'
    [ "$(grep -c "reads it" err)" -eq 0 ]
    printf '{"t":"yesterday EST"}\n' | says 'not a time that auto reads: "yesterday EST"'
    [ "$(grep -c "reads it" err)" -eq 0 ]
}

@test "options without effect say so" {
    tv 1 >in
    says "--late-every has no effect without --lateness" --late-every 2 in
    says "--comment has no effect: the input is no CSV or TSV" -i json --comment '#' in
    # Also where the input has to say so; and where one of several has columns they have one.
    local option
    for option in --no-header --columns=t '--delimiter=,' --comment=x --ragged; do
        says "winagg: ${option%%=*} has no effect: the input is no CSV or TSV" "$option" in
        same "$(wc -l <err)" 1
    done
    printf 't\n1\n' >csv
    "$WINAGG" -t t -w 10s --ragged in csv 2>err
    [ ! -s err ]
    "$WINAGG" -t t -w 10s --ragged </dev/null 2>err
    [ ! -s err ]
}

# shellcheck disable=SC2016 # $date is MongoDB's
@test "a date of MongoDB's, and days and months of two digits" {
    printf '{"t":{"$date":"2024-05-01T10:00:00Z"}}\n' | says "found an object (a date of MongoDB's? -t 't.\$date' reads it)"
    printf '{"t":{"$date":{"$numberLong":"1714557600000"}}}\n' >in
    says "(a date of MongoDB's? -t 't.\$date.\$numberLong' reads it)" in
    "$WINAGG" -t 't.$date.$numberLong' -w 1m in | grep -q '"2024-05-01T10:00:00Z"'
    printf '{"t":{"date":1}}\n' | says "expected a time, found an object"
    [ "$(grep -c Mongo err)" -eq 0 ]
    printf '{"t":"1/5/24 12:00"}\n' | says "; this reads it: --time-format '%d/%m/%y %H:%M', or '%m/%d/%y %H:%M', or '%y/%m/%d %H:%M'"
    printf '{"t":"1/15/24 12:00:01"}\n' | says "; this reads it: --time-format '%m/%d/%y %H:%M:%S'"
    printf '{"t":"1/15/24 12:00:01"}\n' | "$WINAGG" -t t -w 1m --time-format '%m/%d/%y %H:%M:%S' |
        grep -q '"2024-01-15T12:00:00Z"'
}

@test "lines of syslog, and what takes their fields" {
    for line in '<34>1 2003-10-11T22:14:15.003Z web,1 su - ID47 - x=1 a "q"' \
        'Oct 11 22:14:15 web,1 su: x=1 a "q"' '<34>Oct  1 22:14:15 web,1 su[17]: x=1 a "q"'; do
        says "(syslog? sed -nE" <<<"$line"
        hint=$(sed -n 's/.*(syslog? \(.*\))$/\1/p' err)
        fields=${hint% makes TSV*}
        options=${hint#*for winagg }
        eval "$fields" <<<"$line" >in.tsv
        eval "\"\$WINAGG\" ${options/DATE/2003-01-01} -w 1h -k host,app -o csv in.tsv" >out
        same "$(sed 's/^2003-10-[0-9T:Z]*,2003-10-[0-9T:Z]*,//' out)" "window_start,window_end,host,app,count
\"web,1\",su,1"
    done
}

@test "what a name holds can't harm a terminal" {
    esc=$'\e]0;title\a\e[31m'
    shown='\x1b]0;title\x07\x1b[31m'
    harmless() {
        # No control character but newlines, none of U+0080 to U+009F, and UTF-8.
        [ "$(tr -d '\n' <"$1" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" -eq 0 ] &&
            ! LC_ALL=C grep -q $'\xc2[\x80-\x9f]' "$1" && iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
    }
    for argument in "-w tumbling:$esc" "no$esc" "-k $esc" "--where a=~($esc" "--$esc" "-a $esc" \
        "--tz $esc" "--state no/$esc in" "--output no/$esc in" "--late no/$esc in" "--time-format %$esc" \
        "--merge in$esc" "--output-time $esc" "-i $esc" "--inspect in$esc" "--help $esc"; do
        # shellcheck disable=SC2086
        echo '{"t":1}' | "$WINAGG" -t t -w 1m $argument >out 2>err || true
        harmless err
        [ -s err ]
    done
    printf '{"t":1}\n{"t":[]}\n' >"in$esc"
    says "winagg: in$shown:2: field 't': expected a time, found an array" "in$esc"
    printf '{"x":1}\n' | says "no time: field '\x1b' is missing" -t $'\e'
    says "l\xe9\x9bé: can't open it" $'l\xe9\xc2\x9bé'
    "$WINAGG" -t t -w 1m --explain "in$esc" >out
    harmless out
    printf 's,t\n%s,1\n\xc2\x9b,2\n' "$esc" | "$WINAGG" -t t --advise --source s >out
    harmless out
    grep -qF 'source \x1B]0;title\x07\x1B[31m: 1' out
}
