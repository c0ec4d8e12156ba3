/*
 * Writes events for benchmarks to stdout: the same bytes for the same options, on any machine.
 *
 *   generate [-f json|csv|narrow|optional|escaped|quoted] [-n EVENTS] [-k KEYS]
 *            [-r EVENTS_A_SECOND] [-d DISORDER_S] [-s SEED] [-t iso|offset|nginx|syslog|log4j]
 *
 * json    a web log of about 155 bytes an event: ts (RFC 3339, ms), host, user, method, path,
 *         status, bytes, latency_ms
 * csv     the same events, value for value, with a header line
 * narrow  ts,key,value of about 23 bytes, ts in epoch seconds
 *
 * and, less plain, the same events once more:
 *
 * optional  json, where one event in two has another field, and one in four lacks one
 * escaped   json with a field more, which holds escapes and a letter that is not ASCII
 * quoted    csv with quotes around every field
 *
 * -t writes their times as others do: RFC 3339 with an offset, the access log of nginx, syslog (no
 * year), log4j; narrow has none of them.
 *
 * Event time goes on evenly; each event is then set back by up to DISORDER_S, uniformly, so a
 * delay of DISORDER_S loses nothing. Hosts (keys) and users are drawn uniformly. The widths of
 * host and user do not depend on how many there are, so that runs with few and with many keys
 * read the same number of bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EPOCH_MS 1767225600000 /* 2026-01-01T00:00:00Z */
#define USERS 10000

enum format {
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_NARROW,
    FORMAT_OPTIONAL,
    FORMAT_ESCAPED,
    FORMAT_QUOTED
};

/* strftime(3)'s pattern down to the second, and what stands behind it, of the milliseconds. */
static const struct times {
    const char *name, *seconds, *rest;
} TIMES[] = {
    {"iso", "%Y-%m-%dT%H:%M:%S", ".%03dZ"},   {"offset", "%Y-%m-%dT%H:%M:%S", "+0000"},
    {"nginx", "%d/%b/%Y:%H:%M:%S", " +0000"}, {"syslog", "%b %e %H:%M:%S", ""},
    {"log4j", "%Y-%m-%d %H:%M:%S", ",%03d"},
};
static const struct times *times = TIMES;

struct options {
    enum format format;
    uint64_t events;
    uint64_t keys;
    uint64_t rate;
    uint64_t disorder_ms;
    uint64_t seed;
};

struct event {
    int64_t ts_ms;
    unsigned host;
    unsigned user;
    const char *method;
    unsigned item;
    unsigned status;
    unsigned bytes;
    unsigned latency_tenths; /* of a millisecond */
};

/* splitmix64 (Steele, Lea, Flood 2014): one multiply-xorshift chain a number, any seed is good. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned draw_below(uint64_t *state, uint64_t bound)
{
    return (unsigned)((draw(state) >> 32) * bound >> 32);
}

static struct event draw_event(const struct options *o, uint64_t number, uint64_t *random)
{
    static const char *const methods[] = {"GET", "GET", "GET", "GET", "PUT", "POST", "GET", "HEAD"};
    static const unsigned statuses[] = {200, 200, 200, 200, 200, 200, 200, 204,
                                        301, 304, 304, 400, 404, 404, 500, 503};
    struct event e;
    e.ts_ms = EPOCH_MS + (int64_t)(number / o->rate * 1000 + number % o->rate * 1000 / o->rate);
    e.ts_ms -= draw_below(random, o->disorder_ms + 1);
    e.host = draw_below(random, o->keys);
    e.user = draw_below(random, USERS);
    e.method = methods[draw_below(random, 8)];
    e.item = draw_below(random, 100000);
    e.status = statuses[draw_below(random, 16)];
    e.bytes = draw_below(random, 100000);
    /* Mostly tens of milliseconds, with a tail of seconds. */
    e.latency_tenths = draw_below(random, 1u << (6 + draw_below(random, 10)));
    return e;
}

/* The part down to the second is kept until the second changes. */
static const char *time_text(int64_t ts_ms)
{
    static char text[64];
    static size_t len;
    static int64_t held_s = INT64_MIN;
    int64_t s = ts_ms / 1000;
    if (s != held_s) {
        time_t t = (time_t)s;
        struct tm parts;
        gmtime_r(&t, &parts);
        len = strftime(text, sizeof text, times->seconds, &parts);
        held_s = s;
    }
    snprintf(text + len, sizeof text - len, times->rest, (int)(ts_ms % 1000));
    return text;
}

