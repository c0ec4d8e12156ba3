#include "input/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/wire.h"
#include "input/csv_cut.h"
#include "input/csv_slow.h"
#include "input/header.h"
#include "input/plan.h"
#include "input/reader.h"
#include "scan/marks.h"

enum { DEFAULT_BLOCK_BYTES = 256 * 1024 };

enum { TAIL_BYTES = 256 }; /* a file written anew has others there */

/*
 * The bytes of the input, in order:
 *
 *     | handed out |  carry: the open record, then (during a call) what was just read  |  unread
 *                  ^ offset
 */
struct input {
    struct input_plan plan;
    struct csv_layout **later; /* of headers that replaced the first one */
    size_t n_later;
    int fd;
    int first_fd;  /* what is read before it; -1: nothing (more) */
    bool regular;  /* a regular file: never waits */
    bool ended;    /* read(2) said so */
    bool loaded;   /* it goes on behind its preamble, which was not seen */
    bool overlong; /* the first piece of a record over the limit is out, its newline is not */
    const char *name;
    struct buf preamble; /* what stood before the first record */
    struct buf carry;
    uint64_t offset;
    size_t searched;       /* not CSV: bytes of the open record known to hold no newline */
    size_t looked;         /* so many bytes were not enough to find the header in */
    size_t peeked;         /* so many were searched for a newline since */
    char tail[TAIL_BYTES]; /* if followed: the last bytes that were read, before tail_end */
    size_t tail_len;
    uint64_t tail_end;
    struct csv_cutter cutter;
    struct marks marks; /* the cutter's scratch memory */
};

struct input *input_open(const struct input_options *options, int fd, const char *name)
{
    struct input *in = memory_calloc(1, sizeof *in);
    struct stat status;
    in->plan.options = options;
    in->plan.format = INPUT_AUTO;
    in->fd = fd;
    in->first_fd = -1;
    in->name = name;
    in->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    return in;
}

void input_read_first(struct input *in, int fd)
{
    in->first_fd = fd;
}

void input_close(struct input *in)
{
    if (in == NULL)
        return;
    header_free(&in->plan.layout);
    for (size_t i = 0; i < in->n_later; i++) {
        header_free(in->later[i]);
        free(in->later[i]);
    }
    free(in->later);
    marks_free(&in->marks);
    buf_free(&in->carry);
    buf_free(&in->preamble);
    free(in);
}

/* How its format is read, once that is settled. */
static const struct reader_ops *reader_of(const struct input *in)
{
    return &reader_table[in->plan.format];
}

const char *input_preamble(const struct input *in, size_t *len)
{
    *len = in->preamble.len;
    if (in->plan.format == INPUT_AUTO || in->loaded)
        return NULL;
    return in->preamble.len == 0 ? "" : in->preamble.data;
}

/* Format, delimiter (u8), number of columns, then the column of each time and field (u64). */
void input_save(const struct input *in, const struct block *block, struct buf *to)
{
    const struct csv_layout *layout =
        block != NULL && block->layout != NULL ? block->layout : &in->plan.layout;
    bool columns = reader_of(in)->is_text;
    wire_put_u8(to, (uint8_t)in->plan.format);
    wire_put_u8(to, (uint8_t)layout->delimiter);
    wire_put_u64(to, columns ? layout->n_columns : 0);
    for (size_t i = 0; columns && i < in->plan.options->n_time; i++)
        wire_put_u64(to, layout->time[i]);
    for (size_t i = 0; columns && i < in->plan.options->n_fields; i++)
        wire_put_u64(to, layout->fields[i]);
}

static size_t *load_columns(size_t n, uint64_t n_columns, const unsigned char **at,
                            const unsigned char *end)
{
    size_t *columns = memory_calloc(n + 1, sizeof *columns);
    for (size_t i = 0; i < n; i++) {
        uint64_t column;
        if (!wire_u64(at, end, &column) || column >= n_columns) {
            free(columns);
            return NULL;
        }
        columns[i] = (size_t)column;
    }
    return columns;
}

