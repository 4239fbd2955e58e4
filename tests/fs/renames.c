/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rename(2), one by one: what is moved × what is in the way × the flags. What a file or directory is made of (which
 * layers, changed or not) is laid by kind; what must happen follows from rename(2) alone.
 */
#include <sys/syscall.h>

#include <linux/fs.h>

#include "tests/fs/probe.h"

enum kind {
        FREE,        /* nothing was ever there */
        WHITED_OUT,  /* a lower file that an upper layer removed */
        DELETED,     /* a lower file that this step removed */
        DELETED_DIR, /* a lower directory that this step removed */
        UPPER_FILE,
        LOWER_FILE,
        CHANGED_FILE, /* a lower file that this step changed */
        SYMLINK,
        UPPER_DIR,
        LOWER_DIR,
        MERGED_DIR,  /* entries in two layers */
        OPAQUE_DIR,  /* replaced by a higher layer */
        CHANGED_DIR, /* a lower directory that this step put an entry into */
        EMPTY_DIR,   /* new */
        EMPTIED_DIR, /* a lower directory whose entries this step removed */
        KINDS
};

static const char *const names[KINDS] = {"free",       "whited-out",   "deleted",     "deleted-dir", "upper-file",
                                         "lower-file", "changed-file", "symlink",     "upper-dir",   "lower-dir",
                                         "merged-dir", "opaque-dir",   "changed-dir", "empty-dir",   "emptied-dir"};

static bool is_something(enum kind kind)
{
        return kind >= UPPER_FILE;
}

static bool is_directory(enum kind kind)
{
        return kind >= UPPER_DIR;
}

static bool is_empty(enum kind kind)
{
        return kind == EMPTY_DIR || kind == EMPTIED_DIR;
}

/* What the place holds: the text of a file, the target of a link, the names of a directory. */
static const char *content(enum kind kind)
{
        switch (kind) {
        case UPPER_FILE:
                return "upper";
        case LOWER_FILE:
                return "lower";
        case CHANGED_FILE:
                return "lower, changed";
        case SYMLINK:
                return "target";
        case UPPER_DIR:
                return "upper ";
        case LOWER_DIR:
                return "lower ";
        case MERGED_DIR:
                return "lower middle ";
        case OPAQUE_DIR:
                return "middle ";
        case CHANGED_DIR:
                return "lower upper ";
        case FREE:
        case WHITED_OUT:
        case DELETED:
        case DELETED_DIR:
        case EMPTY_DIR:
        case EMPTIED_DIR:
        case KINDS:
                break;
        }
        return "";
}

static const char *below(const char *path, const char *name)
{
        char *joined = NULL;

        CHECK(asprintf(&joined, "%s/%s", path, name) > 0);
        return joined;
}

static void make_directory_with(const char *path, const char *name)
{
        probe_mkdir(path);
        probe_put(below(path, name), name);
}

static void lay_below(enum kind kind, const char *path)
{
        switch (kind) {
        case WHITED_OUT:
        case DELETED:
        case LOWER_FILE:
        case CHANGED_FILE:
                probe_put(path, "lower");
                break;
        case SYMLINK:
                CHECK_ERROR(symlink("target", path), 0);
                break;
        case DELETED_DIR:
        case LOWER_DIR:
        case MERGED_DIR:
        case OPAQUE_DIR:
        case CHANGED_DIR:
        case EMPTIED_DIR:
                make_directory_with(path, "lower");
                break;
        case FREE:
        case UPPER_FILE:
        case UPPER_DIR:
        case EMPTY_DIR:
        case KINDS:
                break;
        }
}

static void remove_directory_with(const char *path, const char *name)
{
        CHECK_ERROR(unlink(below(path, name)), 0);
        CHECK_ERROR(rmdir(path), 0);
}

static void lay_middle(enum kind kind, const char *path)
{
        if (kind == WHITED_OUT) {
                CHECK_ERROR(unlink(path), 0);
        } else if (kind == MERGED_DIR) {
                probe_put(below(path, "middle"), "middle");
        } else if (kind == OPAQUE_DIR) {
                remove_directory_with(path, "lower");
                make_directory_with(path, "middle");
        }
}

static void lay_live(enum kind kind, const char *path)
{
        switch (kind) {
        case DELETED:
                CHECK_ERROR(unlink(path), 0);
                break;
        case DELETED_DIR:
                remove_directory_with(path, "lower");
                break;
        case UPPER_FILE:
                probe_put(path, "upper");
                break;
        case CHANGED_FILE:
                probe_append(path, ", changed");
                break;
        case UPPER_DIR:
                make_directory_with(path, "upper");
                break;
        case CHANGED_DIR:
                probe_put(below(path, "upper"), "upper");
                break;
        case EMPTY_DIR:
                probe_mkdir(path);
                break;
        case EMPTIED_DIR:
                CHECK_ERROR(unlink(below(path, "lower")), 0);
                break;
        case FREE:
        case WHITED_OUT:
        case LOWER_FILE:
        case SYMLINK:
        case LOWER_DIR:
        case MERGED_DIR:
        case OPAQUE_DIR:
        case KINDS:
                break;
        }
}

