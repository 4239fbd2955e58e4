/* SPDX-License-Identifier: Apache-2.0 */
/* The flags about the commands of a build: limits, capabilities, network. Secrets, agents and volumes: run_secrets.c */
#include "builder/run_options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <linux/capability.h>

#include "builder/key_agent.h"
#include "common/memory.h"
#include "dockerfile/suggest.h"
#include "sandbox/limits.h"

/* --- hosts and names --------------------------------------------------------------- */

/* Letters, digits, '-', '_' and '.': nothing that could begin another line or word of a generated file. */
static bool is_host_name(const char *name)
{
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

        return length > 0 && length <= 253 && name[length] == '\0';
}

static bool is_address(const char *text)
{
        unsigned char bytes[sizeof(struct in6_addr)];

        return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

int builder_run_options_add_host(struct builder_run_options *o, const char *text, struct error *err)
{
        size_t length = strcspn(text, "=:");
        CLEANUP_FREE char *name = memory_strndup(text, length);
        CLEANUP_FREE char *address = memory_strdup(text[length] ? text + length + 1 : "");
        size_t end = strlen(address);

        if (address[0] == '[' && end > 1 && address[end - 1] == ']') {
                memmove(address, address + 1, end - 2);
                address[end - 2] = '\0';
        }
        if (strcmp(address, "host-gateway") == 0) {
                free(address);
                address = memory_strdup("127.0.0.1"); /* commands share the host's network */
        }
        if (!is_host_name(name) || !is_address(address))
                return error_set(err, EINVAL, "--add-host %s: write --add-host NAME:ADDRESS, such as db:10.0.0.7 or db:host-gateway",
                                 text);
        strv_take(&o->hosts, memory_printf("%s\t%s", address, name));
        strv_add(&o->host_names, name);
        return 0;
}

int builder_run_options_add_dns(struct builder_run_options *o, const char *flag, const char *text, struct error *err)
{
        if (strcmp(flag, "dns") == 0 && strcmp(text, "none") == 0) {
                o->no_dns = true;
                return 0;
        }
        if (strcmp(flag, "dns") == 0) {
                if (!is_address(text))
                        return error_set(err, EINVAL, "--dns %s: that is no address", text);
                strv_add(&o->dns, text);
                return 0;
        }
        if (text[0] == '\0' || strpbrk(text, "\r\n") || (strcmp(flag, "dns-search") == 0 && !is_host_name(text)))
                return error_set(err, EINVAL, "--%s %s: that cannot stand in resolv.conf", flag, text);
        strv_add(strcmp(flag, "dns-search") == 0 ? &o->dns_search : &o->dns_options, text);
        return 0;
}

int builder_run_options_set_network(struct builder_run_options *o, const char *text, struct error *err)
{
        if (strcmp(text, "default") == 0)
                o->network = DOCKERFILE_NETWORK_DEFAULT;
        else if (strcmp(text, "host") == 0)
                o->network = DOCKERFILE_NETWORK_HOST;
        else if (strcmp(text, "none") == 0)
                o->network = DOCKERFILE_NETWORK_NONE;
        else
                return error_set(err, EINVAL,
                                 "--network %s: there are default and host (the network of this machine) and none; without root "
                                 "no other one can be joined", text);
        return 0;
}

/* --- limits -------------------------------------------------------------------------- */

/* docker/go-units, ulimit.go */
static bool read_limit(const char *text, size_t size, uint64_t *ret)
{
        CLEANUP_FREE char *copy = memory_strndup(text, size);
        char *end;

        if (strcmp(copy, "-1") == 0 || strcmp(copy, "unlimited") == 0) {
                *ret = SANDBOX_UNLIMITED;
                return true;
        }
        errno = 0;
        *ret = strtoull(copy, &end, 10);
        return isdigit((unsigned char)copy[0]) && *end == '\0' && errno == 0;
}

static int unknown_limit(const char *name, struct error *err)
{
        const char *names[SANDBOX_LIMITS];
        const char *near;

        for (size_t i = 0; i < SANDBOX_LIMITS; i++)
                names[i] = sandbox_limits[i].name;
        near = dockerfile_suggest(name, names, ARRAY_SIZE(names));
        return error_set(err, EINVAL, "--ulimit: there is no limit \"%s\"%s%s%s", name, near ? " (did you mean " : "",
                         near ? near : "", near ? "?)" : "");
}

int builder_run_options_add_ulimit(struct builder_run_options *o, const char *text, struct error *err)
{
        const char *equals = strchr(text, '=');
        CLEANUP_FREE char *name = memory_strndup(text, equals ? (size_t)(equals - text) : strlen(text));
        struct sandbox_rlimit limit = { .resource = -1 };
        const char *colon;

        for (size_t i = 0; i < SANDBOX_LIMITS; i++)
                if (strcmp(name, sandbox_limits[i].name) == 0)
                        limit.resource = sandbox_limits[i].resource;
        if (limit.resource < 0)
                return unknown_limit(name, err);
        colon = equals ? strchr(equals, ':') : NULL;
        if (!equals || !read_limit(equals + 1, colon ? (size_t)(colon - equals) - 1 : strlen(equals + 1), &limit.soft) ||
            (colon && !read_limit(colon + 1, strlen(colon + 1), &limit.hard)))
                return error_set(err, EINVAL, "--ulimit %s: write --ulimit NAME=SOFT:HARD with numbers, -1 for no limit", text);
        if (!colon)
                limit.hard = limit.soft;
        if (limit.soft > limit.hard)
                return error_set(err, EINVAL, "--ulimit %s: the soft limit is above the hard one", text);
        if (o->rlimit_count == SANDBOX_RLIMITS_MAX)
                return error_set(err, EINVAL, "--ulimit: more than %d limits", SANDBOX_RLIMITS_MAX);
        o->rlimits[o->rlimit_count++] = limit;
        return 0;
}

/* --- capabilities ------------------------------------------------------------------------ */

/* By number (linux/capability.h). */
static const char *const capabilities[] = {
        "CHOWN",         "DAC_OVERRIDE",    "DAC_READ_SEARCH", "FOWNER",         "FSETID",      "KILL",
        "SETGID",        "SETUID",          "SETPCAP",         "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST",
        "NET_ADMIN",     "NET_RAW",         "IPC_LOCK",        "IPC_OWNER",      "SYS_MODULE",  "SYS_RAWIO",
        "SYS_CHROOT",    "SYS_PTRACE",      "SYS_PACCT",       "SYS_ADMIN",      "SYS_BOOT",    "SYS_NICE",
        "SYS_RESOURCE",  "SYS_TIME",        "SYS_TTY_CONFIG",  "MKNOD",          "LEASE",       "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP",         "MAC_OVERRIDE",    "MAC_ADMIN",      "SYSLOG",      "WAKE_ALARM",
        "BLOCK_SUSPEND", "AUDIT_READ",      "PERFMON",         "BPF",            "CHECKPOINT_RESTORE",
};

/* The bits of a name, 0 when there is no such one. */
static uint64_t capability_bits(const char *name)
{
        const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
        uint64_t bits = 0;

        for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
                if (strcasecmp(bare, capabilities[i]) == 0 || strcasecmp(bare, "ALL") == 0)
                        bits |= UINT64_C(1) << i;
        return bits;
}

static int check_capabilities(const struct strv *names, const char *flag, struct error *err)
{
        for (size_t i = 0; i < names->count; i++)
                if (capability_bits(names->items[i]) == 0)
                        return error_set(err, EINVAL, "--%s %s: there is no such capability (see capabilities(7))", flag,
                                         names->items[i]);
        return 0;
}

static bool is_all(const char *name)
{
        return strcasecmp(name, "ALL") == 0;
}

int builder_run_options_set_capabilities(struct builder_run_options *o, const struct strv *add, const struct strv *drop,
                                         struct error *err)
{
        uint64_t set = sandbox_default_capabilities();

        if (check_capabilities(add, "cap-add", err) < 0 || check_capabilities(drop, "cap-drop", err) < 0)
                return -1;
        if (add->count == 0 && drop->count == 0)
                return 0;
        /* moby, oci/caps: ALL first, then what is dropped, then what is added */
        for (size_t i = 0; i < add->count; i++)
                set |= is_all(add->items[i]) ? capability_bits("ALL") : 0;
        for (size_t i = 0; i < drop->count; i++)
                set &= ~capability_bits(drop->items[i]);
        for (size_t i = 0; i < add->count; i++)
                set |= is_all(add->items[i]) ? 0 : capability_bits(add->items[i]);
        o->capabilities = set | UINT64_C(1) << 63; /* an empty set is not "the default": a bit that no kernel knows */
        return 0;
}

void builder_run_options_free(struct builder_run_options *o)
{
        for (size_t i = 0; i < o->secret_count; i++) {
                free(o->secrets[i].id);
                free(o->secrets[i].file);
                free(o->secrets[i].env);
                if (o->secrets[i].piped.data)
                        explicit_bzero(o->secrets[i].piped.data, o->secrets[i].piped.size);
                buffer_free(&o->secrets[i].piped);
        }
        for (size_t i = 0; i < o->agent_count; i++) {
                free(o->agents[i].id);
                free(o->agents[i].path);
                builder_key_agent_stop(o->agents[i].keys);
        }
        for (size_t i = 0; i < o->volume_count; i++) {
                free(o->volumes[i].source);
                free(o->volumes[i].target);
        }
        free(o->secrets);
        free(o->agents);
        free(o->volumes);
        strv_free(&o->hosts);
        strv_free(&o->host_names);
        strv_free(&o->dns);
        strv_free(&o->dns_search);
        strv_free(&o->dns_options);
        strv_free(&o->proxies);
        *o = (struct builder_run_options){ .secrets = NULL };
}
