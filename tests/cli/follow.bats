#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has its own pid
# --follow: FILEs that grow, are rotated away, or truncated in place. tests/crash/follow.py kills it.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

start() {
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s --follow "$@" >>out 2>>err 3>&- &
    pid=$!
}

stop() {
    kill -s "${1:-TERM}" "$pid"
    wait "$pid" || true
    pid=
}

# Waits until so many records were used: as stats tell.
wait_for_used() {
    local i
    for ((i = 0; i < 300; i++)); do
        request_stats "$pid"
        sleep 0.05
        [ "$(grep '^{' err | tail -n 1 | jq .used)" = "$1" ] && return
    done
    echo "never used $1:"
    cat err
    return 1
}

@test "what is appended is a row at once, also in two pieces" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    printf '{"t":2' >>app
    sleep 0.3
    printf '5}\n' >>app
    wait_for_line out 10,20,1
    stop
    same "$(tail -n 1 out)" 20,30,1
}

@test "a file that is rotated by renaming: the old one is read on, before the new one" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    mv app app.1
    wait_for_used 2
    tv 26 >app
    wait_for_line out 10,20,1
    tv 27 28 >>app.1
    tv 35 >>app
    wait_for_line out 20,30,3
    stop
}

@test "a file that is replaced, or missing for a while, is the same source" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    tv 26 >new
    mv new app
    wait_for_line out 10,20,1
    rm app
    sleep 0.3
    tv 37 >app
    wait_for_line out 20,30,1
    stop
}

@test "a new file that may not be read yet is waited for, as logrotate makes them" {
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv "--bounding-set=-dac_override,-dac_read_search")
    touch mine
    chmod 000 mine
    "${as[@]}" true || skip "setpriv may not drop capabilities here"
    ! "${as[@]}" cat mine 2>/dev/null || skip "this user may read all files"
    tv 1 12 >app
    "${as[@]}" "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s --follow app >>out 2>>err 3>&- &
    pid=$!
    wait_for_line out 0,10,1
    mv app app.1
    (umask 777; tv 25 >app)
    tv 13 >>app.1
    wait_for_used 3
    same "$(grep -v '^{' err)" ""
    chmod 600 app
    wait_for_line out 10,20,2
    # It is said where that lasts.
    mv app app.1
    (umask 777; tv 35 >app)
    for ((i = 0; i < 300; i++)); do
        grep -q "app: may not be read: waiting until it may" err && break
        sleep 0.05
    done
    same "$(grep -c "may not be read" err)" 1
    chmod 600 app
    wait_for_line out 20,30,1
    stop
}

@test "what is older than the file is none that came behind it, whatever its name" {
    # Numbers that count up, days before months, hours, what a link led to before.
    local new
    for new in app.2 app-01122026 app.05; do
        rm -f app* out err
        case $new in
            app.2) tv 101 102 >app.1 ;;
            app-*) tv 101 102 >app-30112026 ;;
            *) tv 101 102 >app.03; tv 103 >app.04 ;;
        esac
        sleep 0.02
        tv 1 12 >app
        start app
        wait_for_line out 0,10,1
        mv app "$new"
        tv 25 >app
        wait_for_line out 10,20,1
        stop
        same "$(tail -n 1 out)" 20,30,1
        grep -q "written for the last time before the file was made that was read last: it is not read" err
    done
    rm -f app* out err
    tv 101 >0.log.20240101-120000
    sleep 0.02
    tv 1 12 >0.log
    ln -s 0.log app
    start app
    wait_for_line out 0,10,1
    tv 25 >1.log
    ln -sfn 1.log app
    wait_for_line out 10,20,1
    stop
    same "$(tail -n 1 out)" 20,30,1
}

