/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <secret>: which secret is meant. The secret itself is never in a definition; it comes with the start, or
 * from the service's credentials. */
typedef struct {
        int line;
        char *type;         /* what it is for: "passphrase", "ceph", "iscsi"... */
        char *uuid, *usage; /* its name: one of them */
} VbSecretRef;

extern const VbXmlRecord vb_secret_record;

/* The name that a secret is asked for by: the usage, or the uuid in its canonical form. */
const char *vb_secret_name(const VbSecretRef *secret);
