#!/usr/bin/env bats
# Snapshots: what they refuse, and that a refusal touches nothing; rotation, pipes, signals.
# That a crash loses nothing is the matter of tests/crash.

load helper

setup() {
    data=$BATS_TEST_DIRNAME/../data/golden
    cd "$BATS_TEST_TMPDIR" || return
    tv 1 12 25 31 47 >first
    tv 52 68 71 >second
    cat first second >in
}

teardown() {
    [ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

# A run over FILE `app`, rows to `out`, from the state `s`.
s() {
    w -w 10s --state s --output out "$@" app
}

# Of the one in the background, in $ended.
status_of_run() {
    ended=0
    wait "$pid" || ended=$?
}

# What has been read of `app` is `first`; windows are open.
begin() {
    cp first app
    s --at-eof keep
}

whole() {
    w -w 10s <in
}

# Everything here but locks, for comparing.
everything() {
    find . -type f ! -name '*.lock' ! -name after -exec md5sum {} + | sort
}

# The run must end with status 1, say this, and leave all files as they are.
refuses() {
    local say=$1 before
    shift
    before=$(everything)
    run "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == "winagg: "*"$say"* ]]
    same "$(everything)" "$before"
}

@test "a run goes on where the last one ended" {
    begin
    cp in app
    s
    same "$(cat out)" "$(whole)"
}

@test "without --state, its options are a usage error" {
    for option in "--checkpoint 1s" --hold "--resume continue" "--verify full" "--at-eof keep"; do
        # shellcheck disable=SC2086 # two words
        run w -w 10s $option <in
        echo "$output"
        [ "$status" -eq 2 ]
        [[ $output == *"--state"* ]]
    done
}

@test "a finished run prints nothing again, and leaves alone what others appended" {
    cp in app
    s
    echo "someone else's line" >>out
    cp out before
    s
    cmp out before
}

@test "a finished run refuses grown input, with a hint" {
    cp first app
    s
    cp in app
    echo "someone else's line" >>out
    refuses "--at-eof keep" s
}

@test "a snapshot with a flipped bit, cut short, or empty is refused" {
    begin
    cp s good
    printf 'X' | dd of=s bs=1 seek=100 conv=notrunc status=none
    refuses "damaged snapshot: its checksum does not match" s
    head -c 300 good >s
    refuses "damaged snapshot: its length" s
    : >s
    refuses "damaged snapshot: it is too short" s
    head -c 2000 /dev/zero >s
    refuses "expected a snapshot of winagg, found another file" s
}

@test "other semantic options are named with both values" {
    begin
    refuses "--window was 'tumbling:10s', is 'tumbling:20s'" \
        w -w 20s --state s --output out app
    refuses "--key was '', is 'v'" s -k v
    refuses "--agg was 'count=count', is 'sum_v=sum:v'" s -a sum:v
    refuses "--lateness was '', is '5s'" s -l 5s
    refuses "--mode was 'accumulate', is 'retract'" s -m retract
    refuses "--late was 'no', is 'yes'" s --late late
    # All of them in one message.
    refuses "--key was '', is 'v'; --agg was 'count=count', is 'sum_v=sum:v'" s -k v -a sum:v
}

@test "an option whose value follows from one that differs is not named, unless it was typed" {
    begin
    refuses "with other options: --lateness was '', is '5s' (give" s -l 5s
    refuses "with other options: --early was '', is '3' (give" s --early 3
    refuses "with other options: --output-format was 'csv', is 'sql:r' (give" s -o sql:r
    refuses "with other options: --lateness was '', is '5s'; --panes was 'no', is 'yes' (give" s -l 5s --panes
    refuses "with other options: --output-format was 'csv', is 'sql:r'; --row-id was 'no', is 'window' (give" \
        s -o sql:r --row-id=window
    refuses "with other options: --panes was 'no', is 'yes' (give" s --panes
    rm s out
    s --at-eof keep -l 5s
    refuses "with other options: --lateness was '5s', is '' (give" s
    refuses "with other options: --final was 'no', is 'yes' (give" s -l 5s --final
    rm s out
    s --at-eof keep --panes --early 3 -k v
    refuses "with other options: --key was 'v', is ''; --early was '3', is '' (give" s
    rm s out
    s --at-eof keep --panes
    refuses "with other options: --panes was 'yes', is 'no' (give" s
    refuses "with other options: --window was 'tumbling:10s', is 'tumbling:5s'; --panes was 'yes', is 'no' (give" \
        s -w 5s
}

@test "names that hold a comma are no lists of names" {
    echo '{"a,b":1,"a":1,"b":2,"a,m":4,"m":5}' >app
    "$WINAGG" -w 1s --state s --at-eof keep -t 'a\,b' app
    fails_with 1 "$WINAGG" -w 1s --state s --at-eof keep -t 'a,b' app 2>err
    grep -qF -- "--time was 'a\\,b', is 'a,b'" err
    "$WINAGG" -w 1s --state n --at-eof keep -t a -a 'n=sum:a\,m' app
    fails_with 1 "$WINAGG" -w 1s --state n --at-eof keep -t a -a 'n=sum:a,m=count' app 2>err
    grep -qF -- "--agg was" err
    "$WINAGG" -w 1s --state q --at-eof keep -t a -a 'p99.9:a' app
    fails_with 1 "$WINAGG" -w 1s --state q --at-eof keep -t a -a 'p95:a' app 2>err
    grep -qF -- "is 'p95_a=p95:a'" err
}

@test "options that change no result may change" {
    begin
    cp in app
    s --checkpoint 3 --threads 1 --stats --verify full --at-eof keep 2>err
    s --checkpoint 1h --threads 2 --hold
    same "$(cat out)" "$(whole)"
}

@test "a shorter input is refused: truncated in place" {
    begin
    head -n 2 first >app
    refuses "expected at least $(wc -c <first) bytes" s
    : >app
    refuses "found 0: the input was truncated" s
}

@test "another input of the same length is refused" {
    begin
    tr 7 8 <first >app
    refuses "expected the input that the snapshot was taken from, found other bytes" s
}

@test "--verify full finds what head and tail do not show" {
    seq -f '{"t":%.0f}' 0 19999 >app
    s --at-eof keep
    # In the middle, behind the first 4 KiB and before the last 64.
    printf 'X' | dd of=app bs=1 seek=8001 conv=notrunc status=none
    refuses "other bytes" s --verify full
    echo '{"t":20000}' >>app
    s
    same "$(wc -l <out)" 2002 # with the header
}

@test "an output shorter than committed is refused" {
    begin
    cp out good
    head -c 20 good >out
    refuses "out: expected an output of at least $(wc -c <good) bytes" s
    rm out
    refuses "out: " s
}

@test "stdout by > is refused, by >> it goes on" {
    cp first app
    w -w 10s --state s --at-eof keep app >>rows
    cp in app
    cp rows before
    run bash -c '"$0" -t t --time-format s --output-time s -o csv -w 10s --state s app >rows' \
        "$WINAGG"
    [ "$status" -eq 1 ]
    [[ $output == *"redirected with > instead of >>"* ]]
    cp before rows
    w -w 10s --state s app >>rows
    same "$(cat rows)" "$(whole)"
}

@test "an output that has no name any more is refused" {
    begin
    cp in app
    exec 8>>gone
    rm gone
    run bash -c '"$0" -t t --time-format s --output-time s -o csv -w 10s --state s2 app >&8' \
        "$WINAGG"
    exec 8>&-
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"was removed"* ]]
    [ ! -e s2 ]
}

