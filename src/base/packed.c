#include "base/packed.h"

#include <string.h>

static const struct packing {
    const char *program, *reader;
    size_t len;
    unsigned char magic[PACKED_MAGIC_BYTES];
} packings[] = {
    {"gzip", "zcat", 3, {0x1f, 0x8b, 0x08}},
    {"zstd", "zstd -dc", 4, {0x28, 0xb5, 0x2f, 0xfd}},
    {"xz", "xz -dc", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
    {"bzip2", "bzip2 -dc", 3, {'B', 'Z', 'h'}},
    {"lz4", "lz4 -dc", 4, {0x04, 0x22, 0x4d, 0x18}},
};

const char *packed_program(const void *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof packings / sizeof packings[0]; i++)
        if (len >= packings[i].len && memcmp(bytes, packings[i].magic, packings[i].len) == 0)
            return packings[i].program;
    return NULL;
}

const char *packed_reader(const char *program)
{
    for (size_t i = 0; i < sizeof packings / sizeof packings[0]; i++)
        if (strcmp(packings[i].program, program) == 0)
            return packings[i].reader;
    return program;
}
