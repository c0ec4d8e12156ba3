#include <stdint.h>

#include "unit.h"

#include "input/json_fast_columns.h"
#include "input/json_fast_shape.h"
#include "input/json_fast_walk.h"
#include "json_differential.h"
#include "scan/vectors.h"

enum { ROUNDS = 60000, LONGEST = 4096 };

static uint64_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

struct text {
    char bytes[LONGEST];
    size_t len;
};

static void put(struct text *to, const char *text)
{
    size_t len = strlen(text);
    if (to->len + len <= LONGEST) {
        memcpy(to->bytes + to->len, text, len);
        to->len += len;
    }
}

#define PICK(list) (list)[below(sizeof(list) / sizeof(list)[0])]
#define MOSTLY_PLAIN(list) (below(8) != 0 ? (list)[below(3)] : PICK(list))

/* What the generator and the mutations are made of: names, values, and where grammars break. */
static const char *const names[] = {
    "ts",          "host",
    "user",        "id",
    "bytes",       "latency_ms",
    "ok",          "tags",
    "0",           "a",
    "path",        "",
    "caf\xc3\xa9", "a_name_that_is_longer_than_one_chunk_of_32_bytes"};
static const char *const times[] = {"\"2026-01-02T03:04:05.678Z\"",
                                    "\"2026-01-02 03:04:05Z\"",
                                    "\"1969-12-31t23:59:59.999999999z\"",
                                    "1767323045678",
                                    "\"2026-01-02\"",
                                    "1767323045.5",
                                    "\"1767323045\"",
                                    "\"2026-02-30T00:00:00Z\"",
                                    "\"\"",
                                    "null",
                                    "1e999",
                                    "-1"};
static const char *const scalars[] = {"0",
                                      "-0",
                                      "7",
                                      "200",
                                      "12345",
                                      "-12",
                                      "12.345",
                                      "0.5",
                                      "-0.250",
                                      "99999999",
                                      "123456789",
                                      "1234567890123456",
                                      "12345678901234567",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "12345678.12345678",
                                      "123456789.123456789",
                                      "1e5",
                                      "1E-3",
                                      "2.50e+10",
                                      "1e999",
                                      "1e-6000",
                                      "01",
                                      "01.5",
                                      "00.5",
                                      "-",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "true",
                                      "false",
                                      "null",
                                      "nul",
                                      "truefalse",
                                      "NaN",
                                      "0x10",
                                      "1_0",
                                      "0.000000000000000000000000000000000001",
                                      "123456789012345678901234567890123456789012345678901"};
static const char *const contents[] = {"",
                                       "web-017",
                                       "12",
                                       "12.5",
                                       "-3",
                                       "1e400",
                                       "a b",
                                       "caf\xc3\xa9",
                                       "\xe2\x82\xac\xf0\x9f\x98\x80",
                                       "\\n",
                                       "\\\"",
                                       "\\\\",
                                       "\\u00e9",
                                       "\\ud83d\\ude00",
                                       "\\ud800",
                                       "\\u0000",
                                       "\\x",
                                       "\x7f",
                                       "\x01",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xff",
                                       "{\\\"a\\\":1}",
                                       "a,b:c}",
                                       ("a string that is long enough to reach over two blocks of "
                                        "sixty-four bytes, or at least over the border of one")};
static const char *const noise[] = {"\"",   "\\",   "\\\"",    "\\\\",      "{",
                                    "}",    "[",    "]",       ",",         ":",
                                    " ",    "\t",   "\r",      "\x01",      "0",
                                    "9",    ".",    "-",       "e",         "E",
                                    "null", "\x80", "\xc3",    "\xe2\x82",  "\xed\xa0\x80",
                                    "u",    "\\u",  "\"ts\":", "\"host\":", "\"id\":1,",
                                    "1",    "\x7f", "\x1f",    "/"};

