/*
 * Input: formats, headers, fields, reasons, and above all that the read sizes never show.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "base/utf8.h"
#include "scan/newline.h"
#include "unit/input_log.h"

static const struct log_fields PLAIN = {
    .time = {"t"},
    .fields = {{FIELD_KEY, "k"}, {FIELD_NUMBER, "n"}, {FIELD_VALUE, "v"}, {FIELD_PRESENCE, "p"}},
};

static const struct log_fields TIME_ONLY = {.time = {"t"}};

struct sample {
    const char *name, *text;
    const char *wanted; /* the log has to contain this; NULL: nothing in particular */
};

/* What `text` gives with these options, read at once. The caller frees the log. */
static struct buf log_of(struct input_options *options, const char *text, size_t len)
{
    struct buf log = {0};
    log_bytes(&log, options, text, len, 0);
    buf_cstr(&log);
    return log;
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* The text gives the same log whatever the read sizes, and whichever path reads a record. */
static void check_read_sizes(struct input_options *options, const char *text, size_t len,
                             const struct buf *wanted)
{
    static const size_t SIZES[] = {1, 2, 3, 5, 16, 61, 1000};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        struct buf log = {0};
        log_bytes(&log, options, text, len, SIZES[i]);
        CHECK(same(&log, wanted), "%zu at a time:\n%s\n--- at once:\n%s", SIZES[i], buf_cstr(&log),
              wanted->data);
        buf_free(&log);
    }
    struct buf log = {0};
    options->no_fast_path = !options->no_fast_path;
    log_bytes(&log, options, text, len, 0);
    options->no_fast_path = !options->no_fast_path;
    CHECK(same(&log, wanted), "the other path:\n%s\n--- this one:\n%s", buf_cstr(&log),
          wanted->data);
    buf_free(&log);
}

