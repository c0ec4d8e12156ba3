#!/usr/bin/env bats
# The house is clean: style, includes, static analysis, scripts, man pages, build (scripts/lint).

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

@test "gcc -fanalyzer finds nothing" {
    gcc --version | head -n 1 | grep -q ' 12\.' || skip "gcc is not of version 12"
    "$root/scripts/lint" gcc-analyzer
}

@test "shellcheck finds nothing" {
    "$root/scripts/lint" shellcheck
}

@test "the man pages have no mistakes" {
    "$root/scripts/lint" man
}

# The flags that make adds to CFLAGS are seen in what it built; one that lacks them is refused.
@test "the program is hardened" {
    binary=build/release/winagg
    [ -x "$root/$binary" ] || skip "$binary is not built"
    "$root/scripts/lint-hardening" "$binary" build/release/main.o
    cd "$BATS_TEST_TMPDIR"
    echo 'int main(int n, char **a) { return n + **a; }' >plain.c
    cc -c -fcf-protection=none -o plain.o plain.c || cc -c -o plain.o plain.c
    cc -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack -o plain plain.o
    run "$root/scripts/lint-hardening" "$PWD/plain" "$PWD/plain.o"
    [ "$status" -eq 1 ]
    for what in PIE RELRO 'z now' 'stack without code' 'stack protector' FORTIFY; do
        grep -qF -- "$what" <<<"$output"
    done
}
