# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += doc/bryo.1 doc/bryo-build.1 doc/bryo-run.1
EXTRA_DIST += doc/CONTRIBUTING.md doc/architecture.md doc/cache.md doc/cache-keys.md doc/cli.md doc/credentials.md doc/images.md doc/index.md doc/language doc/language.md doc/model-checking.md doc/progress.md doc/registry.md doc/threats.md doc/union.md
dist_man_MANS += doc/bryo-images.1 doc/bryo-import.1 doc/bryo-login.1 doc/bryo-logs.1 doc/bryo-prune.1 doc/bryo-pull.1 doc/bryo-push.1 doc/bryo-save.1 doc/bryo-system.1
EXTRA_DIST += doc/platforms.md doc/registry.md
