/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter of every command. The kernel refuses most of what is
 * listed here to a process without CAP_SYS_ADMIN in the first user namespace; the
 * filter takes away the code that decides so, which is where bugs were (bpf, io_uring,
 * userfaultfd, keyrings, the mount calls in a user namespace of one's own), and
 * TIOCSTI, which types into the terminal of somebody else.
 *
 * The list is what Docker's default profile refuses and what has no use in a
 * build (moby, profiles/seccomp/default_linux.go). Everything else is allowed: programs
 * learn of new calls by ENOSYS from the kernel, as without a filter.
 *
 * The program is put together at each start, some 300 instructions; the kernel remembers for
 * each number whether the answer depends on arguments, so that ordinary calls cost nothing. To learn that
 * it goes through the program once for every number it knows, which is why the numbers are searched by halves: one after
 * the other that took longer than all the mounts of a command.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define PROGRAM_MAX 512

/* Linux numbers calls anew for each architecture below 424, and as one from there on. */
#define NONE (-1)
#ifndef SYS_umount
#define SYS_umount NONE
#endif

struct refused {
        long native, i386;
};

/* Refused to everybody. */
static const struct refused always[] = {
        {SYS_acct, 51},
        {SYS_add_key, 286},
        {SYS_keyctl, 288},
        {SYS_request_key, 287},
        {SYS_bpf, 357},
        {SYS_perf_event_open, 336},
        {SYS_userfaultfd, 374},
        {425 /* io_uring_setup */, 425},
        {426 /* io_uring_enter */, 426},
        {427 /* io_uring_register */, 427},
        {SYS_kexec_load, 283},
#ifdef SYS_kexec_file_load
        {SYS_kexec_file_load, NONE},
#endif
        {SYS_init_module, 128},
        {SYS_finit_module, 350},
        {SYS_delete_module, 129},
        {SYS_open_by_handle_at, 342},
        {SYS_fanotify_init, 338},
        {SYS_clock_settime, 264},
        {NONE, 404 /* clock_settime64 */},
        {SYS_clock_adjtime, 343},
        {NONE, 405 /* clock_adjtime64 */},
        {SYS_settimeofday, 79},
        {SYS_adjtimex, 124},
        {NONE, 25 /* stime */},
        {SYS_quotactl, 131},
        {443 /* quotactl_fd */, 443},
        {SYS_reboot, 88},
        {SYS_swapon, 87},
        {SYS_swapoff, 115},
        {SYS_syslog, 103},
        {SYS_vhangup, 111},
        {SYS_lookup_dcookie, 253},
        {SYS_nfsservctl, 169},
        {SYS_setns, 346},
#ifdef SYS_ioperm
        {SYS_ioperm, 101},
        {SYS_iopl, 110},
#endif
#ifdef SYS_uselib
        {SYS_uselib, 86},
#endif
#ifdef SYS_sysfs
        {SYS_sysfs, 135},
#endif
        {NONE, 113 /* vm86old */},
        {NONE, 166 /* vm86 */},
};

/* Refused unless the command was given CAP_SYS_ADMIN in its user namespace (--cap-add). */
static const struct refused administrative[] = {
        {SYS_mount, 21},
        {SYS_umount, 22},
        {SYS_umount2, 52},
        {SYS_pivot_root, 217},
        {428 /* open_tree */, 428},
        {429 /* move_mount */, 429},
        {430 /* fsopen */, 430},
        {431 /* fsconfig */, 431},
        {432 /* fsmount */, 432},
        {433 /* fspick */, 433},
        {442 /* mount_setattr */, 442},
};

/* The numbers of the calls whose arguments are looked at. */
struct examined {
        long ioctl, socket, unshare, clone, clone3;
};

struct program {
        struct sock_filter code[PROGRAM_MAX];
        unsigned short count;
        bool full;
};

static void add(struct program *p, struct sock_filter instruction)
{
        p->full = p->full || p->count == PROGRAM_MAX;
        if (!p->full)
                p->code[p->count++] = instruction;
}

static void add_load(struct program *p, size_t offset)
{
        add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset));
}

