/* SPDX-License-Identifier: Apache-2.0 */
/* bryo rmi, bryo image rm: names and image records go; their bytes go with bryo prune. */
#include <errno.h>
#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/failures.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"

/* The names that an image has, in full. */
static int names_of(struct oci_store *store, const struct sha256_digest *id, struct strv *ret, struct error *err)
{
        struct oci_ref *refs = NULL;
        size_t count = 0;

        if (oci_store_ref_list(store, &refs, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (sha256_equal(&refs[i].image, id))
                        strv_add(ret, refs[i].name);
        oci_refs_free(refs, count);
        return 0;
}

static int untag(struct oci_store *store, const char *name, struct error *err)
{
        CLEANUP_FREE char *familiar = cmd_name_familiar(name);

        if (oci_store_ref_remove(store, name, NULL, err) < 0)
                return -1;
        printf("Untagged: %s\n", familiar);
        return 0;
}

/* Looks again after the names went: one that came meanwhile keeps the image. */
static int remove_unnamed(struct oci_store *store, const struct sha256_digest *id, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_FREE char *text = cmd_name_id(id, true);

        if (names_of(store, id, &names, err) < 0)
                return -1;
        if (names.count > 0)
                return 0;
        if (oci_image_remove(store, id, err) < 0)
                return -1;
        printf("Deleted: %s\n", text);
        return 0;
}

static int remove_by_id(struct oci_store *store, const struct sha256_digest *id, bool force, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (names_of(store, id, &names, err) < 0)
                return -1;
        if (names.count > 1 && !force) {
                CLEANUP_FREE char *text = cmd_name_id(id, false);
                CLEANUP_FREE char *first = cmd_name_familiar(names.items[0]);
                CLEANUP_FREE char *second = cmd_name_familiar(names.items[1]);

                return error_set(
                        err, EBUSY,
                        "cannot remove the image %s: it has %zu names (%s, %s%s); remove those, or use --force", text,
                        names.count, first, second, names.count > 2 ? ", ..." : "");
        }
        for (size_t i = 0; i < names.count; i++)
                if (untag(store, names.items[i], err) < 0)
                        return -1;
        return remove_unnamed(store, id, err);
}

static int remove_one(struct oci_store *store, const char *text, bool force, struct error *err)
{
        CLEANUP_FREE char *name = NULL;
        struct sha256_digest id;

        if (oci_image_resolve(store, text, &id, &name, err) < 0)
                return -1;
        if (!name)
                return remove_by_id(store, &id, force, err);
        return untag(store, name, err) < 0 ? -1 : remove_unnamed(store, &id, err);
}

static int remove_images(const char *root, const struct strv *images, bool force, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct cmd_failures failures = {.code = 0};
        CLEANUP_FD int gate = -1;

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0 ||
            oci_store_gate(store, OCI_GATE_SHARED, false, &gate, err) < 0)
                return -1;
        for (size_t i = 0; i < images->count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (remove_one(store, images->items[i], force, &one) < 0 && !(force && one.code == ENOENT))
                        cmd_failures_add(&failures, &one);
        }
        return cmd_failures_end(&failures, err);
}

int cmd_rm(char *const *argv, struct error *err)
{
        const char *root = NULL;
        bool force = false;
        const struct option_row rows[] = {
                {"force", 'f', OPTION_SWITCH, &force, NULL,
                 "Remove an image with all its names; a missing one is no error"},
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo image rm [OPTIONS] IMAGE...",
                .about = "Removes names, and images whose last name goes. bryo prune gives their space back.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, CMD_ARGUMENTS_MANY, &words, &done, err) < 0)
                return -1;
        return done ? 0 : remove_images(root, &words, force, err);
}
