#!/usr/bin/env bats
# Several FILEs: sources that are read side by side, by their clocks.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    # What the order of reading and W should be, from the words of the contract.
    cat >merge.py <<'END'
import json, sys
delay, files = int(sys.argv[1]), [open(name).read().splitlines() for name in sys.argv[2:]]
clocks, ended = [None] * len(files), [False] * len(files)
out = open("merged", "w")
while not all(ended):
    i = min((i for i in range(len(files)) if not ended[i]),
            key=lambda i: (clocks[i] is not None, clocks[i] or 0, i))
    if not files[i]:
        ended[i] = True
        continue
    record = files[i].pop(0)
    print(record, file=out)
    t = json.loads(record)["t"]
    clocks[i] = t if clocks[i] is None else max(clocks[i], t)
END
}

random_files() {
    awk -v n="$1" -v lines="$2" 'BEGIN { srand(n + lines); for (f = 0; f < n; f++) { t = int(rand() * 50); for (i = 0; i < lines * (1 + f % 3); i++) {
        t += int(rand() * 4); printf "{\"t\":%d,\"v\":\"%d-%d\"}\n", t - (rand() < 0.2 ? int(rand() * 20) : 0), f, i >("f" f) } } }'
}

@test "the next record is of the FILE whose clock is lowest" {
    random_files 5 100
    python3 merge.py 0 f0 f1 f2 f3 f4
    # Ties of first and last follow arrival, so they show the order in which records were read.
    w -w 10s -d all -a count,first:v,last:v f0 f1 f2 f3 f4 >rows
    w -w 10s -d all -a count,first:v,last:v merged >expected
    cmp rows expected
    w -w 1s -d all -a count,first:v,last:v f4 f1 f0 >rows
    python3 merge.py 0 f4 f1 f0
    w -w 1s -d all -a count,first:v,last:v merged >expected
    cmp rows expected
}

@test "W is the minimum over the FILEs that have not ended" {
    tv 100 200 >a
    tv 1 2 15 3 30 >b
    same "$(w -w 10s --late late a b 2>err)" "window_start,window_end,count
0,10,2
10,20,1
30,40,1
100,110,1
200,210,1"
    same "$(cat late)" '{"t":3}'
    : >empty
    echo garbage >bad
    same "$(w -w 10s -i json empty bad a b 2>err | wc -l)" 6
    grep -q '^winagg: bad:1: ' err
}

@test "read sizes and threads do not show; the order of FILEs neither, but for ties" {
    random_files 7 2000
    w -w 10s -d 20s -j 1 f? >one
    for j in 2 3 8; do
        w -w 10s -d 20s -j "$j" f? >many
        cmp one many
    done
    w -w 10s -d 20s f6 f5 f4 f3 f2 f1 f0 >swapped
    cmp one swapped
}

@test "each FILE has its format, its header, its packing; FIFOs are waited for by clock" {
    printf 't,v\n1,10\n12,1\n' >a.csv
    printf 'v\tt\n20\t2\n5\t11\n' >b.tsv
    tv 3:1 14:1 | gzip -c >c.gz
    mkfifo pipe
    tv 4:1 13:1 >pipe &
    same "$(w -w 10s -a sum:v a.csv b.tsv c.gz pipe)" "window_start,window_end,sum_v
0,10,32
10,20,8"
    same "$(tv 5:1 | w -w 10s -a sum:v a.csv - | tail -n 2)" "0,10,11
10,20,1"
}

@test "all are opened, and headers checked, before the first row" {
    tv 1 12 35 >a
    fails_with 1 w -w 10s a nosuch >out 2>err
    [ ! -s out ]
    grep -q nosuch err
    printf 't\n1\n12\n' >a.csv
    printf 'x\n1\n' >b.csv
    fails_with 2 w -w 10s -i csv a.csv b.csv >out 2>err
    [ ! -s out ]
    grep -q "b.csv has no column 't'" err
    printf 't,v\n1,2\n' >c.csv
    fails_with 1 w -w 10s -i csv --bad bad a.csv c.csv >out 2>err
    grep -q 'a.csv and c.csv have different headers' err
    w -w 10s -i csv a.csv c.csv >out
}

