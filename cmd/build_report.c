/* SPDX-License-Identifier: Apache-2.0 */
/* The words and files at the end of a build. */
#include "cmd/build_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder/pack.h"
#include "cmd/name.h"
#include "cmd/output.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json_writer.h"

static int write_file(const char *path, const char *text, size_t size, struct error *err)
{
        CLEANUP_OUTPUT struct cmd_output output = CMD_OUTPUT_INIT;

        if (cmd_output_open(&output, path, err) < 0)
                return -1;
        if (fd_write_all(output.fd, text, size) < 0)
                return error_errno(err, errno, "cannot write %s", path);
        return cmd_output_commit(&output, err);
}

static int join_names(const struct strv *tags, struct buffer *ret, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (cmd_name_parse_all(tags, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                buffer_printf(ret, "%s%s", i > 0 ? "," : "", names.items[i]);
        return 0;
}

static void add_descriptor(struct oci_json_writer *w, const struct oci_descriptor *d)
{
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->digest, digest);
        oci_descriptor_format(w, "containerimage.descriptor", d);
        oci_json_add_string(w, "containerimage.digest", digest);
}

static int format_metadata(const struct build_report *r, const struct oci_descriptor *d, struct buffer *ret, struct error *err)
{
        CLEANUP_FREE char *ref = memory_printf("bryo/bryo/%s", r->build); /* BUILDER/NODE/ID: bryo is its own builder and node */
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(ret);
        char config[OCI_DIGEST_TEXT + 1];

        if (join_names(r->tags, &names, err) < 0)
                return -1;
        oci_digest_format(r->image, config);
        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "buildx.build.ref", ref);
        if (!r->index)
                oci_json_add_string(&w, "containerimage.config.digest", config);
        add_descriptor(&w, d);
        oci_json_add_string_if(&w, "image.name", buffer_text(&names));
        oci_json_end_object(&w);
        return 0;
}

static int write_metadata(const struct build_report *r, const struct oci_descriptor *d, const char *path, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (format_metadata(r, d, &text, err) < 0)
                return -1;
        return write_file(path, text.data, text.size, err);
}

/* docker.io/library/app@sha256:..., the tag left out, as what follows a push names what was pushed. */
static int write_names(const struct build_report *r, const char *digest, const char *path, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < r->tags->count; i++) {
                CLEANUP_REFERENCE struct oci_reference *reference = NULL;

                if (oci_reference_parse(r->tags->items[i], &reference, err) < 0)
                        return -1;
                buffer_printf(&text, "%s/%s@%s\n", reference->domain, reference->path, digest);
        }
        return write_file(path, buffer_text(&text), text.size, err);
}

/* What is about the manifest, which exists only because somebody asks. */
static int write_about_manifest(const struct build_report *r, const struct oci_descriptor *d, struct error *err)
{
        const struct build_flags *f = r->flags;
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->digest, digest);
        if (f->metadata_file && write_metadata(r, d, f->metadata_file, err) < 0)
                return error_wrap(err, "--metadata-file");
        if (f->digest_file && write_file(f->digest_file, digest, strlen(digest), err) < 0)
                return error_wrap(err, "--digest-file");
        if (f->name_file && write_names(r, digest, f->name_file, err) < 0)
                return error_wrap(err, "--image-name-with-digest-file");
        return 0;
}

/* The manifest as the first output that has one writes it. */
static int describe(const struct build_report *r, struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_BUILD_PACKING struct build_packing packing = { .annotations = { 0 } };

        if (r->index) {
                oci_descriptor_copy(ret, r->index);
                return 0;
        }
        if (build_output_packing(build_outputs_find_manifest(r->outputs), r->store, r->image, &packing, err) < 0)
                return -1;
        return builder_pack_describe(r->store, r->log, r->image, &packing.pack, ret, err);
}

static int write_files(const struct build_report *r, const char *id, struct error *err)
{
        const struct build_flags *f = r->flags;
        const char *hex = strchr(id, ':') + 1;
        struct oci_descriptor d = { .media_type = NULL };
        int result;

        if (f->iidfile && write_file(f->iidfile, id, strlen(id), err) < 0)
                return error_wrap(err, "--iidfile");
        if (f->iidfile_raw && write_file(f->iidfile_raw, hex, strlen(hex), err) < 0)
                return error_wrap(err, "--iidfile-raw");
        if (!f->metadata_file && !f->digest_file && !f->name_file)
                return 0;
        result = describe(r, &d, err);
        if (result == 0)
                result = write_about_manifest(r, &d, err);
        oci_descriptor_clear(&d);
        return result;
}

int build_report_write(const struct build_report *r, struct error *err)
{
        char id[OCI_DIGEST_TEXT + 1];

        oci_digest_format(r->index ? &r->index->digest : r->image, id);
        if (write_files(r, id, err) < 0)
                return -1;
        if (r->flags->quiet)
                fprintf(r->stdout_taken ? stderr : stdout, "%s\n", id);
        cmd_progress_result(r->progress, id, r->tags);
        return 0;
}