static void check_samples(const struct sample *samples, size_t n, struct input_options *options)
{
    for (size_t i = 0; i < n; i++) {
        const struct sample *s = &samples[i];
        struct buf log = log_of(options, s->text, strlen(s->text));
        CHECK(s->wanted == NULL || strstr(log.data, s->wanted) != NULL, "%s: wanted: %s\ngot:%s",
              s->name, s->wanted, log.data);
        check_read_sizes(options, s->text, strlen(s->text), &log);
        buf_free(&log);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_json(void)
{
    static const struct sample SAMPLES[] = {
        {"all", "{\"t\":1,\"k\":\"a\",\"n\":2.50,\"v\":true,\"p\":[]}\n",
         "\n@0+41 1000000000 string:1:a number:25E-1 true true\nended: end\n"},
        {"missing", "{\"t\":1}\n", "@0+8 1000000000 null null null null\n"},
        {"nulls", "{\"t\":1,\"k\":null,\"n\":null,\"v\":null,\"p\":null}\n",
         "000 null null null null"},
        {"falsehood is present", "{\"t\":1,\"p\":false}", "000 null null null true"},
        {"number in a string", "{\"t\":1,\"n\":\"-1e3\"}", "null number:-1E3 null"},
        {"wide", "{\"t\":1,\"n\":12345678901234567890123}", "wide:23:12345678901234567890123"},
        {"wide in a string", "{\"t\":1,\"n\":\"12345678901234567890123\"}",
         "wide:23:12345678901234567890123"},
        {"needless giant", "{\"t\":1,\"x\":1e400,\"y\":-99999999999999999999}", "@0+43 1000000000"},
        {"escapes", "{\"t\":1,\"k\":\"\\u00e9\\n\\u0000\"}", "string:4:\xc3\xa9\n"},
        {"escaped name", "{\"\\u0074\":1}", "@0+12 1000000000"},
        {"the last of two", "{\"t\":1,\"t\":2}", " 2000000000 "},
        {"time in a string", "{\"t\":\"1970-01-01T00:00:02Z\"}", " 2000000000 "},
        {"decimal time", "{\"t\":1.5}", " 1500000000 "},
        {"blanks", " \n\r\n\t{\"t\":1}\r\n\n  {\"t\":2}  \n",
         "\n@4+10 1000000000 null null null null\n"
         "@15+12 2000000000"},
        {"mark", "\xef\xbb\xbf{\"t\":1}\n", "@3+8 1000000000"},
        {"no newline", "{\"t\":1}\n{\"t\":2}", "@8+7 2000000000"},
        {"blank lines count", "\n\n{\"t\":1}\n\nx\n", "bad line 5: not valid JSON"},
        {"nothing", "", "\nended: end"},
        {"nothing but blanks", "  \n\t\n ", "\nended: end"},
        {"nothing but a mark", "\xef\xbb\xbf", "\nended: end"},
    };
    struct input_options options;
    log_options(&options, &PLAIN);
    check_samples(SAMPLES, COUNT(SAMPLES), &options);
    log_options_free(&options);
}

static void test_paths(void)
{
    static const struct log_fields FIELDS = {
        .time = {"a.t"},
        .fields = {{FIELD_KEY, "x.1"},
                   {FIELD_KEY, "a\\.b.c"},
                   {FIELD_KEY, "x.1.y"},
                   {FIELD_VALUE, "back\\\\slash"}},
    };
    static const struct sample SAMPLES[] = {
        {"array", "{\"a\":{\"t\":1},\"x\":[5,6]}", "000 number:6E0 null null null"},
        {"object", "{\"a\":{\"t\":1},\"x\":{\"1\":7}}", "000 number:7E0 null null null"},
        {"short array", "{\"a\":{\"t\":1},\"x\":[5]}", "000 null null null null"},
        {"dot", "{\"a\":{\"t\":1},\"a.b\":{\"c\":\"d\"}}", "000 null string:1:d null null"},
        {"backslash", "{\"a\":{\"t\":1},\"back\\\\slash\":3}", "000 null null null number:3E0"},
        {"key with structure", "{\"a\":{\"t\":1},\"x\":[0,{\"y\":3}]}", "key 'x.1' is an object"},
    };
    struct input_options options;
    struct error err = {0};
    struct path path;
    log_options(&options, &FIELDS);
    check_samples(SAMPLES, COUNT(SAMPLES), &options);
    log_options_free(&options);
    CHECK(!path_parse(&path, "", 0, &err) && err.status == EXIT_USAGE, "errno %d", errno);
    CHECK(!path_parse(&path, "a..b", 4, &err) && strstr(err.text, "a..b") != NULL, "%s", err.text);
    CHECK(!path_parse(&path, "a.", 2, &err) && !path_parse(&path, ".a", 2, &err), "errno %d",
          errno);
    CHECK(path_parse(&path, "a.007.\\x", 8, &err) && path.n_parts == 3 &&
              path.parts[0].index == -1 && path.parts[1].index == 7 &&
              strcmp(path.parts[2].name, "\\x") == 0,
          "errno %d", errno);
    path_free(&path);
    CHECK(path_parse(&path, "99999999999999999999", 20, &err) && path.parts[0].index == -1,
          "errno %d", errno);
    path_free(&path);
}

static void test_json_reasons(void)
{
    static const struct sample SAMPLES[] = {
        {"syntax", "{\"t\":1, \"x\":}",
         "bad line 1: not valid JSON: unexpected token near column 13: "},
        {"place behind a long number", "{\"t\":123456789, \"x\":}",
         "unexpected token near column 21: "},
        {"place behind a short number", "{\"a\":[1,2,3,4,5,6,7,8,9,1,2,3,4],\"x\":}",
         "unexpected token near column 38: "},
        {"leading zero", "{\"t\":01}", "not valid JSON: invalid token near column 6"},
        {"point", "{\"t\":1.}", "not valid JSON: invalid token near column"},
        {"plus", "{\"t\":+1}", "not valid JSON: invalid token near column 6"},
        {"open", "{\"t\":1", "not valid JSON: '}' expected at the end of the line (an object"},
        {"lone brace", "{", "at the end of the line (an object over several lines? jq -c ."},
        {"not UTF-8 outside a string", "{\"t\":1,\xff}",
         "not valid JSON: unable to decode byte 0xff"},
        {"two values", "{\"t\":1}{}", "not valid JSON: end of file expected near column 8"},
        {"array", "{\"t\":1}\n[1]", "bad line 2: expected a JSON object, found an array"},
        {"number", "{\"t\":1}\n1", "bad line 2: expected a JSON object, found a number"},
        {"no time", "{\"k\":1}", "no time: field 't' is missing"},
        {"null time", "{\"t\":null}", "no time: field 't' is null"},
        {"empty time", "{\"t\":\"\"}", "no time: field 't' is empty"},
        {"time is true", "{\"t\":true}", "field 't': expected a time, found true"},
        {"time is an object", "{\"t\":{}}", "field 't': expected a time, found an object"},
        {"no such date", "{\"t\":\"2024-02-30T00:00:00Z\"}",
         "field 't': no such date or time of day: \"2024-02-30T00:00:00Z\": "},
        {"time too large", "{\"t\":1e30}", "field 't': outside 1677-09-21 to 2262-04-11: 1e30: "},
        {"word", "{\"t\":1,\"n\":\"abc\"}",
         "field 'n': expected a number, found the string \"abc\": "},
        {"escaped word", "{\"t\":1,\"n\":\"a\\\"\\u0007\"}", "found the string \"a\\\"\\x07\": "},
        {"long word", "{\"t\":1,\"n\":\"1234567890123456789012345678901234567890x\"}",
         "found the string \"1234567890123456789012345678901234567890\"...: "},
        {"number is true", "{\"t\":1,\"n\":true}", "field 'n': expected a number, found true"},
        {"number is an array", "{\"t\":1,\"n\":[]}",
         "field 'n': expected a number, found an array"},
        {"number too large", "{\"t\":1,\"n\":1e400}",
         "field 'n': a number beyond the largest double, about 1.8e308: 1e400: "},
        {"blank string", "{\"t\":1,\"n\":\" \"}", "expected a number, found the string \" \": "},
        {"key", "{\"t\":1,\"k\":{}}", "key 'k' is an object: "},
        {"value", "{\"t\":1,\"v\":[]}", "field 'v': expected a single value, found an array"},
    };
    struct input_options options;
    log_options(&options, &PLAIN);
    check_samples(SAMPLES, COUNT(SAMPLES), &options);
    static const struct sample ARRAY[] = {
        {"open array", "[\n", "(a JSON array? expected one object on a line; jq -c '.[]'"},
    };
    options.format = INPUT_JSON;
    check_samples(ARRAY, COUNT(ARRAY), &options);
    log_options_free(&options);
}

static void test_csv(void)
{
    static const struct sample SAMPLES[] = {
        {"plain", "t,k,n,v,p\n1,a,2.50,b,c\n",
         "\n@10+13 1000000000 string:1:a number:25E-1 string:1:b true\nended: end\n"},
        {"order", "p,v,n,k,t\r\nc,b,2.50,a,1\r\n",
         "\n@11+14 1000000000 string:1:a number:25E-1 string:1:b true\nended: end\n"},
        {"empty", "t,k,n,v,p,x\n1,,,,,\n", "000 string:0: null null null\n"},
        {"quoted empty", "t,k,n,v,p,x\n\"1\",\"\",\"\",\"\",\"\",\"\"\n",
         "000 string:0: null null null\n"},
        {"blanks stay", "t,k,n,v,p\n1, a ,,\tb , \n", "string:3: a  null string:3:\tb  true\n"},
        {"quotes", "t,k,n,v,p\n1,\"a,\"\"\n\",\"3\",\"\",x\n2,b,,,\n",
         "string:4:a,\"\n number:3E0 null true\n@29+7 2000000000 string:1:b"},
        {"CRLF behind a quote", "t,k,n,v,p\r\n1,\"a\r\nb\",2,,\"x\"\r\n",
         "string:4:a\r\nb number:2E0"},
        {"CR inside", "t,k,n,v,p\n1,a\rb,2,,\n", "string:3:a\rb number:2E0"},
        {"empty lines", "\n\r\nt,k,n,v,p\n\n1,a,,,\n\r\n2,b,,,\n\n", "@14+7 1000000000 string:1:a"},
        {"no newline", "t,k,n,v,p\n1,a,,,", "\n@10+6 1000000000 string:1:a null null null\nended"},
        {"CR at the end", "t,k,n,v,p\n1,a,,,\"\"\r", "string:1:a null null null\nended"},
        {"header alone", "t,k,n,v,p\n", "\nended: end"},
        {"quoted header", "\"t\",\"k\",\"n\",\"v\",\"p\"\n1,a,2,3,4",
         "string:1:a number:2E0 string:1:3"},
        {"first of two columns", "t,k,k,n,v,p\n1,a,b,,,", "string:1:a null"},
        {"mark", "\xef\xbb\xbft,k,n,v,p\n1,a,,,\n", "@13+7 1000000000"},
        {"tabs", "t\tk\tn\tv\tp\n1\ta,b\t2\t\t\n", "string:3:a,b number:2E0"},
        {"bytes", "t,k,n,v,p\n1,a,,\xff,\n", "string:1:\xff null"},
    };
    static const struct sample REASONS[] = {
        {"few", "t,k,n,v,p\n1,a\n", "bad line 2: expected 5 fields, found 2: 1,a\n"},
        {"many", "t,k,n,v,p\n1,a,b,c,d,e\n",
         "expected 5 fields, found 6 (R would take the first one"},
        {"stray quote", "t,k,n,v,p\n1,a\"b,,,\"\n2,x,,,\n",
         "not valid CSV: a quote inside field 2, which does not start with one, near column 4: "
         "1,a\"b,,,\"\n\n@20+7 2000000000"},
        {"text behind a quote", "t,k,n,v,p\n1,\"a\"b,,\"\n\n2,x,,,\n",
         "not valid CSV: text behind the closing quote of field 2, near column 6: "
         "1,\"a\"b,,\"\n\n@21+7 2000000000"},
        {"CR behind a quote", "t,k,n,v,p\n1,\"a\"\r,,,\n2,x,,,\n", "text behind the closing quote"},
        {"open quote", "t,k,n,v,p\n1,a,,,\n2,\"a,,,\n3,a,,,\n",
         "bad line 3: not valid CSV: field 2 has no closing quote: 2,\"a,,,\n3,a,,,\n"},
        {"line of a record behind newlines", "t,k,n,v,p\n1,\"\n\n\",,,\nx,a,,,\n",
         "bad line 5: field 't'"},
        {"empty time", "t,k,n,v,p\n,a,,,\n", "no time: field 't' is empty"},
        {"no time", "t,k,n,v,p\nx,a,,,\n", "field 't': not a time that auto reads: \"x\": "},
        {"word", "t,k,n,v,p\n1,a,abc,,\n", "field 'n': expected a number, found \"abc\": "},
        {"too large", "t,k,n,v,p\n1,a,1e999,,\n",
         "field 'n': a number beyond the largest double, about 1.8e308: \"1e999\": "},
        {"key not UTF-8", "t,k,n,v,p\n1,\xff,,,\n",
         "@10+7 1000000000 string:3:\xef\xbf\xbd null null null"},
        {"no column", "t,k,n,v\n1,a,2,3\n",
         "\nended: stdin has no column 'p'; its columns are: t, k, n, v\nstatus 2\n"},
        {"array", "[{\"t\":1}\n]\n", "(a JSON array? one object a line is expected: jq -c '.[]'"},
        {"bad header", "\n\na\"b,c\n1,2\n",
         "ended: stdin:3: the header: not valid CSV: a quote inside"},
    };
    struct input_options options;
    log_options(&options, &PLAIN);
    check_samples(SAMPLES, COUNT(SAMPLES), &options);
    check_samples(REASONS, COUNT(REASONS), &options);
    log_options_free(&options);
}

static void test_csv_options(void)
{
    static const struct log_fields NUMBERED = {.time = {"2", "1"}, .fields = {{FIELD_KEY, "3"}}};
    static const struct sample NO_HEADER[] = {
        {"first record counts", "\n00:00:01,1970-01-02,a\n00:00:01,1970-01-02\n",
         "\n@1+22 86401000000000 string:1:a\nbad line 3: expected 3 fields, found 2"},
        {"no column", "a,b\n", "no column '3'; its columns are: 1, 2\nstatus 2"},
        {"empty part", ",1970-01-02,a\n", "bad line 1: no time: field '1' is empty"},
        {"bad part", "x,1970-01-02,a\n",
         "fields '2,1': not a time that auto reads: \"1970-01-02 x\": "},
        {"bad first record", "1,\"2\"x,a\n00:00:01,1970-01-02,a\n00:00:01,1970-01-02\n",
         "@9+22 86401000000000 string:1:a\nbad line 3: expected 3 fields, found 2"},
        {"nothing but a bad record", "1,\"2\"x,a\n",
         "bad line 1: not valid CSV: text behind the closing quote of field 2"},
    };
    struct input_options options;
    log_options(&options, &NUMBERED);
    options.no_header = true;
    check_samples(NO_HEADER, COUNT(NO_HEADER), &options);
    log_options_free(&options);

    static char *names[] = {(char *)"x", (char *)"t"};
    static const struct sample COLUMNS[] = {
        {"names given", "a;1\nb;2\n", "\n@0+4 1000000000\n@4+4 2000000000\nended: end"},
        {"tabs are not looked for", "a\t;1\n", "\n@0+5 1000000000\nended"},
    };
    log_options(&options, &TIME_ONLY);
    options.columns = names;
    options.n_columns = 2;
    options.delimiter = ';';
    check_samples(COLUMNS, COUNT(COLUMNS), &options);
    options.columns = NULL;
    options.delimiter = '\0';
    options.format = INPUT_TSV;
    static const struct sample TSV[] = {
        {"TSV with commas", "a,b\tt\nc\t1\n", "\n@6+4 1000000000\nended"},
        {"TSV of one column", "t\n5\n", "\n@2+2 5000000000\nended"},
    };
    check_samples(TSV, COUNT(TSV), &options);
    log_options_free(&options);
}

static void test_joined_json_time(void)
{
    static const struct log_fields FIELDS = {.time = {"d", "h"}};
    static const struct sample SAMPLES[] = {
        {"joined", "{\"d\":\"1970-01-02\",\"h\":\"00:00:01\"}", " 86401000000000\n"},
        {"null part", "{\"d\":\"1970-01-02\",\"h\":null}", "no time: field 'h' is null"},
        {"number part", "{\"d\":1970,\"h\":1}",
         "fields 'd,h': not a time that auto reads: \"1970 1\""},
    };
    struct input_options options;
    log_options(&options, &FIELDS);
    check_samples(SAMPLES, COUNT(SAMPLES), &options);
    log_options_free(&options);
}

/* Records at and over the limit, in one block or over many, with what follows them intact. */
static void test_overlong(void)
{
    static const struct sample JSON[] = {
        {"at the limit", "{\"t\":1,\"x\":\"345678\"}\n{\"t\":2}\n", "@0+21 1000000000"},
        {"over it", "{\"t\":1,\"x\":\"3456789\"}\n{\"t\":2}\n",
         "bad line 1: record longer than --max-record (20 bytes): {\"t\":1,\"x\":\"3456789\"}\n\n"
         "@22+8 2000000000"},
        {"far over it",
         "{\"t\":1,\"x\":\"678901234567890123456789012345678901234567890123456789\"}\n"
         "x\n{\"t\":2}\n",
         "bad line 2: not valid JSON"},
        {"at the end", "{\"t\":1}\n{\"t\":1,\"x\":\"678901234567890123456789012345678901\"}",
         "01\"}\nended"},
    };
    static const struct sample CSV[] = {
        {"at the limit", "t,x\n1,345678901234567890\n2,\n", "@4+21 1000000000"},
        {"over it", "t,x\n1,3456789012345678901\n2,\n",
         "record longer than --max-record (20 bytes): 1,3"},
        {"quoted newlines within", "t,x\n1,\"456\n890\n234\n6789\"\n2,\n", "@4+21 1000000000"},
        {"open quote ends at the limit", "t,x\n1,\"456\n890\n234\n6789012\n2,\n3,\n",
         "bad line 2: record longer than --max-record (20 bytes): 1,\"456\n890\n234\n6789012\n\n"
         "@27+3 2000000000"},
        {"newline at the limit, in quotes", "t,x\n1,\"456\n890\n234\n67890\n2,\n",
         "record longer than --max-record (20 bytes): 1,\"456\n890\n234\n67890\n\n@25+3 "
         "2000000000"},
        {"quote behind the limit", "t,x\n1,345678901234567890123,\"\n\"\n2,\n",
         "123,\"\n\nbad line 3"},
        {"header", "t,3456789012345678901\n1,2\n",
         "ended: stdin:1: the header: record longer than --max-record (20 bytes)"},
        {"header without end", "t,345678901234567890123456789012345678901234567890",
         "ended: stdin:1: the header: record longer than --max-record (20 bytes)"},
    };
    static const struct sample BLANK[] = {
        {"blank", "                     \n{\"t\":1}\n",
         "begins with more than --max-record (20) blank bytes"},
    };
    struct input_options options;
    log_options(&options, &TIME_ONLY);
    options.max_record_bytes = 20;
    check_samples(JSON, COUNT(JSON), &options);
    check_samples(CSV, COUNT(CSV), &options);
    check_samples(BLANK, COUNT(BLANK), &options);
    log_options_free(&options);
}

/* Random bytes from an alphabet that hits what matters, in random read sizes. */
static void test_random_csv(void)
{
    static const char *const PIECES[] = {"\n", "\n",    "\r\n", "\"",      "\"\"",  ",",
                                         ",",  "1",     "1,a",  "2,\"b\"", "\",\"", " ",
                                         "x",  "3,4\n", "\r",   "\xc3\xa9"};
    struct input_options options;
    static const struct log_fields FIELDS = {.time = {"t"}, .fields = {{FIELD_KEY, "k"}}};
    log_options(&options, &FIELDS);
    for (int round = 0; round < 1000; round++) {
        struct buf text = {0};
        options.max_record_bytes = unit_below(3) > 0 ? 16 << 20 : 8 + unit_below(20);
        buf_puts(&text, "t,k\n");
        for (size_t n = unit_below(60); n > 0; n--)
            buf_puts(&text, PIECES[unit_below(COUNT(PIECES))]);
        struct buf log = log_of(&options, text.data, text.len);
        check_read_sizes(&options, text.data, text.len, &log);
        buf_free(&log);
        buf_free(&text);
    }
    log_options_free(&options);
}

struct feed {
    int fd;
    const char *text;
    size_t len;
};

static void *feed(void *arg)
{
    struct feed *f = arg;
    for (size_t done = 0; done < f->len;) {
        size_t n = 1 + unit_below(unit_below(4) == 0 ? 4000 : 40);
        if (n > f->len - done)
            n = f->len - done;
        ssize_t written = write(f->fd, f->text + done, n);
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    close(f->fd);
    return NULL;
}

/* A pipe in packet mode hands a reader exactly what each write(2) brought. */
static void test_pipes(void)
{
    struct buf text = {0};
    struct input_options options;
    log_options(&options, &PLAIN);
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "{\"t\":%d,\"k\":\"%.*s\",\"n\":%d}\n%s", i, (int)unit_below(60),
                   "................................................................", i,
                   i % 10 == 0 ? "bad\n" : "");
    struct buf wanted = log_of(&options, text.data, text.len);
    for (int round = 0; round < 10; round++) {
        int ends[2];
        pthread_t thread;
        struct buf log = {0};
        CHECK(pipe2(ends, O_DIRECT | (round % 2 == 0 ? O_NONBLOCK : 0)) == 0, "errno %d", errno);
        if (round % 2 == 0) /* the reader's end only */
            fcntl(ends[1], F_SETFL, O_DIRECT);
        struct feed f = {ends[1], text.data, text.len};
        pthread_create(&thread, NULL, feed, &f);
        options.block_bytes = 0;
        log_fd(&log, &options, ends[0]);
        pthread_join(thread, NULL);
        close(ends[0]);
        CHECK(same(&log, &wanted), "a pipe and a file differ");
        buf_free(&log);
    }
    buf_free(&wanted);
    buf_free(&text);
    log_options_free(&options);
}

/* What one read brought is handed out, though the pipe is still open. */
static void test_no_waiting(void)
{
    struct input_options options;
    struct block block = {0};
    struct error err = {0};
    int ends[2];
    log_options(&options, &TIME_ONLY);
    CHECK(pipe(ends) == 0, "errno %d", errno);
    CHECK(write(ends[1], "{\"t\":1}\n{\"t\"", 12) == 12, "errno %d", errno);
    struct input *in = input_open(&options, ends[0], "stdin");
    CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK, "errno %d", errno);
    CHECK(block.bytes.len == 8 && block.offset == 0, "errno %d", errno);
    CHECK(write(ends[1], ":2}\n", 4) == 4, "errno %d", errno);
    CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK, "errno %d", errno);
    CHECK(block.bytes.len == 8 && block.offset == 8, "errno %d", errno);
    close(ends[1]);
    CHECK(input_read_block(in, &block, &err) == INPUT_END && block.bytes.len == 0, "errno %d",
          errno);
    CHECK(input_read_block(in, &block, &err) == INPUT_END, "errno %d", errno);
    input_close(in);
    close(ends[0]);
    block_free(&block);
    log_options_free(&options);
}

