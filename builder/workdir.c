/* SPDX-License-Identifier: Apache-2.0 */
/* WORKDIR: the directory that following instructions start in, made if missing and then owned by USER. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/accounts.h"
#include "builder/step.h"
#include "common/memory.h"

struct working {
        const struct builder_site *site;
        const char *path;
};

static int execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct working *w = context;
        const char *name = w->site->stage->state.config->config.user;
        CLEANUP_ACCOUNTS struct builder_account_files files = BUILDER_ACCOUNT_FILES_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_USER struct builder_user user = BUILDER_USER_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_accounts accounts;
        struct timespec now;

        (void)number;
        (void)made;
        clock_gettime(CLOCK_REALTIME, &now);
        if (builder_accounts_load(tree, &files, &cause) < 0)
                return builder_site_error(w->site, &w->site->instruction->place, err, &cause);
        accounts = builder_accounts_view(&files);
        if (builder_user_find(name ? name : "", &accounts, &user, &cause) < 0 ||
            overlay_tree_ensure_directory(tree, NULL, w->path, 0755, (struct overlay_owner){ user.uid, user.gid }, &now, &dir,
                                          &cause) < 0)
                return builder_site_error(w->site, &w->site->instruction->args[0].place, err, &cause);
        return 0;
}

static int take(const struct builder_site *site, const char *path, struct error *err)
{
        const char *user = site->stage->state.config->config.user;
        struct working w = { site, path };
        CLEANUP_FREE char *created_by = memory_printf("WORKDIR %s", path);
        struct builder_step step = { .title = site->instruction->original,
                                     .created_by = created_by,
                                     .execute = execute,
                                     .context = &w,
                                     .by_key = true };
        struct sha256 hash;

        builder_step_key_begin(site, "workdir", false, &hash);
        sha256_field_string(&hash, path);
        sha256_field_string(&hash, user ? user : "");
        builder_parts_add_text(&site->stage->parts, "the path", NULL, path);
        builder_parts_add_text(&site->stage->parts, "the user", NULL, user);
        sha256_final(&hash, &step.key);
        return builder_step_take(site, &step, err);
}

int builder_do_workdir(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_word *word = &site->instruction->args[0];
        struct builder_state *s = &site->stage->state;
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *path = NULL;

        if (builder_site_expand(site, word->text, &word->place, &text, err) < 0)
                return -1;
        if (text[0] == '\0')
                return dockerfile_error(site->file, &word->place, err, "WORKDIR needs a path that is not empty");
        path = builder_site_join(builder_state_cwd(s), text);
        free(s->config->config.working_dir);
        s->config->config.working_dir = memory_strdup(path);
        if (strcmp(path, "/") == 0) {
                site->stage->step++;
                builder_state_add_history(s, "WORKDIR /", true);
                return 0;
        }
        return take(site, path, err);
}
