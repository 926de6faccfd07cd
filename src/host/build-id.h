/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The linker's build id of an ELF program of this host's byte order, in hexadecimal; "" if it has none that
 * can be read. @fd is open for reading. Nothing in the file is trusted, and little of it is read. Caller
 * frees. */
char *vb_build_id_read(int fd);
