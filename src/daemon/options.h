/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { VB_BUS_SYSTEM, VB_BUS_USER, VB_BUS_ADDRESS } VbBusKind;

/* The command line, with every directory filled in. */
typedef struct {
        VbBusKind bus;
        char *address;
        char *state_dir, *runtime_dir, *cache_dir;
        char *config;         /* the configuration file */
        bool config_required; /* it was named, and has to be there */
        bool debug;
        bool version; /* asked for; nothing else is to be done */
} VbOptions;

/* False with an error for people if the arguments are wrong, or a directory cannot be known. */
bool vb_options_parse(int *argc, char ***argv, VbOptions *ret, GError **error);
void vb_options_clear(VbOptions *options);
