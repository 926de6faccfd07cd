/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/resource.h>

#include "conf/domain-def.h"
#include "host/scope.h"

/* What a definition says of the host's resources, as properties of the scope that its guest runs in:
 * <cputune>, <memtune>, <blkiotune>, <vcpu cpuset=''>, <numatune>. VbScopeProperty, owned; empty where it
 * says nothing. */
GPtrArray *vb_resources_properties(const VbDomainDef *def);

/* Bytes of memory that the emulator has to be able to lock, for <locked/> and for devices that the host's
 * memory is open to: <hard_limit> where there is one, else all, or the guest's and a GiB for the device's
 * registers. RLIM_INFINITY: any; 0: as usual. https://libvirt.org/formatdomain.html#memory-backing */
rlim_t vb_resources_locked(const VbDomainDef *def);

/* The slice that the scope is in: <resource><partition>, else virtbus.slice, and for a user's domain the
 * user's own below it. Caller frees. */
char *vb_resources_slice(const VbDomainDef *def, uid_t owner);
