/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a change begins, and how its end is kept. */
#include "domain/change.h"

#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/store.h"
#include "util/error.h"

unsigned vb_change_targets(const VbDomain *domain, unsigned targets)
{
        if (targets)
                return targets;
        return domain->state == VB_STATE_SHUTOFF ? VB_CHANGE_CONFIG : VB_CHANGE_LIVE;
}

bool vb_change_check(const VbDomain *domain, unsigned targets, const char *operation, GError **error)
{
        const unsigned running = (1U << VB_STATE_RUNNING) | (1U << VB_STATE_PAUSED);

        if ((targets & VB_CHANGE_LIVE) && (!vb_domain_check_state(domain, running, operation, error) ||
                                           !vb_guest_check_reachable(domain, error)))
                return false;
        if ((targets & VB_CHANGE_CONFIG) && !vb_domain_is_persistent(domain))
                return vb_error_set(error, VB_ERROR_INVALID_STATE,
                                    "domain '%s' has no definition to change: it is transient, and %s",
                                    domain->name, vb_state_to_string(domain->state));
        return vb_domain_check_busy(domain, error);
}

bool vb_change_check_again(const VbDomain *domain, unsigned targets, const char *operation, GError **error)
{
        if (domain->gone)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "domain '%s' is gone", domain->name);
        return vb_change_check(domain, targets, operation, error);
}

typedef struct {
        VbDomainDef *def;
        VbDone done;
        void *userdata;
} Keeping;

static void on_saved(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree Keeping *keeping = userdata;
        g_autoptr(VbDomainDef) def = keeping->def;

        if (!error)
                vb_domain_set_def(domain, g_steal_pointer(&def));
        keeping->done(domain, error, keeping->userdata);
}

void vb_change_keep(VbDomain *domain, VbDomainDef *def, const GPtrArray *granted, VbDone done, void *userdata)
{
        GPtrArray *grants;
        Keeping *keeping;

        if (!def) {
                done(domain, NULL, userdata);
                return;
        }
        grants = vb_grants_keep(domain, def);
        vb_grants_add(grants, granted);
        keeping = g_new(Keeping, 1);
        *keeping = (Keeping){ def, done, userdata };
        vb_store_save_granted(domain, def, grants, on_saved, keeping);
}
