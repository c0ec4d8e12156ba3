#include "base/books.h"

static _Thread_local size_t held_bytes;

size_t books_bytes(void)
{
    return held_bytes;
}

void books_set(size_t bytes)
{
    held_bytes = bytes;
}

void books_enter(size_t bytes)
{
    held_bytes += bytes;
}

void books_take_off(size_t bytes)
{
    held_bytes -= bytes;
}
