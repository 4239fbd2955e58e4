/* SPDX-License-Identifier: Apache-2.0 */
/* Names of git repositories: what is one (C12.1), what is asked of it (C12.2, C12.3), and what never reaches git
 * (C12.8). */
#include "builder/git_url.h"

#include "common/memory.h"
#include "tests/unit/check.h"

static void test_is_repository(void)
{
        static const char *const yes[] = {
                "https://h/x.git",  "http://h/x.git", "HTTPS://h/x.git#a:b", "https://h/x.git?ref=a", "git@h:x",
                "u@h:a/b.git#main", "ssh://h/x",      "git://h/x",           "https://h/x.git/",      "http://h/.git"};
        static const char *const no[] = {
                "https://h/x", "https://h/x.tar.gz", "dir/x.git", "./git@h:x", "a@b", "ext::sh -c x",
                "fd::3",       "file:///x.git",      "@h:x",      "x:y"};

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
                if (!builder_git_url_is(yes[i]))
                        check_report_(__FILE__, __LINE__, yes[i]);
        for (size_t i = 0; i < ARRAY_SIZE(no); i++)
                if (builder_git_url_is(no[i]))
                        check_report_(__FILE__, __LINE__, no[i]);
}

static void test_fragment(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_GIT_URL struct builder_git_url u = BUILDER_GIT_URL_INIT;

        CHECK_OK(builder_git_url_parse("https://me:tok@h:8443/a/x.git#v1.0:sub//dir/", &u, &err));
        CHECK_STR(u.remote, "https://h:8443/a/x.git");
        CHECK_STR(u.shown, "https://xxxxx@h:8443/a/x.git#v1.0:sub//dir/");
        CHECK_STR(u.origin, "https://h:8443/");
        CHECK_STR(u.host, "h");
        CHECK_STR(u.authorization, "Basic bWU6dG9r");
        CHECK_STR(u.ref, "v1.0");
        CHECK_STR(u.subdir, "sub/dir");
        builder_git_url_free(&u);
        CHECK_OK(builder_git_url_parse("git@h:a/x#:sub", &u, &err));
        CHECK_STR(u.remote, "git@h:a/x");
        CHECK_STR(u.scheme, "ssh");
        CHECK(!u.ref && !u.origin);
        CHECK_STR(u.subdir, "sub");
        builder_git_url_free(&u);
        CHECK_OK(builder_git_url_parse("ssh://git@h:22/x", &u, &err));
        CHECK_STR(u.remote, "ssh://git@h:22/x");
}

static void test_query(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_GIT_URL struct builder_git_url u = BUILDER_GIT_URL_INIT;

        CHECK_OK(builder_git_url_parse(
                "https://h/x.git?tag=v1&subdir=a%2Fb&commit=0123456789abcdef&keep-git-dir&submodules=0&"
                "mtime=commit&fetch-by-commit=true",
                &u, &err));
        CHECK_STR(u.ref, "refs/tags/v1");
        CHECK_STR(u.subdir, "a/b");
        CHECK_STR(u.commit, "0123456789abcdef");
        CHECK(u.keep_git_dir && u.has_keep_git_dir && u.no_submodules && u.commit_time && u.by_commit);
        builder_git_url_free(&u);
        CHECK_OK(builder_git_url_parse("https://h/x.git?branch=main&checksum=0123456", &u, &err));
        CHECK_STR(u.ref, "refs/heads/main");
        CHECK(!u.keep_git_dir && !u.no_submodules);
        builder_git_url_free(&u);
        CHECK_OK(builder_git_url_parse("https://h/x.git?tag=v1&subdir=a#refs/tags/v1:a/", &u, &err));
        CHECK_STR(u.ref, "refs/tags/v1");
        CHECK_STR(u.subdir, "a");
}

static void test_refused(void)
{
        static const char *const bad[] = {
                "https://h/x.git#--upload-pack=touch",
                "https://h/x.git#-x",
                "https://h/x.git?ref=--upload-pack%3Dx",
                "https://h/x.git?branch=-x",
                "https://h/x.git?tag=-x",
                "ssh://-oProxyCommand=x/y",
                "ssh://-oProxyCommand=x@h/y",
                "git://-h/x",
                "git@-oProxyCommand=x:y",
                "-oProxyCommand@h:x",
                "git@h:-x",
                "ssh://h/-x",
                "https://-h/x.git",
                "https://h/x.git#a\nb",
                "https://h/x.git#a b",
                "git@h:x\n#y",
                "https://h/x.git#a..b",
                "https://h/x.git#a^{}",
                "https://h/x.git#main:..",
                "https://h/x.git#main:a/../..",
                "https://h/x.git#main:/etc",
                "https://h/x.git#main:-x",
                "https://h/x.git#main:.git",
                "https://h/x.git#main:a/.GIT/hooks",
                "https://h/x.git?subdir=..%2f..",
                "https://h/x.git?commit=--x",
                "https://h/x.git?commit=0123",
                "https://h/x.git?color=red",
                "https://h/x.git?mtime=now",
                "https://h/x.git?submodules=maybe",
                "https://h/x.git?ref=a&branch=b",
                "https://h/x.git?ref=a#b",
                "https://h/x.git?subdir=a#:b",
                "https://h/x.git?fetch-by-commit=1",
                "ssh://git:password@h/x",
                "git://h",
                "ssh://h/",
                "https://h/x.git#ref:a:b\x7f",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_GIT_URL struct builder_git_url u = BUILDER_GIT_URL_INIT;

                if (builder_git_url_parse(bad[i], &u, &err) == 0)
                        check_report_(__FILE__, __LINE__, bad[i]);
        }
}

static void test_checksum(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_GIT_URL struct builder_git_url u = BUILDER_GIT_URL_INIT;

        CHECK_OK(builder_git_url_parse("https://h/x.git", &u, &err));
        CHECK_OK(builder_git_url_set_commit(&u, "abcdef0", &err));
        CHECK(builder_git_url_set_commit(&u, "abcdef1", &err) < 0);
        CHECK_HAS(err.message, "at once");
}

int main(void)
{
        CHECK_RUN(test_is_repository);
        CHECK_RUN(test_fragment);
        CHECK_RUN(test_query);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_checksum);
        return CHECK_END();
}
