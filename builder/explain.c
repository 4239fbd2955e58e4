/* SPDX-License-Identifier: Apache-2.0 */
/* Why steps hit and miss. */
#include "builder/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "builder/parts.h"
#include "builder/record.h"
#include "common/map.h"
#include "common/memory.h"
#include "common/redact.h"
#include "common/sha256.h"

#define FIRST_LINE "bryo-parts 1\n"
#define STEP       "step "
#define MAX_TOLD   5    /* differences that one sentence names */
#define MAX_FILES  5000 /* of a step, that are kept one by one */

struct entry {
        char *step;  /* "NTH STAGE TITLE"; owned */
        char *parts; /* owned */
        unsigned index;
};

struct builder_explain {
        bool loaded;
        struct map *before; /* entry.step -> struct entry, as the file had them */
        struct map *places; /* "INDEX STAGE" -> the same entries */
        struct map *now;    /* entry.step -> struct entry of this build; its parts are NULL unless it was executed */
        struct map *stages; /* names of stages that were visited */
        bool changed;
};

static void free_entry(void *value)
{
        struct entry *entry = value;

        free(entry->step);
        free(entry->parts);
        free(entry);
}

struct builder_explain *builder_explain_new(void)
{
        struct builder_explain *e = memory_zalloc(1, sizeof(*e));

        e->before = map_new(free_entry);
        e->places = map_new(NULL);
        e->now = map_new(free_entry);
        e->stages = map_new(NULL);
        return e;
}

void builder_explain_free(struct builder_explain *e)
{
        if (e == NULL)
                return;
        map_free(e->places);
        map_free(e->before);
        map_free(e->now);
        map_free(e->stages);
        free(e);
}

/* --- the file ------------------------------------------------------------------- */

/* One for each Dockerfile and context: a directory by its real path, everything else as it was typed. */
static void find_name(const struct builder_job *job, char ret[SHA256_HEX_SIZE + 1])
{
        const struct builder_build_options *o = job->options;
        CLEANUP_FREE char *context = job->context_is_directory ? realpath(o->context, NULL) : NULL;
        CLEANUP_FREE char *file = o->file ? realpath(o->file, NULL) : NULL;
        struct sha256_digest digest;
        struct sha256 hash;

        sha256_init(&hash);
        sha256_field_string(&hash, context ? context : o->context);
        sha256_field_string(&hash, file ? file : o->file ? o->file : "");
        sha256_final(&hash, &digest);
        sha256_to_hex(&digest, ret);
}

static const char *stage_of(const struct entry *entry)
{
        const char *space = strchr(entry->step, ' ');

        return space ? space + 1 : "";
}

static size_t stage_size(const struct entry *entry)
{
        return strcspn(stage_of(entry), " ");
}

/* "INDEX STAGE" */
static char *place_of(const struct entry *entry)
{
        return memory_printf("%u %.*s", entry->index, (int)stage_size(entry), stage_of(entry));
}

static void add_before(struct builder_explain *e, unsigned index, const char *step, size_t step_size, const char *parts,
                       size_t parts_size)
{
        struct entry *entry = memory_zalloc(1, sizeof(*entry));
        CLEANUP_FREE char *place = NULL;

        entry->index = index;
        entry->step = memory_strndup(step, step_size);
        entry->parts = memory_strndup(parts, parts_size);
        if (map_find(e->before, entry->step, step_size)) { /* a file that was damaged */
                free_entry(entry);
                return;
        }
        place = place_of(entry);
        map_set(e->before, entry->step, step_size, entry);
        map_set(e->places, place, strlen(place), entry);
}

static void parse(struct builder_explain *e, const char *text)
{
        if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
                return;
        text += strlen(FIRST_LINE);
        while (strncmp(text, STEP, strlen(STEP)) == 0) {
                const char *end = strchr(text, '\n');
                const char *parts = end ? end + 1 : "";
                const char *next = strncmp(parts, STEP, strlen(STEP)) == 0 ? parts : strstr(parts, "\n" STEP);
                char *rest;
                unsigned long index = strtoul(text + strlen(STEP), &rest, 10);

                if (!end || *rest != ' ')
                        return;
                if (!next)
                        next = parts + strlen(parts);
                else if (next > parts)
                        next++; /* behind the newline */
                add_before(e, (unsigned)index, rest + 1, (size_t)(end - rest - 1), parts, (size_t)(next - parts));
                text = next;
        }
}

/* With the job's lock. What cannot be read is as if it were not there. */
static void load(struct builder_job *job)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char name[SHA256_HEX_SIZE + 1];

        if (job->explain->loaded)
                return;
        job->explain->loaded = true;
        find_name(job, name);
        if (oci_store_load(job->options->store, OCI_STORE_PARTS, name, &text, &err) == 0)
                parse(job->explain, buffer_text(&text));
        else if (err.code != ENOENT)
                log_print(job->options->log, LOG_INFO, "what is known of the last build is not used: %s", err.message);
}

