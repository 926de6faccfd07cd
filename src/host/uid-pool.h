/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Users that nobody else is: each of root's running domains has one to itself. They are numbers only; no user
 * database has to know them. The first of the range is never given, but is the group that all of them are in.
 *
 * The usual range is free by https://systemd.io/UIDS-GIDS/ (unused from 1879048192 on), above what useradd
 * gives for containers (SUB_UID_MAX, 600100000) and above what directory services take by themselves (SSSD's
 * ldap_idmap_range_max, 2000200000). */
#define VB_UID_POOL_FIRST 2100000000U
#define VB_UID_POOL_LAST 2100065535U

typedef struct VbUidPool VbUidPool;

/* @first < @last */
VbUidPool *vb_uid_pool_new(uid_t first, uid_t last);
void vb_uid_pool_free(VbUidPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbUidPool, vb_uid_pool_free)

/* Takes one that is free: for the same @number the same as before, where it can be. LIMITS_EXCEEDED. */
bool vb_uid_pool_take(VbUidPool *pool, uint32_t number, uid_t *ret, GError **error);
/* It is known to be in use; one outside the range (which may have been another) is nobody's business. */
void vb_uid_pool_claim(VbUidPool *pool, uid_t uid);
void vb_uid_pool_release(VbUidPool *pool, uid_t uid);

/* Whether both have the same range. */
bool vb_uid_pool_same(const VbUidPool *pool, const VbUidPool *other);
/* The group of all of them. */
gid_t vb_uid_pool_group(const VbUidPool *pool);
