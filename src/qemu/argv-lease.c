/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases: nothing of QEMU's. */
#include "conf/lease.h"

#include "qemu/argv-builder.h"

static bool build_lease(VbArgv *argv, const VbDevice *device, GError **error)
{
        return true;
}

static bool check_start_lease(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        return vb_argv_refuse_start(device, "a lock manager", error);
}

const VbArgvClass vb_argv_lease = { .build = build_lease, .check_start = check_start_lease };
