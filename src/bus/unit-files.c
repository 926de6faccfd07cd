/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "systemctl enable virtbus-domain@NAME" does, for SetAutostart. */
#include "bus/unit-files.h"

#include "bus/bus-private.h"
#include "util/error.h"
#include "util/unit-name.h"

#define SYSTEMD "org.freedesktop.systemd1"

typedef struct {
        char *unit;
        VbUnitFilesDone done;
        void *userdata;
} Change;

static void change_end(Change *change, const GError *error)
{
        change->done(error, change->userdata);
        g_free(change->unit);
        g_free(change);
}

static int on_changed(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        Change *change = userdata;
        const sd_bus_error *problem = sd_bus_message_get_error(reply);
        g_autoptr(GError) error = NULL;

        if (problem && !sd_bus_error_has_name(problem, SD_BUS_ERROR_SERVICE_UNKNOWN) &&
            !sd_bus_error_has_name(problem, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                vb_error_set(&error, VB_ERROR_STORAGE, "systemd cannot change %s: %s", change->unit,
                             problem->message ? problem->message : problem->name);
        change_end(change, error);
        return 0;
}

static int append_files(sd_bus_message *call, const char *unit, const char *unescaped, bool enabled)
{
        int r = !enabled && unescaped ? sd_bus_message_append(call, "as", 2, unit, unescaped)
                                      : sd_bus_message_append(call, "as", 1, unit);

        /* Not until the next boot only, and in the place of what is there. */
        if (r >= 0)
                r = enabled ? sd_bus_message_append(call, "bb", false, true)
                            : sd_bus_message_append(call, "b", false);
        return r;
}

void vb_unit_files_set(sd_bus *bus, uid_t owner, const char *name, bool enabled, VbUnitFilesDone done,
                       void *userdata)
{
        Change *change = g_new0(Change, 1);
        g_autofree char *unescaped = vb_unit_unescaped_of_domain(owner, name);
        g_autoptr(VbBusMessage) call = NULL;
        g_autoptr(GError) error = NULL;
        int r = sd_bus_message_new_method_call(bus, &call, SYSTEMD, "/org/freedesktop/systemd1",
                                               SYSTEMD ".Manager",
                                               enabled ? "EnableUnitFiles" : "DisableUnitFiles");

        *change = (Change){ .unit = vb_unit_of_domain(owner, name), .done = done, .userdata = userdata };
        if (r >= 0)
                r = append_files(call, change->unit, unescaped, enabled);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0)
                r = sd_bus_call_async(bus, NULL, call, on_changed, change, 0);
        if (r >= 0)
                return;
        vb_error_set_errno(&error, VB_ERROR_STORAGE, -r, "systemd cannot be asked to change %s",
                           change->unit);
        change_end(change, error);
}

typedef struct {
        VbUnitFilesThere done;
        void *userdata;
} Question;

static int on_owner(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        g_autofree Question *question = userdata;
        int there = false;

        if (!sd_bus_message_is_method_error(reply, NULL))
                (void) sd_bus_message_read(reply, "b", &there);
        question->done(there, question->userdata);
        return 0;
}

void vb_unit_files_ask(sd_bus *bus, VbUnitFilesThere done, void *userdata)
{
        Question *question = g_new(Question, 1);

        *question = (Question){ done, userdata };
        if (sd_bus_call_method_async(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "NameHasOwner", on_owner, question, "s",
                                     SYSTEMD) >= 0)
                return;
        g_free(question);
        done(false, userdata);
}
