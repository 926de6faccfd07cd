/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that methods are sorted by, and the polkit actions behind them. What is granted by default is
 * said in policy/org.virtbus1.policy. */
#include "bus/verbs.h"

#include <assert.h>

#define PAIR(name)                                                                                           \
        {                                                                                                    \
                .word = name, .paired = true                                                                 \
        }
#define SINGLE(name)                                                                                         \
        {                                                                                                    \
                .word = name                                                                                 \
        }

static const struct {
        const char *word;
        bool paired;
        VbVerb also;
} verbs[] = {
        [VB_VERB_NONE] = SINGLE(NULL),
        [VB_VERB_PUBLIC] = SINGLE(NULL),
        [VB_VERB_INSPECT] = PAIR("inspect"),
        [VB_VERB_DEFINE] = PAIR("define"),
        [VB_VERB_CREATE] = { .word = "define", .paired = true, .also = VB_VERB_START },
        [VB_VERB_START] = PAIR("start"),
        [VB_VERB_STOP] = PAIR("stop"),
        [VB_VERB_HOTPLUG] = PAIR("hotplug"),
        [VB_VERB_CONSOLE] = PAIR("console"),
        [VB_VERB_SAVE] = PAIR("save"),
        [VB_VERB_MIGRATE] = PAIR("migrate"),
        [VB_VERB_AUTOSTART] = PAIR("autostart"),
        [VB_VERB_USE_HOST_DEVICES] = SINGLE("use-host-devices"),
        [VB_VERB_USE_HOST_NETWORK] = SINGLE("use-host-network"),
        [VB_VERB_USE_OTHER_IDENTITY] = SINGLE("use-other-identity"),
        [VB_VERB_USE_KVM] = SINGLE("use-kvm"),
        [VB_VERB_USE_FIRMWARE] = SINGLE("use-firmware"),
        [VB_VERB_USE_EMULATOR] = SINGLE("use-emulator"),
        [VB_VERB_USE_COMMAND_LINE] = SINGLE("use-command-line"),
        [VB_VERB_USE_LOCKED_MEMORY] = SINGLE("use-locked-memory"),
        [VB_VERB_USE_REALTIME] = SINGLE("use-realtime"),
        [VB_VERB_USE_REMOTE_ACCESS] = SINGLE("use-remote-access"),
        [VB_VERB_MONITOR] = SINGLE("monitor"),
};
static_assert(G_N_ELEMENTS(verbs) == _VB_VERB_MAX, "a verb has no row");

const char *vb_verb_to_string(VbVerb verb)
{
        return verbs[verb].word;
}

bool vb_verb_is_paired(VbVerb verb)
{
        return verbs[verb].paired;
}

VbVerb vb_verb_also(VbVerb verb)
{
        return verbs[verb].also;
}

char *vb_verb_action(VbVerb verb, bool own)
{
        const char *kind = !verbs[verb].paired ? "" : own ? "own." : "any.";

        g_assert(verbs[verb].word);
        return g_strdup_printf("org.virtbus1.%s%s", kind, verbs[verb].word);
}
