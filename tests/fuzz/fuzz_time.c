/*
 * Fuzzes the readers and printers of times:
 *     the fast reader takes only what the slow one takes, with the same result, cache warm or cold;
 *     what any format reads is printed and reads back as the same instant;
 *     a pattern, valid or not, reads any text without harm.
 *
 * Built with libFuzzer: clang -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined
 *     -Isrc tests/fuzz/fuzz_time.c src/time/(all).c src/base/(all).c
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/duration.h"
#include "time/time_fast.h"
#include "time/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_round_trip(int64_t ns)
{
    static const enum time_form FORMS[] = {TIME_AUTO, TIME_S, TIME_MS, TIME_US, TIME_NS};
    static const enum time_unit UNITS[] = {TIME_UNIT_RFC3339, TIME_UNIT_S, TIME_UNIT_MS,
                                           TIME_UNIT_US, TIME_UNIT_NS};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        struct time_format format = {.form = FORMS[i]};
        int64_t again;
        b.len = 0;
        time_print(&b, ns, UNITS[i], NULL);
        require(time_parse(&format, b.data, b.len, &again) == TIME_OK && again == ns);
    }
    struct error err;
    int64_t again;
    b.len = 0;
    duration_print(&b, ns);
    require(duration_parse(buf_cstr(&b), true, &again, "--offset", &err) && again == ns);
    buf_free(&b);
}

static void check_fast(const char *text, size_t len)
{
    static struct time_cache warm;
    static const struct time_format AUTO = {.form = TIME_AUTO};
    struct time_cache cold = {0};
    int64_t slow = 0, fast = 0, cached = 0;
    enum time_status status = time_parse(&AUTO, text, len, &slow);
    bool taken = time_parse_fast(&cold, text, len, &fast);
    require(time_parse_fast(&warm, text, len, &cached) == taken);
    require(!taken || (status == TIME_OK && fast == slow && cached == slow));
}

/* The first line of the input is a pattern or the name of a format, the rest a text. */
static void check_format(const char *data, size_t size)
{
    const char *newline = memchr(data, '\n', size);
    if (!newline)
        return;
    char *name = strndup(data, (size_t)(newline - data));
    require(name != NULL);
    struct time_format format = {0};
    struct error err;
    int64_t ns;
    size_t len = size - (size_t)(newline + 1 - data);
    if (time_format_add(&format, name, &err) &&
        time_parse(&format, newline + 1, len, &ns) == TIME_OK)
        check_round_trip(ns);
    struct error duration_err;
    if (duration_parse(name, true, &ns, "--delay", &duration_err))
        check_round_trip(ns);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct time_format AUTO = {.form = TIME_AUTO};
    const char *text = (const char *)data;
    int64_t ns;
    if (size == 0)
        return 0;
    check_fast(text, size);
    if (time_parse(&AUTO, text, size, &ns) == TIME_OK)
        check_round_trip(ns);
    check_format(text, size);
    return 0;
}