@test "a file that was made before its turn, or copied with its times, came behind all the same" {
    local made
    for made in "" early copied; do
        rm -f app* s out pool
        if [ "$made" = early ]; then touch pool; fi
        sleep 0.02
        tv 1 >app
        start app --state s
        wait_for_used 1
        stop
        mv app app.2
        if [ "$made" = early ]; then mv pool app.1; fi
        tv 12 25 >>app.1
        if [ "$made" = copied ]; then touch -d '2020-01-01' app.1; fi
        tv 35 45 >app
        start app --state s
        wait_for_line out 30,40,1
        stop
        same "$(grep -v window out)" $'0,10,1\n10,20,1\n20,30,1\n30,40,1'
    done
}

@test "a generation that was read is not read again because its name says newer" {
    tv 1 2 >app
    start app --state s
    wait_for_used 2
    mv app app.1
    tv 12 >app
    wait_for_used 3
    stop
    mv app app.2
    tv 25 35 >app
    start app --state s
    wait_for_line out 20,30,1
    stop
    same "$(grep -v window out)" $'0,10,2\n10,20,1\n20,30,1'
    # And without --follow it was not rotated more than once.
    rm -f app* s out
    tv 1 2 >app
    sleep 0.02
    local keep=(-t t --time-format s --output-time s -o csv -w 10s --state s --at-eof keep app)
    "$WINAGG" "${keep[@]}" >>out
    mv app app.1
    tv 12 >app
    "$WINAGG" "${keep[@]}" >>out
    mv app app.2
    tv 25 >app
    "$WINAGG" "${keep[@]}" >>out
    same "$(grep -v window out)" $'0,10,2\n10,20,1'
}

@test "a run that lags over several rotations finds what came between by what it read, packed or not" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    kill -STOP "$pid"
    tv 13 >>app
    gzip -c app >app.2.gz
    tv 25 26 >app.1
    tv 37 48 >app.new
    rm app
    mv app.new app
    kill -CONT "$pid"
    wait_for_line out 30,40,1
    same "$(tail -n 3 out)" $'10,20,2\n20,30,2\n30,40,1'
    same "$(grep -v '^{' err)" ""
    # Of what is nowhere any more only that can be told.
    kill -STOP "$pid"
    tv 51 >app.new
    mv app.new app.1
    rm app app.2.gz
    tv 62 73 >app
    kill -CONT "$pid"
    wait_for_line out 60,70,1
    stop
    grep -q "app: the file that was read last is gone, and app.1 was written to since: .* lines may be lost" err
}

@test "a file that is truncated after it was rotated away is said to be" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    mv app app.1
    tv 25 >app
    wait_for_line out 10,20,1
    : >app.1
    tv 37 >>app
    wait_for_line out 20,30,1
    stop
    grep -q "app: truncated in place behind byte 17 after it was rotated away" err
    [ "$(grep -c truncated err)" -eq 1 ]
}

# As cron would; CSV, whose header every file of its kind begins with.
again() {
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -s state --output rows "$@" 2>>err
}

csv() {
    echo t,k
    printf '%s,a\n' "$@"
}

@test "a file that begins with the same header is not the one that was rotated" {
    echo t,k >app
    csv 500 501 >app-err
    again --at-eof keep app
    echo 502,a >>app-err
    printf '%s,a\n' 1 2 11 >>app
    mv app app-20260101
    gzip app-20260101
    csv 12 25 >app
    again --at-eof keep app
    again app
    same "$(cat rows)" $'window_start,window_end,count\n0,10,2\n10,20,2\n20,30,1'
    # Nor one that stays when the file is gone.
    rm -f state* rows err
    echo t,k >app
    csv 500 >app.bak
    again --at-eof keep app
    echo 501,a >>app.bak
    rm app
    csv 12 25 >app
    : >err
    start -s state --output rows app
    wait_for_used 2
    stop
    grep -q "app: another file than that of which the snapshot has seen the header" err
    same "$(again --at-eof keep app; tail -n 1 rows)" 10,20,1
}

