/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of STOPSIGNAL. The numbers are Linux's own (signal(7), x86 and ARM), not this machine's. */
#include "dockerfile/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/suggest.h"

#define SIGNAL_RTMIN 34
#define SIGNAL_RTMAX 64

/* Index = number; a second table holds the other names. */
static const char *const signals[] = {
        "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
        "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
        "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};
static const struct {
        const char *name;
        int number;
} aliases[] = {{"IOT", 6}, {"CLD", 17}, {"POLL", 29}, {"UNUSED", 31}};

/* "RTMIN", "RTMIN+3", "RTMAX-1"; 0 for anything else. */
static int find_realtime(const char *name)
{
        bool max = strncasecmp(name, "RTMAX", 5) == 0;
        int number = max ? SIGNAL_RTMAX : SIGNAL_RTMIN;
        char *end;
        long off;

        if (!max && strncasecmp(name, "RTMIN", 5) != 0)
                return 0;
        name += 5;
        if (*name == '\0')
                return number;
        if (*name != (max ? '-' : '+') || !isdigit((unsigned char)name[1]))
                return 0;
        off = strtol(name + 1, &end, 10);
        if (*end != '\0' || off > SIGNAL_RTMAX - SIGNAL_RTMIN)
                return 0;
        return number + (int)(max ? -off : off);
}

static int find_name(const char *name)
{
        for (size_t k = 1; k < ARRAY_SIZE(signals); k++)
                if (strcasecmp(name, signals[k]) == 0)
                        return (int)k;
        for (size_t k = 0; k < ARRAY_SIZE(aliases); k++)
                if (strcasecmp(name, aliases[k].name) == 0)
                        return aliases[k].number;
        return find_realtime(name);
}

int dockerfile_signal_parse(const char *text, int *ret, struct error *err)
{
        const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
        const char *near;

        if (isdigit((unsigned char)text[0])) {
                char *end;
                long number = strtol(text, &end, 10);

                if (*end != '\0' || number < 1 || number > SIGNAL_RTMAX)
                        return error_set(err, EINVAL, "'%s' is not a signal: numbers go from 1 to %d", text,
                                         SIGNAL_RTMAX);
                *ret = (int)number;
                return 0;
        }
        *ret = find_name(name);
        if (*ret != 0)
                return 0;
        near = dockerfile_suggest(name, signals, ARRAY_SIZE(signals));
        if (near)
                return error_set(err, EINVAL, "'%s' is not a signal (did you mean SIG%s?)", text, near);
        return error_set(err, EINVAL, "'%s' is not a signal: write a name such as SIGTERM, or a number", text);
}
