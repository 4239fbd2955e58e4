/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_STORE_H
#define BRYO_OCI_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"

/*
 * The store on disk: files and atomic renames, no database.
 *
 *     format                "bryo-store 1\n"; a newer one is refused untouched
 *     lock                  the gate between builds (shared) and prune (exclusive)
 *     blobs/sha256/HEX      immutable bytes by digest: manifests, configs, layer tars, compressed layers
 *     images/HEX            one record for each image, by config digest (oci/image.h)
 *     indexes/NAME          the overlay indexes of layers
 *     data/NAME             the bodies of sealed steps and copied files
 *     steps/KEY             step records, opaque here
 *     refs/NAME             one file for each tag
 *     digests/NAME          what the files of a context were hashed to (builder/digest_cache.h), where bodies lie
 *                           (builder/body_table.h), what SHA-256 was within layers (builder/tar_states.h); made when needed
 *     downloads/KEY         what is known of a URL, opaque here
 *     partial/HEX           blobs that are being downloaded, or were when that was cut: the next one goes on there
 *     caches/NAME           the directories of RUN --mount=type=cache, opaque here; NAME.lock holds their locks
 *     compressed/NAME       which blob is the compressed form of a layer (oci/compressed.h)
 *     builds/ID             what a build said, opaque here; grows while the build goes on
 *     parts/NAME            what the steps of a Dockerfile were made of, opaque here
 *     quarantine/AREA-NAME  objects that were damaged
 *     lists/NAME            indexes that are being put together (builder/manifest_list.h), opaque here
 *     tmp/RANDOM/           scratch of one process, with a `lock` it holds
 *     tmp/step.KEY          there while some process executes that step, which holds a lock on it
 *
 * Directories are 0700 and files 0600 whatever the umask. A directory that belongs to
 * somebody else, or that others may write, is refused. All access is relative to open directories.
 *
 * Objects are written in scratch and renamed: under a final name there are only
 * whole objects, save for a power cut after a write that was not synced (see oci_store_sync).
 * Opening a store writes nothing unless it is new or a dead process left scratch behind.
 * A handle may be used by several threads at once.
 *
 * Messages name the path and the cause; for a full disk, a quota, a read-only file system and missing
 * permission also what can be done.
 */
struct oci_store;

/* Opens the store in directory `root`, making it (and its parents) if it is not there. `log` may be NULL. */
int oci_store_open(const char *root, const struct log *log, struct oci_store **ret, struct error *err);
/* Removes this handle's scratch. NULL is fine. */
void oci_store_close(struct oci_store *s);
void oci_store_cleanup(struct oci_store **s);
#define CLEANUP_STORE __attribute__((cleanup(oci_store_cleanup)))

/* The directory as it was given, for messages; its descriptor, for *at() calls. Both borrowed. */
const char *oci_store_path(const struct oci_store *s);
int oci_store_fd(const struct oci_store *s);
/* What open was given. */
const struct log *oci_store_log(const struct oci_store *s);
/* Bytes and inodes the user may still fill. */
int oci_store_free_space(const struct oci_store *s, uint64_t *ret_bytes, uint64_t *ret_inodes, struct error *err);

/* ---- objects ---------------------------------------------------------- */

enum oci_store_area {
        OCI_STORE_BLOBS,   /* names are 64 hex characters */
        OCI_STORE_IMAGES,  /* the same */
        OCI_STORE_INDEXES, /* names are [A-Za-z0-9_][A-Za-z0-9_.%-]{0,249} here and below */
        OCI_STORE_DATA,
        OCI_STORE_STEPS,
        OCI_STORE_REFS,
        OCI_STORE_DIGESTS,
        OCI_STORE_DOWNLOADS, /* made at its first use in stores that are older */
        OCI_STORE_CACHES, /* made at its first use in stores that are older */
        OCI_STORE_PARTIAL, /* likewise; names are digests in hex. What is here is neither whole nor checked */
        OCI_STORE_COMPRESSED, /* the same */
        OCI_STORE_BUILDS,     /* likewise; see oci_store_log_create */
        OCI_STORE_PARTS,      /* likewise */
        OCI_STORE_QUARANTINE, /* likewise; what was found damaged, out of the way */
        OCI_STORE_LISTS,      /* likewise */
        OCI_STORE_AREAS,      /* how many there are */
};

/* The area's directory as a path inside the store: "blobs/sha256". */
const char *oci_store_area_name(enum oci_store_area area);

/* True if there. A bad name is simply not there. */
bool oci_store_has(struct oci_store *s, enum oci_store_area area, const char *name);
/* Opens for reading; *ret_size may be NULL. ENOENT is err->code when it is not there. */
int oci_store_open_object(struct oci_store *s, enum oci_store_area area, const char *name, int *ret_fd,
                          uint64_t *ret_size, struct error *err);