@test "nor one with the same header of several lines, be they before it or behind" {
    local lines
    for lines in $'#v1\nt,k\n' $'t,k\n#units s,none\n'; do
        rm -f state* rows app*
        printf %s "$lines" >app
        printf '%s500,a\n501,a\n' "$lines" >app-err
        again --comment '#' --at-eof keep app
        echo 502,a >>app-err
        printf '%s,a\n' 1 2 11 >>app
        mv app app-20260101
        gzip app-20260101
        printf '%s12,a\n25,a\n' "$lines" >app
        again --comment '#' --at-eof keep app
        same "$(cat rows)" $'window_start,window_end,count\n0,10,2\n10,20,2'
    done
}

@test "behind a link, too: the file that was read lies where the link leads" {
    mkdir data
    echo t,k >data/app-2026-01-01.log
    ln -s data/app-2026-01-01.log app
    csv 500 >data/app-err
    again --at-eof keep app
    echo 501,a >>data/app-err
    printf '%s,a\n' 1 2 >>data/app-2026-01-01.log
    csv 12 25 >data/app-2026-01-02.log
    ln -sf data/app-2026-01-02.log app
    again --at-eof keep app
    same "$(cat rows)" $'window_start,window_end,count\n0,10,2\n10,20,1'
}

# In its turn each of them is read once, whatever lies beside it.
@test "an archive of the generation before is no copy of a log of which nothing was read" {
    local packer
    for packer in "gzip -c" "gzip -nc" "xz -c"; do
        rm -f state* rows app* out err
        csv 1 2 12 >app
        start app
        wait_for_line out 0,10,2
        mv app app.1
        echo t,k >app
        wait_for_used 3
        echo 13,a >>app.1
        $packer app.1 >app.1.gz
        rm app.1
        wait_for_used 4
        printf '%s,a\n' 14 25 36 >>app
        wait_for_line out 20,30,1
        same "$(cat out)" $'window_start,window_end,count\n0,10,2\n10,20,3\n20,30,1'
        stop
        [ "$(grep -c "truncated" err)" -eq 0 ]
        # By cron.
        rm -f state* rows app*
        csv 1 2 12 >app
        again --at-eof keep app
        mv app app.1
        : >app
        again --at-eof keep app
        $packer app.1 >app.1.gz
        rm app.1
        csv 14 25 36 >>app
        again --at-eof keep app
        same "$(cat rows)" $'window_start,window_end,count\n0,10,2\n10,20,2\n20,30,1'
    done
}

@test "a copy over one that was there before is found by what it holds" {
    : >app.1
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    tv 13 >>app
    wait_for_used 3
    kill -STOP "$pid"
    tv 14 >>app
    cp app app.1
    : >app
    tv 25 36 >>app
    kill -CONT "$pid"
    wait_for_line out 20,30,1
    same "$(cat out)" $'window_start,window_end,count\n0,10,1\n10,20,3\n20,30,1'
    stop
}

@test "a file that was replaced by the same is not read again" {
    tv 1 >app
    again --at-eof keep app
    cp app new
    mv new app
    tv 2 13 >>app
    start -s state --output rows app
    wait_for_line rows 0,10,2
    stop
}

@test "what it writes itself is no file that was rotated" {
    again() {
        "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -s state --output app.1m --bad app.2m "$@" 2>>err
    }
    csv 1 12 >app
    again --at-eof keep app
    printf '%s,a\n' 13 >>app
    mv app app.3
    csv 24 25 >app.2
    csv 36 47 >app
    start -s state --output app.1m --bad app.2m app
    wait_for_line app.1m 30,40,1
    stop
    same "$(cat app.1m)" $'window_start,window_end,count\n0,10,1\n10,20,2\n20,30,2\n30,40,1'
    [ ! -s app.2m ]
    # Nor where the shell has opened it.
    rm -f state* app*
    csv 1 12 >app
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -s state --follow app >>app.1m 2>>app.2m 3>&- &
    pid=$!
    wait_for_line app.1m 0,10,1
    kill -STOP "$pid"
    mv app app.3
    csv 24 25 >app.2
    csv 36 47 >app
    kill -CONT "$pid"
    wait_for_line app.1m 30,40,1
    stop
    same "$(cat app.1m)" $'window_start,window_end,count\n0,10,1\n10,20,1\n20,30,2\n30,40,1'
}

