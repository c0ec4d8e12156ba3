#include "run/semantics.h"

#include <string.h>

#include "base/wire.h"

static bool is_option(const struct plan_option *option, const void *name, size_t len)
{
    const char *text = name;
    return len == strlen(option->name) + 2 && memcmp(text, "--", 2) == 0 &&
           memcmp(text + 2, option->name, len - 2) == 0;
}

void semantics_save(const struct plan *plan, struct buf *to)
{
    struct buf name = {0};
    wire_put_u32(to, (uint32_t)plan->n_options);
    for (size_t i = 0; i < plan->n_options; i++) {
        name.len = 0;
        buf_printf(&name, "--%s", plan->options[i].name);
        wire_put_bytes(to, name.data, name.len);
        wire_put_bytes(to, plan->options[i].value, strlen(plan->options[i].value));
    }
    buf_free(&name);
}

/* The value that a snapshot holds for an option; an option it does not know was not given. */
static bool saved_value(const struct plan_option *option, const unsigned char *at,
                        const unsigned char *end, const void **value, size_t *len)
{
    uint32_t n;
    const void *name;
    size_t name_len;
    *value = "";
    *len = 0;
    if (!wire_u32(&at, end, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!wire_bytes(&at, end, &name, &name_len) || !wire_bytes(&at, end, value, len))
            return false;
        if (is_option(option, name, name_len))
            return true;
    }
    *value = "";
    *len = 0;
    return true;
}

static bool is_known(const struct plan *plan, const void *name, size_t len)
{
    for (size_t i = 0; i < plan->n_options; i++)
        if (is_option(&plan->options[i], name, len))
            return true;
    return false;
}

/* An option of a later version that was given: nobody here knows what it changes. */
static bool check_unknown(const struct plan *plan, const char *state_path, const unsigned char *at,
                          const unsigned char *end, struct error *err)
{
    uint32_t n;
    const void *name, *value;
    size_t name_len, len;
    if (!wire_u32(&at, end, &n))
        return true;
    for (uint32_t i = 0; i < n; i++) {
        if (!wire_bytes(&at, end, &name, &name_len) || !wire_bytes(&at, end, &value, &len))
            return true;
        if (len > 0 && !is_known(plan, name, name_len))
            return error_set(err, EXIT_RUNTIME,
                             "%s: snapshot of a run with the option %.*s '%.*s', which this "
                             "version of winagg does not know",
                             state_path, (int)name_len, (const char *)name, (int)len,
                             (const char *)value);
    }
    return true;
}

static bool differs(const struct plan_option *option, const unsigned char *at,
                    const unsigned char *end)
{
    const void *saved;
    size_t len;
    return saved_value(option, at, end, &saved, &len) &&
           (len != strlen(option->value) || memcmp(saved, option->value, len) != 0);
}

/*
 * Options that others may give a value. Does this one differ as nobody has typed it, beside one of
 * those? That one is named, and this would only be looked for in vain on the command line.
 */
static bool only_follows(const struct plan *plan, const struct plan_option *option,
                         const unsigned char *at, const unsigned char *end)
{
    enum { CAUSES_MAX = 3 };
    static const struct {
        const char *name, *causes[CAUSES_MAX];
    } following[] = {
        {"panes", {"lateness", "early", "final"}},
        {"row-id", {"output-format", "mode"}},
    };
    if (option->given)
        return false;
    for (size_t f = 0; f < sizeof following / sizeof following[0]; f++)
        for (size_t k = 0; k < CAUSES_MAX && following[f].causes[k] != NULL; k++)
            for (size_t i = 0; i < plan->n_options; i++)
                if (strcmp(option->name, following[f].name) == 0 &&
                    strcmp(plan->options[i].name, following[f].causes[k]) == 0 &&
                    differs(&plan->options[i], at, end))
                    return true;
    return false;
}

bool semantics_check(const struct plan *plan, const char *state_path, const unsigned char *at,
                     const unsigned char *end, struct error *err)
{
    struct buf differences = {0};
    bool readable = true;
    for (size_t i = 0; i < plan->n_options && readable; i++) {
        const void *saved;
        size_t len;
        const struct plan_option *mine = &plan->options[i];
        readable = saved_value(mine, at, end, &saved, &len);
        if (!differs(mine, at, end) || only_follows(plan, mine, at, end))
            continue;
        buf_printf(&differences, "%s--%s was '%.*s', is '%s'", differences.len > 0 ? "; " : "",
                   mine->name, (int)len, (const char *)saved, mine->value);
    }
    bool same = readable && differences.len == 0;
    if (!readable)
        error_set(err, EXIT_RUNTIME, "%s: damaged snapshot: its options can't be read", state_path);
    else if (!same)
        error_set(err, EXIT_RUNTIME,
                  "%s: snapshot of a run with other options: %s (give the same ones, or another "
                  "--state)",
                  state_path, buf_cstr(&differences));
    buf_free(&differences);
    return same && check_unknown(plan, state_path, at, end, err);
}
