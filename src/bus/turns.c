/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Few users wait at a time: whose turn it is, is found by looking. */
#include "bus/turns.h"

typedef struct {
        uid_t uid;
        unsigned n; /* places */
        GQueue waiting;
} User;

struct VbTurns {
        unsigned n, max, max_of_user;
        GHashTable *users; /* those with a place, or who wait */
        GQueue order;      /* those who wait, by whose turn it is */
};

static void user_free(gpointer user)
{
        g_queue_clear(&((User *) user)->waiting);
        g_free(user);
}

VbTurns *vb_turns_new(unsigned max, unsigned max_of_user)
{
        VbTurns *turns = g_new(VbTurns, 1);

        *turns = (VbTurns){ .max = max,
                            .max_of_user = max_of_user,
                            .users = g_hash_table_new_full(NULL, NULL, NULL, user_free),
                            .order = G_QUEUE_INIT };
        return turns;
}

void vb_turns_free(VbTurns *turns)
{
        if (!turns)
                return;
        g_queue_clear(&turns->order);
        g_hash_table_unref(turns->users);
        g_free(turns);
}

static User *find_user(VbTurns *turns, uid_t uid)
{
        User *user = g_hash_table_lookup(turns->users, GUINT_TO_POINTER(uid));

        if (user)
                return user;
        user = g_new(User, 1);
        *user = (User){ .uid = uid, .waiting = G_QUEUE_INIT };
        g_hash_table_insert(turns->users, GUINT_TO_POINTER(uid), user);
        return user;
}

static void forget_idle(VbTurns *turns, User *user)
{
        if (user->n == 0 && g_queue_is_empty(&user->waiting))
                g_hash_table_remove(turns->users, GUINT_TO_POINTER(user->uid));
}

bool vb_turns_enter(VbTurns *turns, uid_t uid, void *item)
{
        User *user = find_user(turns, uid);

        if (turns->n < turns->max && user->n < turns->max_of_user) {
                turns->n++;
                user->n++;
                return true;
        }
        if (g_queue_is_empty(&user->waiting))
                g_queue_push_tail(&turns->order, user);
        g_queue_push_tail(&user->waiting, item);
        return false;
}

void *vb_turns_leave(VbTurns *turns, uid_t uid)
{
        User *left = find_user(turns, uid);
        void *item = NULL;

        turns->n--;
        left->n--;
        for (GList *link = turns->order.head; link; link = link->next) {
                User *next = link->data;

                if (next->n >= turns->max_of_user)
                        continue;
                item = g_queue_pop_head(&next->waiting);
                turns->n++;
                next->n++;
                g_queue_unlink(&turns->order, link);
                if (g_queue_is_empty(&next->waiting))
                        g_list_free_1(link);
                else
                        g_queue_push_tail_link(&turns->order, link);
                break;
        }
        forget_idle(turns, left);
        return item;
}

void vb_turns_remove(VbTurns *turns, uid_t uid, void *item)
{
        User *user = find_user(turns, uid);

        if (g_queue_remove(&user->waiting, item) && g_queue_is_empty(&user->waiting))
                g_queue_remove(&turns->order, user);
        forget_idle(turns, user);
}
