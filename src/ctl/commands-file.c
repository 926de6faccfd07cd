/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs that hand a definition from a file to the Manager. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/schema.h"
#include "ctl/text.h"

#include <stdio.h>

static bool act_on_file(VbCtl *ctl, const char *file, sd_bus_message **reply, GError **error)
{
        g_autofree char *xml = NULL;
        g_autoptr(GError) failure = NULL;

        if (!vb_ctl_file_read(file, &xml, error))
                return false;
        if (vb_ctl_act(ctl, VB_CTL_ROOT, VB_CTL_MANAGER, reply, &failure, "s", xml))
                return true;
        vb_ctl_file_locate(file, failure);
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
}

bool vb_ctl_define(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        const char *path = NULL;
        int r;

        if (!act_on_file(ctl, args[0], &reply, error))
                return false;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        puts(path);
        return true;
}

bool vb_ctl_validate(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        const char *complete = NULL;
        g_autofree char *xml = NULL;
        int r;

        if (ctl->options & VB_CTL_OPTION_SCHEMA)
                return vb_ctl_file_read(args[0], &xml, error) && vb_ctl_schema_check(args[0], xml, error);
        if (!act_on_file(ctl, args[0], &reply, error))
                return false;
        r = sd_bus_message_read(reply, "s", &complete);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        vb_ctl_print_document(complete);
        return true;
}

bool vb_ctl_argv(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        const char *argument = NULL;
        int r;

        if (!act_on_file(ctl, args[0], &reply, error))
                return false;
        r = sd_bus_message_enter_container(reply, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(reply, 's', &argument)) > 0) {
                if (ctl->options & VB_CTL_OPTION_NULL)
                        fwrite(argument, 1, strlen(argument) + 1, stdout);
                else
                        vb_ctl_print_line(argument);
        }
        return r < 0 ? vb_ctl_fail_reply(error, r) : true;
}
