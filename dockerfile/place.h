/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_PLACE_H
#define BRYO_DOCKERFILE_PLACE_H

/*
 * Where something stands in the file. Lines and columns count from 1, columns
 * and widths in bytes; `line` 0 means "nowhere". A place that would run over
 * the end of its line stops there.
 */
struct dockerfile_place {
        unsigned line;
        unsigned column;
        unsigned width;
};

/* A piece of the file: raw text (not expanded, quotes in place) and where it begins. */
struct dockerfile_word {
        char *text; /* owned by the structure that holds the word */
        struct dockerfile_place place;
};

#endif
