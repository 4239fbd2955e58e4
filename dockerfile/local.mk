# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libdockerfile.a
libdockerfile_a_SOURCES =
