/* SPDX-License-Identifier: Apache-2.0 */
/* Which emulator runs the programs of an architecture, and how the kernel is told. */
#include "builder/emulator.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/strv.h"
#include "oci/config.h"

#define FORMATS  "/proc/sys/fs/binfmt_misc"
#define HEADER   20 /* of an ELF file, up to and with e_machine */
#define RULE_MAX 4096

/* What the beginning of a program says (elf(5)), and how qemu calls the machine. */
static const struct machine {
        const char *architecture, *qemu;
        bool is_64, is_big;
        unsigned char machine; /* e_machine; all of these fit */
} machines[] = {
        {"amd64", "x86_64", true, false, 62},    {"arm64", "aarch64", true, false, 183},
        {"arm", "arm", false, false, 40},        {"386", "i386", false, false, 3},
        {"ppc64le", "ppc64le", true, false, 21}, {"riscv64", "riscv64", true, false, 243},
        {"s390x", "s390x", true, true, 22},      {"mips64le", "mips64el", true, false, 8},
};

static const struct machine *find_machine(const char *architecture)
{
        for (size_t i = 0; architecture && i < ARRAY_SIZE(machines); i++)
                if (strcmp(machines[i].architecture, architecture) == 0)
                        return &machines[i];
        return NULL;
}

/* This machine's own, and the 32 bits that it runs as well. */
static bool is_native(const char *architecture)
{
        const char *host = oci_config_host_architecture();

        return !architecture || strcmp(architecture, host) == 0 ||
               (strcmp(host, "amd64") == 0 && strcmp(architecture, "386") == 0) ||
               (strcmp(host, "arm64") == 0 && strcmp(architecture, "arm") == 0);
}

/* The bytes by which a program is known: class, byte order, executable or shared object, machine; any ABI. */
static void make_magic(const struct machine *m, unsigned char magic[HEADER], unsigned char mask[HEADER])
{
        memset(magic, 0, HEADER);
        memset(mask, 0xff, HEADER);
        memcpy(magic,
               "\x7f"
               "ELF",
               4);
        magic[4] = m->is_64 ? 2 : 1;
        magic[5] = m->is_big ? 2 : 1;
        magic[6] = 1;
        mask[7] = 0;
        magic[m->is_big ? 17 : 16] = 2;
        mask[m->is_big ? 17 : 16] = 0xfe;
        magic[m->is_big ? 19 : 18] = m->machine;
}

/* --- what the host has ---------------------------------------------------------------- */

/*
 * One registration as the kernel prints it: enabled, and a magic that such a program has. `fixed`: with the flag F, that is with an
 * emulator that was opened once and for all; without it is looked for where the program runs, and that is in the image.
 */
static bool is_rule_for(const char *text, const unsigned char magic[HEADER], bool fixed)
{
        const char *flags = strstr(text, "\nflags: "), *bytes = strstr(text, "\nmagic ");
        char hex[2 * HEADER + 1];

        if (strncmp(text, "enabled\n", 8) != 0 || !flags || !bytes)
                return false;
        flags += strlen("\nflags: ");
        bytes += strlen("\nmagic ");
        for (size_t i = 0; i < HEADER; i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", magic[i]);
        return (memchr(flags, 'F', strcspn(flags, "\n")) != NULL) == fixed && strncmp(bytes, hex, 2 * HEADER) == 0;
}

static bool host_has(const unsigned char magic[HEADER], bool fixed)
{
        DIR *dir = opendir(FORMATS);
        struct dirent *entry;
        bool found = false;

        while (dir && !found && (entry = readdir(dir))) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_ERROR struct error ignored = ERROR_INIT; /* "register" cannot be read, for one */

                found = entry->d_name[0] != '.' &&
                        fd_read_file(dirfd(dir), entry->d_name, RULE_MAX, true, &text, &ignored) == 0 &&
                        is_rule_for(buffer_text(&text), magic, fixed);
        }
        if (dir)
                (void)closedir(dir);
        return found;
}

/* --- our own ------------------------------------------------------------------------ */

/*
 * A user's own emulator, as a copy that nobody can write: commands run as that user, and the program that is executed
 * can be reached through /proc/PID/exe (CVE-2019-5736). One that the user cannot write is safe as it is.
 */
