/*
 * Zones, by hand-made files and by well-known changes. `test_zone --ask ZONE` answers questions on
 * stdin, a line each, for zone_model.py: "u N" the offset at a UTC second, "l N" a local second as
 * UTC, "d N" where a day starts, "a N" the day at a UTC second.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "time/civil.h"
#include "time/tzif.h"
#include "time/tzrule.h"
#include "time/zone.h"
#include "unit.h"

static int ask(const char *name)
{
    struct error err = {0};
    struct zone *zone = zone_open(name, &err);
    char what;
    int64_t n;
    if (zone == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return err.status;
    }
    while (scanf(" %c %" SCNd64, &what, &n) == 2) {
        int64_t answer = what == 'u'   ? zone_offset_at(zone, n)
                         : what == 'l' ? zone_local_to_utc(zone, n)
                         : what == 'd' ? zone_day_start(zone, n)
                                       : zone_day_at(zone, n);
        printf("%" PRId64 "\n", answer);
    }
    zone_free(zone);
    return 0;
}

/* A TZif file in the making: changes among offsets, version 2, with a rule. */
struct file {
    unsigned char bytes[4096];
    size_t len;
};

static void put(struct file *f, uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--)
        f->bytes[f->len++] = (unsigned char)(value >> (8 * i));
}

static void put_header(struct file *f, char version, uint32_t time, uint32_t type, uint32_t leap)
{
    memcpy(f->bytes + f->len, "TZif", 4);
    f->len += 4;
    put(f, (uint64_t)version, 1);
    for (int i = 0; i < 15; i++)
        put(f, 0, 1);
    put(f, 0, 4);
    put(f, 0, 4);
    put(f, leap, 4);
    put(f, time, 4);
    put(f, type, 4);
    put(f, 4, 4);
}

/* Types are numbered as in offsets; change i is at at_s[i] to type to[i]. */
struct shape {
    int n_offsets, n_changes;
    int offsets[8];
    int64_t at_s[8];
    int to[8];
    const char *rule;
};

static struct file make_file(const struct shape *shape)
{
    struct file f = {.len = 0};
    put_header(&f, '2', 0, 1, 0);
    for (int i = 0; i < 10; i++)
        put(&f, 0, 1);
    put_header(&f, '2', (uint32_t)shape->n_changes, (uint32_t)shape->n_offsets, 0);
    for (int i = 0; i < shape->n_changes; i++)
        put(&f, (uint64_t)shape->at_s[i], 8);
    for (int i = 0; i < shape->n_changes; i++)
        put(&f, (uint64_t)shape->to[i], 1);
    for (int i = 0; i < shape->n_offsets; i++) {
        put(&f, (uint32_t)shape->offsets[i], 4);
        put(&f, 0, 2);
    }
    memcpy(f.bytes + f.len, "XYZ", 4);
    f.len += 4;
    f.len += (size_t)sprintf((char *)f.bytes + f.len, "\n%s\n", shape->rule);
    return f;
}

static struct zone *make_zone(const struct shape *shape)
{
    const char *why;
    struct file f = make_file(shape);
    struct zone *zone = zone_from_bytes(f.bytes, f.len, &why);
    CHECK(zone != NULL, "%s", why != NULL ? why : "");
    if (zone == NULL)
        exit(1);
    return zone;
}

static int64_t at(int year, int month, int day, int hour, int minute)
{
    return (int64_t)civil_days(year, month, day) * DAY_S + hour * 3600 + minute * 60;
}

static void test_steps(void)
{
    /* Local time jumps from 1000 to 1500 and back from 2500 to 2200. */
    struct zone *zone = make_zone(&(struct shape){2, 2, {0, 500}, {1000, 2000}, {1, 1}, ""});
    CHECK(zone_offset_at(zone, 999) == 0 && zone_offset_at(zone, 1000) == 500, "at a change");
    zone_free(zone);
    zone = make_zone(&(struct shape){3, 2, {0, 500, 200}, {1000, 2000}, {1, 2}, ""});
    static const int64_t LOCAL[][2] = {{-5, -5},     {999, 999},   {1000, 1000}, {1499, 1499},
                                       {1500, 1000}, {2199, 1699}, {2200, 1700}, {2499, 1999},
                                       {2500, 2300}, {9999, 9799}};
    for (size_t i = 0; i < sizeof LOCAL / sizeof *LOCAL; i++) {
        struct zone_span span = {0};
        int64_t utc = zone_local_to_utc(zone, LOCAL[i][0]);
        CHECK(utc == LOCAL[i][1], "local %" PRId64 ": %" PRId64, LOCAL[i][0], utc);
        CHECK(zone_local_to_utc_near(zone, &span, LOCAL[i][0]) == utc, "with a span");
        CHECK(zone_local_to_utc_near(zone, &span, LOCAL[i][0]) == utc, "with a warm one");
    }
    zone_free(zone);
}

