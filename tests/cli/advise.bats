#!/usr/bin/env bats
# --advise: how far out of order the input is.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "the delays that cover shares of the records, and no smaller ones" {
    awk 'BEGIN { srand(7); for (i = 0; i < 5000; i++) { d = rand() < 0.2 ? int(rand() * rand() * 1000) : 0; printf "{\"s\":%d,\"t\":%.3f}\n", rand() * 5, i / 10 - d / 7 } }' >in
    cat >naive.py <<'END'
import json, math, sys
from decimal import Decimal
by_source, clocks, overall, own = sys.argv[1] == "source", {}, [], {}
watermark = None
for line in open("in"):
    event = json.loads(line, parse_float=Decimal)
    s, t = event["s"], Decimal(event["t"])
    key = s if by_source else None
    overall.append(max(Decimal(0), watermark - t) if watermark is not None else Decimal(0))
    own.setdefault(key, []).append(max(Decimal(0), clocks[key] - t) if key in clocks else Decimal(0))
    clocks[key] = max(clocks.get(key, t), t)
    watermark = max(min(clocks.values()), watermark) if watermark is not None else min(clocks.values())
def show(source, disorder):
    disorder.sort()
    for share in ("0.5", "0.9", "0.99", "0.999", "0.9999", "1"):
        delay = disorder[math.ceil(Decimal(share) * len(disorder)) - 1]
        print(source, share, float(delay), sum(d > delay for d in disorder), len(disorder))
show("null", overall)
if by_source:
    for source in sorted(own):
        show(source, own[source])
END
    cat >seconds.py <<'END'
import json, re, sys
for line in sys.stdin:
    row = json.loads(line)
    units = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    delay = sum(float(n) * units[u] for n, u in re.findall(r"([0-9.]+)(ms|us|ns|h|m|s)", row["delay"]))
    print("null" if row["source"] is None else row["source"], row["share"], round(float(delay), 9), row["late"], row["records"])
END
    same "$("$WINAGG" -t t --advise -o json in | python3 seconds.py)" "$(python3 naive.py one)"
    same "$("$WINAGG" -t t --advise -o json --source s <in | python3 seconds.py)" "$(python3 naive.py source)"
    # What it says holds.
    delay=$("$WINAGG" -t t --advise -o json in | jq -r 'select(.share == 1).delay')
    "$WINAGG" -t t -w 1s -d "$delay" --stats in 2>err >/dev/null
    same "$(counter err late)" 0
}

@test "of several FILEs: one that has ended holds W back no longer" {
    tv 10 >a
    tv 20 5 >b
    same "$("$WINAGG" -t t --advise -o json a b | tail -n 1)" '{"source":null,"share":1,"delay":"15s","late":0,"records":3}'
    # It is the least delay, whatever the FILEs: with it nothing is late, with less something is.
    local seed delay ns least=0
    for seed in 1 2 3 4 5 6 7 8; do
        awk -v seed=$seed 'BEGIN { srand(seed)
            for (i = 0; i < 60; i++)
                printf "{\"t\":%d}\n", i + rand() * 9 - (rand() < 0.1 ? 30 : 0) >"f" int(rand() * 3 * rand()) }'
        touch f0 f1 f2
        delay=$("$WINAGG" -t t --advise -o json f0 f1 f2 | jq -r 'select(.share == 1).delay')
        "$WINAGG" -t t -w 1s -d "$delay" --stats f0 f1 f2 2>err >rows
        same "$(counter err late)" 0
        ns=$(($(sed -E 's/([0-9]+)m/\1*60+/; s/\+?s?$//' <<<"$delay")))
        if [ "$ns" -gt 0 ]; then
            least=$((least + 1))
            "$WINAGG" -t t -w 1s -d $((ns * 1000000000 - 1))ns --stats f0 f1 f2 2>err >rows
            [ "$(counter err late)" -gt 0 ]
        fi
        rm f0 f1 f2
    done
    [ "$least" -gt 3 ]
}

