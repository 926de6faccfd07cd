/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition may name more than was granted: what a network's name means is said by the configuration, and
 * a record may be lost. */
#include "domain/start-owner.h"

#include "domain/change.h"
#include "domain/grants.h"
#include "domain/saved.h"
#include "domain/service.h"
#include "util/error.h"

#define OPERATION "started"

typedef struct {
        VbDomain *domain;
        VbRequester requester;
        VbStartOptions options;
        GPtrArray *grants; /* of this */
        VbDone done;
        void *userdata;
} Asking;

/* What a start would take. */
static const VbDomainDef *next_def(const VbDomain *domain, const VbStartOptions *options)
{
        return domain->saved && domain->saved->def && !options->discard_save ? domain->saved->def
                                                                             : domain->def;
}

static void finish(Asking *self, const GError *error)
{
        g_autoptr(VbDomain) domain = self->domain;

        if (error && self->done)
                self->done(domain, error, self->userdata);
        vb_secrets_unref(self->options.secrets);
        g_ptr_array_unref(self->grants);
        g_free(self);
}

static void on_kept(VbDomain *domain, const GError *keep_error, void *userdata)
{
        Asking *self = userdata;
        g_autoptr(GError) error = NULL;

        if (!keep_error)
                (void) vb_start(domain, &self->options, self->done, self->userdata, &error);
        finish(self, keep_error ? keep_error : error);
}

/* What was allowed is what is named: it may have become something else while somebody was asked. */
static void keep(Asking *self, VbEmulatorFacts *emulator)
{
        VbDomain *domain = self->domain;
        g_autoptr(GPtrArray) grants = vb_grants_new();
        g_autoptr(GError) error = NULL;

        if (!vb_change_check_again(domain, VB_CHANGE_CONFIG, OPERATION, &error)) {
                finish(self, error);
                return;
        }
        vb_grants_add(grants, domain->grants);
        vb_grants_add(grants, self->grants);
        if (vb_grants_cover(grants,
                            &(VbGrantQuestion){ .owner = domain->owner,
                                                .def = next_def(domain, &self->options),
                                                .emulator = emulator },
                            domain->service, &error))
                vb_change_keep(domain, vb_domain_def_copy(domain->def), self->grants, on_kept, self);
        else
                finish(self, error);
}

typedef struct {
        Asking *asking;
        VbEmulatorFacts *emulator;
} Question;

static void on_allowed(GPtrArray *granted, const GError *error, void *userdata)
{
        Question *question = userdata;
        g_autoptr(GPtrArray) grants = granted;
        g_autoptr(VbEmulatorFacts) emulator = question->emulator;
        Asking *self = question->asking;

        g_free(question);
        if (error) {
                finish(self, error);
                return;
        }
        vb_grants_add(self->grants, grants);
        keep(self, emulator);
}

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *probe_error,
                      void *userdata)
{
        Asking *self = userdata;
        VbDomain *domain = self->domain;
        g_autoptr(GError) error = NULL;
        Question *question;

        if (probe_error || !vb_change_check_again(domain, VB_CHANGE_CONFIG, OPERATION, &error)) {
                finish(self, probe_error ? probe_error : error);
                return;
        }
        question = g_new(Question, 1);
        *question = (Question){ self, vb_emulator_facts_ref(emulator) };
        vb_grants_ask(&self->requester,
                      &(VbGrantQuestion){ .owner = domain->owner,
                                          .def = next_def(domain, &self->options),
                                          .emulator = emulator,
                                          .granted = domain->grants,
                                          .asked = self->grants },
                      domain->service, on_allowed, question);
}

static void probe(Asking *self)
{
        const VbDomainDef *def = next_def(self->domain, &self->options);

        vb_prober_ask(self->domain->service->prober,
                      &(VbProbeQuestion){ .arch = def->os.arch,
                                          .path = def->emulator,
                                          .machine = def->os.machine,
                                          .owner = self->domain->owner },
                      on_probed, self);
}

static void on_emulator_allowed(GPtrArray *granted, const GError *ask_error, void *userdata)
{
        Asking *self = userdata;
        g_autoptr(GPtrArray) grants = granted;
        g_autoptr(GError) error = NULL;

        if (ask_error || !vb_change_check_again(self->domain, VB_CHANGE_CONFIG, OPERATION, &error)) {
                finish(self, ask_error ? ask_error : error);
                return;
        }
        vb_grants_add(self->grants, grants);
        probe(self);
}

bool vb_start_for(VbDomain *domain, const VbRequester *requester, const VbStartOptions *options, VbDone done,
                  void *userdata, GError **error)
{
        Asking *self;

        /* Without the facts more may be missing than is. */
        if (requester->uid != domain->owner || !vb_grants_are_needed(domain->owner) ||
            domain->state != VB_STATE_SHUTOFF ||
            !vb_change_check(domain, VB_CHANGE_CONFIG, OPERATION, NULL) ||
            vb_grants_check(domain, next_def(domain, options), NULL, NULL))
                return vb_start(domain, options, done, userdata, error);
        self = g_new(Asking, 1);
        *self = (Asking){ .domain = vb_domain_ref(domain),
                          .requester = *requester,
                          .options = *options,
                          .grants = vb_grants_new(),
                          .done = done,
                          .userdata = userdata };
        if (options->secrets)
                self->options.secrets = vb_secrets_ref(options->secrets);
        vb_grants_ask_emulator(&self->requester,
                               &(VbGrantQuestion){ .owner = domain->owner,
                                                   .def = next_def(domain, options),
                                                   .granted = domain->grants },
                               on_emulator_allowed, self);
        return true;
}
