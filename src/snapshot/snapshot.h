/*
 * snapshot/snapshot.h - the state file: framing, checksum, atomic replacement.
 *
 * Knows tags and lengths, no module's insides. A snapshot is put together in memory,
 *
 *     snapshot_begin(&image);
 *     size_t s = snapshot_section(&image, "CLCK", 1);  ... append bytes ...
 *     snapshot_section_end(&image, s);
 *     snapshot_seal(&image);
 *
 * then snapshot_write()n to STATE.tmp, made durable, and snapshot_publish()ed under its name: at
 * any moment there is one whole snapshot, the old one or the new one.
 *
 * Layout (integers little-endian):
 *
 *     0   16  magic "winagg snapshot\n"
 *     16   4  version of this framing, 1
 *     20   8  length of the whole file
 *     28      sections: tag (4 bytes), version (u32), length (u64), that many bytes
 *     ..  16  XXH3-128 of all bytes before it, canonical (big-endian)
 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

void snapshot_begin(struct buf *image);
size_t snapshot_section(struct buf *image, const char tag[4], uint32_t version);
void snapshot_section_end(struct buf *image, size_t section);
void snapshot_seal(struct buf *image);

enum snapshot_found { SNAPSHOT_FOUND, SNAPSHOT_NONE, SNAPSHOT_FAILED };

/* Reads and checks a file: magic, version, length, checksum. *err says which of them was wrong. */
enum snapshot_found snapshot_read(const char *path, struct buf *image, struct error *err);

/* A section of a checked image. False if there is none of that tag. */
bool snapshot_find(const struct buf *image, const char tag[4], uint32_t *version,
                   const unsigned char **at, const unsigned char **end);

/*
 * Writes PATH.tmp and makes it durable; PATH is not touched. errno-style: 0, or the error number
 * (also returned to a parent by a forked writer).
 */
int snapshot_write(const char *path, const struct buf *image);

/* Renames PATH.tmp to PATH and makes that durable. 0 or an error number. */
int snapshot_publish(const char *path);

/*
 * Takes PATH.lock for this process, waiting up to a few seconds. flock(2) on a file of its own:
 * rename would replace PATH's inode under a lock on it, and fcntl locks vanish when any descriptor
 * of the file is closed. Released when the process ends, however it ends. Returns the descriptor
 * to keep, -1 on failure.
 */
int snapshot_lock(const char *path, struct error *err);

#endif
