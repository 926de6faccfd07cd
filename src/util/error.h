/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What can go wrong, in the words of the D-Bus errors that src/bus/ maps it to. The order is that of the
 * table in src/bus/errors.c. */
typedef enum {
        VB_ERROR_NO_SUCH_DOMAIN,
        VB_ERROR_DOMAIN_EXISTS,
        VB_ERROR_NO_SUCH_DEVICE,
        VB_ERROR_INVALID_XML,
        VB_ERROR_UNSUPPORTED,
        VB_ERROR_INVALID_ADDRESS,
        VB_ERROR_ADDRESS_IN_USE,
        VB_ERROR_NO_FREE_ADDRESS,
        VB_ERROR_INVALID_STATE,
        VB_ERROR_BUSY,
        VB_ERROR_NO_EMULATOR,
        VB_ERROR_EMULATOR_FAILED,
        VB_ERROR_MONITOR,
        VB_ERROR_TIMEOUT,
        VB_ERROR_INCOMPATIBLE,
        VB_ERROR_MIGRATION_FAILED,
        VB_ERROR_SECURITY_LABEL,
        VB_ERROR_STORAGE,
        VB_ERROR_ACCESS_DENIED,
        VB_ERROR_AUTHORIZATION_REQUIRED,
        VB_ERROR_INVALID_ARGS,
        VB_ERROR_LIMITS_EXCEEDED,
        _VB_ERROR_MAX,
} VbError;

#define VB_ERROR (vb_error_quark())
GQuark vb_error_quark(void);

/* Sets @error (which may be NULL) and returns false, so that a check can be one `return`. */
bool vb_error_set(GError **error, VbError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same for something at a line of the caller's XML: the message starts with "line N: ", which clients may
 * rely on. Line 0 (generated, not read) leaves the prefix out. */
bool vb_error_set_at(GError **error, VbError code, int line, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The same for a failed system call: ": " and the text of @errnum (positive) are appended. */
bool vb_error_set_errno(GError **error, VbError code, int errnum, const char *format, ...) G_GNUC_PRINTF(4, 5);
