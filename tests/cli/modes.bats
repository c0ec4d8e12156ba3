#!/usr/bin/env bats
# How the panes of a window relate: accumulate, discard, retract.

load helper

# 12:00, 12:02, 12:01 out of order, then 12:01 once more; windows of two minutes.
four_events() {
    printf '{"t":"2024-05-01T12:%s:00Z","v":%s}\n' 00 1 02 2 01 4 01 8
}

four() {
    four_events | "$WINAGG" -t t -w 2m -a count,sum:v -l 10m "$@"
}

@test "accumulate: a refinement holds everything so far" {
    first='"window_start":"2024-05-01T12:00:00Z","window_end":"2024-05-01T12:02:00Z"'
    second='"window_start":"2024-05-01T12:02:00Z","window_end":"2024-05-01T12:04:00Z"'
    want="{$first,\"count\":1,\"sum_v\":1,\"pane\":0,\"timing\":\"on_time\"}
{$first,\"count\":2,\"sum_v\":5,\"pane\":1,\"timing\":\"late\"}
{$first,\"count\":3,\"sum_v\":13,\"pane\":2,\"timing\":\"late\"}
{$second,\"count\":1,\"sum_v\":2,\"pane\":0,\"timing\":\"on_time\"}"
    same "$(four)" "$want"
    same "$(four -m accumulate)" "$want"
}

@test "discard: a refinement holds only what is new" {
    first='"window_start":"2024-05-01T12:00:00Z","window_end":"2024-05-01T12:02:00Z"'
    second='"window_start":"2024-05-01T12:02:00Z","window_end":"2024-05-01T12:04:00Z"'
    same "$(four -m discard)" "{$first,\"count\":1,\"sum_v\":1,\"pane\":0,\"timing\":\"on_time\"}
{$first,\"count\":1,\"sum_v\":4,\"pane\":1,\"timing\":\"late\"}
{$first,\"count\":1,\"sum_v\":8,\"pane\":2,\"timing\":\"late\"}
{$second,\"count\":1,\"sum_v\":2,\"pane\":0,\"timing\":\"on_time\"}"
}

@test "retract: what is replaced is taken back first" {
    first='"window_start":"2024-05-01T12:00:00Z","window_end":"2024-05-01T12:02:00Z"'
    second='"window_start":"2024-05-01T12:02:00Z","window_end":"2024-05-01T12:04:00Z"'
    same "$(four -m retract)" "{\"op\":\"+I\",$first,\"count\":1,\"sum_v\":1,\"pane\":0,\"timing\":\"on_time\"}
{\"op\":\"-U\",$first,\"count\":1,\"sum_v\":1,\"pane\":0,\"timing\":\"on_time\"}
{\"op\":\"+U\",$first,\"count\":2,\"sum_v\":5,\"pane\":1,\"timing\":\"late\"}
{\"op\":\"-U\",$first,\"count\":2,\"sum_v\":5,\"pane\":1,\"timing\":\"late\"}
{\"op\":\"+U\",$first,\"count\":3,\"sum_v\":13,\"pane\":2,\"timing\":\"late\"}
{\"op\":\"+I\",$second,\"count\":1,\"sum_v\":2,\"pane\":0,\"timing\":\"on_time\"}"
}

@test "with a delay the first 12:01 is in time, and one after the window closed refines it" {
    # 12:03 moves W to 12:02, which closes the first window.
    events=$(printf '{"t":"2024-05-01T12:%s:00Z"}\n' 00 02 01 03 01)
    same "$(w_rows "$events")" "0,120,2,0,on_time
0,120,3,1,late
120,240,2,0,on_time"
}

# Times relative to 12:00, for short.
w_rows() {
    "$WINAGG" -t t -w 2m -d 1m -l 10m --output-time s -o csv <<<"$1" | tail -n +2 |
        awk -F, -v OFS=, -v noon=1714564800 '{$1 -= noon; $2 -= noon; print}'
}

@test "retract: adding + rows and cancelling - rows leaves the final results" {
    events=$(tv 3:1 17:1 5:2 29:4 11:8 2:16 18:32 41:64 33:128)
    for window in 10s sliding:20s/10s session:8s; do
        final=$(w -w "$window" -a count,sum:v -l 1h --final <<<"$events" | tail -n +2 | sort)
        left=$(w -w "$window" -a count,sum:v -l 1h -m retract <<<"$events" | tail -n +2 |
            awk -F, '{row = $2 "," $3 "," $4 "," $5; n[row] += substr($1, 1, 1) == "+" ? 1 : -1}
                END {for (row in n) { if (n[row] < 0 || n[row] > 1) print "unbalanced"
                    if (n[row] == 1) print row }}' | sort)
        same "$left" "$final"
    done
}

@test "discard: an on-time pane with nothing new is empty, but there" {
    same "$(tv 1:5 | w -w 10s --early 1 -m discard -a count,sum:v,max:v,distinct:v,first:v | tail -n +2)" \
"0,10,1,5,5,1,5,0,early
0,10,0,0,,0,,1,on_time"
}

@test "retract: an equal result is still taken back and said again" {
    same "$(tv 1:5 | w -w 10s --early 1 -m retract | tail -n +2)" "+I,0,10,1,0,early
-U,0,10,1,0,early
+U,0,10,1,1,on_time"
}

@test "sessions: a closed one that grows open again takes its row back, just before the next" {
    # 8 joins 0..10 (closed by 12) and 12..22 into 0..22, which is open.
    same "$(tv 0 12 8 | w -w session:10s -l 100s -m retract | tail -n +2)" "+I,0,10,1,0,on_time
-D,0,10,1,0,on_time
+I,0,22,3,0,on_time"
    same "$(tv 0 12 8 | w -w session:10s -l 100s | tail -n +2)" "0,10,1,0,on_time
0,22,3,0,on_time"
    same "$(tv 0 12 8 | w -w session:10s -l 100s -m discard | tail -n +2)" "0,10,1,0,on_time
0,22,2,0,on_time"
}

@test "sessions: several rows are taken back by end, then start" {
    # 0..10 and 12..22 have closed; 9 joins them behind W: 0..22 is late.
    same "$(tv 0 12 50 9 | w -w session:10s -l 100s -m retract | tail -n +2)" "+I,0,10,1,0,on_time
+I,12,22,1,0,on_time
-D,0,10,1,0,on_time
-D,12,22,1,0,on_time
+I,0,22,3,0,late
+I,50,60,1,0,on_time"
}

@test "sessions: a record inside refines the same session" {
    same "$(tv 0 8 50 4 | w -w session:10s -l 100s -m retract | tail -n +2)" "+I,0,18,2,0,on_time
-U,0,18,2,0,on_time
+U,0,18,3,1,late
+I,50,60,1,0,on_time"
}

@test "sessions that swallow one another by the thousand keep one row to take back of each" {
    cd "$BATS_TEST_TMPDIR"
    # Newest first, so that a small session swallows a large one each time; then oldest first.
    local order
    for order in "sort -rn" "sort -n"; do
        { seq 0 20 160000 | $order; seq 10 20 160000 | $order; } | sed 's/.*/{"t":&}/' >in
        (nm -D "$WINAGG" | grep -q "__[at]san" || ulimit -v 400000; w -w session:15s -m retract -d 10d --early 1 -a count,distinct:t in >rows)
        same "$(grep -c '^+[IU]' rows)" "$(($(grep -c '^-[UD]' rows) + 1))"
        same "$(tail -n 1 rows | cut -d, -f 2-5)" 0,160015,16001,16001
    done
}