@test "two outputs that are one file are refused" {
    cp in app
    run s --late both --bad both
    echo "$output"
    [[ $output == *"expected files that are different, found both (--late) and both (--bad)"* ]]
    [ "$status" -ne 0 ]
    [ ! -e s ]
}

@test "someone else who writes to the output is found out" {
    mkfifo pipe
    w -w 10s --state s --output out <pipe 2>err 3>&- &
    pid=$!
    exec 7>pipe
    tv 1 12 >&7
    wait_for_line out 0,10,1
    echo "a foreign row" >>out
    tv 25 >&7
    exec 7>&-
    status_of_run
    [ "$ended" -eq 1 ]
    grep "another process writes to this file" err
    grep -x "a foreign row" out
}

@test "a state that is in use is refused, after a few seconds" {
    begin
    exec 9>s.lock
    flock 9
    refuses "in use by another winagg" s
    exec 9>&-
}

@test "a state behind symbolic links is the file that they lead to, there or not" {
    mkdir -p kept/here
    ln -s kept/link s
    ln -s here/state kept/link
    begin
    same "$(cd kept && find . -type f | sort | xargs)" "./here/state ./here/state.lock"
    same "$(readlink s) $(readlink kept/link)" "kept/link here/state"
    cp in app
    s
    same "$(cat out)" "$(whole)"
    same "$(readlink s) $(readlink kept/link)" "kept/link here/state"
    same "$(find . -name '*.lock' -o -name '*.tmp')" ./kept/here/state.lock
    # By its own name it is the same one, in use or not.
    same "$("$WINAGG" --inspect s)" "$("$WINAGG" --inspect kept/here/state)"
    exec 9>kept/here/state.lock
    flock 9
    refuses "kept/here/state: in use by another winagg (it holds kept/here/state.lock)" s
    exec 9>&-
    ln -sfn link kept/link
    refuses "s: can't follow the link: Too many levels of symbolic links" s
}

