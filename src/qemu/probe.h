/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "conf/machine-facts.h"

/* Asks emulators what they are and what a machine type is made of, and remembers the answers: in memory, and
 * in files below a cache directory, keyed by what would change them. */
typedef struct VbProber VbProber;

/* @cache_dir is made when first written to; a cache that cannot be read or written is only slower. */
VbProber *vb_prober_new(sd_event *event, const char *cache_dir);
/* Ends what is under way; its callbacks get an error. What is being written is waited for. */
void vb_prober_free(VbProber *prober);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbProber, vb_prober_free)

/* What is wanted of an emulator. The first takes longest when nothing is known. */
typedef enum {
        VB_PROBE_SCOPE_ALL,          /* the emulator with its detail, and a machine type */
        VB_PROBE_SCOPE_MACHINE,      /* the same, and the emulator's detail only if it is there already */
        VB_PROBE_SCOPE_EMULATOR,     /* no machine type, and detail only if it is there already */
        VB_PROBE_SCOPE_EMULATOR_ALL, /* no machine type */
        VB_PROBE_SCOPE_DESCRIPTION,  /* as MACHINE, with what it takes several starts to know of that */
} VbProbeScope;

typedef struct {
        const char *arch;    /* libvirt's word; NULL: the host's */
        const char *path;    /* of the emulator; NULL: the distribution's for @arch */
        bool found;          /* nobody named @path: it is one of vb_emulator_list() */
        const char *machine; /* an alias will do; NULL: the emulator's default */
        uid_t owner;         /* for whom: an emulator that is not root's is run by nobody else */
        VbProbeScope scope;
} VbProbeQuestion;

/* Either @emulator, with @machine if one was asked for, or @error is given, borrowed for the call: take a
 * reference to keep. */
typedef void (*VbProbeDone)(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error,
                            void *userdata);

/* Fails with NO_EMULATOR (no such file, not executable, no emulator known for @arch), EMULATOR_FAILED (with
 * the last lines of its stderr), UNSUPPORTED (older than 6.2, other architecture, no such machine type; names
 * what there is), ACCESS_DENIED (not for that owner, or only root's own
 * word could have it run) or TIMEOUT. @done is called once, before this returns
 * when the answer is in memory. Asking for what is being probed joins the probe. */
void vb_prober_ask(VbProber *prober, const VbProbeQuestion *question, VbProbeDone done, void *userdata);

/* The same for everything, and for the user that the service runs as. */
void vb_prober_query(VbProber *prober, const char *arch, const char *path, const char *machine,
                     VbProbeDone done, void *userdata);

/* Forgets the callers that gave @userdata: their callbacks are not called any more. */
void vb_prober_cancel(VbProber *prober, void *userdata);
