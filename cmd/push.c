/* SPDX-License-Identifier: Apache-2.0 */
/* bryo push */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder/index.h"
#include "builder/push.h"
#include "builder/workshop.h"
#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/output.h"
#include "cmd/pack_flags.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/transfers.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/reference.h"

struct push_flags {
        struct registry_flags registry;
        const char *root, *progress, *compression, *level, *format, *digest_file;
        bool quiet, all_tags, force, uncompressed;
};

/* --- where to ------------------------------------------------------------------- */

/* The full form of a destination. podman and skopeo write docker:// in front. */
static int add_destination(const char *text, struct strv *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;
        const char *name;

        if (cmd_name_check_remote(text, "bryo save -o PATH IMAGE", &name, err) < 0 ||
            oci_reference_parse(name, &ref, err) < 0)
                return -1;
        if (ref->has_digest)
                return error_set(err, OPTIONS_EUSAGE, "%s: a push names a tag; the digest is what the image has", name);
        oci_reference_format(ref, &full);
        strv_add(ret, full.data);
        return 0;
}

static int write_digest(const struct push_flags *f, const struct oci_descriptor *d, struct error *err)
{
        CLEANUP_OUTPUT struct cmd_output output = CMD_OUTPUT_INIT;
        char digest[OCI_DIGEST_TEXT + 1];

        if (!f->digest_file)
                return 0;
        oci_digest_format(&d->digest, digest);
        if (cmd_output_open(&output, f->digest_file, err) < 0)
                return -1;
        if (fd_write_all(output.fd, digest, strlen(digest)) < 0)
                return error_errno(err, errno, "cannot write %s", f->digest_file);
        return cmd_output_commit(&output, err);
}

/* As docker says it. */
static void print_pushed(const struct push_flags *f, const char *destination, const struct oci_descriptor *d)
{
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->digest, digest);
        if (f->quiet)
                printf("%s\n", destination);
        else
                printf("%s: digest: %s size: %llu\n", strrchr(destination, ':') + 1, digest,
                       (unsigned long long)d->size);
}

/* --- one image --------------------------------------------------------------------- */

struct job {
        const struct push_flags *flags;
        struct builder_workshop *workshop;
        const struct oci_pack_options *pack;
        struct cmd_transfers *transfers;
};

static int push_image(const struct job *j, const struct sha256_digest *image, const struct strv *destinations,
                      struct error *err)
{
        const struct builder_push_watch watch = cmd_transfers_push(j->transfers);
        const struct builder_push_options o = {.workshop = j->workshop,
                                               .image = image,
                                               .destinations = destinations,
                                               .pack = j->pack,
                                               .watch = &watch};
        CLEANUP_FREE char *title = memory_printf("push %s", destinations->items[0]);
        unsigned step = cmd_transfers_begin(j->transfers, title);
        struct builder_push_result pushed;
        int result = builder_push(&o, &pushed, err);

        cmd_transfers_end(j->transfers, step, result < 0 ? err : NULL);
        for (size_t i = 0; result == 0 && i < destinations->count; i++)
                print_pushed(j->flags, destinations->items[i], &pushed.manifest);
        if (result == 0)
                result = write_digest(j->flags, &pushed.manifest, err);
        oci_descriptor_clear(&pushed.manifest);
        return result;
}

static int push_index(const struct job *j, const struct builder_index_kept *kept, const struct strv *destinations,
                      struct error *err)
{
        const struct builder_push_watch watch = cmd_transfers_push(j->transfers);
        CLEANUP_BUILDER_INDEX struct builder_index index = BUILDER_INDEX_INIT;
        CLEANUP_FREE struct oci_pack_options *packs = memory_zalloc(kept->count, sizeof(*packs));
        const struct builder_index_options o = {
                .workshop = j->workshop, .images = kept->images, .packs = packs, .count = kept->count};
        CLEANUP_FREE char *title = memory_printf("push %s for %zu platforms", destinations->items[0], kept->count);
        unsigned step = cmd_transfers_begin(j->transfers, title);
        int result;