static void put_string(struct text *to, bool plain)
{
    put(to, "\"");
    for (uint32_t n = below(3); n > 0; n--)
        put(to, plain ? contents[below(3)] : PICK(contents));
    put(to, "\"");
}

static void put_object(struct text *to, uint32_t depth, bool plain);

static void put_value(struct text *to, uint32_t depth, bool plain)
{
    switch (below(depth > 3 ? 4 : 6)) {
    case 0:
    case 1:
        put_string(to, plain);
        break;
    case 2:
    case 3:
        put(to, plain ? scalars[below(8)] : PICK(scalars));
        break;
    case 4:
        put_object(to, depth + 1, plain);
        break;
    default:
        put(to, "[");
        for (uint32_t n = below(4); n > 0; n--) {
            put_value(to, depth + 1, plain);
            put(to, n > 1 ? "," : "");
        }
        put(to, "]");
    }
}

static void put_member(struct text *to, const char *name)
{
    put(to, "\"");
    put(to, name);
    put(to, below(4) == 0 ? "\" : " : "\":");
}

static void put_object(struct text *to, uint32_t depth, bool plain)
{
    put(to, below(8) == 0 ? "{ " : "{");
    for (uint32_t n = below(5); n > 0; n--) {
        put_member(to, PICK(names));
        put_value(to, depth, plain);
        put(to, n > 1 ? (below(4) == 0 ? ", " : ",") : "");
    }
    put(to, "}");
}

/* A record with a time, and then whatever comes. */
static void put_record(struct text *to)
{
    to->len = 0;
    put(to, "{");
    for (uint32_t n = below(7); n > 0; n--) {
        put_member(to, PICK(names));
        put_value(to, 1, false);
        put(to, ",");
    }
    put(to, "\"ts\":");
    put(to, PICK(times));
    put(to, below(16) == 0 ? "} \r" : "}");
}

/* Replaces up to three bytes somewhere, by some noise. */
static void mutate(struct text *t)
{
    size_t at = below((uint32_t)t->len + 1), cut = below(4);
    const char *text = PICK(noise);
    struct text rest = {.len = 0};
    if (cut > t->len - at)
        cut = t->len - at;
    rest.len = t->len - at - cut;
    memcpy(rest.bytes, t->bytes + at + cut, rest.len);
    t->len = at;
    if (below(5) != 0)
        put(t, text);
    if (t->len + rest.len <= LONGEST) {
        memcpy(t->bytes + t->len, rest.bytes, rest.len);
        t->len += rest.len;
    }
}

/* Bytes that cannot stand in a line, or that make it a blank one. */
static bool is_line(const struct text *t)
{
    return memchr(t->bytes, '\n', t->len) == NULL && strspn(t->bytes, " \t\r") < t->len;
}

static const char *const flat[] = {"khost", "#bytes", "#latency_ms", "vpath", "?user", NULL};
static const char *const nested[] = {"kuser.id",     "?user", "#a.bytes", "v0",
                                     "kcaf\xc3\xa9", "?tags", NULL};
static const char *const arrays[] = {"va.0", "?a.1", "va.1.1", "va.2", NULL};
static const char *const twice[] = {"va.0", "va.00", NULL};
static const char *const indexed[] = {"ktags.0", "#bytes", "#bytes", "?bytes", "vts", NULL};

static void test_random(enum time_form form, const char *const *fields)
{
    struct differential d;
    static struct text original, changed;
    uint64_t taken = 0, wrong = 0;
    differential_open(&d, form, "ts", fields);
    for (int i = 0; i < ROUNDS && wrong < 3; i++) {
        if (i % 8 == 0)
            put_record(&original);
        changed = original;
        for (uint32_t n = below(3); n > 0; n--)
            mutate(&changed);
        changed.bytes[changed.len < LONGEST ? changed.len : LONGEST - 1] = '\0';
        if (!is_line(&changed))
            continue;
        int instances = differential_check(&d, changed.bytes, changed.len);
        wrong += instances < 0;
        taken += instances > 0;
    }
    CHECK(wrong == 0, "%llu records", (unsigned long long)wrong);
    CHECK(taken > ROUNDS / 100, "%llu of %d taken", (unsigned long long)taken, ROUNDS);
    differential_close(&d);
}

