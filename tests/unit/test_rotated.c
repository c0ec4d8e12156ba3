/* Which names are looked at when a log was rotated, which of them counts, and what came behind it.
 */
#include "source/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "unit/unit.h"

static char folder[] = "/tmp/winagg-rotated-XXXXXX";

static void make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0, "%s", name);
    close(fd);
}

/* NAMES, divided by blanks: made, or removed. */
static void each_name(const char *names, void (*visit)(const char *name))
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *rest, *name = strtok_r(copy, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest))
        visit(name);
}

static void remove_name(const char *name)
{
    CHECK(unlink(name) == 0, "%s", name);
}

/* What a test of a candidate answers: the number behind its name in `answers`, else ROTATED_NOT. */
struct script {
    const char *answers; /* "name=7 other=0", 'E': it can't be told */
    struct buf visited;
    void (*meanwhile)(void); /* at the first visit */
};

static int64_t answer(void *context, const char *candidate, bool numbered)
{
    struct script *script = context;
    char wanted[128];
    (void)numbered;
    const char *slash = strrchr(candidate, '/');
    const char *name = slash == NULL ? candidate : slash + 1;
    snprintf(wanted, sizeof wanted, "%s=", name);
    if (script->meanwhile != NULL)
        script->meanwhile();
    script->meanwhile = NULL;
    buf_puts(&script->visited, name);
    buf_putc(&script->visited, ' ');
    const char *at = strstr(script->answers, wanted);
    while (at != NULL && at > script->answers && at[-1] != ' ')
        at = strstr(at + 1, wanted);
    if (at == NULL)
        return ROTATED_NOT;
    at += strlen(wanted);
    errno = EMFILE;
    return *at == 'E' ? ROTATED_FAILED : strtoll(at, NULL, 10);
}

/* Finds with the answers, and compares: the names that were looked at (NULL: any), the one that was
 * found ("": none), and those behind it, in order. */
static void expect(const char *path, const char *answers, const char *visited, const char *found,
                   const char *between)
{
    struct script script = {.answers = answers};
    struct rotated rotated;
    struct buf list = {0};
    struct error err = {0};
    bool ok = rotated_find(path, answer, &script, &rotated, &err);
    bool any = ok && rotated.file.path != NULL;
    const char *name = any ? strrchr(rotated.file.path, '/') : "";
    name = any ? (name == NULL ? rotated.file.path : name + 1) : "";
    CHECK(strcmp(name, found) == 0, "%s, %s: found '%s', expected '%s'", path, answers, name,
          found);
    for (size_t i = 0; i < rotated.n_between; i++)
        buf_printf(&list, "%s%s", i > 0 ? " " : "",
                   strrchr(rotated.between[i].path, '/') != NULL
                       ? strrchr(rotated.between[i].path, '/') + 1
                       : rotated.between[i].path);
    CHECK(strcmp(buf_cstr(&list), between) == 0, "%s, %s: behind it '%s', expected '%s'", path,
          answers, list.data, between);
    if (visited != NULL)
        CHECK(strcmp(buf_cstr(&script.visited), visited) == 0, "%s: looked at '%s', expected '%s'",
              path, script.visited.data, visited);
    CHECK(ok == (strchr(answers, 'E') == NULL), "%s: it can%s be told", answers, ok ? "" : "'t");
    buf_free(&list);
    buf_free(&script.visited);
    rotated_free(&rotated);
}

static void test_names(void)
{
    const char *const names =
        "app app.1 app.2.gz app-20260102 app.lock app.tmp app. app- appx app_1 "
        "ap p.app x.lock";
    each_name(names, make);
    CHECK(symlink("nowhere", "app.3") == 0, "a link that leads nowhere is no file");
    expect("app", "", "app-20260102 app.1 app.2.gz ", "", "");
    expect("./app", "", "app-20260102 app.1 app.2.gz ", "", "");
    /* Certain: no other is looked at. */
    expect("app", "app-20260102=0 app.1=0", "app-20260102 ", "app-20260102", "");
    expect("app", "app.1=0", NULL, "app.1", "");
    expect("app", "app.2.gz=0", NULL, "app.2.gz", "app.1");
    expect("nowhere/app", "", "", "", "");
    expect("app/app", "", "", "", "");
    expect("none", "", "", "", "");
    each_name(names, remove_name);
    remove_name("app.3");
}

