/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of COPY, on a real context directory and a tree without a mount. */
#include "builder/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/content.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static char base[] = "/tmp/bryo-copy-XXXXXX";
static struct overlay_pool *pool;

static void shell(const char *script)
{
        CLEANUP_FREE char *command = memory_printf("set -e; umask 022; cd '%s'; %s", base, script);

        CHECK_INT(system(command), 0);
}

static int open_source(void *context, const char *name, int *ret_fd, struct error *err)
{
        (void)context;
        (void)ret_fd;
        return error_set(err, ENOENT, "no source %s in this test", name);
}

static int create_data(void *context, int *ret_fd, char ret_name[OVERLAY_SOURCE_NAME_MAX + 1], struct error *err)
{
        static unsigned number;

        (void)context;
        *ret_fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*ret_fd < 0)
                return error_errno(err, errno, "cannot make a data file");
        (void)snprintf(ret_name, OVERLAY_SOURCE_NAME_MAX + 1, "data/%u", number++);
        return 0;
}

static struct overlay_tree *new_tree(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct overlay_tree_options options = { .pool = pool, .create_data = create_data, .statfs_fd = -1 };
        struct overlay_tree *tree = NULL;

        CHECK_OK(overlay_tree_open(&options, &tree, &err));
        return tree;
}

/* --- a tree as text: "d0755 0:0 /a", "f0644 1:2 /a/b=bytes", "l /c->target", hard links "h2 ..." ------- */

static void show(struct overlay_ref *dir, const char *path, struct buffer *out);

struct showing {
        struct overlay_ref *dir;
        const char *path;
        struct buffer *out;
};

static int show_name(void *context, const struct overlay_name *name, struct error *err)
{
        struct showing *s = context;
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_FREE char *path = memory_printf("%s/%.*s", s->path, (int)name->size, name->name);
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_FREE char *target = NULL;
        struct overlay_attr a;

        if (overlay_node_lookup(s->dir, path + strlen(s->path) + 1, &node, err) < 0 || overlay_node_stat(&node, &a, err) < 0)
                return -1;
        if (S_ISDIR(a.mode)) {
                buffer_printf(s->out, "d%04o %u:%u %s\n", a.mode & 07777, a.uid, a.gid, path);
                show(&node, path, s->out);
        } else if (S_ISLNK(a.mode)) {
                if (overlay_node_readlink(&node, &target, err) < 0)
                        return -1;
                buffer_printf(s->out, "l %s->%s\n", path, target);
        } else {
                if (overlay_node_read_all(&node, 1000, &bytes, err) < 0)
                        return -1;
                buffer_printf(s->out, "%c%04o %u:%u %s=%s\n", a.nlink > 1 ? 'h' : 'f', a.mode & 07777, a.uid, a.gid, path,
                              buffer_text(&bytes));
        }
        return 0;
}

static void show(struct overlay_ref *dir, const char *path, struct buffer *out)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct showing s = { dir, path, out };

        CHECK_OK(overlay_node_list_sorted(dir, show_name, &s, &err));
}

static char *tree_text(struct overlay_tree *tree)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;

        overlay_tree_root(tree, &root);
        show(&root, "", &out);
        return buffer_steal(&out);
}

/* --- cases -------------------------------------------------------------------------------------------------- */

struct copy_case {
        const char *context; /* shell script that fills ./c */
        const char *before;  /* sources copied to "/" first (from ./c/before), or NULL */
        const char *sources; /* space separated */
        const char *dest;
        const char *chmod;
        const struct overlay_owner *owner;
        const char *expected; /* the tree below /, or part of the error */
        bool parents;
        const char *exclude;
};

static const struct overlay_owner app = { 7, 8 };

