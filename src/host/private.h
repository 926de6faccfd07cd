/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/identity.h"

/* STATE/domains/ID/private: what a domain keeps between its runs beside its definition (the firmware's
 * variables, the state of its TPM). It belongs to whom its processes run as, and they alone write in it. */

/* Bytes that it may hold when a guest starts: twice the largest flash, and some TPMs. */
#define VB_PRIVATE_SIZE_MAX (256ULL * 1024 * 1024)

/* Opens it, made if it is not there, below the state directory @state_dir. It, for nobody else, and what is
 * in it are given to @identity, if they are somebody else's yet; NULL: they stay as they are. What is in it
 * may be some hundred files, and only their one user's: nothing that has another name, is a link or is
 * mounted there. @more is what it may hold beyond the usual, for a guest that was saved in it. The
 * descriptor is the caller's to close; -1 with STORAGE, also if more is in it than may be. */
int vb_private_open(int state_dir, uint32_t id, const VbIdentity *identity, uint64_t more, GError **error);

/* Takes it back for ourselves alone, where it is there: the user that it was given to may be another domain's
 * next, and then gets no further, whosever what is in it is. Only when none of its processes is left.
 * STORAGE. */
bool vb_private_take_back(int state_dir, uint32_t id, GError **error);

/* Opens a directory in it, made if it is not there, and gives it to @identity alone (not what is in it). As
 * above. */
int vb_private_open_below(int private_dir, const char *name, const VbIdentity *identity, GError **error);

/* Makes a file in it, in the place of any of that name, for @identity alone, and opens it for writing. As above. */
int vb_private_make_file(int private_dir, const char *name, const VbIdentity *identity, GError **error);
/* Opens a file in it for reading, and tells its size. One that is no regular file, has other names or is another's than
 * @identity's is none. As above. */
int vb_private_open_file(int private_dir, const char *name, const VbIdentity *identity, uint64_t *ret_size,
                         GError **error);

/* Calls @set (0 or -errno) with a descriptor, which may be O_PATH, of it and of each of those. 0 or the first
 * -errno; -E2BIG or -ELOOP where there are too many. */
typedef int (*VbPrivateSet)(int fd, const void *userdata);
int vb_private_set_each(int private_dir, VbPrivateSet set, const void *userdata);
