/*
 * Fuzzes streams of partial results: any bytes are merged, or refused, by themselves and soon. What
 * was merged can be made one stream again, and that merges to the same rows, but for those of late
 * deltas: which ones are late depends on W, and the second merge knows the first one's.
 */
#include <stddef.h>
#include <stdint.h>

#include "run_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int merge(bool partial, struct buf *rows)
{
    const char *argv[] = {"winagg", "--merge", "-j", "1", partial ? "--partial" : "--panes",
                          "in",     NULL};
    inside_write("rows", "", 0);
    int status = inside_run(argv, "rows");
    rows->len = 0;
    inside_read("rows", rows);
    inside_require(status >= 0 && status <= 2);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf rows = {0}, stream = {0}, again = {0};
    if (inside_fd < 0)
        inside_enter();
    inside_write("in", data, size);
    if (merge(false, &rows) == 0 && rows.len > 0) {
        inside_require(merge(true, &stream) == 0);
        inside_write("in", stream.data, stream.len);
        inside_require(merge(false, &again) == 0);
        bool late = memmem(rows.data, rows.len, "\"late\"", 6) != NULL;
        inside_require(late ||
                       (rows.len == again.len && memcmp(rows.data, again.data, rows.len) == 0));
    }
    buf_free(&rows);
    buf_free(&stream);
    buf_free(&again);
    return 0;
}
