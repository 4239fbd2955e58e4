/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl at run time, through one table of its functions. */
#include "oci/fetch_curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "common/environment.h"
#include "common/memory.h"
#include "oci/authorities.h"

/* Debian's flavours have one and the same interface; the first is what other distributions have as well. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

/* One symbol; libcurl 7.66 (2019) was the first with all of them. */
static int find(void *library, const char *name, void *ret_function, struct error *err)
{
        void *symbol = dlsym(library, name);

        if (!symbol)
                return error_set(err, ENOPKG, "libcurl is too old: it has no %s, which came with version 7.66", name);
        *(void **)ret_function = symbol;
        return 0;
}

int fetch_curl_load(struct fetch_curl *ret, struct error *err)
{
        CLEANUP_FREE char *why = NULL;

        *ret = (struct fetch_curl){.library = NULL};
        for (size_t i = 0; i < ARRAY_SIZE(names) && !ret->library; i++) {
                ret->library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
                if (!ret->library && !why)
                        why = memory_strdup(dlerror());
        }
        if (!ret->library)
                return error_set(err, ENOPKG,
                                 "URLs need libcurl, which cannot be loaded (Debian: libcurl4, Fedora: libcurl): %s",
                                 why);
#define FETCH_CURL_FIND(name)                                                                                          \
        if (find(ret->library, "curl_" #name, (void *)&ret->name, err) < 0)                                            \
                return -1;
        FETCH_CURL_FUNCTIONS(FETCH_CURL_FIND)
#undef FETCH_CURL_FIND
        if (ret->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return error_set(err, EIO, "libcurl cannot be initialised");
        return 0;
}

#define SET(option, value) ok = ok && curl->easy_setopt(easy, option, value) == CURLE_OK

/* libcurl 7.85 took the names of protocols; older ones take bits under numbers that its headers now call deprecated. */
static bool set_protocols(const struct fetch_curl *curl, CURL *easy)
{
        const CURLoption old_protocols = (CURLoption)181;

        return curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK ||
               curl->easy_setopt(easy, old_protocols, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) == CURLE_OK;
}

bool fetch_curl_set_rules(const struct fetch_curl *curl, CURL *easy)
{
        bool ok = set_protocols(curl, easy);

        SET(CURLOPT_FOLLOWLOCATION, 0L); /* redirects are judged by the child */
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_AUTOREFERER, 0L);
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
        SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_USERAGENT, "bryo/" PACKAGE_VERSION);
        return ok;
}

bool fetch_curl_set_trust(const struct fetch_curl *curl, CURL *easy)
{
        const char *file = oci_authorities_named(), *directory = environment_find("SSL_CERT_DIR");
        bool ok = true;

        if (file)
                SET(CURLOPT_CAINFO, file);
        if (directory)
                SET(CURLOPT_CAPATH, directory);
        return ok;
}

#undef SET

double fetch_curl_seconds_since(const struct timespec *then)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}
