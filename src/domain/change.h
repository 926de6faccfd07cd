/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* What changes of a guest that runs and of a definition that is kept have in common. */

typedef enum {
        VB_CHANGE_LIVE = 1 << 0,   /* the guest that runs */
        VB_CHANGE_CONFIG = 1 << 1, /* the definition that is kept */
} VbChangeTarget;

/* @targets, or where it is 0: the guest if there is one, else the definition. */
unsigned vb_change_targets(const VbDomain *domain, unsigned targets);

/* Whether @targets are there, can be changed now, and nothing else is being done to the domain. @operation is what
 * would be done to the guest ("given a device live"). INVALID_STATE, MONITOR, BUSY. */
bool vb_change_check(const VbDomain *domain, unsigned targets, const char *operation, GError **error);

/* The same when somebody has been asked meanwhile: NO_SUCH_DOMAIN, too. */
bool vb_change_check_again(const VbDomain *domain, unsigned targets, const char *operation, GError **error);

/* Writes @def (taken over; NULL: there is nothing to keep) as the kept definition, with the domain's grants that it
 * still names and those of @granted (VbGrant *, not taken over); it becomes the domain's when it is written. */
void vb_change_keep(VbDomain *domain, VbDomainDef *def, const GPtrArray *granted, VbDone done, void *userdata);
