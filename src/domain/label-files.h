/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "host/label.h"

/* Which files a domain is to have the use of, with its labels: those that its emulator opens by a path that the
 * definition names. */

/* Of all of @def. UNSUPPORTED where a <source> has a label of a model that the host does not have. */
bool vb_label_files_add(VbLabels *labels, const VbDomainDef *def, GError **error);
/* Of one device. */
bool vb_label_files_add_device(VbLabels *labels, const VbDevice *device, GError **error);

/* Adds the paths (char *) of all files of @def. */
void vb_label_files_list(const VbDomainDef *def, GPtrArray *paths);
/* char *: paths of @device that nothing else of @def uses, a device of its alias left out. Caller frees. */
GPtrArray *vb_label_files_own(const VbDomainDef *def, const VbDevice *device);
