/*
 * base/value_encode.h - the encoding of plain strings, which most keys are, inlined.
 */
#ifndef BASE_VALUE_ENCODE_H
#define BASE_VALUE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* The first byte of an encoding; see value.c. */
enum { TAG_NULL = 1, TAG_FALSE, TAG_TRUE, TAG_NUMBER, TAG_STRING };

/* Copies text that has no zero byte; returns false, having copied what it likes, if it has one. */
static inline bool value_copy_text(char *to, const char *text, size_t len)
{
    bool zeros = false;
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8) {
            uint64_t word = bytes_u64(text + i);
            zeros |= bytes_have_zero(word);
            memcpy(to + i, &word, sizeof word);
        }
        uint64_t last = bytes_u64(text + len - 8);
        memcpy(to + len - 8, &last, sizeof last);
        return !zeros && !bytes_have_zero(last);
    }
    if (len >= 4) {
        uint32_t first = bytes_u32(text), last = bytes_u32(text + len - 4);
        memcpy(to, &first, sizeof first);
        memcpy(to + len - 4, &last, sizeof last);
        return !bytes_have_zero((uint64_t)last << 32 | first);
    }
    for (size_t i = 0; i < len; i++) {
        zeros |= text[i] == 0;
        to[i] = text[i];
    }
    return !zeros;
}

/* Writes the encoding of a string, len + 3 bytes, and returns that; 0 if a byte of it is zero. */
static inline size_t value_encode_string(char *to, const char *text, size_t len)
{
    if (!value_copy_text(to + 1, text, len))
        return 0;
    to[0] = TAG_STRING;
    to[len + 1] = to[len + 2] = 0;
    return len + 3;
}

#endif
