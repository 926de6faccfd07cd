/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusctl: reads the command line, runs one verb, and tells how it ended. */
#include "ctl/bus.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static void print_error(const GError *error)
{
        g_autofree char *escaped = vb_ctl_escape(error->message, true);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(escaped), "\n", -1);
        g_autofree char *message = g_strjoinv("\n  ", lines); /* no line but the first is ours */

        if (error->code == VB_CTL_ERROR_LOCATED)
                fprintf(stderr, "%s\n", message);
        else
                fprintf(stderr, "virtbusctl: %s\n", message);
}

static int finish(const GError *error, const VbCtlVerb *verb)
{
        if (!error)
                return EXIT_SUCCESS;
        print_error(error);
        if (error->code != VB_CTL_ERROR_USAGE)
                return EXIT_FAILURE;
        fprintf(stderr, "Usage: virtbusctl [OPTION...] %s%s%s\n", verb ? verb->name : "VERB [ARGUMENT...]",
                verb && *verb->args ? " " : "", verb ? verb->args : "");
        fprintf(stderr, "See 'virtbusctl --help'.\n");
        return EXIT_USAGE;
}

/* getopt's own table, from ours. */
static struct option *long_options(void)
{
        struct option *options = g_new0(struct option, vb_ctl_n_options + 1);

        for (size_t i = 0; i < vb_ctl_n_options; i++)
                options[i] = (struct option){
                        .name = vb_ctl_options[i].name,
                        .has_arg = vb_ctl_options[i].argument ? required_argument : no_argument,
                        .val = vb_ctl_options[i].value,
                };
        return options;
}

static bool fail_option(int result, char **argv, GError **error)
{
        if (result == ':')
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "%s needs a value", argv[optind - 1]);
        if (optopt > 0 && optopt < VB_CTL_SWITCH_SYSTEM && !g_str_has_prefix(argv[optind - 1], "--"))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "there is no option -%c", optopt);
        return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "there is no option %s", argv[optind - 1]);
}

/* Sets *ret_done where an option was all there was to do. The verb and its arguments are left from
 * argv[optind] on. */
static bool parse_options(VbCtl *ctl, int argc, char **argv, bool *ret_done, GError **error)
{
        g_autofree struct option *options = long_options();
        int option;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hf", options, NULL)) != -1) {
                switch (option) {
                case VB_CTL_SWITCH_SYSTEM:
                        ctl->scope = VB_CTL_SCOPE_SYSTEM;
                        break;
                case VB_CTL_SWITCH_USER:
                        ctl->scope = VB_CTL_SCOPE_USER;
                        break;
                case VB_CTL_SWITCH_ADDRESS:
                        ctl->scope = VB_CTL_SCOPE_ADDRESS;
                        ctl->address = optarg;
                        break;
                case VB_CTL_SWITCH_NO_ASK_PASSWORD:
                        ctl->no_ask_password = true;
                        break;
                case VB_CTL_SWITCH_HELP:
                case 'h':
                        vb_ctl_print_help();
                        *ret_done = true;
                        return true;
                case VB_CTL_SWITCH_VERSION:
                        puts("virtbusctl " VB_VERSION);
                        *ret_done = true;
                        return true;
                case 'f':
                        ctl->options |= VB_CTL_OPTION_FOLLOW;
                        break;
                case ':':
                case '?':
                        return fail_option(option, argv, error);
                case VB_CTL_OPTION_SECRET:
                        ctl->options |= (unsigned) option;
                        if (!ctl->secrets)
                                ctl->secrets = g_ptr_array_new();
                        g_ptr_array_add(ctl->secrets, optarg);
                        break;
                default:
                        ctl->options |= (unsigned) option;
                }
        }
        return true;
}

static bool check_usage(const VbCtl *ctl, const VbCtlVerb *verb, int n_args, GError **error)
{
        unsigned unknown = ctl->options & ~verb->options;

        for (size_t i = 0; i < vb_ctl_n_options; i++)
                if (vb_ctl_options[i].value < VB_CTL_SWITCH_SYSTEM &&
                    (unknown & (unsigned) vb_ctl_options[i].value))
                        return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "%s does not take --%s", verb->name,
                                           vb_ctl_options[i].name);
        if (n_args < verb->min)
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "%s needs an argument", verb->name);
        if (n_args > verb->max)
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "too many arguments for %s", verb->name);
        return true;
}

static bool run(VbCtl *ctl, int argc, char **argv, const VbCtlVerb **ret_verb, GError **error)
{
        const VbCtlVerb *verb;
        bool done = false;

        if (!parse_options(ctl, argc, argv, &done, error))
                return false;
        if (done)
                return true;
        if (optind >= argc)
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "what is to be done?");
        verb = vb_ctl_verb_find(argv[optind]);
        if (!verb)
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "there is no verb '%s'", argv[optind]);
        *ret_verb = verb;
        ctl->method = verb->method;
        return check_usage(ctl, verb, argc - optind - 1, error) && verb->run(ctl, argv + optind + 1, error);
}

int main(int argc, char **argv)
{
        g_autoptr(GError) error = NULL;
        const VbCtlVerb *verb = NULL;
        VbCtl ctl = { .scope = VB_CTL_SCOPE_SYSTEM };

        setlocale(LC_ALL, "");
        run(&ctl, argc, argv, &verb, &error);
        vb_ctl_disconnect(&ctl);
        g_clear_pointer(&ctl.secrets, g_ptr_array_unref);
        if (fflush(stdout) != 0 && !error)
                vb_ctl_fail(&error, VB_CTL_ERROR_FAILED, "cannot write to stdout: %s", g_strerror(errno));
        return finish(error, verb);
}
