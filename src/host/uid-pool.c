/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reserved range of users, and which of them are taken. */
#include "host/uid-pool.h"

#include "util/error.h"

struct VbUidPool {
        uid_t first, last;
        GHashTable *taken; /* set of uid_t */
};

VbUidPool *vb_uid_pool_new(uid_t first, uid_t last)
{
        VbUidPool *pool = g_new0(VbUidPool, 1);

        g_assert(first < last);
        pool->first = first;
        pool->last = last;
        pool->taken = g_hash_table_new(NULL, NULL);
        return pool;
}

void vb_uid_pool_free(VbUidPool *pool)
{
        if (!pool)
                return;
        g_hash_table_unref(pool->taken);
        g_free(pool);
}

bool vb_uid_pool_take(VbUidPool *pool, uint32_t number, uid_t *ret, GError **error)
{
        uint32_t n = pool->last - pool->first;

        /* As many tries as are taken and one more find a free one. */
        for (uint32_t i = 0; i < MIN(n, g_hash_table_size(pool->taken) + 1); i++) {
                uid_t uid = pool->first + 1 + (number + i) % n;

                if (!g_hash_table_contains(pool->taken, GUINT_TO_POINTER(uid))) {
                        g_hash_table_add(pool->taken, GUINT_TO_POINTER(uid));
                        *ret = uid;
                        return true;
                }
        }
        return vb_error_set(
                error, VB_ERROR_LIMITS_EXCEEDED,
                "All %u users from %u to %u that are reserved for root's domains are in use; give "
                "them more by last-uid= of [identities] in virtbusd.conf",
                n, (unsigned) pool->first + 1, (unsigned) pool->last);
}

void vb_uid_pool_claim(VbUidPool *pool, uid_t uid)
{
        if (uid > pool->first && uid <= pool->last)
                g_hash_table_add(pool->taken, GUINT_TO_POINTER(uid));
}

void vb_uid_pool_release(VbUidPool *pool, uid_t uid)
{
        g_hash_table_remove(pool->taken, GUINT_TO_POINTER(uid));
}

bool vb_uid_pool_same(const VbUidPool *pool, const VbUidPool *other)
{
        return pool->first == other->first && pool->last == other->last;
}

gid_t vb_uid_pool_group(const VbUidPool *pool)
{
        return pool->first;
}
