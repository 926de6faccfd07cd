/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>


/* An option that a method knows. */
typedef struct {
        const char *name;
        char type; /* 'b', 'u', 't' or 's': *value is an int, a uint32_t, a uint64_t or a const char *, the message's;
                    * 'h': a{sh} (bus/inlet.h), *value is a VbSecrets *, the caller's */
        void *value;
        bool *given; /* may be NULL */
} VbOption;

/* Reads the a{sv} at the message's place. An option that is not in @options (ended by a NULL name), or has another
 * type, is INVALID_ARGS. */
bool vb_options_read(sd_bus_message *message, const VbOption *options, GError **error);
