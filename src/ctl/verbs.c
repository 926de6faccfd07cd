/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line as tables: what can be said, and the help that says so. */
#include "ctl/verbs.h"

#include "ctl/commands.h"

#include <limits.h>
#include <stdio.h>

#define JSON VB_CTL_OPTION_JSON
#define START_OPTIONS (VB_CTL_OPTION_PAUSED | VB_CTL_OPTION_NO_WAIT | VB_CTL_OPTION_RESET_NVRAM | VB_CTL_OPTION_SECRET | \
                       VB_CTL_OPTION_DISCARD_SAVE)

static bool run_help(VbCtl *ctl, char **args, GError **error)
{
        vb_ctl_print_help();
        return true;
}

/* clang-format off */
static const VbCtlVerb verbs[] = {
        { "list",      "",              0, 0, JSON, vb_ctl_list, NULL,
          "List all domains" },
        { "show",      "NAME",          1, 1, JSON, vb_ctl_show, NULL,
          "Show a domain and its state" },
        { "hardware",  "NAME",          1, 1, JSON, vb_ctl_hardware, NULL,
          "Show a domain's controllers and what is plugged into them" },
        { "xml",       "NAME",          1, 1, VB_CTL_OPTION_INACTIVE, vb_ctl_xml, "GetXML",
          "Print a domain's complete definition" },
        { "monitor",   "[NAME]",        0, 1, JSON, vb_ctl_monitor, NULL,
          "Print what happens, to all domains or one, until interrupted" },
        { "console",   "NAME [ALIAS]",  1, 2, 0, vb_ctl_console, "OpenConsole",
          "Connect to a serial port or console; Ctrl+] leaves" },
        { "log",       "NAME",          1, 1, VB_CTL_OPTION_FOLLOW, vb_ctl_log, "OpenLog",
          "Print what a domain's emulator has said, of the guest that runs or the last one" },

        { "emulators", "",              0, 0, JSON, vb_ctl_emulators, NULL,
          "List the emulators, and what is known of each" },
        { "machines",  "[ARCH]",        0, 1, JSON, vb_ctl_machines, NULL,
          "List the machine types of an architecture, the host's if none is named" },
        { "machine",   "ARCH TYPE",     2, 2, JSON, vb_ctl_machine, NULL,
          "Show what a machine type is made of: buses, devices, free slots" },

        { "define",    "FILE",          1, 1, 0, vb_ctl_define, "DefineDomain",
          "Define a domain, or define it anew; prints its object path" },
        { "create",    "FILE",          1, 1, VB_CTL_OPTION_PAUSED | VB_CTL_OPTION_SECRET, vb_ctl_define, "CreateDomain",
          "Start a domain that is gone when it ends; prints its object path" },
        { "undefine",  "NAME",          1, 1, VB_CTL_OPTION_DISCARD_SAVE, vb_ctl_domain_method, "Undefine",
          "Forget a domain's definition and what its firmware and TPM remember; its disks are left alone" },
        { "validate",  "FILE",          1, 1, VB_CTL_OPTION_SCHEMA, vb_ctl_validate, "ValidateDomain",
          "Check a definition and print it as it would be defined" },
        { "argv",      "FILE",          1, 1, VB_CTL_OPTION_NULL, vb_ctl_argv, "DescribeCommandLine",
          "Print the emulator's command line, one argument a line" },
        { "autostart", "NAME [on|off]", 1, 2, 0, vb_ctl_autostart, "SetAutostart",
          "Start a domain with the host (on, if nothing is said), or do not" },

        { "start",     "NAME",          1, 1, START_OPTIONS, vb_ctl_domain_method, "Start",
          "Start a domain, and wait until it runs" },
        { "shutdown",  "NAME",          1, 1, 0, vb_ctl_domain_method, "Shutdown",
          "Press a domain's power button" },
        { "poweroff",  "NAME",          1, 1, 0, vb_ctl_domain_method, "PowerOff",
          "Pull a domain's plug" },
        { "reboot",    "NAME",          1, 1, 0, vb_ctl_domain_method, "Reboot",
          "Press a domain's power button, and start it again when it is off" },
        { "reset",     "NAME",          1, 1, 0, vb_ctl_domain_method, "Reset",
          "Press a domain's reset button" },
        { "suspend",   "NAME",          1, 1, 0, vb_ctl_domain_method, "Suspend",
          "Stop a domain's processors" },
        { "resume",    "NAME",          1, 1, 0, vb_ctl_domain_method, "Resume",
          "Let a domain's processors go on" },

        { "managed-save", "NAME",       1, 1, 0, vb_ctl_domain_method, "ManagedSave",
          "Keep a domain's memory on disk and end it; its next start goes on from there" },
        { "managed-save-remove", "NAME", 1, 1, 0, vb_ctl_domain_method, "RemoveManagedSave",
          "Give up what managed-save has kept" },

        { "tune",      "NAME LIMIT=VALUE...", 2, INT_MAX, VB_CTL_OPTION_LIVE | VB_CTL_OPTION_CONFIG, vb_ctl_tune, "SetResources",
          "Change what a domain gets of its host: cpu-shares, memory-hard-limit..." },

        { "run",       "NAME",          1, 1, VB_CTL_OPTION_UNIT, vb_ctl_run, NULL,
          "Start a domain if it is off, and stay while it runs; SIGTERM shuts it down, or saves it" },
        { "shutdown-all", "",           0, 0, 0, vb_ctl_shutdown_all, NULL,
          "Shut all domains down, or save them, and wait until they are off" },

        { "help",      "",              0, 0, 0, run_help, NULL,
          "Show this text" },
};

