/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* What the command line asked for, and the connection that serves it. */

typedef enum {
        VB_CTL_SCOPE_SYSTEM,
        VB_CTL_SCOPE_USER,
        VB_CTL_SCOPE_ADDRESS,
} VbCtlScope;

/* Switches that only some verbs take. Those of the second row travel to the service under the same name. */
typedef enum {
        VB_CTL_OPTION_JSON = 1 << 0,
        VB_CTL_OPTION_NULL = 1 << 1,

        VB_CTL_OPTION_PAUSED = 1 << 2,
        VB_CTL_OPTION_NO_WAIT = 1 << 3,
        VB_CTL_OPTION_INACTIVE = 1 << 4,
        VB_CTL_OPTION_SCHEMA = 1 << 5,
        VB_CTL_OPTION_UNIT = 1 << 6,
        VB_CTL_OPTION_RESET_NVRAM = 1 << 7,
        VB_CTL_OPTION_SECRET = 1 << 8,
        VB_CTL_OPTION_LIVE = 1 << 9,
        VB_CTL_OPTION_CONFIG = 1 << 10,
        VB_CTL_OPTION_FOLLOW = 1 << 11,
        VB_CTL_OPTION_DISCARD_SAVE = 1 << 12,
} VbCtlOption;

typedef struct {
        VbCtlScope scope;
        const char *address; /* borrowed: an argument; for VB_CTL_SCOPE_ADDRESS */
        unsigned options;    /* VbCtlOption */
        bool no_ask_password; /* nobody is asked to authenticate */
        pid_t agent;          /* that of the terminal, while a call may need it; 0: none */
        GPtrArray *secrets;  /* NAME=VALUE, as given, borrowed; NULL: none */
        const char *method;  /* the D-Bus method that the verb stands for, where it stands for one */
        sd_bus *bus;         /* NULL until something is called */
} VbCtl;

/* Every failure is a GError of this domain; its code says how main() tells it. */
#define VB_CTL_ERROR (vb_ctl_error_quark())
GQuark vb_ctl_error_quark(void);

typedef enum {
        VB_CTL_ERROR_FAILED,
        VB_CTL_ERROR_NO_SUCH_DOMAIN, /* told as any failure, as the next three */
        VB_CTL_ERROR_INVALID_STATE,  /* the domain cannot do that now */
        VB_CTL_ERROR_BUSY,           /* something else is being done to it */
        VB_CTL_ERROR_REFUSED,        /* the service has another reason of its own */
        VB_CTL_ERROR_LOCATED,        /* the message begins with the file that it is about */
        VB_CTL_ERROR_USAGE,
} VbCtlError;

/* Sets @error and returns false, so that a check can be one `return`. */
bool vb_ctl_fail(GError **error, VbCtlError code, const char *format, ...) G_GNUC_PRINTF(3, 4);
