#!/usr/bin/env bats
# Sums, means, variances, quantiles and printing against Python's fractions.

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || exit
    export program=${build:-build/release}/unit/test_number
    [ -x "$program" ] || make -s "$program"
}

@test "exact results are those of Python's fractions" {
    run python3 tests/unit/number_model.py "$program" 3000
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the comparison notices a difference" {
    printf '#!/bin/sh\n%s "$@" | sed "s/3/4/"\n' "$program" >"$BATS_TEST_TMPDIR/wrong"
    chmod +x "$BATS_TEST_TMPDIR/wrong"
    run python3 tests/unit/number_model.py "$BATS_TEST_TMPDIR/wrong" 100
    [ "$status" -eq 1 ]
}
