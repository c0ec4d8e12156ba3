#!/usr/bin/env bats
# Loops that would be as long as the data is mean.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "a million sessions of one key, newest windows first, a reader that leaves" {
    awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"t\":%d,\"k\":1}\n", i * 3600 }' >in
    same "$(w -w session:30m -d all -k k in | wc -l)" 200001
    awk 'BEGIN { for (i = 200000; i > 0; i--) printf "{\"t\":%d}\n", i }' >in
    same "$(w -w 1s -d 30d in | wc -l)" 200001
    printf '{"t":1}\n{"t":4000000}\n' >in
    same "$(timeout 20 "$WINAGG" -t t -w sliding:1h/36ms in | head -n 1 | wc -l)" 1
}
