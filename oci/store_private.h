/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_STORE_PRIVATE_H
#define BRYO_OCI_STORE_PRIVATE_H

#include <pthread.h>

#include "oci/labels.h"
#include "oci/store.h"

/* What the files of the store share; nobody else includes this. */

#define OCI_STORE_TMP       "tmp"
#define OCI_STORE_STEP_LOCK "step." /* + KEY, in tmp: whoever holds its lock executes that step */

struct oci_store {
        char *path;
        int root_fd;
        const struct log *log;
        pthread_mutex_t lock;                   /* guards everything below */
        int area_fds[OCI_STORE_AREAS];          /* opened at first use */
        bool directory_synced[OCI_STORE_AREAS]; /* no rename into it through this handle since its last fsync */
        struct oci_labels synced;               /* "AREA/NAME" of objects that were synced */
        int scratch_fd;                         /* -1 until something is written */
        int scratch_lock_fd;
        char *scratch_name;
        unsigned long long counter; /* names of files in scratch */
};

/* The area's directory, borrowed. */
int oci_store_area_open(struct oci_store *s, enum oci_store_area area, int *ret_fd, struct error *err);
/* After a rename into (or unlink from) the area: its directory needs an fsync again. */
void oci_store_area_touch(struct oci_store *s, enum oci_store_area area);
/* fsyncs the area's directory unless nothing changed since the last time. */
int oci_store_area_sync(struct oci_store *s, enum oci_store_area area, struct error *err);
/* True if `name` may be a name in the area. */
bool oci_store_name_is_valid(enum oci_store_area area, const char *name);

/* "cannot OPERATION STORE/INSIDE: cause: what to do". `name` may be NULL. Returns -1. */
int oci_store_fail(const struct oci_store *s, int code, const char *operation, const char *inside, const char *name,
                   struct error *err);

/* A directory of our own below `dirfd`: opened without following links, refused when it is not ours alone. `make`:
 * mkdir before. */
int oci_store_directory_open(const struct oci_store *s, int dirfd, const char *name, bool make, int *ret_fd,
                             struct error *err);
/* A new file for writing and reading, 0600 whatever the umask. */
int oci_store_file_open_new(int dirfd, const char *name);
/* Like oci_store_save, with fsync of the file before the rename when `durable`. *ret_changed may be NULL. */
int oci_store_replace(struct oci_store *s, enum oci_store_area area, const char *name, const void *bytes, size_t size,
                      bool durable, bool *ret_changed, struct error *err);
/* fsync of what is written so far. */
int oci_store_file_sync(struct oci_store_file *f, struct error *err);

/* 32 random hex characters and a NUL; -1 with errno. */
int oci_store_random_name(char ret[33]);
/*
 * True when NAME stands for the open file: neither removed nor made anew since. It is the name that is asked, not the
 * count of links: NFS keeps a removed file that is open as `.nfsXXXX`, with its link, and answers ESTALE where another
 * host removed it.
 */
bool oci_store_is_named(int dirfd, const char *name, int fd);
/* Removes the step lock NAME of the open directory tmp if its holder is dead, or the file system has no locks. Returns 0 or an errno. */
int oci_store_step_sweep(int tmp, const char *name);
/* Removes this handle's scratch at close. */
void oci_store_scratch_close(struct oci_store *s);

#endif