/* Two changes 10 s apart: ahead by 1000, then back by 900; what lies between was skipped, then. */
static void test_close_changes(void)
{
    struct zone *zone = make_zone(&(struct shape){3, 2, {0, 1000, 100}, {5000, 5010}, {1, 2}, ""});
    CHECK(zone_local_to_utc(zone, 4999) == 4999, "before");
    CHECK(zone_local_to_utc(zone, 5000) == 5000, "skipped for good");
    CHECK(zone_local_to_utc(zone, 5109) == 5109, "skipped for good");
    CHECK(zone_local_to_utc(zone, 5110) == 5010, "skipped, and then it came");
    CHECK(zone_local_to_utc(zone, 5999) == 5899, "skipped, and then it came");
    CHECK(zone_local_to_utc(zone, 6000) == 5000, "the first of two");
    CHECK(zone_local_to_utc(zone, 6010) == 5910, "again");
    zone_free(zone);
}

static void test_days(void)
{
    /* Clocks set back by an hour at 00:01 of day 1, so that day 0 comes back for 59 minutes. */
    struct zone *zone = make_zone(&(struct shape){2, 1, {0, -3600}, {DAY_S + 60}, {1}, ""});
    CHECK(zone_day_start(zone, 1) == DAY_S, "the first midnight");
    CHECK(zone_day_at(zone, DAY_S - 1) == 0 && zone_day_at(zone, DAY_S) == 1, "at midnight");
    CHECK(zone_day_at(zone, DAY_S + 60) == 1, "a day that was reached stays");
    CHECK(zone_day_at(zone, 2 * DAY_S + 3599) == 1 && zone_day_at(zone, 2 * DAY_S + 3600) == 2,
          "the next midnight");
    zone_free(zone);
    /* A whole day is skipped. */
    zone = make_zone(&(struct shape){2, 1, {-10 * 3600, 14 * 3600}, {DAY_S + 36000}, {1}, ""});
    CHECK(zone_day_start(zone, 1) == DAY_S + 36000 && zone_day_start(zone, 2) == DAY_S + 36000,
          "a skipped day begins where the next one does");
    CHECK(zone_day_at(zone, DAY_S + 35999) == 0 && zone_day_at(zone, DAY_S + 36000) == 2,
          "no instant is in it");
    zone_free(zone);
    for (int64_t s = -3 * DAY_S; s < 3 * DAY_S; s += 3600)
        CHECK(zone_day_at(NULL, s) == (s + 30 * DAY_S) / DAY_S - 30, "UTC");
    CHECK(zone_day_start(NULL, -7) == -7 * DAY_S, "UTC");
}

static int64_t instant(const char *rule_text, int year, bool start)
{
    struct tz_rule rule;
    bool ok = tz_rule_parse(&rule, rule_text, strlen(rule_text));
    CHECK(ok && rule.changes, "%s", rule_text);
    return start ? tz_rule_instant(&rule.start, year, rule.standard_s)
                 : tz_rule_instant(&rule.end, year, rule.summer_s);
}