        for (size_t i = 0; i < kept->count; i++)
                packs[i] = *j->pack;
        result = builder_index_remake(&o, &kept->index, &index, err);
        if (result == 0)
                result = builder_index_push(&o, &index, destinations, false, &watch, err);
        cmd_transfers_end(j->transfers, step, result < 0 ? err : NULL);
        for (size_t i = 0; result == 0 && i < destinations->count; i++)
                print_pushed(j->flags, destinations->items[i], &index.descriptor);
        if (result == 0)
                result = write_digest(j->flags, &index.descriptor, err);
        return result;
}

static int push_image_or_index(const struct job *j, const struct sha256_digest *image, const struct strv *destinations,
                               struct error *err)
{
        CLEANUP_BUILDER_INDEX_KEPT struct builder_index_kept kept = BUILDER_INDEX_KEPT_INIT;

        if (builder_index_find(j->workshop->store, image, &kept, err) < 0)
                return -1;
        builder_index_tell(&kept, destinations->items[0], j->workshop->log);
        return builder_index_goes_whole(&kept) ? push_index(j, &kept, destinations, err)
                                               : push_image(j, image, destinations, err);
}

static int push_named(const struct job *j, const char *name, const char *to, struct error *err)
{
        CLEANUP_STRV struct strv destinations = STRV_INIT;
        CLEANUP_FREE char *full = NULL;
        struct sha256_digest id;

        if (oci_image_resolve(j->workshop->store, name, &id, &full, err) < 0)
                return -1;
        if (!to && !full)
                return error_set(err, OPTIONS_EUSAGE, "%s is no name to push to: say where, bryo push %s NAME", name,
                                 name);
        if (add_destination(to ? to : full, &destinations, err) < 0)
                return -1;
        return push_image_or_index(j, &id, &destinations, err);
}

/* --all-tags: every tag of the repository, an image with several of them once. */
static int push_tags(const struct job *j, const char *name, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *wanted = NULL;
        struct oci_ref *refs = NULL;
        size_t count = 0, pushed = 0;
        int result;

        if (oci_reference_parse(name, &wanted, err) < 0)
                return -1;
        result = oci_store_ref_list(j->workshop->store, &refs, &count, err);
        for (size_t i = 0; result == 0 && i < count; i++) {
                CLEANUP_REFERENCE struct oci_reference *ref = NULL;
                CLEANUP_STRV struct strv destinations = STRV_INIT;

                result = oci_reference_parse(refs[i].name, &ref, err);
                if (result < 0 || strcmp(ref->domain, wanted->domain) != 0 || strcmp(ref->path, wanted->path) != 0)
                        continue;
                strv_add(&destinations, refs[i].name);
                result = push_image_or_index(j, &refs[i].image, &destinations, err);
                pushed++;
        }
        oci_refs_free(refs, count);
        return result == 0 && pushed == 0 ? error_set(err, ENOENT, "the store has no image named %s", name) : result;
}

/* --- the verb ------------------------------------------------------------------------- */

