/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/requester.h"
#include "domain/start.h"

/* As vb_start(), for a caller who is there to be asked: where he is the owner, what the definition names of
 * the host and nobody has granted yet is asked of him, and recorded as if he had defined it again. Nothing is
 * done to the domain meanwhile, and what was not found out by the return value is told by @done. Of anybody
 * else's start the record alone decides. */
bool vb_start_for(VbDomain *domain, const VbRequester *requester, const VbStartOptions *options, VbDone done,
                  void *userdata, GError **error);
