/* SPDX-License-Identifier: Apache-2.0 */
/* A layer that is read while its file is still being written. */
#include <errno.h>

#include "oci/layer_reader.h"
#include "tests/unit/tar_build.h"

/* The file is full of other bytes, and the true ones come in steps, when they are waited for. */
struct slow {
        int fd;
        const struct buffer *bytes;
        size_t done, step;
        size_t stop; /* the writer fails here */
        unsigned waits;
};

static int wait_more(void *context, uint64_t offset, uint64_t *ret_size, struct error *err)
{
        struct slow *s = context;
        size_t n = s->bytes->size - s->done < s->step ? s->bytes->size - s->done : s->step;

        s->waits++;
        CHECK_INT(offset, s->done); /* what was there has been read, and no more */
        if (s->stop > 0 && s->done >= s->stop)
                return error_set(err, ECANCELED, "the download was cut");
        CHECK_INT(fd_pwrite_all(s->fd, s->bytes->data + s->done, n, (off_t)s->done), 0);
        *ret_size = s->done += n;
        return 0;
}

static void fill(struct slow *s)
{
        CLEANUP_BUFFER struct buffer junk = BUFFER_INIT;

        while (junk.size < s->bytes->size)
                buffer_append_char(&junk, '\xff');
        s->fd = memfd_create("feed", MFD_CLOEXEC);
        CHECK_INT(fd_write_all(s->fd, junk.data, junk.size), 0);
}

static int count_entry(void *context, const struct oci_entry *e, struct error *err)
{
        (void)e, (void)err;
        ++*(unsigned *)context;
        return 0;
}

static void make_tar(struct buffer *tar)
{
        tar_add_file(tar, "a", '0', "alpha", 5);
        tar_add_file(tar, "b", '0', "beta", 4);
        tar_end(tar);
}

static void test_steps(void)
{
        static const size_t steps[] = {1, 511, 512, 513, 100000};
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        struct sha256_digest digest;

        make_tar(&tar);
        sha256_of(tar.data, tar.size, &digest);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct slow s = {.bytes = &tar, .step = steps[i]};
                struct oci_layer_feed feed = {0, wait_more, &s};
                struct oci_layer_info info = {.size = 0};
                unsigned count = 0;

                fill(&s);
                feed.fd = s.fd;
                CHECK_OK(oci_layer_ingest_feed(&feed, -1, NULL, count_entry, &count, &info, &err));
                CHECK_INT(count, 2);
                CHECK_INT(info.size, tar.size);
                CHECK(sha256_equal(&info.diff_id, &digest));
                CHECK(s.waits >= tar.size / steps[i]);
                close(s.fd);
        }
}

static void test_cut(void)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;

        make_tar(&tar);
        for (size_t stop = 1; stop < tar.size; stop += 500) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct slow s = {.bytes = &tar, .step = 100, .stop = stop};
                struct oci_layer_feed feed = {0, wait_more, &s};
                struct oci_layer_info info;

                fill(&s);
                feed.fd = s.fd;
                CHECK_INT(oci_layer_ingest_feed(&feed, -1, NULL, NULL, NULL, &info, &err), -1);
                CHECK_INT(err.code, ECANCELED);
                CHECK_HAS(err.message, "the download was cut");
                close(s.fd);
        }
}

int main(void)
{
        CHECK_RUN(test_steps);
        CHECK_RUN(test_cut);
        return CHECK_END();
}