/* --- a step ------------------------------------------------------------------------- */

static char *format_title(const char *text)
{
        char *title = redact_urls(text);

        for (char *c = title; *c; c++)
                if (*c == '\n')
                        *c = ' ';
        return title;
}

void builder_explain_visit(const struct builder_site *site, const struct builder_step *step)
{
        struct builder_explain *e = site->job->explain;
        CLEANUP_FREE char *stage = builder_plan_stage_title(&site->job->plan, site->index);
        CLEANUP_FREE char *title = format_title(step->title);
        struct entry *entry = memory_zalloc(1, sizeof(*entry));

        pthread_mutex_lock(&site->job->lock);
        for (unsigned nth = 0;; nth++) {
                free(entry->step);
                entry->step = memory_printf("%u %s %s", nth, stage, title);
                if (!map_find(e->now, entry->step, strlen(entry->step)))
                        break;
        }
        entry->index = site->stage->step;
        map_set(e->now, entry->step, strlen(entry->step), entry);
        map_set(e->stages, stage, strlen(stage), e);
        site->stage->explained = entry->step;
        pthread_mutex_unlock(&site->job->lock);
}

static void tell(const struct builder_site *site, unsigned number, const char *text)
{
        const struct builder_progress *progress = site->job->options->progress;

        pthread_mutex_lock(&site->job->lock);
        progress->note(progress->context, number, text);
        pthread_mutex_unlock(&site->job->lock);
}

static const char *title_of(const struct entry *entry)
{
        return stage_of(entry) + stage_size(entry) + 1;
}

/* Whether the stage still has a step of these words below this one, which then only moved down. */
static bool comes_later(const struct builder_site *site, const char *title)
{
        const struct dockerfile *file = site->file;
        size_t i = 0;

        while (i < file->instruction_count && &file->instructions[i] != site->instruction)
                i++;
        for (i++; i < file->instruction_count && file->instructions[i].kind != DOCKERFILE_FROM; i++) {
                CLEANUP_FREE char *later = format_title(file->instructions[i].original);

                if (strcmp(later, title) == 0)
                        return true;
        }
        return false;
}

/* The step that was in this one's place is this one, written otherwise: the same instruction, and gone from below. */
static bool is_rewritten(const struct builder_site *site, const struct entry *now, const struct entry *other)
{
        size_t word = strcspn(title_of(now), " ");

        return strcspn(title_of(other), " ") == word && strncasecmp(title_of(now), title_of(other), word) == 0 &&
               !comes_later(site, title_of(other));
}

/* Appends the parts that are not the words themselves: a line is a hash, a blank and a name (parts.h). */
static void append_beside_words(const char *parts, struct buffer *ret)
{
        static const char *const words[] = {"the command", "the path", "the destination", "--chown", "--chmod"};

        while (*parts) {
                size_t size = strcspn(parts, "\n");
                const char *name = memchr(parts, ' ', size);
                bool keep = true;

                for (size_t i = 0; name && i < ARRAY_SIZE(words); i++)
                        keep = keep && !(strncmp(name + 1, words[i], strlen(words[i])) == 0 &&
                                         name[1 + strlen(words[i])] == '\n');
                size += parts[size] == '\n';
                if (keep)
                        buffer_append(ret, parts, size);
                parts += size;
        }
}

static void append_rewritten(const struct builder_site *site, const struct entry *other, struct buffer *ret)
{
        CLEANUP_BUFFER struct buffer parts = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer before = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer after = BUFFER_INIT;
        size_t size;

        buffer_printf(ret, "its words changed: when this was last built they were %s; ", title_of(other));
        builder_parts_fold(buffer_text(&site->stage->parts.text), MAX_FILES, &parts);
        append_beside_words(other->parts, &before);
        append_beside_words(buffer_text(&parts), &after);
        size = ret->size;
        builder_parts_compare(buffer_text(&before), buffer_text(&after), MAX_TOLD, ret);
        if (ret->size == size)
                buffer_append_string(ret, "nothing else did");
}

