#!/usr/bin/env bats
# README.md and the man pages: their examples run, and they name what there is, and nothing else.

root=$BATS_TEST_DIRNAME/..
WINAGG=${WINAGG:-$root/build/release/winagg}
export WINAGG

# A page as it is read: plain_man [PAGE]
plain_man() {
    mandoc -T ascii "$root/man/${1:-winagg.1}" | sed 's/.\x08//g' | expand
}

# Sorted words, one a line, must be the same and not none.
same_words() {
    [ -n "$1" ]
    diff <(sort -u <<<"$1") <(sort -u <<<"$2")
}

options_of_help() {
    "$WINAGG" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p'
}

functions_of_help() {
    "$WINAGG" --help | sed -n '/^Functions:/,$p' | sed 's/^Functions://' | tr -s ' ' '\n' | grep .
}

@test "the examples of README.md print what it says" {
    "$root/tests/docs_examples.py" run "$root/README.md"
}

@test "the recipes of README.md are valid command lines" {
    "$root/tests/docs_examples.py" parse "$root/README.md"
}

@test "the examples of the man page print what it says" {
    "$root/tests/docs_examples.py" run "$root/man/winagg.1"
}

@test "the recipe of the man page is a valid command line" {
    "$root/tests/docs_examples.py" parse "$root/man/winagg.1"
}

@test "the examples of the tutorial print what it says" {
    "$root/tests/docs_examples.py" run "$root/man/winagg-tutorial.7"
}

@test "the recipes of the tutorial are valid command lines" {
    "$root/tests/docs_examples.py" parse "$root/man/winagg-tutorial.7"
}

@test "systemd accepts the service of the tutorial" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze here: the unit is not verified"
    unit=$BATS_TEST_TMPDIR/winagg-access.service
    plain_man winagg-tutorial.7 | sed -n '/^ *\[Unit\]/,/^ *WantedBy/s/^ *//p' |
        sed "s|/usr/local/bin/winagg|$(realpath "$WINAGG")|" >"$unit"
    grep -qxF '[Install]' "$unit"
    # What it does not know it only warns of.
    run systemd-analyze verify --man=no "$unit"
    echo "$output"
    [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "the tutorial says for every option what it is called elsewhere, and names no other" {
    words=$(plain_man winagg-tutorial.7 | sed -n '/^WORDS/,/^SEE ALSO/p' | grep -oE -- '(^| |\()--?[a-z-]+' | tr -d ' (')
    [ -n "$words" ]
    "$WINAGG" --help | sed -nE 's/^ +((-.), )?(--[a-z-]+).*/\3 \2/p' >"$BATS_TEST_TMPDIR/options"
    while read -r long short; do
        grep -qxF -e "$long" -e "${short:-$long}" <<<"$words" || { echo "WORDS OF OTHER SYSTEMS: $long is missing" && false; }
    done <"$BATS_TEST_TMPDIR/options"
    mentioned=$(sed -nE '/^\.(It |Pq |Po )?Fl /s/ -/\n--/gp' "$root/man/winagg-tutorial.7" | grep -oE '^--[a-z][a-z-]+')
    diff /dev/null <(comm -23 <(sort -u <<<"$mentioned") <(options_of_help | sort -u))
}

@test "the man page has every option, and no other" {
    documented=$(plain_man | sed -n '/^OPTIONS/,/^EVENT TIMES/p' |
        sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p')
    same_words "$documented" "$(options_of_help)"
    mentioned=$(plain_man | grep -oE -- '--[a-z][a-z-]+' | grep -v -x -- --name)
    [ -z "$(comm -23 <(sort -u <<<"$mentioned") <(options_of_help | sort -u))" ]
}

@test "the short options of the man page are those of --help" {
    same_words "$(plain_man | sed -n '/^OPTIONS/,/^EVENT TIMES/p' | grep -oE '^ +-., --[a-z-]+' | tr -s ' ')" \
        "$("$WINAGG" --help | grep -oE '^ +-., --[a-z-]+' | tr -s ' ')"
}

@test "--help and the man page name the same functions" {
    same_words "$(sed -n '/^\.Sh AGGREGATES/,/^\.Sh INPUT/s/^\.It Cm //p' "$root/man/winagg.1")" \
        "$(functions_of_help)"
}

@test "every function of --help runs" {
    for name in $(functions_of_help); do
        case $name in
            count) field= ;;
            topk) field=:v:3 ;;
            share) field='[v=5]' ;;
            *) field=:v ;;
        esac
        # Two equal values: each function has a result, var and stddev that of 0.
        printf '{"t":%s,"v":5}\n' 1 2 | "$WINAGG" -t t -w 1m -a "x=${name/NN/95}$field" | grep -q '"x":.*[0-9]'
    done
}

@test "the man page names the topics of --help" {
    same_words "$(sed -n '/^\.It Fl h , Fl -help/,/^\.It Fl V/s/^\.Cm //p' "$root/man/winagg.1" | tr ' ' '\n' | grep '[a-z]')" \
        "$("$WINAGG" --help | sed -n 's/^Topics of --help: //p' | tr ' ' '\n')"
}

@test "--help TOPIC has the words of the man page" {
    run "$root/tests/help_topics.py" "$root/man/winagg.1"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "README.md names only options that there are" {
    mentioned=$(grep -oE -- '(^|[ `(])--[a-z][a-z-]+' "$root/README.md" | grep -oE -- '--.*')
    [ -n "$mentioned" ]
    diff /dev/null <(comm -23 <(sort -u <<<"$mentioned") <(options_of_help | sort -u))
}

@test "the man pages are well-formed" {
    run mandoc -T lint -W warning "$root"/man/*.[1-9]
    echo "$output"
    [ "$status" -eq 0 ]
}
