/* SPDX-License-Identifier: Apache-2.0 */
/* Real system calls through a real mount: bytes, names and directories. What the kernel, libfuse and this server make
 * of them together. */
#include <dirent.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <linux/fs.h>
#include <linux/fuse.h>

#include "common/memory.h"
#include "overlay/server.h"
#include "tests/unit/overlay_server_mount.h"
#include "tests/unit/overlay_server_tree.h"

static void put(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        CHECK(fd >= 0);
        CHECK_INT(write(fd, text, strlen(text)), strlen(text));
        CHECK_INT(close(fd), 0);
}

/* The file's bytes (at most 200) as a string; a new one each time. */
static const char *get(const char *path)
{
        static char bytes[256];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, bytes, 200);

        if (fd >= 0)
                close(fd);
        if (n < 0)
                return strerror(errno);
        bytes[n] = '\0';
        return bytes;
}

static struct stat stat_of(const char *path)
{
        struct stat st;

        memset(&st, 0, sizeof st);
        CHECK_INT(lstat(path, &st), 0);
        return st;
}

#define CHECK_FAILS(call, error)                                                                                       \
        do {                                                                                                           \
                errno = 0;                                                                                             \
                CHECK_INT(call, -1);                                                                                   \
                CHECK_STR(strerror(errno), strerror(error));                                                           \
        } while (0)

/* --- bytes --------------------------------------------------------------------- */

static void test_write_and_truncate(void)
{
        char big[70000];
        int fd;

        put("f", "hello, world");
        CHECK_STR(get("f"), "hello, world");
        put("f", "short"); /* > file */
        CHECK_STR(get("f"), "short");
        CHECK_INT(truncate("f", 2), 0);
        CHECK_STR(get("f"), "sh");
        CHECK_INT(truncate("f", 4), 0);
        CHECK_INT(stat_of("f").st_size, 4);
        fd = open("f", O_RDWR | O_CLOEXEC);
        CHECK_INT(pread(fd, big, 100, 0), 4);
        CHECK(memcmp(big, "sh\0\0", 4) == 0);
        memset(big, 'b', sizeof big);
        CHECK_INT(pwrite(fd, big, sizeof big, 100000), sizeof big);
        CHECK_INT(stat_of("f").st_size, 170000);
        CHECK_INT(pread(fd, big, 10, 99998), 10);
        CHECK(memcmp(big, "\0\0bbbbbbbb", 10) == 0);
        CHECK_INT(pread(fd, big, 10, 170000), 0);
        CHECK_INT(ftruncate(fd, 0), 0);
        CHECK_INT(pread(fd, big, 10, 0), 0);
        close(fd);
}

static void test_append_from_many(void)
{
        int i, status;

        put("log", "");
        for (i = 0; i < 4; i++) {
                if (fork() == 0) {
                        int n, fd = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);

                        for (n = 0; n < 250; n++)
                                if (write(fd, "12345678\n", 9) != 9)
                                        _exit(1);
                        _exit(close(fd) != 0);
                }
        }
        for (i = 0; i < 4; i++)
                CHECK(wait(&status) > 0 && status == 0);
        CHECK_INT(stat_of("log").st_size, 4 * 250 * 9);
        CHECK_INT(unlink("log"), 0);
}

