"""What times cost that are not RFC 3339 in UTC: each row compares the same events with their times
in that form and in ISO form, by least CPU of the whole job, one thread. Times differ from record
to record, and all give the same rows."""

import peers

GOAL = 1.5
JOB = ["-w", "1m", "-d", "30s", "-k", "host", "-a", "count,sum:bytes,max:latency_ms",
       "-o", "csv", "-j", "1"]
NGINX = "%d/%b/%Y:%H:%M:%S %z"
OFFSET = "%Y-%m-%dT%H:%M:%S%z"
LOG4J = "%Y-%m-%d %H:%M:%S,%f"
SYSLOG = "%b %d %H:%M:%S"
FORMS = [
    ("nginx", [NGINX]),
    ("syslog", [SYSLOG, "--year-from", "2025-12-31"]),
    ("log4j", [LOG4J]),
    ("offset", [OFFSET]),
    ("log4j", [NGINX, "--time-format", OFFSET, "--time-format", LOG4J]),
    ("nginx", ["auto"]),
    ("offset", ["auto"]),
    ("log4j", ["auto"]),
]


def winagg(bench, data, time_format):
    return peers.Program("winagg --time-format " + " ".join(time_format),
                         [bench.winagg, "-t", "ts", *JOB, "--time-format", *time_format, data])


def report(bench):
    events = max(1, bench.events // 5)
    print(f"\ntimes in other forms than ISO: {events:,} events, CPU seconds, one thread,"
          f" {bench.rounds} rounds, goal {GOAL}")
    print(f"  {'':<44}{'this':>8}{'ISO':>8}{'ratio':>8}")
    for form in ("json", "csv"):
        iso = winagg(bench, bench.events_file(form, events), ["auto"])
        for times, time_format in FORMS:
            if (form, times) == ("csv", "log4j"):
                continue  # its comma would need quotes
            data = bench.events_file(form, events, times=times)
            programs = [winagg(bench, data, time_format), iso]
            taken, base = bench.alternate(programs)
            bench.check_agreement(programs)
            mine, other = peers.cpu_s(taken), peers.cpu_s(base)
            ratio = mine / max(other, 1e-3)
            others = time_format.count("--time-format")
            shown = f"the last of {others + 1} patterns" if others else time_format[0]
            title = f"{form.upper()} {times}, {shown}"
            print(f"  {title:<44}{mine:8.3f}{other:8.3f}{ratio:8.2f}"
                  f"  {'ok' if ratio <= GOAL else 'MISSED'}", flush=True)
