/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Places for what users want done. Who finds none waits: of each user in the order of coming, and the users
 * in turn, so that one with much to do delays nobody else for long. */
typedef struct VbTurns VbTurns;

/* @max places, of which one user has no more than @max_of_user. */
VbTurns *vb_turns_new(unsigned max, unsigned max_of_user);
/* Everything has left or is removed by then; or is not asked for any more. */
void vb_turns_free(VbTurns *turns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbTurns, vb_turns_free)

/* True: there is a place, until vb_turns_leave(). False: @item, which is the caller's, waits. */
bool vb_turns_enter(VbTurns *turns, uid_t uid, void *item);
/* Gives a place back. Whose turn it is now, and has it; NULL: nobody's. */
void *vb_turns_leave(VbTurns *turns, uid_t uid);
/* @item waits no more. */
void vb_turns_remove(VbTurns *turns, uid_t uid, void *item);