@test "a rotated FILE is found by its content: FILE.1, FILE-DATE" {
    for name in app.1 app-20260101 app.old; do
        rm -f app* s out
        begin
        head -n 1 second >>app
        mv app "$name"
        tail -n +2 second >app
        s
        same "$(cat out)" "$(whole)"
    done
}

@test "a rotated CSV: the new FILE's header is not a record" {
    csv() { w -i csv -w 10s --state s --output out "$@" app; }
    printf '%s\n' t 1 12 25 >app
    csv --at-eof keep
    echo 31 >>app
    mv app app.1
    printf '%s\n' t 47 52 >app
    csv
    same "$(cat out)" "$(printf '%s\n' t 1 12 25 31 47 52 | w -i csv -w 10s)"
}

@test "a FILE that was rotated and not made anew is read to its end" {
    begin
    cat second >>app
    mv app app.1
    s
    same "$(cat out)" "$(whole)"
}

@test "a FILE of which nothing was read yet is known by its head" {
    tv 1 12 >app
    s --at-eof keep --max-record 1000 </dev/null
    rm -f s out
    printf '{"t":5}' >app # no newline: left for the next run
    s --at-eof keep
    [ ! -s out ]
    printf '\n' >>app
    mv app app.1
    tv 12 >app
    s
    same "$(cat out)" "$(tv 5 12 | w -w 10s)"
}

@test "a FILE that was rotated twice is refused: records lie between" {
    begin
    mv app app.2
    tv 49 >app.1
    cp second app
    refuses "rotated more than once" s
    [[ $output == *app.1* ]]
    # As the message says.
    cat app.2 app.1 app | w -w 10s --state s --output out
    same "$(cat out)" "$(tv 1 12 25 31 47 49 52 68 71 | w -w 10s)"
}

@test "a FILE that was packed is found by its unpacked content" {
    begin
    head -n 1 second >>app
    mv app app.1
    gzip app.1
    tail -n +2 second >app
    mv app.1.gz packed
    refuses "expected at least" s
    mv packed app.1.gz
    s
    same "$(cat out)" "$(whole)"
}

@test "a pipe from its beginning is skipped, and compared" {
    w -w 10s --state s --output out --at-eof keep < <(cat first)
    refuses "expected at least" w -w 10s --state s --output out < <(head -n 1 first)
    refuses "other bytes" w -w 10s --state s --output out < <(tr 7 8 <in)
    w -w 10s --state s --output out --at-eof keep < <(cat first; head -n 1 second)
    # A file of the same bytes will do.
    tr 7 8 <in >other
    refuses "other bytes" w -w 10s --state s --output out <other
    w -w 10s --state s --output out <in
    same "$(cat out)" "$(whole)"
}

