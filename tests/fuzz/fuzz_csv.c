/*
 * Any bytes as CSV: cut and split as libcsv alone would have it, whatever the limit and the read
 * size; and the fast path reads what the slow one reads. The first four bytes are the options.
 */
#include <stddef.h>
#include <stdint.h>

#include "../unit/csv_differential.h"
#include "base/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_FORMATS = 6 };

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

/* Options of a time format and so many time fields: made once, as they take long to make. */
static struct input_options prepared(size_t format, size_t n_time)
{
    static const char *const FORMATS[N_FORMATS] = {"auto", "s", "ms", "us", "ns", "%Y-%m-%d %H"};
    static struct input_options made[N_FORMATS][2];
    struct input_options *options = &made[format][n_time - 1];
    if (options->n_time == 0)
        differential_options(options, FORMATS[format], n_time);
    return *options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n_fast;
    if (size < 4)
        return 0;
    struct input_options options = prepared(data[0] % N_FORMATS, 1 + (data[0] >> 7));
    options.delimiter = ",\t;"[data[1] % 3];
    options.no_fast_path = data[1] >= 128;
    const char *text = (const char *)data + 4;
    require(differential_fast(&options, text, size - 4, &n_fast));
    if (data[2] > 0)
        options.max_record_bytes = data[2];
    options.block_bytes = data[3];
    if (!is_no_text(text, size - 4))
        require(differential_records(&options, text, size - 4));
    return 0;
}
