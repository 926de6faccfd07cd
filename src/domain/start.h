/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"
#include "domain/secrets.h"

/* Starting a domain that is shut off. */

/* What a start may be told; zero: nothing special. */
typedef struct {
        bool paused;      /* leave the guest at its first instruction */
        bool discard_save; /* start afresh, and give up a managed save */
        bool reset_nvram; /* make the firmware's variables anew from their template */
        VbSecrets *secrets; /* borrowed; a start takes a reference. NULL: none */
} VbStartOptions;

/* @options NULL: none. INVALID_STATE or BUSY at once, by the return value; everything
 * else through @done, which may come before this returns and may be NULL. */
bool vb_start(VbDomain *domain, const VbStartOptions *options, VbDone done, void *userdata, GError **error);

/* Gives a start up; it ends with INVALID_STATE. @done of this is called when nothing is left of it. */
void vb_start_cancel(VbDomain *domain, VbDone done, void *userdata);

/* The service ends: undoes a start that has not come to a guest yet, and answers with BUSY. */
void vb_start_abandon(VbDomain *domain);

/* For the guest: the monitor closed before the start was done, and the process is still there. */
void vb_start_monitor_lost(VbStart *start, const GError *error);

/* For the guest: its process has gone before the start was done. */
void vb_start_guest_gone(VbStart *start, const GError *error);
