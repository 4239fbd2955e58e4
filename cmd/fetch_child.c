/* SPDX-License-Identifier: Apache-2.0 */
/* bryo fetch-child: the process that a build starts for HTTP. For bryo's own use, so in no help. */
#include "cmd/verbs.h"
#include "oci/fetch_child.h"

int cmd_fetch_child(char *const *argv, struct error *err)
{
        (void)argv;
        return oci_fetch_child_main(err);
}
