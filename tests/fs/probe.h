/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_FS_PROBE_H
#define BRYO_TESTS_FS_PROBE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/unit/check.h"

/*
 * The file system probe: a static program that the tests put into an image and
 * run there, as root and as USER app, over a real mount (tests/e2e/fs-lib.sh).
 * A topic is one file; each of its probes holds one promise of doc/union.md and
 * goes through these phases, each in a RUN of its own, in a directory of
 * its own below /fs/UID:
 *
 *   below, middle   lay what the promise is tried on, in two layers: the files are
 *                   then lower ones, the directories lower, merged or opaque
 *   live            changes them, and verifies
 *   sealed          a later RUN of the same build: verifies what was left
 *   reloaded        the image was saved, loaded in another store and is a base: verifies
 *
 * `verify` must not leave changes. Each function runs in a child process, so that
 * working directory, umask and identity are its own, and with umask 022.
 */
enum probe_phase { PROBE_BELOW, PROBE_MIDDLE, PROBE_LIVE, PROBE_SEALED, PROBE_RELOADED };

struct probe {
        const char *name; /* as in doc/union.md, behind the topic: TOPIC/NAME */
        void (*below)(void);
        void (*middle)(void);
        void (*live)(void);
        void (*verify)(void);
};

struct probe_topic {
        const char *name;
        const struct probe *probes;
        size_t count;
        const int *failures; /* the counter of check.h in the topic's file */
};

#define PROBE_TOPIC(symbol, title, list)                                                                               \
        const struct probe_topic symbol = {                                                                            \
                .name = (title), .probes = (list), .count = ARRAY_SIZE(list), .failures = &check_failures_}

/* The topics, each in its own file. */
extern const struct probe_topic probe_links, probe_open_files, probe_renames, probe_trees, probe_names, probe_identity,
        probe_dirs, probe_listing, probe_bytes, probe_holes, probe_large, probe_copies, probe_maps, probe_owners,
        probe_modes, probe_times, probe_xattrs, probe_acl, probe_caps, probe_special, probe_locks;

enum probe_phase probe_phase(void);
bool probe_is_root(void);

/* What follows ends the probe as failed where the plain operation is refused. */
int probe_open(const char *path, int flags, mode_t mode);
/* Makes or replaces (O_TRUNC) a file of this text. */
void probe_put(const char *path, const char *text);
void probe_append(const char *path, const char *text);
void probe_mkdir(const char *path);
struct stat probe_stat(const char *path); /* of a symlink itself */
/* The file's text, at most 4000 bytes of it, or the message of why it cannot be read. Never freed: probes are short. */
const char *probe_get(const char *path);
bool probe_exists(const char *path);
/* The names of a directory but the dots, sorted, each followed by a blank; or the message. */
const char *probe_list(const char *path);
/* A number that one phase keeps for a later one, in a file called NAME. */
void probe_keep(const char *name, unsigned long long number);
unsigned long long probe_kept(const char *name);
/* Runs `body` in a child; as `uid` and `gid` without other groups where the caller is root. Its exit status. */
int probe_in_child(void (*body)(void), uid_t uid, gid_t gid);

/* The error of a call that returns -1 for one; 0 if it did not. */
#define CHECK_ERROR(call, error)                                                                                       \
        do {                                                                                                           \
                errno = 0;                                                                                             \
                const int failed_ = (call) == -1 ? errno : 0;                                                          \
                if (failed_ != (error)) {                                                                              \
                        check_report_(__FILE__, __LINE__, #call);                                                      \
                        printf("#   is       %s\n#   expected %s\n", strerror(failed_), strerror(error));              \
                }                                                                                                      \
        } while (0)

#endif
