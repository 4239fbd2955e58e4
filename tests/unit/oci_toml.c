/* SPDX-License-Identifier: Apache-2.0 */
/* TOML: what is read, and that everything else is refused by name with its line. */
#include "oci/toml.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "tests/unit/check.h"

/* The tree on one line: strings quoted, tables as {k=v,}, arrays as [v,]. */
static void print(const struct oci_toml *v, struct buffer *ret)
{
        bool table = oci_toml_kind(v) == OCI_TOML_TABLE;

        if (oci_toml_kind(v) == OCI_TOML_STRING) {
                buffer_printf(ret, "<%s>", oci_toml_string(v));
        } else if (oci_toml_kind(v) == OCI_TOML_BOOL || oci_toml_kind(v) == OCI_TOML_INTEGER) {
                buffer_append_string(ret, oci_toml_kind(v) == OCI_TOML_BOOL ? "bool" : "int");
        } else {
                buffer_append_char(ret, table ? '{' : '[');
                for (size_t i = 0; i < oci_toml_count(v); i++) {
                        if (table)
                                buffer_printf(ret, "%s=", oci_toml_key(v, i));
                        print(oci_toml_item(v, i), ret);
                        buffer_append_char(ret, ',');
                }
                buffer_append_char(ret, table ? '}' : ']');
        }
}

static const char *read_text(const char *text, size_t size)
{
        static struct buffer shown;
        CLEANUP_TOML struct oci_toml *root = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        buffer_clear(&shown);
        if (oci_toml_parse("f", text, size, &root, &err) < 0)
                buffer_printf(&shown, "!%s", err.message);
        else
                print(root, &shown);
        return buffer_text(&shown);
}

