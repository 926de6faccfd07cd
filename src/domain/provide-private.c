/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory of what a domain keeps between its runs, for those that keep anything. A transient domain has
 * nothing to keep it for. */
#include "conf/tpm.h"
#include "domain/start-private.h"
#include "domain/saved.h"
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

/* One that cannot be read is as large as one of today's guest may be. */
static const VbDomainDef *saved_def(const VbDomain *domain)
{
        return domain->saved->def ? domain->saved->def : domain->live;
}

static bool open_image(VbStart *start, GError **error)
{
        const VbSaved *saved = start->domain->saved;
        uint64_t size = 0;

        start->image = vb_private_open_file(start->private_dir, VB_SAVED_IMAGE, vb_start_identity(start), &size, error);
        return start->image >= 0 &&
               (size == saved->size ||
                vb_error_set(error, VB_ERROR_STORAGE,
                             "its image has %" G_GUINT64_FORMAT " bytes, and had %" G_GUINT64_FORMAT
                             " when it was written",
                             size, saved->size));
}

static void provide_private(VbStart *start)
{
        g_autoptr(GError) error = NULL;
        vb_autoclose int ram = -1;

        if (keeps_anything(start->domain->live) || start->restoring)
                start->private_dir =
                        vb_private_open(start->domain->service->state_fd, start->domain->id, vb_start_identity(start),
                                        start->domain->saved ? vb_saved_size_max(saved_def(start->domain)) : 0, &error);
        /* The emulator makes the files, without names. */
        if (!error && has_memory_file(start->domain->live))
                ram = vb_private_open_below(start->private_dir, "ram", vb_start_identity(start), &error);
        if (!error && start->restoring)
                (void) open_image(start, &error);
        vb_start_provided(start, error);
}

static void withdraw_private(VbProvided *provided)
{
        const VbDomain *domain = vb_service_find(provided->service, provided->id);
        g_autoptr(GError) error = NULL;

        if (!domain || (!vb_domain_is_persistent(domain) && !domain->defining)) {
                vb_store_forget(provided->service, provided->id);
                return;
        }
        /* A save under way sees to it itself. */
        if (!domain->saved && !domain->save)
                vb_saved_forget_image(provided->service, provided->id);
        if (provided->reserved && !vb_private_take_back(provided->service->state_fd, provided->id, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s", error->message);
}

const VbProvision vb_provision_private = {
        .name = "private",
        .provide = provide_private,
        .withdraw = withdraw_private,
};
