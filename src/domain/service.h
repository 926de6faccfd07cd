/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "domain/limits.h"
#include "domain/networks.h"
#include "domain/observer.h"
#include "host/scope.h"
#include "host/uid-pool.h"
#include "qemu/probe.h"

/* What all domains share, and the set of them. */
typedef struct VbService {
        sd_event *event;
        VbProber *prober;
        char *state_dir;
        char *runtime_dir;
        int state_fd;                   /* the state directory */
        int lock_fd, runtime_lock_fd;   /* held in both directories while we run */
        VbEmulatorFacts *host_emulator; /* of the host's architecture, NULL until probed */
        char *host_arch;
        uint32_t next_id, reserved_id; /* ids from the one up to below the other are ours to give (domain/store.h) */
        bool reserving;                /* more are being written down */
        uint32_t n_running;
        GPtrArray *domains;  /* VbDomain *, by id, with those that are not announced yet */
        uint32_t n_announced;
        GPtrArray *withdrawing; /* VbProvided *: what domains had and has not all been given back yet */
        GHashTable *by_name; /* set of VbDomain *, by owner and name */
        GHashTable *by_uuid; /* set of VbDomain *, by owner and uuid */
        VbNetworks *networks; /* what their names mean; NULL: nothing beyond the usual */
        VbLimits *limits;     /* what each owner may have; NULL: the usual */
        VbScopes *scopes;     /* NULL: no systemd has been looked for */
        VbUidPool *uids;      /* for root's domains; NULL: none, as we are not root */
        const VbObserver *observer;
        void *observer_data;
} VbService;

/* Directories are absolute; @state_dir and @runtime_dir are made if they are not there. STORAGE, also if
 * another service uses one of them. */
VbService *vb_service_new(sd_event *event, const char *state_dir, const char *runtime_dir, const char *cache_dir,
                          GError **error);
/* Undoes starts that have not come to a guest, and answers everybody who waits for that or for an emulator's facts,
 * while there is still somebody to pass it on. */
void vb_service_stop(VbService *service);
/* Lets go of all domains; guests run on. */
void vb_service_free(VbService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbService, vb_service_free)

/* There is one observer: the faces on the bus. It must outlive the service, or be taken back with NULL. */
void vb_service_observe(VbService *service, const VbObserver *observer, void *userdata);

/* Asks the host's emulator about itself, for the properties that show it. */
void vb_service_probe_host(VbService *service);

/* Puts a domain into the set, or takes it out; its owner's names and uuids stay unique: DOMAIN_EXISTS. */
bool vb_service_link(VbService *service, VbDomain *domain, GError **error);
void vb_service_unlink(VbService *service, VbDomain *domain);

/* Lookups return borrowed domains or NULL, and see only domains that are announced. */
VbDomain *vb_service_find(VbService *service, uint32_t id);
VbDomain *vb_service_find_by_name(VbService *service, uid_t owner, const char *name);
VbDomain *vb_service_find_by_uuid(VbService *service, uid_t owner, const char *uuid);
VbDomain *vb_service_find_by_pid(VbService *service, pid_t pid);
/* Of any owner: NULL with NO_SUCH_DOMAIN, or INVALID_ARGS if there are several. */
VbDomain *vb_service_find_any_by_name(VbService *service, const char *name, GError **error);
VbDomain *vb_service_find_any_by_uuid(VbService *service, const char *uuid, GError **error);

/* Also those that are still being written to disk and not announced. */
VbDomain *vb_service_find_linked_by_name(VbService *service, uid_t owner, const char *name);
VbDomain *vb_service_find_linked_by_uuid(VbService *service, uid_t owner, const char *uuid);
