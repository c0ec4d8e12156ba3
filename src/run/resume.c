#include "run/resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/parts.h"

static bool unreadable(const char *path, const char *tag, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: damaged snapshot: its section %s can't be read", path,
                     tag);
}

bool resume_section(const char *path, const struct buf *image, const char *tag, uint32_t expected,
                    const unsigned char **at, const unsigned char **end, struct error *err)
{
    uint32_t version;
    if (!snapshot_find(image, tag, &version, at, end))
        return unreadable(path, tag, err);
    if (version == expected)
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: a snapshot of another version: its section %s is of version %lu, this "
                     "winagg reads version %lu",
                     path, tag, (unsigned long)version, (unsigned long)expected);
}

void resume_free(struct resume *resume)
{
    for (size_t i = 0; i < resume->n_inputs; i++)
        free(resume->inputs[i].generations);
    free(resume->inputs);
    resume->inputs = NULL;
    resume->n_inputs = 0;
}

bool resume_options(const char *path, const struct buf *image, const unsigned char **at,
                    const unsigned char **end, struct error *err)
{
    return resume_section(path, image, "PLAN", 1, at, end, err);
}

bool resume_parse(const char *path, const struct buf *image, struct resume *resume,
                  struct error *err)
{
    for (const struct part *part = parts; part->tag != NULL; part++) {
        const unsigned char *at, *end;
        if (part->parse == NULL)
            continue;
        if (!resume_section(path, image, part->tag, part->version, &at, &end, err))
            return false;
        if (!part->parse(at, end, resume))
            return unreadable(path, part->tag, err);
    }
    return true;
}

/* What each part says of itself; that of a part which this run did not have is not there. */
static bool describe(const char *path, const struct buf *image, const struct resume *resume,
                     struct buf *to, struct error *err)
{
    buf_printf(to, "{\"bytes_of_snapshot\":%zu", image->len);
    for (const struct part *part = parts; part->tag != NULL; part++) {
        const unsigned char *at, *end;
        uint32_t version;
        if (part->describe == NULL || !snapshot_find(image, part->tag, &version, &at, &end))
            continue;
        if (!resume_section(path, image, part->tag, part->version, &at, &end, err))
            return false;
        if (!part->describe(resume, at, end, to))
            return unreadable(path, part->tag, err);
    }
    buf_puts(to, "}\n");
    return true;
}

int resume_inspect(const char *path, struct error *err)
{
    struct buf image = {0}, text = {0};
    struct resume resume = {0};
    enum snapshot_found found = snapshot_read(path, &image, err);
    if (found == SNAPSHOT_NONE)
        error_set(err, EXIT_RUNTIME, "%s: can't read the snapshot: %s", path, strerror(ENOENT));
    if (found == SNAPSHOT_FOUND && resume_parse(path, &image, &resume, err) &&
        describe(path, &image, &resume, &text, err) &&
        (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0))
        error_set(err, EXIT_RUNTIME, "stdout: write failed: %s", strerror(errno));
    resume_free(&resume);
    buf_free(&image);
    buf_free(&text);
    return err->status;
}
