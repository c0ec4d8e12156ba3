#include "time/tzif.h"

#include <string.h>

enum { HEADER_BYTES = 44, TYPE_BYTES = 6 };

struct header {
    int version; /* 1 to 4, or later */
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_time(const unsigned char *p, size_t width)
{
    if (width == 4)
        return (int32_t)get_u32(p);
    return (int64_t)((uint64_t)get_u32(p) << 32 | get_u32(p + 4));
}

static const char *read_header(struct header *h, const unsigned char *p, size_t len)
{
    if (len < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return "not a TZif file";
    if (p[4] != '\0' && (p[4] < '2' || p[4] > '9'))
        return "of an unknown version";
    h->version = p[4] == '\0' ? 1 : p[4] - '0';
    h->isut = get_u32(p + 20);
    h->isstd = get_u32(p + 24);
    h->leap = get_u32(p + 28);
    h->time = get_u32(p + 32);
    h->type = get_u32(p + 36);
    h->chars = get_u32(p + 40);
    return NULL;
}

/* 64 bits hold it: six counts of 32 bits times 12 at most. */
static uint64_t data_bytes(const struct header *h, size_t width)
{
    return (uint64_t)h->time * (width + 1) + (uint64_t)h->type * TYPE_BYTES + h->chars +
           (uint64_t)h->leap * (width + 4) + h->isstd + h->isut;
}

static const char *check_counts(const struct header *h)
{
    if (h->type == 0 || h->type > 256 || h->chars == 0 || (h->isut != 0 && h->isut != h->type) ||
        (h->isstd != 0 && h->isstd != h->type))
        return "its counts are impossible";
    if (h->time > TZIF_MOST_CHANGES)
        return "it has too many changes";
    if (h->leap > 0)
        return "it counts leap seconds, as no event time does";
    return NULL;
}

static const char *read_offset(const unsigned char *types, const struct header *h, uint32_t type,
                               int *offset_s)
{
    if (type >= h->type)
        return "a change leads to a type that is not there";
    const unsigned char *p = types + (size_t)type * TYPE_BYTES;
    int32_t offset = (int32_t)get_u32(p);
    if (offset < -TZIF_MOST_OFFSET_S || offset > TZIF_MOST_OFFSET_S || p[4] > 1 || p[5] >= h->chars)
        return "one of its types is impossible";
    *offset_s = offset;
    return NULL;
}

static const char *read_data(struct tzif *tzif, const unsigned char *p, const struct header *h,
                             size_t width)
{
    const unsigned char *kinds = p + (size_t)h->time * width;
    const unsigned char *types = kinds + h->time;
    const unsigned char *names = types + (size_t)h->type * TYPE_BYTES;
    const char *why = check_counts(h);
    if (why == NULL)
        why = read_offset(types, h, 0, &tzif->first_offset_s);
    for (uint32_t i = 0; why == NULL && i < h->time; i++) {
        struct tz_change *change = &tzif->changes[i];
        change->at_s = get_time(p + (size_t)i * width, width);
        if (i > 0 && change->at_s <= change[-1].at_s)
            why = "its changes are not in order";
        else
            why = read_offset(types, h, kinds[i], &change->offset_s);
    }
    tzif->n_changes = h->time;
    tzif->named_utc = h->chars == 4 && memcmp(names, "UTC", 4) == 0;
    return why;
}

static const char *read_footer(struct tzif *tzif, const unsigned char *p, const unsigned char *end)
{
    if (p == end || *p != '\n')
        return "its last line is missing";
    const unsigned char *newline = memchr(p + 1, '\n', (size_t)(end - p - 1));
    if (newline == NULL)
        return "its last line has no end";
    tzif->rule = (const char *)p + 1;
    tzif->rule_len = (size_t)(newline - p - 1);
    return NULL;
}

const char *tzif_read(struct tzif *tzif, const unsigned char *bytes, size_t len)
{
    struct header h;
    const unsigned char *p = bytes, *end = bytes + len;
    size_t width = 4;
    const char *why = read_header(&h, p, len);
    if (why != NULL)
        return why;
    p += HEADER_BYTES;
    if (h.version > 1) {
        if (data_bytes(&h, 4) > (size_t)(end - p))
            return "it is too short";
        p += data_bytes(&h, 4);
        why = read_header(&h, p, (size_t)(end - p));
        if (why != NULL)
            return why;
        p += HEADER_BYTES;
        width = 8;
    }
    if (data_bytes(&h, width) > (size_t)(end - p))
        return "it is too short";
    tzif->rule = "";
    tzif->rule_len = 0;
    why = read_data(tzif, p, &h, width);
    if (why == NULL && width == 8)
        why = read_footer(tzif, p + data_bytes(&h, width), end);
    return why;
}
