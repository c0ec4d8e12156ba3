/* Where the tz database is, which names it has, and which is meant by one that it has not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/suggest.h"
#include "time/tzif.h"
#include "time/zone.h"

/* Those that Python's zoneinfo looks into. */
static const char *roots[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo",
                              "/etc/zoneinfo"};
static size_t n_roots = sizeof roots / sizeof *roots;
enum { NAME_MAX_BYTES = 128, MOST_LEVELS = 4 };

void zone_look_into(const char *directory)
{
    roots[0] = directory;
    n_roots = 1;
}

/* Version 1, one type: offset 0, no summer time, "UTC". */
static const unsigned char UTC_BYTES[] = "TZif\0"
                                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                                         "\0\0\0\0\0\0UTC";

/* Is there an entry of just that name? A file system that ignores case would find others, too. */
static bool is_listed(const char *directory, const char *name, size_t len)
{
    bool found = false;
    DIR *dir = opendir(directory);
    if (dir == NULL) {
        memory_check(errno);
        return false;
    }
    for (struct dirent *entry; !found && (entry = readdir(dir)) != NULL;)
        found = strlen(entry->d_name) == len && memcmp(entry->d_name, name, len) == 0;
    closedir(dir);
    return found;
}

/*
 * The path of a zone's file: every part of the name is an entry of its directory that is not
 * hidden, so no name leads out of the database. What is not of the tz project's making (localtime,
 * posixrules) and what counts otherwise (right/, posix/) is no zone.
 */
static bool find_file(const char *root, const char *name, char path[2 * NAME_MAX_BYTES])
{
    static const char *const OTHERS[] = {"right", "posix", "posixrules", "localtime"};
    const char *part = name;
    int level = 0;
    size_t path_len = strlen(root);
    if (strlen(name) >= NAME_MAX_BYTES)
        return false;
    memcpy(path, root, path_len + 1);
    for (;; part++) {
        size_t len = strcspn(part, "/");
        for (size_t i = 0; level == 0 && i < sizeof OTHERS / sizeof *OTHERS; i++)
            if (strlen(OTHERS[i]) == len && memcmp(part, OTHERS[i], len) == 0)
                return false;
        if (len == 0 || *part == '.' || ++level > MOST_LEVELS || !is_listed(path, part, len))
            return false;
        path[path_len++] = '/';
        memcpy(path + path_len, part, len);
        path_len += len;
        path[path_len] = '\0';
        part += len;
        if (*part == '\0')
            return true;
    }
}

enum found { FOUND_ZONE, FOUND_NOTHING, FOUND_DAMAGED };

/* All of a regular file, up to TZIF_MOST_BYTES; *len is 0 if it is no regular one. */
static bool read_file(const char *path, unsigned char *bytes, size_t *len)
{
    struct stat st;
    ssize_t n = 0;
    int fd = io_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    *len = 0;
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &st) == 0;
    while (ok && S_ISREG(st.st_mode) && *len < TZIF_MOST_BYTES) {
        n = read(fd, bytes + *len, TZIF_MOST_BYTES - *len);
        if (n == 0)
            break;
        if (n > 0)
            *len += (size_t)n;
        else
            ok = errno == EINTR;
    }
    int failure = errno;
    io_close(fd);
    errno = failure;
    return ok;
}

static enum found read_zone(const char *path, struct zone **zone, struct error *err)
{
    size_t len;
    const char *why = NULL;
    enum found found = FOUND_ZONE;
    unsigned char *bytes = memory_calloc(1, TZIF_MOST_BYTES);
    if (!read_file(path, bytes, &len))
        why = strerror(errno);
    else if (len < 4 || memcmp(bytes, "TZif", 4) != 0)
        found = FOUND_NOTHING;
    else
        *zone = zone_from_bytes(bytes, len, &why);
    free(bytes);
    if (why != NULL) {
        error_set(err, EXIT_RUNTIME, "--tz: %s can't be used: %s", path, why);
        found = FOUND_DAMAGED;
    }
    return found;
}

/* The name of the database that is nearest to what was typed, upper or lower case being one. */
struct nearest {
    struct suggest whole, last; /* by the whole name, by its last part */
    char typed[NAME_MAX_BYTES];
    char whole_name[NAME_MAX_BYTES], last_name[NAME_MAX_BYTES];
};

static void to_lower(char *to, const char *text)
{
    size_t i = 0;
    for (; i < NAME_MAX_BYTES - 1 && text[i] != '\0'; i++)
        to[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32)
                : text[i] == ' '                 ? '_'
                                                 : text[i];
    to[i] = '\0';
}

static void offer(struct suggest *s, const char *word, const char *name, char best[NAME_MAX_BYTES])
{
    bool any = s->best != NULL;
    size_t cost = s->cost;
    suggest_offer(s, word);
    if (s->best != NULL && (!any || s->cost < cost))
        snprintf(best, NAME_MAX_BYTES, "%s", name);
    if (s->best != NULL)
        s->best = best; /* the word does not outlive this */
}

static void offer_name(void *to, const char *name)
{
    struct nearest *nearest = to;
    char lower[NAME_MAX_BYTES];
    to_lower(lower, name);
    offer(&nearest->whole, lower, name, nearest->whole_name);
    const char *slash = strrchr(lower, '/');
    if (slash != NULL)
        offer(&nearest->last, slash + 1, name, nearest->last_name);
}

