/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* What systemd-escape(1) makes of a text, so that it can be the instance of a unit, and back: - stands for /,
 * and \xNN for a byte. What was not escaped comes back as it is, but for its hyphens. The caller frees. */
char *vb_unit_escape(const char *text);
char *vb_unit_unescape(const char *escaped);

/* The unit that starts a domain with the host: of root's domains by name, of others' by owner and name. */
char *vb_unit_of_domain(uid_t owner, const char *name);

/* The unit that starts one of root's domains where whoever enabled it did not escape the name; NULL: there is none, because
 * it needs no escaping, cannot be a unit's, or would be the unit of a user's domain. */
char *vb_unit_unescaped_of_domain(uid_t owner, const char *name);
