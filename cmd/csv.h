/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_CSV_H
#define BRYO_CMD_CSV_H

#include "common/error.h"
#include "common/strv.h"

/*
 * Splits one line of comma-separated fields (RFC 4180): a field that begins
 * with a quotation mark ends at the next one, and two of them stand for one.
 * Fields are appended to `ret`.
 */
int csv_split(const char *text, struct strv *ret, struct error *err);

#endif
