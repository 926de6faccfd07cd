/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* Definitions on disk: STATE/domains/ID/definition.xml is the canonical XML, record.json beside it what the XML does
 * not say (owner, autostart, grants, which devices the service added). STATE/next-id holds the first number never given. */

/* Loads every definition into the service's set, announced. A file that is half-written, damaged or not ours is set
 * aside (definition.xml.damaged) and logged; only a state directory that cannot be read at all is an error. */
bool vb_store_load(VbService *service, GError **error);

/* Writes @def as the domain's definition. @done may come after the domain has gone. */
void vb_store_save(VbDomain *domain, const VbDomainDef *def, VbDone done, void *userdata);
/* The same with the grants (taken over) that the domain has once it is written. Without, it keeps those whose
 * resources @def still names: what is new in it has to be granted before a start. */
void vb_store_save_granted(VbDomain *domain, const VbDomainDef *def, GPtrArray *grants, VbDone done, void *userdata);
/* Writes the record alone, with @autostart. */
void vb_store_save_autostart(VbDomain *domain, bool autostart, VbDone done, void *userdata);
/* Removes the definition and its directory, with what the domain keeps in it unless it runs. */
void vb_store_remove(VbDomain *domain, VbDone done, void *userdata);

/* The directory of the domain @id. Caller frees. */
char *vb_store_directory(const VbService *service, uint32_t id);
/* The text of a file of the service's own in @dir, whose path is @directory, with no link on the way in; NULL with
 * STORAGE. Caller frees. */
char *vb_store_read(int dir, const char *directory, const char *name, GError **error);

/* Removes what a domain without a definition has left in the state directory; nothing of one with a definition. */
void vb_store_forget(VbService *service, uint32_t id);

/* A number that no domain had before, also after a crash. 0 with BUSY or STORAGE. */
uint32_t vb_store_new_id(VbService *service, GError **error);
/* Writes down what has been given; at the orderly end of the service. */
void vb_store_close(VbService *service);
