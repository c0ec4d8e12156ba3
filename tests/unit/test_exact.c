/*
 * Texts and saved states that end where their memory does: under the address sanitizer a byte read
 * behind the end ends the test. (Elsewhere only the answers are checked.)
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "base/wire.h"
#include "engine/engine.h"
#include "source/mark.h"
#include "unit/unit.h"

/* A copy of the first len bytes, in memory of just that size. */
static unsigned char *exact(const void *bytes, size_t len)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, len);
    if (len > 0)
        return copy;
    free(copy);
    return malloc(0);
}

static void test_numbers(void)
{
    static const char *const texts[] = {
        "1",   "-1",      "0.5", "12345678", "123456789012345678",
        "1e5", "1.25e-3", "0",   "-0.001",   "1234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t whole = strlen(texts[i]);
        for (size_t len = 0; len <= whole; len++) {
            unsigned char *text = exact(texts[i], len);
            struct value v;
            enum number_status status = number_parse((const char *)text, len, &v);
            CHECK(len < whole || status == NUMBER_OK, "%s: %d", texts[i], (int)status);
            free(text);
        }
    }
}

static void test_utf8(void)
{
    static const char text[] =
        "plain, caf\xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80, \xd0\xb4\xd0\xb0"
        "\xd1\x83\xd0\xb7\xd0\xb5\xd0\xbb";
    for (size_t len = 0; len < sizeof text; len++) {
        unsigned char *copy = exact(text, len);
        size_t valid = utf8_valid_prefix((const char *)copy, len);
        CHECK(valid <= len && len - valid < 4, "%zu of %zu", valid, len);
        free(copy);
    }
}

static void test_marks(void)
{
    const struct source_mark mark = {.position = {.offset = 9, .line = 2}, .head_len = 5};
    struct buf saved = {0};
    source_mark_save(&mark, &saved);
    for (size_t len = 0; len <= saved.len; len++) {
        unsigned char *copy = exact(saved.data, len);
        const unsigned char *at = copy;
        struct source_mark loaded;
        bool ok = source_mark_load(&loaded, &at, copy + len);
        CHECK(ok == (len == saved.len), "%zu of %zu bytes", len, saved.len);
        free(copy);
    }
    buf_free(&saved);
}

/* Zeros are a state: no clock, no windows. */
static void test_engine(void)
{
    static const unsigned char zeros[512];
    size_t needed = 0;
    for (size_t len = 0; len < sizeof zeros; len++) {
        unsigned char *copy = exact(zeros, len);
        const unsigned char *at = copy;
        struct engine_state state;
        bool ok = engine_state_load(&state, &at, copy + len);
        needed = ok && needed == 0 ? len : needed;
        CHECK(ok == (needed > 0), "%zu bytes", len);
        free(copy);
    }
    CHECK(needed > 100, "%zu bytes are enough", needed);
}

int main(void)
{
    test_numbers();
    test_utf8();
    test_marks();
    test_engine();
    return unit_done();
}