struct taker {
    void (*take)(void *to, const char *name);
    void *to;
};

/* Zones begin with a capital letter and have no dot; the lists beside them don't, or do. */
static void each_of(const struct taker *taker, const char *root, const char *under, int level)
{
    char path[3 * NAME_MAX_BYTES], name[NAME_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", root, under);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        memory_check(errno);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat st;
        const char *own = entry->d_name;
        if (*own < 'A' || *own > 'Z' || strchr(own, '.') != NULL ||
            strlen(under) + strlen(own) + 2 > sizeof name)
            continue;
        int len = snprintf(name, sizeof name, "%s%s%s", under, *under != '\0' ? "/" : "", own);
        snprintf(path, sizeof path, "%s/%s", root, name);
        if (len >= (int)sizeof name || stat(path, &st) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            taker->take(taker->to, name);
        else if (S_ISDIR(st.st_mode) && level < MOST_LEVELS)
            each_of(taker, root, name, level + 1);
    }
    closedir(dir);
}

void zone_each(void (*take)(void *to, const char *name), void *to)
{
    const struct taker taker = {take, to};
    for (size_t i = 0; i < n_roots; i++)
        each_of(&taker, roots[i], "", 1);
}

/* [UTC|GMT][+-]h[h][:mm] or [+-]hhmm: the hours, if they are whole and a zone has them. */
static bool names_offset(const char *text, int *hours, bool *whole)
{
    if (strncmp(text, "UTC", 3) == 0 || strncmp(text, "GMT", 3) == 0)
        text += 3;
    char sign = *text++;
    size_t n = sign == '+' || sign == '-' ? strspn(text, "0123456789") : 0;
    if (n == 0 || n > 4 || (text[n] != '\0' && text[n] != ':'))
        return false;
    const char *minutes = n > 2 ? text + n - 2 : text[n] == ':' ? text + n + 1 : "0";
    *hours = 0;
    for (size_t i = 0; i < (n > 2 ? n - 2 : n); i++)
        *hours = *hours * 10 + (text[i] - '0');
    if (sign == '-')
        *hours = -*hours;
    *whole = minutes[strspn(minutes, "0")] == '\0' && *hours >= -12 && *hours <= 14;
    return true;
}

static bool unknown_zone(const char *name, struct error *err)
{
    int hours;
    bool whole;
    if (names_offset(name, &hours, &whole)) {
        if (whole)
            return error_set(err, EXIT_USAGE,
                             "--tz: expected a zone like Europe/Berlin, found the offset '%s'; the "
                             "zone with that offset is '%s%.0d'",
                             name,
                             hours == 0  ? "UTC"
                             : hours > 0 ? "Etc/GMT-"
                                         : "Etc/GMT+",
                             abs(hours));
        return error_set(err, EXIT_USAGE,
                         "--tz: expected a zone like Europe/Berlin, found the offset '%s'", name);
    }
    if (strncmp(name, "right/", 6) == 0 || strncmp(name, "posix/", 6) == 0)
        return error_set(err, EXIT_USAGE,
                         "--tz: expected a zone like Europe/Berlin, found '%s'; did you mean '%s'?",
                         name, name + 6);
    struct nearest nearest = {.whole = {.best = NULL}};
    to_lower(nearest.typed, name);
    nearest.whole.typed = nearest.last.typed = nearest.typed;
    zone_each(offer_name, &nearest);
    bool by_last = nearest.last.best != NULL &&
                   (nearest.whole.best == NULL || nearest.last.cost < nearest.whole.cost);
    const char *best = by_last ? nearest.last.best : nearest.whole.best;
    /* Three or four letters are an abbreviation, and those near it are of other zones. */
    size_t letters = strspn(nearest.typed, "abcdefghijklmnopqrstuvwxyz");
    size_t cost = by_last ? nearest.last.cost : nearest.whole.cost;
    if (letters <= 4 && nearest.typed[letters] == '\0' && cost > 0)
        best = NULL;
    return error_set(
        err, EXIT_USAGE,
        "--tz: expected a zone of the tz database, like Europe/Berlin, found '%s'%s%s%s", name,
        best != NULL ? "; did you mean '" : "", best != NULL ? best : "", best != NULL ? "'?" : "");
}

struct zone *zone_open(const char *name, struct error *err)
{
    struct zone *zone = NULL;
    const char *why;
    struct stat st;
    bool any_root = false;
    if (strcmp(name, "UTC") == 0)
        return zone_from_bytes(UTC_BYTES, sizeof UTC_BYTES, &why);
    for (size_t i = 0; i < n_roots; i++) {
        char path[2 * NAME_MAX_BYTES];
        if (stat(roots[i], &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        any_root = true;
        if (!find_file(roots[i], name, path))
            continue;
        enum found found = read_zone(path, &zone, err);
        if (found != FOUND_NOTHING)
            return zone;
    }
    if (any_root)
        unknown_zone(name, err);
    else
        error_set(err, EXIT_RUNTIME,
                  "--tz: expected the tz database in %s, found none; install tzdata", roots[0]);
    return NULL;
}
