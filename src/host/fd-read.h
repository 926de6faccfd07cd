/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "host/identity.h"

/* Reading descriptors of a caller's to their end. A file system of the caller's may be behind them, which
 * never answers or wants to know who asks: so it is a child process with the caller's identity that touches
 * them, and what it has is taken when it has all, or not at all. */
typedef struct VbFdRead VbFdRead;

typedef struct {
        char *what; /* names it in an error: "secrets: 'cellar'" */
        int fd;     /* its envelope (host/envelope.h), borrowed until the end, and emptied */
} VbFdSource;

/* Of each source, in their order, a sealed memory file with what it held; whoever is told closes them. NULL
 * with
 * @error: INVALID_ARGS for what is no file or pipe, cannot be read or holds too much, TIMEOUT for what does
 * not come to its end in time, each with what it is. */
typedef void (*VbFdReadDone)(const int *memory, const GError *error, void *userdata);

/* @sources are VbFdSource, borrowed until the end; each may hold @size_max bytes. NULL @identity: our own.
 * @done comes once, from the main loop, unless it is cancelled; it does not if NULL is returned. */
VbFdRead *vb_fd_read_start(const VbIdentity *identity, const GArray *sources, gsize size_max,
                           VbFdReadDone done, void *userdata, GError **error);
void vb_fd_read_cancel(VbFdRead *read);

/* Memory that nobody can change any more, above the standard descriptors; -errno. */
int vb_fd_sealed(const char *data, gsize size);

/* The child process: what virtbusd does with this argument and the numbers of bytes, of the descriptor for
 * the answer, and of a source and a memory file for each. Returns its exit status. */
#define VB_FD_READ_ARGUMENT "--read-descriptors"
int vb_fd_read_main(int argc, char **argv);
