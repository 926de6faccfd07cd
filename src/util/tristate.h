/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* A switch of the XML that may be left out. */
typedef enum { VB_TRISTATE_UNSET, VB_TRISTATE_OFF, VB_TRISTATE_ON } VbTristate;

static inline VbTristate vb_tristate_from_bool(bool value)
{
        return value ? VB_TRISTATE_ON : VB_TRISTATE_OFF;
}

/* "on" and "off", NULL for unset. */
const char *vb_tristate_to_switch(VbTristate value);
/* "yes" and "no", NULL for unset. */
const char *vb_tristate_to_yes_no(VbTristate value);
/* "on"/"off" and "yes"/"no": false, and *ret untouched, for any other text. */
bool vb_tristate_from_switch(const char *text, VbTristate *ret);
bool vb_tristate_from_yes_no(const char *text, VbTristate *ret);
