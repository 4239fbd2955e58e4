/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_VALUE_H
#define BRYO_DOCKERFILE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/*
 * Small values of the language: durations, ports, signals, owners, modes. Texts
 * are given expanded. Errors name the text and what would be right, without a
 * place: wrap them with dockerfile_error.
 */

/* Go's time.ParseDuration: "1h30m", "1.5s", "-2ms", "0"; units ns us ms s m h. In nanoseconds. */
int dockerfile_duration_parse(const char *text, int64_t *ret, struct error *err);

enum dockerfile_protocol { DOCKERFILE_TCP, DOCKERFILE_UDP, DOCKERFILE_SCTP };

/* One word of EXPOSE: "80", "80/udp", "7000-7010/tcp"; first <= last. */
struct dockerfile_ports {
        uint16_t first;
        uint16_t last;
        enum dockerfile_protocol protocol;
        bool other_case;  /* the protocol was not in lower case (lint ExposeProtoCasing) */
        bool has_mapping; /* [ip:]host:container was given; the host part is dropped (lint ExposeInvalidFormat) */
};
int dockerfile_ports_parse(const char *text, struct dockerfile_ports *ret, struct error *err);
/* "80/tcp": a key of the image config's ExposedPorts. */
#define DOCKERFILE_PORT_SIZE 12
void dockerfile_port_format(uint16_t port, enum dockerfile_protocol protocol, char ret[DOCKERFILE_PORT_SIZE]);

/* STOPSIGNAL: a Linux signal's name, with or without SIG, any case (RTMIN+3 too), or a number from 1 to 64. The image
 * keeps the text. */
int dockerfile_signal_parse(const char *text, int *ret, struct error *err);

/* --chown=USER[:GROUP]. Names are looked up in the image by the builder. */
struct dockerfile_owner {
        char *user;   /* NULL when it was numeric */
        char *group;  /* NULL when it was numeric or not said */
        uint32_t uid; /* if !user */
        uint32_t gid; /* if !group and has_gid: as said, or the uid when only a numeric user was said */
        bool has_gid; /* false: only a user name was said, its primary group is meant */
};
int dockerfile_owner_parse(const char *text, struct dockerfile_owner *ret, struct error *err);
void dockerfile_owner_clear(struct dockerfile_owner *o);

/* --chmod: octal up to 07777 or chmod(1)'s symbolic form ("u=rwX,go=rX"), with umask 0. */
#define DOCKERFILE_MODE_MAX_OPS 64
struct dockerfile_mode {
        bool is_octal;
        uint32_t octal;
        unsigned op_count;
        struct {
                uint16_t who;  /* bits of the classes that change: 04700 u, 02070 g, 00007 o, +01000 for t */
                char op;       /* '+', '-' or '=' */
                uint16_t bits; /* permissions, spread over all classes */
                bool exec_x;   /* X */
                char copy;     /* 'u', 'g', 'o': permissions of that class; 0: none */
        } ops[DOCKERFILE_MODE_MAX_OPS];
};
int dockerfile_mode_parse(const char *text, struct dockerfile_mode *ret, struct error *err);
/* The new permission bits (07777) for a file that has `mode` now. */
uint32_t dockerfile_mode_apply(const struct dockerfile_mode *m, uint32_t mode, bool is_directory);

/* "64m", "1.5GiB": binary units, as docker's RAMInBytes (docker/go-units, size.go). */
bool dockerfile_size_parse(const char *text, uint64_t *ret);

#endif
