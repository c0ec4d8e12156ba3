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

@test "tens of thousands of open windows, made in any order, are those of ordered input" {
    # As many as fill several runs of engine/windows.h, from the ends inwards, outwards, at random,
    # newest first, and in blocks.
    python3 - <<'END'
import random
n = 20000
ordered = list(range(n))
orders = {"in": ordered, "back": ordered[::-1], "inwards": [], "random": ordered[:], "blocks": []}
for i in range(n // 2):
    orders["inwards"] += [i, n - 1 - i]
orders["outwards"] = orders["inwards"][::-1]
random.Random(1).shuffle(orders["random"])
for block in random.Random(2).sample(range(20), 20):
    orders["blocks"] += ordered[block * n // 20:(block + 1) * n // 20]
for name, order in orders.items():
    with open(name, "w") as file:
        file.writelines('{"t":%d,"v":%d}\n' % (t, t % 7) for t in order)
END
    local options
    for options in "-w 1s -d all" "-w sliding:20s/2s -d 100000s" "-w sliding:4s/1s -l 1s -d all" \
        "-w 1s --fill -d all"; do
        # shellcheck disable=SC2086 # several words
        w $options -a count,sum:v in >expected
        for order in back inwards outwards random blocks; do
            # shellcheck disable=SC2086
            w $options -a count,sum:v "$order" | cmp - expected
            head -c 150000 "$order" >grown
            rm -f state rows
            # shellcheck disable=SC2086
            w $options -a count,sum:v -s state --checkpoint 9000 --at-eof keep --output rows grown
            tail -c +150001 "$order" >>grown
            # shellcheck disable=SC2086
            w $options -a count,sum:v -s state --output rows grown
            cmp rows expected
        done
    done
}

@test "late records between the windows do not keep what they replace" {
    awk 'BEGIN {
        for (i = 0; i < 150000; i++)
            printf "{\"t\":%d,\"v\":%d}\n", i % 2500 == 1250 ? i / 50 - 90 : i / 50, i * 7919 % 1000003
    }' >in
    local agg
    for agg in distinct:v median:v; do
        (nm -D "$WINAGG" | grep -q "__[at]san" || ulimit -v 50000
            w -j 1 -w sliding:40m/50s -a "$agg" in >rows 2>err)
        same "$(wc -l <rows)" 108
    done
}
