/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory of what a domain keeps between its runs, for those that keep anything. A transient domain has
 * nothing to keep it for. */
#include "conf/tpm.h"
#include "domain/start-private.h"
#include "domain/store.h"
#include "host/private.h"
#include "util/fd.h"
#include "util/log.h"

static bool has_memory_file(const VbDomainDef *def)
{
        const VbMemoryBacking *backing = def->memory_backing;

        return backing && backing->source && backing->source->value == VB_BACKING_FILE;
}

static bool keeps_anything(const VbDomainDef *def)
{
        if (vb_argv_has_own_nvram(def) || has_memory_file(def))
                return true;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbTpm *tpm = def->devices->pdata[i];

                if (tpm->base.kind == VB_DEVICE_TPM && tpm->backend == VB_TPM_EMULATOR)
                        return true;
        }
        return false;
}

static void provide_private(VbStart *start)
{
        g_autoptr(GError) error = NULL;
        vb_autoclose int ram = -1;

        if (keeps_anything(start->domain->live))
                start->private_dir = vb_private_open(start->domain->service->state_fd, start->domain->id,
                                                     vb_start_identity(start), &error);
        /* The emulator makes the files, without names. */
        if (!error && has_memory_file(start->domain->live))
                ram = vb_private_open_below(start->private_dir, "ram", vb_start_identity(start), &error);
        vb_start_provided(start, error);
}

static void withdraw_private(VbProvided *provided)
{
        const VbDomain *domain = vb_service_find(provided->service, provided->id);
        g_autoptr(GError) error = NULL;

        if (!domain || (!vb_domain_is_persistent(domain) && !domain->defining))
                vb_store_forget(provided->service, provided->id);
        else if (provided->reserved && !vb_private_take_back(provided->service->state_fd, provided->id, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s", error->message);
}

const VbProvision vb_provision_private = {
        .name = "private",
        .provide = provide_private,
        .withdraw = withdraw_private,
};
