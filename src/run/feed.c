#include "run/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/books.h"
#include "base/memory.h"

enum { SLOTS_PER_THREAD = 4 };

enum slot_state { SLOT_FREE, SLOT_READING, SLOT_READ, SLOT_PARSING, SLOT_DONE };

struct slot {
    enum slot_state state;
    enum input_status status;
    struct error err;
    struct block block;
    struct batch batch;
    struct keys keys[FEED_N_KEYS];
    struct condition_scratch scratch;
};

struct worker {
    struct feed *feed;
    struct input_parser *parser;
    pthread_t thread;
};

struct feed {
    struct input *in;
    struct feed_options options;
    unsigned n_workers;
    struct worker *workers;
    struct input_parser *parser; /* of the aggregator's thread */

    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    struct slot *slots;
    size_t n_slots;
    uint64_t next_out, next_parse, next_read; /* sequence numbers; slot = number % n_slots */
    bool reading, ended, quit, held;          /* held: the aggregator has slot next_out - 1 */
    bool wants_groups;                        /* keys of FEED_GROUP are to be encoded */
};

static struct slot *slot_at(struct feed *feed, uint64_t sequence)
{
    return &feed->slots[sequence % feed->n_slots];
}

static bool can_read(struct feed *feed)
{
    return !feed->reading && !feed->ended && !feed->quit &&
           slot_at(feed, feed->next_read)->state == SLOT_FREE;
}

static bool can_parse(struct feed *feed)
{
    return feed->next_parse < feed->next_read &&
           slot_at(feed, feed->next_parse)->state == SLOT_READ;
}

/* Both are called with the lock held, and give it up while they work. */

static void read_one(struct feed *feed)
{
    struct slot *slot = slot_at(feed, feed->next_read);
    slot->state = SLOT_READING;
    feed->reading = true;
    pthread_mutex_unlock(&feed->lock);
    /* The one place where feed_stop() may cut a worker off: it may wait, and holds no lock. */
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    slot->status = input_read_block(feed->in, &slot->block, &slot->err);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_mutex_lock(&feed->lock);
    feed->reading = false;
    feed->next_read++;
    slot->state = SLOT_READ;
    if (slot->status != INPUT_BLOCK) {
        slot->batch.block = &slot->block;
        feed->ended = true;
        slot->state = SLOT_DONE;
    }
    pthread_cond_broadcast(&feed->changed);
}

static void encode_keys(const struct feed *feed, struct slot *slot, bool groups)
{
    for (size_t k = 0; k < FEED_N_KEYS; k++) {
        const struct feed_columns *columns = &feed->options.keys[k];
        slot->keys[k].n = 0;
        if (columns->wanted && (groups || k != FEED_GROUP))
            keys_encode(&slot->keys[k], feed->options.key_seed,
                        slot->batch.columns + columns->first, columns->n, slot->batch.n);
    }
}

static void parse_one(struct feed *feed, struct input_parser *parser)
{
    struct slot *slot = slot_at(feed, feed->next_parse++);
    bool groups = feed->wants_groups;
    slot->state = SLOT_PARSING;
    pthread_mutex_unlock(&feed->lock);
    size_t books = books_bytes(); /* of the state: batches come and go, in any thread */
    input_parse(parser, &slot->block, &slot->batch);
    encode_keys(feed, slot, groups);
    verdict_batch(feed->options.rules, &slot->scratch, &slot->batch);
    books_set(books);
    pthread_mutex_lock(&feed->lock);
    slot->state = SLOT_DONE;
    pthread_cond_broadcast(&feed->changed);
}

static void *worker_main(void *context)
{
    struct worker *worker = context;
    struct feed *feed = worker->feed;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_mutex_lock(&feed->lock);
    while (!feed->quit) {
        /* Where reading may wait, start it first: a block that comes in must not wait for us. */
        if (can_read(feed) && (feed->options.may_wait || !can_parse(feed)))
            read_one(feed);
        else if (can_parse(feed))
            parse_one(feed, worker->parser);
        else
            pthread_cond_wait(&feed->changed, &feed->lock);
    }
    pthread_mutex_unlock(&feed->lock);
    return NULL;
}

