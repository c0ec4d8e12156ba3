#include "output/partial.h"

#include <string.h>
#include <xxhash.h>

#include "base/base64.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/value.h"
#include "time/timestamp.h"

void partial_free(struct partial *p)
{
    buf_free(&p->states);
    buf_free(&p->scratch);
    buf_free(&p->text);
}

uint64_t partial_hash(uint64_t hash, const char *line, size_t len)
{
    return XXH3_64bits_withSeed(line, len, hash);
}

void partial_name(struct partial *p, const void *seed, size_t len)
{
    XXH64_hash_t hash = XXH3_64bits(seed, len);
    for (size_t i = 0; i < PARTIAL_NAME_BYTES; i++, hash /= 36)
        p->name[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[hash % 36];
    p->name[PARTIAL_NAME_BYTES] = '\0';
}

size_t partial_open(const struct partial *p, struct buf *to)
{
    size_t start = to->len;
    buf_puts(to, "{\"s\":\"");
    buf_put(to, p->name, PARTIAL_NAME_BYTES);
    buf_puts(to, "\",");
    return start;
}

void partial_close(struct partial *p, struct buf *to, size_t start)
{
    buf_putc(to, '}');
    p->lines++;
    p->hash = partial_hash(p->hash, to->data + start, to->len - start);
    buf_putc(to, '\n');
}

static void put_time(struct buf *to, const char *label, int64_t ns)
{
    buf_puts(to, label);
    time_print(to, ns, TIME_UNIT_S, NULL);
}

static void put_key(struct partial *p, struct buf *to, const unsigned char *key, uint32_t key_len)
{
    const unsigned char *at = key, *end = key + key_len;
    struct value v;
    char separator = '[';
    buf_puts(to, ",\"k\":");
    for (; at < end && value_decode(&at, end, &v, &p->scratch); separator = ',') {
        buf_putc(to, separator);
        if (v.kind == VALUE_WIDE) { /* which a row may round: two keys would be one */
            number_print_exact(to, &v);
        } else {
            p->text.len = 0;
            struct datum datum = value_datum(&v, &p->text);
            json_text_datum(to, &datum);
        }
        p->scratch.len = 0;
    }
    buf_putc(to, ']');
}

void partial_delta(struct partial *p, struct buf *to, const struct partial_pane *pane)
{
    size_t start = partial_open(p, to);
    put_time(to, "\"w\":\"", pane->start_ns);
    put_time(to, "/", pane->end_ns);
    buf_putc(to, '"');
    if (pane->key_len > 0)
        put_key(p, to, pane->key, pane->key_len);
    buf_puts(to, ",\"n\":");
    buf_put_u64(to, pane->records);
    buf_puts(to, ",\"a\":\"");
    base64_put(to, p->states.data, p->states.len);
    buf_putc(to, '"');
    p->records += pane->records;
    partial_close(p, to, start);
}

void partial_watermark(struct partial *p, struct buf *to, int64_t w_ns)
{
    size_t start = partial_open(p, to);
    put_time(to, "\"watermark\":", w_ns);
    partial_close(p, to, start);
}

void partial_end(struct partial *p, struct buf *to, bool any, int64_t clock_ns, int64_t max_ns)
{
    size_t start = partial_open(p, to);
    buf_printf(to, "\"lines\":%llu,\"records\":%llu,\"hash\":\"%016llx\"",
               (unsigned long long)p->lines + 1, (unsigned long long)p->records,
               (unsigned long long)p->hash);
    if (any) {
        put_time(to, ",\"clock\":", clock_ns);
        put_time(to, ",\"max\":", max_ns);
    }
    partial_close(p, to, start);
}
