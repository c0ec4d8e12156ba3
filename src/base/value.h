/*
 * base/value.h - one field of one record, typed, and its canonical bytes.
 *
 * A value is 16 bytes and owns nothing: its text is a view that dies with the batch it came from
 * (or with the encoding it was decoded from).
 *
 * The canonical encoding turns a value into bytes such that
 *     equal values        <=>  equal bytes              (1, 1.0 and 10e-1 are one; "1" is another)
 *     value a before b    <=>  memcmp(bytes a, bytes b) < 0
 * in the order of the spec: null, false, true, numbers by value, strings by their bytes. Encodings
 * may be set one behind the other, and the order is then that of the fields in turn; no encoding is
 * a prefix of another. So keys are hashed, compared and sorted as plain bytes everywhere.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

enum value_kind {
    VALUE_NULL, /* missing, null. exp: 0, or VALUE_GIVEN */
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER, /* mant * 10^exp */
    VALUE_WIDE,   /* a number that does not fit so: its text, already checked by number_parse(), or
                     (exp not 0) its bare digits, see number_bare() */
    VALUE_STRING, /* text, len; may hold any bytes. exp: 0, or VALUE_TYPELESS */
    /* These two are of a record that is still to be judged; no encoding, no aggregate knows them.
     */
    VALUE_COMPOSITE, /* an object or an array, where only conditions look */
    VALUE_BAD,       /* not what is needed: text is the reason, NUL-terminated */
};

/* It is not missing: null, or what is none, stands there. For messages; no result depends on it. */
enum { VALUE_GIVEN = 1 };

/* From an input whose values are all texts (CSV): it may be meant as a number. */
enum { VALUE_TYPELESS = 1 };

struct value {
    union {
        int64_t mant;     /* VALUE_NUMBER */
        const char *text; /* VALUE_WIDE, VALUE_STRING; not NUL-terminated */
    };
    uint32_t len;
    int16_t exp;  /* VALUE_NUMBER, VALUE_WIDE */
    uint8_t kind; /* enum value_kind */
    uint8_t unused;
};

/* Length, exponent and kind at once. */
static inline uint64_t value_form(const struct value *v)
{
    return bytes_u64(&v->len);
}

/* Appends the canonical encoding. */
void value_encode(struct buf *to, const struct value *v);

/*
 * Reads one encoding from *at (which ends before `end`) and steps *at behind it. Text goes to
 * scratch if it has to be put together, and then lives until scratch changes. Returns false if the
 * bytes are not an encoding (a damaged snapshot).
 */
bool value_decode(const unsigned char **at, const unsigned char *end, struct value *v,
                  struct buf *scratch);

/*
 * What a row cell shows, ready for a writer: a number is already its final text; DATUM_JSON is
 * text that is valid JSON as it stands.
 */
enum datum_kind {
    DATUM_NULL,
    DATUM_FALSE,
    DATUM_TRUE,
    DATUM_NUMBER,
    DATUM_STRING,
    DATUM_JSON,
};

struct datum {
    enum datum_kind kind;
    const char *text; /* in the scratch of whoever made it; as long-lived as that */
    size_t len;
};

/* v as a datum; a number's text is appended to scratch (offsets stay, the pointer is set last). */
struct datum value_datum(const struct value *v, struct buf *scratch);

#endif