static bool start_worker(struct feed *feed, struct worker *worker)
{
    *worker = (struct worker){.feed = feed, .parser = input_parser_new(feed->in)};
    if (pthread_create(&worker->thread, NULL, worker_main, worker) == 0)
        return true;
    input_parser_free(worker->parser);
    return false;
}

struct feed *feed_start(struct input *in, const struct feed_options *options)
{
    unsigned threads = options->threads;
    struct feed *feed = memory_calloc(1, sizeof *feed);
    feed->in = in;
    feed->options = *options;
    feed->wants_groups = true;
    feed->parser = input_parser_new(in);
    feed->n_slots = threads == 1 ? 1 : (size_t)threads * SLOTS_PER_THREAD;
    feed->slots = memory_calloc(feed->n_slots, sizeof *feed->slots);
    feed->workers = memory_calloc(threads, sizeof *feed->workers);
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* A thread that can't be had is one less: the aggregator's own can do everything. */
    while (feed->n_workers + 1 < threads && start_worker(feed, &feed->workers[feed->n_workers]))
        feed->n_workers++;
    return feed;
}

/* The aggregator is done with its last batch. */
static void release_held(struct feed *feed)
{
    if (!feed->held)
        return;
    slot_at(feed, feed->next_out - 1)->state = SLOT_FREE;
    feed->held = false;
    pthread_cond_broadcast(&feed->changed);
}

enum input_status feed_next(struct feed *feed, bool wants_groups, const struct batch **batch,
                            const struct keys **keys, struct error *err)
{
    pthread_mutex_lock(&feed->lock);
    feed->wants_groups = wants_groups;
    release_held(feed);
    struct slot *slot = slot_at(feed, feed->next_out);
    while (slot->state != SLOT_DONE) {
        if (can_parse(feed))
            parse_one(feed, feed->parser);
        else if (can_read(feed) && (!feed->options.may_wait || feed->n_workers == 0))
            read_one(feed);
        else
            pthread_cond_wait(&feed->changed, &feed->lock);
    }
    pthread_mutex_unlock(&feed->lock);
    feed->next_out++;
    feed->held = true;
    *batch = &slot->batch;
    *keys = slot->keys;
    if (slot->status == INPUT_FAILED)
        *err = slot->err;
    return slot->status;
}

void feed_again(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->ended = false;
    feed->next_parse = feed->next_read; /* the dry one was not parsed, and all are handed out */
    release_held(feed);
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

bool feed_wait(struct feed *feed, int64_t deadline_ns)
{
    if (feed->n_workers == 0 || !feed->options.may_wait)
        return true;
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / 1000000000),
        .tv_nsec = (long)(deadline_ns % 1000000000),
    };
    int error = 0;
    pthread_mutex_lock(&feed->lock);
    release_held(feed);
    while (error == 0 && slot_at(feed, feed->next_out)->state != SLOT_DONE && !can_parse(feed))
        error = pthread_cond_timedwait(&feed->changed, &feed->lock, &deadline);
    pthread_mutex_unlock(&feed->lock);
    return error == 0;
}

void feed_stop(struct feed *feed)
{
    if (feed == NULL)
        return;
    pthread_mutex_lock(&feed->lock);
    feed->quit = true;
    pthread_cond_broadcast(&feed->changed);
    bool waiting = feed->reading && feed->options.may_wait;
    pthread_mutex_unlock(&feed->lock);
    for (unsigned i = 0; i < feed->n_workers; i++) {
        if (waiting)
            pthread_cancel(feed->workers[i].thread);
        pthread_join(feed->workers[i].thread, NULL);
        input_parser_free(feed->workers[i].parser);
    }
    size_t books = books_bytes();
    for (size_t i = 0; i < feed->n_slots; i++) {
        batch_free(&feed->slots[i].batch);
        condition_scratch_free(&feed->slots[i].scratch);
        for (size_t k = 0; k < FEED_N_KEYS; k++)
            keys_free(&feed->slots[i].keys[k]);
        block_free(&feed->slots[i].block);
    }
    books_set(books);
    input_parser_free(feed->parser);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    free(feed->workers);
    free(feed->slots);
    free(feed);
}
