/* SPDX-License-Identifier: Apache-2.0 */
/* Pax extended headers: reading their records, and writing one. */
#include "oci/pax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/limits.h"
#include "oci/quote.h"

#define XATTR_PREFIX "SCHILY.xattr."

/* One record, pointing into the header. */
struct record {
        const char *key;
        size_t key_size;
        const char *value;
        size_t value_size;
};

static int fail_record(const struct record *r, const char *why, struct error *err)
{
        CLEANUP_FREE char *key = oci_quote_bytes(r->key, r->key_size);

        return error_set(err, EINVAL, "extended header: %s %s", key, why);
}

/* Cuts the next record off `*bytes`. */
static int next_record(const char **bytes, size_t *size, struct record *ret, struct error *err)
{
        const char *p = *bytes;
        const char *equals;
        size_t length = 0;
        size_t digits = 0;

        while (digits < *size && digits < 8 && p[digits] >= '0' && p[digits] <= '9')
                length = length * 10 + (size_t)(p[digits++] - '0');
        if (digits == 0 || digits == *size || p[digits] != ' ' || length > *size || length < digits + 4 ||
            p[length - 1] != '\n')
                return error_set(err, EINVAL, "extended header: a record has a wrong length");
        ret->key = p + digits + 1;
        equals = memchr(ret->key, '=', length - digits - 2);
        if (equals == NULL || equals == ret->key)
                return error_set(err, EINVAL, "extended header: a record has no key");
        ret->key_size = (size_t)(equals - ret->key);
        ret->value = equals + 1;
        ret->value_size = length - 1 - (size_t)(ret->value - p);
        if (memchr(ret->key, 0, ret->key_size) != NULL)
                return fail_record(ret, "has a NUL in it", err);
        *bytes += length;
        *size -= length;
        return 0;
}

static bool is_key(const struct record *r, const char *key)
{
        return r->key_size == strlen(key) && memcmp(r->key, key, r->key_size) == 0;
}

static bool has_prefix(const struct record *r, const char *prefix)
{
        return r->key_size > strlen(prefix) && memcmp(r->key, prefix, strlen(prefix)) == 0;
}

static int set_text(const struct record *r, char **ret, struct error *err)
{
        free(*ret);
        *ret = NULL;
        if (memchr(r->value, 0, r->value_size) != NULL)
                return fail_record(r, "has a NUL in its value", err);
        *ret = memory_strndup(r->value, r->value_size);
        return 0;
}

/* A decimal integer of at most 18 digits, which is more than any field may hold and cannot overflow. */
static bool scan_integer(const char *p, size_t size, int64_t *ret)
{
        bool negative = size > 0 && p[0] == '-';
        size_t i = negative;

        if (size == i || size - i > 18)
                return false;
        *ret = 0;
        for (; i < size; i++) {
                if (p[i] < '0' || p[i] > '9')
                        return false;
                *ret = *ret * 10 + (p[i] - '0');
        }
        if (negative)
                *ret = -*ret;
        return true;
}

static int set_integer(const struct record *r, bool *has, int64_t *ret, struct error *err)
{
        *has = true;
        if (!scan_integer(r->value, r->value_size, ret))
                return fail_record(r, "is not a number", err);
        return 0;
}

/* "seconds[.fraction]"; a fraction makes a negative time earlier. Digits beyond nanoseconds are cut. */
static int set_time(const struct record *r, struct oci_pax *p, struct error *err)
{
        const char *dot = memchr(r->value, '.', r->value_size);
        size_t whole = dot ? (size_t)(dot - r->value) : r->value_size;
        bool negative = r->value_size > 0 && r->value[0] == '-';
        uint32_t scale = 100000000;

        p->has_mtime = true;
        p->mtime_ns = 0;
        if (!scan_integer(r->value, whole, &p->mtime))
                return fail_record(r, "is not a time", err);
        for (size_t i = whole + 1; i < r->value_size; i++, scale /= 10) {
                if (r->value[i] < '0' || r->value[i] > '9')
                        return fail_record(r, "is not a time", err);
                p->mtime_ns += (uint32_t)(r->value[i] - '0') * scale;
        }
        if (negative && p->mtime_ns > 0) {
                p->mtime--;
                p->mtime_ns = 1000000000 - p->mtime_ns;
        }
        return 0;
}

static void free_xattr(struct oci_xattr *x)
{
        free((char *)x->name);
        free((void *)x->value);
}

static int set_xattr(const struct record *r, struct oci_pax *p, struct error *err)
{
        const char *name = r->key + strlen(XATTR_PREFIX);
        size_t size = r->key_size - strlen(XATTR_PREFIX);
        struct oci_xattr *x = NULL;

        if (size > OCI_LIMIT_XATTR_NAME || r->value_size > OCI_LIMIT_XATTR_SIZE)
                return fail_record(r, "is longer than the limit for an extended attribute (255 and 65536 bytes)", err);
        for (size_t i = 0; i < p->xattr_count && x == NULL; i++)
                if (strlen(p->xattrs[i].name) == size && memcmp(p->xattrs[i].name, name, size) == 0)
                        x = &p->xattrs[i];
        if (x != NULL) {
                free_xattr(x);
        } else {
                if (p->xattr_count == OCI_LIMIT_XATTRS)
                        return error_set(err, E2BIG, "extended header: more than the limit of %u extended attributes",
                                         OCI_LIMIT_XATTRS);
                memory_grow(&p->xattrs, &p->xattr_cap, p->xattr_count + 1, sizeof(*p->xattrs));
                x = &p->xattrs[p->xattr_count++];
        }
        x->name = memory_strndup(name, size);
        x->value = memory_dup(r->value, r->value_size);
        x->size = r->value_size;
        return 0;
}

