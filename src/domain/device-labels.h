/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* The files of a device that a running guest is given get the domain's labels before the guest is told of it. @done is
 * called once, at once or later; the guest may have gone by then. */
void vb_labels_attach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata);
/* Adds the paths (char *) of all files that @def names and that would be given labels. */
void vb_labels_list_files(const VbDomainDef *def, GPtrArray *paths);
/* It does not have the device after all, or any more. */
void vb_labels_detach(VbDomain *domain, const VbDevice *device);