@test "killed at any record, a restart leaves the same bytes" {
    random_files 4 300
    local options=(-t t --time-format s --output-time s -o csv -w 10s -d 5s -l 10s -a 'count,first:v,last:v' --late late)
    "$WINAGG" "${options[@]}" f0 f1 f2 f3 >whole
    mv late late_whole
    for i in 1 2 3 4 5 6; do
        "$WINAGG" "${options[@]}" --state s --checkpoint $((30 + i)) --output rows f0 f1 f2 f3 &
        pid=$!
        for _ in $(seq $((i * 3))); do [ -s s ] && break; sleep 0.01; done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    "$WINAGG" "${options[@]}" --state s --checkpoint 7 --output rows f0 f1 f2 f3
    cmp rows whole
    cmp late late_whole
}

@test "--at-eof keep: the run stops where the next record would have to come from a FILE at its end" {
    random_files 3 40
    local options=(-t t --time-format s --output-time s -o csv -w 10s -d 25s -a 'count,first:v')
    "$WINAGG" "${options[@]}" f0 f1 f2 >whole
    for part in 10 17 33 500; do
        for f in f0 f1 f2; do head -n $((part + ${#f})) "$f" >"p$f"; done
        "$WINAGG" "${options[@]}" --state s --at-eof keep --output rows pf0 pf1 pf2
    done
    "$WINAGG" --inspect s | jq -e '.inputs | length == 3' >one
    "$WINAGG" "${options[@]}" --state s --output rows pf0 pf1 pf2
    cmp rows whole
}

@test "a restart knows FILEs by content: others, fewer, another order are refused, new ones begin" {
    tv 1 12 >a
    tv 3 25 >b
    w -w 10s -s st --at-eof keep --output rows a b
    fails_with 1 w -w 10s -s st --at-eof keep --output rows b a 2>err
    fails_with 1 w -w 10s -s st --at-eof keep --output rows a 2>err
    grep -q 'snapshot of a run over 2 FILEs: expected all of them, found 1' err
    tv 14 26 >c
    cp a moved
    w -w 10s -s st --output rows moved c b
    same "$(cat rows)" "window_start,window_end,count
0,10,2
10,20,2
20,30,2"
}

@test "a run over one FILE goes on over several, with its clock" {
    tv 3 14 26 33 >b
    for more in "" "--max-jump 1h" "--idle-timeout 1h" "-d 2s"; do
        rm -f st rows
        tv 1 18 >a
        # shellcheck disable=SC2086 # words
        w -w 10s $more -s st --at-eof keep --output rows a
        # b is read until its clock is above that of a, which has no more.
        # shellcheck disable=SC2086 # words
        w -w 10s $more -s st --at-eof keep --output rows b a 2>err
        same "$("$WINAGG" --inspect st | jq -c '[.records, .inputs[].line, .watermark]')" \
            "[5,4,3,$([ "$more" = "-d 2s" ] && echo '"1970-01-01T00:00:16Z"' || echo '"1970-01-01T00:00:18Z"')]"
        tv 19 40 >>a
        # shellcheck disable=SC2086 # words
        w -w 10s $more -s st --output rows b a 2>err
        same "$(grep '^10,' rows)" 10,20,3
    done
}

@test "after a restart W follows the lowest FILE at once, whichever that is" {
    tv 1 50 >a
    tv 2 12 >b
    w -w 10s --state s --at-eof keep --output rows a b
    tv 25 14 60 >>b
    w -w 10s --state s --output rows --stats a b 2>err
    same "$(counter err too_late)" 1
    w -w 10s a b 2>/dev/null | cmp rows -
}
