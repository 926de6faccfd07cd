/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "host/spawn.h"

/* A process that stands beside an emulator, as long as that runs. It outlives the service, and another run of
 * it knows it by its number and when it began. */
typedef struct VbCompanion VbCompanion;

/* Tells in the loop that it has ended; @how in words. The companion is still there. */
typedef void (*VbCompanionEnded)(const char *what, const char *how, void *userdata);

/* Takes @held over. @what names it for people: "swtpm of tpm0". */
VbCompanion *vb_companion_new(sd_event *event, const char *what, VbHeldChild *held, VbCompanionEnded ended,
                              void *userdata);
/* NULL, or what vb_release_start() says, and that it has ended. */
typedef void (*VbCompanionReleased)(const GError *error, void *userdata);
/* Lets it be executed: what it makes of itself then is where it was put before. @done comes from the main
 * loop, once, unless the companion goes first. */
void vb_companion_release(VbCompanion *companion, VbCompanionReleased done, void *userdata);
/* Leaves the process as it is, but for one that is just being executed: that is killed. */
void vb_companion_free(VbCompanion *companion);
/* Kills all of VbCompanion *, frees them and empties the array; waits for their end @wait_msec at most: false
 * if one is still there after that, which is reaped when it has gone. One that is just being executed is not
 * waited for: its program may be where nothing answers, and it does nothing any more. */
bool vb_companion_kill_all(GPtrArray *companions, unsigned wait_msec);

/* 0 if it has ended. */
pid_t vb_companion_pid(const VbCompanion *companion);

/* For the status file, and back: NULL where it does not run any more. */
json_object *vb_companion_save(const VbCompanion *companion);
VbCompanion *vb_companion_load(sd_event *event, json_object *saved, VbCompanionEnded ended, void *userdata);
