/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_INDEX_WRITE_H
#define BRYO_OVERLAY_INDEX_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/sha256.h"
#include "overlay/index_read.h"

/*
 * Writing an index, record by record; internal to overlay/. Each table grows
 * in memory and spills into an unlinked file below `dirfd` once it is large, so the writer
 * stays small for a million records. The order of records is the caller's
 * duty (overlay/index_format.h). I/O errors and limits are remembered and
 * reported by finish.
 */
struct overlay_index_writer;

/* `dirfd` is borrowed until free. */
struct overlay_index_writer *overlay_index_writer_new(int dirfd);
void overlay_index_writer_free(struct overlay_index_writer *writer);

/* Each returns the number of the record, or the offset of the string. */
uint32_t overlay_index_writer_inode(struct overlay_index_writer *writer, const struct index_inode *inode);
uint32_t overlay_index_writer_dirent(struct overlay_index_writer *writer, const char *name, size_t size, uint8_t kind,
                                     uint32_t inode);
uint32_t overlay_index_writer_extent(struct overlay_index_writer *writer, const struct overlay_extent *extent);
uint32_t overlay_index_writer_source(struct overlay_index_writer *writer, const char *name, uint64_t size,
                                     uint64_t used);
uint32_t overlay_index_writer_link(struct overlay_index_writer *writer, uint32_t dir, uint32_t dirent);
uint32_t overlay_index_writer_unresolved(struct overlay_index_writer *writer, uint32_t inode);
uint32_t overlay_index_writer_string(struct overlay_index_writer *writer, const void *bytes, size_t size);
/* Replaces a record written before. */
void overlay_index_writer_patch_inode(struct overlay_index_writer *writer, uint32_t number,
                                      const struct index_inode *inode);
uint32_t overlay_index_writer_count(const struct overlay_index_writer *writer, enum index_table table);

struct overlay_index_numbers {
        uint64_t ino_base;
        uint64_t ino_next;
        uint8_t stack[INDEX_STACK_SIZE];
};

/* Writes the file `name`, which must not exist, below dirfd. On failure it is removed again. */
int overlay_index_writer_finish(struct overlay_index_writer *writer, const char *name,
                                const struct overlay_index_numbers *numbers, struct sha256_digest *ret_digest,
                                uint64_t *ret_size, struct error *err);

#endif