/* The same outline with other values: this is what shapes see all day. */
static void test_holes(void)
{
    struct differential d;
    uint64_t taken = 0, wrong = 0;
    static struct text t;
    differential_open(&d, TIME_AUTO, "ts", flat);
    for (int i = 0; i < ROUNDS && wrong < 3; i++) {
        t.len = 0;
        put(&t, "{\"host\":\"");
        put(&t, MOSTLY_PLAIN(contents));
        put(&t, "\",\"other\":\"");
        put(&t, MOSTLY_PLAIN(contents));
        put(&t, "\",\"bytes\":");
        put(&t, MOSTLY_PLAIN(scalars));
        put(&t, ",\"more\":");
        put(&t, MOSTLY_PLAIN(scalars));
        put(&t, ",\"ts\":");
        put(&t, MOSTLY_PLAIN(times));
        put(&t, ",\"path\":\"");
        put(&t, MOSTLY_PLAIN(contents));
        put(&t, "\",\"latency_ms\":");
        put(&t, MOSTLY_PLAIN(scalars));
        put(&t, "}");
        if (below(4) == 0)
            mutate(&t);
        int instances = differential_check(&d, t.bytes, t.len);
        wrong += instances < 0;
        taken += instances > 0;
    }
    CHECK(wrong == 0, "%llu records", (unsigned long long)wrong);
    CHECK(taken > ROUNDS / 4, "%llu of %d taken", (unsigned long long)taken, ROUNDS);
    differential_close(&d);
}

/* Plain records must not end up on the slow path. */
static void check_taken(struct differential *d, const char *record)
{
    for (int i = 0; i < 3; i++) {
        int instances = differential_check(d, record, strlen(record));
        CHECK(instances == (int)d->n_fast, "%d of %zu took %s", instances, d->n_fast, record);
    }
}

static void check_refused(struct differential *d, const char *record)
{
    int instances = differential_check(d, record, strlen(record));
    CHECK(instances == 0, "%d took %s", instances, record);
}