static const struct copy_case cases[] = {
        { "printf x >c/f", NULL, "f", "/", NULL, NULL, "f0644 0:0 /f=x\n" },
        { "printf x >c/f", NULL, "f", "g", NULL, NULL, "d0755 0:0 /w\nf0644 0:0 /w/g=x\n" },
        { "printf x >c/f", NULL, "f", ".", NULL, NULL, "d0755 0:0 /w\nf0644 0:0 /w/f=x\n" },
        { "printf x >c/f", NULL, "f", "/a/b/", NULL, NULL, "d0755 0:0 /a\nd0755 0:0 /a/b\nf0644 0:0 /a/b/f=x\n" },
        { "printf x >c/f", NULL, "f", "/a/b", NULL, NULL, "d0755 0:0 /a\nf0644 0:0 /a/b=x\n" },
        { "mkdir -p c/d/e; chmod 700 c/d; printf x >c/d/e/f", NULL, "d", "/o", NULL, NULL,
          "d0755 0:0 /o\nd0755 0:0 /o/e\nf0644 0:0 /o/e/f=x\n" },
        { "printf x >c/f; printf y >c/g", NULL, "f g", "/o/", NULL, NULL, "d0755 0:0 /o\nf0644 0:0 /o/f=x\nf0644 0:0 /o/g=y\n" },
        { "printf x >c/f; printf y >c/g", NULL, "f g", "/o", NULL, NULL, "several files cannot all become /o" },
        { "mkdir -p c/before/o; printf x >c/f; printf y >c/g", "before", "f g", "/o", NULL, NULL,
          "d0755 0:0 /o\nf0644 0:0 /o/f=x\nf0644 0:0 /o/g=y\n" },
        { "printf x >c/a.c; printf y >c/.b.c; mkdir c/d.c; printf z >c/d.c/in; printf n >c/n.h", NULL, "*.c", "/o/", NULL, NULL,
          "d0755 0:0 /o\nf0644 0:0 /o/.b.c=y\nf0644 0:0 /o/a.c=x\nf0644 0:0 /o/in=z\n" },
        { "true", NULL, "*.none", "/o/", NULL, NULL, "" },
        { "true", NULL, "none", "/o/", NULL, NULL, "\"none\" not found" },
        { "printf x >c/f; chmod 4755 c/f", NULL, "f", "/", NULL, NULL, "f4755 0:0 /f=x\n" },
        { "mkdir c/d; printf x >c/d/f", NULL, "d", "/p/o", NULL, &app, "d0755 7:8 /p\nd0755 7:8 /p/o\nf0644 7:8 /p/o/f=x\n" },
        { "mkdir c/d; printf x >c/d/f", NULL, "d", "/o/", "777", NULL, "d0777 0:0 /o\nf0777 0:0 /o/f=x\n" },
        { "mkdir -p c/d/e; printf x >c/d/f; chmod 700 c/d/e", NULL, "d", "/o/", "u=rwX,go=rX", NULL,
          "d0755 0:0 /o\nd0755 0:0 /o/e\nf0644 0:0 /o/f=x\n" },
        { "printf x >c/f; ln -s f c/l", NULL, "l", "/o/", NULL, NULL, "d0755 0:0 /o\nf0644 0:0 /o/l=x\n" },
        { "mkdir c/d; printf x >c/f; ln -s ../f c/d/l", NULL, "d", "/o/", NULL, NULL, "d0755 0:0 /o\nl /o/l->../f\n" },
        { "ln -s /etc/passwd c/l", NULL, "l", "/o/", NULL, NULL, "\"l\" not found" },
        { "printf x >c/f", NULL, "../../f", "/o/", NULL, NULL, "d0755 0:0 /o\nf0644 0:0 /o/f=x\n" },
        { "mkdir c/d; printf x >c/d/a; ln c/d/a c/d/b", NULL, "d", "/o/", NULL, NULL,
          "d0755 0:0 /o\nh0644 0:0 /o/a=x\nh0644 0:0 /o/b=x\n" },
        { "mkdir -p c/before/t; ln -s t c/before/l; printf x >c/f", "before", "f", "/l/", NULL, NULL,
          "l /l->t\nd0755 0:0 /t\nf0644 0:0 /t/f=x\n" },
        { "mkdir -p c/before; ln -s t c/before/l; printf x >c/f", "before", "f", "/l", NULL, NULL, "l /l->t\nf0644 0:0 /t=x\n" },
        { "mkdir -p c/before c/d; ln -s t c/before/f; printf old >c/before/t; printf x >c/d/f", "before", "d", "/", NULL, NULL,
          "f0644 0:0 /f=x\nf0644 0:0 /t=old\n" },
        { "mkdir -p c/before/f c/d; printf x >c/d/f", "before", "d", "/", NULL, NULL, "cannot replace the directory /f by a file" },
        { "mkdir -p c/before c/d/f; printf x >c/before/f", "before", "d", "/", NULL, NULL, "cannot replace /f by a directory" },
        { "mkdir -p c/before/o; chmod 711 c/before/o; mkdir c/d; chmod 750 c/d", "before", "d", "/o", NULL, NULL, "d0711 0:0 /o\n" },
        /* C9: --parents. The directories on the way are the source's, the destination is not. */
        { "mkdir -p c/a/b; chmod 750 c/a; printf x >c/a/b/f", NULL, "a/b/f", "/o", NULL, NULL,
          "d0755 0:0 /o\nd0750 0:0 /o/a\nd0755 0:0 /o/a/b\nf0644 0:0 /o/a/b/f=x\n", true, NULL },
        { "mkdir -p c/a/b; printf x >c/a/b/f", NULL, "a/./b/f", "/o", NULL, NULL, "d0755 0:0 /o\nd0755 0:0 /o/b\nf0644 0:0 /o/b/f=x\n",
          true, NULL },
        { "mkdir -p c/a/b c/d; touch c/a/b/f c/a/b/g.h c/a/f c/d/f", NULL, "./**/f", "/o", NULL, NULL,
          "d0755 0:0 /o\nd0755 0:0 /o/a\nd0755 0:0 /o/a/b\nf0644 0:0 /o/a/b/f=\nf0644 0:0 /o/a/f=\nd0755 0:0 /o/d\nf0644 0:0 /o/d/f=\n",
          true, NULL },
        { "mkdir -p c/a1/b c/a2/b; touch c/a1/b/f c/a2/b/g", NULL, "a*/./b", "/o", NULL, NULL,
          "d0755 0:0 /o\nd0755 0:0 /o/b\nf0644 0:0 /o/b/f=\nf0644 0:0 /o/b/g=\n", true, NULL },
        { "mkdir -p c/a/b; touch c/a/b/f", NULL, "./", "/o", NULL, NULL, "d0755 0:0 /o\nd0755 0:0 /o/a\nd0755 0:0 /o/a/b\nf0644 0:0 /o/a/b/f=\n",
          true, NULL },
        { "mkdir -p c/a/b c/a/e; touch c/a/b/f c/a/b/x", NULL, "a", "/o", NULL, &app,
          "d0755 7:8 /o\nd0755 7:8 /o/a\nd0755 7:8 /o/a/b\nf0644 7:8 /o/a/b/f=\nd0755 7:8 /o/a/e\n", true, "**/x" },
        { "mkdir -p c/a/b; touch c/a/b/f; ln -s b c/a/l", NULL, "a/l/f", "/o", NULL, NULL, "name a/b/f instead", true, NULL },
        { "mkdir -p c/a/b; touch c/a/b/f; ln -s b c/a/l", NULL, "a/l", "/o", NULL, NULL, "d0755 0:0 /o\nd0755 0:0 /o/a\nl /o/a/l->b\n", true, NULL },
        { "mkdir -p c/a/b; touch c/a/b/file", NULL, "a/b/fiel", "/o", NULL, NULL, "did you mean \"a/b/file\"?", true, NULL },
        { "mkdir -p c/a/b; touch c/a/b/file", NULL, "a/b/x*", "/o", NULL, NULL, "", true, NULL },
        /* what was probably meant */
        { "touch c/package.json", NULL, "packge.json", "/o", NULL, NULL, "(did you mean \"package.json\"?)" },
        { "mkdir -p c/src/app; touch c/src/app/main.py", NULL, "main.py", "/o", NULL, NULL, "(did you mean \"src/app/main.py\"?)" },
        { "mkdir -p c/source; touch c/source/x.c", NULL, "sorce/x.c", "/o", NULL, NULL, "(did you mean \"source/x.c\"?)" },
        { "mkdir -p c/source; touch c/source/x.c", NULL, "sorce/y.c", "/o", NULL, NULL, "\"sorce/y.c\" not found: it is not in the context" },
        /* --exclude is relative to the source */
        { "mkdir -p c/d/e; touch c/d/x c/d/e/x c/d/y", NULL, "d", "/o", NULL, NULL, "d0755 0:0 /o\nd0755 0:0 /o/e\nf0644 0:0 /o/e/x=\nf0644 0:0 /o/y=\n",
          false, "x" },
};

