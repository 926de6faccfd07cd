/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition goes through before anybody decides about it: parse, may its emulator be run, facts,
 * completion. */
#include "domain/prepare.h"

#include <string.h>

#include "conf/complete.h"
#include "domain/grants.h"
#include "util/error.h"

typedef struct {
        VbPreparation how; /* without what is borrowed for the call */
        VbDomainDef *def;
        VbPrepared done;
        void *userdata;
} Job;

static void job_end(Job *job, VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error)
{
        g_autofree Job *owned = job;

        if (error)
                g_clear_pointer(&job->def, vb_domain_def_free);
        job->done(job->def, emulator, machine, error, job->userdata);
}

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *probe_error,
                      void *userdata)
{
        Job *job = userdata;
        g_autoptr(GError) error = NULL;

        if (probe_error || !vb_domain_def_complete(job->def, emulator, machine, &error))
                job_end(job, NULL, NULL, probe_error ? probe_error : error);
        else
                job_end(job, emulator, machine, NULL);
}

static void on_emulator_granted(GPtrArray *granted, const GError *error, void *userdata)
{
        g_autoptr(GPtrArray) grants = granted;
        Job *job = userdata;

        if (error) {
                job_end(job, NULL, NULL, error);
                return;
        }
        if (job->how.asked)
                vb_grants_add(job->how.asked, grants);
        vb_prober_ask(job->how.service->prober,
                      &(VbProbeQuestion){ .arch = job->def->os.arch,
                                          .path = job->def->emulator,
                                          .machine = job->def->os.machine,
                                          .owner = job->how.owner,
                                          .scope = job->how.scope },
                      on_probed, job);
}

void vb_prepare(const VbPreparation *preparation, VbDomainDef *def, VbPrepared done, void *userdata)
{
        Job *job = g_new(Job, 1);

        *job = (Job){ .how = *preparation, .def = def, .done = done, .userdata = userdata };
        vb_grants_ask_emulator(preparation->requester,
                               &(VbGrantQuestion){ .owner = preparation->owner,
                                                   .def = def,
                                                   .granted = preparation->granted },
                               on_emulator_granted, job);
}

void vb_prepare_xml(const VbPreparation *preparation, const char *xml, VbPrepared done, void *userdata)
{
        g_autoptr(GError) error = NULL;
        VbDomainDef *def = vb_domain_def_parse(xml, strlen(xml), &error);

        if (def)
                vb_prepare(preparation, def, done, userdata);
        else
                done(NULL, NULL, NULL, error, userdata);
}