static void test_rules(void)
{
    static const char *const GOOD[] = {"UTC0",
                                       "<+03>-3",
                                       "<-0330>3:30",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "CET-1CEST,M3.5.0,M10.5.0/3",
                                       "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "XXX-24:59:59YYY+24,J1/-167:59:59,365/167",
                                       "EET-2EEST,M3.4.4/50,M10.4.4/50"};
    static const char *const BAD[] = {"",
                                      "UT0",
                                      "UTC",
                                      "UTC25",
                                      "UTC0:60",
                                      "<+3>-3",
                                      "<+03-3",
                                      "EST5EDT",
                                      "EST5EDT,M3.2.0",
                                      "EST5EDT,M13.2.0,M11.1.0",
                                      "EST5EDT,M3.6.0,M11.1.0",
                                      "EST5EDT,M3.2.7,M11.1.0",
                                      "EST5EDT,J0,J365",
                                      "EST5EDT,0,366",
                                      "EST5EDT,0/168,1",
                                      "EST5EDT,M3.2.0,M11.1.0x",
                                      "EST5EDT,M3.2.0,M11.1.0/",
                                      "\303\244\303\266\303\2745"};
    struct tz_rule rule;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        for (size_t len = 0; len <= strlen(GOOD[i]); len++) {
            char *exact = memcpy(malloc(len + 1), GOOD[i], len);
            bool ok = tz_rule_parse(&rule, exact, len);
            CHECK(ok || len < strlen(GOOD[i]), "%.*s", (int)len, GOOD[i]);
            free(exact);
        }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        CHECK(!tz_rule_parse(&rule, BAD[i], strlen(BAD[i])), "%s", BAD[i]);
    CHECK(instant("EST5EDT,M3.2.0,M11.1.0", 2024, true) == at(2024, 3, 10, 7, 0), "New York");
    CHECK(instant("EST5EDT,M3.2.0,M11.1.0", 2024, false) == at(2024, 11, 3, 6, 0), "New York");
    CHECK(instant("CET-1CEST,M3.5.0,M10.5.0/3", 2024, true) == at(2024, 3, 31, 1, 0), "Berlin");
    CHECK(instant("CET-1CEST,M3.5.0,M10.5.0/3", 2024, false) == at(2024, 10, 27, 1, 0), "Berlin");
    CHECK(instant("AAA0BBB,J60/0,59/0", 2024, true) == at(2024, 3, 1, 0, 0), "J60 is 1 March");
    CHECK(instant("AAA0BBB,J60/0,59/1", 2024, false) == at(2024, 2, 29, 0, 0), "59 is 29 February");
    CHECK(instant("AAA0BBB,J60/0,59/1", 2023, false) == at(2023, 3, 1, 0, 0), "or 1 March");
    CHECK(instant("AAA0BBB,M12.5.0/0,M1.1.0/-1", 2023, true) == at(2023, 12, 31, 0, 0), "December");
}

static void test_footer(void)
{
    struct zone *zone = make_zone(
        &(struct shape){2, 1, {0, -18000}, {at(1990, 1, 1, 0, 0)}, {1}, "EST5EDT,M3.2.0,M11.1.0"});
    CHECK(zone_offset_at(zone, at(1989, 7, 1, 0, 0)) == 0, "before");
    CHECK(zone_offset_at(zone, at(1990, 1, 2, 0, 0)) == -18000, "winter");
    CHECK(zone_offset_at(zone, at(2261, 7, 2, 0, 0)) == -14400, "a far summer");
    CHECK(zone_offset_at(zone, at(2262, 2, 2, 0, 0)) == -18000, "a far winter");
    CHECK(zone_local_to_utc(zone, at(2100, 3, 14, 2, 30)) == at(2100, 3, 14, 7, 30), "a gap");
    zone_free(zone);
    /* Summer all the year round: it ends at the instant at which it begins again. */
    zone = make_zone(&(struct shape){1, 0, {0}, {0}, {0}, "EST5EDT,0/0,J365/25"});
    for (int day = 0; day < 400; day++)
        CHECK(zone_offset_at(zone, at(2024, 1, 1, 0, 0) + day * DAY_S) == -14400, "day %d", day);
    zone_free(zone);
    /* No change: the rule alone counts. Southern summers, and a summer behind its winter. */
    zone = make_zone(&(struct shape){1, 0, {0}, {0}, {0}, "AAA-10BBB,M10.1.0,M4.1.0/3"});
    CHECK(zone_offset_at(zone, at(1700, 1, 1, 0, 0)) == 39600, "January is summer");
    CHECK(zone_offset_at(zone, at(1700, 7, 1, 0, 0)) == 36000, "July is not");
    zone_free(zone);
    zone = make_zone(&(struct shape){1, 0, {0}, {0}, {0}, "IST-1GMT0,M10.5.0,M3.5.0/1"});
    CHECK(zone_offset_at(zone, at(2024, 1, 1, 0, 0)) == 0, "January");
    CHECK(zone_offset_at(zone, at(2024, 7, 1, 0, 0)) == 3600, "July");
    zone_free(zone);
}

