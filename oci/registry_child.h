/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_CHILD_H
#define BRYO_OCI_REGISTRY_CHILD_H

#include "common/error.h"

/*
 * The whole life of a registry child (oci/registry.h), until its parent closes the control socket. Fails when the
 * socket is none, as when somebody types the hidden verb.
 */
int oci_registry_child_main(struct error *err);

#endif