@test "each new file has a header of its own" {
    printf '%s\n' t,k 1,a 12,a >app
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -k k --follow app >>out 2>>err 3>&- &
    pid=$!
    wait_for_line out 0,10,a,1
    mv app app.1
    printf '%s\n' k,t b,26 >app
    wait_for_line out 10,20,a,1
    printf '%s\n' b,37 >>app
    wait_for_line out 20,30,b,1
    stop
}

@test "a file that was truncated in place is read from its beginning, its copy to the end" {
    tv 1 12 >app
    start app
    wait_for_line out 0,10,1
    cp app app.1
    tv 13 14 >>app.1
    : >app
    tv 26 >>app
    wait_for_line out 10,20,3
    grep -q "app: truncated in place behind byte 17, and copied to app.1: lines that were written just before may be lost" err
    tv 37 >>app
    wait_for_line out 20,30,1
    # And one of which there is no copy.
    tv 48 49 50 51 52 53 54 55 56 57 58 >app
    wait_for_line out 40,50,2
    # And one that was never shorter: only its content tells.
    seq 61 90 | sed 's/.*/{"t":&}/' | dd of=app conv=notrunc bs=1M iflag=fullblock status=none
    wait_for_line out 70,80,10
    stop
    [ "$(grep -c "truncated in place" err)" -eq 3 ]
}

@test "several rotations between two runs, packed ones among them: all are read, in their order" {
    tv 1 12 >app
    start -s state app
    wait_for_line out 0,10,1
    stop KILL
    tv 13 >>app
    mv app app.2
    gzip app.2
    tv 25 26 >app.1
    tv 37 >app
    start -s state app
    wait_for_line out 10,20,2
    wait_for_line out 20,30,2
    stop
    same "$(grep -c 0,10,1 out)" 1
    # Without --follow the files end, and the last window fires.
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -s state app >>out
    same "$(tail -n 1 out)" 30,40,1
}

@test "several rotations between two runs, named by dates and seconds: the oldest comes first" {
    local words names
    for words in "app-999999999 app-1000000000 app-1000000100" \
        "app-20260102-1767312099 app-20260102-1767312100 app-20260103-1" \
        "app-2026010209 app-2026010210 app-2026010211" "app-2026-01-02 app-2026-01-02.1 app-2026-01-03" \
        "app.20251231 app.20260101 app.20260102" "app.2025-12-31 app.2026-01-01 app.2026-01-02" \
        "app.2026-01-02T09 app.2026-01-02T10 app.2026-01-02T11" "app.999999999 app.1000000000 app.1000000100" \
        "app.1001 app.1000 app.999"; do
        rm -f app* state* out
        read -r -a names <<<"$words"
        tv 1 12 >app
        start -s state app
        wait_for_line out 0,10,1
        stop
        mv app "${names[0]}"
        tv 25 >"${names[1]}"
        tv 37 >"${names[2]}"
        tv 48 59 >app
        start -s state app
        wait_for_line out 40,50,1
        stop
        same "$(grep '^[23]' out | paste -sd' ')" "20,30,1 30,40,1"
    done
}

@test "truncated in place while it was down: said, and read from its beginning" {
    tv 1 12 >app
    start -s state app
    wait_for_line out 0,10,1
    stop
    tv 25 >app
    start -s state app
    wait_for_line out 10,20,1
    grep -q "app: not the file of which the snapshot has seen 17 bytes" err
    stop
}

