/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watchdogs, and what QEMU does when one is not fed. */
#include "conf/watchdog.h"

#include "qemu/argv-builder.h"

static bool is_first(const VbArgv *argv, const VbDevice *device)
{
        for (guint i = 0; i < argv->def->devices->len; i++) {
                const VbDevice *other = g_ptr_array_index(argv->def->devices, i);

                if (other->kind == VB_DEVICE_WATCHDOG)
                        return other == device;
        }
        return false;
}

static bool build_watchdog(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbWatchdog *watchdog = (const VbWatchdog *) device;

        if (watchdog->model != VB_WATCHDOG_ITCO) {
                json_object *object = vb_argv_device_new(argv, device, error);

                if (!object)
                        return false;
                vb_argv_add_device(argv, device, object);
        } else {
                /* A pin of the board keeps it from acting, unless told otherwise. */
                vb_argv_add(argv, "-global", "ICH9-LPC.noreboot=off");
        }
        if (is_first(argv, device))
                /* A guest whose memory is to be written out is stopped for that. */
                vb_argv_add(argv, "-watchdog-action",
                            watchdog->action == VB_WATCHDOG_DUMP
                                    ? "pause"
                                    : vb_watchdog_action_to_string(watchdog->action));
        return true;
}

const VbArgvClass vb_argv_watchdog = { .build = build_watchdog };