@test "a pipe whose run was finished is refused when it has grown" {
    w -w 10s --state s --output out < <(cat first)
    w -w 10s --state s --output out < <(cat first)
    same "$(cat out)" "$(w -w 10s <first)"
    refuses "--at-eof keep" w -w 10s --state s --output out < <(cat in)
}

@test "rows that went into a pipe cut no file" {
    cp first app
    w -w 10s --state s --at-eof keep app | cat >rows
    seq 1000 >other
    cp in app
    w -w 10s --state s app >>other
    same "$(head -n 1000 other)" "$(seq 1000)"
    same "$(cat rows; tail -n +1001 other)" "$(whole)"
}

@test "--resume continue: the pipe goes on where it ended" {
    w -w 10s --state s --output out --at-eof keep < <(cat first)
    w -w 10s --state s --output out --at-eof keep --resume continue < <(head -n 1 second)
    refuses "--resume continue" w -w 10s --state s --output out < <(cat in)
    refuses "--resume continue" w -w 10s --state s --output out <in
    w -w 10s --state s --output out --resume continue < <(tail -n +2 second)
    same "$(cat out)" "$(whole)"
}

@test "--hold writes rows when the snapshot that covers them is there" {
    mkfifo pipe
    w -w 10s --state s --hold --checkpoint 4 <pipe >>rows 3>&- &
    pid=$!
    exec 7>pipe
    tv 1 12 25 >&7
    # The records were read, rows are due; nothing is out before the fourth record.
    sleep 0.3
    [ ! -s rows ]
    tv 26 >&7
    wait_for_line rows 10,20,1
    exec 7>&-
    wait "$pid"
    same "$(cat rows)" "$(tv 1 12 25 26 | w -w 10s)"
    # Nothing is held any more.
    cp rows before
    w -w 10s --state s --hold < <(tv 1 12 25 26) >>rows
    cmp rows before
}

@test "--hold into a pipe: rows that are out do not come again after a kill" {
    mkfifo pipe
    { w -w 10s --state s --hold --checkpoint 4 <pipe 3>&- & echo $! >pid; wait; } | cat >rows &
    reader=$!
    exec 7>pipe
    tv 1 12 25 26 >&7
    wait_for_line rows 10,20,1
    sleep 0.1 # from the row to the note that it is out
    kill -KILL "$(cat pid)"
    exec 7>&-
    wait "$reader"
    tv 1 12 25 26 | w -w 10s --state s --hold | cat >>rows
    same "$(cat rows)" "$(tv 1 12 25 26 | w -w 10s)"
}

@test "a reader that leaves gets its rows again" {
    seq -f '{"t":%.0f}' 0 10 200000 >app
    run bash -c 'set -o pipefail
        "$0" -t t --time-format s --output-time s -o csv -w 10s --state s --checkpoint 100 app |
            head -n 1 >/dev/null' "$WINAGG"
    [ -z "$output" ]
    [ "$("$WINAGG" --inspect s | jq .finished)" == false ]
    w -w 10s --state s app >rest
    # What the reader had not got is in the rest.
    same "$(tail -n 1 rest)" 200000,200010,1
    [ "$(wc -l <rest)" -gt 10000 ]
}

stopped_by() {
    mkfifo pipe
    python3 -c '
import os, signal, sys
for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP: # nohup and & have some of them ignored
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s \
        --state s --output out <pipe 2>err 3>&- &
    pid=$!
    exec 7>pipe
    cat first >&7
    wait_for_line out 20,30,1
    kill -"$1" "$pid"
    status_of_run
    exec 7>&-
    [ "$ended" -eq $((128 + $(kill -l "$1"))) ]
    same "$("$WINAGG" --inspect s | jq -c '[.used, .finished]')" "[5,false]"
    w -w 10s --state s --output out < <(cat in)
    same "$(cat out)" "$(whole)"
}