static int read_pack(const struct push_flags *f, struct oci_pack_options *ret, struct error *err)
{
        static const struct oci_pack_options usual = OCI_PACK_DEFAULT;

        *ret = usual;
        ret->force = f->force;
        if (f->format && strcmp(f->format, "docker") != 0 && strcmp(f->format, "v2s2") != 0 &&
            strcmp(f->format, "oci") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--format %s: the formats are oci and docker", f->format);
        if (f->format) {
                ret->docker_types = strcmp(f->format, "oci") != 0;
                ret->oci_types = !ret->docker_types;
        }
        if (cmd_pack_compression("--compression", f->uncompressed ? "none" : f->compression, ret, err) < 0)
                return -1;
        return cmd_pack_level("--compression-level", f->level, ret, err);
}

static int push_words(const struct push_flags *f, const struct strv *words, const struct oci_pack_options *pack,
                      struct cmd_progress *p, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_STRV struct strv names = STRV_INIT;
        const struct log log = cmd_progress_log(p);
        struct oci_registry_options registry;
        struct cmd_transfers transfers;
        struct oci_registry *r;
        const struct job j = {f, &w, pack, &transfers};
        int result;

        if (registry_flags_read(&f->registry, &registry, err) < 0)
                return -1;
        registry.log = &log;
        registry.names = &names;
        /* a layer that is not here comes from where the image came from: that is somebody else's registry */
        strv_add(&names, cmd_name_bare(words->items[words->count > 1 ? 1 : 0]));
        r = oci_registry_new(&registry);
        oci_registry_start(r);
        if (cmd_store_open(f->root, &log, &store, err) < 0 || builder_workshop_open(&w, store, &log, err) < 0) {
                oci_registry_free(r);
                return -1;
        }
        w.registry = r;
        cmd_transfers_open(&transfers, p, 0);
        result = f->all_tags ? push_tags(&j, words->items[0], err)
                             : push_named(&j, words->items[0], words->count > 1 ? words->items[1] : NULL, err);
        cmd_transfers_close(&transfers);
        builder_workshop_close(&w); /* before the store */
        return result;
}

static int push(const struct push_flags *f, const struct strv *words, struct error *err)
{
        struct oci_pack_options pack;
        struct cmd_progress *p;
        int result;

        if (f->all_tags && (words->count > 1 || f->digest_file))
                return error_set(err, OPTIONS_EUSAGE,
                                 "--all-tags takes one repository, and neither a destination nor --digestfile");
        if (read_pack(f, &pack, err) < 0 || cmd_transfers_progress(f->progress, f->quiet, &p, err) < 0)
                return -1;
        result = push_words(f, words, &pack, p, err);
        cmd_progress_free(p);
        return result;
}

static int parse_and_push(struct push_flags *f, char *const *argv, struct error *err)
{
        const struct option_row rows[] = {
                {"all-tags", 'a', OPTION_SWITCH, &f->all_tags, NULL, "Push all tags of the repository"},
                {"compression", 0, OPTION_TEXT, &f->compression, "HOW",
                 "Of layers built here: gzip (default), zstd or none"},
                {"compression-format", 0, OPTION_TEXT, &f->compression, "HOW", "The same as --compression"},
                {"compression-level", 0, OPTION_TEXT, &f->level, "N", "0 to 9 for gzip, 0 to 22 for zstd"},
                {"digestfile", 0, OPTION_TEXT, &f->digest_file, "FILE",
                 "Write the digest of what was pushed to a file"},
                {"disable-compression", 'D', OPTION_SWITCH, &f->uncompressed, NULL, "The same as --compression none"},
                {"force-compression", 0, OPTION_SWITCH, &f->force, NULL,
                 "Also compress the layers anew that were pulled"},
                {"format", 'f', OPTION_TEXT, &f->format, "oci|docker",
                 "The media types (default: those it came with, or OCI's)"},
                {"progress", 0, OPTION_TEXT, &f->progress, "MODE", "auto, tty, plain or quiet (default: auto)"},
                {"quiet", 'q', OPTION_SWITCH, &f->quiet, NULL, "Print only the name"},
                CMD_ROOT_ROW(&f->root),
                CMD_REGISTRY_ROWS(&f->registry),
        };
        const struct option_table table = {
                .usage = "bryo push [OPTIONS] IMAGE [DESTINATION]",
                .about = "Brings an image to a registry, under its name or another. What the registry has already is "
                         "not sent again.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, 2, &words, &done, err) < 0)
                return -1;
        return done ? 0 : push(f, &words, err);
}

int cmd_push(char *const *argv, struct error *err)
{
        struct push_flags f = {.root = NULL};
        int result = parse_and_push(&f, argv, err);

        registry_flags_free(&f.registry);
        return result;
}
