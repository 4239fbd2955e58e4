/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of --format: what Go's text/template makes of the same text, and what is refused. */
#include "cmd/template.h"

#include "common/memory.h"
#include "tests/unit/check.h"

static const char document[] =
        "{\"Id\":\"sha256:1\",\"Size\":12,\"Big\":true,\"None\":null,\"Tags\":[\"a:1\",\"b:2\"],\"Empty\":[],"
        "\"Config\":{\"Env\":[\"PATH=/bin\",\"A=b c\"],\"User\":\"\",\"Labels\":{\"z\":\"1\",\"a.b\":\"2\"},"
        "\"Ports\":{\"80/tcp\":{}}}}";

static char *run(const char *template)
{
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_JSON struct oci_json *json = NULL;

        if (oci_json_parse("it", document, sizeof(document) - 1, &json, &err) == 0 &&
            cmd_template_run(template, json, &out, &err) == 0)
                return memory_strdup(buffer_text(&out));
        return memory_printf("error: %s", err.message);
}

static void test_what_go_makes(void)
{
        static const struct {
                const char *template, *expected;
        } rows[] = {
                {"plain", "plain"},
                {"{{.Id}}", "sha256:1"},
                {"{{ .Id }}-{{.Size}}/{{.Big}}", "sha256:1-12/true"},
                {"{{.Config.Env}}", "[PATH=/bin A=b c]"},
                {"{{.Config.Labels}}", "map[a.b:2 z:1]"},
                {"{{json .Config.Env}}", "[\"PATH=/bin\",\"A=b c\"]"},
                {"{{.Config.Env | json}}", "[\"PATH=/bin\",\"A=b c\"]"},
                {"{{json .Config.Ports}}{{json .Absent}}", "{\"80/tcp\":{}}null"},
                {"{{.Absent}} {{.None}} {{.Id.Deeper}}", "<no value> <no value> <no value>"},
                {"{{index .Config.Labels \"a.b\"}} {{index .Tags 1}}", "2 b:2"},
                {"{{index .Config \"Env\" 0}}", "PATH=/bin"},
                {"{{len .Tags}} {{len .Id}} {{len .Empty}}", "2 8 0"},
                {"{{join .Tags \", \"}}", "a:1, b:2"},
                {"{{upper .Id}} {{\"ABC\" | lower}}", "SHA256:1 abc"},
                {"{{println .Id .Size}}", "sha256:1 12\n"},
                {"{{print \"a\\t\\\"}}\" `\\n`}}", "a\t\"}} \\n"},
                {"{{range .Tags}}<{{.}}>{{end}}", "<a:1><b:2>"},
                {"{{range .Config.Env}}{{println .}}{{end}}", "PATH=/bin\nA=b c\n"},
                {"{{range .Tags}}{{$.Id}}={{.}} {{end}}", "sha256:1=a:1 sha256:1=b:2 "},
                {"{{range .Empty}}x{{else}}none{{end}}", "none"},
                {"{{range .Tags}}x{{else}}none{{end}}", "xx"},
                {"{{if .Config.User}}user{{else}}root{{end}}", "root"},
                {"{{if .Big}}{{if .None}}a{{else}}b{{end}}{{end}}c", "bc"},
                {"{{if .None}}{{range .Tags}}x{{else}}y{{end}}{{end}}.", "."},
                {"{{with .Config}}{{.Labels.z}}{{end}}{{with .Absent}}x{{end}}", "1"},
                {"a {{- .Size -}}  b", "a12b"},
                {"a  {{- range .Tags }} {{ . -}} {{ end }}", "a a:1 b:2"},
                {"{{.Id}}\\t{{.Size}}\\n", "sha256:1\t12\n"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_FREE char *is = run(rows[i].template);

                CHECK_STR(is, rows[i].expected);
        }
}

static void test_what_is_refused(void)
{
        static const struct {
                const char *template, *words;
        } rows[] = {
                {"{{.Id", "an action has no end"},
                {"{{}}", "it is empty"},
                {"{{printf \"%s\" .Id}}", "{{printf \"%s\" .Id}}: there is no such function here"},
                {"{{$x := .Id}}", "parentheses and variables are not built"},
                {"{{(index .Tags 0)}}", "parentheses and variables are not built"},
                {"{{.Id .Size}}", "a value takes no arguments"},
                {"{{json .Id .Size}}", "it takes one value"},
                {"{{json}}", "it takes one value"},
                {"{{.Id |}}", "something is missing"},
                {"{{index .Tags 2}}", "no item of that number"},
                {"{{join .Tags}}", "write join"},
                {"{{range .Tags}}x", "it has no {{end}}"},
                {"{{if .Id}}x{{else}}y{{else}}z{{end}}", "a second {{else}}"},
                {"{{if .Id}}x{{else if .Size}}y{{end}}", "{{else if}} is not built"},
                {"x{{end}}", "an {{end}} without its block"},
                {"{{else}}", "an {{else}} without its block"},
                {"{{print \"x}}", "a string has no end"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_FREE char *is = run(rows[i].template);

                CHECK_HAS(is, "error: --format: ");
                CHECK_HAS(is, rows[i].words);
        }
}

static void test_depth_has_an_end(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *is = NULL;

        for (int i = 0; i < 100000; i++)
                buffer_append_string(&text, "{{if .Id}}");
        is = run(buffer_text(&text));
        CHECK_HAS(is, "blocks lie too deep");
}

int main(void)
{
        CHECK_RUN(test_what_go_makes);
        CHECK_RUN(test_what_is_refused);
        CHECK_RUN(test_depth_has_an_end);
        return CHECK_END();
}
