/* SPDX-License-Identifier: Apache-2.0 */
/* bryo registry-child: the process that talks to registries. For bryo's own use, so in no help. */
#include "cmd/verbs.h"
#include "oci/registry_child.h"

int cmd_registry_child(char *const *argv, struct error *err)
{
        (void)argv;
        return oci_registry_child_main(err);
}
