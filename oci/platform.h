/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_PLATFORM_H
#define BRYO_OCI_PLATFORM_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"

/* What an image runs on, in Go's words (OCI image-spec image-index.md, "platform"). Strings are heap strings or NULL.
 */
struct oci_platform {
        char *architecture;
        char *os;
        char *os_version;
        char *variant;
        struct strv os_features;
};

/* Reads "os/arch[/variant]", "arch" or "os" as --platform takes it, with Docker's aliases (x86_64, aarch64, armhf,
 * macos). */
int oci_platform_parse(const char *text, struct oci_platform **ret, struct error *err);
/* This machine. */
struct oci_platform *oci_platform_host(void);
/* One spelling for each: arm64 and amd64 without v8 and v1, which they are anyway; arm with v7 (containerd's platforms.Normalize). */
void oci_platform_normalize(struct oci_platform *p);
struct oci_platform *oci_platform_copy(const struct oci_platform *p);
void oci_platform_free(struct oci_platform *p);
void oci_platform_cleanup(struct oci_platform **p);
#define CLEANUP_PLATFORM __attribute__((cleanup(oci_platform_cleanup)))
/* Appends os/arch[/variant]. */
void oci_platform_format(const struct oci_platform *p, struct buffer *ret);

/*
 * How well something made for `have` runs on `want`, as containerd's platforms.Only orders it: 0 best, then the next
 * lower variants (arm v8 v7 v6 v5, amd64 v4 v3 v2 v1), 32-bit arm on an arm64 machine last; -1: not at all. os.version
 * and os.features are not looked at: they matter to Windows only.
 */
int oci_platform_rank(const struct oci_platform *have, const struct oci_platform *want);

#endif
