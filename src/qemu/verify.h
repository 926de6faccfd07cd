/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/monitor.h"

/* @error is NULL if all is as it was asked for; EMULATOR_FAILED names each device that is not, with what was
 * asked for and what there is; or it is what ended the session. */
typedef void (*VbVerified)(const GError *error, void *userdata);

/* Asks QEMU whether every device of its command line is where the command line has it: on which bus, at which
 * address, with which chassis and port numbers. For a machine that has been built and not yet run. @argv is
 * only read before this returns; @done is called once, never from inside this function, also when the session
 * ends. */
void vb_verify(VbMonitor *monitor, char **argv, VbVerified done, void *userdata);
