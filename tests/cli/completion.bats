#!/usr/bin/env bats
# Completions: what winagg --complete offers, and that bash, zsh and fish put it onto the line.

load helper

root=$BATS_TEST_DIRNAME/../..

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    mkdir bin
    ln -s "$WINAGG" bin/winagg
    PATH=$PWD/bin:$PATH
    # A space, a semicolon, a colon, quotes, and what a shell must not run.
    # shellcheck disable=SC2016
    printf '%s\n' 'ts,host,two words,a;b,pl:us,"say ""x"" y",it'\''s,$(touch run),user.name' 1,2,3,4,5,6,7,8,9 >t.csv
}

# The words offered at the cursor, without what they are: at 2 -k ho
at() {
    "$WINAGG" --complete "$@" | cut -f 1
}

same_set() {
    same "$(sort <<<"$1")" "$(tr ' ' '\n' <<<"$2" | sort)"
}

@test "every option of --help is offered, with what it is" {
    options=$("$WINAGG" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p')
    same_set "$(at 1 -- | grep -v '=$')" "$(xargs <<<"$options")"
    letters=$("$WINAGG" --help | sed -nE 's/^ +(-.), .*/\1/p')
    same_set "$(at 1 - | grep -x -- '-.')" "$(xargs <<<"$letters")"
    same "$("$WINAGG" --complete 1 --resu)" $'--resume\ta pipe: skip what was read, or continue'
    same "$(at 1 --row-id)" $'--row-id\n--row-id='
}

@test "the words that an option takes" {
    same_set "$(at 2 -m '')" "accumulate discard retract"
    same_set "$(at 2 -i '')" "auto json csv tsv combined logfmt"
    same_set "$(at 2 --output-format '')" "json csv tsv table chart sql:"
    same_set "$(at 2 --at-eof '')" "flush keep"
    same_set "$(at 2 --resume '')" "skip continue"
    same_set "$(at 2 --verify '')" "quick full"
    same_set "$(at 2 --output-time '')" "rfc3339 s ms us ns local"
    same_set "$(at 2 --time-format '')" "auto s ms us ns"
    same_set "$(at 2 -d '')" "all"
    same_set "$(at 2 -w '')" "all tumbling: sliding: cumulate: session: tumbling:day tumbling:week tumbling:month tumbling:quarter tumbling:year"
    same_set "$(at 2 --help '')" "$("$WINAGG" --help | sed -n 's/^Topics of --help: //p')"
    same "$(at 1 --row-id=)" --row-id=window
    same "$(at 1 --explain=d)" --explain=duckdb
    same "$(at 1 --explain=f)" --explain=flink-sql
    same "$(at 1 --mode=ret)" --mode=retract
    same "$(at 1 -mret)" -mretract
    at 2 --tz Europe/ | grep -qx Europe/Berlin
    at 2 --tz U | grep -qx UTC
    [ -z "$(at 2 --tz right/)" ]
    # A row id's word never stands apart, and a number is nobody's to guess.
    same "$("$WINAGG" --complete 2 --row-id w)" $'\t0'
    [ -z "$("$WINAGG" --complete 2 --sources '')" ]
}

@test "every function, with a colon where a FIELD must follow" {
    for name in $("$WINAGG" --help | sed -n '/^Functions:/,$p' | sed 's/^Functions://'); do
        at 2 -a '' | grep -qE "^${name/NN/95}[:[]?$"
    done
    same "$(at 2 -a count,errors=sh)" 'count,errors=share['
    same "$(at 2 -a mea)" mean:
    same "$(at 2 -a x=cou)" x=count
}

@test "files are the shell's, behind so much of the word" {
    same "$("$WINAGG" --complete 1 acc)" $'\t0'
    same "$("$WINAGG" --complete 2 --late acc)" $'\t0'
    same "$("$WINAGG" --complete 1 --late=acc)" $'\t7'
    same "$("$WINAGG" --complete 1 -sx)" $'\t2'
    same "$("$WINAGG" --complete 2 -- -acc)" $'\t0'
    same "$("$WINAGG" --complete 2 -m retract)" $'retract\t'
    same "$("$WINAGG" --complete 3 -m retract '')" $'\t0'
}

@test "FIELDs are those of the FILE on the line, whatever its format" {
    printf '%s\n' '{"ts":1,"user":{"name":"a","x.y":1,"tags":[1]},"s":"t"}' '{"later":2}' '{"torn' >t.json
    same_set "$(at 2 -k '' t.json)" 'ts user.name user.x\.y s later'
    same "$(at 3 t.json -k user.n)" user.name
    same "$(at 2 -t 'ts,la' t.json)" ts,later
    same "$(at 3 t.csv -k 'ts,h=ho')" 'ts,h=host'
    same_set "$(at 3 t.csv --source 'p')" 'pl\:us'
    same "$(at 3 t.csv -a mean:us)" mean:user.name
    printf 'a\tb\tc d\n1\t2\t3\n' >t.tsv
    same "$(at 2 -k '' t.tsv)" $'a\nb\nc d'
    printf 'a;b\n1;2\n' >semicolon.csv
    same "$(at 4 --delimiter ';' -k '' semicolon.csv)" $'a\nb'
    same "$(at 2 -k '' semicolon.csv --delimiter=';')" $'a\nb'
    same "$(at 4 --columns x,y -k '' semicolon.csv)" $'x\ny'
    same "$(at 5 --no-header --delimiter ';' -k '' semicolon.csv)" $'1\n2'
    printf '#x\n#fields\tid.orig\tuid\n1\t2\n' >zeek.log
    same "$(at 6 -i tsv --comment '#' -k '' zeek.log)" $'id.orig\nuid'
    printf 'ts=1 level="a b" flag\nother=2' >t.logfmt
    same "$(at 4 -i logfmt -k '' t.logfmt)" $'ts\nlevel\nflag\nother'
    same_set "$(at 4 -i combined -k '' "$BATS_TEST_DIRNAME/../data/access.log")" \
        "host ident user time request method path protocol status bytes referer agent"
    gzip -k t.json
    same "$(at 2 -k us t.json.gz)" $'user.name\nuser.x\\.y'
}

@test "a condition offers FIELDs where one may stand" {
    same "$(at 3 t.csv --where ho)" host
    same "$(at 3 t.csv --where 'ts = 1 and not (ho')" 'ts = 1 and not (host'
    same "$(at 3 t.csv --where 'two')" ''
    same "$(at 3 t.csv --where '"tw')" '"two words"'
    same "$(at 3 t.csv --where 'host = t')" ''
    same "$(at 3 t.csv --where 'host ')" ''
    same "$(at 3 t.csv -a 'count,e=share[ts = 1 or ho')" 'count,e=share[ts = 1 or host'
    same "$(at 3 t.csv -a 'count[ts > 1],sum:ts[hos')" 'count[ts > 1],sum:ts[host'
}

@test "what is no regular file is not looked into" {
    mkfifo pipe
    mkdir directory
    : >empty
    head -c 100000 /dev/urandom >noise
    head -c 3000000 /dev/zero | tr '\0' a >line
    printf 'a\033[31m,b\n' >control.csv
    gzip -c t.csv | head -c 20 >cut.gz
    chmod +x t.csv
    for file in pipe directory empty missing /dev/zero /dev/tty /proc/self/status cut.gz line -; do
        [ -z "$(timeout 20 "$WINAGG" --complete 2 -k '' "$file")" ]
    done
    timeout 20 "$WINAGG" --complete 2 -k '' noise >/dev/null
    same "$(at 2 -k '' control.csv)" b
    same "$(at 2 -k ho pipe t.csv)" host
    # Nor is anything said of what can't be completed.
    for words in "" 0 1 "2 a" "x -" "-1 -" "1" "3 -t"; do
        # Words are meant to be split here.
        # shellcheck disable=SC2086
        run "$WINAGG" --complete $words
        [ "$status" -eq 0 ]
        [ -z "$output" ]
    done
}

@test "an option of this name is none elsewhere" {
    fails_with 2 "$WINAGG" -t ts --complete 2>err
    grep -q "unknown option '--complete'" err
}

# in_shell SHELL FILE, lines before and after a TAB on stdin, by turns
in_shell() {
    local line after=() typed=()
    while IFS= read -r line; do
        typed+=("$line")
        IFS= read -r line
        after+=("$line")
    done
    status=0
    got=$("$root/tests/complete_in.py" "$1" "$root/src/completions/$2" "${typed[@]}") || status=$?
    [ "$status" -ne 77 ] || skip "there are no pseudo-terminals here"
    [ "$status" -eq 0 ]
    same "$got" "$(printf '%s\n' "${after[@]}")"
    [ ! -e run ]
}

# What bash and zsh make alike of a line. A word that is whole has a blank behind it.
lines_for_both() {
    sed 's/~$/ /' <<'END'
winagg --resu
winagg --resume~
./bin/winagg --resu
./bin/winagg --resume~
X=1 winagg --mode=r
X=1 winagg --mode=retract~
cat t.csv | winagg -m acc
cat t.csv | winagg -m accumulate~
winagg -w tumbling:mo
winagg -w tumbling:month~
winagg -w sess
winagg -w session:
winagg -o sq
winagg -o sql:
winagg t.csv -k ho
winagg t.csv -k host~
winagg t.csv -k ts,ho
winagg t.csv -k ts,host~
winagg t.csv -k tw
winagg t.csv -k two\ words~
winagg t.csv -k "tw
winagg t.csv -k "two words"~
winagg t.csv -k 'tw
winagg t.csv -k 'two words'~
winagg t.csv -k pl
winagg t.csv -k pl\\:us~
winagg t.csv -k a\
winagg t.csv -k a\;b~
winagg t.csv -k i
winagg t.csv -k it\'s~
winagg t.csv -k sa
winagg t.csv -k say\ \"x\"\ y~
winagg t.csv -k "sa
winagg t.csv -k "say \"x\" y"~
winagg t.csv -k "\$
winagg t.csv -k "\$(touch run)"~
winagg t.csv -a x=sum:us
winagg t.csv -a x=sum:user.name~
winagg t.csv -a 'e=share[ho
winagg t.csv -a 'e=share[host'~
winagg t.csv --where "ts >= 500 and ho
winagg t.csv --where "ts >= 500 and host"~
winagg t.c
winagg t.csv~
winagg --late t.c
winagg --late t.csv~
winagg --late=t.c
winagg --late=t.csv~
winagg --tz Europe/Berl
winagg --tz Europe/Berlin~
winagg -a count,approx_d
winagg -a count,approx_distinct:
winagg --help rest
winagg --help restart~
./none/winagg --resu
./none/winagg --resu
END
}

@test "bash" {
    { lines_for_both; printf '%s\n' 'winagg -k ho^ t.csv' 'winagg -k host t.csv'; } |
        in_shell bash winagg.bash
}

@test "zsh" {
    lines_for_both | in_shell zsh _winagg
}

# What fish offers at the end of a line, without what it is.
fish_at() {
    fish --no-config -c "source $root/src/completions/winagg.fish; complete -C \$argv[1]" "$1" | cut -f 1
}

@test "fish" {
    same "$(fish --no-config -c "source $root/src/completions/winagg.fish; complete -C 'winagg --resu'")" \
        $'--resume\ta pipe: skip what was read, or continue'
    same "$(fish_at './bin/winagg --mode=r')" --mode=retract
    same "$(fish_at 'winagg -w tumbling:mo')" tumbling:month
    same "$(fish_at 'winagg t.csv -k ts,ho')" ts,host
    same "$(fish_at 'winagg t.csv -k "tw')" "two words"
    same "$(fish_at 'winagg t.csv -k two\ ')" "two words"
    same "$(fish_at 'winagg t.csv -k p')" 'pl\:us'
    same "$(fish_at 'winagg t.csv -a x=sum:us')" x=sum:user.name
    same "$(fish_at 'winagg t.csv --where "ts >= 500 and ho')" "ts >= 500 and host"
    same "$(fish_at 'winagg t.c')" t.csv
    same "$(fish_at 'winagg --late t.c')" t.csv
    same "$(fish_at 'winagg --late=t.c')" --late=t.csv
    fish_at 'winagg --late ' | grep -qx t.csv
    fish_at 'winagg ' | grep -qx t.csv
    [ -z "$(fish_at './none/winagg --resu' 2>&1)" ]
    [ ! -e run ]
}
