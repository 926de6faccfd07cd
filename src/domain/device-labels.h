/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* The files of a device that a running guest is given get the domain's labels before the guest is told of it. @done is
 * called once, at once or later; the guest may have gone by then. */
void vb_labels_attach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata);
/* It does not have the device after all, or any more. @done is called once, at once or later, without an error: what
 * cannot be taken back is logged. */
void vb_labels_detach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata);
