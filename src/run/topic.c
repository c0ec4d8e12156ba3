#include "run/topic.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "run/plan.h"

static const char scheme[] = "kafka://";

enum { MOST_NAME_BYTES = 249 }; /* Kafka's own limit */

bool topic_is(const char *path)
{
    return path != NULL && strncmp(path, scheme, sizeof scheme - 1) == 0;
}

const char *topic_of(const struct plan *plan)
{
    return plan->n_inputs == 1 && topic_is(plan->input_paths[0]) ? plan->input_paths[0] : NULL;
}

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len <= MOST_NAME_BYTES && strspn(name, letters) == len &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* HOST, HOST:PORT, [ADDRESS]:PORT; false if there is no host, or what follows it is no port. */
static bool put_broker(struct buf *to, const char *text, size_t len)
{
    static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    static const char in_brackets[] = "0123456789abcdefABCDEF:.%";
    bool brackets = len > 0 && text[0] == '[';
    size_t host = brackets ? 1 + strspn(text + 1, in_brackets) : strspn(text, marks);
    if (brackets && (host >= len || text[host++] != ']' || host == 2))
        return false;
    if (host == 0 || host > len)
        return false;
    bool port = host < len;
    if (port && (text[host] != ':' || host + 1 == len ||
                 strspn(text + host + 1, "0123456789") != len - host - 1))
        return false;
    buf_put(to, text, len);
    buf_puts(to, port ? "" : ":9092");
    return true;
}

bool topic_parse(const char *path, struct topic *topic, struct error *err)
{
    const char *at = path + sizeof scheme - 1, *slash = strchr(at, '/');
    struct buf brokers = {0};
    bool ok = slash != NULL && is_name(slash + 1);
    while (ok && at < slash) {
        size_t len = (size_t)(slash - at), first = len;
        const char *comma = memchr(at, ',', len);
        if (comma != NULL)
            first = (size_t)(comma - at);
        buf_puts(&brokers, brokers.len > 0 ? "," : "");
        ok = put_broker(&brokers, at, first) && (comma == NULL || first + 1 < len);
        at += first + 1;
    }
    *topic = (struct topic){NULL, NULL};
    ok &= brokers.len > 0;
    if (ok)
        *topic = (struct topic){memory_strdup(buf_cstr(&brokers)), slash + 1};
    buf_free(&brokers);
    return ok || error_set(err, EXIT_USAGE,
                           "expected kafka://BROKER[:PORT][,BROKER...]/TOPIC, found '%s'", path);
}

void topic_free(struct topic *topic)
{
    free(topic->brokers);
    topic->brokers = NULL;
}

bool topic_check(const struct plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->n_inputs; i++) {
        struct topic topic;
        if (!topic_is(plan->input_paths[i]) || plan->explain == EXPLAIN_FLINK)
            continue;
        if (!topic_parse(plan->input_paths[i], &topic, err))
            return false;
        error_set(err, EXIT_USAGE,
                  "a topic is a FILE of --explain=flink-sql alone; what reads it for a run is "
                  "kcat -C -b %s -t %s | winagg ...",
                  topic.brokers, topic.name);
        topic_free(&topic);
        return false;
    }
    return true;
}
