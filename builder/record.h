/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RECORD_H
#define BRYO_BUILDER_RECORD_H

#include <stdbool.h>
#include <time.h>

#include "builder/chain.h"

/*
 * What the step cache remembers of one executed step, in OCI_STORE_STEPS under
 * the step's key in hex. Lines of "word value", the first "bryo-step 1":
 *
 *     identity HEX       what the chain is called with this step on top
 *     created SEC NSEC   when it was sealed; the time of its history entry
 *     made SEC           when it was executed, for --cache-ttl; absent in old records: as `created`
 *     boot ID            the boot (and host) that wrote it
 *     durable            its files were synced, or it has none: it holds in any boot
 *     index NAME         absent: the step changed nothing
 *     data NAME          each data file it made; none: its bodies all lie in other sources
 *     diff HEX SIZE WRITER   known once an image needed it, or at once if the step changed nothing
 *     blob HEX SIZE TYPE     the form in which the layer came from a registry's cache, and ...
 *     origin REPOSITORY      ... each "registry/repository" that has it
 *     title TEXT         the instruction, for people
 *
 * Or, after the first line, only `same KEY`: another key of the same step, whose
 * record is the one to read.
 *
 * Records are not fsynced. After a crash of the machine a record can be whole
 * while its data file is zeros, so in another boot only a durable record is believed;
 * others are verified against their diff ID, or are a miss.
 */
struct builder_record {
        struct sha256_digest identity;
        struct timespec created;
        int64_t made;               /* when the step was executed; `created` may be SOURCE_DATE_EPOCH */
        char *boot;                 /* owned */
        struct builder_layer layer; /* layer.step is the key in hex, layer.durable is kept here too */
        char *title;  /* owned */
};

#define BUILDER_RECORD_INIT { .boot = NULL }

/* *ret_found is false when there is none, or when its files are gone (told in the log). */
int builder_record_load(struct builder_workshop *w, const struct sha256_digest *key, struct builder_record *ret,
                        bool *ret_found, struct error *err);
/* The same without the log: *ret_reason says why a record that is there cannot be used; else it is NULL. */
int builder_record_examine(struct builder_workshop *w, const struct sha256_digest *key, struct builder_record *ret,
                           bool *ret_found, const char **ret_reason, struct error *err);
/* The one reason that is no damage; compared as a pointer. */
extern const char builder_record_other_boot[];
int builder_record_save(struct builder_workshop *w, const struct sha256_digest *key, const struct builder_record *record,
                        struct error *err);
/* Lets `key` mean the step that `same` is the key of. */
int builder_record_save_alias(struct builder_workshop *w, const struct sha256_digest *key,
                              const struct sha256_digest *same, struct error *err);
void builder_record_free(struct builder_record *record);
#define CLEANUP_RECORD __attribute__((cleanup(builder_record_free)))

/* This boot of this machine, as the records carry it; heap text. */
char *builder_record_boot(void);

#endif