@test "SIGTERM: a snapshot, then death by the signal" {
    stopped_by TERM
}

@test "SIGINT: a snapshot, then death by the signal" {
    stopped_by INT
}

@test "SIGHUP: a snapshot, then death by the signal" {
    stopped_by HUP
}

@test "--inspect prints what a snapshot holds" {
    begin
    "$WINAGG" --inspect s >inspected
    same "$(jq -c '[.finished, .used, .input_offset, .options["--window"], .watermark]' inspected)" \
        "[false,5,$(wc -c <first),\"tumbling:10s\",\"1970-01-01T00:00:47Z\"]"
    same "$(jq .output_bytes inspected)" "$(wc -c <out)"
    run "$WINAGG" --inspect nothing
    [ "$status" -eq 1 ]
    : >empty
    refuses "damaged" "$WINAGG" --inspect empty
}

@test "--inspect reads no input, and says which options have no effect" {
    begin
    "$WINAGG" --inspect s >inspected
    for operand in in - none; do
        fails_with 2 "$WINAGG" --inspect s "$operand" >got 2>err
        grep -qxF "winagg: --inspect prints a snapshot and reads no input: expected no FILE beside it, found '$operand'" err
        [ ! -s got ]
    done
    "$WINAGG" --inspect s --stats 2>err | cmp inspected -
    same "$(cat err)" "winagg: --stats has no effect beside --inspect"
    "$WINAGG" -t t -w 1m -k k -k x --inspect s 2>err | cmp inspected -
    same "$(cat err)" "winagg: --time, --window, --key have no effect beside --inspect"
}

@test "a last line without its newline is left for the next run" {
    printf '{"t":1}\n{"t":12}\n{"t":2' >app
    s --at-eof keep
    same "$("$WINAGG" --inspect s | jq .used)" 2
    printf '5}\n{"t":31}\n' >>app
    s
    same "$(cat out)" "$(tv 1 12 25 31 | w -w 10s)"
}

@test "--stats counts over restarts, and says how often it wrote snapshots" {
    begin
    cp in app
    s --stats --checkpoint 2 2>err
    same "$(counter err records)" 8
    [ "$(counter err checkpoints)" -ge 2 ]
}

# Snapshots of every part as it is written now: every later version must read them.
# Made by the command below over the first half of events.jsonl, with --at-eof keep.
golden() {
    local kind=$1 half
    shift
    half=$(($(wc -l <"$data/events.jsonl") / 2))
    cp "$data/$kind.state" s
    cp "$data/events.jsonl" app
    "$WINAGG" -t t -k k -d 2s -l 10s --row-id "$@" <app >whole
    head -n "$half" app | "$WINAGG" -t t -k k -d 2s -l 10s --row-id "$@" --state fresh \
        --at-eof keep >out
    [ "$(wc -c <out)" -ge "$("$WINAGG" --inspect s | jq .output_bytes)" ]
    "$WINAGG" -t t -k k -d 2s -l 10s --row-id "$@" --state s app >>out
    cmp out whole
}

every_function=count,sum:v,mean:v,var:v,min:v,max:v,first:v,last:v,median:v,p90:v,distinct:s,approx_distinct:s,approx_p90:v,topk:s:2,mode:s

@test "the golden snapshot of windows is still read" {
    golden windows -w sliding:20s/10s -a "$every_function" --early 3
}

@test "the golden snapshot of sessions is still read" {
    golden sessions -w session:4s -a "$every_function" -m retract
}

@test "the golden snapshot of sources, ids, positions and columns is still read" {
    golden sources -w 5s -a "$every_function" --source s --dedup v --position t -o table
}

