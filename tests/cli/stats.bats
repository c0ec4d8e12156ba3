#!/usr/bin/env bats
# --stats: the accounts close.

load helper

@test "one JSON object on stderr, members in a fixed order" {
    printf '%s\n' '{"t":1}' '{"t":12}' '{"t":9}' oops '{"t":11}' |
        w -w 10s --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(grep '^{' "$BATS_TEST_TMPDIR/err" | sed 's/"state_bytes_peak":[0-9]*,"seconds":[0-9.e-]*}/"state_bytes_peak":N,"seconds":S}/')" \
'{"records":5,"bytes":39,"used":3,"bad":1,"late":1,"too_late":1,"unassigned":0,"filtered":0,"duplicates":0,"windows":2,"rows":2,"watermark":12,"max_event_time":12,"partly_late":0,"too_late_by":"3s","replayed":0,"fill_skipped":0,"state_bytes_peak":N,"seconds":S}'
}

@test "times are in the form of --output-time, null if there is none" {
    echo '{"t":"2024-05-01T12:00:00Z"}' | "$WINAGG" -t t -w 1m -d 5s --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" watermark)" '"2024-05-01T11:59:55Z"'
    same "$(counter "$BATS_TEST_TMPDIR/err" max_event_time)" '"2024-05-01T12:00:00Z"'
    "$WINAGG" -t t -w 1m --stats </dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" watermark)" null
    same "$(counter "$BATS_TEST_TMPDIR/err" max_event_time)" null
    same "$(counter "$BATS_TEST_TMPDIR/err" records)" 0
}

@test "records = used + bad + too_late + unassigned + filtered + duplicates" {
    for args in "-w 10s" "-w sliding:10s/30s" "-w session:10s" "-w sliding:30s/10s -l 20s -m retract" \
        "-w 10s -l 5s --early 2 -m discard"; do
        # Words are meant to be split here.
        # shellcheck disable=SC2086
        seq 1 2000 | awk '{r = ($1 * 7919) % 997; if (r % 50 == 0) print "bad"; else printf "{\"t\":%d}\n", $1 + r % 60}' |
            w $args --stats --late "$BATS_TEST_TMPDIR/late" --bad "$BATS_TEST_TMPDIR/bad" \
            >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
        same "$(grep '^{' "$BATS_TEST_TMPDIR/err" |
            jq '.records == 2000 and .records == .used + .bad + .too_late + .unassigned + .filtered + .duplicates')" true
        same "$(counter "$BATS_TEST_TMPDIR/err" bad)" "$(wc -l <"$BATS_TEST_TMPDIR/bad")"
        same "$(counter "$BATS_TEST_TMPDIR/err" too_late)" "$(wc -l <"$BATS_TEST_TMPDIR/late")"
        same "$(counter "$BATS_TEST_TMPDIR/err" rows)" "$(tail -n +2 "$BATS_TEST_TMPDIR/out" | wc -l)"
        [ "$(counter "$BATS_TEST_TMPDIR/err" bad)" -gt 0 ]
        rm "$BATS_TEST_TMPDIR/late" "$BATS_TEST_TMPDIR/bad"
    done
}

@test "windows: those opened; swallowed sessions are not counted" {
    tv 0 15 8 | w -w session:10s -d 1m --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" windows)" 1
    tv 25 | w -w sliding:30s/10s --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" windows)" 3
}

@test "bytes are those of the input" {
    printf 't,v\n1,2\n\n2,3' | w -w 10s --stats >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    same "$(counter "$BATS_TEST_TMPDIR/err" bytes)" 12
}
