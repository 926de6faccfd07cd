/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct VbDomain VbDomain;   /* domain/domain.h */
typedef struct VbService VbService; /* domain/service.h */

#define VB_UNLIMITED UINT64_MAX

/* What one owner may have; root and the service's own user have no limits where nothing is said of them. In
 * the configuration the group [limits] is for everybody else, [limits USER] (a name or a uid) for one user,
 * with the keys
 *   domains    definitions, and transient domains that run
 *   running    domains that run, or start
 *   memory     of these together, in bytes; with K, M, G or T in KiB...
 *   devices    of all the owner's domains together
 *   calls      that wait for an answer
 * each a number or "unlimited". */
typedef struct {
        uint64_t domains, running, memory, devices, calls;
} VbLimit;

typedef struct VbLimits VbLimits;

/* INVALID_ARGS with the group and the key for what cannot be understood. */
VbLimits *vb_limits_new(GKeyFile *file, GError **error);
void vb_limits_free(VbLimits *limits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbLimits, vb_limits_free)

/* @limits may be NULL: nothing was configured. */
VbLimit vb_limits_of(const VbLimits *limits, uid_t owner);

/* LIMITS_EXCEEDED unless @owner may have so many more domains and devices. */
bool vb_limits_check_more(VbService *service, uid_t owner, unsigned domains, unsigned devices,
                          GError **error);
/* How many of them a domain has: those of its definition or of its guest, whichever are more. */
unsigned vb_limits_count_devices(const VbDomain *domain);
/* LIMITS_EXCEEDED unless the owner of @domain may start it, or give it @memory more bytes while it runs. */
bool vb_limits_check_start(const VbDomain *domain, uint64_t memory, GError **error);
bool vb_limits_check_memory(const VbDomain *domain, uint64_t memory, GError **error);
/* LIMITS_EXCEEDED where so few more files may be opened that a guest's end could not be cleared up after. */
bool vb_limits_check_descriptors(const VbService *service, GError **error);
