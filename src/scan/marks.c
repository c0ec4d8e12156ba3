#include "scan/marks.h"

#include <stdlib.h>

#include "base/memory.h"

void marks_reserve(struct marks *marks, size_t bytes)
{
    if (bytes <= marks->capacity)
        return;
    marks_free(marks);
    marks->at = memory_alloc((1 + bytes + MARKS_BLOCK) * sizeof marks->at[0]);
    marks->odd = memory_alloc((bytes / MARKS_BLOCK + 2) * sizeof marks->odd[0]);
    marks->capacity = bytes;
}

void marks_free(struct marks *marks)
{
    free(marks->at);
    free(marks->odd);
    *marks = (struct marks){0};
}
