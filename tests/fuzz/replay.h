/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_FUZZ_REPLAY_H
#define BRYO_TESTS_FUZZ_REPLAY_H

/*
 * What makes a fuzz target an ordinary test: a main that replays the files it is given, or all of the kept corpus,
 * tests/fuzz/TARGET.corpus. With --enable-fuzzing libFuzzer brings the main, and tools/fuzz runs it.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef BRYO_FUZZING
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/memory.h"

static int replay(const char *path)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        FILE *f = fopen(path, "re");
        size_t n;

        if (!f) {
                perror(path);
                return -1;
        }
        do {
                n = fread(buffer_reserve(&b, 65536), 1, 65536, f);
                b.size += n;
        } while (n > 0);
        fclose(f);
        LLVMFuzzerTestOneInput((const uint8_t *)(b.data ? b.data : ""), b.size);
        return 0;
}

static int replay_corpus(const char *target)
{
        const char *srcdir = getenv("srcdir");
        CLEANUP_FREE char *path = memory_printf("%s/tests/fuzz/%s.corpus", srcdir ? srcdir : ".", target);
        DIR *dir = opendir(path);
        struct dirent *entry;
        unsigned count = 0;

        if (!dir) {
                perror(path);
                return 1;
        }
        while ((entry = readdir(dir)) != NULL) {
                CLEANUP_FREE char *file = memory_printf("%s/%s", path, entry->d_name);

                if (entry->d_name[0] == '.')
                        continue;
                if (replay(file) < 0)
                        break;
                count++;
        }
        closedir(dir);
        printf("%s %u files replayed\n", entry || count == 0 ? "not ok" : "ok", count);
        return entry || count == 0;
}

#define REPLAY_MAIN(target)                                                                                            \
        int main(int argc, char **argv)                                                                                \
        {                                                                                                              \
                if (argc < 2)                                                                                          \
                        return replay_corpus(target);                                                                  \
                for (int k = 1; k < argc; k++)                                                                         \
                        if (replay(argv[k]) < 0)                                                                       \
                                return 1;                                                                              \
                return 0;                                                                                              \
        }
#else
#define REPLAY_MAIN(target)
#endif

#endif
