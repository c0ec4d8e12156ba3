#!/usr/bin/env bats
# The house is clean: style, includes, static analysis, scripts and the man pages (scripts/lint).

root=$BATS_TEST_DIRNAME/..

@test "includes point downwards, and no file has grown too long" {
    "$root/scripts/lint" includes
}

# Another version of clang-format breaks lines elsewhere.
@test "the sources are formatted" {
    version=$(clang-format --version | grep -oE '[0-9]+' | head -n 1)
    [ "$version" -eq 14 ] || skip "clang-format is of version $version, not 14"
    "$root/scripts/lint" clang-format
}

@test "cppcheck finds nothing" {
    "$root/scripts/lint" cppcheck
}

@test "clang-tidy finds nothing" {
    version=$(clang-tidy --version | grep -oE 'version [0-9]+' | grep -oE '[0-9]+')
    [ "$version" -eq 14 ] || skip "clang-tidy is of version $version, not 14"
    "$root/scripts/lint" clang-tidy
}

@test "shellcheck finds nothing" {
    "$root/scripts/lint" shellcheck
}

@test "the man pages have no mistakes" {
    "$root/scripts/lint" man
}
