/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads of blobs. */
#include "oci/registry_client.h"

#include <errno.h>

int registry_job_blob_put(struct registry_job *job, struct error *err)
{
        (void)job;
        return error_set(err, ENOSYS, "blobs cannot be put yet");
}
