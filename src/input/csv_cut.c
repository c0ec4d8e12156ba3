#include "input/csv_cut.h"

#include <string.h>

#include "scan/vectors.h"

/* Steps over the bytes outside quotes; returns the newline that ends the record, or NULL. */
static const char *scan_fields(struct csv_scan *scan, const char *record, const char *p,
                               const char *limit, char delimiter)
{
    while (p < limit && *p != '\n' && *p != '"')
        p++;
    scan->at = (size_t)(p - record);
    if (p == limit)
        return NULL;
    if (*p == '\n')
        return p;
    scan->state = p == record || p[-1] == delimiter ? CSV_QUOTED : CSV_REST;
    scan->at++;
    return NULL;
}

/* The byte behind what may be a closing quote; returns it if it is the record's newline. */
static const char *scan_closing(struct csv_scan *scan, const char *p, char delimiter)
{
    if (*p == '\n')
        return p;
    if (*p == '"')
        scan->state = CSV_QUOTED;
    else if (*p == delimiter)
        scan->state = CSV_FIELDS;
    else
        scan->state = CSV_REST;
    scan->at++;
    return NULL;
}

/* To the end of what quotes may say; returns the newline that ends the record there, or NULL. */
static const char *scan_states(struct csv_scan *scan, const char *record, const char *limit,
                               char delimiter)
{
    const char *newline = NULL;
    while (newline == NULL && record + scan->at < limit) {
        const char *p = record + scan->at;
        const char *found;
        switch (scan->state) {
        case CSV_FIELDS:
            newline = scan_fields(scan, record, p, limit, delimiter);
            break;
        case CSV_QUOTED:
            found = memchr(p, '"', (size_t)(limit - p));
            scan->state = found == NULL ? CSV_QUOTED : CSV_CLOSING;
            scan->at = (size_t)((found == NULL ? limit : found + 1) - record);
            break;
        case CSV_CLOSING:
            newline = scan_closing(scan, p, delimiter);
            break;
        case CSV_REST:
            newline = memchr(p, '\n', (size_t)(limit - p));
            scan->at = (size_t)(limit - record);
            break;
        }
    }
    return newline;
}

const char *csv_scan_record(struct csv_scan *scan, const struct csv_rules *rules,
                            const char *record, const char *end)
{
    size_t max_bytes = rules->max_bytes;
    if (scan->at == 0 && rules->comment != '\0' && record < end && *record == rules->comment)
        scan->state = CSV_REST;
    const char *limit = (size_t)(end - record) > max_bytes ? record + max_bytes : end;
    const char *newline = scan_states(scan, record, limit, rules->delimiter);
    if (newline == NULL && record + scan->at < end) {
        newline = memchr(record + scan->at, '\n', (size_t)(end - record) - scan->at);
        scan->overlong = newline != limit || scan->state == CSV_QUOTED;
    }
    return newline == NULL ? NULL : newline + 1;
}

/*
 * Steps over records whose quotes are all as they should be, many at a time; false if the next one
 * is not of that kind, or not within a slice. A limit below that is for csv_scan_record().
 */
static bool skip_well_quoted(struct csv_cutter *cutter, const struct csv_rules *rules,
                             struct marks *marks, const char *data, size_t len)
{
    const struct marker *marker = vectors_get(0)->marker;
    size_t start = cutter->record;
    if (rules->max_bytes < MARKS_SLICE || rules->comment != '\0')
        return false;
    marks_reserve(marks, MARKS_SLICE);
    for (;;) {
        const char *p = data + cutter->record;
        size_t left = len - cutter->record;
        marker->csv(marks, p, left < MARKS_SLICE ? left : MARKS_SLICE, rules->delimiter, true);
        size_t n = marks->n;
        while (n > 0 && p[marks->at[n]] != '\n')
            n--;
        if (n == 0)
            return cutter->record > start;
        cutter->record += marks->at[n] + 1;
    }
}

size_t csv_cutter_cut(struct csv_cutter *cutter, const struct csv_rules *rules, struct marks *marks,
                      const char *data, size_t len)
{
    while (cutter->searched < len) {
        const char *from = data + cutter->searched;
        if (!cutter->scanning) {
            const char *quote = memchr(from, '"', len - cutter->searched);
            size_t plain = quote == NULL ? len - cutter->searched : (size_t)(quote - from);
            const char *newline = memrchr(from, '\n', plain);
            if (newline != NULL)
                cutter->record = (size_t)(newline + 1 - data);
            cutter->searched += plain;
            cutter->scanning = quote != NULL;
            cutter->scan = (struct csv_scan){0};
            if (cutter->scanning && skip_well_quoted(cutter, rules, marks, data, len)) {
                cutter->searched = cutter->record;
                cutter->scanning = false;
            }
        } else {
            const char *next =
                csv_scan_record(&cutter->scan, rules, data + cutter->record, data + len);
            cutter->searched = next == NULL ? len : (size_t)(next - data);
            if (next != NULL)
                cutter->record = cutter->searched;
            cutter->scanning = next == NULL;
        }
    }
    return cutter->record;
}

void csv_cutter_drop(struct csv_cutter *cutter, size_t bytes)
{
    cutter->record -= bytes;
    cutter->searched -= bytes;
}