static int copy_words(struct builder_source *context, struct overlay_tree *tree, const struct copy_case *t, struct error *err)
{
        struct builder_copy_options options = { .owner = t->owner, .cwd = "/w" };
        CLEANUP_COPY struct builder_copy *copy = NULL;
        CLEANUP_SELECTION struct builder_selection selected = BUILDER_SELECTION_INIT;
        CLEANUP_IGNORE struct dockerfile_ignore *exclude = NULL;
        CLEANUP_FREE char *words = memory_strdup(t->sources);
        struct dockerfile_mode mode;
        char *save = NULL;

        for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
                if ((t->parents ? builder_copy_select_parents : builder_copy_select)(context, word, &selected, err) < 0)
                        return -1;
        if (t->exclude && dockerfile_ignore_new(&t->exclude, 1, &exclude, err) < 0)
                return -1;
        options.exclude = exclude;
        if (t->chmod && dockerfile_mode_parse(t->chmod, &mode, err) < 0)
                return -1;
        options.mode = t->chmod ? &mode : NULL;
        copy = builder_copy_begin(tree, t->dest, selected.paths.count > 1, &options);
        for (size_t i = 0; i < selected.paths.count; i++)
                if ((t->parents ? builder_copy_below(copy, context, selected.roots.items[i], selected.paths.items[i], err)
                                : builder_copy_path(copy, context, selected.paths.items[i], err)) < 0)
                        return -1;
        return builder_copy_finish(copy, err);
}

