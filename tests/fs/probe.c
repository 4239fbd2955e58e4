/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's frame: which topic, which phase, one child for each promise; and what the topics share. */
#include "tests/fs/probe.h"

#include <dirent.h>
#include <grp.h>
#include <sys/wait.h>

/* A probe that hangs fails; the slowest takes a second. */
#define TIME_LIMIT 90

static enum probe_phase current_phase;
static const struct probe_topic *current_topic;

static const struct probe_topic *const topics[] = {
        &probe_links,   &probe_open_files, &probe_renames, &probe_trees, &probe_names,  &probe_identity, &probe_dirs,
        &probe_listing, &probe_bytes,      &probe_holes,   &probe_large, &probe_copies, &probe_maps,     &probe_owners,
        &probe_modes,   &probe_times,      &probe_xattrs,  &probe_acl,   &probe_caps,   &probe_special,  &probe_locks,
};

enum probe_phase probe_phase(void)
{
        return current_phase;
}

bool probe_is_root(void)
{
        return geteuid() == 0;
}

static __attribute__((noreturn)) void die(const char *what, const char *path)
{
        printf("# cannot %s %s: %s\n", what, path, strerror(errno));
        fflush(stdout);
        _exit(1);
}

int probe_open(const char *path, int flags, mode_t mode)
{
        int fd = open(path, flags | O_CLOEXEC, mode);

        if (fd < 0)
                die("open", path);
        return fd;
}

static void write_text(int fd, const char *path, const char *text)
{
        if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
                die("write", path);
        if (close(fd) < 0)
                die("close", path);
}

void probe_put(const char *path, const char *text)
{
        write_text(probe_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), path, text);
}

void probe_append(const char *path, const char *text)
{
        write_text(probe_open(path, O_WRONLY | O_APPEND, 0), path, text);
}

void probe_mkdir(const char *path)
{
        if (mkdir(path, 0755) < 0)
                die("make directory", path);
}

struct stat probe_stat(const char *path)
{
        struct stat st;

        if (lstat(path, &st) < 0)
                die("stat", path);
        return st;
}

const char *probe_get(const char *path)
{
        const size_t most = 4000;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *text = memory_zalloc(most + 1, 1);
        ssize_t n = fd < 0 ? -1 : read(fd, text, most);
        int error = errno;

        if (fd >= 0)
                close(fd);
        return n < 0 ? strerror(error) : text;
}

bool probe_exists(const char *path)
{
        struct stat st;

        if (lstat(path, &st) == 0)
                return true;
        if (errno != ENOENT)
                die("stat", path);
        return false;
}

const char *probe_list(const char *path)
{
        struct dirent **entries;
        size_t size = 1;
        char *text, *end;
        int count = scandir(path, &entries, NULL, alphasort);

        if (count < 0)
                return strerror(errno);
        for (int i = 0; i < count; i++)
                size += strlen(entries[i]->d_name) + 1;
        text = end = memory_zalloc(size, 1);
        for (int i = 0; i < count; i++)
                if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
                        end += sprintf(end, "%s ", entries[i]->d_name);
        return text;
}

void probe_keep(const char *name, unsigned long long number)
{
        char text[32];

        snprintf(text, sizeof text, "%llu", number);
        probe_put(name, text);
}

unsigned long long probe_kept(const char *name)
{
        return strtoull(probe_get(name), NULL, 10);
}

static int wait_for(pid_t child)
{
        int status = 0;

        if (child < 0 || waitpid(child, &status, 0) != child)
                die("wait for", "a child");
        if (WIFSIGNALED(status))
                printf("# ended by %s\n", strsignal(WTERMSIG(status)));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int probe_in_child(void (*body)(void), uid_t uid, gid_t gid)
{
        pid_t child;

        const int before = *current_topic->failures;

        fflush(stdout);
        child = fork();
        if (child == 0) {
                if (probe_is_root() &&
                    (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
                        die("become", "another user");
                body();
                fflush(stdout);
                _exit(*current_topic->failures == before ? 0 : 1);
        }
        return wait_for(child);
}

/* --- the phases ---------------------------------------------------------------- */

static void run_functions(const struct probe *probe)
{
        void (*first)(void) = current_phase == PROBE_BELOW    ? probe->below
                              : current_phase == PROBE_MIDDLE ? probe->middle
                              : current_phase == PROBE_LIVE   ? probe->live
                                                              : NULL;

        if (first != NULL)
                first();
        if (current_phase >= PROBE_LIVE && probe->verify != NULL)
                probe->verify();
}

static bool run_probe(const struct probe_topic *topic, const struct probe *probe)
{
        pid_t child;

        if (current_phase == PROBE_BELOW)
                probe_mkdir(probe->name);
        fflush(stdout);
        child = fork();
        if (child == 0) {
                alarm(TIME_LIMIT);
                if (chdir(probe->name) < 0)
                        die("enter", probe->name);
                run_functions(probe);
                fflush(stdout);
                _exit(*topic->failures == 0 ? 0 : 1);
        }
        if (wait_for(child) == 0)
                return true;
        printf("not ok %s/%s, as %s\n", topic->name, probe->name, probe_is_root() ? "root" : "app");
        return false;
}

static int run_topic(const struct probe_topic *topic, const char *only)
{
        char place[32];
        int failed = 0;

        current_topic = topic;
        snprintf(place, sizeof place, "/fs/%d", (int)geteuid());
        if (chdir(place) < 0)
                die("enter", place);
        umask(022);
        for (size_t i = 0; i < topic->count; i++)
                if (only == NULL || strcmp(only, topic->probes[i].name) == 0)
                        failed += !run_probe(topic, &topic->probes[i]);
        return failed == 0 ? 0 : 1;
}

/*
 * probe PHASE TOPIC [PROBE]. For what starts it with other rights: `probe who` says its ids, `probe open FILE` exits
 * with the error of doing so.
 */
int main(int argc, char **argv)
{
        static const char *const phases[] = {"below", "middle", "live", "sealed", "reloaded"};

        for (size_t phase = 0; argc >= 3 && phase < ARRAY_SIZE(phases); phase++) {
                if (strcmp(argv[1], phases[phase]) != 0)
                        continue;
                current_phase = (enum probe_phase)phase;
                for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
                        if (strcmp(argv[2], topics[i]->name) == 0)
                                return run_topic(topics[i], argv[3]);
        }
        if (argc == 2 && strcmp(argv[1], "who") == 0)
                return printf("%d %d %d %d", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid()) < 0;
        if (argc == 3 && strcmp(argv[1], "open") == 0)
                return open(argv[2], O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
        fprintf(stderr, "usage: probe below|middle|live|sealed|reloaded TOPIC [PROBE]\n");
        return 2;
}
