/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_PATH_H
#define BRYO_COMMON_PATH_H

/*
 * A path without what means nothing: "/a/./b//c/" and "a/x/../b/c" are "a/b/c";
 * `..` stops at the root; the root itself is "". Purely by its text: links are
 * not looked at (rooted.h does that). Heap string.
 */
char *path_clean(const char *path);

#endif
