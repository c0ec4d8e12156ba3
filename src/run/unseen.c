#include "run/unseen.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/places.h"
#include "base/say.h"
#include "base/suggest.h"
#include "input/names.h"
#include "input/reader.h"
#include "input/split.h"

enum { MOST_SAMPLE_BYTES = 1 << 20, MOST_SEARCHED_BYTES = 1 << 24, READ_BEHIND = 8 };

struct unseen {
    const struct input_options *options;
    bool *seen; /* of each field */
    size_t left;
    bool any, is_text;
    bool records, columns; /* were there any, and had they columns? */
    struct buf sample;     /* the first record */
    uint64_t searched;     /* bytes of bad records */
    bool unsure;           /* a bad record was not searched */
};

struct unseen *unseen_new(const struct input_options *options)
{
    struct unseen *u = memory_calloc(1, sizeof *u);
    u->options = options;
    u->left = options->n_fields;
    u->seen = memory_calloc(options->n_fields + 1, sizeof *u->seen);
    return u;
}

void unseen_free(struct unseen *u)
{
    if (u == NULL)
        return;
    free(u->seen);
    buf_free(&u->sample);
    free(u);
}

/* Is it there in one of them? Bad records are passed over: which of them share a block with good
   ones is the read size's to say. */
static bool is_there(const struct value *column, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (column[i].kind != VALUE_NULL || column[i].exp == VALUE_GIVEN)
            return true;
    return false;
}

static void note_seen(struct unseen *u, size_t f)
{
    u->left -= !u->seen[f];
    u->seen[f] = true;
}

struct key {
    const char *text;
    size_t len;
    bool found;
};

static void compare_key(void *to, const char *key, size_t len)
{
    struct key *wanted = to;
    wanted->found |= len == wanted->len && memcmp(key, wanted->text, len) == 0;
}

/* Does a record that could not be used name the field, as far as its bytes tell? */
static bool names_field(const struct batch *batch, const struct bad_record *bad,
                        const struct path *path)
{
    const char *record = batch->block->bytes.data + bad->start, *end = record + bad->len;
    if (batch->is_text) {
        struct key key = {.text = path->text, .len = path->text_len};
        split_logfmt_keys(record, bad->len, compare_key, &key);
        return key.found;
    }
    const struct path_part *last = &path->parts[path->n_parts - 1];
    const char *at = record;
    while ((at = memmem(at, (size_t)(end - at), last->name, last->len)) != NULL) {
        const char *behind = at + last->len;
        bool quoted = at > record && at[-1] == '"' && behind < end && *behind == '"';
        for (behind++; quoted && behind < end && (*behind == ' ' || *behind == '\t');)
            behind++;
        if (quoted && behind < end && *behind == ':')
            return true;
        at++;
    }
    return false;
}

/*
 * A field whose value made a record bad is there; this is said of the record already. Others may be
 * in it, too; that is looked for in so many bytes.
 */
static void note_bad(struct unseen *u, const struct batch *batch)
{
    bool by_name = !batch->is_text || reader_table[u->options->format].names_fields;
    for (size_t i = 0; i < batch->n_bad; i++) {
        const struct bad_record *bad = &batch->bad[i];
        if (bad->n_field > 0)
            note_seen(u, bad->n_field - 1);
        /* A longer one comes in pieces, as the reads have it. */
        u->searched += bad->len;
        u->unsure |= bad->len > u->options->max_record_bytes || bad->more ||
                     u->searched > MOST_SEARCHED_BYTES;
        for (size_t f = 0; by_name && !u->unsure && f < u->options->n_fields && u->left > 0; f++) {
            if (!u->seen[f] && names_field(batch, bad, &u->options->fields[f].path))
                note_seen(u, f);
        }
    }
}

