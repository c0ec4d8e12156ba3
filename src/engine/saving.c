#include "engine/saving.h"

#include <stdlib.h>

#include "base/wire.h"

void saving_begin(struct saving *s, const struct panes *panes, const struct saving_list *list,
                  struct buf *to)
{
    struct window **windows = list->windows;
    const size_t n = list->n;
    *s = (struct saving){
        .panes = panes, .to = to, .windows = windows, .n = n, .first_slice = list->first_slice};
    for (size_t i = 0; i < n; i++) {
        windows[i]->saving_number = (uint32_t)i;
        windows[i]->saved_cells = windows[i]->table.n;
        windows[i]->table.saved = !windows[i]->table.saved;
    }
}

static size_t begin_run(uint32_t number, struct buf *to)
{
    wire_put_u32(to, number);
    wire_put_u32(to, 0);
    return to->len - sizeof(uint32_t);
}

static void end_run(struct buf *to, size_t at, uint32_t n)
{
    n = htole32(n);
    memcpy(to->data + at, &n, sizeof n);
}

static void write_cell(const struct panes *panes, const struct cell *cell, bool in_slice,
                       struct buf *to)
{
    char *room = buf_reserve(to, WIRE_VARINT_MAX + cell->key_len);
    char *p = wire_varint_at(room, cell->key_len);
    memcpy(p, cell_key(cell), cell->key_len);
    to->len += (size_t)(p - room) + cell->key_len;
    cell_save(panes, cell, in_slice ? 0 : cell->pane, to);
}

static void close_run(struct saving *s)
{
    if (s->run != 0)
        end_run(s->to, s->run_at, s->run_n);
    s->run = 0;
}

void saving_cell(struct saving *s, const struct window *w, struct cell *cell)
{
    if (s->run != (size_t)w->saving_number + 1) {
        close_run(s);
        s->run_at = begin_run(w->saving_number, s->to);
        s->run_n = 0;
        s->run = (size_t)w->saving_number + 1;
    }
    write_cell(s->panes, cell, w->saving_number >= s->first_slice, s->to);
    s->run_n++;
    cell->saved = w->table.saved;
}

static void write_whole(struct saving *s, const struct window *w, uint32_t from)
{
    for (uint32_t i = from; i < w->saved_cells; i++)
        saving_touch(s, w, table_cell(&w->table, i));
}

/* Goes on with the cells of a window; false: there is no room for all of them. */
static bool write_some(struct saving *s, const struct window *w, size_t *room)
{
    enum { A_LOOK = 8 }; /* it costs as much as so many bytes */
    for (; s->cell < w->saved_cells; s->cell++) {
        size_t before = s->to->len;
        if (*room == 0)
            return false;
        saving_touch(s, w, table_cell(&w->table, s->cell));
        size_t done = s->to->len - before + A_LOOK;
        *room -= *room < done ? *room : done;
    }
    return true;
}

bool saving_step(struct saving *s, size_t bytes)
{
    if (!saving_is_on(s))
        return true;
    for (; s->at < s->n; s->at++, s->cell = 0)
        if (s->windows[s->at] != NULL && !write_some(s, s->windows[s->at], &bytes))
            return false;
    close_run(s);
    saving_free(s);
    return true;
}

void saving_window(struct saving *s, size_t number)
{
    if (s->windows[number] != NULL)
        write_whole(s, s->windows[number], number == s->at ? s->cell : 0);
    s->windows[number] = NULL;
}

void saving_free(struct saving *s)
{
    free(s->windows);
    *s = (struct saving){0};
}

void saving_write_all(const struct panes *panes, const struct saving_list *list, struct buf *to)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct table *table = &list->windows[i]->table;
        if (table->n == 0)
            continue;
        size_t at = begin_run((uint32_t)i, to);
        for (uint32_t c = 0; c < table->n; c++)
            write_cell(panes, table_cell(table, c), i >= list->first_slice, to);
        end_run(to, at, table->n);
    }
}

static bool load_run(const struct saving_load *load, struct window *w, uint32_t n,
                     const unsigned char **at, const unsigned char *end)
{
    if (n > w->saved_cells - w->table.n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t key_len;
        if (!wire_varint(at, end, &key_len) || key_len > (uint64_t)(end - *at) ||
            key_len > UINT32_MAX || !keys_is_key(*at, key_len, load->n_keys))
            return false;
        struct cell *cell = table_append(&w->table, keys_hash(load->key_seed, *at, key_len), *at,
                                         (uint32_t)key_len);
        *at += key_len;
        pane_start(load->panes, cell);
        if (!cell_load(load->panes, cell, at, end, &w->table.arena))
            return false;
    }
    return true;
}

bool saving_load(const struct saving_load *load, const struct saving_list *list,
                 const unsigned char **at, const unsigned char *end)
{
    struct window **windows = list->windows;
    const size_t n = list->n;
    uint64_t missing = 0;
    for (size_t i = 0; i < n; i++)
        missing += windows[i]->saved_cells;
    while (missing > 0) {
        uint32_t number, cells;
        if (!wire_u32(at, end, &number) || !wire_u32(at, end, &cells) || number >= n ||
            cells == 0 || !load_run(load, windows[number], cells, at, end))
            return false;
        missing -= cells;
    }
    for (size_t i = 0; i < n; i++)
        if (!table_index(&windows[i]->table))
            return false;
    return true;
}
