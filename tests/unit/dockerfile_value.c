/* SPDX-License-Identifier: Apache-2.0 */
/* Durations, ports, signals, owners, modes, mounts, and "did you mean". */
#include "common/memory.h"
#include "dockerfile/mount.h"
#include "dockerfile/suggest.h"
#include "dockerfile/value.h"
#include "tests/unit/check.h"

static void test_durations(void)
{
        static const struct {
                const char *text;
                int64_t expected;
                const char *error;
        } rows[] = {
                {"0", 0, NULL},
                {"5s", INT64_C(5000000000), NULL},
                {"+5s", INT64_C(5000000000), NULL},
                {"-5s", INT64_C(-5000000000), NULL},
                {"1h15m30.5s", INT64_C(4530500000000), NULL},
                {"1.5h", INT64_C(5400000000000), NULL},
                {".5s", 500000000, NULL},
                {"5.s", INT64_C(5000000000), NULL},
                {"1ns1us1ms", 1001001, NULL},
                {"1\xC2\xB5s1\xCE\xBCs", 2000, NULL},
                {"0.000000001s", 1, NULL},
                {"0.3333333333333333333h", INT64_C(1200000000000) - 1, "approx"},
                {"9223372036s", INT64_C(9223372036000000000), NULL},
                {"", 0, "is not a duration"},
                {"-", 0, "is not a duration"},
                {"s", 0, "is not a duration"},
                {".", 0, "is not a duration"},
                {".s", 0, "is not a duration"},
                {"1d", 0, "is not a duration"},
                {"5 s", 0, "is not a duration"},
                {"1s x", 0, "is not a duration"},
                {"30", 0, "the duration '30' has no unit: write 30s"},
                {"9223372037s", 0, "is too long"},
                {"99999999999999999999s", 0, "is too long"},
                {"3000000h", 0, "is too long"},
                {"9223372036s1s", 0, "is too long"},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                int64_t is = 0;
                bool approx = rows[k].error && strcmp(rows[k].error, "approx") == 0;

                CHECK_INT(dockerfile_duration_parse(rows[k].text, &is, &err), rows[k].error && !approx ? -1 : 0);
                if (approx)
                        CHECK(llabs(is - rows[k].expected) <= 2);
                else if (rows[k].error)
                        CHECK_HAS(err.message, rows[k].error);
                else
                        CHECK_INT(is, rows[k].expected);
        }
}

static void test_ports(void)
{
        static const struct {
                const char *text;
                unsigned first, last, protocol;
                bool other_case, mapping;
                const char *error;
        } rows[] = {
                {"80", 80, 80, DOCKERFILE_TCP, false, false, NULL},
                {"80/udp", 80, 80, DOCKERFILE_UDP, false, false, NULL},
                {"80/", 80, 80, DOCKERFILE_TCP, false, false, NULL},
                {"80/SCTP", 80, 80, DOCKERFILE_SCTP, true, false, NULL},
                {"7000-7010/tcp", 7000, 7010, DOCKERFILE_TCP, false, false, NULL},
                {"0-65535", 0, 65535, DOCKERFILE_TCP, false, false, NULL},
                {"127.0.0.1:8080:80", 80, 80, DOCKERFILE_TCP, false, true, NULL},
                {"[::1]:8080:80/udp", 80, 80, DOCKERFILE_UDP, false, true, NULL},
                {"", 0, 0, 0, false, false, "'' is not a port"},
                {"x", 0, 0, 0, false, false, "'x' is not a port"},
                {"65536", 0, 0, 0, false, false, "is not a port"},
                {"80-", 0, 0, 0, false, false, "is not a port"},
                {"-80", 0, 0, 0, false, false, "is not a port"},
                {"80x", 0, 0, 0, false, false, "is not a port"},
                {"80:", 0, 0, 0, false, false, "is not a port"},
                {"90-80", 0, 0, 0, false, false, "the range of ports ends before it begins"},
                {"80/tpc", 0, 0, 0, false, false,
                 "'tpc' is no protocol: a port is /tcp, /udp or /sctp (did you mean tcp?)"},
        };
        char text[DOCKERFILE_PORT_SIZE];

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct dockerfile_ports p;

                CHECK_INT(dockerfile_ports_parse(rows[k].text, &p, &err), rows[k].error ? -1 : 0);
                if (rows[k].error) {
                        CHECK_HAS(err.message, rows[k].error);
                        continue;
                }
                CHECK_INT(p.first, rows[k].first);
                CHECK_INT(p.last, rows[k].last);
                CHECK_INT(p.protocol, rows[k].protocol);
                CHECK_INT(p.other_case, rows[k].other_case);
                CHECK_INT(p.has_mapping, rows[k].mapping);
        }
        dockerfile_port_format(65535, DOCKERFILE_SCTP, text);
        CHECK_STR(text, "65535/sctp");
}