static atomic_int stop;

/* Checks are the first thread's: if the byte does not go, the reader waits for ever. */
static void *stop_reading(void *fd)
{
    usleep(10000); /* so that the reader mostly waits already; it must stop in any case */
    stop = 1;
    ssize_t written = write(*(int *)fd, "", 1);
    (void)written;
    return NULL;
}

/* A request to stop ends the waiting, bytes there or not, and whoever took the signal. */
static void test_stop(void)
{
    struct input_options options;
    struct block block = {0};
    struct error err = {0};
    log_options(&options, &TIME_ONLY);
    options.stop = &stop;
    for (int with_bytes = 0; with_bytes < 2; with_bytes++) {
        int ends[2], wake[2];
        pthread_t stopper;
        stop = 0;
        CHECK(pipe(ends) == 0 && pipe(wake) == 0, "errno %d", errno);
        options.stop_fd = wake[0];
        CHECK(write(ends[1], "{\"t\":1}\n{", 9) == 9, "errno %d", errno);
        struct input *in = input_open(&options, ends[0], "stdin");
        CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK, "errno %d", errno);
        CHECK(pthread_create(&stopper, NULL, stop_reading, &wake[1]) == 0, "errno %d", errno);
        if (with_bytes) {
            pthread_join(stopper, NULL);
            CHECK(write(ends[1], "}\n", 2) == 2, "errno %d", errno);
        }
        CHECK(input_read_block(in, &block, &err) == INPUT_STOPPED && block.bytes.len == 0,
              "errno %d", errno);
        if (!with_bytes)
            pthread_join(stopper, NULL);
        stop = 0; /* and nothing is lost by it */
        close(ends[1]);
        CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK, "errno %d", errno);
        CHECK(block.offset == 8 && block.bytes.data[0] == '{' &&
                  block.bytes.len == (with_bytes ? 3 : 1),
              "errno %d", errno);
        input_close(in);
        close(ends[0]);
        close(wake[0]);
        close(wake[1]);
    }
    block_free(&block);
    log_options_free(&options);
}

