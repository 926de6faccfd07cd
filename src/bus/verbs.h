/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a caller must be allowed to do. */
typedef enum {
        VB_VERB_NONE,   /* not in a table: nobody may */
        VB_VERB_PUBLIC, /* anybody may */

        /* To a domain: a pair of actions, for the caller's own domains and for any. */
        VB_VERB_INSPECT, /* see XML */
        VB_VERB_DEFINE,
        VB_VERB_CREATE, /* DEFINE, and START also */
        VB_VERB_START,
        VB_VERB_STOP,
        VB_VERB_HOTPLUG,
        VB_VERB_CONSOLE,
        VB_VERB_SAVE,
        VB_VERB_MIGRATE,
        VB_VERB_AUTOSTART,

        /* With the host, whoever's domain it is: one action. */
        VB_VERB_USE_HOST_DEVICES,
        VB_VERB_USE_HOST_NETWORK,
        VB_VERB_USE_OTHER_IDENTITY,
        VB_VERB_USE_KVM,
        VB_VERB_USE_FIRMWARE,      /* firmware that is not the distribution's */
        VB_VERB_USE_EMULATOR,      /* an emulator that is not the system's */
        VB_VERB_USE_COMMAND_LINE,  /* add to the emulator's command line */
        VB_VERB_USE_LOCKED_MEMORY, /* huge pages, memory that is not swapped */
        VB_VERB_USE_REALTIME,      /* real-time priorities */
        VB_VERB_USE_REMOTE_ACCESS, /* listen on addresses that others can reach */
        VB_VERB_MONITOR,
        _VB_VERB_MAX,
} VbVerb;

/* "start"; NULL for those that polkit is not asked about. */
const char *vb_verb_to_string(VbVerb verb);
/* Whether it matters whose domain it is. */
bool vb_verb_is_paired(VbVerb verb);
/* What else is asked for with it; VB_VERB_NONE: nothing. */
VbVerb vb_verb_also(VbVerb verb);
/* The polkit action: "org.virtbus1.own.start", "org.virtbus1.any.start", "org.virtbus1.use-kvm" (@own does
 * not matter). Caller frees. */
char *vb_verb_action(VbVerb verb, bool own);
