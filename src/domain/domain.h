/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/domain-def.h"
#include "domain/observer.h"
#include "domain/service.h"

typedef struct VbGuest VbGuest;       /* domain/guest.h */
typedef struct VbStart VbStart;       /* domain/start.h */
typedef struct VbSave VbSave;         /* domain/save.h */
typedef struct VbSaved VbSaved;       /* domain/saved.h */
typedef struct VbProvided VbProvided; /* domain/provision.h */

/* A domain: who it is, its definitions, and its guest while it has one. Counted, because asynchronous work
 * holds on to it; one that is no longer in the service's set has `gone` set. */
struct VbDomain {
        gint refs;
        VbService *service; /* borrowed: outlives all domains */
        uint32_t id;
        uid_t owner;
        char *name;
        char uuid[37];
        VbDomainDef *def;  /* what the next start uses; NULL for a transient domain that runs */
        VbDomainDef *live; /* what the guest runs with; NULL while there is none */
        VbState state;
        VbDetail reason;
        GPtrArray *grants; /* VbGrant *: what of the host it may use, see grants.h; never NULL */
        bool autostart;
        bool pending;
        bool announced; /* observers know of it */
        bool gone;      /* taken out of the set */
        bool defining;  /* a transient domain whose definition is being written: it stays without a guest too
                         */
        uint64_t coming_memory;  /* bytes, and devices, that it is being given and that no definition has yet: */
        unsigned coming_devices; /* they count for the owner's limits */
        const char *busy;     /* what excludes other operations: "being defined"; NULL if nothing does */
        VbStart *start;       /* the start under way */
        VbSave *save;         /* the same of a save */
        VbSaved *saved;       /* what the next start goes on from; NULL: nothing */
        VbProvided *provided; /* what it has from the host, while it starts or runs */
        VbGuest *guest;       /* while there is a process */
};

/* The end of an operation, exactly once. @error NULL: done. */
typedef void (*VbDone)(VbDomain *domain, const GError *error, void *userdata);

/* Takes @def over. Not in the service's set yet. */
VbDomain *vb_domain_new(VbService *service, uint32_t id, uid_t owner, VbDomainDef *def);
VbDomain *vb_domain_ref(VbDomain *domain);
void vb_domain_unref(VbDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbDomain, vb_domain_unref)

/* What it shows: the live definition while there is a guest. Never NULL for a linked domain. */
const VbDomainDef *vb_domain_shown(const VbDomain *domain);
bool vb_domain_is_persistent(const VbDomain *domain);
/* Whether there is a guest that runs, or stands still: not while it starts or ends. */
bool vb_domain_has_guest(const VbDomain *domain);
/* Bytes of memory the guest has now. */
uint64_t vb_domain_memory_actual(const VbDomain *domain);

/* Makes the domain known: from here on observers hear of it. */
void vb_domain_announce(VbDomain *domain);
/* Takes it out of the set for good. The caller holds a reference. */
void vb_domain_remove(VbDomain *domain);
/* The same, and the last that is heard of it is @event: what the removal changes is told before that. */
void vb_domain_remove_with(VbDomain *domain, VbEvent event, VbDetail detail);

void vb_domain_set_state(VbDomain *domain, VbState state, VbDetail reason);
void vb_domain_notify(VbDomain *domain, VbField fields);
void vb_domain_event(VbDomain *domain, VbEvent event, VbDetail detail);

/* A device of the live definition has been plugged in by a caller. */
void vb_domain_device_event(VbDomain *domain, const char *alias);

/* Replace a definition (taken over; NULL: there is none any more) and tell what that changes of what is
 * shown. One of the two must be left. */
void vb_domain_set_def(VbDomain *domain, VbDomainDef *def);
void vb_domain_set_live(VbDomain *domain, VbDomainDef *live);

/* The guest, or the attempt to start one, has ended: tells so, and a transient domain is gone with it. */
void vb_domain_end(VbDomain *domain, VbDetail reason);

/* INVALID_STATE unless the state is one of those in @mask (1 << VbState); names the state. */
bool vb_domain_check_state(const VbDomain *domain, unsigned mask, const char *operation, GError **error);
/* BUSY if an exclusive operation is under way. */
bool vb_domain_check_busy(const VbDomain *domain, GError **error);
