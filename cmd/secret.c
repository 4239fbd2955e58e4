/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords from a terminal, without showing them, and from a pipe. */
#include "cmd/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"

/* Longer than any token; what is piped in by mistake is not read to its end. */
#define SECRET_MAX (64u * 1024)

#define INTERRUPT '\003' /* Ctrl-C */
#define QUIT      '\034'

void cmd_secret_cleanup(char **secret)
{
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
}

/*
 * Without echo, Ctrl-C must not end the process at once, or the user's terminal would stay silent: it ends the line
 * instead, and the question fails.
 */
static int hide(struct termios *ret_saved, struct error *err)
{
        struct termios silent;

        if (tcgetattr(STDIN_FILENO, ret_saved) < 0)
                return error_errno(err, errno, "cannot ask without a terminal");
        silent = *ret_saved;
        silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        silent.c_cc[VEOL] = INTERRUPT;
        silent.c_cc[VEOL2] = QUIT;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
                return error_errno(err, errno, "cannot hide what is typed");
        return 0;
}

/* One line, or what comes before the end of the input. */
static int read_line(struct buffer *ret, struct error *err)
{
        char c = '\0';
        ssize_t n;

        while (ret->size < SECRET_MAX && c != '\n') {
                n = read(STDIN_FILENO, &c, 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read from the terminal");
                if (n == 0 || c == INTERRUPT || c == QUIT)
                        return error_set(err, ECANCELED, "given up");
                if (c != '\n' && c != '\r')
                        buffer_append_char(ret, c);
        }
        return 0;
}

int cmd_secret_ask(const char *question, bool hidden, char **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        struct termios saved;
        int result;

        if (!isatty(STDIN_FILENO))
                return error_set(err, ENOTTY, "cannot ask for it: standard input is no terminal");
        if (hidden && hide(&saved, err) < 0)
                return -1;
        fprintf(stderr, "%s: ", question);
        (void)fflush(stderr);
        result = read_line(&line, err);
        if (hidden) {
                fputc('\n', stderr);
                if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved) < 0 && result == 0)
                        result = error_errno(err, errno, "cannot restore the terminal");
        }
        if (result == 0)
                *ret = buffer_steal(&line);
        return result;
}

int cmd_secret_read(char **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        ssize_t n;

        do {
                n = read(STDIN_FILENO, buffer_reserve(&text, 4096), 4096);
                if (n > 0)
                        text.size += (size_t)n;
        } while ((n > 0 && text.size <= SECRET_MAX) || (n < 0 && errno == EINTR));
        if (n < 0)
                return error_errno(err, errno, "cannot read the password from standard input");
        if (text.size > SECRET_MAX)
                return error_set(err, E2BIG, "the password on standard input is longer than %u bytes", SECRET_MAX);
        /* echo and most editors put one there; a password that ends in a line end is nobody's */
        if (text.size > 0 && text.data[text.size - 1] == '\n')
                text.size--;
        if (text.size > 0 && text.data[text.size - 1] == '\r')
                text.size--;
        if (text.size == 0)
                return error_set(err, EINVAL, "there is no password on standard input");
        if (memchr(text.data, '\0', text.size))
                return error_set(err, EINVAL, "the password on standard input has a NUL byte");
        *ret = memory_strndup(text.data, text.size);
        explicit_bzero(text.data, text.size);
        return 0;
}
