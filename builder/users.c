/* SPDX-License-Identifier: Apache-2.0 */
/* Account look-ups in the text of an image's passwd and group files. */
#include "builder/users.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/strv.h"
#include "dockerfile/suggest.h"

/* Names of a file that are compared with one that is not in it, at most. */
#define MAX_NAMES_COMPARED 1000

/* One colon-separated line; pieces are views into the file's text. */
#define MAX_FIELDS 7

struct field {
        const char *text;
        size_t length;
};

struct account_line {
        struct field fields[MAX_FIELDS];
        size_t count;
};

static bool is_number(const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++)
                if (text[i] < '0' || text[i] > '9')
                        return false;
        return length > 0;
}

/* Decimal digits only, up to 4294967294. */
static bool parse_id(const char *text, size_t length, uint32_t *ret)
{
        uint64_t value = 0;

        if (!is_number(text, length))
                return false;
        for (size_t i = 0; i < length; i++) {
                value = value * 10 + (uint64_t)(text[i] - '0');
                if (value >= UINT32_MAX)
                        return false;
        }
        *ret = (uint32_t)value;
        return true;
}

static bool field_is(const struct field *f, const char *text, size_t length)
{
        return f->length == length && memcmp(f->text, text, length) == 0;
}

/* Cuts the next line of `*at` into fields; false at the end. */
static bool next_line(const char **at, struct account_line *ret)
{
        const char *p = *at;
        const char *end;

        if (p == NULL || *p == '\0')
                return false;
        end = p + strcspn(p, "\n");
        *at = *end ? end + 1 : end;
        if (end > p && end[-1] == '\r')
                end--;
        ret->count = 0;
        while (ret->count < MAX_FIELDS) {
                const char *colon = memchr(p, ':', (size_t)(end - p));
                const char *stop = colon ? colon : end;

                ret->fields[ret->count++] = (struct field){p, (size_t)(stop - p)};
                if (!colon)
                        break;
                p = colon + 1;
        }
        return true;
}

/* The first line whose name is `name`, or whose id is `id` when `name` is NULL. */
static bool find_line(const char *file, const struct field *name, uint32_t id, struct account_line *ret)
{
        while (next_line(&file, ret)) {
                uint32_t line_id;

                if (ret->count < 3)
                        continue;
                if (name ? field_is(&ret->fields[0], name->text, name->length)
                         : parse_id(ret->fields[2].text, ret->fields[2].length, &line_id) && line_id == id)
                        return true;
        }
        return false;
}

static int bad_number(const struct field *f, struct error *err)
{
        return error_set(err, EINVAL, "%.*s is not a user or group id: ids are 0 to 4294967294", (int)f->length,
                         f->text);
}

/* " (did you mean NAME?)" for the name of a passwd or group file that is nearest, or "". Heap text. */
static char *near_account(const struct field *f, const char *text)
{
        CLEANUP_FREE char *wanted = memory_strndup(f->text, f->length);
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct account_line line;
        const char *near;

        while (names.count < MAX_NAMES_COMPARED && next_line(&text, &line))
                strv_take(&names, memory_strndup(line.fields[0].text, line.fields[0].length));
        near = dockerfile_suggest(wanted, (const char *const *)names.items, names.count);
        return near ? memory_printf(" (did you mean %s?)", near) : memory_strdup("");
}

static int no_such(const char *what, const struct field *f, const char *file, const char *text, struct error *err)
{
        CLEANUP_FREE char *near = text ? near_account(f, text) : memory_strdup(" (the file does not exist)");

        if (f->length > 1 && f->text[0] == '-' && is_number(f->text + 1, f->length - 1))
                return bad_number(f, err);
        return error_set(err, ENOENT,
                         "there is no %s \"%.*s\" in the image's %s%s: use a numeric id, or add the %s first", what,
                         (int)f->length, f->text, file, near, what);
}

static int line_id(const struct account_line *line, size_t index, uint32_t *ret, struct error *err)
{
        const struct field *f = &line->fields[index];

        if (index >= line->count || !parse_id(f->text, f->length, ret))
                return error_set(err, EINVAL,
                                 "the line of \"%.*s\" in the image's passwd or group file holds no valid id",
                                 (int)line->fields[0].length, line->fields[0].text);
        return 0;
}

static int find_group(const struct field *group, const struct builder_accounts *in, uint32_t *ret, struct error *err)
{
        struct account_line line;

        if (is_number(group->text, group->length))
                return parse_id(group->text, group->length, ret) ? 0 : bad_number(group, err);
        if (find_line(in->group, group, 0, &line))
                return line_id(&line, 2, ret, err);
        if (field_is(group, "root", 4)) {
                *ret = 0;
                return 0;
        }
        return no_such("group", group, "/etc/group", in->group, err);
}

