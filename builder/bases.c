/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a name means, here or at a registry, and having it here. */
#include "builder/bases.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image_find.h"
#include "builder/pull.h"
#include "builder/pull_find.h"
#include "common/memory.h"
#include "oci/image.h"

struct entry {
        char *key;            /* text, and the platform */
        pthread_mutex_t lock; /* guards all below; held while somebody asks or fetches */
        bool asked;
        struct error error; /* what asking or fetching ended with; told to everybody */
        struct sha256_digest id;
        struct builder_pull *pull; /* owned; NULL: the image is in the store */
        bool fetched;              /* nothing is left to be done */
};

struct builder_bases {
        struct builder_workshop *workshop;
        enum builder_pull_policy policy;
        struct builder_bases_watch watch;
        pthread_mutex_t lock; /* guards the list; entries never move */
        struct entry **entries;
        size_t count, cap;
};

struct builder_bases *builder_bases_new(struct builder_workshop *w, enum builder_pull_policy policy,
                                        const struct builder_bases_watch *watch)
{
        struct builder_bases *b = memory_zalloc(1, sizeof(*b));

        b->workshop = w;
        b->policy = policy;
        if (watch)
                b->watch = *watch;
        pthread_mutex_init(&b->lock, NULL);
        return b;
}

void builder_bases_free(struct builder_bases *b)
{
        if (!b)
                return;
        for (size_t i = 0; i < b->count; i++) {
                builder_pull_free(b->entries[i]->pull);
                error_clear(&b->entries[i]->error);
                pthread_mutex_destroy(&b->entries[i]->lock);
                free(b->entries[i]->key);
                free(b->entries[i]);
        }
        free(b->entries);
        pthread_mutex_destroy(&b->lock);
        free(b);
}

static struct entry *ensure_entry(struct builder_bases *b, const struct builder_base *base)
{
        CLEANUP_BUFFER struct buffer key = BUFFER_INIT;
        struct entry *e = NULL;

        buffer_append_string(&key, base->text);
        if (base->platform) {
                buffer_append_char(&key, ' '); /* no reference has one */
                oci_platform_format(base->platform, &key);
        }
        pthread_mutex_lock(&b->lock);
        for (size_t i = 0; i < b->count && !e; i++)
                if (strcmp(b->entries[i]->key, key.data) == 0)
                        e = b->entries[i];
        if (!e) {
                e = memory_zalloc(1, sizeof(*e));
                e->key = buffer_steal(&key);
                pthread_mutex_init(&e->lock, NULL);
                memory_grow(&b->entries, &b->cap, b->count + 1, sizeof(struct entry *));
                b->entries[b->count++] = e;
        }
        pthread_mutex_unlock(&b->lock);
        return e;
}

/* --- what is told -------------------------------------------------------------------- */

static unsigned begin(struct builder_bases *b, const char *title)
{
        return b->watch.begin ? b->watch.begin(b->watch.context, title) : 0;
}

static void end(struct builder_bases *b, unsigned step, const struct error *err)
{
        if (b->watch.end)
                b->watch.end(b->watch.context, step, err);
}

struct transfer {
        struct builder_bases *bases;
        unsigned step;
};

static void tell_transfer(void *context, const char *name, uint64_t done, uint64_t total)
{
        const struct transfer *t = context;

        if (t->bases->watch.transfer)
                t->bases->watch.transfer(t->bases->watch.context, t->step, name, done, total);
}

static bool is_cancelled(void *context)
{
        const struct transfer *t = context;

        return t->bases->watch.is_cancelled && t->bases->watch.is_cancelled(t->bases->watch.context);
}

/* --- asking ---------------------------------------------------------------------------- */

/* Whatever the policy, an image that could not be had from elsewhere may be one that is here. */
static int explain(struct builder_bases *b, const struct builder_base *base, bool local, struct error *err)
{
        CLEANUP_FREE char *hint = NULL;

        if (err->code == ECANCELED)
                return -1;
        if (local)
                hint = memory_strdup("; the store has one of that name: --pull=missing takes it");
        else
                hint = builder_image_hint(b->workshop->store, base->text);
        if (hint) {
                CLEANUP_FREE char *message = memory_printf("%s%s", err->message, hint);
                int code = err->code;

                error_clear(err);
                return error_set(err, code, "%s", message);
        }
        return -1;
}

static int ask_registry(struct builder_bases *b, const struct builder_base *base, struct entry *e, bool local,
                        struct error *err)
{
        const struct builder_pull_find find = {.workshop = b->workshop,
                                               .text = base->text,
                                               .platform = base->platform,
                                               .local = local ? &e->id : NULL};
        CLEANUP_FREE char *title = memory_printf("[internal] load metadata for %s", base->text);
        unsigned step = begin(b, title);
        int result = builder_pull_find(&find, &e->pull, err);

