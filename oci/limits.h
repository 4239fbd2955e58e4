/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_LIMITS_H
#define BRYO_OCI_LIMITS_H

/*
 * Every limit this room puts on what comes from outside, in one place, each
 * with its reason. An error that refuses something names the limit.
 */

/* JSON: containerd and the registries cap manifests at 4 MiB; configs with long histories stay far below. */
#define OCI_LIMIT_JSON_SIZE (4u * 1024 * 1024)
/* A config nests 5 deep; deeper input is only good for exhausting stacks. */
#define OCI_LIMIT_JSON_DEPTH 64
/* Values in one document; bounds memory, at worst some 600 bytes for each. */
#define OCI_LIMIT_JSON_VALUES 200000

/* Docker's overlay2 stops at 128 layers, containerd's snapshotters near 500. */
#define OCI_LIMIT_LAYERS 1000
/* An index of indexes exists (save of many images); deeper nesting does not. */
#define OCI_LIMIT_INDEX_DEPTH 3
/* Manifests in one index or one layout. */
#define OCI_LIMIT_INDEX_MANIFESTS 1000

/* Members of one tar: ten times what the largest honest images hold in a layer. */
#define OCI_LIMIT_TAR_ENTRIES 4000000u
/* One extended header (PAX `x`, GNU `L` or `K`): Go's archive/tar has the same limit. */
#define OCI_LIMIT_TAR_EXTENDED (1024u * 1024)
/* Linux: PATH_MAX - 1 and NAME_MAX; what is longer could not be looked up by anybody. */
#define OCI_LIMIT_PATH 4095u
#define OCI_LIMIT_NAME 255u
/* Linux: XATTR_NAME_MAX and XATTR_SIZE_MAX; the count keeps a hostile header from making a node huge. */
#define OCI_LIMIT_XATTRS     1024u
#define OCI_LIMIT_XATTR_NAME 255u
#define OCI_LIMIT_XATTR_SIZE 65536u
/* Data regions of one sparse file. */
#define OCI_LIMIT_SPARSE 262144u
/* Bytes of one file, and of one uncompressed tar: 8 EiB arithmetic must stay in int64_t. */
#define OCI_LIMIT_FILE_SIZE (1ull << 50)
#define OCI_LIMIT_TAR_SIZE  (1ull << 52)

/*
 * A compressed stream may grow to FREE + RATIO * (compressed bytes read so
 * far). Real layers reach 3:1 to 20:1; gzip can do 1032:1, zstd and xz more,
 * which a few MiB turn into a full disk.
 */
#define OCI_LIMIT_EXPANSION_FREE  (1ull << 30)
#define OCI_LIMIT_EXPANSION_RATIO 200u

/* Store: repositories remembered for one layer, from which a push can mount it. */
#define OCI_LIMIT_ORIGINS 8
/* Store: one record (step, image, reference). */
#define OCI_LIMIT_RECORD (64u * 1024 * 1024)

/* Files of users about registries: config.json and auth.json, registries.conf and its drop-ins, certificates. */
#define OCI_LIMIT_AUTH_FILE   (1024u * 1024)
#define OCI_LIMIT_REGISTRIES  (1024u * 1024)
#define OCI_LIMIT_CERTIFICATE (1024u * 1024)
/* Drop-ins of one directory, and files of one directory of certificates. */
#define OCI_LIMIT_REGISTRIES_FILES 256u
/* Parts of a key, and arrays in arrays, of a TOML document: these files need three. */
#define OCI_LIMIT_TOML_DEPTH 16u
/* What a credential helper may say: a user, a secret and a URL (docker-credential-helpers, credentials/credentials.go). */
#define OCI_LIMIT_HELPER_ANSWER (64u * 1024)
#define OCI_LIMIT_HELPER_NAME   64u

/* Distribution: a repository path has at most 255 characters, a tag 128. */
#define OCI_LIMIT_REPOSITORY 255u
#define OCI_LIMIT_TAG        128u

/*
 * Registries. A manifest is a JSON document and has that limit. An error's body is read for its sentence only. Tokens
 * are JWTs of a few KiB; a header that carries one must stay below what proxies take (8 to 16 KiB, nginx, Go: 1 MiB).
 */
#define OCI_LIMIT_ERROR_BODY (64u * 1024)
#define OCI_LIMIT_TOKEN_BODY (1024u * 1024)
#define OCI_LIMIT_TOKEN      (32u * 1024)
#define OCI_LIMIT_CHALLENGES 16u
/* Redirects of one request: a registry, its storage, the storage's region. containerd and curl stop at 10 as well. */
#define OCI_LIMIT_REDIRECTS 10u
/* Pages of one list of tags, bytes of one page, and tags altogether. */
#define OCI_LIMIT_TAG_PAGES 1000u
#define OCI_LIMIT_TAGS      1000000u
/* Blobs under way at once for one host (BuildKit has 4 as well), and one slot more that only small requests take. */
#define OCI_LIMIT_HOST_BLOBS 4u
/* Seconds that a Retry-After can make us wait, and of the longest wait between retries without one. */
#define OCI_LIMIT_RETRY_AFTER 60u
#define OCI_LIMIT_RETRY_DELAY 8u
/* Seconds that a token lives if nothing is said (distribution, token.md), and that we believe at most. */
#define OCI_LIMIT_TOKEN_LIFE_DEFAULT 60u
#define OCI_LIMIT_TOKEN_LIFE_MAX     (24u * 60 * 60)
/* Bytes that must have come since the last cut for it not to count as one more of the retries. */
#define OCI_LIMIT_RETRY_PROGRESS (1024u * 1024)

#endif
