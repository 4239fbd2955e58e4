# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tools/as-user tools/build tools/demo tools/fuzz tools/setup tools/stage tools/test .ci/run
