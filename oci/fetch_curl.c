/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl at run time, through one table of its functions. */
#include "oci/fetch_curl.h"

#include <dlfcn.h>
#include <errno.h>

#include "common/memory.h"

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
                ret->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
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