        if (result < 0)
                (void)explain(b, base, local, err);
        end(b, step, result < 0 ? err : NULL);
        if (result == 0 && !e->pull)
                e->fetched = true; /* what the store has is what the registry has */
        else if (result == 0)
                e->id = *builder_pull_id(e->pull);
        return result;
}

/* With the entry's lock held: sets id, and pull if something is to be fetched. */
static int ask(struct builder_bases *b, const struct builder_base *base, struct entry *e, struct error *err)
{
        struct builder_local_image local;

        if (builder_image_find_local(b->workshop, base->text, base->platform, &local, err) < 0)
                return -1;
        e->id = local.id;
        e->fetched = local.found && (b->policy != BUILDER_PULL_ALWAYS || local.by_id);
        if (e->fetched)
                return 0;
        if (b->policy == BUILDER_PULL_NEVER || !b->workshop->registry)
                return builder_image_not_here(b->workshop->store, base->text, base->platform, &local, err);
        return ask_registry(b, base, e, local.found, err);
}

/* --- fetching ---------------------------------------------------------------------------- */

static int fetch(struct builder_bases *b, const struct builder_base *base, struct entry *e, struct error *err)
{
        struct transfer t = {b, base->step};
        const struct builder_pull_watch watch = {tell_transfer, is_cancelled, &t};
        CLEANUP_FREE char *title = memory_printf("pull %s", base->text);
        int result;

        if (!base->step)
                t.step = begin(b, title);
        result = builder_pull_fetch(e->pull, &watch, NULL, err);
        if (result == 0)
                result = builder_pull_tag(e->pull, base->platform != NULL, err);
        if (!base->step)
                end(b, t.step, result < 0 ? err : NULL);
        e->fetched = result == 0;
        return result;
}

/* An error that several callers get. */
static int tell_error(const struct entry *e, struct error *err)
{
        return error_set(err, e->error.code, "%s", e->error.message);
}

/* Returns with the entry locked, whatever comes of it. */
static struct entry *lock_entry(struct builder_bases *b, const struct builder_base *base, bool fetched)
{
        struct entry *e = ensure_entry(b, base);

        pthread_mutex_lock(&e->lock);
        if (!e->asked)
                (void)ask(b, base, e, &e->error);
        e->asked = true;
        if (fetched && !e->fetched && !error_is_set(&e->error))
                (void)fetch(b, base, e, &e->error);
        return e;
}

int builder_bases_image(struct builder_bases *b, const struct builder_base *base, struct sha256_digest *ret,
                        struct error *err)
{
        struct entry *e = lock_entry(b, base, true);
        int result = error_is_set(&e->error) ? tell_error(e, err) : 0;

        *ret = e->id;
        pthread_mutex_unlock(&e->lock);
        return result;
}

static int entry_config(struct builder_bases *b, const struct entry *e, struct oci_config **ret, struct error *err)
{
        if (error_is_set(&e->error))
                return tell_error(e, err);
        if (!e->pull)
                return oci_image_load_config(b->workshop->store, &e->id, ret, err);
        *ret = oci_config_copy(builder_pull_config(e->pull));
        return 0;
}

int builder_bases_config(struct builder_bases *b, const struct builder_base *base, struct oci_config **ret,
                         struct error *err)
{
        struct entry *e = lock_entry(b, base, false);
        int result = entry_config(b, e, ret, err);

        pthread_mutex_unlock(&e->lock);
        return result;
}

bool builder_bases_is_elsewhere(struct builder_bases *b, const struct builder_base *base)
{
        struct entry *e = lock_entry(b, base, false);
        bool elsewhere = e->pull && !e->fetched && !error_is_set(&e->error);

        pthread_mutex_unlock(&e->lock);
        return elsewhere;
}

int builder_bases_peek(struct builder_bases *b, const struct builder_base *base, struct oci_config **ret,
                       struct error *err)
{
        struct entry *e = ensure_entry(b, base);
        struct builder_local_image local;
        int result;

        pthread_mutex_lock(&e->lock);
        if (e->asked) {
                result = entry_config(b, e, ret, err);
        } else {
                result = builder_image_find_local(b->workshop, base->text, base->platform, &local, err);
                if (result == 0)
                        result = local.found ? oci_image_load_config(b->workshop->store, &local.id, ret, err)
                                             : error_set(err, ENOENT, "the image %s is not in the store", base->text);
        }
        pthread_mutex_unlock(&e->lock);
        return result;
}
