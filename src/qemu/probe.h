/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

#include "conf/machine-facts.h"

/* Asks emulators what they are and what a machine type is made of, and remembers the answers: in memory, and
 * in files below a cache directory, keyed by what would change them. */
typedef struct VbProber VbProber;

/* @cache_dir is made when first written to; a cache that cannot be read or written is only slower. */
VbProber *vb_prober_new(sd_event *event, const char *cache_dir);
/* Ends what is under way; its callbacks get an error. */
void vb_prober_free(VbProber *prober);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbProber, vb_prober_free)

/* Exactly one of @machine (with @emulator) and @error is given, borrowed for the call: take a reference to
 * keep. */
typedef void (*VbProbeDone)(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error,
                            void *userdata);

/* The facts of the machine type @machine (an alias will do; NULL: the emulator's default) of the emulator at
 * @path (NULL: the distribution's for @arch). @arch is libvirt's word, NULL for the host's. Fails with
 * NO_EMULATOR (no such file, not executable, no emulator known for @arch), EMULATOR_FAILED (with the last
 * lines of its stderr), UNSUPPORTED (older than 6.2, other architecture, no such machine type; names what
 * there is) or TIMEOUT. @done is called once, before this returns when the answer is in memory. Asking for
 * what is being probed joins the probe. */
void vb_prober_query(VbProber *prober, const char *arch, const char *path, const char *machine,
                     VbProbeDone done, void *userdata);

/* Forgets the callers that gave @userdata: their callbacks are not called any more. */
void vb_prober_cancel(VbProber *prober, void *userdata);
