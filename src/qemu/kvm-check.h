/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

/* Whether a guest can really run on this host's KVM. Opening /dev/kvm proves nothing: the node can be there
 * with no virtualization behind it, or with one that emulates a guest's instructions one by one. So a child
 * process runs a virtual machine of ten bytes. */
typedef struct VbKvmCheck VbKvmCheck;

VbKvmCheck *vb_kvm_check_new(sd_event *event);
void vb_kvm_check_free(VbKvmCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbKvmCheck, vb_kvm_check_free)

/* True if the answer is known and the device node is what it was when it was found; *ret_problem is NULL for
 * usable, else says why not; the text is never freed. */
bool vb_kvm_check_get(VbKvmCheck *check, const char **ret_problem);

/* Finds out: @done is called from the loop when vb_kvm_check_get() has an answer. Only one run at a time:
 * false if one is under way, whose @done will come. */
bool vb_kvm_check_run(VbKvmCheck *check, void (*done)(void *userdata), void *userdata);
