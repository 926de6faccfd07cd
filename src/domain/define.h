/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/requester.h"
#include "domain/domain.h"
#include "domain/start.h"

/* Definitions that come and go. Each of these ends through its callback, which may come before the function
 * returns. */

/* Defines a domain for @owner, or defines it anew. What it names of the host and was not granted yet, the caller has
 * to be allowed: ACCESS_DENIED, AUTHORIZATION_REQUIRED; see grants.h. @done gets the domain, or NULL with the error. */
void vb_define(VbService *service, const VbRequester *requester, uid_t owner, const char *xml, VbDone done, void *userdata);
/* Makes a transient domain and starts it; the same of what it names. */
void vb_create(VbService *service, const VbRequester *requester, uid_t owner, const char *xml,
               const VbStartOptions *options, VbDone done, void *userdata);

/* Defines @domain anew; the same of what it names. While it has a guest the new definition, which counts
 * from the next start on, is to give the guest the same machine, else INCOMPATIBLE; unless @next_start. The
 * same of a guest that is saved. What the text alone tells comes by the return value. */
bool vb_redefine(VbDomain *domain, const VbRequester *requester, const char *xml, bool next_start, VbDone done, void *userdata,
                 GError **error);

/* INVALID_STATE and BUSY come by the return value, STORAGE through @done. A managed save goes with the definition only
 * with @discard_save, else it is INVALID_STATE. */
bool vb_undefine(VbDomain *domain, bool discard_save, VbDone done, void *userdata, GError **error);
bool vb_set_autostart(VbDomain *domain, bool autostart, VbDone done, void *userdata, GError **error);
