/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_ERROR_H
#define BRYO_COMMON_ERROR_H

#include <stdarg.h>

/*
 * The one error type. It is the last argument of every function that can fail
 * for a reason a user should read; such a function returns 0, or -1 with the
 * error set. It is set exactly when the function fails: setting an error over
 * a set one is a bug and aborts.
 *
 * A message names the operation, the object (path, digest, Dockerfile line)
 * and the cause, and the fix when there is one. Wrap once per module
 * boundary: error_wrap(err, "cannot open the store %s", path) puts its text
 * and ": " in front.
 *
 * The caller owns the error: `CLEANUP_ERROR struct error err = ERROR_INIT;`.
 */
struct error {
        int code;      /* an errno value that tells callers what kind; never 0 when set */
        char *message; /* owned; NULL when not set */
};

#define ERROR_INIT { 0, NULL }

/* Sets the error; returns -1 so that callers can `return error_set(...)`. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Like error_set, with ": strerror(code)" behind the text. Pass errno as `code`. */
int error_errno(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "text: " in front of a set error; returns -1. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Moves `from` into `to`, unless `to` is already set (the first error is kept): `from` is empty after. Returns -1. */
int error_move(struct error *to, struct error *from);
/* True when set. */
int error_is_set(const struct error *err);
/* Forgets the error; harmless on an empty one. */
void error_clear(struct error *err);

#define CLEANUP_ERROR __attribute__((cleanup(error_clear)))

#endif