static int seal(const char *file, int given)
{
        CLEANUP_FD int fd = given;
        CLEANUP_FD int copy = -1;
        ssize_t n = 1;

        if (access(file, W_OK) < 0)
                return fd_steal(&fd);
        copy = memfd_create("emulator", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        while (copy >= 0 && n > 0)
                n = sendfile(copy, fd, NULL, 1u << 20);
        if (copy < 0 || n < 0 || fchmod(copy, 0555) < 0 ||
            fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return -1;
        return fd_steal(&copy);
}

/* qemu-ARCH-static in PATH, opened; -1: there is none. */
static int open_qemu(const struct machine *m)
{
        const char *path = getenv("PATH");
        CLEANUP_FREE char *list = memory_strdup(path ? path : "/usr/bin:/bin");
        char *rest;

        for (char *dir = strtok_r(list, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
                CLEANUP_FREE char *file = memory_printf("%s/qemu-%s-static", dir, m->qemu);
                CLEANUP_FD int fd = dir[0] == '/' ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
                struct stat st;

                if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
                        return seal(file, fd_steal(&fd));
        }
        return -1;
}

/* Registers one machine's qemu, if it is installed; *ret: it is. */
static int register_qemu(struct sandbox *sandbox, const struct machine *m, bool *ret, struct error *err)
{
        unsigned char magic[HEADER], mask[HEADER];
        CLEANUP_FD int fd = open_qemu(m);
        const struct sandbox_emulator e = {
                .name = m->architecture, .magic = magic, .mask = mask, .size = HEADER, .fd = fd};

        *ret = fd >= 0;
        make_magic(m, magic, mask);
        return fd >= 0 ? sandbox_emulate(sandbox, &e, err) : 0;
}

/* With the first of its own the sandbox does not see the host's formats any more: what those run here is registered,
 * too. */
static void keep_others(struct builder_workshop *w, struct sandbox *sandbox)
{
        for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
                const struct machine *m = &machines[i];
                CLEANUP_ERROR struct error err = ERROR_INIT;
                unsigned char magic[HEADER], mask[HEADER];
                bool found = false;

                make_magic(m, magic, mask);
                if (is_native(m->architecture) || !host_has(magic, true))
                        continue;
                if (register_qemu(sandbox, m, &found, &err) < 0 || !found)
                        log_print(w->log, LOG_WARNING,
                                  "commands for %s cannot run in this build, although the machine has an emulator: %s",
                                  m->architecture, error_is_set(&err) ? err.message : "its static qemu is not in PATH");
                else
                        strv_add(&w->emulated, m->architecture);
        }
}

void builder_emulator_ensure(struct builder_workshop *w, const char *architecture)
{
        const struct machine *m = find_machine(architecture);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        unsigned char magic[HEADER], mask[HEADER];
        struct sandbox *sandbox;
        bool found = false;

        if (!m || is_native(architecture) || strv_has(&w->emulated, architecture))
                return;
        strv_add(&w->emulated, architecture);
        make_magic(m, magic, mask);
        if (!w->emulates && host_has(magic, true))
                return;
        if (builder_workshop_sandbox(w, &sandbox, &err) < 0 || register_qemu(sandbox, m, &found, &err) < 0) {
                log_print(w->log, LOG_WARNING, "qemu-%s-static cannot be used: %s", m->qemu, err.message);
                return;
        }
        if (found && !w->emulates)
                keep_others(w, sandbox);
        w->emulates = w->emulates || found;
}

bool builder_emulator_has(const char *architecture)
{
        const struct machine *m = find_machine(architecture);
        unsigned char magic[HEADER], mask[HEADER];
        CLEANUP_FD int qemu = -1;

        if (is_native(architecture))
                return true;
        if (!m)
                return false;
        make_magic(m, magic, mask);
        if (host_has(magic, true))
                return true;
        qemu = open_qemu(m);
        return qemu >= 0;
}

static char *explain_loose(const struct machine *m)
{
        unsigned char magic[HEADER], mask[HEADER];

        make_magic(m, magic, mask);
        return host_has(magic, false)
                       ? memory_printf("the emulator that this machine has for %s is registered without the flag F of binfmt_misc, so "
                                       "that it is looked for in the image: register it with F, or install qemu-%s-static",
                                       m->architecture, m->qemu)
                       : NULL;
}

char *builder_emulator_explain(const char *architecture, int code)
{
        const struct machine *m = find_machine(architecture);

        if (is_native(architecture) || (code != ENOEXEC && code != ENOENT))
                return NULL;
        if (code == ENOENT)
                return m ? explain_loose(m) : NULL;
        if (!m)
                return memory_printf("no emulator for %s is known", architecture);
        return memory_printf("this machine runs no programs for %s: install qemu-%s-static (Debian: qemu-user-static; "
                             "Linux 6.7 or newer), "
                             "or have an emulator registered with binfmt_misc and its flag F, or let the stage run "
                             "here with FROM --platform=$BUILDPLATFORM",
                             architecture, m->qemu);
}