static void test_read(void)
{
        static const struct {
                const char *text, *shown;
        } rows[] = {
                {"", "{}"},
                {"\xef\xbb\xbf# only\n\n", "{}"},
                {"a = 'x'", "{a=<x>,}"},
                {"a=\"x\" # c\r\nb = true\nc = -12\n", "{a=<x>,b=bool,c=int,}"},
                {"'a b' = ''\n\"\\u00e4\" = \"\\t\\\"\\\\\\U0001F600\"", "{a b=<>,\xc3\xa4=<\t\"\\\xf0\x9f\x98\x80>,}"},
                {"a.b.'c' = 1\na.d = 2", "{a={b={c=int,},d=int,},}"},
                {"[a]\nx = 1\n[b . c]\ny = 2\n[b]\nz = 3", "{a={x=int,},b={c={y=int,},z=int,},}"},
                {"[[r]]\nn = 'a'\n[[r.m]]\nl = 'b'\n[[r.m]]\nl = 'c'\n[[r]]\nn = 'd'\n[[r.m]]\n[other]\n[[r]]",
                 "{r=[{n=<a>,m=[{l=<b>,},{l=<c>,},],},{n=<d>,m=[{},],},{},],other={},}"},
                {"[[r]]\n[r.t]\nx = 1\n[[r]]\n[r.t]\nx = 2", "{r=[{t={x=int,},},{t={x=int,},},],}"},
                {"a = [ 'x', # one\n\n 'y',\n]\nb = []\nc = [[1], ['x']]", "{a=[<x>,<y>,],b=[],c=[[int,],[<x>,],],}"},
                {"a = {b = 'c', d.e = [1]}\nf = {}", "{a={b=<c>,d={e=[int,],},},f={},}"},
                {"[host.\"https://mirror:5000/v2\"]\ncapabilities = [\"pull\"]",
                 "{host={https://mirror:5000/v2={capabilities=[<pull>,],},},}"},
                {"- = 1\n1 = 2", "{-=int,1=int,}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                CHECK_STR(read_text(rows[i].text, strlen(rows[i].text)), rows[i].shown);
}

static void test_refuse(void)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"a", "f, line 1: \"a\" is not followed by '='"},
                {"\n\na = ", "f, line 3: a value is expected"},
                {"a = b", "f, line 1: the value is no string, array"},
                {"a = 1.5", "others are not understood here"},
                {"a = 0x10", "others are not understood here"},
                {"a = 1_000", "others are not understood here"},
                {"a = -", "others are not understood here"},
                {"a = 2024-01-01", "others are not understood here"},
                {"a = inf", "others are not understood here"},
                {"a = truer", "a value is expected"},
                {"a = '''x'''", "strings of several lines"},
                {"a = \"\"\"x\"\"\"", "strings of several lines"},
                {"a = 'x", "a string does not end"},
                {"a = \"x\\", "a string does not end"},
                {"a = 'x\ny'", "a string does not end in its line"},
                {"a = \"\x01\"", "a control character"},
                {"a = \"\\x41\"", "an unknown escape"},
                {"a = \"\\ud800\"", "an escape names no character"},
                {"a = \"\\u0000\"", "an escape names no character"},
                {"a = \"\\u12\"", "four hexadecimal digits"},
                {"a = 'x' b = 'y'", "something stands behind the value"},
                {"a = 1\n\na = 2", "f, line 3: \"a\" is defined already"},
                {"a.b = 1\na.b = 2", "\"b\" is defined already"},
                {"a = 1\na.b = 2", "\"a\" is defined already"},
                {"a = {}\na.b = 2", "\"a\" is defined already"},
                {"a.b = 1\n[a]", "\"a\" is defined already"},
                {"[a]\n[a]", "f, line 2: \"a\" is defined already"},
                {"[a]\n[[a]]", "\"a\" is defined already"},
                {"[[a]]\n[a]", "\"a\" is defined already"},
                {"a = []\n[[a]]", "\"a\" is defined already"},
                {"a = [{}]\n[a.b]", "\"a\" is no table that could be added to"},
                {"a = {}\n[a.b]", "\"a\" is no table that could be added to"},
                {"a = 1\n[a.b]", "\"a\" is no table that could be added to"},
                {"[a", "']' is expected"},
                {"[[a]", "\"]]\" is expected"},
                {"[]", "a key is expected"},
                {"[a] b = 1", "something stands behind"},
                {"= 1", "a key is expected"},
                {"a. = 1", "a key is expected"},
                {"\xc3\xa4 = 1", "a key is expected"},
                {"a = [1 2]", "',' or ']' is expected"},
                {"a = [1,", "a value is expected"},
                {"a = {b = 1,}", "a key is expected"},
                {"a = {b = 1\n}", "',' or '}' is expected"},
                {"a = '\xff'", "f is no text in UTF-8"},
                {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", "too many parts"},
                {"a = [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "nested too deep"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *shown = read_text(rows[i].text, strlen(rows[i].text));

                CHECK(shown[0] == '!');
                CHECK_HAS(shown, rows[i].error);
        }
        CHECK_HAS(read_text("a = 'x\0'", 8), "f is no text in UTF-8");
}

/* No prefix of a document, and no change of one byte, may do more than be refused: for the sanitizers. */
static void test_damage(void)
{
        static const char whole[] = "x.y = [\"\\u00e4\", {a = 1, 'b' = true}]\n[[r]]\nn = 'a'\n[r.\"m\"]\nl = -3 # c\n";
        char text[sizeof(whole)];

        for (size_t size = 0; size < sizeof(whole); size++)
                CHECK(read_text(whole, size)[0] != '\0');
        for (size_t i = 0; i + 1 < sizeof(whole); i++) {
                for (int c = 0; c < 256; c++) {
                        memcpy(text, whole, sizeof(whole));
                        text[i] = (char)c;
                        CHECK(read_text(text, sizeof(whole) - 1)[0] != '\0');
                }
        }
}

static void test_types(void)
{
        static const char text[] = "s = 'x'\nb = true\nl = ['x']\nm = ['x', 1]\n[t]";
        CLEANUP_TOML struct oci_toml *root = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct oci_toml *v = NULL;
        const char *s = "kept";
        bool b = false;

        CHECK_OK(oci_toml_parse("f", text, strlen(text), &root, &err));
        CHECK_OK(oci_toml_get_string("f", root, "none", &s, &err));
        CHECK_STR(s, "kept");
        CHECK_OK(oci_toml_get_string("f", root, "s", &s, &err));
        CHECK_STR(s, "x");
        CHECK_OK(oci_toml_get_bool("f", root, "b", &b, &err));
        CHECK(b);
        CHECK_OK(oci_toml_get_array("f", root, "l", OCI_TOML_STRING, &v, &err));
        CHECK_INT(oci_toml_count(v), 1);
        CHECK_INT(oci_toml_get_bool("f", root, "s", &b, &err), -1);
        CHECK_STR(err.message, "f, line 1: \"s\" must be true or false, not a string");
        error_clear(&err);
        CHECK_INT(oci_toml_get_array("f", root, "m", OCI_TOML_STRING, &v, &err), -1);
        CHECK_STR(err.message, "f, line 4: the items of \"m\" must each be a string, not an integer");
        error_clear(&err);
        CHECK_INT(oci_toml_get_table("f", root, "l", &v, &err), -1);
        CHECK_STR(err.message, "f, line 3: \"l\" must be a table, not an array");
}

int main(void)
{
        CHECK_RUN(test_read);
        CHECK_RUN(test_refuse);
        CHECK_RUN(test_damage);
        CHECK_RUN(test_types);
        return CHECK_END();
}
