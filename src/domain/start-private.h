/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/provision.h"
#include "domain/start.h"
#include "host/file-check.h"
#include "host/identity-query.h"
#include "host/identity.h"
#include "host/release.h"
#include "host/spawn.h"
#include "qemu/argv.h"

/* For start.c and the provisions: a start under way. */
struct VbStart {
        VbDomain *domain;
        VbStartOptions options;
        bool cancelled;
        GError *error; /* why the process is being ended */
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        bool waiting; /* for what the last run had, before anything is provided */
        guint at;                        /* the provision that is being got, an index into vb_provisions */
        int private_dir;                 /* what the domain keeps between its runs; -1: nothing */
        VbIdentityQuery *identity_query; /* under way */
        struct VbSecretsJob *secrets;    /* under way */
        struct VbNvramJob *nvram;        /* under way */
        VbFileCheck *file_check;         /* under way */
        bool restoring;                  /* the guest goes on from a managed save */
        int image;                       /* of that, for reading; -1: none */
        sd_event_source *restore_timer;
        gint64 restore_end;              /* CLOCK_MONOTONIC, microseconds: it has hung by then */
        int log;                         /* where its processes print; -1: nowhere yet */
        GPtrArray *links;                /* the host's ends of network cards, with open descriptors */
        GPtrArray *companion_ends;       /* VbArgvEnd * */
        char **argv;
        VbHeldChild held;    /* the emulator's process to be */
        guint n_released;    /* of the companions, those that have been executed */
        VbRelease *release;  /* that is being executed; under way */
        VbScopeStart *scope; /* under way */
        int monitor;         /* connected to its monitor's socket; -1: none */
        VbDone done;
        void *userdata;
};

/* The provision at hand has been got (NULL @error), or the start has failed by it. */
void vb_start_provided(VbStart *start, const GError *error);

/* The guest can run, and no save of it is left; or that failed. */
void vb_start_restored(VbStart *start, const GError *error);

/* Writes down now what is provided so far, for a service that is killed in the middle of getting more. Before
 * there is a room nothing can be written and true is returned. STORAGE. */
bool vb_start_note(VbStart *start, GError **error);

/* What the domain keeps between its runs. Caller frees. */
char *vb_start_private_dir(const VbStart *start);
/* Whom its processes run as; NULL: ourselves. */
const VbIdentity *vb_start_identity(const VbStart *start);
