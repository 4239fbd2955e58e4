/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: what a step changed becomes an index; its bytes, without the dead ones, a source. */
#include "overlay/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "overlay/data.h"

static int check_sealable(struct overlay_tree *tree, struct error *err)
{
        if (tree->sealed)
                return error_set(err, EINVAL, "cannot seal a tree twice");
        if (tree->sessions > 0)
                return error_set(err, EBUSY, "cannot seal a tree while its file system is still mounted");
        if (error_is_set(&tree->failure))
                return error_set(err, tree->failure.code, "cannot seal: %s", tree->failure.message);
        return 0;
}

static int fail(struct overlay_tree *tree, int rc, struct error *err)
{
        if (rc == -ENAMETOOLONG)
                return error_set(err, ENAMETOOLONG, "cannot seal: directories nest deeper than %d", INDEX_DEPTH_MAX);
        if (error_is_set(&tree->failure))
                return error_set(err, -rc, "cannot seal: %s", tree->failure.message);
        return error_errno(err, -rc, "cannot seal");
}

static void write_sources(const struct overlay_tree *tree, struct overlay_index_writer *writer,
                          const struct overlay_emission *emission)
{
        for (uint32_t i = 0; i < emission->source_count; i++) {
                uint32_t number = emission->source_order[i];
                const struct overlay_source *source = tree->sources[number];

                overlay_index_writer_source(writer, overlay_source_name(source), overlay_source_size(source),
                                            emission->source_used[number]);
        }
}

static int finish(struct overlay_tree *tree, struct overlay_index_writer *writer, const char *name,
                  struct overlay_emission *emission, struct overlay_seal_result *ret, struct error *err)
{
        struct overlay_index_numbers numbers = {0};

        if (!tree->options.layer) {
                numbers.ino_base = tree->ino_base;
                numbers.ino_next = tree->next_ino;
                memcpy(numbers.stack, tree->stack_id, sizeof(numbers.stack));
        }
        ret->has_data = emission->live_count > 0;
        if (overlay_data_trim(tree, emission->live, emission->live_count, &ret->data_used, err) < 0)
                return -1;
        ret->data_size = tree->data.tail;
        write_sources(tree, writer, emission);
        return overlay_index_writer_finish(writer, name, &numbers, &ret->index_digest, &ret->index_size, err);
}

/* The lock is held. */
static int seal(struct overlay_tree *tree, int dirfd, const char *name, bool always, struct overlay_seal_result *ret,
                struct error *err)
{
        struct overlay_emission emission = {0};
        struct overlay_index_writer *writer;
        int rc;

        if (check_sealable(tree, err) < 0)
                return -1;
        tree->sealed = true;
        rc = overlay_seal_mark(tree, &ret->root_changed);
        if (rc < 0)
                return fail(tree, rc, err);
        ret->empty = !ret->root_changed && (tree->root->flags & (NODE_EMIT_PATH | NODE_OPAQUE)) == 0;
        if (ret->empty && !always)
                return overlay_data_trim(tree, NULL, 0, &ret->data_used, err);
        writer = overlay_index_writer_new(dirfd);
        rc = overlay_seal_emit(tree, writer, ret->root_changed, &emission, ret);
        if (rc < 0)
                rc = fail(tree, rc, err);
        else
                rc = finish(tree, writer, name, &emission, ret, err);
        overlay_index_writer_free(writer);
        free(emission.live);
        free(emission.source_numbers);
        free(emission.source_used);
        free(emission.source_order);
        return rc;
}

int overlay_tree_seal(struct overlay_tree *tree, int dirfd, const char *name, bool always,
                      struct overlay_seal_result *ret, struct error *err)
{
        int rc;

        *ret = (struct overlay_seal_result){.data_fd = -1};
        overlay_tree_lock(tree);
        rc = seal(tree, dirfd, name, always, ret, err);
        ret->data_fd = tree->data.fd;
        memcpy(ret->data_name, tree->data.name, sizeof(ret->data_name));
        overlay_tree_unlock(tree);
        if (ret->dropped_sockets > 0)
                log_print(tree->options.log, LOG_INFO, "sockets left out: %u (a layer cannot hold them)",
                          ret->dropped_sockets);
        return rc;
}