static void test_plain(void)
{
    struct differential d;
    differential_open(&d, TIME_AUTO, "ts", flat);
    check_taken(&d, "{\"ts\":\"2026-01-02T03:04:05.678Z\",\"host\":\"web-017\",\"user\":\"u123456\""
                    ",\"method\":\"GET\",\"path\":\"/api/v1/items/123\",\"status\":200,"
                    "\"bytes\":12345,\"latency_ms\":12.345}");
    check_taken(&d, "{\"ts\": 1767323045678, \"host\": \"a\", \"bytes\": -1}\r");
    check_taken(&d, " { \"ts\" : 1767323045.25 , \"x\" : { \"ts\" : [ 1 , { } , [ ] , null ] } } ");
    check_taken(&d, "{\"ts\":1,\"host\":null,\"bytes\":null,\"user\":{\"id\":[]},\"x\":1e400}");
    check_taken(&d, "{\"ts\":1,\"host\":\"caf\xc3\xa9 \xe2\x82\xac\",\"x\":\"\xf0\x9f\x98\x80\"}");
    check_taken(&d, "{\"ts\":1,\"x\":\"a \\\"quoted\\\" \\\\ \\n \\u00e9\",\"host\":\"b\"}");
    check_taken(&d, "{\"ts\":1,\"bytes\":\"12.5\",\"latency_ms\":1.5e3,\"host\":true}");
    check_taken(&d, "{\"a_name_that_is_longer_than_one_chunk_of_32_bytes\":1,\"ts\":2}");
    check_taken(&d, "{\"\":0,\"ts\":1,\"bytes\":123456789012345678901234567890.5}");
    check_taken(&d, "{\"x\":{\"a\\\"b\":1,\"\\\\\":\"\\\"\"},\"ts\":1}");
    check_taken(&d, "{\"x\":{\"b\":1},\"ts\":1,\"y\":{\"b\":\"c\",\"d\":2},\"host\":\"e\"}");
    check_taken(&d, "{\"x\": {\"b\": 1}, \"ts\": 1, \"y\": [1, \"c\"], \"host\": \"e\"}");
    check_taken(&d, "{\"ts\":1, \"host\":\"a\",\"x\": 2 ,\"bytes\":3 }");
    check_taken(&d, "{\"x\":[{\"b\":1},{\"b\":2}],\"y\":[[1,2],[3,\"c\"]],\"ts\":1,\"host\":true}");
    check_taken(&d, "{\"host\":1e400,\"ts\":1,\"host\":\"a\",\"bytes\":5,\"bytes\":7}");
    check_taken(&d, "{\"ts\":1,\"x\":\"\xff\xd0\",\"host\":\"\xd1\x83\xd0\xb7\xd0\xb5\xd0\xbb\"}");
    check_refused(&d, "{\"ts\":1,\"host\":\"\xff\xd0\"}");
    check_refused(&d, "{\"ts\":1,\"x\":[,1]}");
    check_refused(&d, "{\"ts\":1,\"x\":[1,]}");
    check_refused(&d, "{\"ts\":1,\"x\":[01]}");
    check_refused(&d, "{\"x\":1}},\"ts\":1}");
    check_refused(&d, "{\"x\":,\"ts\":1}");
    check_refused(&d, "{\"host\":01,\"ts\":1,\"host\":\"a\"}");
    check_refused(&d, "{\"host\":\"a\"}");
    check_taken(&d, "{\"ts\":1,\"ts\":2}");
    check_taken(&d, "{\"ts\":1,\"host\":\"\\u0061\"}");
    check_taken(&d, "{\"ts\":1,\"host\":\"C:\\\\Windows\\/x\\t\\\"\\u00e9\\u20AC\"}");
    check_taken(&d, "{\"ts\":\"2024-05-01T00:00:00\\u005a\",\"bytes\":\"\\u0031\"}");
    check_taken(&d, "{\"ts\":1,\"host\":\"\\ud83d\\uDE00\",\"x\":\"\\uDBFF\\udfff\"}");
    check_refused(&d, "{\"ts\":1,\"host\":\"\\ud83d\"}");
    check_refused(&d, "{\"ts\":1,\"x\":\"\\ude00\\ud83d\"}");
    check_refused(&d, "{\"ts\":1,\"x\":\"\\ud83d\\n\"}");
    check_refused(&d, "{\"ts\":1,\"x\":\"\\ud83d\\\\ude00\"}");
    check_refused(&d, "{\"ts\":1,\"x\":\"\\ud83dx\\ude00\"}");
    check_refused(&d, "{\"ts\":1,\"host\":\"\\u0000\"}");
    check_refused(&d, "{\"ts\":1,\"bytes\":\"x\"}");
    check_refused(&d, "{\"ts\":1,\"host\":[]}");
    check_refused(&d, "{\"ts\":1} x");
    check_taken(&d, "{\"ts\":1,\"h\\u006fst\":\"a\"}");
    check_refused(&d, "{\"ts\":1,\"x\":{\"\\u0000\":1}}");
    check_refused(&d, "[]");
    check_refused(&d, "");
    differential_close(&d);

    differential_open(&d, TIME_AUTO, "ts", nested);
    check_taken(&d, "{\"ts\":1,\"user\":{\"id\":7,\"x\":[1,2]},\"a\":{\"bytes\":1.5},\"0\":true}");
    check_taken(&d, "{\"ts\":1,\"user\":3,\"a\":[],\"caf\xc3\xa9\":\"x\"}");
    check_taken(&d, "{\"ts\":1,\"user\":{\"id\":7},\"user\":{}}");
    differential_close(&d);

    differential_open(&d, TIME_AUTO, "ts", indexed);
    check_taken(&d, "{\"ts\":1,\"tags\":{\"0\":\"a\"},\"bytes\":5}");
    check_taken(&d, "{\"ts\":1,\"tags\":[\"a\"]}");
    check_taken(&d, "{\"ts\":1,\"tags\":[\"a\",{\"x\":1},[null]]}");
    check_taken(&d, "{\"ts\":1,\"tags\":[],\"bytes\":1}");
    check_refused(&d, "{\"ts\":1,\"tags\":[[1]]}");
    differential_close(&d);

    differential_open(&d, TIME_AUTO, "ts.1", arrays);
    check_taken(&d, "{\"ts\":[9,1],\"a\":[1,2,3]}");
    check_taken(&d, "{\"ts\":[9,\"2024-05-01T00:00:00Z\"],\"a\":[\"x\",[{},5],null]}");
    check_refused(&d, "{\"ts\":[9],\"a\":[1,2]}");
    differential_close(&d);

    differential_open(&d, TIME_AUTO, "day,clock", flat);
    check_taken(&d, "{\"day\":\"2024-05-01\",\"clock\":\"12:00:01.5\",\"bytes\":1}");
    check_taken(&d, "{\"clock\":\"12\\u003a00:01Z\",\"day\":\"2024-05-01\",\"host\":\"a\"}");
    check_refused(&d, "{\"day\":\"2024-05-01\",\"bytes\":1}");
    check_refused(&d, "{\"day\":\"2024-05-01\",\"clock\":\"25:00:00\"}");
    check_refused(&d, "{\"day\":\"2024-05-01\",\"clock\":\"\"}");
    check_refused(&d, "{\"day\":20240501,\"clock\":\"12:00:00\"}");
    differential_close(&d);

    differential_open(&d, TIME_AUTO, "ts", twice);
    check_refused(&d, "{\"ts\":1,\"a\":[5]}");
    check_taken(&d, "{\"ts\":1,\"a\":{\"0\":5,\"00\":6}}");
    differential_close(&d);
}

