/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of everything that a person may have caused or must read. Names on the bus are not here:
 * src/bus/errors.c maps the codes. */
#include "util/error.h"

G_DEFINE_QUARK(virtbus-error-quark, vb_error)

bool vb_error_set(GError **error, VbError code, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        if (error)
                *error = g_error_new_valist(VB_ERROR, (int) code, format, ap);
        va_end(ap);
        return false;
}

bool vb_error_set_at(GError **error, VbError code, int line, const char *format, ...)
{
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        if (line > 0)
                g_set_error(error, VB_ERROR, (int) code, "line %d: %s", line, message);
        else
                g_set_error_literal(error, VB_ERROR, (int) code, message);
        return false;
}

bool vb_error_set_errno(GError **error, VbError code, int errnum, const char *format, ...)
{
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_set_error(error, VB_ERROR, (int) code, "%s: %s", message, g_strerror(errnum));
        return false;
}
