/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A secret that goes along with a call. */
typedef struct {
        char *name;
        int fd;
} VbCtlSecret;

/* Opens what --secret named, NAME=FILE each: "-" is stdin, "prompt" asks on the terminal. VbCtlSecret each,
 * with descriptors that are closed with the array; NULL with an error. @arguments may be NULL. */
GArray *vb_ctl_secrets_open(const GPtrArray *arguments, GError **error);
