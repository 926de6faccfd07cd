/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* <seclabel> below the <source> of a device: what one resource is labelled with, instead of what the domain's
 * own label says. https://libvirt.org/formatdomain.html#security-label */
typedef struct {
        char *model; /* NULL: the first security model of the host */
        VbTristate relabel;
        bool skip; /* labelskip='yes': it was found that it cannot be labelled */
        char *label;
} VbSourceLabel;

/* Takes all <seclabel> children of @source. The list is NULL where there are none. */
bool vb_source_labels_parse(GPtrArray **labels, VbXmlNode *source, GError **error);
void vb_source_labels_write(const GPtrArray *labels, VbXmlWriter *writer);
GPtrArray *vb_source_labels_copy(const GPtrArray *labels);
/* Also sets *@labels to NULL. */
void vb_source_labels_clear(GPtrArray **labels);
