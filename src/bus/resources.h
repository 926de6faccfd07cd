/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/call.h"
#include "conf/host-resources.h"
#include "domain/requester.h"

/* Who calls, for operations that may need to be allowed more than their verb. Good until the call has its
 * reply. */
VbRequester vb_call_requester(VbCall *call);

/* The verb by which a kind of resource is asked for. */
VbVerb vb_host_use_verb(VbHostUse use);
