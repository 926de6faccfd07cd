/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/filesystem.h"
#include "conf/interface.h"
#include "conf/tpm.h"

/* Command lines of the processes that stand beside an emulator. All they share with it is a connected socket,
 * @fd, which they inherit. Freed with g_strfreev(). */

/* Whether @device is nothing without one. */
bool vb_companion_is_needed(const VbDevice *device);

/* @state_fd: the directory of the TPM's state; @key_fd: the passphrase that it is encrypted with, or -1. */
char **vb_companion_swtpm(const char *program, const VbTpm *tpm, int fd, int state_fd, int key_fd);

/* swtpm makes the state itself, with the usual banks: UNSUPPORTED for others. */
bool vb_companion_check_tpm(const VbTpm *tpm, GError **error);

char **vb_companion_passt(const char *program, const VbInterface *interface, int fd);

/* @fd listens. */
char **vb_companion_virtiofsd(const char *program, const VbFilesystem *filesystem, int fd);