/* Objects and arrays where nobody wants them, where they are only asked for, and on the way to what
 * is wanted: what is one is taken, and what is almost one is not. */
static void test_nested(void)
{
    static const char *const places[] = {"{\"ts\":1,\"x\":%s}",
                                         "{\"tags\":%s,\"ts\":1,\"0\":\"a\"}",
                                         "{\"ts\":1,\"a\":%s,\"x\":2}", "{\"x\":[%s],\"ts\":1}"};
    static const char *const right[] = {"{}",
                                        "[]",
                                        "[{}]",
                                        "[[],{}]",
                                        "{\"b\":{\"c\":{}}}",
                                        "[1]",
                                        "[1,2.5]",
                                        "[1,-2,\"c\",[3]]",
                                        "[[1,2],[3,4]]",
                                        "[[[1,2]],[3]]",
                                        "[{\"b\":1,\"c\":\"d\"},{\"b\":[1,2]}]",
                                        "{\"b\":[{\"c\":null},true],\"d\":{\"e\":[[]]}}",
                                        "{ \"b\" : [ 1 , { } ] , \"c\" : { } }",
                                        "[\"a,b\",\"{[:]}\"]",
                                        "{\"b:\":\"c\",\"\":{\"\":0}}",
                                        "[ \"x\" ,\t7 , [ ] ]"};
    static const char *const wrong[] = {"{\"b\":1,}",
                                        "[1,]",
                                        "[,1]",
                                        "{,\"b\":1}",
                                        "{\"b\" 1}",
                                        "{\"b\"}",
                                        "{\"b\":}",
                                        "{1:2}",
                                        "{b:2}",
                                        "[1:2]",
                                        "[\"b\":1]",
                                        "{\"b\":1:2}",
                                        "{\"b\":1]",
                                        "[1}",
                                        "[{]}",
                                        "{\"b\":[}",
                                        "[1 2]",
                                        "[\"b\" 2]",
                                        "[2 \"b\"]",
                                        "[\"b\" \"c\"]",
                                        "[\"b\"\"c\"]",
                                        "[{}{}]",
                                        "[[]1]",
                                        "[1[]]",
                                        "[{}\"b\"]",
                                        "{\"b\":{}x}",
                                        "{\"b\":[1,2]3}",
                                        "[[1,2]\"b\"]",
                                        "{\"b\":\"c\":\"d\"}",
                                        "{\"b\":{\"c\":1},2}",
                                        "{\"b\":[1,2],}",
                                        "[01]",
                                        "[[1,02]]",
                                        "{\"b\":nul}",
                                        "[{\"b\":1},]",
                                        "{{}}",
                                        "{[]}",
                                        "[]]",
                                        "{}}"};
    struct differential d;
    differential_open(&d, TIME_AUTO, "ts", nested);
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++) {
        char record[256];
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
            sprintf(record, places[place], right[i]);
            check_taken(&d, record);
        }
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            sprintf(record, places[place], wrong[i]);
            check_refused(&d, record);
        }
    }
    differential_close(&d);
}