# The shards are every second line of events.jsonl each, with -t t -k k -d 2s -l 10s -w session:4s
# and every function; the snapshot is one that was taken on the way, with the rows until then.
@test "the golden snapshot of a merge is still read, and so are its partial results" {
    cp "$data/merge.state" s
    cp "$data/shard0.partial" p0
    cp "$data/shard1.partial" p1
    "$WINAGG" --merge p0 p1 >whole
    cp "$data/merge.rows" out
    "$WINAGG" --merge --state s p0 p1 >>out
    cmp out whole
    same "$("$WINAGG" --inspect s | jq .finished)" true
}

# Feeds keys by the ten thousand to a run with these options that takes a snapshot of each, until one
# is large: with many ids a child writes it, else a thread, step by step.
start_large() {
    mkfifo fifo
    "$WINAGG" -t t --time-format s "$@" -k k -s s --checkpoint 10000 fifo >rows 2>err 3>&- &
    pid=$!
    exec 7>fifo
    seq 1 100000 | sed 's/.*/{"t":1,"k":"key number &"}/' >&7
    local i
    for ((i = 0; i < 300; i++)); do
        [ "$("$WINAGG" --inspect s 2>/dev/null | jq .records)" -ge 100000 ] && return
        sleep 0.1
    done
    return 1
}

fail_large() {
    start_large "$@"
    mkdir s.tmp
    seq 100001 110000 | sed 's/.*/{"t":1,"k":"key number &"}/' >&7
    local i
    for ((i = 0; i < 300; i++)); do
        # The child is looked for when the next snapshot is due.
        seq 1 1000 | sed 's/.*/{"t":1,"k":"a"}/' >&7 2>/dev/null || break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    exec 7>&-
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    same "$(grep -c "s: can't write the snapshot: Is a directory (going on with the last one)" err)" 2
    same "$(tail -n 1 err)" "winagg: s: can't write the snapshot: Is a directory"
    same "$("$WINAGG" --inspect s | jq .records)" 100000
}

@test "a large snapshot that fails is said, and three in a row end the run" {
    fail_large -w 1h
}

@test "one that a child writes, too" {
    fail_large -w session:1h --dedup k
}

# The input is truncated while nobody takes the rows: then its tail is not there any more.
truncate_under() {
    mkfifo rows
    exec 8<>rows
    seq 100001 400000 | sed 's/.*/{"t":1,"k":"key number &"}/' >in
    "$WINAGG" -t t --time-format s "$@" -k k --early 1 -o csv -s s --checkpoint 10000 in >rows 2>err 3>&- 8>&- &
    pid=$!
    head -n 150000 <&8 >/dev/null
    : >in
    cat <&8 >/dev/null &
    reader=$!
    status=0
    wait "$pid" || status=$?
    kill "$reader"
    exec 8>&-
    [ "$status" -eq 1 ]
    grep -q "in: the [0-9]* bytes that were read are not there any more: was it truncated?" err
    same "$(grep -c "can't write the snapshot" err || true)" 0 # as the parent would find by itself, later
    [ "$("$WINAGG" --inspect s | jq .records)" -ge 60000 ]
}

@test "what a large snapshot failed of is told" {
    truncate_under -w session:1h
}

@test "what a forked snapshot failed of is told by its child" {
    truncate_under -w 1h --dedup k
}

# Held rows that a reader did not take are not out: they come again.
held_rows_come_again() { # how the first reader behaves
    awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"t\":%d,\"k\":\"k%d\"}\n", 1700000000 + i / 200, i % 50 }' >in
    local options=(-t t -w 10s -k k --hold --state s --checkpoint 1000)
    "$WINAGG" "${options[@]:0:6}" in >whole
    mkfifo fifo
    "$1" &
    reader=$!
    "$WINAGG" "${options[@]}" in >fifo 2>err 3>&- &
    pid=$!
    sleep 0.7
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" || true
    wait "$reader"
    "$WINAGG" "${options[@]}" in 2>err2 | cat >second
    # What the first got, its last line cut off or not, and what the second did, leave nothing out.
    awk 'NR == FNR { want[$0]; next } { delete want[$0] } END { for (line in want) { print line; exit 1 } }' \
        whole <(cat first second)
}

