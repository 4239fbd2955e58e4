/* SPDX-License-Identifier: Apache-2.0 */
/* Between the store's names of images and the user's. */
#include "cmd/name.h"

#include <errno.h>
#include <string.h>

#include "cmd/options.h"
#include "common/memory.h"
#include "oci/reference.h"

char *cmd_name_familiar(const char *full)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (oci_reference_parse(full, &reference, &err) < 0)
                return memory_strdup(full);
        oci_reference_format_familiar(reference, &text);
        return buffer_steal(&text);
}

int cmd_name_parse_tag(const char *text, char **ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;

        if (oci_reference_parse(text, &reference, err) < 0)
                return -1;
        if (reference->has_digest)
                return error_set(err, EINVAL, "%s cannot become a name: a digest is not given to an image, it has one",
                                 text);
        oci_reference_format(reference, &full);
        *ret = buffer_steal(&full);
        return 0;
}

const char *cmd_name_bare(const char *text)
{
        static const char transport[] = "docker://";

        return strncmp(text, transport, strlen(transport)) == 0 ? text + strlen(transport) : text;
}

int cmd_name_check_remote(const char *text, const char *instead, const char **ret, struct error *err)
{
        static const char *const transports[] = {"containers-storage:", "dir:", "docker-archive:",
                                                 "docker-daemon:",      "oci:", "oci-archive:"};

        *ret = cmd_name_bare(text);
        for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
                if (strncmp(text, transports[i], strlen(transports[i])) == 0)
                        return error_set(err, OPTIONS_EUSAGE, "%s names no registry: write %s", text, instead);
        return 0;
}

int cmd_name_parse_all(const struct strv *texts, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < texts->count; i++) {
                CLEANUP_REFERENCE struct oci_reference *reference = NULL;
                CLEANUP_BUFFER struct buffer full = BUFFER_INIT;

                if (oci_reference_parse(texts->items[i], &reference, err) < 0)
                        return -1;
                oci_reference_format(reference, &full);
                if (!strv_has(ret, buffer_text(&full)))
                        strv_add(ret, buffer_text(&full));
        }
        return 0;
}

char *cmd_name_id(const struct sha256_digest *id, bool whole)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(id, hex);
        return whole ? memory_printf("sha256:%s", hex) : memory_strndup(hex, 12);
}