/* Appends the whole object (at most OCI_LIMIT_RECORD bytes). ENOENT as above. */
int oci_store_load(struct oci_store *s, enum oci_store_area area, const char *name, struct buffer *ret,
                   struct error *err);
/* Writes a small object and renames it over an old one; the same bytes already there: nothing is written. Not synced.
 */
int oci_store_save(struct oci_store *s, enum oci_store_area area, const char *name, const void *bytes, size_t size,
                   struct error *err);
/*
 * Notes that an object was used, in its mtime, so that what was used least recently can be found. Within a day of the last note
 * nothing is written; a failure is none: the object only looks older.
 */
void oci_store_touch(struct oci_store *s, enum oci_store_area area, const char *name);
/* Removes one object; one that is not there is fine. */
int oci_store_remove(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err);
/* Moves one object to OCI_STORE_QUARANTINE, where nothing looks for it; an object that is not there is fine. */
int oci_store_quarantine(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err);
/*
 * Makes an object last over a power cut: fsyncs the file and, once for each area and handle since the last rename
 * into it, the directory. Already synced through this handle: no system call.
 */
int oci_store_sync(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err);
/*
 * Tells the kernel to begin writing an object's bytes to the disk, without waiting, because oci_store_sync comes soon:
 * what is computed meanwhile costs nothing then. Only a hint, so nothing can fail.
 */
void oci_store_begin_sync(struct oci_store *s, enum oci_store_area area, const char *name);

/* What oci_store_each tells about an object. */
struct oci_store_object {
        const char *name;
        uint64_t size; /* bytes */
        uint64_t disk; /* bytes allocated; less than size after punching */
        int64_t mtime;
        int64_t used; /* the same in nanoseconds; oci_store_touch moves it */
};
typedef int oci_store_object_function(void *context, const struct oci_store_object *o, struct error *err);
/* Calls `each` for every object of an area, sorted by name; objects that vanish meanwhile are left out. A failure of
 * `each` ends it. */
int oci_store_each(struct oci_store *s, enum oci_store_area area, oci_store_object_function *each, void *context,
                   struct error *err);

/*
 * A new object of OCI_STORE_BUILDS, open for appending: the one kind that has its name before it is whole, so that what was
 * written is there however the writer ends. The descriptor is locked (flock(2)) until it is closed. EEXIST if there is one.
 */
int oci_store_log_create(struct oci_store *s, const char *name, int *ret_fd, struct error *err);
/* Whether somebody is still writing the object behind a descriptor of it; false where the file system cannot lock. */
bool oci_store_log_is_growing(int fd);

/*
 * A new object while it is written: a file in scratch that becomes NAME of an area, or vanishes. Write to the
 * descriptor as you like (it is open for reading and writing), then commit.
 */
struct oci_store_file;
int oci_store_file_create(struct oci_store *s, enum oci_store_area area, struct oci_store_file **ret,
                          struct error *err);
int oci_store_file_fd(const struct oci_store_file *f);
/* Names it. If NAME is there already the new file is dropped and the old one stands (immutable objects are equal). Only
 * free may follow. */
int oci_store_file_commit(struct oci_store_file *f, const char *name, struct error *err);
/* Closes; removes what was not committed. NULL is fine. */
void oci_store_file_free(struct oci_store_file *f);
void oci_store_file_cleanup(struct oci_store_file **f);
#define CLEANUP_STORE_FILE __attribute__((cleanup(oci_store_file_cleanup)))

/* ---- blobs ------------------------------------------------------------ */

bool oci_store_blob_has(struct oci_store *s, const struct sha256_digest *digest);
int oci_store_blob_open(struct oci_store *s, const struct sha256_digest *digest, int *ret_fd, uint64_t *ret_size,
                        struct error *err);
/* Appends a whole blob of at most `limit` bytes after checking its digest: EBADMSG when the bytes are not what the name
 * says. */
int oci_store_blob_load(struct oci_store *s, const struct sha256_digest *digest, size_t limit, struct buffer *ret,
                        struct error *err);
/* Stores bytes; nothing is written when they are there. *ret_digest may be NULL. */
int oci_store_blob_save(struct oci_store *s, const void *bytes, size_t size, struct sha256_digest *ret_digest,
                        struct error *err);
/* Commits a file of area OCI_STORE_BLOBS whose digest the caller computed while writing. */
int oci_store_blob_commit(struct oci_store_file *f, const struct sha256_digest *digest, struct error *err);
int oci_store_blob_sync(struct oci_store *s, const struct sha256_digest *digest, struct error *err);
int oci_store_blob_remove(struct oci_store *s, const struct sha256_digest *digest, struct error *err);

/*
 * A blob on its way into the store: the file partial/HEX, which stays when the download is cut, so that the next one
 * goes on there, in this process or another. One at a time has it: others wait until it is whole or given up. Where the file
 * system cannot lock it is a file of its own that goes with the handle. The caller holds the shared gate.
 */
