/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_FOREIGN_VERBS_H
#define BRYO_CMD_FOREIGN_VERBS_H

/* Why bryo has no such command, which docker, podman or buildah have; NULL: they have none either. `group` may be NULL.
 */
const char *foreign_verb_why(const char *group, const char *name);
/* The same for what bryo does have, but not in the sense of the program that it was called as (program.h). */
const char *foreign_verb_why_not_as_called(const char *name);

#endif
