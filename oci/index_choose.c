/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing one manifest of an index. */
#include <errno.h>
#include <string.h>

#include "oci/manifest.h"
#include "oci/quote.h"

bool oci_index_is_attestation(const struct oci_descriptor *d)
{
        return (d->platform != NULL && d->platform->os != NULL && strcmp(d->platform->os, "unknown") == 0) ||
               oci_labels_find(&d->annotations, "vnd.docker.reference.type") != NULL;
}

static int fail(const char *what, const struct oci_index *x, const struct oci_platform *want, struct error *err)
{
        CLEANUP_BUFFER struct buffer wanted = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer there = BUFFER_INIT;
        char *quoted;

        oci_platform_format(want, &wanted);
        for (size_t i = 0; i < x->manifest_count; i++) {
                if (x->manifests[i].platform == NULL || oci_index_is_attestation(&x->manifests[i]))
                        continue;
                buffer_append_string(&there, there.size ? ", " : "");
                oci_platform_format(x->manifests[i].platform, &there);
        }
        quoted = oci_quote_bytes(buffer_text(&there), there.size);
        error_set(err, ENOENT, "%s has no image for %s; it has %s", what, buffer_text(&wanted),
                  there.size ? quoted : "none with a platform");
        free(quoted);
        return -1;
}

int oci_index_choose(const char *what, const struct oci_index *x, const struct oci_platform *want,
                     const struct oci_descriptor **ret, struct error *err)
{
        const struct oci_descriptor *best = NULL;
        const struct oci_descriptor *silent = NULL;
        size_t silent_count = 0;
        int best_rank = -1;

        for (size_t i = 0; i < x->manifest_count; i++) {
                const struct oci_descriptor *d = &x->manifests[i];
                int rank;

                if (oci_index_is_attestation(d))
                        continue;
                if (d->platform == NULL) {
                        silent = d;
                        silent_count++;
                        continue;
                }
                rank = oci_platform_rank(d->platform, want);
                if (rank >= 0 && (best == NULL || rank < best_rank)) {
                        best = d;
                        best_rank = rank;
                }
        }
        if (best == NULL && silent_count == 1)
                best = silent; /* skopeo and umoci write indexes without platforms; the config will tell */
        if (best == NULL)
                return fail(what, x, want, err);
        *ret = best;
        return 0;
}
