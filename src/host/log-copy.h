/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The process that copies what a domain's processes print: what virtbusd does with this argument, the numbers
 * of three descriptors (the pipe to read, the file to write, the socket to listen at) and the journal's
 * identifier. The file holds at most VB_LOG_SIZE_MAX bytes, its last lines; the journal has limits of its
 * own. It ends when nobody has the pipe open for writing any more, or when somebody connects to the socket
 * and sends a byte; everybody else who connects gets what is in the file, and what is added to it. */
#define VB_LOG_COPY_ARGUMENT "--copy-log"
int vb_log_copy_main(int argc, char **argv);

/* It is kept in memory (a tmpfs), and all of it fits into a socket's buffer; an emulator that works says a
 * few lines. */
#define VB_LOG_SIZE_MAX (128 * 1024)
