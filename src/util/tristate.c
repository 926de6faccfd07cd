/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for switches. */
#include "util/tristate.h"

#include <glib.h>

const char *vb_tristate_to_switch(VbTristate value)
{
        static const char *const names[] = { NULL, "off", "on" };

        return names[value];
}

const char *vb_tristate_to_yes_no(VbTristate value)
{
        static const char *const names[] = { NULL, "no", "yes" };

        return names[value];
}

static bool from_words(const char *text, const char *on, const char *off, VbTristate *ret)
{
        if (g_str_equal(text, on))
                *ret = VB_TRISTATE_ON;
        else if (g_str_equal(text, off))
                *ret = VB_TRISTATE_OFF;
        else
                return false;
        return true;
}

bool vb_tristate_from_switch(const char *text, VbTristate *ret)
{
        return from_words(text, "on", "off", ret);
}

bool vb_tristate_from_yes_no(const char *text, VbTristate *ret)
{
        return from_words(text, "yes", "no", ret);
}