static void check_case(const struct copy_case *t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = new_tree();
        CLEANUP_FREE char *directory = memory_printf("%s/c", base);
        CLEANUP_FREE char *script = memory_printf("rm -rf c; mkdir c; %s", t->context);
        const struct copy_case before = { .sources = "before", .dest = "/" };
        struct builder_source *context = NULL;

        shell(script);
        CHECK_OK(builder_context_open(directory, NULL, NULL, &context, &err));
        if (t->before)
                CHECK_OK(copy_words(context, tree, &before, &err));
        if (copy_words(context, tree, t, &err) < 0) {
                CHECK_HAS(err.message, t->expected[0] ? t->expected : "(success)");
        } else {
                CLEANUP_FREE char *text = tree_text(tree);

                CHECK_STR(text, t->expected);
        }
        builder_source_free(context);
}

static void test_rules(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int before = check_failures_;

                check_case(&cases[i]);
                if (check_failures_ != before)
                        printf("#   in case %zu: COPY %s %s of: %s\n", i, cases[i].sources, cases[i].dest, cases[i].context);
        }
}

static void test_ignored_files_are_not_there(void)
{
        static const char patterns[] = "*.o\nsecret\n!keep.o\ndir/*\n!dir/keep\n";
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = new_tree();
        CLEANUP_FREE char *directory = memory_printf("%s/c", base);
        const struct copy_case all = { .sources = ".", .dest = "/" };
        const struct copy_case one = { .sources = "secret", .dest = "/" };
        const struct copy_case through = { .sources = "link", .dest = "/" };
        struct builder_source *context = NULL;
        CLEANUP_FREE char *text = NULL;

        shell("rm -rf c; mkdir -p c/dir; cd c; touch a.o keep.o secret dir/drop dir/keep; ln -s secret link");
        CHECK_OK(builder_context_open(directory, NULL, NULL, &context, &err));
        CHECK_OK(builder_context_set_ignore(context, patterns, strlen(patterns), ".dockerignore", &err));
        CHECK_OK(copy_words(context, tree, &all, &err));
        text = tree_text(tree);
        CHECK_STR(text, "d0755 0:0 /dir\nf0644 0:0 /dir/keep=\nf0644 0:0 /keep.o=\nl /link->secret\n");
        CHECK_INT(copy_words(context, tree, &one, &err), -1);
        CHECK_HAS(err.message, ".dockerignore excludes it in line 2");
        error_clear(&err);
        CHECK_INT(copy_words(context, tree, &through, &err), -1);
        builder_source_free(context);
}

/* Makes the key of all that is in the context, as a step does. */
static void key_all(struct builder_source *step, struct sha256_digest *ret)
{
        const struct builder_content_options options = { .below = "" };
        CLEANUP_ITEM struct builder_item root = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256 hash;

        sha256_init(&hash);
        CHECK_OK(step->ops->find(step, "", &root, &err));
        CHECK_OK(builder_content_hash(step, &root, &options, &hash, &err));
        sha256_final(&hash, ret);
}

