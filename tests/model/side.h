/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_SIDE_H
#define BRYO_TESTS_MODEL_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/model/op.h"

/* Descriptors and mappings that operations leave behind for later ones. */
#define SIDE_SLOTS 8
#define SIDE_MAPS  4
/* Files stay below this, so that whole trees can be compared; what goes beyond takes itself back. */
#define SIDE_FILE_MAX (1 << 18)

struct side_map {
        char *bytes; /* NULL: none */
        size_t size;
        int fd; /* of the file, its own */
};

/* One of the two file systems under comparison. */
struct side {
        const char *name; /* "union", "plain" */
        bool is_union;
        const char *path;      /* where it is mounted */
        int root;              /* descriptor of the root; -1 while it is not mounted */
        int slots[SIDE_SLOTS]; /* -1: closed */
        struct side_map maps[SIDE_MAPS];
};

void side_init(struct side *s, const char *name, const char *path, bool is_union);
int side_open(struct side *s);
/* Lets go of everything, so that it can be unmounted. */
void side_close(struct side *s);

/* Unmaps and closes; EBADF when nothing is mapped. */
int64_t side_unmap(struct side_map *map);

/*
 * Before and after an operation: the current directory is the root of the side, the process is the actor. Root loses
 * CAP_FSETID on the plain side for what writes: the union clears suid, sgid and capabilities for
 * everybody, because a server is not told who asks.
 */
void side_begin(const struct side *s, const struct op *op);
void side_end(const struct side *s, const struct op *op);

/* The descriptor in a slot; what was in it is closed. */
void side_keep(struct side *s, uint64_t slot, int fd);
int side_slot(const struct side *s, uint64_t slot);

/* -errno for a failed call, else its result. */
int64_t side_result(int64_t rc);

/* Notes whether the inode's ctime is as young as `since`, which is from side_now; path NULL: `fd`. */
struct timespec side_now(void);
void side_note_ctime(struct result *r, int fd, const char *path, struct timespec since);

/*
 * The mode, without what a server cannot know: a write by one who is not in the file's group clears sgid also where
 * the group may not execute (setattr_should_drop_sgid), which FUSE_HANDLE_KILLPRIV_V2 leaves alone.
 */
mode_t side_mode(mode_t mode);

/* Bytes as a number says; never 0 at once, so that holes can be told from data. */
void side_fill(char *bytes, size_t size, uint64_t seed);

#endif
