/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/identity.h"
#include "qemu/facts-stamp.h"

/* The stamp of an emulator that is in a user's own place, as that user sees it: vb_facts_stamp_take() in a
 * process of his. It may say what he likes, for he could have put it there: it is for him alone. Blocks, for
 * some seconds at most; EMULATOR_FAILED after that. */
VbFactsStamp *vb_stamp_look_as(const VbIdentity *identity, const char *path, GError **error);

/* The process: what virtbusd does with this argument, the path and the number of a descriptor for the answer.
 * Returns its exit status. */
#define VB_STAMP_LOOK_ARGUMENT "--look-at-emulator"
int vb_stamp_look_main(int argc, char **argv);