static void test_order(void)
{
    const char *const numbers = "app.1 app.2 app.9.gz app.10 app.011";
    each_name(numbers, make);
    /* The least doubt; of equals the oldest, by its number. */
    expect("app", "app.1=5 app.2=4 app.10=9", NULL, "app.2", "app.1");
    expect("app", "app.1=5 app.2=5 app.10=5", NULL, "app.10", "app.9.gz app.2 app.1");
    expect("app", "app.011=0", NULL, "app.011", "app.10 app.9.gz app.2 app.1");
    /* One that can't be looked at may be it. */
    expect("app", "app.1=5 app.2=E", NULL, "", "");
    each_name(numbers, remove_name);

    const char *const dates = "a-20260101 a-20260102 a-20260102-1767312000 a-20251231.gz a.1 a-x";
    each_name(dates, make);
    expect("a", "a-20260101=3 a-20251231.gz=3 a-20260102=3", NULL, "a-20251231.gz",
           "a-20260101 a-20260102 a-20260102-1767312000");
    expect("a", "a-20260102=0", NULL, "a-20260102", "a-20260102-1767312000");
    expect("a", "a-20260102-1767312000=1 a-x=2", NULL, "a-20260102-1767312000", "");
    expect("a", "a-x=1 a.1=7", NULL, "a-x", "");
    each_name(dates, remove_name);

    const char *const dotted =
        "b.2026-01-02 b.2026-01-02.1 b.2026-01-10 b.1767312000 b.20260103 b.3 b.2026 b.2027.gz";
    each_name(dotted, make);
    expect("b", "b.2026-01-02=1 b.2026-01-02.1=1", NULL, "b.2026-01-02",
           "b.2026-01-02.1 b.2026-01-10 b.20260103 b.1767312000");
    expect("b", "b.3=1", NULL, "b.3", "");
    each_name(dotted, remove_name);

    /* Dates that are written in different ways are not compared. */
    const char *const mixed = "c-2026-01-02 c-2026.01.03 c-2026-01.04 c-2026-01";
    each_name(mixed, make);
    expect("c", "c-2026-01-02=1", NULL, "c-2026-01-02", "");
    expect("c", "c-2026-01=1", NULL, "c-2026-01", "c-2026-01-02 c-2026-01.04");
    each_name(mixed, remove_name);
}

static void test_links(void)
{
    const char *const logs = "logs/app-2026-01-01.log logs/app-2026-01-02.log.gz "
                             "logs/app-2026-01-03.log logs/app-2026-01-x.log "
                             "logs/app-2026-01-04.log logs/app-2026-01-03.l0g "
                             "logs/app-2026-01-03.logx";
    char whole[300];
    CHECK(mkdir("logs", 0777) == 0, "logs");
    each_name(logs, make);
    CHECK(symlink("logs/app-2026-01-03.log", "today") == 0, "link");
    expect("today", "app-2026-01-01.log=0", "app-2026-01-01.log ", "app-2026-01-01.log",
           "app-2026-01-02.log.gz");
    expect("today", "", "app-2026-01-01.log app-2026-01-02.log.gz app-2026-01-04.log ", "", "");
    /* Where it leads now is no file, said as from here, and as from the root. */
    remove_name("logs/app-2026-01-03.log");
    expect("./today", "app-2026-01-02.log.gz=0", NULL, "app-2026-01-02.log.gz", "");
    remove_name("today");
    snprintf(whole, sizeof whole, "%s/logs/app-2026-01-03.log", folder);
    CHECK(symlink(whole, "today") == 0, "link");
    expect("today", "app-2026-01-02.log.gz=0", NULL, "app-2026-01-02.log.gz", "");
    make("logs/app-2026-01-03.log");
    /* Beside the link comes first. */
    make("today.1");
    expect("today", "today.1=0 app-2026-01-01.log=0", "today.1 ", "today.1", "");
    expect("today", "today.1=E app-2026-01-01.log=0", "today.1 ", "", "");
    /* Beside dated ones stands one that has a suffix of its own: they are not compared. */
    make("logs/app-2026-01-03.log-1");
    expect("today", "app-2026-01-03.log-1=0", NULL, "app-2026-01-03.log-1", "");
    expect("today", "app-2026-01-03.log-1=2 app-2026-01-02.log.gz=2", NULL, "app-2026-01-03.log-1",
           "");
    remove_name("logs/app-2026-01-03.log-1");
    each_name(logs, remove_name);
    each_name("today today.1", remove_name);
    CHECK(rmdir("logs") == 0, "logs");
}

static void rotate_on(void)
{
    CHECK(rename("app.1", "app.2") == 0 && rename("app", "app.1") == 0, "rename");
    make("app");
}

static void replace(void)
{
    make("new");
    CHECK(rename("new", "app.1") == 0, "rename");
}

static void rename_it(void)
{
    CHECK(rename("app.1", "app.3") == 0, "rename");
}

/* What is renamed while names are looked through is found where it is at last. */
static void test_meanwhile(void)
{
    struct rotated rotated;
    struct error err;
    struct script script = {.answers = "app.1=7 app.2=3", .meanwhile = rotate_on};
    each_name("app app.1", make);
    CHECK(rotated_find("app", answer, &script, &rotated, &err), "%s", err.text);
    CHECK(strcmp(rotated.file.path, "app.2") == 0 && rotated.n_between == 1, "%s",
          rotated.file.path);
    rotated_free(&rotated);
    script.visited.len = 0;
    script.meanwhile = replace;
    CHECK(rotated_find("app", answer, &script, &rotated, &err), "%s", err.text);
    CHECK(strcmp(buf_cstr(&script.visited), "app.1 app.2 app.1 app.2 ") == 0, "%s",
          script.visited.data);
    rotated_free(&rotated);
    remove_name("app.2");
    script.visited.len = 0;
    script.meanwhile = rename_it;
    CHECK(rotated_find("app", answer, &script, &rotated, &err) && rotated.file.path == NULL, "%s",
          err.text);
    CHECK(strcmp(buf_cstr(&script.visited), "app.1 app.3 ") == 0, "%s", script.visited.data);
    rotated_free(&rotated);
    buf_free(&script.visited);
    each_name("app app.3", remove_name);
}

int main(void)
{
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    test_names();
    test_order();
    test_links();
    test_meanwhile();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0, "files are left in %s", folder);
    return unit_done();
}
