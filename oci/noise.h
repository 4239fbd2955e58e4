/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_NOISE_H
#define BRYO_OCI_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Tells bytes that deflate cannot make smaller, such as those of packed or encrypted files: its Huffman codes want
 * bytes that are not all equally frequent, its matches want bytes that came before. Looking for both costs a tenth of
 * trying. Internal to this room; what is told depends on the bytes since the last reset alone.
 */
#define OCI_NOISE_PIECE 8192u

struct oci_noise {
        uint32_t seen[4096]; /* groups of four bytes of the last 64 KiB or so, by hash */
};

void oci_noise_reset(struct oci_noise *n);
/* One piece of OCI_NOISE_PIECE bytes; they follow those of the last call. True: less than 1 % is to be had. */
bool oci_noise_has(struct oci_noise *n, const void *piece);

#endif