leaves_at_once() {
    : >first <fifo
}

stalls() {
    { sleep 2; cat; } <fifo >first
}

@test "--hold: rows that a reader did not take come again, if it left" {
    held_rows_come_again leaves_at_once
}

@test "--hold: and if it stalled when the run was stopped" {
    held_rows_come_again stalls
}

@test "--hold: a run that is asked to stop while it lets out what a killed one held" {
    awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"t\":%d,\"k\":\"k%d\"}\n", 1700000000 + i, i % 50 }' >in
    local options=(-t t -w 10s -k k --hold --state s --checkpoint 1h) i
    "$WINAGG" "${options[@]:0:6}" in >whole
    mkfifo fifo again
    # shellcheck disable=SC2217 # it keeps the pipe open, and reads nothing
    sleep 30 <fifo 3>&- &
    reader=$!
    "$WINAGG" "${options[@]}" in >fifo 2>/dev/null 3>&- &
    pid=$!
    for ((i = 0; i < 200; i++)); do
        [[ $("$WINAGG" --inspect s 2>/dev/null | jq .held_bytes) -gt 1000000 ]] && break
        sleep 0.05
    done
    kill -KILL "$pid" "$reader"
    wait || true
    "$WINAGG" "${options[@]}" in >again 2>err 3>&- &
    pid=$!
    { head -c 100000; kill -TERM "$pid"; sleep 0.2; cat; } <again >first
    i=0
    wait "$pid" || i=$?
    same "$i" 143
    "$WINAGG" "${options[@]}" in | cat >second
    cmp whole <(cat first second)
}

# For each option that a snapshot holds, one that differs from what the run below was given.
option_variations() {
    cat <<'END'
--time -t u
--time-format --time-format ms
--tz --tz Europe/Berlin
--window -w 20s
--offset --offset 1s
--key -k v
--agg -a sum:v
--where --where v=1
--delay -d 1s
--dedup --dedup v
--position --position v
--source --source v
--sources --source v --sources 2
--max-jump --max-jump 1h
--idle-timeout --idle-timeout 1h
--lateness -l 1s
--mode -m discard
--early --early 3
--late-every -l 1s --late-every 3
--final --final
--fill --fill
--top --top 3
--input-format -i json
--no-header --no-header
--columns --columns t,v
--delimiter --delimiter ;
--comment --comment #
--ragged --ragged
--null --null NA
--max-record --max-record 1000
--output-format -o json
--output-time --output-time ms
--panes --panes
--row-id --row-id
--late --late late
--bad --bad bad
END
}

@test "each option that changes results is compared on a restart: a loop over all of them" {
    begin
    same "$("$WINAGG" --inspect s | jq -r '.options | keys_unsorted[]' | sort)" \
        "$(option_variations | cut -d ' ' -f 1 | sort)"
    local name option
    while read -r name option; do
        # Words are meant to be split here; the last one given counts.
        # shellcheck disable=SC2086
        run "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s --state s --output out \
            $option app
        echo "$name: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"snapshot of a run with other options: "*"$name was '"* ]]
    done < <(option_variations)
}

# Compiles a library that is loaded before others: this function of the C library is another.
preload() {
    if nm -D "$WINAGG" | grep -q __asan; then
        skip "the sanitizer wants to be loaded first"
    fi
    cc -shared -fPIC -o shim.so -x c - -ldl
}

@test "an output that can't be closed is an error" {
    preload <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int close(int fd)
{
    char name[40], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, path, sizeof path);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
    real(fd);
    if (len < 5 || memcmp(path + len - 5, "/rows", 5) != 0)
        return 0;
    errno = EDQUOT;
    return -1;
}
END
    tv 1 12 >app
    local option
    for option in --output --late --bad; do
        fails_with 1 env LD_PRELOAD="$PWD/shim.so" "$WINAGG" -t t --time-format s -w 10s $option rows app \
            >/dev/null 2>err
        grep -q "rows: close failed: Disk quota exceeded" err
    done
}