const VbCtlOptionRow vb_ctl_options[] = {
        { "system",   NULL,   VB_CTL_SWITCH_SYSTEM,   "Talk to the service on the system bus (the default)" },
        { "user",     NULL,   VB_CTL_SWITCH_USER,     "Talk to the service on the session bus" },
        { "address",  "ADDR", VB_CTL_SWITCH_ADDRESS,  "Talk to the service on the bus at this D-Bus address" },
        { "no-ask-password", NULL, VB_CTL_SWITCH_NO_ASK_PASSWORD,
          "Ask nobody for a password: what needs one fails" },
        { "json",     NULL,   VB_CTL_OPTION_JSON,     "list, show, hardware, monitor, emulators, machines, machine: print JSON" },
        { "null",     NULL,   VB_CTL_OPTION_NULL,     "argv: end arguments with NUL instead of newline" },
        { "paused",   NULL,   VB_CTL_OPTION_PAUSED,   "start, create: stop before the first instruction" },
        { "no-wait",  NULL,   VB_CTL_OPTION_NO_WAIT,  "start: do not wait until the domain runs" },
        { "reset-nvram", NULL, VB_CTL_OPTION_RESET_NVRAM,
          "start: make the firmware's variables anew" },
        { "discard-save", NULL, VB_CTL_OPTION_DISCARD_SAVE,
          "start, undefine: give up what managed-save has kept" },
        { "secret",   "NAME=FILE", VB_CTL_OPTION_SECRET,
          "start, create: a secret that the definition names; - is stdin, prompt asks" },
        { "inactive", NULL,   VB_CTL_OPTION_INACTIVE, "xml: what the next start uses, not what runs" },
        { "live",     NULL,   VB_CTL_OPTION_LIVE,     "tune: the guest that runs; with --config both" },
        { "config",   NULL,   VB_CTL_OPTION_CONFIG,   "tune: what the next start uses" },
        { "follow",   NULL,   VB_CTL_OPTION_FOLLOW,   "log: go on with what is said from now on; also -f" },
        { "schema",   NULL,   VB_CTL_OPTION_SCHEMA,   "validate: only hold it against the schema; no service is asked" },
        { "unit",     NULL,   VB_CTL_OPTION_UNIT,     "run: NAME is escaped, as systemd-escape does" },
        { "help",     NULL,   VB_CTL_SWITCH_HELP,     "Show this text" },
        { "version",  NULL,   VB_CTL_SWITCH_VERSION,  "Show the version" },
};
/* clang-format on */

const size_t vb_ctl_n_options = G_N_ELEMENTS(vb_ctl_options);

const VbCtlVerb *vb_ctl_verb_find(const char *name)
{
        for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
                if (g_str_equal(verbs[i].name, name))
                        return &verbs[i];
        return NULL;
}

void vb_ctl_print_help(void)
{
        puts("Usage: virtbusctl [OPTION...] VERB [ARGUMENT...]\n"
             "\n"
             "Defines, starts and watches virtual machines (domains) through virtbusd.\n"
             "\n"
             "Verbs:");
        for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
                printf("  %-19s %-14s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
        puts("\n"
             "Options:");
        for (size_t i = 0; i < vb_ctl_n_options; i++) {
                const VbCtlOptionRow *row = &vb_ctl_options[i];
                g_autofree char *option = g_strconcat("--", row->name, row->argument ? "=" : "",
                                                      row->argument ? row->argument : "", NULL);

                printf("  %-15s %s\n", option, row->help);
        }
        puts("\n"
             "NAME is a domain's name or its uuid, your own before anybody else's; or OWNER/NAME, with a user's "
             "name or number; or\nits object path. FILE holds libvirt's domain XML; - is stdin.\n"
             "\n"
             "A console that is fed from a pipe or a file stays until the guest ends.\n"
             "\n"
             "run and shutdown-all give guests VIRTBUS_SHUTDOWN_SECONDS (120) to shut down before their plug is "
             "pulled; with\nVIRTBUS_ON_SHUTDOWN=save they save those that can be.\n"
             "\n"
             "Exit status: 0 success, 1 the operation failed, 2 wrong usage.");
}