bool input_load(struct input *in, const unsigned char **at, const unsigned char *end,
                const struct input_position *position)
{
    const struct input_options *options = in->plan.options;
    struct csv_layout *layout = &in->plan.layout;
    uint8_t format, delimiter;
    uint64_t n_columns;
    if (!wire_u8(at, end, &format) || !wire_u8(at, end, &delimiter) ||
        !wire_u64(at, end, &n_columns) || format >= READER_FORMATS)
        return false;
    in->plan.format = (enum input_format)format;
    in->plan.rules = (struct csv_rules){.delimiter = (char)delimiter,
                                        .comment = options->comment,
                                        .max_bytes = options->max_record_bytes};
    if (reader_of(in)->is_text) {
        layout->delimiter = (char)delimiter;
        layout->n_columns = (size_t)n_columns;
        layout->time = load_columns(options->n_time, n_columns, at, end);
        layout->fields = load_columns(options->n_fields, n_columns, at, end);
        if (layout->time == NULL || layout->fields == NULL)
            return false;
    }
    in->loaded = format != INPUT_AUTO;
    in->offset = position->offset;
    in->overlong = position->overlong;
    return true;
}

const struct input_plan *input_plan(const struct input *in)
{
    return &in->plan;
}

static bool is_stopped(const struct input *in)
{
    return in->plan.options->stop != NULL && *in->plan.options->stop;
}

static bool read_failed(const struct input *in, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", in->name, strerror(errno));
}

/* Waits for bytes or a request to stop. False when poll(2) fails; a signal is no failure. */
static bool wait_for_bytes(const struct input *in)
{
    const struct input_options *options = in->plan.options;
    struct pollfd fds[] = {{.fd = in->fd, .events = POLLIN},
                           {.fd = options->stop_fd, .events = POLLIN}};
    if (in->regular || in->first_fd >= 0 || is_stopped(in))
        return true;
    int ready;
    while ((ready = poll(fds, options->stop != NULL ? 2 : 1, -1)) < 0 && errno == EINTR &&
           !is_stopped(in))
        attend_look(&options->attend);
    return ready >= 0 || errno == EINTR || errno == EAGAIN;
}

static void remember_tail(struct input *in, const char *bytes, size_t len)
{
    size_t fresh = len < TAIL_BYTES ? len : TAIL_BYTES, kept = TAIL_BYTES - fresh;
    kept = kept < in->tail_len ? kept : in->tail_len;
    memmove(in->tail, in->tail + in->tail_len - kept, kept);
    memcpy(in->tail + kept, bytes + len - fresh, fresh);
    in->tail_len = kept + fresh;
}

void input_goes_on_behind(struct input *in, const char *bytes, size_t len, uint64_t offset)
{
    if (len > 0)
        remember_tail(in, bytes, len);
    in->tail_end = offset;
}

/* Are they at that offset of the file? False with errno 0: no. */
static bool stand_at(const struct input *in, uint64_t offset, const char *bytes, size_t len)
{
    struct buf there = {0};
    bool same = io_read_at(in->fd, offset, buf_reserve(&there, len), len);
    if (same) {
        errno = 0;
        same = memcmp(there.data, bytes, len) == 0;
    }
    int error = errno;
    buf_free(&there);
    errno = error;
    return same;
}

/*
 * A file that is followed may have been truncated and written anew between two reads; then what the
 * second one read does not go on behind the first. It is left where it is (*got = 0), for who looks
 * at the file when it has ended. False: errno says what failed.
 */
static bool check_it_goes_on(struct input *in, const char *bytes, size_t *got)
{
    off_t end = lseek(in->fd, 0, SEEK_CUR);
    if (end < 0)
        return false;
    uint64_t start = (uint64_t)end - *got;
    bool known = in->tail_len > 0 && in->tail_end == start;
    if (!known)
        in->tail_len = 0;
    /* If it was written anew only now, what was read is what was there before. */
    if (known && !stand_at(in, start - in->tail_len, in->tail, in->tail_len)) {
        if (errno == 0 && stand_at(in, start, bytes, *got)) {
            *got = 0;
            return lseek(in->fd, (off_t)start, SEEK_SET) >= 0;
        }
        if (errno != 0)
            return false;
    }
    remember_tail(in, bytes, *got);
    in->tail_end = (uint64_t)end;
    return true;
}

/* Reads into `to`; below 0: errno. */
static ssize_t read_some(struct input *in, char *to, size_t want)
{
    bool first = in->first_fd >= 0;
    ssize_t n = read(first ? in->first_fd : in->fd, to, want);
    size_t got = n < 0 ? 0 : (size_t)n;
    if (got > 0 && !first && in->regular && in->plan.options->follow &&
        !check_it_goes_on(in, to, &got))
        return -1;
    return n < 0 ? n : (ssize_t)got;
}

