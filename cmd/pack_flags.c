/* SPDX-License-Identifier: Apache-2.0 */
/* How layers are compressed, as the command line says it. */
#include "cmd/pack_flags.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd/options.h"

static int usage(const char *what, const char *text, struct error *err)
{
        err->code = OPTIONS_EUSAGE;
        return error_wrap(err, "%s %s", what, text);
}

int cmd_pack_compression(const char *what, const char *text, struct oci_pack_options *ret, struct error *err)
{
        if (!text)
                return 0;
        if (oci_compression_parse(text, &ret->compress.compression, err) < 0)
                return usage(what, text, err);
        return 0;
}

int cmd_pack_level(const char *what, const char *text, struct oci_pack_options *ret, struct error *err)
{
        char *end;
        long level;

        if (!text)
                return 0;
        errno = 0;
        level = strtol(text, &end, 10);
        if (errno != 0 || end == text || *end != '\0' || level < 0 || level > 100)
                return error_set(err, OPTIONS_EUSAGE,
                                 "%s %s: a level is a number, 0 to 9 for gzip and 0 to 22 for zstd", what, text);
        ret->compress.level = (int)level;
        return oci_compress_check(&ret->compress, err) < 0 ? usage(what, text, err) : 0;
}