static void test_failures(void)
{
    struct input_options options;
    struct buf log = {0};
    log_options(&options, &TIME_ONLY);
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    log_fd(&log, &options, fd);
    close(fd);
    CHECK(strstr(buf_cstr(&log), "stdin: can't read it: Is a directory\nstatus 1") != NULL, "%s",
          log.data);
    log.len = 0;
    int sockets[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0, "errno %d", errno);
    close(sockets[1]);
    log_fd(&log, &options, sockets[1]); /* closed */
    close(sockets[0]);
    CHECK(strstr(buf_cstr(&log), "stdin: can't read it: Bad file descriptor\nstatus 1") != NULL,
          "%s", log.data);
    buf_free(&log);
    log_options_free(&options);
}

/* Blocks parsed backwards, by two parsers in turn, make the batches that they make forwards. */
static void test_any_order(void)
{
    enum { BLOCKS = 50 };
    struct input_options options;
    struct buf text = {0}, forwards = {0}, backwards = {0};
    struct block blocks[BLOCKS] = {0};
    struct buf logs[BLOCKS] = {0};
    struct batch batch = {0};
    struct error err = {0};
    size_t n = 0;
    log_options(&options, &PLAIN);
    buf_puts(&text, "t,k,n,v,p\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&text, "%d,%s,%d,,\n", i, i % 3 ? "\"a\n\"\"b\"" : "c", i);
    log_bytes(&forwards, &options, text.data, text.len, 100);
    int fd = log_memfd(text.data, text.len);
    struct input *in = input_open(&options, fd, "stdin");
    struct input_parser *parsers[2] = {input_parser_new(in), input_parser_new(in)};
    while (n < BLOCKS && input_read_block(in, &blocks[n], &err) == INPUT_BLOCK)
        n++;
    CHECK(n > 10 && n < BLOCKS, "%zu blocks", n);
    for (size_t i = n; i-- > 0;) {
        input_parse(parsers[i % 2], &blocks[i], &batch);
        log_batch(&logs[i], &batch, 1);
    }
    for (size_t i = 0; i < n; i++) {
        buf_put(&backwards, logs[i].data, logs[i].len);
        buf_free(&logs[i]);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        block_free(&blocks[i]);
    buf_puts(&backwards, "\nended: end\n");
    CHECK(same(&forwards, &backwards), "errno %d", errno);
    for (size_t i = 0; i < 2; i++)
        input_parser_free(parsers[i]);
    input_close(in);
    close(fd);
    batch_free(&batch);
    buf_free(&text);
    buf_free(&forwards);
    buf_free(&backwards);
    log_options_free(&options);
}

/* Whether three bytes are UTF-8 does not depend on what is behind them, nor before. */
static void test_utf8_everywhere(void)
{
    static const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xd0, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                          0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    enum { N = sizeof edges };
    uint64_t wrong = 0, valid = 0;
    for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
        const char four[] = {(char)edges[i % N], (char)edges[i / N % N], (char)edges[i / N / N % N],
                             (char)edges[i / N / N / N]};
        char text[24] = "\xd0\xb4\xd0\xb0.............."; /* where words are looked at at once */
        bool alone = utf8_valid(four, 4);
        for (size_t at = 4; at <= 16; at += 2) {
            memcpy(text + at, four, 4);
            wrong += utf8_valid(text, 20) != alone;
            memset(text + at, '.', 4);
        }
        valid += alone;
    }
    CHECK(wrong == 0 && valid > 0, "%llu of %llu", (unsigned long long)wrong,
          (unsigned long long)valid);
}