static void add_return(struct program *p, unsigned int what)
{
        add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* The low half of an argument: all that the kernel looks at in those that are examined here. */
static size_t argument(int which)
{
        size_t offset = offsetof(struct seccomp_data, args) + (size_t)which * sizeof(__u64);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        offset += sizeof(__u32);
#endif
        return offset;
}

/* --- rules ---------------------------------------------------------------------- */

#define RULES_MAX 96

/* What happens to one call: refused with `code`, or only when `test` holds for an argument with one of the values. */
struct rule {
        long number;
        int code;
        int which; /* the argument; -1: none is looked at */
        unsigned short test;
        const unsigned int *values;
        unsigned char count;
};

struct rules {
        struct rule rows[RULES_MAX]; /* by number */
        size_t count;
        bool full;
};

static void insert(struct rules *rules, struct rule rule)
{
        size_t at = rules->count;

        if (rule.number == NONE)
                return;
        rules->full = rules->full || rules->count == RULES_MAX;
        if (rules->full)
                return;
        for (; at > 0 && rules->rows[at - 1].number > rule.number; at--)
                rules->rows[at] = rules->rows[at - 1];
        rules->rows[at] = rule;
        rules->count++;
}

static void refuse(struct rules *rules, long number, int code)
{
        insert(rules, (struct rule){.number = number, .code = code, .which = -1});
}

static void refuse_argument(struct rules *rules, long number, int which, unsigned short test, const unsigned int *values,
                            unsigned char count)
{
        insert(rules, (struct rule){number, EPERM, which, test, values, count});
}

static void refuse_examined(struct rules *rules, const struct examined *calls, bool administrator)
{
        static const unsigned int injecting[] = {TIOCSTI, TIOCLINUX};
        static const unsigned int families[] = {40}; /* AF_VSOCK: reaches the machine this one is a guest of */
        static const unsigned int namespaces[] = {CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                                  CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET};

#if defined(__s390__)
        const int clone_flags = 1;
#else
        const int clone_flags = 0;
#endif
        refuse_argument(rules, calls->ioctl, 1, BPF_JEQ, injecting, 2);
        refuse_argument(rules, calls->socket, 0, BPF_JEQ, families, 1);
        if (administrator)
                return;
        refuse_argument(rules, calls->unshare, 0, BPF_JSET, namespaces, 1);
        refuse_argument(rules, calls->clone, clone_flags, BPF_JSET, namespaces, 1);
        refuse(rules, calls->clone3, ENOSYS); /* its flags lie in memory, where no filter looks; libc then takes clone */
}

static void add_table(struct rules *rules, const struct refused *table, size_t count, bool i386)
{
        for (size_t i = 0; i < count; i++)
                refuse(rules, i386 ? table[i].i386 : table[i].native, EPERM);
}

/* --- the program ----------------------------------------------------------------- */

/* The number is in the accumulator; ends with a return if it is the rule's. */
static void add_rule(struct program *p, const struct rule *rule)
{
        if (rule->which < 0) {
                add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)rule->number, 0, 1));
                add_return(p, SECCOMP_RET_ERRNO | (unsigned int)rule->code);
                return;
        }
        add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)rule->number, 0,
                                            (unsigned char)(2 * rule->count + 2)));
        add_load(p, argument(rule->which));
        for (unsigned char i = 0; i < rule->count; i++) {
                add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | rule->test | BPF_K, rule->values[i], 0, 1));
                add_return(p, SECCOMP_RET_ERRNO | (unsigned int)rule->code);
        }
        add_return(p, SECCOMP_RET_ALLOW);
}

/* The rules from `first` up to `last`, halved until few are left: every way through ends with a return. */
static void add_rules(struct program *p, const struct rules *rules, size_t first, size_t last)
{
        size_t middle = first + (last - first) / 2, left;
        unsigned short jump = p->count;

        if (last - first <= 3) {
                for (; first < last; first++)
                        add_rule(p, &rules->rows[first]);
                add_return(p, SECCOMP_RET_ALLOW);
                return;
        }
        add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned int)rules->rows[middle].number, 0, 0));
        add_rules(p, rules, first, middle);
        left = (size_t)(p->count - jump - 1);
        p->full = p->full || left > 255; /* a jump has eight bits */
        p->code[jump].jt = (unsigned char)left;
        add_rules(p, rules, middle, last);
}

/* All of one architecture; the number is in the accumulator. */
static void add_calls(struct program *p, const struct examined *calls, bool i386, bool administrator)
{
        struct rules rules = {.count = 0};

        add_table(&rules, always, sizeof(always) / sizeof(always[0]), i386);
        if (!administrator)
                add_table(&rules, administrative, sizeof(administrative) / sizeof(administrative[0]), i386);
        refuse_examined(&rules, calls, administrator);
        p->full = p->full || rules.full;
        add_rules(p, &rules, 0, rules.count);
}

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE AUDIT_ARCH_PPC64LE
#else
#error "sandbox/init/filter.c: which AUDIT_ARCH_ is this?"
#endif

static void make_program(struct program *p, bool administrator)
{
        static const struct examined native = {SYS_ioctl, SYS_socket, SYS_unshare, SYS_clone, 435};
        unsigned short jump;

        add_load(p, offsetof(struct seccomp_data, arch));
        jump = p->count;
        add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0));
        add(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
        add_load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
        /* x32: another table, under numbers from 2^30 on; no image has it */
        add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
        add_return(p, SECCOMP_RET_ERRNO | ENOSYS);
#endif
        add_calls(p, &native, false, administrator);
        p->code[jump + 1].k = (unsigned int)(p->count - jump - 2);
#if defined(__x86_64__)
        {
                static const struct examined i386 = {54, 359, 310, 120, 435};

                add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0));
                add_return(p, SECCOMP_RET_ERRNO | ENOSYS);
                add_load(p, offsetof(struct seccomp_data, nr));
                add_calls(p, &i386, true, administrator);
        }
#else
        add_return(p, SECCOMP_RET_ERRNO | ENOSYS); /* the 32 bit calls of this machine: no table, so none of them */
#endif
}

int init_filter_install(const struct init_context *context, const struct init_command *command,
                        struct sandbox_report *report)
{
        struct program p = {.count = 0};
        struct sock_fprog program = {.filter = p.code};

        make_program(&p, command->capabilities & (UINT64_C(1) << CAP_SYS_ADMIN));
        if (p.full)
                return init_fail(report, SANDBOX_STEP_FILTER, E2BIG, NULL);
        program.len = p.count;
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return init_fail(report, SANDBOX_STEP_FILTER, errno, NULL);
        init_log(context, SANDBOX_STEP_FILTER, errno, NULL); /* a kernel without filters */
        return 0;
}
