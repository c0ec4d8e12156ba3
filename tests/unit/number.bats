#!/usr/bin/env bats
# Sums, means, variances, quantiles and printing against Python's fractions.

setup() {
    cd "$BATS_TEST_DIRNAME/../.."
    make -s build/release/unit/test_number
}

@test "exact results are those of Python's fractions" {
    run python3 tests/unit/number_model.py build/release/unit/test_number 3000
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the comparison notices a difference" {
    printf '#!/bin/sh\nbuild/release/unit/test_number "$@" | sed "s/3/4/"\n' >"$BATS_TEST_TMPDIR/wrong"
    chmod +x "$BATS_TEST_TMPDIR/wrong"
    run python3 tests/unit/number_model.py "$BATS_TEST_TMPDIR/wrong" 100
    [ "$status" -eq 1 ]
}