@test "behind a symbolic link: what it leads to is rotated, or another" {
    mkdir logs
    tv 1 12 >logs/app-2026-01-01.log
    ln -s logs/app-2026-01-01.log app
    start -s state app
    wait_for_line out 0,10,1
    stop KILL
    tv 13 >>logs/app-2026-01-01.log
    tv 25 >logs/app-2026-01-02.log
    tv 37 >logs/app-2026-01-03.log
    ln -sf logs/app-2026-01-03.log app
    start -s state app
    wait_for_line out 10,20,2
    wait_for_line out 20,30,1
    stop
    mv logs/app-2026-01-03.log logs/app-2026-01-03.log.1
    tv 49 >logs/app-2026-01-03.log
    "$WINAGG" -t t --time-format s --output-time s -o csv -w 10s -s state app >>out
    same "$(tail -n 2 out)" $'30,40,1\n40,50,1'
}

@test "several FILEs: a quiet one stops the others, which is said; --idle-timeout lets it go" {
    tv 1 12 25 >a
    tv 2 >b
    start a b
    sleep 0.5
    same "$(cat out)" ""
    grep -q "a FILE that is quiet stops the others" err
    tv 13 >>b
    wait_for_line out 0,10,2
    stop
    rm out err
    start --idle-timeout 300ms a b
    wait_for_line out 20,30,1
    stop
}

@test "--idle-timeout lets go of a FILE whose packed predecessor was read to its end, too" {
    tv 1 >a
    tv 1 >b
    start -s state --idle-timeout 1s a b
    until [ -e state ]; do sleep 0.05; done # before that a signal would end it
    wait_for_used 2
    stop
    mv a a.1
    gzip a.1
    : >a
    tv 12 25 >>b
    start -s state --idle-timeout 1s a b
    wait_for_line out 10,20,1
    stop
}

# Real logrotate: rotated while it runs and while it is down, packed at once or a rotation later.
rotated_by_logrotate() {
    local total=0
    printf '%s/log/app {\n rotate 9\n missingok\n %s\n}\n' "$PWD" "$1" >conf
    mkdir log
    chmod 755 log
    rotate() { logrotate -f -s "$PWD/rotations" conf 2>>rotate.err; }
    more() { # N lines, which are remembered
        for _ in $(seq "$1"); do
            total=$((total + 1))
            echo "{\"t\":$((total * 3))}" | tee -a written >>log/app
        done
    }
    follow() {
        start -d 1h -s state --checkpoint 20ms --output rows log/app
    }
    all_used() { # as the snapshot says
        for _ in $(seq 300); do
            [ -e state ] && [ "$("$WINAGG" --inspect state | jq .used)" -eq "$total" ] && return
            sleep 0.05
        done
        echo "never used $total"
        cat err
        return 1
    }
    more 5
    follow
    for _ in 1 2; do
        all_used
        rotate
        more 7
    done
    all_used
    stop KILL
    more 3
    rotate
    more 4
    rotate
    more 2
    follow
    all_used
    rotate
    more 6
    all_used
    stop
    w -w 10s -d 1h -s state --output rows log/app
    w -w 10s -d 1h written | cmp rows -
    [ "$(find log -name 'app.*' | wc -l)" -eq 5 ]
}

@test "logrotate, with create" {
    rotated_by_logrotate create
}

@test "logrotate, with compress" {
    rotated_by_logrotate "create
 compress"
    ls log/app.1.gz
}

@test "logrotate, with delaycompress and dates" {
    rotated_by_logrotate "create
 compress
 delaycompress"
    ls log/app.1 log/app.2.gz
}

@test "logrotate, with copytruncate" {
    # What is written while winagg is down and truncated twice is in the copies, which are found.
    rotated_by_logrotate copytruncate
}

@test "what can't be followed is wrong usage" {
    tv 1 12 >app
    fails_with 2 w -w 10s --follow <app
    fails_with 2 w -w 10s --follow -
    fails_with 2 w -w 10s --follow --at-eof flush app
    fails_with 2 w -w 10s --follow --at-eof keep -s state app
    mkfifo pipe
    fails_with 2 w -w 10s --follow pipe
    gzip -k app
    fails_with 2 w -w 10s --follow app.gz
    fails_with 1 w -w 10s --follow none
}
