/*
 * Feeds files to a fuzz target without the fuzzing engine: what a corpus holds is a regression
 * test, which any compiler can build and any check can run.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_LIMIT_BYTES = 1 << 20 };

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        /* Exactly as large as the input, so that a checker sees a read behind its end. */
        uint8_t *data = malloc(INPUT_LIMIT_BYTES);
        size_t size = data == NULL ? 0 : fread(data, 1, INPUT_LIMIT_BYTES, file);
        uint8_t *exact = data == NULL ? NULL : realloc(data, size > 0 ? size : 1);
        fclose(file);
        if (exact == NULL)
            return EXIT_FAILURE;
        fprintf(stderr, "%s\n", argv[i]);
        (void)LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d inputs\n", argc - 1);
    return EXIT_SUCCESS;
}
