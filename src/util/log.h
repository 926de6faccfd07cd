/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The journal fields of our own; every message about one of these things carries it. */
#define VB_LOG_DOMAIN "VIRTBUS_DOMAIN"
#define VB_LOG_UUID "VIRTBUS_UUID"
#define VB_LOG_DEVICE "VIRTBUS_DEVICE"

/* Messages go to the journal when stderr is connected to it, else to stderr. @debug shows debug messages too. */
void vb_log_init(bool debug);

/* Logs one line. @domain_name and @uuid may be NULL. */
void vb_log_domain(GLogLevelFlags level, const char *domain_name, const char *uuid, const char *format, ...)
        G_GNUC_PRINTF(4, 5);

#define vb_log_debug(...) vb_log_domain(G_LOG_LEVEL_DEBUG, NULL, NULL, __VA_ARGS__)
#define vb_log_info(...) vb_log_domain(G_LOG_LEVEL_INFO, NULL, NULL, __VA_ARGS__)
#define vb_log_warning(...) vb_log_domain(G_LOG_LEVEL_WARNING, NULL, NULL, __VA_ARGS__)
