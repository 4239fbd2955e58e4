/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations as they are typed. */
#include "cmd/annotations.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"
#include "common/memory.h"

static const struct {
        const char *name;
        enum cmd_annotation_place place;
} places[] = {
        {"manifest", CMD_ANNOTATION_MANIFEST},
        {"manifest-descriptor", CMD_ANNOTATION_MANIFEST_DESCRIPTOR},
        {"index", CMD_ANNOTATION_INDEX},
        {"index-descriptor", CMD_ANNOTATION_INDEX_DESCRIPTOR},
};

static int find_place(const char *name, enum cmd_annotation_place *ret, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                if (strcmp(places[i].name, name) == 0) {
                        *ret = places[i].place;
                        return 0;
                }
        }
        return error_set(
                err, OPTIONS_EUSAGE,
                "there is no kind of annotation called '%s': the kinds are manifest, manifest-descriptor, index and "
                "index-descriptor",
                name);
}

static int add(struct cmd_annotations *a, const struct cmd_annotation *one, const char *value, struct error *err)
{
        if (one->key[0] == '\0')
                return error_set(err, OPTIONS_EUSAGE, "an annotation needs a key: KEY=VALUE");
        memory_grow(&a->items, &a->cap, a->count + 1, sizeof(*a->items));
        a->items[a->count] = (struct cmd_annotation){
                .place = one->place, .key = memory_strdup(one->key), .value = memory_strdup(value)};
        a->items[a->count].platform = one->platform ? oci_platform_copy(one->platform) : NULL;
        a->count++;
        return 0;
}

/* TYPE[PLATFORM], both of which may be missing; `text` is taken apart. */
static int parse_place(char *text, struct cmd_annotation *ret, struct error *err)
{
        char *platform = strchr(text, '[');
        size_t size = platform ? strlen(platform) : 0;

        if (platform) {
                if (platform[size - 1] != ']')
                        return error_set(err, OPTIONS_EUSAGE, "'%s': the platform ends with ]", text);
                platform[size - 1] = '\0';
                *platform++ = '\0';
                if (oci_platform_parse(platform, &ret->platform, err) < 0)
                        return -1;
        }
        ret->place = CMD_ANNOTATION_MANIFEST;
        if (text[0] && find_place(text, &ret->place, err) < 0)
                return -1;
        if (ret->platform && (ret->place == CMD_ANNOTATION_INDEX || ret->place == CMD_ANNOTATION_INDEX_DESCRIPTOR))
                return error_set(err, OPTIONS_EUSAGE, "the index has no platform: write %s", text);
        return 0;
}

static int add_places(struct cmd_annotations *a, char *types, char *key, const char *value, struct error *err)
{
        int result = 0;
        char *rest;

        for (char *type = strtok_r(types, ",", &rest); type && result == 0; type = strtok_r(NULL, ",", &rest)) {
                struct cmd_annotation one = {.key = key};

                result = parse_place(type, &one, err) < 0 ? -1 : add(a, &one, value, err);
                oci_platform_free(one.platform);
        }
        return result;
}

int cmd_annotations_add_flag(struct cmd_annotations *a, const char *text, struct error *err)
{
        CLEANUP_FREE char *key = memory_strndup(text, strcspn(text, "="));
        const char *value = text + strlen(key);
        const struct cmd_annotation plain = {.place = CMD_ANNOTATION_MANIFEST, .key = key};
        char *colon = strchr(key, ':');
        int result;

        if (*value != '=')
                return error_set(err, OPTIONS_EUSAGE, "--annotation %s: write [TYPE:]KEY=VALUE", text);
        if (!colon) {
                result = add(a, &plain, value + 1, err);
        } else {
                *colon = '\0';
                result = key[0] ? add_places(a, key, colon + 1, value + 1, err)
                                : error_set(err, OPTIONS_EUSAGE, "there is nothing before the colon");
        }
        if (result == 0)
                return 0;
        err->code = OPTIONS_EUSAGE;
        return error_wrap(err, "--annotation %s", text);
}

bool cmd_annotations_is_attribute(const char *key)
{
        const size_t size = strlen("annotation");

        return strncmp(key, "annotation", size) == 0 && strchr("-[.", key[size]) != NULL;
}

int cmd_annotations_add_attribute(struct cmd_annotations *a, const char *key, const char *value, struct error *err)
{
        CLEANUP_FREE char *text = memory_strdup(key + strlen("annotation"));
        struct cmd_annotation one = {.key = strchr(text, ']') ? strchr(text, ']') : text};
        int result;

        one.key = strchr(one.key, '.'); /* a platform has no dot, a key often more than one */
        if (!one.key)
                return error_set(err, OPTIONS_EUSAGE, "--output %s: write annotation.KEY=VALUE", key);
        *one.key++ = '\0';
        result = parse_place(text[0] == '-' ? text + 1 : text, &one, err) < 0 ? -1 : add(a, &one, value, err);
        oci_platform_free(one.platform);
        if (result == 0)
                return 0;
        err->code = OPTIONS_EUSAGE;
        return error_wrap(err, "--output %s", key);
}

void cmd_annotations_select(const struct cmd_annotations *a, enum cmd_annotation_place place,
                            const struct oci_platform *platform, struct oci_labels *ret)
{
        for (size_t i = 0; i < a->count; i++) {
                const struct cmd_annotation *one = &a->items[i];

                if (one->place != place)
                        continue;
                if (!one->platform || (platform && oci_platform_rank(one->platform, platform) == 0))
                        oci_labels_set(ret, one->key, one->value);
        }
}

bool cmd_annotation_is_stray(const struct cmd_annotation *one, const struct oci_platform *const *platforms,
                             size_t count)
{
        bool stray = one->platform != NULL;

        for (size_t i = 0; i < count; i++)
                stray = stray && oci_platform_rank(one->platform, platforms[i]) != 0;
        return stray;
}

bool cmd_annotations_has(const struct cmd_annotations *a, enum cmd_annotation_place place)
{
        for (size_t i = 0; i < a->count; i++)
                if (a->items[i].place == place)
                        return true;
        return false;
}

void cmd_annotations_free(struct cmd_annotations *a)
{
        for (size_t i = 0; i < a->count; i++) {
                oci_platform_free(a->items[i].platform);
                free(a->items[i].key);
                free(a->items[i].value);
        }
        free(a->items);
        *a = (struct cmd_annotations)CMD_ANNOTATIONS_INIT;
}