/* Every cut and every flipped bit: no crash; a cut one is never a zone. */
static void test_damage(void)
{
    struct file f = make_file(&(struct shape){
        3, 3, {0, 3600, 7200}, {100, 5000, 90000}, {1, 2, 1}, "CET-1CEST,M3.5.0,M10.5.0/3"});
    const char *why;
    for (size_t len = 0; len < f.len; len++) {
        unsigned char *exact = memcpy(malloc(len + 1), f.bytes, len);
        struct zone *zone = zone_from_bytes(exact, len, &why);
        CHECK(zone == NULL && why != NULL, "cut to %zu", len);
        zone_free(zone);
        free(exact);
    }
    int refused = 0;
    for (size_t bit = 0; bit < f.len * 8; bit++) {
        unsigned char *exact = memcpy(malloc(f.len), f.bytes, f.len);
        exact[bit / 8] ^= (unsigned char)(1 << bit % 8);
        struct zone *zone = zone_from_bytes(exact, f.len, &why);
        refused += zone == NULL;
        for (int64_t s = -200000; zone != NULL && s < 200000; s += 9999) {
            zone_local_to_utc(zone, s);
            zone_day_at(zone, s);
            zone_day_start(zone, s / DAY_S);
        }
        zone_free(zone);
        free(exact);
    }
    CHECK(refused > 100, "some of them matter: %d", refused);
    struct file leap = {.len = 0};
    put_header(&leap, '\0', 0, 1, 1);
    leap.len += 6 + 4 + 8;
    CHECK(zone_from_bytes(leap.bytes, leap.len, &why) == NULL && strstr(why, "leap"), "%s", why);
}

static void test_names(void)
{
    static const char *const NONE[] = {"",
                                       ".",
                                       "..",
                                       "/",
                                       "Europe",
                                       "Europe/",
                                       "/Europe/Berlin",
                                       "Europe//Berlin",
                                       "Europe/./Berlin",
                                       "Europe/../Europe/Berlin",
                                       "../zoneinfo/Europe/Berlin",
                                       "/usr/share/zoneinfo/Europe/Berlin",
                                       "europe/berlin",
                                       "Europe/Berlin ",
                                       "right/Europe/Berlin",
                                       "posix/Europe/Berlin",
                                       "posixrules",
                                       "localtime",
                                       "zone.tab",
                                       "tzdata.zi",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "CEST",
                                       "+02:00",
                                       "UTC0",
                                       "Nowhere/At_all"};
    struct error err = {0};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        err = (struct error){0};
        struct zone *zone = zone_open(NONE[i], &err);
        CHECK(zone == NULL && err.status == EXIT_USAGE, "%s: %s", NONE[i], err.text);
        zone_free(zone);
    }
    static const char *const SOME[] = {
        "UTC",      "Etc/UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Buenos_Aires",
        "Etc/GMT+5"};
    for (size_t i = 0; i < sizeof SOME / sizeof *SOME; i++) {
        struct zone *zone = zone_open(SOME[i], &err);
        CHECK(zone != NULL, "%s: %s", SOME[i], err.text);
        CHECK(zone_is_utc(zone) == (i < 2), "%s", SOME[i]);
        zone_free(zone);
    }
    static const char *const HINTS[][2] = {{"Europe/Berln", "'Europe/Berlin'?"},
                                           {"europe/berlin", "'Europe/Berlin'?"},
                                           {"Berlin", "'Europe/Berlin'?"},
                                           {"New York", "'America/New_York'?"},
                                           {"+02:00", "'Etc/GMT-2'"},
                                           {"UTC-7", "'Etc/GMT+7'"},
                                           {"-0330", "offset '-0330'"},
                                           {"+00", "'UTC'"},
                                           {"posix/Asia/Tokyo", "'Asia/Tokyo'?"}};
    for (size_t i = 0; i < sizeof HINTS / sizeof *HINTS; i++) {
        zone_open(HINTS[i][0], &err);
        CHECK(strstr(err.text, HINTS[i][1]) != NULL, "%s: %s", HINTS[i][0], err.text);
    }
    zone_open("Nowhere/At_all", &err);
    CHECK(strstr(err.text, "did you mean") == NULL, "%s", err.text);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--ask") == 0)
        return ask(argv[2]);
    setenv("TZ", "Asia/Tokyo", 1);
    setenv("TZDIR", "/", 1);
    test_steps();
    test_close_changes();
    test_days();
    test_rules();
    test_footer();
    test_damage();
    test_names();
    return unit_done();
}
