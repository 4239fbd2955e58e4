/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_NAMED_H
#define BRYO_BUILDER_NAMED_H

#include "builder/job.h"

/*
 * Named contexts (--build-context NAME=VALUE, docker buildx): wherever a Dockerfile says NAME for a stage or an image,
 * it gets VALUE instead: a directory, http(s) tar or git repository (files), or docker-image://REF or
 * oci-layout://DIR[:TAG][@DIGEST] (an image). "NAME::os/arch" is for that platform only and comes first. Each is opened
 * when something first asks for it.
 */
struct builder_named;

/* Reads the flags' values. `platform` is what is built for, NULL: this machine. Errors name the flag. */
int builder_named_new(const struct strv *texts, const struct oci_platform *platform, struct builder_named **ret,
                      struct error *err);
void builder_named_free(struct builder_named *n);

/* Whether a name of the Dockerfile (a stage's, or an image reference) is one of them. `n` may be NULL. */
bool builder_named_has(const struct builder_named *n, const char *name);

/*
 * What it stands for: *ret_source (borrowed, lives as long as `job`) for files, else NULL and `ret_image` holds the
 * image (to be freed by the caller). Only for names it has.
 */
int builder_named_open(struct builder_job *job, const char *name, struct builder_source **ret_source,
                       struct builder_state *ret_image, struct error *err);

/* When the files of one were made (not known of an image), and the files, NULL for an image. Only for names it has. */
int builder_named_made(struct builder_job *job, const char *name, struct builder_source **ret_source, struct builder_time *ret,
                       struct error *err);

#endif
