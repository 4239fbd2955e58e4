/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_OP_H
#define BRYO_TESTS_MODEL_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buffer.h"

/*
 * The model checker's words.
 *
 * A sequence is a list of operations. Each is complete in itself: its arguments are numbers, drawn once, that say
 * everything (a path, an offset, a descriptor's slot), so that a list replays exactly, with any of its operations left
 * out. The same function runs on the union and on the plain directory; what it returns and notes must be equal.
 */
#define OP_ARGS 5

struct side;
struct result;
struct op;

enum op_flag {
        OP_WHOLE = 1,  /* concerns the pair of sides: compare, seal, ... (client.c) */
        OP_BUILDS = 2, /* good for making the layers of a base */
        OP_WRITES = 4, /* changes bytes of a file: see side_begin */
};

/* Returns a number that must be the same on both sides: 0 or a count, or -errno. */
typedef int64_t op_function(struct side *s, const uint64_t *args, struct result *r);

/* A kind of operation; kinds.c has the table. */
struct kind {
        const char *name;
        const char *signature; /* a letter for each argument: args.h */
        unsigned weight;       /* how often it is drawn */
        unsigned flags;        /* enum op_flag */
        op_function *run;      /* NULL with OP_WHOLE */
};

enum actor { ACTOR_ROOT, ACTOR_APP, ACTOR_OTHER, ACTOR_COUNT };

struct op {
        const struct kind *kind;
        enum actor actor;
        uint64_t args[OP_ARGS];
};

struct op_list {
        struct op *ops; /* owned */
        size_t count;
        size_t cap;
};

#define OP_LIST_INIT                                                                                                   \
        {                                                                                                              \
                NULL, 0, 0                                                                                             \
        }
void op_list_free(struct op_list *list);
#define CLEANUP_OP_LIST __attribute__((cleanup(op_list_free)))
void op_list_add(struct op_list *list, const struct op *op);
void op_list_copy(struct op_list *to, const struct op_list *from);

/* "app: rename a/b c" and back; parse fails with what is wrong in `ret_why`. */
void op_format(const struct op *op, struct buffer *ret);
int op_parse(const char *line, struct op *ret, const char **ret_why);

/* All kinds; `ret_count` of them. */
const struct kind *kind_table(size_t *ret_count);
const struct kind *kind_find(const char *name);

/* What an operation found out beside its number, as text. */
struct result {
        struct buffer notes;
};
void result_note(struct result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes that were read, as a sum. */
void result_bytes(struct result *r, const char *what, const void *bytes, size_t size);

#endif
