/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct VbRequester VbRequester;

/* NULL: he may. Else ACCESS_DENIED or AUTHORIZATION_REQUIRED. */
typedef void (*VbAuthorised)(const GError *error, void *userdata);

/* What is asked about a caller: whether he may let a domain use resources of the host. Texts are borrowed. */
typedef struct {
        uid_t owner;
        const char *domain, *uuid;
        const GPtrArray *resources; /* VbHostResource *; at least one; for the call alone */
} VbAuthorisation;

/* Who wants an operation done, and how it is found out what he may: asking goes upward through this, as news
 * go through the observer. */
struct VbRequester {
        uid_t uid;
        /* Calls @done exactly once, perhaps before it returns, and also if the caller has gone. */
        void (*authorise)(void *data, const VbAuthorisation *authorisation, VbAuthorised done,
                          void *userdata);
        void *data; /* lives until the operation's end was told */
};