static int add_sparse(const struct record *r, struct oci_pax *p, struct error *err)
{
        if (is_key(r, "GNU.sparse.offset")) {
                if (p->sparse_offset != NULL)
                        return fail_record(r, "has no GNU.sparse.numbytes", err);
                return set_text(r, &p->sparse_offset, err);
        }
        if (p->sparse_offset == NULL)
                return fail_record(r, "has no GNU.sparse.offset", err);
        if (memchr(r->value, 0, r->value_size) != NULL || memchr(r->value, ',', r->value_size) != NULL)
                return fail_record(r, "is not a number", err);
        buffer_printf(&p->sparse_map, "%s%s,", p->sparse_map.size ? "," : "", p->sparse_offset);
        buffer_append(&p->sparse_map, r->value, r->value_size);
        free(p->sparse_offset);
        p->sparse_offset = NULL;
        return 0;
}

static int apply_sparse(const struct record *r, struct oci_pax *p, struct error *err)
{
        if (is_key(r, "GNU.sparse.offset") || is_key(r, "GNU.sparse.numbytes"))
                return add_sparse(r, p, err);
        if (is_key(r, "GNU.sparse.name"))
                return set_text(r, &p->sparse_name, err);
        if (is_key(r, "GNU.sparse.size") || is_key(r, "GNU.sparse.realsize"))
                return set_integer(r, &p->has_sparse_size, &p->sparse_size, err);
        if (is_key(r, "GNU.sparse.numblocks")) {
                /* GNU tar makes room for as many regions as are announced, and drops those that came before */
                if (p->sparse_map.size > 0 || p->sparse_offset != NULL)
                        return fail_record(r, "comes behind the regions it counts", err);
                return set_integer(r, &p->has_sparse_count, &p->sparse_count, err);
        }
        if (is_key(r, "GNU.sparse.major"))
                return set_integer(r, &p->has_sparse_version, &p->sparse_major, err);
        if (is_key(r, "GNU.sparse.minor"))
                return set_integer(r, &p->has_sparse_version, &p->sparse_minor, err);
        if (is_key(r, "GNU.sparse.map")) {
                if (memchr(r->value, 0, r->value_size) != NULL)
                        return fail_record(r, "has a NUL in its value", err);
                buffer_clear(&p->sparse_map);
                buffer_append(&p->sparse_map, r->value, r->value_size);
        }
        return 0;
}

static int apply(const struct record *r, struct oci_pax *p, struct error *err)
{
        static const char *const understood[] = {"path", "linkpath", "size", "uid", "gid", "mtime"};

        for (size_t i = 0; i < ARRAY_SIZE(understood) && r->value_size == 0; i++)
                if (is_key(r, understood[i]))
                        return fail_record(r, "is empty: programs differ about what that means", err);
        if (is_key(r, "path"))
                return set_text(r, &p->path, err);
        if (is_key(r, "linkpath"))
                return set_text(r, &p->link, err);
        if (is_key(r, "size"))
                return set_integer(r, &p->has_size, &p->size, err);
        if (is_key(r, "uid"))
                return set_integer(r, &p->has_uid, &p->uid, err);
        if (is_key(r, "gid"))
                return set_integer(r, &p->has_gid, &p->gid, err);
        if (is_key(r, "mtime"))
                return set_time(r, p, err);
        if (has_prefix(r, XATTR_PREFIX))
                return set_xattr(r, p, err);
        if (has_prefix(r, "GNU.sparse."))
                return apply_sparse(r, p, err);
        return 0;
}

int oci_pax_parse(const void *bytes, size_t size, struct oci_pax *p, struct error *err)
{
        const char *at = bytes;
        struct record r;

        while (size > 0)
                if (next_record(&at, &size, &r, err) < 0 || apply(&r, p, err) < 0)
                        return -1;
        if (p->sparse_offset != NULL)
                return error_set(err, EINVAL, "extended header: GNU.sparse.offset has no GNU.sparse.numbytes");
        return 0;
}

int oci_pax_check_global(const void *bytes, size_t size, struct error *err)
{
        static const char *const inherited[] = {"path", "linkpath", "size", "uid", "gid", "mtime"};
        const char *at = bytes;
        struct record r;

        while (size > 0) {
                if (next_record(&at, &size, &r, err) < 0)
                        return -1;
                for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
                        if (is_key(&r, inherited[i]))
                                return fail_record(
                                        &r, "in a global header is read differently by different programs: refused",
                                        err);
                if (has_prefix(&r, XATTR_PREFIX) || has_prefix(&r, "GNU.sparse."))
                        return fail_record(&r, "in a global header is read differently by different programs: refused",
                                           err);
        }
        return 0;
}

void oci_pax_free(struct oci_pax *p)
{
        for (size_t i = 0; i < p->xattr_count; i++)
                free_xattr(&p->xattrs[i]);
        free(p->xattrs);
        free(p->path);
        free(p->link);
        free(p->sparse_name);
        free(p->sparse_offset);
        buffer_free(&p->sparse_map);
        *p = (struct oci_pax)OCI_PAX_INIT;
}

void oci_pax_append(struct buffer *b, const char *key, const void *value, size_t size)
{
        /* the length counts its own digits: 98 + 1 digit is 99, but 99 + 1 digit needs a second one */
        size_t rest = 1 + strlen(key) + 1 + size + 1;
        size_t length = rest + 1;
        size_t digits = 1;

        for (;;) {
                size_t n = length;

                for (digits = 1; n >= 10; n /= 10)
                        digits++;
                if (rest + digits == length)
                        break;
                length = rest + digits;
        }
        buffer_printf(b, "%zu %s=", length, key);
        buffer_append(b, value, size);
        buffer_append_char(b, '\n');
}