static void check_place(const char *path, enum kind kind)
{
        char target[16] = "";

        CHECK_INT(probe_exists(path), is_something(kind));
        if (!is_something(kind))
                return;
        if (kind == SYMLINK) {
                CHECK_INT(readlink(path, target, sizeof target - 1), 6);
                CHECK_STR(target, content(kind));
        } else if (is_directory(kind)) {
                CHECK_STR(probe_list(path), content(kind));
        } else {
                CHECK_STR(probe_get(path), content(kind));
        }
}

/* --- one combination ------------------------------------------------------------- */

/* rename(2), ERRORS and the flags of renameat2(2). */
static int expected_error(enum kind from, enum kind to, unsigned flags)
{
        if ((flags & RENAME_NOREPLACE) != 0 && is_something(to))
                return EEXIST;
        if ((flags & RENAME_EXCHANGE) != 0)
                return is_something(to) ? 0 : ENOENT;
        if (!is_something(to) || is_directory(from) == is_directory(to))
                return is_directory(to) && !is_empty(to) ? ENOTEMPTY : 0;
        return is_directory(from) ? ENOTDIR : EISDIR;
}

struct combination {
        enum kind from, to;
        unsigned flags;
        char place[64]; /* the directory that has `from` and `to` */
};

static void for_all(unsigned flags, void (*visit)(const struct combination *combination))
{
        for (int from = UPPER_FILE; from < KINDS; from++) {
                for (int to = FREE; to < KINDS; to++) {
                        struct combination c = {.from = (enum kind)from, .to = (enum kind)to, .flags = flags};

                        snprintf(c.place, sizeof c.place, "%s.%s", names[from], names[to]);
                        visit(&c);
                }
        }
}

static void lay_combination(const struct combination *c, void (*lay)(enum kind kind, const char *path))
{
        lay(c->from, below(c->place, "from"));
        lay(c->to, below(c->place, "to"));
}

static void visit_below(const struct combination *c)
{
        probe_mkdir(c->place);
        lay_combination(c, lay_below);
}

static void visit_middle(const struct combination *c)
{
        lay_combination(c, lay_middle);
}

static void visit_live(const struct combination *c)
{
        const char *from = below(c->place, "from"), *to = below(c->place, "to");
        int before = check_failures_;
        struct stat st;

        lay_combination(c, lay_live);
        check_place(from, c->from);
        check_place(to, c->to);
        st = probe_stat(from);
        CHECK_ERROR(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, c->flags),
                    expected_error(c->from, c->to, c->flags));
        if (expected_error(c->from, c->to, c->flags) == 0)
                CHECK_INT(probe_stat(to).st_ino, st.st_ino);
        if (check_failures_ != before)
                printf("# that was %s, flags %u\n", c->place, c->flags);
}

static void visit_verify(const struct combination *c)
{
        bool moved = expected_error(c->from, c->to, c->flags) == 0,
             exchanged = moved && (c->flags & RENAME_EXCHANGE) != 0;
        int before = check_failures_;

        check_place(below(c->place, "to"), moved ? c->from : c->to);
        check_place(below(c->place, "from"), exchanged ? c->to : moved ? FREE : c->from);
        if (check_failures_ != before)
                printf("# that was %s, flags %u\n", c->place, c->flags);
}

#define FUNCTIONS(name, flags)                                                                                         \
        static void name##_below(void)                                                                                 \
        {                                                                                                              \
                for_all(flags, visit_below);                                                                           \
        }                                                                                                              \
        static void name##_middle(void)                                                                                \
        {                                                                                                              \
                for_all(flags, visit_middle);                                                                          \
        }                                                                                                              \
        static void name##_live(void)                                                                                  \
        {                                                                                                              \
                for_all(flags, visit_live);                                                                            \
        }                                                                                                              \
        static void name##_verify(void)                                                                                \
        {                                                                                                              \
                for_all(flags, visit_verify);                                                                          \
        }

FUNCTIONS(plain, 0)
FUNCTIONS(noreplace, RENAME_NOREPLACE)
FUNCTIONS(exchange, RENAME_EXCHANGE)

static const struct probe probes[] = {
        {"every-combination", plain_below, plain_middle, plain_live, plain_verify},
        {"every-combination-noreplace", noreplace_below, noreplace_middle, noreplace_live, noreplace_verify},
        {"every-combination-exchange", exchange_below, exchange_middle, exchange_live, exchange_verify},
};
PROBE_TOPIC(probe_renames, "renames", probes);
