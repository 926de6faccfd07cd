/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs that call one method of a domain. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/text.h"

bool vb_ctl_domain_method(VbCtl *ctl, char **args, GError **error)
{
        g_autofree char *path = NULL;

        return vb_ctl_find_domain(ctl, args[0], &path, error) &&
               vb_ctl_act(ctl, path, VB_CTL_DOMAIN, NULL, error, "");
}

bool vb_ctl_autostart(VbCtl *ctl, char **args, GError **error)
{
        g_autofree char *path = NULL;
        bool on = !args[1] || g_str_equal(args[1], "on");

        if (!on && !g_str_equal(args[1], "off"))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "autostart is 'on' or 'off', not '%s'",
                                   args[1]);
        return vb_ctl_find_domain(ctl, args[0], &path, error) &&
               vb_ctl_act(ctl, path, VB_CTL_DOMAIN, NULL, error, "b", on);
}

bool vb_ctl_tune(VbCtl *ctl, char **args, GError **error)
{
        g_autofree char *path = NULL;

        return vb_ctl_find_domain(ctl, args[0], &path, error) &&
               vb_ctl_act_values(ctl, path, VB_CTL_DOMAIN, args + 1, error);
}

bool vb_ctl_xml(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *path = NULL;
        const char *xml = NULL;
        int r;

        if (!vb_ctl_find_domain(ctl, args[0], &path, error) ||
            !vb_ctl_act(ctl, path, VB_CTL_DOMAIN, &reply, error, ""))
                return false;
        r = sd_bus_message_read(reply, "s", &xml);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        vb_ctl_print_document(xml);
        return true;
}
