/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_HANDLERS_DATA_H
#define BRYO_OVERLAY_HANDLERS_DATA_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 314
#endif
#include <fuse_lowlevel.h>

#include "overlay/tree_ops.h"

/* The handlers that move contents: bytes of files and names of directories. Entries of the table in handlers.c. */
void overlay_handlers_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void overlay_handlers_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void overlay_handlers_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void overlay_handlers_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                            struct fuse_file_info *fi);
void overlay_handlers_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                                struct fuse_file_info *fi);
void overlay_handlers_copy_file_range(fuse_req_t req, fuse_ino_t in, off_t in_offset, struct fuse_file_info *in_fi,
                                      fuse_ino_t out, off_t out_offset, struct fuse_file_info *out_fi, size_t size,
                                      int flags);
void overlay_handlers_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void overlay_handlers_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void overlay_handlers_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);

/* What the kernel is told of a node. */
void overlay_handlers_fill_stat(const struct overlay_attr *attr, struct stat *ret);
void overlay_handlers_fill_entry(const struct overlay_attr *attr, struct fuse_entry_param *ret);

#endif
