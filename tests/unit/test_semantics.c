/* The options in a snapshot: what this program does not know is refused by name. */
#include <string.h>

#include "base/wire.h"
#include "cli/cli.h"
#include "run/semantics.h"
#include "unit/unit.h"

/* What semantics_save() would write if there were one option more. */
static void save_with(const struct plan *plan, const char *option, const char *value,
                      struct buf *to)
{
    struct buf saved = {0};
    semantics_save(plan, &saved);
    const unsigned char *at = (const unsigned char *)saved.data, *end = at + saved.len;
    uint32_t n = 0;
    CHECK(wire_u32(&at, end, &n) && n > 10, "%u options", n);
    wire_put_u32(to, n + 1);
    buf_put(to, at, (size_t)(end - at));
    wire_put_bytes(to, option, strlen(option));
    wire_put_bytes(to, value, strlen(value));
    buf_free(&saved);
}

static bool check(const struct plan *plan, const char *option, const char *value, struct error *err)
{
    struct buf bytes = {0};
    save_with(plan, option, value, &bytes);
    const unsigned char *at = (const unsigned char *)bytes.data;
    bool ok = semantics_check(plan, "state", at, at + bytes.len, err);
    buf_free(&bytes);
    return ok;
}

int main(void)
{
    char *argv[] = {"winagg", "-t", "t", "-w", "1m", NULL};
    struct plan plan;
    struct buf text = {0};
    struct error err = {0};
    CHECK(cli_parse(5, argv, &plan, &text, &err) == CLI_RUN, "%s", err.text);
    CHECK(!check(&plan, "--tomorrow", "x", &err), "an option that nobody knows");
    CHECK(strstr(err.text, "--tomorrow 'x'") != NULL, "%s", err.text);
    CHECK(check(&plan, "--tomorrow", "", &err), "one that was not given: %s", err.text);
    plan_free(&plan);
    buf_free(&text);
    return unit_done();
}
