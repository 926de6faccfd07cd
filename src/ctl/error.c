/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of the client: what a person reads on stderr, and which exit status goes with it. */
#include "ctl/ctl.h"

G_DEFINE_QUARK(virtbusctl - error - quark, vb_ctl_error)

bool vb_ctl_fail(GError **error, VbCtlError code, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        if (error)
                *error = g_error_new_valist(VB_CTL_ERROR, (int) code, format, ap);
        va_end(ap);
        return false;
}