static void test_far_offsets(void)
{
        int fd = open("far", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        char byte = 0;

        CHECK_INT(pwrite(fd, "x", 1, INT64_MAX - 1), 1);
        CHECK_INT(fsync(fd), 0);
        CHECK_INT(stat_of("far").st_size, INT64_MAX);
        CHECK_INT(pread(fd, &byte, 1, INT64_MAX - 1), 1);
        CHECK_INT(byte, 'x');
        CHECK_INT(pwrite(fd, "x", 1, INT64_MAX), -1);
        CHECK_INT(pread(fd, &byte, 1, 5000000000), 1);
        CHECK_INT(byte, 0);
        CHECK_INT(ftruncate(fd, 5000000000), 0);
        CHECK_INT(pwrite(fd, "y", 1, 4999999999), 1);
        CHECK_INT(close(fd), 0);
        CHECK_INT(stat_of("far").st_size, 5000000000);
        CHECK_INT(unlink("far"), 0);
}

/* The data is still in the page cache when the question comes, also data written through a mapping. */
static void test_holes_of_unwritten_pages(void)
{
        int fd = open("sparse", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        char *p;

        CHECK_INT(ftruncate(fd, 4 << 20), 0);
        CHECK_FAILS((int)lseek(fd, 0, SEEK_DATA), ENXIO);
        CHECK_INT(pwrite(fd, "data", 4, 1 << 20), 4);
        CHECK_INT(lseek(fd, 0, SEEK_DATA), 1 << 20);
        CHECK_INT(lseek(fd, 0, SEEK_HOLE), 0);
        CHECK(lseek(fd, 1 << 20, SEEK_HOLE) >= (1 << 20) + 4);
        CHECK(lseek(fd, 1 << 20, SEEK_HOLE) <= (1 << 20) + 4096);
        p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        p[3 << 20] = 'm';
        CHECK_INT(lseek(fd, 2 << 20, SEEK_DATA), 3 << 20);
        CHECK_INT(p[3 << 20], 'm');
        CHECK_INT(munmap(p, 4 << 20), 0);
        CHECK_FAILS((int)lseek(fd, 4 << 20, SEEK_DATA), ENXIO);
        CHECK_FAILS((int)lseek(fd, 9 << 20, SEEK_HOLE), ENXIO);
        CHECK_INT(lseek(fd, 0, SEEK_END), 4 << 20);
        close(fd);
}

/* Each answer needs WRITEs to be served meanwhile: with one serving thread, and with several askers at once. */
static void test_seeks_while_writing(void)
{
        char name[16], block[4096];
        int i, n, status;

        memset(block, 'b', sizeof block);
        for (i = 0; i < 4; i++) {
                if (fork() == 0) {
                        int fd;

                        snprintf(name, sizeof name, "seek%d", i);
                        fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
                        for (n = 0; n < 200; n++) {
                                if (pwrite(fd, block, sizeof block, n * 8192) != sizeof block)
                                        _exit(1);
                                if (n % 10 == 0 && lseek(fd, n * 8192, SEEK_DATA) != n * 8192)
                                        _exit(2);
                                if (n % 10 == 5 && lseek(fd, n * 8192 - 8192, SEEK_HOLE) != n * 8192 - 4096)
                                        _exit(3);
                        }
                        _exit(close(fd) != 0);
                }
        }
        for (i = 0; i < 4; i++)
                CHECK(wait(&status) > 0 && status == 0);
}

static void test_mmap_and_exec(void)
{
        int fd = open("map", O_RDWR | O_CREAT | O_CLOEXEC, 0644), status = 0, out;
        char *shared, *private;
        pid_t pid;

        CHECK_INT(ftruncate(fd, 10000), 0);
        shared = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        private = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        CHECK(shared != MAP_FAILED && private != MAP_FAILED);
        strcpy(shared + 9000, "mapped");
        private[0] = 'p';
        CHECK_INT(pwrite(fd, "written", 7, 0), 7);
        CHECK(memcmp(shared, "written", 7) == 0);
        CHECK_INT(msync(shared, 10000, MS_SYNC), 0);
        CHECK_INT(munmap(shared, 10000), 0);
        CHECK_INT(munmap(private, 10000), 0);
        close(fd);
        CHECK_STR(get("map"), "written");

        put("tool", "#!/bin/sh\nexit 7\n");
        CHECK_FAILS(execl("tool", "tool", NULL), EACCES);
        CHECK_INT(chmod("tool", 0755), 0);
        pid = fork();
        if (pid == 0) {
                execl("./tool", "tool", NULL);
                _exit(99);
        }
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK_INT(WEXITSTATUS(status), 7);
        out = open("tool", O_WRONLY | O_CLOEXEC);
        CHECK_FAILS(execl("./tool", "tool", NULL), ETXTBSY);
        close(out);
}

static void test_direct_io(void)
{
        char *page = memory_alloc(16384), *aligned = page + (4096 - (uintptr_t)page % 4096);
        int fd = open("direct", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0644);

        CHECK(fd >= 0);
        memset(aligned, 'd', 8192);
        CHECK_INT(write(fd, aligned, 8192), 8192);
        memset(aligned, 0, 8192);
        CHECK_INT(pread(fd, aligned, 8192, 0), 8192);
        CHECK_INT(aligned[8191], 'd');
        close(fd);
        CHECK_INT(stat_of("direct").st_size, 8192);
        free(page);
}

static void test_copy_and_fallocate(void)
{
        off_t from = 1, to = 3;
        int in, out;

        put("in", "0123456789");
        put("out", "abc");
        in = open("in", O_RDONLY | O_CLOEXEC);
        out = open("out", O_RDWR | O_CLOEXEC);
        CHECK_INT(copy_file_range(in, &from, out, &to, 5, 0), 5);
        CHECK_STR(get("out"), "abc12345");
        CHECK_INT(copy_file_range(in, &from, out, &to, 1u << 30, 0), 4);
        CHECK_STR(get("out"), "abc123456789");
        CHECK_INT(copy_file_range(in, &from, out, &to, 10, 0), 0);
        CHECK_INT(fallocate(out, 0, 0, 20), 0);
        CHECK_INT(stat_of("out").st_size, 20);
        CHECK_INT(fallocate(out, FALLOC_FL_KEEP_SIZE, 0, 100), 0);
        CHECK_INT(stat_of("out").st_size, 20);
        CHECK_INT(fallocate(out, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3), 0);
        CHECK_INT(get("out")[0], 0);
        CHECK_FAILS(fallocate(out, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
        CHECK_FAILS(fallocate(out, 0, INT64_MAX - 1, 2), EFBIG);
        close(in);
        close(out);
}

/* --- names --------------------------------------------------------------------- */

static void test_names(void)
{
        char name[600], target[4096];

        memset(name, 'n', sizeof name);
        name[255] = '\0';
        put(name, "long");
        CHECK_STR(get(name), "long");
        CHECK_INT(unlink(name), 0);
        name[255] = 'n';
        name[256] = '\0';
        CHECK_FAILS(open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644), ENAMETOOLONG);
        CHECK_FAILS(mkdir(name, 0755), ENAMETOOLONG);
        CHECK_FAILS(access(name, F_OK), ENAMETOOLONG);
        CHECK_FAILS(rename("f", name), ENAMETOOLONG);
        put("\xff\n\t*", "bytes");
        CHECK_STR(get("\xff\n\t*"), "bytes");
        CHECK_INT(unlink("\xff\n\t*"), 0);
        memset(target, 't', sizeof target);
        target[4095] = '\0';
        CHECK_INT(symlink(target, "link"), 0);
        CHECK_INT(stat_of("link").st_size, 4095);
        CHECK_INT(readlink("link", target, sizeof target), 4095);
        CHECK_INT(unlink("link"), 0);
        CHECK_FAILS(symlink("", "link"), ENOENT);
}

static void test_links_and_renames(void)
{
        put("a", "a");
        CHECK_INT(link("a", "b"), 0);
        CHECK_INT(stat_of("a").st_nlink, 2);
        CHECK_INT(stat_of("a").st_ino, stat_of("b").st_ino);
        CHECK_FAILS(link("a", "b"), EEXIST);
        CHECK_INT(unlink("a"), 0);
        CHECK_INT(stat_of("b").st_nlink, 1);
        put("c", "c");
        CHECK_FAILS((int)syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE), EEXIST);
        CHECK_INT(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE), 0);
        CHECK_STR(get("b"), "c");
        CHECK_STR(get("c"), "a");
        CHECK_INT(rename("b", "c"), 0);
        CHECK_STR(get("c"), "c");
        CHECK_STR(get("b"), strerror(ENOENT));
        CHECK_INT(mkdir("d", 0755), 0);
        CHECK_INT(mkdir("d/e", 0755), 0);
        CHECK_FAILS(rename("d", "d/e/f"), EINVAL);
        CHECK_FAILS(rename("c", "d"), EISDIR);
        CHECK_FAILS(rename("d", "c"), ENOTDIR);
        CHECK_FAILS(rmdir("d"), ENOTEMPTY);
        CHECK_INT(stat_of("d").st_nlink, 3);
        CHECK_INT(rename("d/e", "e"), 0);
        CHECK_INT(stat_of("d").st_nlink, 2);
        CHECK_INT(rmdir("d"), 0);
        CHECK_INT(rmdir("e"), 0);
        CHECK_INT(unlink("c"), 0);
}

static void test_unlinked_open_file(void)
{
        int fd = open("ghost", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        char bytes[64], proc[64];
        struct stat st;

        CHECK_INT(write(fd, "still", 5), 5);
        CHECK_INT(unlink("ghost"), 0);
        put("ghost", "another");
        CHECK_INT(write(fd, " here", 5), 5);
        CHECK_INT(fsync(fd), 0);
        CHECK_INT(fstat(fd, &st), 0);
        CHECK_INT(st.st_nlink, 0);
        CHECK_INT(st.st_size, 10);
        CHECK_INT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
        CHECK_INT(pread(fd, bytes, sizeof bytes, 0), 10);
        CHECK(memcmp(bytes, "still here", 10) == 0);
        CHECK_INT(ftruncate(fd, 3), 0);
        CHECK_INT(fchmod(fd, 0600), 0);
        close(fd);
        CHECK_STR(get("ghost"), "another");
        CHECK_INT(unlink("ghost"), 0);

        fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
        CHECK(fd >= 0);
        CHECK_INT(write(fd, "made before its name", 20), 20);
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
        CHECK_INT(linkat(AT_FDCWD, proc, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
        close(fd);
        CHECK_STR(get("named"), "made before its name");
        CHECK_INT(stat_of("named").st_nlink, 1);
        CHECK_INT(unlink("named"), 0);
}

static void test_special_files(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
        struct statvfs vfs, disk;
        int fd, watch, lock = LOCK_EX | LOCK_NB;
        struct flock ofd = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        char event[300];

        CHECK_INT(mkfifo("fifo", 0600), 0);
        fd = open("fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        CHECK_INT(write(fd, "x", 1), 1);
        CHECK_INT(read(fd, event, 1), 1);
        close(fd);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        CHECK_INT(S_ISSOCK(stat_of("socket").st_mode), 1);
        close(fd);
        CHECK_FAILS(mknod("device", S_IFCHR | 0600, 0x103), EPERM);
        CHECK_INT(unlink("fifo"), 0);
        CHECK_INT(unlink("socket"), 0);

        watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        CHECK(inotify_add_watch(watch, ".", IN_CREATE) >= 0);
        put("watched", "");
        CHECK(read(watch, event, sizeof event) > 0);
        close(watch);
        fd = open("watched", O_RDWR | O_CLOEXEC);
        CHECK_INT(flock(fd, lock), 0);
        CHECK_INT(fcntl(fd, F_OFD_SETLK, &ofd), 0);
        watch = open("watched", O_RDWR | O_CLOEXEC);
        CHECK_FAILS(flock(watch, lock), EWOULDBLOCK);
        CHECK_FAILS(fcntl(watch, F_OFD_SETLK, &ofd), EAGAIN);
        close(watch);
        close(fd);
        CHECK_INT(unlink("watched"), 0);

        CHECK_INT(statvfs(".", &vfs), 0);
        CHECK_INT(statvfs("/tmp", &disk), 0);
        CHECK_INT(vfs.f_blocks * vfs.f_frsize, disk.f_blocks * disk.f_frsize);
        CHECK_INT(vfs.f_namemax, 255);
}

/* --- directories ------------------------------------------------------------------ */

#define ENTRIES 10000

/* Names are "0" to "9999"; those with (n % 3 == 1) are removed, "new<n>" are made, while the directory is read. */
static void test_readdir_while_names_come_and_go(void)
{
        unsigned char *seen = memory_zalloc(ENTRIES, 1);
        struct dirent *entry;
        char name[32];
        int i, read_so_far = 0, repeated = 0, lost = 0;
        DIR *dir;

        CHECK_INT(mkdir("many", 0755), 0);
        CHECK_INT(chdir("many"), 0);
        for (i = 0; i < ENTRIES; i++) {
                snprintf(name, sizeof name, "%d", i);
                CHECK_INT(mknod(name, S_IFREG | 0644, 0), 0);
        }
        dir = opendir(".");
        while ((entry = readdir(dir)) != NULL) {
                int n = -1;

                if (read_so_far % 50 == 0) {
                        i = read_so_far * 3 % ENTRIES / 3 * 3 + 1;
                        snprintf(name, sizeof name, "%d", i);
                        unlink(name);
                        snprintf(name, sizeof name, "new%d", read_so_far);
                        CHECK_INT(mknod(name, S_IFREG | 0644, 0), 0);
                }
                read_so_far++;
                if (sscanf(entry->d_name, "%d", &n) == 1 && n >= 0 && n < ENTRIES)
                        repeated += seen[n]++ > 0;
        }
        for (i = 0; i < ENTRIES; i++)
                lost += i % 3 != 1 && !seen[i];
        CHECK_INT(repeated, 0);
        CHECK_INT(lost, 0);
        closedir(dir);
        free(seen);
}

static void test_cookies(void)
{
        struct dirent *entry;
        char name[300];
        DIR *dir = opendir(".");
        long place = 0, junk[] = {0, 1, 2, 3, 4096, 0x7fffffff, 0x123456789abcdef, INT64_MAX};
        size_t i;

        for (i = 0; i < 100; i++) {
                place = telldir(dir);
                entry = readdir(dir);
                CHECK(entry != NULL);
                snprintf(name, sizeof name, "%s", entry->d_name);
        }
        for (i = 0; i < 2000; i++)
                CHECK(readdir(dir) != NULL);
        seekdir(dir, place);
        entry = readdir(dir);
        CHECK_STR(entry ? entry->d_name : NULL, name);
        for (i = 0; i < ARRAY_SIZE(junk); i++) {
                int n = 0;

                seekdir(dir, junk[i]);
                while (readdir(dir) != NULL && n < 3 * ENTRIES)
                        n++;
                CHECK(n < 3 * ENTRIES);
        }
        closedir(dir);
        CHECK_INT(chdir(".."), 0);
        CHECK_INT(system("rm -rf many"), 0);
        CHECK_FAILS(rmdir("many"), ENOENT);
}

static void test_identity_in_readdir(void)
{
        struct dirent *entry;
        int dots = 0, others = 0;
        DIR *dir;

        CHECK_INT(mkdir("dir", 0755), 0);
        CHECK_INT(mkdir("dir/sub", 0755), 0);
        put("dir/file", "");
        CHECK_INT(symlink("x", "dir/link"), 0);
        CHECK_INT(chdir("dir"), 0);
        dir = opendir(".");
        while ((entry = readdir(dir)) != NULL) {
                struct stat st = stat_of(entry->d_name);

                CHECK_INT(entry->d_ino, st.st_ino);
                CHECK_INT(entry->d_type, IFTODT(st.st_mode));
                if (entry->d_name[0] == '.')
                        dots++;
                else
                        others++;
        }
        closedir(dir);
        CHECK_INT(dots, 2);
        CHECK_INT(others, 3);
        CHECK_INT(chdir(".."), 0);
        CHECK_INT(system("rm -rf dir"), 0);
}

static void test_directory_removed_while_open(void)
{
        int fd;

        CHECK_INT(mkdir("dead", 0755), 0);
        fd = open("dead", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(rmdir("dead"), 0);
        CHECK_FAILS(openat(fd, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0644), ENOENT);
        CHECK_FAILS(mkdirat(fd, "x", 0755), ENOENT);
        close(fd);
}

/* ------------------------------------------------------------------------------------ */

static int client_body(void *context)
{
        (void)context;
        CHECK_RUN(test_write_and_truncate);
        CHECK_RUN(test_append_from_many);
        CHECK_RUN(test_far_offsets);
        CHECK_RUN(test_holes_of_unwritten_pages);
        CHECK_RUN(test_seeks_while_writing);
        CHECK_RUN(test_mmap_and_exec);
        CHECK_RUN(test_direct_io);
        CHECK_RUN(test_copy_and_fallocate);
        CHECK_RUN(test_names);
        CHECK_RUN(test_links_and_renames);
        CHECK_RUN(test_unlinked_open_file);
        CHECK_RUN(test_special_files);
        CHECK_RUN(test_readdir_while_names_come_and_go);
        CHECK_RUN(test_cookies);
        CHECK_RUN(test_identity_in_readdir);
        CHECK_RUN(test_directory_removed_while_open);
        put("kept", "from one RUN to the next");
        return 0;
}

static int single_body(void *context)
{
        (void)context;
        CHECK_RUN(test_holes_of_unwritten_pages);
        CHECK_RUN(test_seeks_while_writing);
        return 0;
}

static int second_body(void *context)
{
        (void)context;
        CHECK_STR(get("kept"), "from one RUN to the next");
        CHECK_STR(get("map"), "written");
        return 0;
}

/* --- identity over a cache drop -------------------------------------------------------- */

static int make_kept(void *context)
{
        (void)context;
        put("kept", "text");
        return 0;
}

/* The kernel drops what it remembers of a file system that is mounted again (reconfigure_super() in fs/super.c). */
static int forget_body(void *context)
{
        static const char *const paths[] = {"kept", "again", "again/below", "again/below/f", "again/hard"};
        ino_t before[ARRAY_SIZE(paths)];
        size_t i;

        (void)context;
        CHECK_INT(mkdir("again", 0755), 0);
        CHECK_INT(mkdir("again/below", 0755), 0);
        put("again/below/f", "text");
        CHECK_INT(link("again/below/f", "again/hard"), 0);
        for (i = 0; i < ARRAY_SIZE(paths); i++)
                before[i] = stat_of(paths[i]).st_ino;
        for (int round = 0; round < 3; round++) {
                CHECK_INT(mount(NULL, ".", NULL, MS_REMOUNT | MS_NODEV, NULL), 0);
                for (i = 0; i < ARRAY_SIZE(paths); i++)
                        CHECK_INT(stat_of(paths[i]).st_ino, before[i]);
                CHECK_STR(get("again/hard"), "text");
                CHECK_INT(stat_of("again/hard").st_nlink, 2);
        }
        return 0;
}

static void test_identity_over_a_cache_drop(void)
{
        struct overlay_server_counters counters = {0};
        struct server_tree st = {0};

        server_tree_make(&st);
        mount_run(st.tree, st.mount, NULL, make_kept, NULL, NULL);
        mount_run(st.tree, st.mount, NULL, forget_body, NULL, &counters);
        CHECK(counters.requests[FUSE_LOOKUP] >= 4 * 5); /* before, and after each drop */
        CHECK(counters.requests[FUSE_FORGET] + counters.requests[FUSE_BATCH_FORGET] > 0);
        server_tree_drop(&st);
}

static void test_posix(void)
{
        struct overlay_server_options single = {.policy = OVERLAY_SERVER_SINGLE};
        struct overlay_server_counters counters = {0};
        struct server_tree st = {0};

        server_tree_make(&st);
        mount_run(st.tree, st.mount, NULL, client_body, NULL, &counters);
        CHECK_INT(counters.requests[FUSE_CREATE], 1); /* asked once, never again */
        CHECK_INT(counters.requests[FUSE_OPEN], 1);
        CHECK_INT(counters.requests[FUSE_RELEASE], 0);
        mount_run(st.tree, st.mount, NULL, second_body, NULL, NULL);
        mount_run(st.tree, st.mount, &single, single_body, NULL, NULL);
        server_tree_drop(&st);
}

int main(void)
{
        CHECK_RUN(test_posix);
        CHECK_RUN(test_identity_over_a_cache_drop);
        return CHECK_END();
}