/* With the job's lock: what is known of the step, or of the one that was in its place. */
static void append_reason(const struct builder_site *site, struct buffer *ret)
{
        const struct builder_job *job = site->job;
        const char *step = site->stage->explained;
        const struct entry *now = map_find(job->explain->now, step, strlen(step));
        const struct entry *before = map_find(job->explain->before, step, strlen(step));
        CLEANUP_FREE char *place = place_of(now);
        const struct entry *other = map_find(job->explain->places, place, strlen(place));
        CLEANUP_BUFFER struct buffer parts = BUFFER_INIT;
        size_t size = ret->size;

        if (!before && other && is_rewritten(site, now, other)) {
                append_rewritten(site, other, ret);
                return;
        }
        if (!before) {
                buffer_append_string(ret, "it is new");
                if (other)
                        buffer_printf(ret, ": when this was last built, the step in its place was %s", title_of(other));
                else if (map_count(job->explain->before) == 0)
                        buffer_append_string(ret, ": nothing of this Dockerfile and context was executed before");
                return;
        }
        builder_parts_fold(buffer_text(&site->stage->parts.text), MAX_FILES, &parts);
        builder_parts_compare(before->parts, buffer_text(&parts), MAX_TOLD, ret);
        if (ret->size == size)
                buffer_printf(ret, "nothing it depends on changed, but its result is not in the cache%s",
                              job->options->cache->has_oldest ? ", or older than --cache-ttl allows" : "");
}

void builder_explain_miss(const struct builder_site *site, const struct builder_step *step, unsigned number)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        (void)step;
        if (!site->job->options->explain)
                return;
        buffer_append_string(&text, "executed: ");
        if (site->stage->no_cache) {
                buffer_append_string(&text,
                                     site->job->options->no_cache ? "--no-cache" : "--no-cache-filter names its stage");
        } else {
                pthread_mutex_lock(&site->job->lock);
                load(site->job);
                append_reason(site, &text);
                pthread_mutex_unlock(&site->job->lock);
        }
        tell(site, number, text.data);
}

void builder_explain_hit(const struct builder_site *site, const struct builder_step *step,
                         const struct builder_record *record, unsigned number)
{
        const struct sha256_digest *key = &step->key;
        char hex[SHA256_HEX_SIZE + 1];
        char when[64] = "";
        time_t made = (time_t)record->made;
        struct tm tm;
        CLEANUP_FREE char *text = NULL;

        if (!site->job->options->explain)
                return;
        sha256_to_hex(key, hex);
        if (made > 0 && gmtime_r(&made, &tm))
                (void)strftime(when, sizeof(when), ", executed %Y-%m-%d %H:%M:%S UTC", &tm);
        text = memory_printf("found%s: %s%s", record->layer.lazy ? " in a cache of --cache-from" : "",
                             !step->refine || !record->layer.step || strcmp(record->layer.step, hex) == 0
                                     ? "nothing it depends on changed"
                                     : "what it takes from another stage is the same",
                             when);
        tell(site, number, text);
}

void builder_explain_keep(const struct builder_site *site)
{
        struct builder_job *job = site->job;
        CLEANUP_BUFFER struct buffer parts = BUFFER_INIT;
        struct entry *entry;

        builder_parts_fold(buffer_text(&site->stage->parts.text), MAX_FILES, &parts);
        pthread_mutex_lock(&job->lock);
        entry = map_find(job->explain->now, site->stage->explained, strlen(site->stage->explained));
        free(entry->parts);
        entry->parts = buffer_steal(&parts);
        job->explain->changed = true;
        pthread_mutex_unlock(&job->lock);
}

/* --- saving ---------------------------------------------------------------------------- */

struct saving {
        const struct builder_explain *explain;
        struct buffer text;
};

static void append_entry(struct saving *s, const struct entry *entry)
{
        buffer_printf(&s->text, STEP "%u %s\n%s", entry->index, entry->step, entry->parts);
}

/* Of this build: what was executed, and what was found and is known from before. */
static void save_now(void *context, const void *key, size_t size, void *value)
{
        struct saving *s = context;
        const struct entry *entry = value;
        const struct entry *before = map_find(s->explain->before, key, size);

        if (entry->parts)
                append_entry(s, entry);
        else if (before)
                append_entry(s, &(struct entry){entry->step, before->parts, entry->index});
}

/* Of stages that this build did not come to. */
static void save_before(void *context, const void *key, size_t size, void *value)
{
        struct saving *s = context;
        const struct entry *entry = value;

        (void)key;
        (void)size;
        if (!map_find(s->explain->stages, stage_of(entry), stage_size(entry)))
                append_entry(s, entry);
}

int builder_explain_save(struct builder_job *job, struct error *err)
{
        struct saving s = {job->explain, BUFFER_INIT};
        char name[SHA256_HEX_SIZE + 1];
        int result;

        if (!job->explain->changed)
                return 0;
        load(job);
        find_name(job, name);
        buffer_append_string(&s.text, FIRST_LINE);
        map_each(job->explain->now, save_now, &s);
        map_each(job->explain->before, save_before, &s);
        result = oci_store_save(job->options->store, OCI_STORE_PARTS, name, s.text.data, s.text.size, err);
        buffer_free(&s.text);
        return result;
}
