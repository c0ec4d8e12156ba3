/*
 * Any bytes as CSV: cut and split as libcsv alone would have it, whatever the limit and the read
 * size; and the fast path reads what the slow one reads. The first four bytes are the options.
 */
#include <stddef.h>
#include <stdint.h>

#include "../unit/csv_differential.h"
#include "base/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(const char *problem)
{
    if (problem != NULL) {
        fprintf(stderr, "%s\n", problem);
        abort();
    }
}

/* Is it called no text at all, for its first bytes? libcsv would take it. */
static bool is_no_text(const char *text, size_t len)
{
    return packed_program(text, len) != NULL ||
           (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const FORMATS[] = {"auto", "s", "ms", "us", "ns", "%Y-%m-%d %H"};
    struct input_options options;
    size_t n_fast;
    if (size < 4)
        return 0;
    differential_options(&options, FORMATS[data[0] % 6], 1 + (data[0] >> 7));
    options.delimiter = ",\t;"[data[1] % 3];
    options.no_fast_path = data[1] >= 128;
    const char *text = (const char *)data + 4;
    require(differential_fast(&options, text, size - 4, &n_fast));
    if (data[2] > 0)
        options.max_record_bytes = data[2];
    options.block_bytes = data[3];
    if (!is_no_text(text, size - 4))
        require(differential_records(&options, text, size - 4));
    log_options_free(&options);
    return 0;
}
