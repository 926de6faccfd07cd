/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

/* The verbs. @args are those after the verb, as many as the table of verbs allows, ended by NULL. */

/* commands-file.c: those that take a definition from a file */
bool vb_ctl_define(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_validate(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_argv(VbCtl *ctl, char **args, GError **error);

/* commands-domain.c: those that act on one domain */
bool vb_ctl_domain_method(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_autostart(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_tune(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_xml(VbCtl *ctl, char **args, GError **error);

/* commands-show.c, hardware.c: those that show */
bool vb_ctl_list(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_show(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_hardware(VbCtl *ctl, char **args, GError **error);

/* machines.c: those that show what domains can be made of */
bool vb_ctl_emulators(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_machines(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_machine(VbCtl *ctl, char **args, GError **error);

/* console.c, log.c, monitor.c: those that stay */
bool vb_ctl_console(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_log(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_monitor(VbCtl *ctl, char **args, GError **error);

/* run.c, shutdown-all.c: those for units */
bool vb_ctl_run(VbCtl *ctl, char **args, GError **error);
bool vb_ctl_shutdown_all(VbCtl *ctl, char **args, GError **error);
