/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/identity.h"

/* A file that is made as a copy of another, by a process that has the rights of whom it is for. It appears
 * whole, under its name, or not at all. */
typedef struct {
        const char *source; /* absolute; NULL: only look whether the copy is there */
        int dir;            /* where the copy is; AT_FDCWD for an absolute @name */
        const char *name;
        const char *temporary; /* in the same directory, removed if it is there: of two copies at once, one
                                  fails */
        uint64_t size_max;          /* bytes */
        bool replace;               /* else what is there stays, and that is no error */
        const VbIdentity *identity; /* NULL: ourselves */
} VbCopy;

/* Blocks, for a minute and a second at most: for a thread. A process that hangs beyond that is left to the
 * main loop. *ret_made says whether there is a new copy. STORAGE. */
bool vb_copy(const VbCopy *copy, bool *ret_made, GError **error);

/* The process: what virtbusd does with this argument. Returns its exit status. */
#define VB_COPY_ARGUMENT "--copy-file"
int vb_copy_main(int argc, char **argv);
