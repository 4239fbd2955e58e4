/* SPDX-License-Identifier: Apache-2.0 */
/* `bryo build --push`, --output type=registry: the image goes to the registries of its names. */
#include "builder/push.h"
#include "cmd/build_output.h"
#include "cmd/name.h"
#include "cmd/transfers.h"
#include "common/memory.h"

struct oci_registry *build_output_registry(const struct build_output *o, const struct build_product *product,
                                           const struct strv *destinations)
{
        struct oci_registry_options options = *product->registry;
        struct oci_registry *r;

        options.log = product->log;
        options.names = destinations;
        if (o->insecure)
                options.tls = OCI_REGISTRY_TLS_OFF;
        r = oci_registry_new(&options);
        oci_registry_start(r);
        return r;
}

static int push(const struct build_output *o, const struct build_product *product, const struct strv *destinations,
                const struct builder_push_watch *watch, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_BUILD_PACKING struct build_packing packing = {.annotations = {0}};
        struct builder_push_options options = {.workshop = &w,
                                               .image = product->image,
                                               .destinations = destinations,
                                               .by_digest = o->by_digest,
                                               .keep_tags = product->keep_tags,
                                               .pack = &packing.pack,
                                               .watch = watch};
        struct builder_push_result pushed;
        int result;

        if (build_output_packing(o, product->store, product->image, &packing, err) < 0 ||
            builder_workshop_open(&w, product->store, product->log, err) < 0)
                return -1;
        w.registry = build_output_registry(o, product, destinations);
        result = builder_push(&options, &pushed, err);
        oci_descriptor_clear(&pushed.manifest);
        return result;
}

int build_output_push(const struct build_output *o, const struct build_product *product, struct error *err)
{
        CLEANUP_STRV struct strv destinations = STRV_INIT;
        CLEANUP_FREE char *title = NULL;
        struct builder_push_watch watch;
        struct cmd_transfers transfers;
        unsigned step;
        int result;

        if (cmd_name_parse_all(o->names.count > 0 ? &o->names : product->tags, &destinations, err) < 0)
                return -1;
        cmd_transfers_open(&transfers, product->progress, product->steps);
        watch = cmd_transfers_push(&transfers);
        title = memory_printf("push %s", destinations.items[0]);
        step = cmd_transfers_begin(&transfers, title);
        result = push(o, product, &destinations, &watch, err);
        cmd_transfers_end(&transfers, step, result < 0 ? err : NULL);
        cmd_transfers_close(&transfers);
        return result;
}
