/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_TEMPLATE_H
#define BRYO_CMD_TEMPLATE_H

#include "common/buffer.h"
#include "common/error.h"
#include "oci/json.h"

/*
 * What --format of docker and podman takes: Go's text/template, as much of it as scripts write. Actions are {{.}},
 * {{.A.B}}, {{$.A}}, with the functions json, index, len, join, upper, lower, print and println, also as pipelines, and
 * the blocks range, if and with, else and end; {{- and -}} eat the white space beside them. Variables, parentheses,
 * comparisons and printf are refused by name. A member that is not there is printed as <no value>, as docker does.
 */

/* Appends what the template makes of `root`. Usage errors, which name the action. */
int cmd_template_run(const char *text, const struct oci_json *root, struct buffer *ret, struct error *err);

#endif