static bool lists_member(const struct field *members, const struct field *name)
{
        const char *p = members->text;
        const char *end = p + members->length;

        while (p < end) {
                const char *comma = memchr(p, ',', (size_t)(end - p));
                const char *stop = comma ? comma : end;
                struct field member = {p, (size_t)(stop - p)};

                if (field_is(&member, name->text, name->length))
                        return true;
                p = stop + 1;
        }
        return false;
}

static void add_groups(const struct field *name, const char *file, struct builder_user *user)
{
        struct account_line line;
        size_t cap = 0;

        while (next_line(&file, &line)) {
                uint32_t gid;

                if (line.count < 4 || !lists_member(&line.fields[3], name) ||
                    !parse_id(line.fields[2].text, line.fields[2].length, &gid))
                        continue;
                memory_grow(&user->groups, &cap, user->group_count + 1, sizeof(*user->groups));
                user->groups[user->group_count++] = gid;
        }
}

/* Fills uid, primary gid and home; `ret_line` is the passwd line if one was found. */
static int find_account(const struct field *name, const struct builder_accounts *in, struct builder_user *user,
                        struct account_line *ret_line, bool *ret_found, struct error *err)
{
        bool numeric = is_number(name->text, name->length);

        if (numeric && !parse_id(name->text, name->length, &user->uid))
                return bad_number(name, err);
        *ret_found = find_line(in->passwd, numeric ? NULL : name, user->uid, ret_line);
        if (!*ret_found) {
                if (!numeric && !field_is(name, "root", 4))
                        return no_such("user", name, "/etc/passwd", in->passwd, err);
                user->gid = 0;
                return 0;
        }
        if (line_id(ret_line, 2, &user->uid, err) < 0 || line_id(ret_line, 3, &user->gid, err) < 0)
                return -1;
        if (ret_line->count > 5 && ret_line->fields[5].length > 0)
                user->home = memory_strndup(ret_line->fields[5].text, ret_line->fields[5].length);
        return 0;
}

/*
 * The primary group is a supplementary one, too: without it a process that
 * changes its group escapes files that deny this group (CVE-2022-36109).
 */
static void add_primary_group(struct builder_user *user)
{
        for (size_t i = 0; i < user->group_count; i++)
                if (user->groups[i] == user->gid)
                        return;
        user->groups = memory_realloc(user->groups, user->group_count + 1, sizeof(*user->groups));
        user->groups[user->group_count++] = user->gid;
}

int builder_user_find(const char *spec, const struct builder_accounts *in, struct builder_user *ret, struct error *err)
{
        const char *colon = strchr(spec, ':');
        struct field name = {spec, colon ? (size_t)(colon - spec) : strlen(spec)};
        struct account_line line;
        bool found = false;

        *ret = (struct builder_user)BUILDER_USER_INIT;
        if (name.length == 0)
                name = (struct field){"0", 1};
        if (find_account(&name, in, ret, &line, &found, err) < 0)
                return -1;
        if (colon && colon[1] != '\0') {
                struct field group = {colon + 1, strlen(colon + 1)};

                if (find_group(&group, in, &ret->gid, err) < 0)
                        return -1;
        } else if (found) {
                add_groups(&line.fields[0], in->group, ret);
        }
        if (ret->home == NULL)
                ret->home = memory_strdup("/");
        add_primary_group(ret);
        return 0;
}

void builder_user_free(struct builder_user *user)
{
        free(user->groups);
        free(user->home);
        *user = (struct builder_user)BUILDER_USER_INIT;
}

int builder_owner_find(const char *spec, const struct builder_accounts *in, uint32_t *ret_uid, uint32_t *ret_gid,
                       struct error *err)
{
        const char *colon = strchr(spec, ':');
        struct field name = {spec, colon ? (size_t)(colon - spec) : strlen(spec)};
        CLEANUP_USER struct builder_user user = BUILDER_USER_INIT;
        struct account_line line;
        bool found = false;

        if (name.length == 0)
                name = (struct field){"0", 1};
        if (find_account(&name, in, &user, &line, &found, err) < 0)
                return -1;
        *ret_uid = user.uid;
        *ret_gid = is_number(name.text, name.length) ? user.uid : user.gid;
        if (colon && colon[1] != '\0') {
                struct field group = {colon + 1, strlen(colon + 1)};

                return find_group(&group, in, ret_gid, err);
        }
        return 0;
}
