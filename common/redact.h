/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_REDACT_H
#define BRYO_COMMON_REDACT_H

/*
 * User and password inside URLs ("scheme://user:password@host") must not reach
 * a log, a message, a history entry or a record. Everything between "://" and the last '@'
 * before the path goes: a token is often written as the user alone.
 */

/* The text with "xxxxx" for each user. Heap text. */
char *redact_urls(const char *text);
/* Overwrites each character of a user with 'x': columns stay where they are. */
void redact_urls_in_place(char *text);

#endif
