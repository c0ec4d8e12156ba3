/*
 * Fuzzes snapshots whose checksum is right and whose content is not: a run that starts from one is
 * carried out, or refuses, by itself and soon. The first byte chooses the job. Behind it stands
 * what is changed in the sections that the job itself has written, three bytes each: where (two),
 * and what to; or, if its highest bit is set, the sections as they are. The frame is made anew.
 */
#include <stddef.h>
#include <stdint.h>

#include "run_inside.h"
#include "snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_BYTES = 28, CHECKSUM_BYTES = 16, FIRST = 40, ALL = 50 };

static const char *const JOBS[][12] = {
    {"-w", "sliding:10s/1s", "-l", "5s", "-k", "k"},
    {"-w", "cumulate:60s/1s", "-k", "k", "-a", "median:v,distinct:v,mean:v"},
    {"-w", "session:4s", "-m", "retract", "-l", "9s", "--early", "2", "-k", "k"},
    {"-w", "10s", "--fill", "-d", "20s", "-k", "k", "--top", "2"},
    {"-w", "7s", "--early", "3s", "-d", "9s", "--source", "k", "--dedup", "id"},
    {"-w", "tumbling:day", "-d", "9s", "-a", "topk:v:2,first:v,p90:v,mode:v,stddev:v"},
    {"-w", "all", "-k", "k", "-o", "table", "-a", "approx_distinct:v,approx_p90:v,sum:v"},
};
enum { N_JOBS = sizeof JOBS / sizeof *JOBS };

static struct buf images[N_JOBS], rows[N_JOBS], input;
static size_t first_bytes; /* of the input: what the snapshots are of */

static int run_job(size_t job, bool keep)
{
    const char *argv[32] = {"winagg",
                            "-t",
                            "t",
                            "-j",
                            "1",
                            "-s",
                            "s",
                            "--output",
                            "rows",
                            "--at-eof",
                            keep ? "keep" : "flush"};
    size_t n = 11;
    for (const char *const *word = JOBS[job]; *word != NULL; word++)
        argv[n++] = *word;
    argv[n] = "in";
    return inside_run(argv, "/dev/null");
}

static void prepare(void)
{
    struct error err = {0};
    inside_enter();
    for (size_t i = 0; i < ALL; i++) {
        if (i == FIRST)
            first_bytes = input.len;
        buf_printf(&input, "{\"t\":%zu,\"k\":\"key %zu\",\"v\":%zu,\"id\":%zu}\n",
                   i - i % 7 / 5 * 3, i % 3, i * i % 11, i / 2);
    }
    for (size_t job = 0; job < N_JOBS; job++) {
        char path[sizeof inside_directory + 8];
        inside_write("in", input.data, first_bytes);
        inside_write("rows", "", 0);
        snprintf(path, sizeof path, "%s/s", inside_directory);
        unlink(path);
        inside_require(run_job(job, true) == 0);
        inside_require(snapshot_read(path, &images[job], &err) == SNAPSHOT_FOUND);
        inside_read("rows", &rows[job]);
    }
    inside_write("in", input.data, input.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf image = {0};
    if (images[0].len == 0)
        prepare();
    if (size < 1)
        return 0;
    size_t job = data[0] % 128 % N_JOBS;
    if (data[0] >= 128) {
        buf_put(&image, images[job].data, FRAME_BYTES);
        buf_put(&image, data + 1, size - 1);
    } else {
        buf_put(&image, images[job].data, images[job].len - CHECKSUM_BYTES);
    }
    for (size_t i = 1; data[0] < 128 && i + 3 <= size; i += 3) {
        size_t at = (size_t)data[i] << 8 | data[i + 1];
        image.data[FRAME_BYTES + at % (image.len - FRAME_BYTES)] = (char)data[i + 2];
    }
    snapshot_seal(&image);
    inside_write("s", image.data, image.len);
    inside_write("rows", rows[job].data, rows[job].len);
    int status = run_job(job, false);
    inside_require(status >= 0 && status <= 2);
    buf_free(&image);
    return 0;
}
