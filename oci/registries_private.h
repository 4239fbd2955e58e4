/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRIES_PRIVATE_H
#define BRYO_OCI_REGISTRIES_PRIVATE_H

/* What the files about registries become in memory; for oci/registries*.c alone. */

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/log.h"
#include "oci/labels.h"
#include "oci/registries.h"

enum registries_use { REGISTRIES_ALL, REGISTRIES_BY_DIGEST, REGISTRIES_BY_TAG };

/* [[registry.mirror]] */
struct registries_mirror {
        char *location; /* host[:port][/path] */
        bool insecure;
        enum registries_use use;
};

/* [[registry]] */
struct registries_rule {
        char *prefix;   /* host[:port][/path], or *.host; owned */
        char *location; /* NULL: as the prefix */
        char *origin;   /* the file, for messages */
        bool insecure;
        bool blocked;
        struct registries_mirror *mirrors;
        size_t count;
        size_t cap;
};

/* All files together. */
struct registries_conf {
        struct registries_rule *rules;
        size_t count;
        size_t cap;
        struct oci_labels aliases;
        char *searched; /* the file with unqualified-search-registries other than docker.io alone; or NULL */
};

/* Reads registries.conf and the drop-ins into `ret`, which is empty. What is not followed is told. */
int registries_conf_load(const struct log *log, struct registries_conf *ret, struct error *err);
void registries_conf_free(struct registries_conf *c);
/* The rule with the longest matching prefix for "host/path", or NULL; *ret_size is how much of the name it matched. */
const struct registries_rule *registries_conf_find(const struct registries_conf *c, const char *name, size_t *ret_size);

/* How much of "host[:port]/path" a rule's prefix matches; 0: nothing. */
size_t registries_conf_match(const char *prefix, const char *name);

/* The certificates for a host ("docker.io", "localhost:5000"): of `cert_dir`, or of the first certs.d directory that it
 * has. */
int registries_certs_load(const char *cert_dir, const char *host, struct oci_registries_endpoint *ret,
                          struct error *err);
/* Says so where containerd is told something about the host, which is not read: mirrors and authorities that a user counts on. */
void registries_certs_tell(const struct log *log, const char *host);
/* Those of flags, HOST=FILE and HOST=CERTIFICATE,KEY: in addition, and instead. */
int registries_certs_add(const struct strv *authorities, const struct strv *clients, const char *host,
                         struct oci_registries_endpoint *ret, struct error *err);
/* EINVAL for a text that is none of these. */
int registries_certs_check(const struct strv *authorities, const struct strv *clients, struct error *err);

#endif
