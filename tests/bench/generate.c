/*
 * Writes events for benchmarks to stdout: the same bytes for the same options, on any machine.
 *
 *   generate [-f FORM] [-n EVENTS] [-k KEYS] [-r EVENTS_A_SECOND] [-d DISORDER_S] [-s SEED]
 *            [-t iso|offset|nginx|syslog|log4j]
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
 * and the messy ones of messy.py, a number N behind some of the names:
 *
 * optionalN    json with N fields more, each in one event of two; fixedN: half of them, always
 * namesN       json with a field more, of one of N names
 * ordersN      json in N orders of the members; orders0: each event in its own
 * spacedN      optionalN with a blank behind each colon and comma; spacedfixedN
 * arraysN      json with an array of 0 to N numbers; arrayN: always of half as many
 * nestedN      json with an array of 0 to N objects
 * exponents    json whose numbers have exponents
 * cyrillic     json with texts, the host among them, in Cyrillic letters; latin: as many bytes
 * duplicate    json with two hosts, the second of which counts
 * escapedname  json with the host's name escaped
 * doubled      csv with doubled quotes in the host and the path
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
#include <stdarg.h>
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
    FORMAT_QUOTED,
    FORMAT_DOUBLED,
    FORMAT_MESSY, /* these are made member by member */
    FORMAT_OPTIONALS = FORMAT_MESSY,
    FORMAT_FIXED,
    FORMAT_NAMES,
    FORMAT_ORDERS,
    FORMAT_SPACED,
    FORMAT_SPACED_FIXED,
    FORMAT_ARRAYS,
    FORMAT_ARRAY,
    FORMAT_NESTED,
    FORMAT_EXPONENTS,
    FORMAT_CYRILLIC,
    FORMAT_LATIN,
    FORMAT_DUPLICATE,
    FORMAT_ESCAPED_NAME
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

/* What -f takes. counted: a number follows the name. */
static const struct form {
    const char *name;
    enum format format;
    bool counted;
} forms[] = {
    {"json", FORMAT_JSON, false},
    {"csv", FORMAT_CSV, false},
    {"narrow", FORMAT_NARROW, false},
    {"optional", FORMAT_OPTIONAL, false},
    {"escaped", FORMAT_ESCAPED, false},
    {"quoted", FORMAT_QUOTED, false},
    {"doubled", FORMAT_DOUBLED, false},
    {"optional", FORMAT_OPTIONALS, true},
    {"fixed", FORMAT_FIXED, true},
    {"names", FORMAT_NAMES, true},
    {"orders", FORMAT_ORDERS, true},
    {"spaced", FORMAT_SPACED, true},
    {"spacedfixed", FORMAT_SPACED_FIXED, true},
    {"arrays", FORMAT_ARRAYS, true},
    {"array", FORMAT_ARRAY, true},
    {"nested", FORMAT_NESTED, true},
    {"exponents", FORMAT_EXPONENTS, false},
    {"cyrillic", FORMAT_CYRILLIC, false},
    {"latin", FORMAT_LATIN, false},
    {"duplicate", FORMAT_DUPLICATE, false},
    {"escapedname", FORMAT_ESCAPED_NAME, false},
};

enum { MOST_COUNTED = 1000, MOST_MEMBERS = 64, LONGEST_MEMBERS = 64 * 1024 };

