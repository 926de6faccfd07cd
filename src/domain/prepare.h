/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/requester.h"
#include "domain/service.h"

/* From what somebody wants a domain to be to a complete definition. */
typedef struct {
        VbService *service;
        const VbRequester *requester;
        uid_t owner; /* for whom the emulator is asked */
        VbProbeScope scope;
        const GPtrArray *granted; /* to the domain already; NULL: nothing */
        GPtrArray *asked; /* gets what is granted now, see VbGrantQuestion; lives until @done; NULL: not
                             wanted */
} VbPreparation;

/* @def is the callee's to free; the facts are borrowed for the call, and lack the emulator's detail unless
 * the scope asks for it. */
typedef void (*VbPrepared)(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine,
                           const GError *error, void *userdata);

/* Completes @def, which is taken over, and checks it. The emulator is run to be asked: one of a user's own is
 * only if it is granted, and the caller is asked for that first (ACCESS_DENIED, AUTHORIZATION_REQUIRED).
 * @done may come before the function returns. */
void vb_prepare(const VbPreparation *preparation, VbDomainDef *def, VbPrepared done, void *userdata);
/* The same of a text. */
void vb_prepare_xml(const VbPreparation *preparation, const char *xml, VbPrepared done, void *userdata);
