/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Opens (O_PATH) the file or device at @path (absolute) for changing who may use it, which root does to
 * nothing that others could put there instead: no component may be a symbolic link, nobody but root may write
 * to a directory on the way (but a sticky one, where what is root's stays where it is). With @make an empty
 * file is made, mode 0600, where there is none. -errno where there is none; -EPERM, and *ret_problem says why
 * in words that follow "it ", a static string. May block. */
int vb_image_open(const char *path, bool make, const char **ret_problem);