/* Reads once behind the bytes there are. INPUT_BLOCK: there are more now, or in->ended is set. */
static enum input_status read_more(struct input *in, struct buf *bytes, struct error *err)
{
    size_t want = in->plan.options->block_bytes;
    if (want == 0)
        want = DEFAULT_BLOCK_BYTES;
    for (;;) {
        bool waited = wait_for_bytes(in);
        if (is_stopped(in))
            return INPUT_STOPPED;
        if (!waited) {
            read_failed(in, err);
            return INPUT_FAILED;
        }
        char *to = buf_reserve(bytes, want + BLOCK_PADDING);
        ssize_t got = read_some(in, to, want);
        if (got == 0 && in->first_fd >= 0) {
            in->first_fd = -1;
            continue;
        }
        if (got == 0 && is_stopped(in)) /* the writer was stopped as well: its line may be torn */
            return INPUT_STOPPED;
        if (got >= 0) {
            bytes->len += (size_t)got;
            in->ended = got == 0;
            return INPUT_BLOCK;
        }
        if (errno != EINTR && errno != EAGAIN) {
            read_failed(in, err);
            return INPUT_FAILED;
        }
    }
}

/* How many of the bytes can go out as whole records. */
static size_t whole_records(struct input *in, const struct buf *bytes)
{
    if (!reader_of(in)->has_lines)
        return csv_cutter_cut(&in->cutter, &in->plan.rules, &in->marks, bytes->data, bytes->len);
    const char *newline = memrchr(bytes->data + in->searched, '\n', bytes->len - in->searched);
    in->searched = bytes->len;
    return newline == NULL ? 0 : (size_t)(newline + 1 - bytes->data);
}

/* How many of the bytes can go out now, and as what. 0: more bytes are needed. */
static size_t cut(struct input *in, const struct buf *bytes, enum block_kind *kind)
{
    *kind = BLOCK_RECORDS;
    if (bytes->len == 0)
        return 0;
    if (in->overlong) {
        const char *newline = memchr(bytes->data, '\n', bytes->len);
        *kind = BLOCK_OVERLONG_MORE;
        in->overlong = newline == NULL;
        return newline == NULL ? bytes->len : (size_t)(newline + 1 - bytes->data);
    }
    size_t whole = whole_records(in, bytes);
    if (whole > 0)
        return whole;
    if (bytes->len > in->plan.options->max_record_bytes) {
        *kind = BLOCK_OVERLONG;
        in->overlong = true;
        return bytes->len;
    }
    return in->ended && !in->plan.options->keep_last ? bytes->len : 0;
}

/* Forgets the first `n` bytes of those that were not handed out, the header say. */
static void drop(struct input *in, struct buf *bytes, size_t n)
{
    if (n == 0)
        return;
    buf_put(&in->preamble, bytes->data, n);
    in->offset += n;
    bytes->len -= n;
    memmove(bytes->data, bytes->data + n, bytes->len);
}

static const struct csv_layout *layout_now(const struct input *in)
{
    return in->n_later > 0 ? in->later[in->n_later - 1] : &in->plan.layout;
}

/* The first line of #fields among whole records, from `from` on; n if there is none. */
static size_t find_header(const struct input *in, const char *data, size_t from, size_t n)
{
    const char *p = data + from, *end = data + n, *record = data;
    const char *quote = reader_of(in)->has_lines ? NULL : memchr(data, '"', n);
    while (p != NULL && (p = memchr(p, '#', (size_t)(end - p))) != NULL) {
        const char *newline = memchr(p, '\n', (size_t)(end - p)), *line = p;
        p = newline; /* the rest of a line is no header, and may have a million signs */
        if (line != data && line[-1] != '\n')
            continue;
        /* Quotes may hold lines: then only the records before it tell where one begins. */
        while (quote != NULL && quote < line && record != NULL && record < line) {
            struct csv_scan scan = {0};
            record = csv_scan_record(&scan, &in->plan.rules, record, end);
        }
        size_t len = csv_record_len(line, newline == NULL ? end : newline + 1);
        if ((quote == NULL || quote > line || record == line) &&
            header_is_fields(in->plan.options, line, len))
            return (size_t)(line - data);
    }
    return n;
}

/*
 * A later header (--comment '#') replaces the one before it: the block ends before it, and the next
 * one, which begins with it, has another layout.
 */