static void test_utf8(void)
{
    static const struct {
        const char *text;
        bool valid;
    } SAMPLES[] = {
        {"", true},
        {"plain text of more than eight bytes", true},
        {"\xc2\x80\xdf\xbf", true},
        {"\xe0\xa0\x80\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
        {"\xed\x9f\xbf\xee\x80\x80", true},
        {"\x80", false},             /* no first byte */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"\xc3", false}, /* cut short */
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xe2\x82(", false},
        {"abcdefg\xff", false},
        {"abcdefgh\xe2\x82\xac\xff", false},
    };
    for (size_t i = 0; i < COUNT(SAMPLES); i++)
        CHECK(utf8_valid(SAMPLES[i].text, strlen(SAMPLES[i].text)) == SAMPLES[i].valid,
              "sample %zu", i);
    CHECK(utf8_prefix("ab\xe2\x82\xac", 5, 4) == 2, "inside a character");
    CHECK(utf8_prefix("ab\xe2\x82\xac", 5, 5) == 5, "behind a character");
    CHECK(utf8_prefix("\x80\x80\x80\x80\x80\x80", 6, 5) >= 2, "no character at all");
}

static void test_newlines(void)
{
    enum { LEN = 20000 };
    char *bytes = malloc(LEN);
    memset(bytes, '\n', LEN);
    CHECK(newline_count(bytes, LEN) == LEN, "all newlines");
    uint64_t wanted = 0;
    for (size_t i = 0; i < LEN; i++) {
        bytes[i] = "\n\x8a\x0b"[unit_below(3)];
        wanted += bytes[i] == '\n';
    }
    CHECK(newline_count(bytes, LEN) == wanted, "some newlines");
    CHECK(newline_count(bytes, 0) == 0, "none");
    free(bytes);
}

static void rewrite(int fd, const char *text, size_t len)
{
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) == (ssize_t)len, "it is written anew");
}

