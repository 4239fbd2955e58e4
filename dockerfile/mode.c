/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modes of --chmod: octal, or chmod(1)'s symbolic form. A symbolic mode is
 * compiled into a list of operations; "who" holds, for each class, the
 * permission bits and the special bit that belongs to it.
 */
#include "dockerfile/value.h"

#include <errno.h>
#include <string.h>

#define WHO_USER  04700u
#define WHO_GROUP 02070u
#define WHO_OTHER 01007u
#define WHO_ALL   07777u

static bool parse_octal(const char *text, uint32_t *ret)
{
        size_t size = strlen(text);
        uint32_t value = 0;

        if (size == 0 || text[strspn(text, "01234567")] != '\0')
                return false;
        for (size_t k = 0; k < size && value <= WHO_ALL; k++)
                value = value * 8 + (uint32_t)(text[k] - '0');
        *ret = value;
        return true;
}

/* The letters of the classes at *text. None means all of them: the umask is 0. */
static uint16_t read_who(const char **text)
{
        unsigned who = 0;

        for (;; (*text)++)
                if (**text == 'u')
                        who |= WHO_USER;
                else if (**text == 'g')
                        who |= WHO_GROUP;
                else if (**text == 'o')
                        who |= WHO_OTHER;
                else if (**text == 'a')
                        who |= WHO_ALL;
                else
                        return (uint16_t)(who ? who : WHO_ALL);
}

/* The permissions behind an operator at *text; the classes are chosen when they are applied. */
static void read_permissions(const char **text, struct dockerfile_mode *m, unsigned op)
{
        unsigned bits = 0;

        if (**text == 'u' || **text == 'g' || **text == 'o') {
                m->ops[op].copy = *(*text)++;
                return;
        }
        for (;; (*text)++)
                switch (**text) {
                case 'r':
                        bits |= 0444;
                        break;
                case 'w':
                        bits |= 0222;
                        break;
                case 'x':
                        bits |= 0111;
                        break;
                case 's':
                        bits |= 06000;
                        break;
                case 't':
                        bits |= 01000;
                        break;
                case 'X':
                        m->ops[op].exec_x = true;
                        break;
                default:
                        m->ops[op].bits = (uint16_t)bits;
                        return;
                }
}

/* One clause: [ugoa]* and at least one operator with permissions. */
static bool read_clause(const char **text, struct dockerfile_mode *m)
{
        uint16_t who = read_who(text);

        do {
                unsigned op = m->op_count;

                if (**text == '\0' || !strchr("+-=", **text) || op == DOCKERFILE_MODE_MAX_OPS)
                        return false;
                m->op_count++;
                m->ops[op].who = who;
                m->ops[op].op = *(*text)++;
                read_permissions(text, m, op);
        } while (**text == '+' || **text == '-' || **text == '=');
        return true;
}

int dockerfile_mode_parse(const char *text, struct dockerfile_mode *ret, struct error *err)
{
        struct dockerfile_mode m;
        const char *at = text;

        memset(&m, 0, sizeof(m));
        if (parse_octal(text, &m.octal)) {
                if (m.octal > WHO_ALL)
                        return error_set(err, EINVAL, "the mode %s is above 7777", text);
                m.is_octal = true;
                *ret = m;
                return 0;
        }
        do {
                if (!read_clause(&at, &m))
                        return error_set(err, EINVAL, "'%s' is not a mode such as 755 or u=rwX,go=rX", text);
        } while (*at++ == ',');
        if (at[-1] != '\0')
                return error_set(err, EINVAL, "'%s' is not a mode such as 755 or u=rwX,go=rX", text);
        *ret = m;
        return 0;
}

/* The bits an operation names, for all classes. */
static uint32_t op_bits(const struct dockerfile_mode *m, unsigned op, uint32_t mode, bool is_directory)
{
        uint32_t bits = m->ops[op].bits;
        uint32_t from;

        if (m->ops[op].copy) {
                from = m->ops[op].copy == 'u' ? mode >> 6 : m->ops[op].copy == 'g' ? mode >> 3 : mode;
                return (from & 7) * 0111;
        }
        if (m->ops[op].exec_x && (is_directory || (mode & 0111)))
                bits |= 0111;
        return bits;
}

uint32_t dockerfile_mode_apply(const struct dockerfile_mode *m, uint32_t mode, bool is_directory)
{
        if (m->is_octal)
                return m->octal;
        mode &= WHO_ALL;
        for (unsigned op = 0; op < m->op_count; op++) {
                uint32_t who = m->ops[op].who;
                uint32_t bits = op_bits(m, op, mode, is_directory) & who;

                if (m->ops[op].op == '+')
                        mode |= bits;
                else if (m->ops[op].op == '-')
                        mode &= ~bits;
                else
                        mode = (mode & ~who) | bits;
        }
        return mode;
}
