/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "host/scope.h"

/* What a definition says of the host's resources, as properties of the scope that its guest runs in:
 * <cputune>, <memtune>, <blkiotune>, <vcpu cpuset=''>, <numatune>. VbScopeProperty, owned; empty where it
 * says nothing. */
GPtrArray *vb_resources_properties(const VbDomainDef *def);

/* The slice that the scope is in: <resource><partition>, else virtbus.slice, and for a user's domain the
 * user's own below it. Caller frees. */
char *vb_resources_slice(const VbDomainDef *def, uid_t owner);