struct options {
    enum format format;
    unsigned n; /* behind the form's name */
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

/* The members of an event on their way into a line. What is drawn for the mess is none of the
 * event's, so that all forms of one seed are the same events. */
struct members {
    char text[LONGEST_MEMBERS];
    size_t len;
    size_t start[MOST_MEMBERS + 1]; /* member i is text[start[i] .. start[i + 1]) */
    size_t n;
    const char *colon;
    uint64_t random;
};

__attribute__((format(printf, 2, 3))) static void add(struct members *m, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    m->len += (size_t)vsnprintf(m->text + m->len, sizeof m->text - m->len, format, arguments);
    va_end(arguments);
}

static void end_member(struct members *m)
{
    m->start[++m->n] = m->len;
}

static void add_texts(struct members *m, const struct options *o, const struct event *e)
{
    const char *colon = m->colon;
    const char *host = o->format == FORMAT_CYRILLIC ? "\xd1\x83\xd0\xb7\xd0\xb5\xd0\xbb"
                       : o->format == FORMAT_LATIN  ? "nodenode"
                                                    : "h";
    if (o->format == FORMAT_DUPLICATE) {
        add(m, "\"host\"%s\"other\"", colon);
        end_member(m);
    }
    add(m, "\"ts\"%s\"%s\"", colon, time_text(e->ts_ms));
    end_member(m);
    add(m, "\"%s\"%s\"%s%07u\"", o->format == FORMAT_ESCAPED_NAME ? "h\\u006fst" : "host", colon,
        host, e->host);
    end_member(m);
    add(m, "\"user\"%s\"u%06u\"", colon, e->user);
    end_member(m);
    add(m, "\"method\"%s\"%s\"", colon, e->method);
    end_member(m);
    add(m, "\"path\"%s\"/api/items/%05u\"", colon, e->item);
    end_member(m);
}

static void add_numbers(struct members *m, const struct options *o, const struct event *e)
{
    const char *colon = m->colon;
    bool exponents = o->format == FORMAT_EXPONENTS;
    add(m, "\"status\"%s%u", colon, e->status);
    end_member(m);
    if (exponents) /* as C prints %e; four digits behind the point hold these numbers */
        add(m, "\"bytes\"%s%.4e", colon, (double)e->bytes);
    else
        add(m, "\"bytes\"%s%u", colon, e->bytes);
    end_member(m);
    if (exponents)
        add(m, "\"latency_ms\"%s%.4e", colon, e->latency_tenths / 10.0);
    else
        add(m, "\"latency_ms\"%s%u.%u", colon, e->latency_tenths / 10, e->latency_tenths % 10);
    end_member(m);
}

/* Field i of those that come and go. */
static void add_optional(struct members *m, unsigned i)
{
    static const char *const names[] = {"region", "cached", "retries", "referer", "trace"};
    add(m, "\"%s_%u\"%s", names[i % 5], i, m->colon);
    if (i % 3 == 0)
        add(m, "\"%06u\"", draw_below(&m->random, 1000000));
    else if (i % 3 == 1)
        add(m, "%u", draw_below(&m->random, 10000));
    else
        add(m, "%s", draw_below(&m->random, 2) == 0 ? "true" : "false");
    end_member(m);
}

static void add_array(struct members *m, unsigned n)
{
    add(m, "\"samples\"%s[", m->colon);
    for (unsigned i = 0; i < n; i++)
        add(m, "%s%u.%u", i == 0 ? "" : ",", draw_below(&m->random, 1000),
            draw_below(&m->random, 10));
    add(m, "]");
    end_member(m);
}

static void add_objects(struct members *m, unsigned n)
{
    add(m, "\"spans\"%s[", m->colon);
    for (unsigned i = 0; i < n; i++)
        add(m, "%s{\"name\":\"s%u\",\"ms\":%u}", i == 0 ? "" : ",", draw_below(&m->random, 100),
            draw_below(&m->random, 100));
    add(m, "]");
    end_member(m);
}

/* 48 letters of two bytes each, or as many bytes. */
static void add_words(struct members *m, bool cyrillic)
{
    add(m, "\"text\"%s\"", m->colon);
    for (unsigned i = 0; i < 48; i++) {
        if (i % 8 == 7)
            add(m, " ");
        else if (cyrillic)
            add(m, "\xd0%c", (char)(0xb0 + draw_below(&m->random, 16)));
        else
            add(m, "%c%c", 'a' + (int)draw_below(&m->random, 26), 'z');
    }
    add(m, "\"");
    end_member(m);
}

static void add_more(struct members *m, const struct options *o)
{
    switch (o->format) {
    case FORMAT_OPTIONALS:
    case FORMAT_SPACED:
        for (unsigned i = 0; i < o->n; i++)
            if (draw_below(&m->random, 2) == 0)
                add_optional(m, i);
        break;
    case FORMAT_FIXED:
    case FORMAT_SPACED_FIXED:
        for (unsigned i = 0; i < o->n; i += 2)
            add_optional(m, i);
        break;
    case FORMAT_NAMES:
        add(m, "\"name_%02u\"%s%u", draw_below(&m->random, o->n + (o->n == 0)), m->colon,
            draw_below(&m->random, 1000));
        end_member(m);
        break;
    case FORMAT_ARRAYS:
        add_array(m, draw_below(&m->random, o->n + 1));
        break;
    case FORMAT_ARRAY:
        add_array(m, o->n / 2);
        break;
    case FORMAT_NESTED:
        add_objects(m, draw_below(&m->random, o->n + 1));
        break;
    case FORMAT_CYRILLIC:
    case FORMAT_LATIN:
        add_words(m, o->format == FORMAT_CYRILLIC);
        break;
    default:
        break;
    }
}

/* Order number `order` of n members; it is drawn from its number. */
static void shuffle(size_t *to, size_t n, uint64_t order)
{
    for (size_t i = 0; i < n; i++)
        to[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = draw_below(&order, i), held = to[i - 1];
        to[i - 1] = to[k];
        to[k] = held;
    }
}

static int print_messy(const struct options *o, const struct event *e, struct members *m)
{
    bool spaced = o->format == FORMAT_SPACED || o->format == FORMAT_SPACED_FIXED;
    size_t order[MOST_MEMBERS];
    m->len = m->n = 0;
    m->colon = spaced ? ": " : ":";
    add_texts(m, o, e);
    add_numbers(m, o, e);
    add_more(m, o);
    for (size_t i = 0; i < m->n; i++)
        order[i] = i;
    if (o->format == FORMAT_ORDERS)
        shuffle(order, m->n, o->n == 0 ? draw(&m->random) : draw_below(&m->random, o->n) * 1000003);
    for (size_t i = 0; i < m->n; i++) {
        const char *text = m->text + m->start[order[i]];
        int len = (int)(m->start[order[i] + 1] - m->start[order[i]]);
        printf("%s%.*s", i == 0 ? "{" : spaced ? ", " : ",", len, text);
    }
    return printf("}\n");
}

static int print_event(const struct options *o, const struct event *e, struct members *m)
{
    switch (o->format) {
    default:
        return print_messy(o, e, m);
    case FORMAT_DOUBLED:
        return printf("%s,\"h\"\"%07u\"\"\",u%06u,%s,\"/api/\"\"items\"\"/%05u\",%u,%u,%u.%u\n",
                      time_text(e->ts_ms), e->host, e->user, e->method, e->item, e->status,
                      e->bytes, e->latency_tenths / 10, e->latency_tenths % 10);
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
}

static int print_header(enum format format)
{
    switch (format) {
    case FORMAT_CSV:
    case FORMAT_QUOTED:
    case FORMAT_DOUBLED:
        return printf("ts,host,user,method,path,status,bytes,latency_ms\n");
    case FORMAT_NARROW:
        return printf("ts,key,value\n");
    default:
        return 0;
    }
}

static void usage(void)
{
    fprintf(stderr, "usage: generate [-f FORM] [-n EVENTS] [-k KEYS] [-r EVENTS_A_SECOND] "
                    "[-d DISORDER_S] [-s SEED] [-t iso|offset|nginx|syslog|log4j]\nforms:");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        fprintf(stderr, " %s%s", forms[i].name, forms[i].counted ? "N" : "");
    fprintf(stderr, "\n");
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

static void read_form(const char *text, struct options *o)
{
    size_t len = strcspn(text, "0123456789");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strlen(forms[i].name) != len || memcmp(forms[i].name, text, len) != 0 ||
            forms[i].counted == (text[len] == '\0'))
            continue;
        o->format = forms[i].format;
        o->n = forms[i].counted ? (unsigned)read_number(text + len, 0, MOST_COUNTED) : 0;
        if ((o->format == FORMAT_OPTIONALS || o->format == FORMAT_SPACED) &&
            o->n > MOST_MEMBERS / 2)
            usage();
        return;
    }
    usage();
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
    struct options o = {.format = FORMAT_JSON,
                        .events = 5000000,
                        .keys = 100,
                        .rate = 1000,
                        .disorder_ms = 30000,
                        .seed = 1};
    int c;
    while ((c = getopt(argc, argv, "f:n:k:r:d:s:t:")) != -1) {
        switch (c) {
        case 'f':
            read_form(optarg, &o);
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
    static struct members members;
    uint64_t random = o.seed;
    members.random = ~o.seed;
    int printed = print_header(o.format);
    for (uint64_t i = 0; i < o.events && printed >= 0; i++) {
        struct event e = draw_event(&o, i, &random);
        printed = print_event(&o, &e, &members);
    }
    if (printed < 0 || fclose(stdout)) {
        perror("generate");
        return 1;
    }
    return 0;
}
