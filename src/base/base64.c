#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *to, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    char *out = buf_reserve(to, (len + 2) / 3 * 4);
    size_t n = 0;
    for (; len > 0; p += 3, len -= len < 3 ? len : 3) {
        uint32_t word =
            (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0) | (len > 2 ? p[2] : 0);
        out[n++] = digits[word >> 18];
        out[n++] = digits[word >> 12 & 63];
        out[n++] = len > 1 ? digits[word >> 6 & 63] : '=';
        out[n++] = len > 2 ? digits[word & 63] : '=';
    }
    to->len += n;
}

/* The digit's value plus one; 0: it is none. */
static const unsigned char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

bool base64_read(struct buf *to, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t pads = len == 0 ? 0 : (size_t)(p[len - 1] == '=') + (len > 1 && p[len - 2] == '=');
    if (len % 4 != 0)
        return false;
    char *out = buf_reserve(to, len / 4 * 3);
    size_t n = 0;
    uint32_t bad = 0;
    for (size_t i = 0; i < len; i += 4) {
        size_t here = i + 4 == len ? pads : 0;
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            uint32_t value = k + here >= 4 ? 1 : values[p[i + k]];
            bad |= value - 1;
            word = word << 6 | ((value - 1) & 63);
        }
        out[n] = (char)(word >> 16);
        out[n + 1] = (char)(word >> 8);
        out[n + 2] = (char)word;
        n += 3 - here;
    }
    to->len += n;
    return bad < 64;
}
