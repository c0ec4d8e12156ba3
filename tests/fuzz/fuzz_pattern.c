/*
 * Fuzzes compiled patterns: whatever the pattern and the text, they and strptime(3) agree; and the
 * lines of the text read the same with a memo and without. The first byte says whether there is a
 * --year-from and a zone, a pattern follows up to a newline, then the text.
 */
#include <stddef.h>
#include <stdint.h>

#include "../unit/pattern_differential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const FROM[] = {NULL, "2024-02-29", "2023-12-31", "1677-09-23"};
    const uint8_t *newline = size > 0 ? memchr(data + 1, '\n', size - 1) : NULL;
    if (newline == NULL)
        return 0;
    char *pattern = strndup((const char *)data + 1, (size_t)(newline - data - 1));
    const char *text = (const char *)newline + 1, *from = FROM[data[0] % 4];
    size_t len = size - (size_t)(newline + 1 - data);
    bool compiled, local = data[0] / 4 % 2 > 0;
    if (pattern == NULL || !pattern_differential(pattern, from, local, text, len, &compiled) ||
        !memo_differential(NULL, pattern, from, local, text, len) ||
        !memo_differential("%Y-%m-%d 12:%M:%S", pattern, from, local, text, len))
        abort();
    free(pattern);
    return 0;
}
