/* The state file: what was put in comes out; no damaged file is ever taken for a whole one. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot/digest.h"
#include "snapshot/snapshot.h"
#include "unit/unit.h"

static char path[] = "/tmp/winagg-snapshot-XXXXXX";
static char memory[40]; /* the name of a file in memory: ten thousand are read */
static int memory_fd;

enum { MAGIC_BITS = 16 * 8 };

static void make_image(struct buf *image)
{
    snapshot_begin(image);
    size_t section = snapshot_section(image, "ONE ", 1);
    buf_puts(image, "some bytes");
    snapshot_section_end(image, section);
    section = snapshot_section(image, "NONE", 7);
    snapshot_section_end(image, section);
    section = snapshot_section(image, "MORE", 2);
    for (size_t i = 0; i < 400; i++)
        buf_putc(image, (char)(i * i));
    snapshot_section_end(image, section);
    snapshot_seal(image);
}

static enum snapshot_found read_bytes(const void *bytes, size_t len, struct error *err)
{
    struct buf image = {0};
    bool written =
        ftruncate(memory_fd, (off_t)len) == 0 && pwrite(memory_fd, bytes, len, 0) == (ssize_t)len;
    CHECK(written, "can't write %s", memory);
    *err = (struct error){0};
    enum snapshot_found found = snapshot_read(memory, &image, err);
    buf_free(&image);
    return found;
}

static void test_sections(void)
{
    struct buf image = {0}, read = {0};
    struct error err = {0};
    const unsigned char *at, *end;
    uint32_t version = 0;
    make_image(&image);
    CHECK(snapshot_write(path, &image) == 0 && snapshot_publish(path) == 0, "not written");
    CHECK(snapshot_read(path, &read, &err) == SNAPSHOT_FOUND, "%s", err.text);
    CHECK(read.len == image.len && memcmp(read.data, image.data, read.len) == 0, "other bytes");
    CHECK(snapshot_find(&read, "ONE ", &version, &at, &end) && version == 1, "ONE");
    CHECK(end - at == 10 && memcmp(at, "some bytes", 10) == 0, "ONE holds other bytes");
    CHECK(snapshot_find(&read, "NONE", &version, &at, &end) && version == 7 && at == end, "NONE");
    CHECK(snapshot_find(&read, "MORE", &version, &at, &end) && end - at == 400, "MORE");
    CHECK(!snapshot_find(&read, "some", &version, &at, &end), "a tag inside a section");
    /* A section that is longer than the file: nothing behind it is looked for. */
    memset(read.data + 28 + 8, 0x7f, 8);
    CHECK(!snapshot_find(&read, "ONE ", &version, &at, &end), "it ends beyond the file");
    CHECK(!snapshot_find(&read, "MORE", &version, &at, &end), "behind it");
    unlink(path);
    CHECK(snapshot_read(path, &read, &err) == SNAPSHOT_NONE, "there is none");
    buf_free(&image);
    buf_free(&read);
}

static void test_every_bit(void)
{
    struct buf image = {0};
    struct error err = {0};
    make_image(&image);
    CHECK(read_bytes(image.data, image.len, &err) == SNAPSHOT_FOUND, "%s", err.text);
    for (size_t bit = 0; bit < image.len * 8; bit++) {
        image.data[bit / 8] ^= (char)(1 << bit % 8);
        enum snapshot_found found = read_bytes(image.data, image.len, &err);
        /* One whose first bytes are another's is none of ours. */
        const char *expected = bit < MAGIC_BITS ? "found another file" : "damaged";
        CHECK(found == SNAPSHOT_FAILED && strstr(err.text, expected) != NULL, "bit %zu: %s", bit,
              err.text);
        image.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_free(&image);
}

static void test_every_length(void)
{
    struct buf image = {0};
    struct error err = {0};
    make_image(&image);
    for (size_t len = 0; len < image.len; len++)
        CHECK(read_bytes(image.data, len, &err) == SNAPSHOT_FAILED, "%zu bytes", len);
    buf_putc(&image, '\0');
    CHECK(read_bytes(image.data, image.len, &err) == SNAPSHOT_FAILED, "a byte too many");
    buf_free(&image);
}

/* Another version is named; it is not called damaged. */
static void test_version(void)
{
    struct buf image = {0};
    struct error err = {0};
    make_image(&image);
    image.len -= 16; /* the checksum, which snapshot_seal() makes anew */
    image.data[16] = 2;
    snapshot_seal(&image);
    CHECK(read_bytes(image.data, image.len, &err) == SNAPSHOT_FAILED, "version 2");
    CHECK(strstr(err.text, "version 2") != NULL && strstr(err.text, "version 1") != NULL, "%s",
          err.text);
    buf_free(&image);
}

/* The digest of bytes is the same in whatever pieces they came. */
static void test_digest(void)
{
    enum { BYTES = 3 * DIGEST_CHUNK_BYTES + 1000 };
    char *bytes = malloc(BYTES);
    struct digest whole = {0};
    if (bytes == NULL)
        return;
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i * 7 + i / 300);
    digest_add(&whole, bytes, BYTES);
    for (size_t piece = 1000; piece < BYTES; piece = piece * 2 + 77) {
        struct digest parts = {0};
        for (size_t at = 0; at < BYTES; at += piece)
            digest_add(&parts, bytes + at, BYTES - at < piece ? BYTES - at : piece);
        CHECK(digest_equal(digest_value(&parts), digest_value(&whole)), "pieces of %zu", piece);
        digest_free(&parts);
    }
    /* Snapshots of released versions hold such values: another digest needs another version. */
    struct digest_value before = digest_value(&whole), few = digest_of("winagg", 6);
    CHECK(before.low == 0x1c0ba9df1e0f3f55 && before.high == 0x490b7445af227665, "0x%llx, 0x%llx",
          (unsigned long long)before.low, (unsigned long long)before.high);
    CHECK(few.low == 0x993277fdf44df21b && few.high == 0x74f32b98aa3200ad, "0x%llx, 0x%llx",
          (unsigned long long)few.low, (unsigned long long)few.high);
    digest_add(&whole, "", 1);
    CHECK(!digest_equal(before, digest_value(&whole)), "a byte more");
    digest_free(&whole);
    free(bytes);
}

int main(void)
{
    int fd = mkstemp(path);
    memory_fd = memfd_create("winagg-snapshot", MFD_CLOEXEC);
    CHECK(fd >= 0 && memory_fd >= 0, "no temporary files");
    close(fd);
    snprintf(memory, sizeof memory, "/proc/self/fd/%d", memory_fd);
    test_sections();
    test_every_bit();
    test_every_length();
    test_version();
    test_digest();
    unlink(path);
    return unit_done();
}