struct oci_store_partial;
/* *ret is NULL when the blob is in the store (perhaps since it was waited for). */
int oci_store_partial_open(struct oci_store *s, const struct sha256_digest *digest, struct oci_store_partial **ret,
                           struct error *err);
/* For reading and writing; what is there already is some beginning of the blob, or, after a power cut, anything. */
int oci_store_partial_fd(const struct oci_store_partial *p);
/* Names it, its digest checked by the caller, and lets go of it. Only free may follow. */
int oci_store_partial_commit(struct oci_store_partial *p, struct error *err);
/* Lets go of it and removes it: its bytes are not what anybody wants. Only free may follow. */
void oci_store_partial_drop(struct oci_store_partial *p);
/* Lets go of it; what was not committed stays for the next one, unless it is empty. NULL is fine. */
void oci_store_partial_free(struct oci_store_partial *p);
void oci_store_partial_cleanup(struct oci_store_partial **p);
#define CLEANUP_STORE_PARTIAL __attribute__((cleanup(oci_store_partial_cleanup)))

/* ---- tags -------------------------------------------------------------- */

/* What a tag names. */
struct oci_ref {
        char *name;                 /* full form: docker.io/library/x:latest */
        struct sha256_digest image; /* config digest: the image ID */
};

/* `name` is the full form of oci_reference_format, without digest. *ret_found tells; *ret_image is set if found. */
int oci_store_ref_find(struct oci_store *s, const char *name, bool *ret_found, struct sha256_digest *ret_image,
                       struct error *err);
/*
 * Moves the tag, durably: when it returns 0 the tag survives a power cut. What the image needs must have been synced
 * before. The tag already names that image: no write, no fsync. *ret_changed may be NULL.
 */
int oci_store_ref_set(struct oci_store *s, const char *name, const struct sha256_digest *image, bool *ret_changed,
                      struct error *err);
/* *ret_found may be NULL. */
int oci_store_ref_remove(struct oci_store *s, const char *name, bool *ret_found, struct error *err);
/* All tags, sorted by name. The caller frees with oci_refs_free. */
int oci_store_ref_list(struct oci_store *s, struct oci_ref **ret, size_t *ret_count, struct error *err);
/* The tag in one object of OCI_STORE_REFS; the caller frees ret->name. */
int oci_store_ref_load(struct oci_store *s, const char *object, struct oci_ref *ret, struct error *err);
void oci_refs_free(struct oci_ref *refs, size_t count);

/* ---- locks and scratch -------------------------------------------------- */

enum oci_gate {
        OCI_GATE_SHARED,    /* builds, runs, loads: whoever relies on objects staying */
        OCI_GATE_EXCLUSIVE, /* prune's sweep */
};
/*
 * Takes the gate; waits for it unless `nowait`, then EWOULDBLOCK. Closing *ret_fd releases it. Where the file system
 * cannot lock, SHARED logs a line and goes on with *ret_fd = -1, EXCLUSIVE fails (oci_store_lacks_locks tells).
 */
int oci_store_gate(struct oci_store *s, enum oci_gate mode, bool nowait, int *ret_fd, struct error *err);
/* Whether this errno of flock(2) says that the file system has no locks, as NFS without its lock service. */
bool oci_store_lacks_locks(int code);

/*
 * A lock of its own on an object of OCI_STORE_CACHES: the file NAME.lock beside it, made if missing, locked with
 * flock(2). Without `wait` it fails with EWOULDBLOCK. Closing *ret_fd releases it. Where the file system cannot lock, *ret_fd is
 * -1 and the log says so. The caller holds the shared gate: prune removes lock files.
 */
int oci_store_cache_lock(struct oci_store *s, const char *name, bool exclusive, bool wait, int *ret_fd,
                         struct error *err);

/*
 * The right to execute the step with this key (hex), for one thread of one process on all hosts. EWOULDBLOCK while another has
 * it; it is given back by oci_store_step_unlock, or by the kernel when the holder dies. Where the file system cannot lock,
 * *ret_fd is -1 and the log says so.
 */
int oci_store_step_lock(struct oci_store *s, const char *key, int *ret_fd, struct error *err);
/* Nothing for -1. */
void oci_store_step_unlock(struct oci_store *s, const char *key, int fd);

/* This handle's scratch directory (made at the first call): a descriptor borrowed until close. Everything in it goes
 * with the handle. */
int oci_store_scratch(struct oci_store *s, int *ret_fd, struct error *err);
/*
 * Removes scratch of dead processes: those whose lock can be taken; with `idle`, which says that no other process uses the
 * store, also those where the file system has no locks. Done by open as well, without.
 */
int oci_store_scratch_sweep(struct oci_store *s, bool idle, struct error *err);

#endif
