/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "conf/domain-def.h"
#include "conf/interface.h"
#include "domain/networks.h"
#include "host/macvtap.h"

/* The macvtap devices of a guest: they outlive its process and this service's, so each is written down before
 * it is made, and removed by what was written. */
typedef struct {
        char *alias; /* of the <interface> */
        VbMacvtap macvtap;
        char mode[12]; /* to make it with; empty in what was loaded */
} VbGuestMacvtap;

/* VbGuestMacvtap *; freeing them removes nothing. */
GPtrArray *vb_macvtaps_new(void);

/* Adds what @device will need, if it is a card that shares one of the host's: nothing is made yet.
 * UNSUPPORTED with the alias and the reason. */
bool vb_macvtaps_plan(GPtrArray *macvtaps, const VbDevice *device, const VbNetworks *networks,
                      GError **error);
/* The same for all devices of @def. */
bool vb_macvtaps_plan_all(GPtrArray *macvtaps, const VbDomainDef *def, const VbNetworks *networks,
                          GError **error);

/* NULL where none is planned for that alias. */
VbGuestMacvtap *vb_macvtaps_find(GPtrArray *macvtaps, const char *alias);

/* Copies of that of @alias (NULL: of all), which another thread may make or remove. @macvtaps may be NULL. */
GPtrArray *vb_macvtaps_copy(const GPtrArray *macvtaps, const char *alias);

/* What was made, of the copies in @made. */
void vb_macvtaps_learn(GPtrArray *macvtaps, GPtrArray *made);

/* Forgets that of @alias (NULL: all of them). */
void vb_macvtaps_forget(GPtrArray *macvtaps, const char *alias);

/* Removes the devices, as far as they were made. What cannot be removed is logged. */
void vb_macvtaps_remove(GPtrArray *macvtaps);

/* NULL for none. @saved is checked, and may be NULL. */
json_object *vb_macvtaps_save(const GPtrArray *macvtaps);
GPtrArray *vb_macvtaps_load(json_object *saved);
