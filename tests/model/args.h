/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_ARGS_H
#define BRYO_TESTS_MODEL_ARGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/buffer.h"

/*
 * Arguments are numbers; a letter says what kind, and so how one is drawn, printed and read:
 *
 *     p  path of names of a small set, up to four deep     f  slot of a descriptor
 *     o  offset in a file                                  n  count of bytes
 *     m  mode bits                                         u  uid or gid; NONE is (uid_t)-1
 *     x  name of an extended attribute                     v  seed of bytes
 *     t  a time                                            O  flags of open(2)
 *     c  a small choice                                    l  text of a symlink, a path
 */
struct random {
        uint64_t state;
};
uint32_t random_below(struct random *r, uint32_t below);

uint64_t arg_draw(char letter, struct random *random);
void arg_format(char letter, uint64_t arg, struct buffer *ret);
/* 0, or -1 when the word is no such argument. */
int arg_parse(char letter, const char *word, uint64_t *ret);
/* A simpler argument to try when shrinking; false when there is none. `attempt` counts from 0. */
bool arg_simplify(char letter, uint64_t arg, unsigned attempt, uint64_t *ret);

/* What operations make of them. */
struct path_text {
        char text[PATH_MAX];
};
const char *arg_path(uint64_t arg, struct path_text *ret);
const char *arg_xattr(uint64_t arg);
uid_t arg_id(uint64_t arg);
struct timespec arg_time(uint64_t arg);
int arg_open_flags(uint64_t arg);

#endif