@test "a run that fails before its first byte leaves no snapshot, one that goes on keeps its own" {
    printf 't,k\n1,a\n25,b\n' >c
    printf 't,b\n' >d
    fails_with 2 w -w 10s -k zz --state s --output out c 2>err
    [ ! -e s ]
    fails_with 2 w -w 10s -a sum:b --state s --output out d c 2>err # the header of the first is fine
    [ ! -e s ]
    w -w 10s -k k --state s --output out --at-eof keep c
    same "$(cat out)" "window_start,window_end,k,count
0,10,a,1"
    cp s before
    fails_with 1 w -w 10s -k k --state s --output out --at-eof keep d 2>err
    cmp s before
    # What was there at the snapshot counts, read or not.
    rm s
    printf 'x\n{"t":1}\n' >j
    fails_with 1 w -w 10s --strict --state s j 2>err
    printf '{"t":1}\n' >j
    fails_with 1 w -w 10s --strict --state s j 2>err
    grep -q "j: expected at least 10 bytes, which were there at the snapshot, found 8: the input was truncated" err
}

@test "messages may go to the file of the rows: >>log 2>&1" {
    awk 'BEGIN { for (i = 0; i < 60000; i++) print i % 7000 == 6999 ? "x" : "{\"t\":" i / 20 "}" }' >in
    local option killed=0 round
    "$WINAGG" -t t -w 10s --stats in >whole 2>/dev/null
    for option in --checkpoint=300 --hold; do
        for round in 1 2 3 4 5 6; do
            rm -f log state
            echo "what stood there" >log
            timeout -s KILL 0.0"$round" "$WINAGG" -t t -w 10s -s state "$option" in >>log 2>&1 || killed=$((killed + 1))
            "$WINAGG" -t t -w 10s -s state "$option" --stats in >>log 2>&1
            same "$(grep window_start log)" "$(cat whole)"
            same "$(head -n 1 log)" "what stood there"
            [ "$(grep -c 'not valid JSON' log)" -eq 8 ]
            "$WINAGG" -t t -w 10s -s state "$option" in >>log 2>&1
            same "$(grep window_start log)" "$(cat whole)"
        done
    done
    [ "$killed" -gt 0 ]
    rm -f state
    "$WINAGG" -t t -w 10s -s state in >log 2>&1
    same "$(grep window_start log)" "$(cat whole)"
}

@test "an output that can only be appended to is refused with --state, and left alone" {
    preload <<'END'
#include <linux/fs.h>
#include <stdarg.h>
int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    int *flags = va_arg(list, int *);
    va_end(list);
    (void)fd;
    if (request == FS_IOC_GETFLAGS)
        *flags = FS_APPEND_FL;
    return 0;
}
END
    tv 1 12 >app
    echo before >out
    fails_with 1 env LD_PRELOAD="$PWD/shim.so" "$WINAGG" -t t --time-format s -w 10s -s s --output out app 2>err
    grep -q "out: the file is append-only" err
    same "$(cat out)" before
}

@test "an input with the same head and another tail is another input" {
    seq 1 2000 | sed 's/.*/{"t":&,"text":"some more bytes"}/' >in
    head -n 1500 in >app
    "$WINAGG" -t t --time-format s -w 10s -s s --output out --at-eof keep app
    sed '1400s/some/more/' in >app
    refuses "found other bytes" "$WINAGG" -t t --time-format s -w 10s -s s --output out app
    # Between head and tail only --verify full looks.
    sed '500s/some/more/' in >app
    refuses "found other bytes" "$WINAGG" -t t --time-format s -w 10s -s s --output out --verify full app
}

@test "an input with the same tail and another head is another input" {
    tv $(seq 1000 9000) >events
    w -w 10s -s state --at-eof keep events >/dev/null
    sed '1s/1000/1001/' events >other
    mv other events
    tv 9100 >>events
    fails_with 1 w -w 10s -s state --at-eof keep events >rows 2>err
    grep -q "expected the input that the snapshot was taken from" err
    [ ! -s rows ]
}
