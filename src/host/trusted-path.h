/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Finds the file that @path (absolute) names, one component after the other, symbolic links too. *ret_trusted
 * says whether every directory, link and file on the way is root's and can be changed by nobody else: then
 * the path names the same file until root changes that. Returns an O_PATH descriptor, which the caller
 * closes, or -errno. May block. */
int vb_trusted_path_open(const char *path, bool *ret_trusted);