/* Every length of a string, so that every part of a record meets the border of a block. */
static void test_borders(void)
{
    struct differential d;
    differential_open(&d, TIME_S, "ts", flat);
    for (size_t len = 0; len < 300; len++) {
        static struct text t;
        t.len = 0;
        put(&t, "{\"x\":\"");
        for (size_t i = 0; i < len; i++)
            put(&t, "x");
        put(&t, "\\\\\\\"\\u00e9\",\"host\":\"\xe2\x82\xac\",\"bytes\":12.345,\"ts\":\"1.5\"}");
        CHECK(differential_check(&d, t.bytes, t.len) == (int)d.n_fast, "length %zu", len);
    }
    differential_close(&d);
}

/* Long records and deep ones: to a limit. */
static void test_bounds(void)
{
    struct differential d;
    size_t longest = MARKS_LONGEST_SLICE;
    char *record = memory_alloc(longest + 100);
    differential_open(&d, TIME_AUTO, "ts", flat);
    strcpy(record, "{\"ts\":1,\"x\":[");
    size_t len = strlen(record);
    for (; len < longest; len += 4) {
        memcpy(record + len, "\"a\",", 4);
        if (len == 2001 || len + 4 >= longest) {
            memcpy(record + len + 3, "]}", 2);
            int instances = differential_check(&d, record, len + 5);
            CHECK(instances == (len == 2001 ? (int)d.n_fast : 0), "length %zu", len);
            record[len + 3] = ',';
        }
    }
    for (size_t depth = 60; depth < 70; depth++) {
        len = (size_t)sprintf(record, "{\"ts\":1,\"x\":");
        memset(record + len, '[', depth);
        memset(record + len + depth, ']', depth);
        record[len + 2 * depth] = '}';
        int instances = differential_check(&d, record, len + 2 * depth + 1);
        CHECK(instances == (depth < 65 ? (int)d.n_fast : 0), "depth %zu", depth);
    }
    differential_close(&d);
    free(record);
}

