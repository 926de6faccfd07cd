/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/argv-builder.h"

/* The options of the whole machine: each adds those of one part of the definition. */

/* The value of -machine, which devices may add to. argv-machine.c */
GString *vb_argv_machine(const VbArgv *argv);
bool vb_argv_add_accelerator(VbArgv *argv, GError **error);

/* argv-cpu.c */
bool vb_argv_add_cpu(VbArgv *argv, GError **error);
bool vb_argv_add_processors(VbArgv *argv, GError **error);

/* argv-memory.c */
bool vb_argv_add_memory(VbArgv *argv, GError **error);
bool vb_argv_add_numa(VbArgv *argv, GError **error);
/* The id of the backend that the machine takes its memory from; NULL where nodes have their own. */
const char *vb_argv_ram_id(const VbArgv *argv);

/* argv-firmware.c: the flash before -machine, which names it; the rest anywhere. */
bool vb_argv_add_flash(VbArgv *argv, GError **error);
bool vb_argv_add_firmware(VbArgv *argv, GError **error);

/* argv-clock.c */
bool vb_argv_add_clock(VbArgv *argv, GError **error);
/* argv-pm.c */
bool vb_argv_add_pm(VbArgv *argv, GError **error);

/* argv-boot.c */
bool vb_argv_add_boot(VbArgv *argv, GError **error);

/* argv-smbios.c */
bool vb_argv_add_sysinfo(VbArgv *argv, GError **error);

/* argv-iothread.c */
bool vb_argv_add_iothreads(VbArgv *argv, GError **error);