/* Copies after `change`, which comes between a step's key and its copy. */
static char *copy_after(const char *change, struct builder_source **ret_context, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = new_tree();
        CLEANUP_FREE char *directory = memory_printf("%s/c", base);
        const struct copy_case all = { .sources = ".", .dest = "/" };
        struct builder_source *step;
        struct sha256_digest key;

        shell("rm -rf c; mkdir -p c/d/deep c/e; cd c; echo 1 > d/one; echo 22 > d/two; echo 4 > d/deep/four; echo 7 > e/f; ln -s one d/l");
        CHECK_INT(builder_context_open(directory, NULL, NULL, ret_context, err), 0);
        step = (*ret_context)->ops->for_step(*ret_context);
        key_all(step, &key);
        shell(change);
        if (copy_words(step, tree, &all, err) < 0) {
                builder_source_free(step);
                return NULL;
        }
        builder_source_free(step);
        return tree_text(tree);
}

static void test_a_copy_takes_what_its_key_saw(void)
{
        static const struct {
                const char *change, *expected;
        } changes[] = {
                { "cd c; chmod 600 d/one; echo 3 > d/new; rm d/l; ln -s two d/l; mkdir d/m",
                  "d0755 0:0 /d\nd0755 0:0 /d/deep\nf0644 0:0 /d/deep/four=4\n\nl /d/l->one\nf0644 0:0 /d/one=1\n\n"
                  "f0644 0:0 /d/two=22\n\nd0755 0:0 /e\nf0644 0:0 /e/f=7\n\n" },
                { "cd c; echo 9 > d/one", NULL },
                { "cd c; rm d/deep/four", NULL },
                { "cd c; mv e f; mkdir e; echo 7 > e/f", NULL },
                { "cd c; rm -r e; ln -s d e", NULL },
                { "cd c; rm -r e", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct builder_source *context = NULL;
                CLEANUP_FREE char *text = copy_after(changes[i].change, &context, &err);

                if (changes[i].expected) {
                        CHECK_STR(text ? text : err.message, changes[i].expected);
                } else {
                        CHECK(text == NULL);
                        CHECK_INT(err.code, ESTALE); /* the step makes a new key */
                }
                builder_source_free(context);
        }
}

static void test_a_new_key_sees_what_is_there(void)
{
        CLEANUP_FREE char *directory = memory_printf("%s/c", base);
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = new_tree();
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct copy_case all = { .sources = ".", .dest = "/" };
        struct sha256_digest first, second, other;
        struct builder_source *context = NULL, *step, *beside;
        CLEANUP_FREE char *text = NULL;

        shell("rm -rf c; mkdir -p c/d; cd c; echo 1 > d/one; echo 2 > two");
        CHECK_OK(builder_context_open(directory, NULL, NULL, &context, &err));
        step = context->ops->for_step(context);
        beside = context->ops->for_step(context);
        key_all(step, &first);
        shell("cd c; echo 3 > d/one; rm two");
        key_all(beside, &other);
        /* the other step's look at the changed file is not this one's */
        CHECK_INT(copy_words(step, tree, &all, &err), -1);
        CHECK_INT(err.code, ESTALE);
        error_clear(&err);
        key_all(step, &second);
        CHECK(!sha256_equal(&first, &second));
        CHECK(sha256_equal(&other, &second));
        CHECK_OK(copy_words(step, tree, &all, &err));
        text = tree_text(tree);
        CHECK_STR(text, "d0755 0:0 /d\nf0644 0:0 /d/one=3\n\n");
        builder_source_free(beside);
        builder_source_free(step);
        builder_source_free(context);
}

static void set_up(void)
{
        const struct overlay_pool_options options = { .open = open_source };

        CHECK(mkdtemp(base) != NULL);
        pool = overlay_pool_new(&options);
}

static void tear_down(void)
{
        overlay_pool_free(pool);
        shell("cd /; rm -rf \"$OLDPWD\"");
}

int main(void)
{
        CHECK_RUN(set_up);
        CHECK_RUN(test_rules);
        CHECK_RUN(test_ignored_files_are_not_there);
        CHECK_RUN(test_a_copy_takes_what_its_key_saw);
        CHECK_RUN(test_a_new_key_sees_what_is_there);
        CHECK_RUN(tear_down);
        return CHECK_END();
}
