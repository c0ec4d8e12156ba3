#!/usr/bin/env bats
# --partial and --merge: shards, and what they give together.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "${pids:-}" ] || kill -KILL $pids 2>/dev/null || true
}

partial() {
    "$WINAGG" -t t --time-format s --partial "$@"
}

merged() {
    "$WINAGG" --merge --output-time s -o csv "$@"
}

@test "keys of more digits than a row prints stay apart" {
    printf '{"t":1,"k":%s}\n' 123456789012345678901234567890123456789.5 123456789012345678901234567890123456789.25 \
        1e-4000 0 -12345678901234567890123456789012345678901e-400 >in
    "$WINAGG" -t t -w 10s -k k in >whole
    "$WINAGG" -t t -w 10s -k k --partial in | "$WINAGG" --merge | cmp - whole
    same "$(wc -l <whole)" 5
}

@test "a FIFO that nobody writes to is given up at once" {
    mkfifo fifo
    "$WINAGG" --merge fifo 2>err 3>&- &
    pid=$!
    sleep 0.3
    kill -TERM "$pid"
    local i
    for ((i = 0; i < 50; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    fails_with 1 kill -KILL "$pid" 2>/dev/null
}

@test "lines are JSON: a header, deltas, watermarks, a last line that counts them" {
    tv 1:2 12:3 | partial -w 10s -a count,sum:v >p
    same "$(jq -c 'keys_unsorted' p | uniq -c | awk '{ print $1, $2 }' | paste -sd' ')" \
        '1 ["s","partial","keys","options"] 1 ["s","watermark"] 1 ["s","w","n","a"] 1 ["s","watermark"] 1 ["s","w","n","a"] 1 ["s","lines","records","hash","clock","max"]'
    same "$(jq -s '.[-1].lines == length' p)" true
    # The same run writes the same bytes, whatever the read sizes.
    tv 1:2 12:3 | "$WINAGG" -t t --time-format s --partial -w 10s -a count,sum:v -j 3 | cmp p -
}

@test "a stream that has said nothing of its time yet holds W back, before 1970 too" {
    tv -95 -50 -20 5 >a
    tv -45 3 >b
    partial -w 10s a >pa
    partial -w 10s b >pb
    same "$(merged pa pb)" "$(sort -t: -k2 -n a b | w -w 10s -d 200s)"
    same "$(merged pb pa)" "$(merged pa pb)"
}

@test "--fill goes up to the last record of all streams, whichever of them ends last" {
    printf '{"t":%s,"k":%s}\n' 1 1 45 2 >a
    printf '{"t":%s,"k":%s}\n' 2 2 >b
    partial -w 10s -k k a >pa
    partial -w 10s -k k b >pb
    cat pa pb >ab
    cat pb pa >ba
    for input in "pa pb" "pb pa" ab ba; do
        # shellcheck disable=SC2086 # several FILEs
        same "$(merged --fill $input)" "$(sort -t: -k2 -n a b | w -w 10s -k k --fill)"
    done
}

@test "a stream alone gives the rows of its run, late panes included" {
    tv 1 2 15 3 26 9 40 >in
    for window in 10s sliding:20s/5s sliding:5s/10s session:4s cumulate:20s/5s tumbling:day all; do
        for more in "" "-m discard" "-m retract"; do
            # shellcheck disable=SC2086
            same "$(partial -w "$window" -l 10s in | merged $more 2>/dev/null)" \
                "$(w -w "$window" -l 10s $more in 2>/dev/null)"
        done
    done
}

@test "sessions that cross shards come out right, before anything ends" {
    tv 1 19 50 >a
    tv 10 100 200 >b
    partial -w session:10s -d 0 a >pa
    partial -w session:10s -d 0 b >pb
    same "$(merged pa pb)" "window_start,window_end,count
1,29,3
50,60,1
100,110,1
200,210,1"
}

@test "pipes are merged live: a row is out when every shard has passed its window" {
    mkfifo a b pa pb
    partial -w 10s <a >pa & pids="$!"
    partial -w 10s <b >pb & pids="$pids $!"
    merged pa pb >rows & pids="$pids $!"
    exec 7>a 8>b
    tv 1 12 >&7
    tv 2 >&8
    tv 23 >&8
    wait_for_line rows 0,10,2
    exec 7>&- 8>&-
    wait
    same "$(cat rows)" "window_start,window_end,count
0,10,2
10,20,1
20,30,1"
}

@test "several streams in one input: W waits for its end, in whatever order the lines stand" {
    tv 1 12 25 | partial -w 10s >pa
    tv 2 3 14 | partial -w 10s >pb
    rows="window_start,window_end,count
0,10,3
10,20,2
20,30,1"
    same "$(cat pa pb | merged)" "$rows"
    cat pa pb >both
    same "$(merged both)" "$rows"
    sort -r both >sorted
    same "$(merged sorted)" "$rows"
    same "$(sort both | merged)" "$rows"
    # One stream whose lines were sorted is no stream in its order, either; nor is one that begins
    # and ends as it should, and whose counts are right.
    same "$(sort -r pa | merged)" "$(tv 1 12 25 | w -w 10s)"
    same "$({ head -n 1 pa; sed '1d;$d' pa | tac; tail -n 1 pa; } | merged)" "$(tv 1 12 25 | w -w 10s)"
    # Shards that begin alike share a name.
    tv 1 | partial -w 10s >one
    same "$(cat one one one | sort | merged)" "window_start,window_end,count
0,10,3"
}

@test "of several pipes one may hold several streams, if it says so before any W" {
    tv 1 12 25 | partial -w 10s >pa
    tv 2 3 14 | partial -w 10s >pb
    tv 4 35 | partial -w 10s >pc
    rows="$(tv 1 12 25 2 3 14 4 35 | w -w 10s --delay all)"
    headers_first() { { head -n 1 pa; head -n 1 pb; tail -n +2 pa; tail -n +2 pb; }; }
    same "$(merged <(headers_first) <(cat pc))" "$rows"
    # Told too late, when a window has fired by what the first one said.
    fails_with 1 merged <(cat pa pb) <(cat pc) >got 2>err
    grep -q "of several pipes each holds one" err
}

@test "a tree of merges is one merge; FILE order decides between equal times" {
    for i in 1 2 3 4; do
        printf '{"t":5,"v":"%s"}\n' "$i" | partial -w 10s -a first:v,last:v >"p$i"
    done
    "$WINAGG" --merge --partial p3 p4 >p34
    "$WINAGG" --merge --partial p1 p2 | cat - p34 >all
    same "$(merged p1 p2 p3 p4)" "window_start,window_end,first_v,last_v
0,10,1,4"
    same "$(merged all)" "$(merged p1 p2 p3 p4)"
    same "$(merged p4 p1 p3 p2)" "window_start,window_end,first_v,last_v
0,10,4,2"
    # Also where what the earlier FILE holds is read later, since its W is ahead.
    tv 5:10 | partial -w 10s -a first:v >ahead
    tv 1 5:20 | partial -w 10s -a first:v >behind
    same "$(merged ahead behind | tail -n 1)" 0,10,10
    same "$(merged behind ahead | tail -n 1)" 0,10,20
}

@test "what shapes results goes with the merge: --final, --top, --fill, --row-id" {
    for i in 1 2 3; do
        tv "$i:$i" "4$i:1" | jq -c '. + {k: (.v | tostring)}' | partial -w 10s -k k -a count,sum:v >"p$i"
    done
    cat p1 p2 p3 | merged --fill --top 2:sum_v --row-id >got
    for i in 1 2 3; do tv "$i:$i" "4$i:1"; done | jq -c '. + {k: (.v | tostring)}' >in
    w -w 10s -k k -a count,sum:v --fill --top 2:sum_v --row-id --delay all in | cmp got -
    cat p1 p2 p3 | merged -m retract -l 5s --final >got
    w -w 10s -k k -a count,sum:v -m retract -l 5s --final --delay all in | cmp got -
}

@test "a torn, a missing, a repeated line ends the run; no further window fires" {
    tv 1 12 25 | partial -w 10s >p
    for broken in "head -n -1 p" "head -c -9 p" "sed 4d p" "sed 4p p" "sed 1d p" "tail -n +5 p" \
        "sed 5s/:1,/:2,/ p" "sed 4s/.$// p"; do
        $broken | fails_with 1 "$WINAGG" --merge --output-time s -o csv >rows 2>err
        [ -s err ]
        same "$(grep -c '^20,' rows)" 0
    done
    sed 4d p | fails_with 1 "$WINAGG" --merge 2>err
    grep -q "is not complete: expected 8 lines of 3 records, found 7 of 3" err
    # An interrupted shard has no last line.
    mkfifo a
    partial -w 10s <a >p & pids=$!
    exec 7>a
    tv 1 12 >&7
    for _ in $(seq 200); do [ "$(wc -l <p)" -ge 4 ] && break; sleep 0.05; done
    kill "$pids"
    wait "$pids" || true
    fails_with 1 "$WINAGG" --merge p 2>err
    grep -q "its last line is missing" err
}

@test "headers that disagree are refused, each option with both values" {
    tv 1 | partial -w 5s >a
    tv 1:1 | partial -w 10s -a sum:v -l 3s >b
    fails_with 1 "$WINAGG" --merge a b 2>err
    grep -qF -- "--window: expected 'tumbling:5s' as in the first stream, found 'tumbling:10s'" err
    grep -qF -- "--agg: expected 'count=count' as in the first stream, found 'sum_v=sum:v'" err
    grep -qF -- "--lateness: expected '' as in the first stream, found '3s'" err
    # How each shard reads its records is its own business.
    printf 'zeit,k\n1,a\n' | "$WINAGG" -t zeit -w 5s -k host=k -i csv --partial >c
    printf '{"t":2,"host":"a"}\n' | partial -w 5s -k host -d 1m >d
    same "$(merged c d)" "window_start,window_end,host,count
0,5,a,2"
}

@test "options on the wrong side are refused by name" {
    for wrong in "--partial -m retract" "--partial --state s" "--partial --fill" "--partial -o csv" \
        "--partial --early 3" "--partial --dedup id" "--partial --late-every 2"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" -t t -w 10s $wrong </dev/null 2>err
        grep -q -- "^winagg: --[a-z-]* \(shapes results\|goes neither\)" err
    done
    for wrong in "-t t" "-w 10s" "-k k" "-a count" "-d 1s" "--where a=1" "-i csv" "--strict" \
        "--early 3" "--dedup id" "--partial -m retract"; do
        # shellcheck disable=SC2086
        fails_with 2 "$WINAGG" --merge $wrong </dev/null 2>err
        grep -q -- "^winagg: --[a-z-]* \(shapes results\|picks records\|goes neither\)" err
    done
    fails_with 1 "$WINAGG" --merge </dev/null 2>err
    echo '{"t":1}' | fails_with 1 "$WINAGG" --merge 2>err
    grep -q "expected partial results" err
}

@test "GNU parallel: pieces of a file, worked on side by side" {
    for i in $(seq 3000); do echo "{\"t\":$((i * 7919 % 5000)),\"k\":$((i % 11)),\"v\":$i.5}"; done >in
    how=(-k k -a "count,sum:v,p90:v,distinct:v,first:v,mode:k,topk:v:2")
    for window in 100s sliding:300s/100s session:9s; do
        parallel --will-cite -k -a in --pipepart --block 9k "'$WINAGG' -t t --time-format s \
            -w $window ${how[*]} --delay all --partial" | merged >got
        w -w "$window" "${how[@]}" --delay all in | cmp got -
        parallel --will-cite -a in --pipepart --block 9k -j 4 "'$WINAGG' -t t --time-format s \
            -w $window ${how[*]} --delay all --partial" | sort | merged >got
        w -w "$window" "${how[@]}" --delay all in | cut -d, -f 1-6,8 | cmp <(cut -d, -f 1-6,8 got) -
    done
}

@test "a shard without records is a stream like any other" {
    partial -w 10s </dev/null >empty
    tv 1 12 | partial -w 10s >p
    same "$(merged empty p)" "$(tv 1 12 | w -w 10s)"
    same "$(merged empty)" "window_start,window_end,count"
}

@test "after a restart a stream that had ended holds W back no more" {
    tv 1 2 | partial -w 10s -l 30s >a
    tv 3 15 26 4 45 | partial -w 10s -l 30s >b
    merged a b >whole
    grep -q "0,10,4,1,late" whole
    mkfifo pipe
    "$WINAGG" --merge --output-time s -o csv --state s --checkpoint 1 --output rows a pipe & pids=$!
    exec 7>pipe
    head -n 4 b >&7
    wait_for_line rows 0,10,3,0,on_time
    for _ in $(seq 200); do
        [ "$("$WINAGG" --inspect s | jq ".inputs[1].line")" -eq 5 ] && break
        sleep 0.05
    done
    kill -KILL "$pids"
    wait "$pids" || true
    exec 7>&-
    cat b >pipe &
    merged --state s --output rows a pipe
    cmp whole rows
}

@test "one pipe, interrupted: what is open fires early, as in other runs" {
    tv 1 3 12 25 | partial -w 10s >pm
    interrupted() { # what comes before the pipe goes quiet, and options
        mkfifo pipe
        "$WINAGG" --merge --stats --output-time s -o csv --panes "${@:2}" <pipe >rows 2>err & pids=$!
        exec 7>pipe
        $1 >&7
        # In the temporary file, where the last line may be torn, or in the run.
        sleep 0.5
        kill -TERM "$pids"
        status=0
        wait "$pids" || status=$?
        exec 7>&-
        rm pipe
        same "$status" 143
    }
    for come in "head -n 7 pm" "cat pm" "head -c -20 pm" "cat pm pm"; do
        interrupted "$come"
        two=$([ "$come" == "cat pm pm" ] && echo 2 || echo 1)
        same "$(cat rows)" "window_start,window_end,count,pane,timing
0,10,$((2 * two)),0,early
10,20,$((1 * two)),0,early
20,30,$((1 * two)),0,early"
        same "$(counter err used) $(counter err watermark)" "$((4 * two)) null"
        grep -qxF "winagg: interrupted: the last 3 rows are of windows that were not complete" err
        same "$(wc -l <err)" 2
    done
    # No end has told the highest time.
    interrupted "head -n 7 pm"
    same "$(counter err max_event_time)" null
    interrupted "cat pm" --final
    same "$(cat rows)" ""
    grep -q "interrupted: 3 open windows are not printed" err
    # A snapshot holds nothing of it: the next run has the pipe from its beginning.
    interrupted "cat pm" --state s
    same "$(cat rows)" ""
    same "$(counter err records)" 0
    same "$(merged --panes --state s <pm)" "$(merged --panes <pm)"
    # Of what has no header nothing can be said, and nothing is wrong.
    for come in true "head -c 20 pm"; do
        interrupted "$come"
        same "$(cat rows err)" ""
    done
}

@test "a killed merge goes on where its snapshot was" {
    seq 1 3 3000 | jq -c '{t: ., k: (. % 7)}' | partial -w 10s -k k -a count,median:t >a
    seq 2 3 3000 | jq -c '{t: ., k: (. % 7)}' | partial -w 10s -k k -a count,median:t >b
    merged a b >whole
    for _ in 1 2 3; do
        timeout -s KILL 0.02 "$WINAGG" --merge --output-time s -o csv --state s --checkpoint 10 \
            --output rows a b || true
    done
    merged --state s --output rows a b
    cmp whole rows
}

@test "a delta that is none of its header's windows and states ends the merge" {
    tv 1:2 12:3 | partial -w 10s -a sum:v,median:v >p
    states() { # CODE: what becomes of the bytes b
        python3 -c '
import base64, json, sys
for line in open("p"):
    fields = json.loads(line)
    if "a" in fields:
        b = base64.b64decode(fields["a"])
        fields["a"] = base64.b64encode(eval(sys.argv[1])).decode()
    print(json.dumps(fields, separators=(",", ":")))' "$1" >q
    }
    says() {
        fails_with 1 merged q >rows 2>err
        grep -qF "$1" err || { cat err; return 1; }
    }
    states b
    same "$(merged q)" "$(merged p)"
    states 'b[:-1]'
    says "its window or its states are not such as the header says"
    states 'b + b"x"'
    says "its window or its states are not such as the header says"
    for edit in 's|"w":"0/10"|"w":"1/11"|' 's|"w":"0/10"|"w":"0/20"|' 's|"n":1,|"n":0,|'; do
        sed "$edit" p >q
        says "its window or its states are not such as the header says"
    done
    for edit in 's|"w":"0/10"|"w":"0-10"|' 's|"n":1,|"n":-1,|' 's|"a":"|"a":"*|'; do
        sed "$edit" p >q
        says "a delta has window bounds, a number of records, and states in base64"
    done
}

@test "a delta of a time that is in no window ends the merge" {
    tv 3 12 | partial -w sliding:5s/10s | sed 's|"w":"0/5"|"w":"5/10"|' >p
    fails_with 1 merged p >rows 2>err
    grep -qF "its window or its states are not such as the header says" err
}

@test "a record whose windows have all expired is too late, though its slice has a later end" {
    tv 3 12 4 13 >in
    partial -w sliding:10s/5s --stats in >p 2>err
    same "$(counter err too_late) $(counter err used)" "1 3"
    same "$(merged p)" "$(w -w sliding:10s/5s in 2>&1 | grep -v '^winagg')"
}

@test "where no window comes any more there is no W to tell" {
    tv 8000000000 9000000000 | partial -w sliding:1s/4000000000s >p
    same "$(merged p)" "$(tv 8000000000 | w -w sliding:1s/4000000000s)"
    same "$(jq -c .watermark p | grep -v null | paste -sd' ')" "8000000000 9000000000"
}

@test "a session that spans several of another shard takes them all" {
    tv 10 22 60 | partial -w session:5s -d all >short
    seq 0 4 100 | sed 's/.*/{"t":&}/' | partial -w session:5s -d all >long
    grep -q '"w":"0/105"' long
    same "$(cat short long | merged)" $'window_start,window_end,count\n0,105,29'
    same "$(cat long short | merged)" $'window_start,window_end,count\n0,105,29'
}

@test "sessions: what comes too late for the merge is counted, not lost unseen" {
    tv 1 30 2 31 | partial -w session:5s -l 100s >p
    same "$(merged -l 0 p 2>err)" "$(tv 1 30 31 | w -w session:5s)"
    grep -q "1 of 4 records came too late" err
    # Each record of a delta counts.
    tv 1 30 3 2 | partial -w session:5s -l 100s >p
    merged -l 0 --stats p >rows 2>err
    same "$(counter err too_late)" 2
}
