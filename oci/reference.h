/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REFERENCE_H
#define BRYO_OCI_REFERENCE_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/sha256.h"

/*
 * The name of an image, normalised as Docker does it (grammar and rules:
 * distribution/reference, reference.go and normalize.go):
 *
 *     busybox                      docker.io/library/busybox:latest
 *     diamol/base:2                docker.io/diamol/base:2
 *     localhost:5000/x@sha256:...  localhost:5000/x@sha256:...
 *
 * The part before the first '/' is a registry when it has a '.' or ':' in it,
 * is "localhost", or has an upper-case letter. Tag and digest may both be
 * given: the digest decides which image, the tag is kept for printing.
 */
struct oci_reference {
        char *domain; /* "docker.io", "localhost:5000"; never NULL */
        char *path;   /* "library/busybox"; never NULL */
        char *tag;    /* "latest" when neither tag nor digest was given; NULL only beside a digest */
        bool has_digest;
        struct sha256_digest digest; /* valid if has_digest */
};

/*
 * Reads a reference. EINVAL for what is not one; the message says why and, where
 * one letter case is all that is wrong, what was meant: "repository name must be
 * lower case: did you mean diamol/base?". 64 hex characters alone are an image ID
 * and refused here. The caller frees *ret.
 */
int oci_reference_parse(const char *text, struct oci_reference **ret, struct error *err);
struct oci_reference *oci_reference_copy(const struct oci_reference *r);
void oci_reference_free(struct oci_reference *r);
void oci_reference_cleanup(struct oci_reference **r);
#define CLEANUP_REFERENCE __attribute__((cleanup(oci_reference_cleanup)))

/* True for a valid tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}. */
bool oci_reference_tag_is_valid(const char *tag);

/* Appends the full form: domain/path[:tag][@digest]. The name under which the store keeps it. */
void oci_reference_format(const struct oci_reference *r, struct buffer *ret);
/* Appends the form users type: without docker.io/ and library/. With tag and digest. */
void oci_reference_format_familiar(const struct oci_reference *r, struct buffer *ret);
/* Appends only the familiar repository ("busybox", "localhost:5000/x"): the REPOSITORY column of `image ls`. */
void oci_reference_format_repository(const struct oci_reference *r, struct buffer *ret);

#endif
