/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

/* A verb of the command line, and everything that is to be known of it. */
typedef struct {
        const char *name;
        const char *args;
        int min;
        int max;
        unsigned options; /* VbCtlOption: those that it takes */
        bool (*run)(VbCtl *ctl, char **args, GError **error);
        const char *method; /* VbCtl.method */
        const char *help;
} VbCtlVerb;

/* NULL if there is none of that name. */
const VbCtlVerb *vb_ctl_verb_find(const char *name);

/* What the command line knows beside verbs. */
typedef struct {
        const char *name;
        const char *argument; /* NULL if it takes none */
        int value;            /* VbCtlOption, or a VbCtlSwitch */
        const char *help;
} VbCtlOptionRow;

/* Options that every verb takes; the numbers are not those of any VbCtlOption. */
typedef enum {
        VB_CTL_SWITCH_SYSTEM = 1 << 16,
        VB_CTL_SWITCH_USER,
        VB_CTL_SWITCH_ADDRESS,
        VB_CTL_SWITCH_NO_ASK_PASSWORD,
        VB_CTL_SWITCH_HELP,
        VB_CTL_SWITCH_VERSION,
} VbCtlSwitch;

extern const VbCtlOptionRow vb_ctl_options[];
extern const size_t vb_ctl_n_options;

/* The whole help, from the two tables. */
void vb_ctl_print_help(void);
