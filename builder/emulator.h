/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EMULATOR_H
#define BRYO_BUILDER_EMULATOR_H

#include <stdbool.h>

#include "builder/workshop.h"

/*
 * Commands of images for another architecture. The kernel runs their programs with an emulator: one that the
 * administrator registered with binfmt_misc and the flag F (fix-binary), or else qemu-ARCH-static of PATH, which is
 * registered for this build's user namespace alone.
 */

/*
 * Before the first command of the architecture (Go's name) runs: nothing for this machine's own. What cannot be
 * arranged is told, and no failure: the kernel may know a way that cannot be seen from here, and the command's own
 * failure says the rest (builder_emulator_explain). The caller sees to it that one thread is here at a time.
 */
void builder_emulator_ensure(struct builder_workshop *w, const char *architecture);

/* Whether programs for the architecture can be executed: they are this machine's own, or there is an emulator. */
bool builder_emulator_has(const char *architecture);

/*
 * Why a program for the architecture could not be executed, and what would help, after execve(2) failed with `code`; NULL: the
 * architecture has no part in it. Heap text.
 */
char *builder_emulator_explain(const char *architecture, int code);

#endif
