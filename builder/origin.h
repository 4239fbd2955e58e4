/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_ORIGIN_H
#define BRYO_BUILDER_ORIGIN_H

#include "builder/job.h"
#include "common/buffer.h"

/*
 * Where files of a build come from, opened from the one word that the command line has for it (docker's "build
 * context"):
 *
 *     DIRECTORY                 of the host: read in place
 *     -                         standard input: a tar, plain or packed, or a Dockerfile
 *     http://... https://...    a tar, plain or packed, or a Dockerfile
 *     a git repository          as builder/git_url.h has it
 */
struct builder_origin {
        struct builder_source *source; /* owned; empty when the thing was a Dockerfile */
        bool is_url;         /* http or https: what -f says beside a Dockerfile does not matter */
        bool is_directory;   /* of the host: ignore files apply, and paths of the command line may lie in it */
        bool has_dockerfile; /* the thing was a Dockerfile, this: */
        struct buffer dockerfile;
        struct builder_time made; /* not known of a directory and standard input */
        char *shown; /* for messages: no credentials. Owned */
};

#define BUILDER_ORIGIN_INIT                                                                                            \
        {                                                                                                              \
                .source = NULL                                                                                         \
        }

/* `may_be_dockerfile`: what is no tar is taken for a Dockerfile; else it is an error. */
int builder_origin_open(struct builder_job *job, const char *text, bool may_be_dockerfile, struct builder_origin *ret,
                        struct error *err);
void builder_origin_free(struct builder_origin *o);
#define CLEANUP_ORIGIN __attribute__((cleanup(builder_origin_free)))

/* Appends the bytes of an http or https URL, at most `limit`: a Dockerfile that is named by -f. */
int builder_origin_read_url(struct builder_job *job, const char *url, size_t limit, struct buffer *ret,
                            struct error *err);

#endif
