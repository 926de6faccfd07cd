/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structured logging: one writer for the process, journal fields for what a message is about. */
#include "util/log.h"

#include <stdio.h>
#include <unistd.h>

static bool show_debug;

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer userdata)
{
        const char *message = "";

        if ((level & G_LOG_LEVEL_DEBUG) && !show_debug)
                return G_LOG_WRITER_HANDLED;
        if (g_log_writer_is_journald(STDERR_FILENO))
                return g_log_writer_journald(level, fields, n_fields, userdata);
        for (gsize i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].key, "MESSAGE"))
                        message = fields[i].value;
        fprintf(stderr, "virtbusd: %s\n", message);
        return G_LOG_WRITER_HANDLED;
}

void vb_log_init(bool debug)
{
        show_debug = debug;
        g_log_set_writer_func(write_log, NULL, NULL);
}

void vb_log_domain(GLogLevelFlags level, const char *domain_name, const char *uuid, const char *format, ...)
{
        g_autofree char *message = NULL;
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        text = domain_name ? g_strdup_printf("%s: %s", domain_name, message) : g_steal_pointer(&message);
        g_log_structured("virtbus", level, VB_LOG_DOMAIN, "%s", domain_name ? domain_name : "", VB_LOG_UUID, "%s",
                         uuid ? uuid : "", "MESSAGE", "%s", text);
}
