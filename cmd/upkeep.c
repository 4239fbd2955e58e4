/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the store to a size. */
#include "cmd/upkeep.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/prune.h"
#include "builder/usage.h"
#include "cmd/options.h"
#include "cmd/units.h"
#include "dockerfile/value.h"

#define VARIABLE "BRYO_KEEP_STORAGE"

static int find_size(bool *ret_wanted, uint64_t *ret, struct error *err)
{
        const char *text = getenv(VARIABLE);

        *ret_wanted = text && text[0] != '\0';
        if (*ret_wanted && !dockerfile_size_parse(text, ret))
                return error_set(err, OPTIONS_EUSAGE, VARIABLE "=%s: write a size such as 20g", text);
        return 0;
}

int cmd_upkeep_check(struct error *err)
{
        bool wanted;
        uint64_t size;

        return find_size(&wanted, &size, err);
}

static int prune(struct oci_store *store, const struct log *log, uint64_t size, struct error *err)
{
        const struct builder_prune_options o = {
                .store = store,
                .log = log,
                .has_max_size = true,
                .max_size = size,
                .keep_images = true,
                .nowait = true,
        };
        struct builder_prune_result pruned;
        CLEANUP_BUFFER struct buffer freed = BUFFER_INIT;

        if (builder_prune(&o, &pruned, err) < 0)
                return -1;
        cmd_units_format_size(pruned.bytes, 4, &freed);
        log_print(log, LOG_INFO,
                  "the store was over $" VARIABLE ": %zu cached steps and %zu cache mounts went, %s are free again",
                  pruned.steps, pruned.caches, buffer_text(&freed));
        return 0;
}

void cmd_upkeep_run(struct oci_store *store, const struct log *log)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        uint64_t size = 0, used = 0;
        bool wanted;

        if (find_size(&wanted, &size, &err) < 0 || !wanted)
                return;
        if (builder_usage_of_objects(store, &used, &err) < 0 || (used > size && prune(store, log, size, &err) < 0)) {
                if (err.code != EWOULDBLOCK)
                        log_print(log, LOG_WARNING, "the store was not kept to $" VARIABLE ": %s", err.message);
        }
}
