#!/usr/bin/env bats
# A run that is watched: --metrics and --progress.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

metric() {
    sed -n "s/^winagg_$2 //p" "$1"
}

@test "--metrics: the counters of --stats, in Prometheus' format" {
    tv 1 12 3 25 x | w -w 10s --metrics m --stats >rows 2>err || true
    for name in records bytes used bad late too_late rows windows; do
        same "$(metric m "${name}_total")" "$(counter err "$name")"
    done
    same "$(metric m watermark_timestamp_seconds)" 25
    same "$(metric m max_event_timestamp_seconds)" 25
    # Each sample stands behind its HELP and TYPE; names and numbers are as the format has them.
    same "$(grep -cvE '^(# (HELP|TYPE) )?winagg_[a-z_]+ .' m)" 0
    same "$(grep -v '^#' m | cut -d' ' -f1)" "$(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' m)"
    same "$(grep -v '^#' m | grep -cvE '^[a-z_]+ -?[0-9]+(\.[0-9]+)?$')" 0
    same "$(sed -n 's/^# TYPE winagg_[a-z_]*_total //p' m | sort -u)" counter
}

@test "--metrics: what --stats tells besides, in seconds and bytes" {
    tv 1 12 3.5 25 | w -w 10s --metrics m --stats --state s --checkpoint 1500ms >rows 2>err
    same "$(counter err too_late_by)" '"8.5s"'
    same "$(metric m too_late_by_seconds)" 8.5
    same "$(metric m state_peak_bytes)" "$(counter err state_bytes_peak)"
    same "$(metric m checkpoints_total)" "$(counter err checkpoints)"
    same "$(counter err "checkpoint_interval == 1.5")" true
    same "$(metric m checkpoint_interval_seconds)" 1.5
    # Every number of --stats is there; what is none there is not here.
    same "$(jq -r 'keys[]' <(grep '^{' err) | sed 's/^state_bytes_peak$/state_peak_bytes/
        s/^watermark$/watermark_timestamp/; s/^max_event_time$/max_event_timestamp/; s/^seconds$/run_seconds/' |
        while read -r name; do grep -q "^winagg_${name}[_ ]" m || echo "$name"; done)" ""
    tv 1 | w -w 10s --metrics m >rows
    same "$(metric m too_late_by_seconds)$(metric m checkpoint_interval_seconds)" ""
}

@test "open windows: those that have not fired for good, however they share their records" {
    # open WINDOW-OPTIONS TIME...: how many are open at the end of an input that goes on
    open() {
        tv "${@:2}" >in
        # shellcheck disable=SC2086
        w -w $1 --state s --at-eof keep --metrics m in >rows
        metric m open_windows
        rm s
    }
    for early in "" "--early 1m" "--early 9"; do
        same "$(open "sliding:3s/2s -d 1h $early" 0.5 1.5 2.5 4 21.5)" 5
        same "$(open "sliding:3s/2s $early" 1 5.5 6)" 2
        same "$(open "sliding:2s/10s -d 1h $early" 1 11 21)" 3
    done
    same "$(open "session:2s -l 1h" 1 4 23 25)" 1
    same "$(open "session:2s -l 1h --final" 1 4 23 25)" 4
}

@test "--metrics is there from the start, and replaced as a whole at each checkpoint" {
    mkfifo fifo
    w -w 10s --metrics m --state s --checkpoint 2 <fifo >rows &
    exec 7>fifo
    for _ in $(seq 200); do [ -s m ] && break; sleep 0.05; done
    same "$(metric m records_total)" 0
    tv 1 2 3 4 >&7
    for _ in $(seq 200); do [ "$(metric m records_total)" -eq 4 ] && break; sleep 0.05; done
    same "$(metric m records_total)" 4
    [ "$(metric m checkpoints_total)" -ge 2 ]
    exec 7>&-
    wait
    [ ! -e m.tmp ]
}

@test "--metrics that can't be written: an error at the start, said once later" {
    tv 1 | fails_with 1 w -w 10s --metrics nowhere/m 2>err
    grep -q "nowhere/m: can't write metrics" err
    mkdir dir
    mkfifo fifo
    w -w 10s --metrics dir/m --state s --checkpoint 1 <fifo >rows 2>err &
    exec 7>fifo
    for _ in $(seq 200); do [ -s dir/m ] && break; sleep 0.05; done
    until rm -rf dir; do :; done # the first snapshot may just be writing there
    tv 1 2 3 >&7
    exec 7>&-
    wait
    same "$(grep -c "can't write metrics" err)" 1
    same "$(tail -n 1 rows)" 0,10,3
    tv 1 | fails_with 2 w -w 10s --metrics same --output same
}