/* Records of one outline are walked once: later ones match the shape, others do not. */
static void test_shapes(void)
{
    static const struct {
        const char *line;
        bool fits;
    } later[] = {
        {"{\"ts\":\"2026-01-02T03:04:05Z\",\"host\":\"b\",\"n\":-1.5,\"x\":\"\\\"\"}\n", true},
        {"{\"ts\":\"1767323045\",\"host\":\"\",\"n\":null,\"x\":\"caf\xc3\xa9\"}\n", true},
        {"{\"ts\":\"1767323045\",\"host\":\"\",\"n\":01,\"x\":\"\"}\n", false},
        {"{\"ts\":\"1767323045\",\"hos\":\"\",\"n\":1,\"x\":\"\"}\n", false},
        {"{\"ts\":\"1767323045\",\"host\":\"\",\"n\":,\"x\":\"\"}\n", false},
        {"{\"ts\":\"1767323045\",\"host\":\"\",\"n\":1,\"x\":\"\"} \n", false},
    };
    char line[256] = "{\"ts\":\"2026-01-02T03:04:05Z\",\"host\":\"a\",\"n\":1,\"x\":\"\\n\"}\n";
    struct differential d;
    struct projection projection;
    struct spans spans;
    struct walk walk = {.spans = &spans};
    differential_open(&d, TIME_AUTO, "ts", flat);
    projection_init(&projection, &d.options);
    spans_init(&spans, &projection);
    for (size_t k = 0; vectors_get(k) != NULL; k++) {
        const struct marker *marker = vectors_get(k)->marker;
        struct marks marks = {0};
        struct shapes shapes = {0};
        marks_reserve(&marks, sizeof line);
        marker->json(&marks, line, strlen(line));
        walk.record = (struct walk_record){.slice = line, .marks = marks.at + 1, .escapes = true};
        walk.marker = marker;
        spans_clear(&spans, marks.n);
        CHECK(walk_record(&walk, 0) == marks.n, "%s", marker->name);
        shapes_learn(&shapes, &walk);
        CHECK(shapes.n == 1, "%s", marker->name);
        for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
            char copy[256] = {0};
            strcpy(copy, later[i].line);
            marker->json(&marks, copy, strlen(copy));
            const uint32_t row = 1, lane = 0;
            struct rows rows = {.shape = shapes.known[0],
                                .slice = copy,
                                .marks = marks.at,
                                .row = &row,
                                .lane = &lane,
                                .even = (i & 1) != 0,
                                .n = 1,
                                .escapes = true,
                                .batch = &d.by_slow[0]};
            bool fits = marks.n == shapes.known[0]->n_marks &&
                        shape_fits(shapes.known[0], copy, marks.at + 1, sizeof copy);
            const struct columns_reader reader = {.projection = &projection,
                                                  .lanes = vectors_get(k)->lanes,
                                                  .marker = marker,
                                                  .units = epoch_units(TIME_AUTO)};
            if (fits)
                columns_read(&reader, &rows);
            CHECK((fits && rows.n == 1) == later[i].fits, "%s: %s", marker->name, copy);
        }
        shapes_free(&shapes);
        marks_free(&marks);
    }
    spans_free(&spans);
    projection_free(&projection);
    differential_close(&d);
}

/* The last line of an input has no newline, and nothing behind it but the padding. */
static void test_no_newline(void)
{
    struct differential d;
    differential_open(&d, TIME_AUTO, "ts", flat);
    static const char line[] = "{\"ts\":1}";
    char *block = memory_alloc(sizeof line - 1 + BLOCK_PADDING);
    memcpy(block, line, sizeof line - 1);
    memset(block + sizeof line - 1, '\n', BLOCK_PADDING);
    const struct block whole = {.bytes = {.data = block}};
    batch_begin(&d.by_fast, &whole, &d.options);
    json_fast_begin(d.fast[0]);
    const char *next = json_fast_records(d.fast[0], block, block + sizeof line - 1, &d.by_fast);
    CHECK(next == block && d.by_fast.n == 0, "took a record without newline");
    next = json_fast_records(d.fast[0], block, block, &d.by_fast);
    CHECK(next == block && d.by_fast.n == 0, "took an empty block");
    free(block);
    differential_close(&d);
}

int main(void)
{
    test_plain();
    test_nested();
    test_borders();
    test_bounds();
    test_no_newline();
    test_shapes();
    test_holes();
    test_random(TIME_AUTO, flat);
    test_random(TIME_AUTO, nested);
    test_random(TIME_MS, indexed);
    return unit_done();
}