void unseen_look(struct unseen *u, const struct batch *batch)
{
    if (u == NULL)
        return;
    if (u->left > 0)
        note_bad(u, batch);
    if (batch->n == 0)
        return;
    u->records = true;
    u->columns |= batch->is_text;
    if (u->left == 0)
        return;
    if (!u->any && batch->len[0] <= MOST_SAMPLE_BYTES) {
        buf_put(&u->sample, batch->block->bytes.data + batch->start[0], batch->len[0]);
        memset(buf_reserve(&u->sample, READ_BEHIND), 0, READ_BEHIND);
    }
    u->any = true;
    u->is_text = batch->is_text;
    bool in_header = batch->is_text && !reader_table[u->options->format].names_fields;
    for (size_t f = 0; f < u->options->n_fields; f++)
        if (in_header || (!u->seen[f] && is_there(batch->columns[f], batch->n)))
            note_seen(u, f);
}

/* The names of a record, as the command line has them, with their nesting. */
struct names {
    struct suggest nearest;
    const char *typed; /* without escapes */
    char *literal;     /* the name that is just what was typed, dots and all */
    char **kept;
    size_t n;
};

static void offer(void *to, const char *name, size_t len, const char *key, const json_t *value)
{
    struct names *names = to;
    (void)value;
    if (strcmp(key, names->typed) == 0 && names->literal == NULL)
        names->literal = memory_strndup(name, len);
    names->kept = memory_realloc(names->kept, (names->n + 1) * sizeof *names->kept);
    names->kept[names->n] = memory_strndup(name, len);
    suggest_offer(&names->nearest, names->kept[names->n++]);
}

static void offer_key(void *to, const char *key, size_t len)
{
    struct buf name = {0}, plain = {0};
    buf_put(&plain, key, len);
    escape_put(&name, buf_cstr(&plain), ",:=[]");
    offer(to, buf_cstr(&name), name.len, buf_cstr(&plain), NULL);
    buf_free(&name);
    buf_free(&plain);
}

static void say_unseen(const struct unseen *u, const struct path *path)
{
    struct names names = {.nearest = {.typed = path->escaped}, .typed = path->text};
    json_t *object = u->is_text || u->sample.len == 0
                         ? NULL
                         : json_loadb(u->sample.data, u->sample.len,
                                      JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (json_is_object(object))
        names_of_object(object, offer, &names);
    if (u->is_text)
        split_logfmt_keys(u->sample.data, u->sample.len, offer_key, &names);
    const char *where = u->unsure ? "no record that could be used" : "no record";
    const char *best = names.literal != NULL ? names.literal : names.nearest.best;
    if (best != NULL)
        say("field '%s' was in %s; did you mean '%s'?", path->escaped, where, best);
    else
        say("field '%s' was in %s", path->escaped, where);
    json_decref(object);
    for (size_t i = 0; i < names.n; i++)
        free(names.kept[i]);
    free(names.kept);
    free(names.literal);
}

void unseen_say_columns(const struct input_options *options)
{
    const struct {
        const char *name;
        bool given;
    } of_columns[] = {
        {"--no-header", options->no_header},
        {"--columns", options->n_columns > 0},
        {"--delimiter", options->delimiter != 0},
        {"--comment", options->comment != 0},
        {"--ragged", options->ragged},
    };
    for (size_t i = 0; i < sizeof of_columns / sizeof of_columns[0]; i++)
        if (of_columns[i].given)
            say("%s has no effect: the input is no CSV or TSV", of_columns[i].name);
}

void unseen_report(const struct unseen *u)
{
    if (u != NULL && u->options->format == INPUT_AUTO && u->records && !u->columns)
        unseen_say_columns(u->options);
    if (u == NULL || !u->any || u->left == 0)
        return;
    struct places known = {0}; /* a field that is used twice is said once */
    for (size_t f = 0; f < u->options->n_fields; f++) {
        const struct path *path = &u->options->fields[f].path;
        size_t place = f;
        if (places_enter(&known, path->escaped, strlen(path->escaped), &place) && !u->seen[f])
            say_unseen(u, path);
    }
    places_free(&known);
}