/* `more`: another member, with its comma. */
static int print_json(const struct event *e, bool method, const char *more)
{
    return printf("{\"ts\":\"%s\",\"host\":\"h%07u\",\"user\":\"u%06u\",%s%s%s"
                  "\"path\":\"/api/items/%05u\",\"status\":%u,\"bytes\":%u,"
                  "\"latency_ms\":%u.%u%s}\n",
                  time_text(e->ts_ms), e->host, e->user, method ? "\"method\":\"" : "",
                  method ? e->method : "", method ? "\"," : "", e->item, e->status, e->bytes,
                  e->latency_tenths / 10, e->latency_tenths % 10, more);
}

static int print_event(const struct options *o, const struct event *e)
{
    switch (o->format) {
    case FORMAT_JSON:
        return print_json(e, true, "");
    case FORMAT_OPTIONAL: /* what the item's number says, which nobody can predict */
        return print_json(e, e->item % 4 != 0, e->item / 4 % 2 == 0 ? ",\"cached\":true" : "");
    case FORMAT_ESCAPED:
        return print_json(e, true, ",\"agent\":\"\\\"Caf\xc3\xa9\\\" 1.0\\/x\"");
    case FORMAT_QUOTED:
        return printf("\"%s\",\"h%07u\",\"u%06u\",\"%s\",\"/api/items/%05u\",\"%u\",\"%u\","
                      "\"%u.%u\"\n",
                      time_text(e->ts_ms), e->host, e->user, e->method, e->item, e->status,
                      e->bytes, e->latency_tenths / 10, e->latency_tenths % 10);
    case FORMAT_CSV:
        return printf("%s,h%07u,u%06u,%s,/api/items/%05u,%u,%u,%u.%u\n", time_text(e->ts_ms),
                      e->host, e->user, e->method, e->item, e->status, e->bytes,
                      e->latency_tenths / 10, e->latency_tenths % 10);
    case FORMAT_NARROW:
        return printf("%" PRId64 ",k%04u,%u\n", e->ts_ms / 1000, e->host, e->bytes);
    }
    return -1;
}

static int print_header(enum format format)
{
    switch (format) {
    case FORMAT_JSON:
    case FORMAT_OPTIONAL:
    case FORMAT_ESCAPED:
        return 0;
    case FORMAT_CSV:
    case FORMAT_QUOTED:
        return printf("ts,host,user,method,path,status,bytes,latency_ms\n");
    case FORMAT_NARROW:
        return printf("ts,key,value\n");
    }
    return -1;
}

static void usage(void)
{
    fprintf(stderr, "usage: generate [-f json|csv|narrow|optional|escaped|quoted] [-n EVENTS] "
                    "[-k KEYS] [-r EVENTS_A_SECOND] [-d DISORDER_S] [-s SEED] "
                    "[-t iso|offset|nginx|syslog|log4j]\n");
    exit(2);
}

static uint64_t read_number(const char *text, uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno || end == text || *end || n < min || n > max)
        usage();
    return n;
}

static enum format read_format(const char *text)
{
    static const char *const names[] = {"json", "csv", "narrow", "optional", "escaped", "quoted"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(text, names[i]))
            return (enum format)i;
    usage();
    return FORMAT_JSON;
}

static const struct times *read_times(const char *text)
{
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++)
        if (!strcmp(text, TIMES[i].name))
            return &TIMES[i];
    usage();
    return NULL;
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {FORMAT_JSON, 5000000, 100, 1000, 30000, 1};
    int c;
    while ((c = getopt(argc, argv, "f:n:k:r:d:s:t:")) != -1) {
        switch (c) {
        case 'f':
            o.format = read_format(optarg);
            break;
        case 'n':
            o.events = read_number(optarg, 0, UINT64_C(1) << 40);
            break;
        case 'k':
            o.keys = read_number(optarg, 1, 10000000);
            break;
        case 'r':
            o.rate = read_number(optarg, 1, 1000000000);
            break;
        case 'd':
            o.disorder_ms = read_number(optarg, 0, 86400) * 1000;
            break;
        case 't':
            times = read_times(optarg);
            break;
        case 's':
            o.seed = read_number(optarg, 0, UINT64_MAX);
            break;
        default:
            usage();
        }
    }
    if (optind != argc)
        usage();
    return o;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    uint64_t random = o.seed;
    int printed = print_header(o.format);
    for (uint64_t i = 0; i < o.events && printed >= 0; i++) {
        struct event e = draw_event(&o, i, &random);
        printed = print_event(&o, &e);
    }
    if (printed < 0 || fclose(stdout)) {
        perror("generate");
        return 1;
    }
    return 0;
}
