/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The units that start domains with the host, enabled and disabled by the systemd on the same bus. */

/* NULL @error: done, or there is no systemd, whose work the service does itself. STORAGE: systemd's word. */
typedef void (*VbUnitFilesDone)(const GError *error, void *userdata);
void vb_unit_files_set(sd_bus *bus, uid_t owner, const char *name, bool enabled, VbUnitFilesDone done,
                       void *userdata);

/* Whether there is a systemd on the bus that starts domains by their units. @done is called later. */
typedef void (*VbUnitFilesThere)(bool there, void *userdata);
void vb_unit_files_ask(sd_bus *bus, VbUnitFilesThere done, void *userdata);