@test "no delay is as long as all times are apart" {
    printf '{"t":"%s"}\n' 2262-04-11T23:47:16.854775807Z 1677-09-21T00:12:43.145224192Z >in
    same "$("$WINAGG" -t t --advise -o json in | tail -n 1)" '{"source":null,"share":1,"delay":"all","late":0,"records":2}'
    "$WINAGG" -t t -w 1s in 2>err
    grep -q 'with --delay all none would have been late' err
    same "$("$WINAGG" -t t -w 1s -d all in 2>err | wc -l)" 2
}

@test "--stats counts what was read" {
    printf '%s\n' '{"t":10,"a":1}' x '{"t":1,"a":2}' >in
    "$WINAGG" -t t --advise --where a=1 --stats in 2>err >table
    for counted in records:3 bad:1 used:1 filtered:1 bytes:31; do
        same "$(counter err "${counted%:*}")" "${counted#*:}"
    done
    same "$(tail -n 1 err | jq -r .max_event_time)" 1970-01-01T00:00:10Z
}

@test "bad records do not count, filtered ones do, no record is no line" {
    printf '%s\n' '{"t":5}' '{"t":"x"}' '{"t":1}' >in
    same "$("$WINAGG" -t t --advise -o json --where 'a = 1' in 2>err | tail -n 1)" '{"source":null,"share":1,"delay":"4s","late":0,"records":2}'
    grep -q 'in:2: ' err
    "$WINAGG" -t t --advise in >/dev/null
    echo '{"t":"x"}' >none
    fails_with 1 "$WINAGG" -t t --advise none >/dev/null
    same "$("$WINAGG" -t t --advise -o json </dev/null)" ""
    same "$("$WINAGG" -t t --advise </dev/null)" "all records: 0"
}

@test "a signal prints what is known so far" {
    mkfifo pipe
    "$WINAGG" -t t --advise -o json <pipe >out &
    pid=$!
    exec 7>pipe
    tv 5 1 >&7
    # All bytes were read; whatever was read is dealt with before the signal is heeded.
    until python3 -c 'import array, fcntl, termios
n = array.array("i", [0])
fcntl.ioctl(7, termios.FIONREAD, n)
exit(n[0])' 7>&7; do sleep 0.02; done
    kill -TERM "$pid"
    wait "$pid" || true
    exec 7>&-
    same "$(tail -n 1 out)" '{"source":null,"share":1,"delay":"4s","late":0,"records":2}'
}

@test "options that shape windows change nothing, and nothing is said of a -w that nobody gave" {
    tv 5 1 >in
    "$WINAGG" -t t --advise in >want
    for options in --fill "-l 5s" --final "--offset 3s" "-l 5s --late-every 3" "--top 3" "-w 1m --fill"; do
        # shellcheck disable=SC2086
        same "$("$WINAGG" -t t --advise $options in 2>&1)" "$(cat want)"
    done
    # Of one that was given all is as ever.
    fails_with 2 "$WINAGG" -t t --advise -w all --fill in
    "$WINAGG" -t t --advise -w all -l 5s in 2>err
    grep -q -- "--lateness has no effect on -w all" err
}

@test "in the table, a text that would read as another type stands in quotes" {
    printf '{"t":1,"s":%s}\n' 1 '"1"' null '"null"' true '"true"' '""' '"a b"' '"\"1\""' '"1e5 "' '"\u001b"' >in
    same "$("$WINAGG" -t t --advise --source s in | sed -n 's/^source \(.*\): 1$/\1/p')" 'null
true
1
""
\x1B
"\"1\""
"1"
"1e5 "
a b
"null"
"true"'
}

@test "what does not go with --advise" {
    fails_with 2 "$WINAGG" -t t --advise --state s </dev/null
    fails_with 2 "$WINAGG" -t t --advise -o csv </dev/null
    fails_with 2 "$WINAGG" --advise </dev/null
}
