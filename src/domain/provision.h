/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "domain/domain.h"
#include "host/companion.h"
#include "host/identity.h"
#include "host/label.h"
#include "host/room.h"
#include "host/scope.h"

/* What a domain has from the host while it starts and runs, beside its process: its directory, and all that
 * is made, lent or set up for it. A start gets the provisions one after the other, in the order of the table;
 * when the guest has gone, or the start has failed, they are given back in the opposite order, also by
 * another run of the service than the one that got them. */
struct VbProvided {
        VbService *service; /* borrowed: outlives all domains */
        uint32_t id;
        uid_t owner;
        VbIdentity *identity; /* who its processes are; NULL: as we are */
        bool reserved;        /* the identity is one of service->uids */
        VbRoom *room;
        char *unit; /* systemd's, that the guest is in; NULL: none */
        VbLabels *labels;
        struct VbLabelling *labelling; /* what is done to files on a thread; NULL: nothing */
        VbCompanion *log;                 /* copies what the processes print; NULL: none */
        VbScopeChange *log_attach;        /* it is being put into the unit, and held back; NULL: it is not */
        void (*log_done)(void *userdata); /* when it has ended, as it was asked to */
        void *log_data;
        guint log_restarts;
        GPtrArray *macvtaps; /* VbGuestMacvtap *; NULL: none yet */
        struct VbLinkWork *link_work; /* what is done to its network devices on a thread; NULL: nothing */
        GPtrArray *companions; /* VbCompanion * */
        guint n_left; /* while it is given back: of the provisions, those that are still there */
        void (*on_withdrawn)(void *userdata); /* who waits for that; NULL: nobody */
        void *withdrawn_data;
        bool companions_lost;  /* nothing was written down of them: there may be some all the same */
        bool lingering; /* a process of its identity could not be ended: nobody else becomes that */
};

/* A kind of provision. All functions but `provide` may be NULL. */
typedef struct {
        const char *name; /* for the log; and the key of what is saved, never changed */
        /* Gets it, and ends with vb_start_provided(), once, at once or later. */
        void (*provide)(VbStart *start);
        /* The start is given up while this is being got: it does not end any more. */
        void (*cancel)(VbStart *start);
        /* Gives it back, however much of it there is, for there may be nothing. No process of the guest's is
         * left. */
        void (*withdraw)(VbProvided *provided);
        /* Instead of that, for what may have to wait: true if it has been given back, else vb_provided_go_on() is
         * called when it can be tried again. What comes after it waits, too. */
        bool (*try_withdraw)(VbProvided *provided);
        /* Frees what only we hold of it, given back or not. */
        void (*forget)(VbProvided *provided);
        /* What another run of the service has to know to give it back; NULL: nothing. It is written down as
         * soon as it has been provided, and by vb_start_note() before. */
        json_object *(*save)(const VbProvided *provided);
        /* Takes over what was saved; @saved is checked, and NULL where nothing was. */
        void (*load)(VbProvided *provided, json_object *saved);
} VbProvision;

/* In the order in which a start gets them; NULL at the end. */
extern const VbProvision *const vb_provisions[];

/* Nothing provided yet. */
VbProvided *vb_provided_new(VbService *service, uint32_t id, uid_t owner);
/* Lets go of all, which stays as it is: the guest runs on. */
void vb_provided_free(VbProvided *provided);
/* Gives all back and frees @provided: at once as a rule. What a file system that does not answer holds up is done
 * later, in the background, and what is written of it in the room stays until then. */
void vb_provided_withdraw(VbProvided *provided);
/* For a provision: the one that had to wait can go on. */
void vb_provided_go_on(VbProvided *provided);
/* Whether something of an earlier run of the domain is still being given back; if so, @done is called when it has
 * been, for the last who asked. @done NULL: nobody waits any more. */
bool vb_provided_wait(const VbService *service, uint32_t id, void (*done)(void *userdata), void *userdata);

/* Whose the processes are that it is provided for, as far as anybody knows: its room is always theirs. */
uid_t vb_provided_uid(const VbProvided *provided);

/* What is written into the status file, and its way back. Caller frees. */
json_object *vb_provided_save(const VbProvided *provided);
void vb_provided_load(VbProvided *provided, json_object *saved);

extern const VbProvision vb_provision_identity;
extern const VbProvision vb_provision_room;
extern const VbProvision vb_provision_private;
extern const VbProvision vb_provision_nvram;
extern const VbProvision vb_provision_secrets;
extern const VbProvision vb_provision_files;
extern const VbProvision vb_provision_labels;
extern const VbProvision vb_provision_links;
extern const VbProvision vb_provision_log;
extern const VbProvision vb_provision_scope;
extern const VbProvision vb_provision_companions;
extern const VbProvision vb_provision_ports;
