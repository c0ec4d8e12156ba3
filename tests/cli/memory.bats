#!/usr/bin/env bats
# Memory that can't be had, and loops that would be as long as the data is mean.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "whichever allocation fails, the run ends with status 1 or changes nothing" {
    cat >fail.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
static long n, failing;
static int now(void)
{
    if (failing == 0)
        failing = getenv("FAIL") ? atol(getenv("FAIL")) : -1;
    return __atomic_add_fetch(&n, 1, __ATOMIC_SEQ_CST) == failing && (errno = ENOMEM);
}
void *malloc(size_t size)
{
    static void *(*real)(size_t);
    if (!real)
        real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    return now() ? NULL : real(size);
}
void *realloc(void *p, size_t size)
{
    static void *(*real)(void *, size_t);
    if (!real)
        real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    return now() ? NULL : real(p, size);
}
END
    if nm -D "$WINAGG" | grep -q __asan; then
        skip "the sanitizer has its own malloc"
    fi
    cc -shared -fPIC -o fail.so fail.c -ldl
    printf '{"t":1,"k":"a \\u00e9 key","v":"1e40"}\n{"t":2,"k":"a long key with a text of \\"%s\\"","v":3}\n{"t":30}\n' "$(seq -s x 300)" >in
    "$WINAGG" -j 1 -t t -w 10s -k k -a sum:v,distinct:k,median:v in >whole
    local n status ended=0
    for n in $(seq 1 400); do
        status=0
        FAIL=$n LD_PRELOAD=$PWD/fail.so "$WINAGG" -j 1 -t t -w 10s -k k -a sum:v,distinct:k,median:v in >rows 2>err || status=$?
        if [ "$status" -eq 0 ]; then
            cmp rows whole
        else
            [ "$status" -eq 1 ]
            [ -s err ]
            ended=$((ended + 1))
        fi
    done
    [ "$ended" -gt 50 ]
}

@test "a million sessions of one key, newest windows first, a reader that leaves" {
    awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"t\":%d,\"k\":1}\n", i * 3600 }' >in
    same "$(w -w session:30m -d all -k k in | wc -l)" 200001
    awk 'BEGIN { for (i = 200000; i > 0; i--) printf "{\"t\":%d}\n", i }' >in
    same "$(w -w 1s -d 30d in | wc -l)" 200001
    printf '{"t":1}\n{"t":4000000}\n' >in
    same "$(timeout 20 "$WINAGG" -t t -w sliding:1h/36ms in | head -n 1 | wc -l)" 1
}
