/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_URL_H
#define BRYO_OCI_URL_H

#include <stdbool.h>

#include "common/error.h"

/*
 * The parts of a URL with an authority (RFC 3986): scheme://[user@]host[:port][/path][?query][#fragment].
 * Stricter than the RFC: white space, control characters, quotes and backslashes, on whose meaning parsers disagree,
 * are refused anywhere, and a host has only letters, digits, ".-_" or is an IPv6 address in brackets.
 */
struct oci_url {
        char *scheme;   /* lower case */
        char *user;     /* as written, percent signs and all, or NULL */
        char *host;     /* lower case; an IPv6 address keeps its brackets */
        unsigned port;  /* 0: not written */
        char *path;     /* as written: "" or begins with '/' */
        char *query;    /* without '?', or NULL */
        char *fragment; /* without '#', or NULL */
};

#define OCI_URL_INIT                                                                                                   \
        {                                                                                                              \
                .scheme = NULL                                                                                         \
        }

/* Errors (EINVAL) show the URL without its user. */
int oci_url_parse(const char *text, struct oci_url *ret, struct error *err);
void oci_url_free(struct oci_url *url);
#define CLEANUP_URL __attribute__((cleanup(oci_url_free)))

/* The port, with the default of http, https, ssh and git; 0 for another scheme. */
unsigned oci_url_port(const struct oci_url *url);
/* Same scheme, host and port: who may see the same credentials (RFC 6454). */
bool oci_url_is_same_origin(const struct oci_url *a, const struct oci_url *b);
/* The URL without user and fragment: what goes over the wire and into messages. Heap text. */
char *oci_url_format(const struct oci_url *url);
/* Undoes percent encoding; a bad sequence stays as it is. Heap text; what is behind %00 is cut off. */
char *oci_url_decode(const char *text);
/* "Basic ..." for the user and password of the URL, or NULL without them. Heap text (RFC 7617). */
char *oci_url_basic(const struct oci_url *url);
/* The same for a user and password that stand for themselves. */
char *oci_url_basic_format(const char *user, const char *password);
/*
 * The URL that a reference means where `base` was asked: a Location or Link header (RFC 3986, section 5.2). EINVAL as
 * oci_url_parse.
 */
int oci_url_resolve(const struct oci_url *base, const char *text, struct oci_url *ret, struct error *err);
/* For a value in a query: all but unreserved characters as %XX. Heap text. */
char *oci_url_encode(const char *text);

#endif
