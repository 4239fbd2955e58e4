# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += bench/run bench/compare bench/engine bench/copy bench/fs bench/fs-compare bench/fs-fixtures bench/registry bench/README.md