/* What was written anew between two reads is no part of what was there, whatever its length. */
static void test_written_anew(void)
{
    static const char OLD[] = "{\"t\":1}\n{\"t\":2}\n",
                      NEW[] = "{\"t\":31}\n{\"t\":41}\n{\"t\":51}\n";
    struct input_options options;
    struct error err = {0};
    log_options(&options, &TIME_ONLY);
    options.follow = true;
    options.block_bytes = 8;
    int fd = log_memfd(OLD, sizeof OLD - 1);
    struct input *in = input_open(&options, fd, "stdin");
    struct block block = {0};
    CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK && block.bytes.len == 8, "a line");
    rewrite(fd, NEW, sizeof NEW - 1);
    CHECK(input_read_block(in, &block, &err) == INPUT_DRY, "nothing goes on there");
    CHECK(lseek(fd, 0, SEEK_CUR) == 8, "and it stays where it was");
    rewrite(fd, OLD, sizeof OLD - 1); /* and what is the same goes on */
    input_again(in);
    CHECK(input_read_block(in, &block, &err) == INPUT_BLOCK && block.offset == 8,
          "the second line");
    input_close(in);
    /* The same for one that goes on where another ended. */
    in = input_open(&options, fd, "stdin");
    input_goes_on_behind(in, OLD, 8, 8);
    rewrite(fd, NEW, sizeof NEW - 1);
    CHECK(lseek(fd, 8, SEEK_SET) == 8 && input_read_block(in, &block, &err) == INPUT_DRY,
          "nothing");
    input_close(in);
    close(fd);
    block_free(&block);
    log_options_free(&options);
}

int main(void)
{
    test_utf8();
    test_utf8_everywhere();
    test_newlines();
    test_json();
    test_paths();
    test_json_reasons();
    test_csv();
    test_csv_options();
    test_joined_json_time();
    test_overlong();
    test_random_csv();
    test_pipes();
    test_no_waiting();
    test_stop();
    test_failures();
    test_any_order();
    test_written_anew();
    return unit_done();
}
