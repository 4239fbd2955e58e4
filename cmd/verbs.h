/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_VERBS_H
#define BRYO_CMD_VERBS_H

#include "common/error.h"

/*
 * One function and one file for each verb. `argv[0]` is the verb; the flags
 * and words follow, and a NULL ends them. A verb returns the exit status of the
 * command, or -1 with the error set, which main prints (exit status 1).
 */
int cmd_build(char *const *argv, struct error *err);
int cmd_buildx_create(char *const *argv, struct error *err);
int cmd_buildx_inspect(char *const *argv, struct error *err);
int cmd_buildx_ls(char *const *argv, struct error *err);
int cmd_buildx_use(char *const *argv, struct error *err);
int cmd_context_use(char *const *argv, struct error *err);
int cmd_export(char *const *argv, struct error *err);
int cmd_fetch_child(char *const *argv, struct error *err);
int cmd_registry_child(char *const *argv, struct error *err);
int cmd_history(char *const *argv, struct error *err);
int cmd_image_exists(char *const *argv, struct error *err);
int cmd_image_prune(char *const *argv, struct error *err);
int cmd_imagetools_create(char *const *argv, struct error *err);
int cmd_imagetools_inspect(char *const *argv, struct error *err);
int cmd_import(char *const *argv, struct error *err);
int cmd_info(char *const *argv, struct error *err);
int cmd_inspect(char *const *argv, struct error *err);
int cmd_kaniko(char *const *argv, struct error *err);
int cmd_load(char *const *argv, struct error *err);
int cmd_login(char *const *argv, struct error *err);
int cmd_logout(char *const *argv, struct error *err);
int cmd_logs(char *const *argv, struct error *err);
int cmd_ls(char *const *argv, struct error *err);
int cmd_prune(char *const *argv, struct error *err);
int cmd_manifest_add(char *const *argv, struct error *err);
int cmd_manifest_annotate(char *const *argv, struct error *err);
int cmd_manifest_create(char *const *argv, struct error *err);
int cmd_manifest_exists(char *const *argv, struct error *err);
int cmd_manifest_inspect(char *const *argv, struct error *err);
int cmd_manifest_push(char *const *argv, struct error *err);
int cmd_manifest_rm(char *const *argv, struct error *err);
int cmd_pull(char *const *argv, struct error *err);
int cmd_push(char *const *argv, struct error *err);
int cmd_rm(char *const *argv, struct error *err);
int cmd_run(char *const *argv, struct error *err);
int cmd_save(char *const *argv, struct error *err);
int cmd_system_check(char *const *argv, struct error *err);
int cmd_system_df(char *const *argv, struct error *err);
int cmd_tag(char *const *argv, struct error *err);
int cmd_version(char *const *argv, struct error *err);

#endif
