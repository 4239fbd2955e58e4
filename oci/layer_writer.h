/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_LAYER_WRITER_H
#define BRYO_OCI_LAYER_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "oci/entry.h"

/*
 * Writes a layer tar in bryo's canonical form: doc/layer.md has the rules, and
 * each has a test with golden bytes. The same entries give the same bytes, for
 * ever: a change of the form is a new OCI_LAYER_WRITER_VERSION.
 *
 * The caller gives entries in canonical order (each directory: its entry, the opaque marker,
 * whiteouts, children; names bytewise ascending) and every ancestor but the root before its
 * children; the writer refuses another order.
 */
#define OCI_LAYER_WRITER_VERSION 1

/* Takes the next bytes of the tar; a failure (with its error) fails the call that wrote. */
typedef int oci_write_function(void *context, const void *bytes, size_t size, struct error *err);

struct oci_layer_writer;

/* `write` and `context` are used until the writer is freed. */
struct oci_layer_writer *oci_layer_writer_new(oci_write_function *write, void *context);
void oci_layer_writer_free(struct oci_layer_writer *w);

/*
 * Begins an entry: writes its headers. Of `e` the extents and mtime_ns are ignored (times are whole seconds), and for
 * whiteouts and opaque markers everything but `path`. A file's `size` bytes must follow through
 * oci_layer_writer_body before the next entry. EINVAL (naming the path) for what no layer can hold: a name that starts
 * with
 * ".wh.", ".." or an empty component, an xattr name with '=', a time or device number out of range, an entry out of
 * order.
 */
int oci_layer_writer_entry(struct oci_layer_writer *w, const struct oci_entry *e, struct error *err);
/* Bytes of the current file's body; more than announced is EINVAL. Padding is written by itself. */
int oci_layer_writer_body(struct oci_layer_writer *w, const void *bytes, size_t size, struct error *err);
/*
 * The same without the bytes: they and the padding are counted, and `write` sees neither. For who needs only the headers, and the
 * places in the tar.
 */
int oci_layer_writer_skip(struct oci_layer_writer *w, uint64_t size, struct error *err);
/* Ends the tar with two zero blocks. A body that is too short is EINVAL. Nothing may follow. */
int oci_layer_writer_finish(struct oci_layer_writer *w, struct error *err);
/* Bytes written so far: after an entry, where its body starts. */
uint64_t oci_layer_writer_offset(const struct oci_layer_writer *w);

#endif
