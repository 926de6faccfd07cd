/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Messages for the kernel's rtnetlink, which answers at once: https://docs.kernel.org/userspace-api/netlink/,
 * rtnetlink(7). */

/* A request of the type @type (RTM_...) that begins with the @size bytes of @header, a multiple of four.
 * @flags: NLM_F_... beside NLM_F_REQUEST. Caller unrefs. */
GByteArray *vb_netlink_new(uint16_t type, uint16_t flags, const void *header, size_t size);
void vb_netlink_add(GByteArray *message, uint16_t attribute, const void *data, size_t size);
void vb_netlink_add_string(GByteArray *message, uint16_t attribute, const char *text);
/* What is added between the two is inside of the attribute; @at is what begin returned. */
guint vb_netlink_begin(GByteArray *message, uint16_t attribute);
void vb_netlink_end(GByteArray *message, guint at);

/* Sends it and waits for the answer, which is as quick as the kernel's other work on network devices lets it
 * be: 0, or a negative errno, with the kernel's own words for it in @why, where it has any (else NULL; may be
 * NULL; caller frees). @reply: what the kernel tells about a link that was asked for, the header included;
 * NULL where only success is of interest. */
int vb_netlink_talk(GByteArray *message, GByteArray *reply, char **why);

/* The first attribute @attribute among those in @data: NULL if there is none, or what is there is cut off. */
const uint8_t *vb_netlink_find(const uint8_t *data, size_t size, uint16_t attribute, size_t *ret_size);