static bool heed_header(struct input *in, const struct buf *bytes, size_t *n, struct error *err)
{
    const struct input_options *options = in->plan.options;
    if (!reader_of(in)->has_columns || options->comment != '#' || options->no_header ||
        options->columns != NULL)
        return true;
    size_t at = find_header(in, bytes->data, 0, *n);
    if (at == 0) {
        struct csv_layout *layout = memory_calloc(1, sizeof *layout);
        in->later = memory_realloc(in->later, (in->n_later + 1) * sizeof *in->later);
        in->later[in->n_later++] = layout;
        if (!header_again(&in->plan, in->name, bytes->data, *n, layout, err))
            return false;
        at = find_header(in, bytes->data, 1, *n);
    }
    if (at < *n && reader_of(in)->has_lines)
        in->searched = at; /* what follows is whole records, too */
    *n = at;
    return true;
}

/* Makes a block of the first `n` bytes; the rest is kept for the next one. */
static void hand_out(struct input *in, struct block *block, size_t n, enum block_kind kind)
{
    struct buf *bytes = &block->bytes;
    buf_put(&in->carry, bytes->data + n, bytes->len - n);
    bytes->len = n;
    memset(buf_reserve(bytes, BLOCK_PADDING), 0, BLOCK_PADDING);
    block->kind = kind;
    block->layout = layout_now(in);
    block->offset = in->offset;
    in->offset += n;
    if (kind != BLOCK_RECORDS) {
        in->cutter = (struct csv_cutter){0};
        in->searched = 0;
    } else if (reader_of(in)->has_lines) {
        in->searched -= n;
    } else if (in->carry.len > 0) {
        csv_cutter_drop(&in->cutter, n);
    } else {
        in->cutter = (struct csv_cutter){0};
    }
}

/*
 * Is it worth while to look for the header once more? What was not enough is, once a line has
 * ended; where none ends, a header of a megabyte that comes in small pieces is not looked at for
 * each.
 */
static bool may_settle(struct input *in, const struct buf *bytes)
{
    size_t from = in->peeked;
    in->peeked = bytes->len;
    bool line = memchr(bytes->data + from, '\n', bytes->len - from) != NULL;
    if (!line && !in->ended && bytes->len - in->looked < in->looked / 8)
        return false;
    in->looked = bytes->len;
    return true;
}

/* Finds the format and the header; INPUT_BLOCK with the format still INPUT_AUTO: needs more. */
static enum input_status settle(struct input *in, struct buf *bytes, struct error *err)
{
    size_t used = 0;
    bool whole = in->ended && !in->plan.options->keep_last; /* as in cut(): the rest may grow */
    enum header_status status =
        header_read(&in->plan, in->name, bytes->data, bytes->len, whole, &used, err);
    if (status == HEADER_FAILED)
        return INPUT_FAILED;
    if (status == HEADER_DONE) {
        drop(in, bytes, used);
        in->plan.layout.has_first_row = !in->plan.options->no_header && !in->plan.options->columns;
        in->plan.layout.first_row = in->offset;
    }
    return INPUT_BLOCK;
}

const char *input_rest(const struct input *in, size_t *len)
{
    *len = in->carry.len;
    return in->carry.data;
}

void input_again(struct input *in)
{
    in->ended = false;
}

enum input_status input_read_block(struct input *in, struct block *block, struct error *err)
{
    struct buf *bytes = &block->bytes;
    enum input_status status = INPUT_BLOCK;
    bytes->len = 0;
    buf_reserve(bytes, in->carry.len + BLOCK_PADDING); /* what is cut may be loaded in vectors */
    buf_put(bytes, in->carry.data, in->carry.len);
    in->carry.len = 0;
    for (;;) {
        if (in->plan.format == INPUT_AUTO && may_settle(in, bytes))
            status = settle(in, bytes, err);
        if (status == INPUT_BLOCK && in->plan.format != INPUT_AUTO) {
            enum block_kind kind;
            size_t n = cut(in, bytes, &kind);
            if (n > 0 && kind == BLOCK_RECORDS && !heed_header(in, bytes, &n, err))
                return INPUT_FAILED;
            if (n > 0) {
                hand_out(in, block, n, kind);
                return INPUT_BLOCK;
            }
        }
        if (status == INPUT_BLOCK && in->ended)
            status = in->plan.options->follow ? INPUT_DRY : INPUT_END;
        if (status == INPUT_BLOCK)
            status = read_more(in, bytes, err);
        if (status != INPUT_BLOCK)
            break;
    }
    buf_put(&in->carry, bytes->data, bytes->len);
    bytes->len = 0;
    block->offset = in->offset;
    block->layout = layout_now(in);
    block->kind = BLOCK_RECORDS;
    return status;
}