static void test_signals(void)
{
        static const struct {
                const char *text;
                int expected; /* -1: error */
        } rows[] = {
                {"SIGTERM", 15}, {"TERM", 15},        {"sigkill", 9},   {"9", 9},       {"64", 64},  {"RTMIN", 34},
                {"RTMIN+3", 37}, {"SIGRTMIN+15", 49}, {"RTMAX-2", 62},  {"WINCH", 28},  {"CLD", 17}, {"SYS", 31},
                {"0", -1},       {"65", -1},          {"-1", -1},       {"SIGFOO", -1}, {"", -1},    {"SIG", -1},
                {"RTMIN-1", -1}, {"RTMAX+1", -1},     {"RTMIN+31", -1}, {"9x", -1},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int number;

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                int result = dockerfile_signal_parse(rows[k].text, &number, &err);

                if ((result < 0 ? -1 : number) != rows[k].expected)
                        printf("# %s\n", rows[k].text);
                CHECK_INT(result < 0 ? -1 : number, rows[k].expected);
                error_clear(&err);
        }
        CHECK_INT(dockerfile_signal_parse("SIGTREM", &number, &err), -1);
        CHECK_HAS(err.message, "did you mean SIGTERM?");
}

static void test_owners(void)
{
        static const struct {
                const char *text, *user, *group;
                unsigned uid, gid;
                bool has_gid;
                const char *error;
        } rows[] = {
                {"1000", NULL, NULL, 1000, 1000, true, NULL},
                {"1000:50", NULL, NULL, 1000, 50, true, NULL},
                {"bob", "bob", NULL, 0, 0, false, NULL},
                {"bob:staff", "bob", "staff", 0, 0, true, NULL},
                {"bob:5", "bob", NULL, 0, 5, true, NULL},
                {"5:staff", NULL, "staff", 5, 0, true, NULL},
                {"1x", "1x", NULL, 0, 0, false, NULL},
                {"4294967294", NULL, NULL, 4294967294u, 4294967294u, true, NULL},
                {"4294967295", NULL, NULL, 0, 0, false, "too large"},
                {"99999999999999999999", NULL, NULL, 0, 0, false, "too large"},
                {"1:99999999999", NULL, NULL, 0, 0, false, "the group id 99999999999 is too large"},
                {"bob:99999999999", NULL, NULL, 0, 0, false, "too large"},
                {"", NULL, NULL, 0, 0, false, "is not user or user:group"},
                {":5", NULL, NULL, 0, 0, false, "is not user or user:group"},
                {"bob:", NULL, NULL, 0, 0, false, "is not user or user:group"},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct dockerfile_owner o = {0};

                CHECK_INT(dockerfile_owner_parse(rows[k].text, &o, &err), rows[k].error ? -1 : 0);
                if (rows[k].error) {
                        CHECK_HAS(err.message, rows[k].error);
                        continue;
                }
                CHECK_STR(o.user, rows[k].user);
                CHECK_STR(o.group, rows[k].group);
                CHECK_INT(o.uid, rows[k].uid);
                CHECK_INT(o.gid, rows[k].gid);
                CHECK_INT(o.has_gid, rows[k].has_gid);
                dockerfile_owner_clear(&o);
        }
}

/* The expectations are what chmod(1) of GNU coreutils does with umask 0. */
static void test_modes(void)
{
        static const struct {
                const char *text;
                unsigned before;
                bool directory;
                int expected; /* -1: error */
        } rows[] = {
                {"755", 0600, false, 0755},
                {"0755", 0600, false, 0755},
                {"7777", 0, true, 07777},
                {"644", 0755, true, 0644},
                {"0", 0777, false, 0},
                {"10000", 0, false, -1},
                {"8", 0, false, -1},
                {"u=rwX,go=rX", 0600, false, 0644},
                {"u=rwX,go=rX", 0700, false, 0755},
                {"u=rwX,go=rX", 0600, true, 0755},
                {"+x", 0644, false, 0755},
                {"a+x", 0644, false, 0755},
                {"+w", 0444, false, 0666},
                {"go-rwx", 0777, false, 0700},
                {"u+s", 0755, false, 04755},
                {"g+s", 0755, false, 02755},
                {"o+s", 0755, false, 0755},
                {"+t", 0755, true, 01755},
                {"u+t", 0755, true, 0755},
                {"u=rwx", 04755, false, 0755},
                {"=", 0777, false, 0},
                {"g=u", 0750, false, 0770},
                {"o=g-w", 0770, false, 0775},
                {"u=g,g=o", 0754, false, 0544},
                {"u+r-w", 0200, false, 0400},
                {"a-x+X", 0755, false, 0644},
                {"a-x+X", 0755, true, 0755},
                {"ug+rw,o=", 0004, false, 0660},
                {"", 0, false, -1},
                {"u", 0, false, -1},
                {"u=rwx,", 0, false, -1},
                {",u=r", 0, false, -1},
                {"z+r", 0, false, -1},
                {"u=q", 0, false, -1},
                {"u=ug", 0, false, -1},
                {"rwxr-xr-x", 0, false, -1},
                {"75 5", 0, false, -1},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct dockerfile_mode m;
                int is = dockerfile_mode_parse(rows[k].text, &m, &err) < 0
                                 ? -1
                                 : (int)dockerfile_mode_apply(&m, rows[k].before, rows[k].directory);

                if (is != rows[k].expected)
                        printf("# row %zu: %s on %o: %o\n", k, rows[k].text, rows[k].before, (unsigned)is);
                CHECK_INT(is, rows[k].expected);
        }
}