@test "--metrics behind symbolic links replaces the file that they lead to, there or not" {
    local inode
    mkdir -p there/sub
    ln -s there/m m
    ln -s "$PWD/there/sub/m" there/m
    tv 1 | w -w 10s --metrics m >rows
    same "$(metric there/sub/m records_total)" 1
    ln -sfn sub/m there/m
    tv 1 | w -w 10s --metrics m >rows
    same "$(metric there/sub/m records_total)" 1
    inode=$(stat -c %i there/sub/m)
    # Who has the old file open keeps it whole.
    exec 7<there/sub/m
    tv 1 2 | w -w 10s --metrics m >rows
    same "$(metric there/sub/m records_total)" 2
    [ "$(stat -c %i there/sub/m)" != "$inode" ]
    same "$(metric /dev/fd/7 records_total)" 1
    exec 7<&-
    same "$(readlink m) $(readlink there/m)" "there/m sub/m"
    same "$(find . -type f ! -name rows)" ./there/sub/m
    # Within the sandbox, too.
    mkfifo fifo
    w -w 10s --metrics m --state s --checkpoint 1 <fifo >rows 2>err &
    exec 7>fifo
    tv 1 2 3 >&7
    for _ in $(seq 200); do [ "$(metric m records_total)" -eq 3 ] && break; sleep 0.05; done
    same "$(metric m records_total)" 3
    exec 7>&-
    wait
    same "$(cat err)" ""
}

@test "--metrics behind links that lead nowhere" {
    ln -s nowhere/m m
    tv 1 | fails_with 1 w -w 10s --metrics m 2>err
    grep -q "m: can't write metrics: No such file" err
    ln -s b a
    ln -s a b
    tv 1 | fails_with 1 w -w 10s --metrics a 2>err
    grep -q "a: can't write metrics: Too many levels of symbolic links" err
    same "$(find . -type f ! -name err)" ""
}

@test "a link where the temporary file is to be: it goes, and what it leads to stays" {
    echo precious >other
    for option in --metrics --state; do
        ln -s other x.tmp
        tv 1 | w -w 10s $option x >rows
        same "$(cat other)" precious
        same "$(stat -c %F x)" "regular file"
        [ ! -e x.tmp ]
        rm x
    done
}

# What is left on a screen of a stream with carriage returns.
on_screen() {
    python3 -c '
import sys
for line in sys.stdin.buffer.read().decode().split("\n"):
    cells = []
    for piece in line.split("\r"):
        cells[:len(piece)] = piece
    print("".join(cells).rstrip())'
}

@test "--progress: drawn while it runs, gone at the end, and for messages" {
    { tv 1 2; sleep 0.6; tv bad 12; sleep 0.6; tv 13; } | w -w 10s --progress >rows 2>err
    same "$(cat rows)" "window_start,window_end,count
0,10,2
10,20,2"
    tr '\r' '\n' <err | grep -q '^2 records  .* MB/s  W 1970-01-01T00:00:02Z, [0-9]*d ago  1 open  0 late  0 bad$'
    on_screen <err >seen
    same "$(wc -l <seen)" 2
    grep -q "^winagg: stdin:3: " seen
}

@test "--progress is gone before a row on the same terminal" {
    needs_terminal
    mkfifo fifo
    { tv 1; sleep 0.6; tv 2; sleep 0.6; tv 13; } >fifo &
    script -qec "stty cols 80; TERM=xterm '$WINAGG' -t t -w 10s --output-time s --progress fifo" /dev/null >seen
    grep -q 'records  ' seen
    tr '\r' '\n' <seen | grep -qx '{"window_start":0,"window_end":10,"count":2}'
}

@test "--progress is on by itself where rows do not go to the terminal that stderr is" {
    needs_terminal
    seq 1 400000 | sed 's/.*/{"t":&}/' >in
    for _ in 1 2 3 4 5; do cat in; done >big
    script -qec "'$WINAGG' -t t -w 1000s --output out big" /dev/null >seen
    same "$(on_screen <seen | grep -v "came too late" | tr -d '\n')" ""
    # Slower than a terminal is looked at.
    mkfifo fifo
    { tv 1; sleep 0.6; tv 2; } >fifo &
    script -qec "'$WINAGG' -t t -w 1000s --output out2 fifo" /dev/null >seen
    grep -q "1 records" seen
    { tv 1; sleep 0.6; tv 2; } >fifo &
    script -qec "'$WINAGG' -t t -w 1000s fifo" /dev/null >seen
    same "$(grep -c "1 records" seen)" 0
    w -w 1000s in >rows 2>err
    same "$(cat err)" ""
}