static const char *find(void *context, const char *name)
{
        (void)context;
        return strcmp(name, "X") == 0 ? "cache" : strcmp(name, "N") == 0 ? "7" : NULL;
}

/* A mount as one line of text, or its error. */
static char *describe(const char *spec, const struct dockerfile_scope *scope)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct dockerfile_mount m;
        char *text;

        if (dockerfile_mount_parse(spec, scope, '\\', &m, &err) < 0)
                return memory_printf("error: %s", err.message);
        text = memory_printf(
                "%s%s from=%s source=%s target=%s id=%s env=%s sharing=%d mode=%o uid=%u gid=%u size=%llu%s%s",
                dockerfile_mount_type_name(m.type), m.readonly ? " ro" : " rw", m.from ? m.from : "-",
                m.source ? m.source : "-", m.target ? m.target : "-", m.id ? m.id : "-", m.env ? m.env : "-", m.sharing,
                m.mode, m.uid, m.gid, (unsigned long long)m.size, m.required ? " required" : "",
                m.ignored.count ? " ignored" : "");
        dockerfile_mount_clear(&m);
        return text;
}

static void test_mounts(void)
{
        static const struct {
                const char *spec, *expected;
        } rows[] = {
                {"target=/a", "bind ro from=- source=- target=/a id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"type=bind,from=b,src=/s,dst=/d,rw",
                 "bind rw from=b source=/s target=/d id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"TYPE=Cache,destination=a,sharing=LOCKED,id=i,mode=0700,uid=1,gid=2,ro=true",
                 "cache ro from=- source=- target=a id=i env=- sharing=2 mode=700 uid=1 gid=2 size=0"},
                {"type=$X,target=/a,uid=$N",
                 "cache rw from=- source=- target=/a id=- env=- sharing=0 mode=755 uid=7 gid=0 size=0"},
                {"type=tmpfs,target=/a,size=64m",
                 "tmpfs rw from=- source=- target=/a id=- env=- sharing=0 mode=755 uid=0 gid=0 size=67108864"},
                {"type=tmpfs,target=/a,size=1.5KiB",
                 "tmpfs rw from=- source=- target=/a id=- env=- sharing=0 mode=755 uid=0 gid=0 size=1536"},
                {"type=secret,id=a/b,required", "secret ro from=- source=- target=/run/secrets/b id=a/b env=- "
                                                "sharing=0 mode=400 uid=0 gid=0 size=0 required"},
                {"type=secret,target=/x/y",
                 "secret ro from=- source=- target=/x/y id=y env=- sharing=0 mode=400 uid=0 gid=0 size=0"},
                {"type=secret,source=q,env=E",
                 "secret ro from=- source=- target=- id=q env=E sharing=0 mode=400 uid=0 gid=0 size=0"},
                {"type=ssh", "ssh ro from=- source=- target=- id=default env=- sharing=0 mode=600 uid=0 gid=0 size=0"},
                {"\"target=/a,b\",z,Z,bind-propagation=rshared",
                 "bind ro from=- source=- target=/a,b id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0 ignored"},
                {"\"target=/a\"\",b\"\"\"",
                 "bind ro from=- source=- target=/a,b id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"target='/a b'",
                 "bind ro from=- source=- target=/a b id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"target=/a,rw=false",
                 "bind ro from=- source=- target=/a id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"", "error: --mount= says nothing"},
                {"rw", "bind rw from=- source=- target=. id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"type=cache,target=", "cache rw from=- source=- target=. id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
                {"type=bnd,target=/a", "error: --mount: unsupported type 'bnd' (did you mean bind?)"},
                {"tagret=/a", "error: --mount has no option 'tagret' (did you mean target?)"},
                {"target", "error: --mount: 'target' needs a value: target=..."},
                {"target=/", "error: --mount: the target cannot be '/'"},
                {"target=//.././/", "error: --mount: the target cannot be '/'"},
                {"target=/a,", "error: --mount has no option ''"},
                {"target=/a\"b", "error: --mount: a \" must stand around a whole option"},
                {"\"target=/a", "error: --mount: the closing \" is missing"},
                {"\"target=/a\"x", "error: --mount: only a comma may follow"},
                {"required,type=secret,id=a",
                 "error: --mount: 'required' does not go with type=bind (write type= in front of it)"},
                {"size=1,type=tmpfs,target=/a",
                 "error: --mount: 'size' does not go with type=bind (write type= in front of it)"},
                {"type=tmpfs,target=/a,size=-1", "error: --mount: size is a number"},
                {"type=tmpfs,target=/a,size=1q", "error: --mount: size is a number"},
                {"type=tmpfs,target=/a,size=99999999999p", "error: --mount: size is a number"},
                {"target=/a,mode=755", "error: --mount: 'mode' does not go with type=bind"},
                {"target=/a,sharing=shared", "error: --mount: 'sharing' does not go with type=bind"},
                {"target=/a,env=E", "error: --mount: 'env' does not go with type=bind"},
                {"type=cache,target=/a,sharing=shred",
                 "error: --mount: unsupported sharing 'shred' (did you mean shared?)"},
                {"type=cache,target=/a,mode=9", "error: --mount: mode is an octal number, not '9'"},
                {"type=cache,target=/a,mode=10000", "error: --mount: the mode 10000 is above 7777"},
                {"type=cache,target=/a,uid=-1", "error: --mount: uid is a number, not '-1'"},
                {"target=/a,ro=maybe", "error: --mount: ro is true or false, not 'maybe'"},
                {"type=secret", "error: --mount: a secret needs an id or a target"},
                {"type=secret,id=a,source=b", "error: --mount: a secret has either source or id"},
                {"type=secret,id=a,from=b", "error: --mount: 'from' does not go with type=secret"},
                {"target=/a,from=$X", "error: --mount: from does not expand variables"},
                {"target=/a,U", "error: --mount: the option 'U' of other builders is not supported"},
                {"target=${X", "error: --mount: target: the closing } is missing"},
                {"target=$NONE", "bind ro from=- source=- target=. id=- env=- sharing=0 mode=755 uid=0 gid=0 size=0"},
        };
        static const struct {
                const char *spec;
                bool good;
        } unexpanded[] = {
                {"type=$X,target=$Y,required=$Z,size=$S,mode=$M", true},
                {"target=$X", true},
                {"type=bind", true},
                {"type=bnd,target=$X", false},
                {"from=$X,target=/a", false},
                {"type=$X,sharing=no", false},
                {"type=secret,id=$X", true},
                {"target=/a,mode=$M", true},
        };
        static const struct dockerfile_scope scope = {.find = find};

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_FREE char *is = describe(rows[k].spec, &scope);

                if (strncmp(rows[k].expected, "error", 5) == 0)
                        CHECK_HAS(is, rows[k].expected);
                else
                        CHECK_STR(is, rows[k].expected);
        }
        for (size_t k = 0; k < ARRAY_SIZE(unexpanded); k++) {
                CLEANUP_FREE char *is = describe(unexpanded[k].spec, NULL);

                if ((strncmp(is, "error", 5) != 0) != unexpanded[k].good)
                        printf("# %s: %s\n", unexpanded[k].spec, is);
                CHECK_INT(strncmp(is, "error", 5) != 0, unexpanded[k].good);
        }
}

static void test_suggest(void)
{
        static const char *const words[] = {"RUN", "COPY", "ENTRYPOINT", "ENV", "FROM", "WORKDIR"};
        static const struct {
                const char *word, *expected;
        } rows[] = {
                {"RNU", "RUN"},
                {"run", "RUN"},
                {"RUNN", "RUN"},
                {"form", "FROM"},
                {"WROKDIR", "WORKDIR"},
                {"ENTRIPIONT", "ENTRYPOINT"},
                {"CPOY", "COPY"},
                {"XYZ", NULL},
                {"", NULL},
                {"hello", NULL},
                {"E", NULL},
        };
        char *huge = memory_alloc(1001);

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
                CHECK_STR(dockerfile_suggest(rows[k].word, words, ARRAY_SIZE(words)), rows[k].expected);
        memset(huge, 'R', 1000);
        huge[1000] = '\0';
        CHECK_STR(dockerfile_suggest(huge, words, ARRAY_SIZE(words)), NULL);
        free(huge);
}

int main(void)
{
        CHECK_RUN(test_durations);
        CHECK_RUN(test_ports);
        CHECK_RUN(test_signals);
        CHECK_RUN(test_owners);
        CHECK_RUN(test_modes);
        CHECK_RUN(test_mounts);
        CHECK_RUN(test_suggest);
        return CHECK_END();
}
