/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The unit of systemd's that the guest is in. It is named here, and made when there is a process to put into
 * it (start.c); it goes by itself when its last process has gone, and is stopped in case it
 * does not. */
#include "domain/start-private.h"
#include "util/json.h"

static void provide_scope(VbStart *start)
{
        VbProvided *provided = start->domain->provided;

        if (provided->service->scopes)
                provided->unit = g_strdup_printf("virtbus-%u.scope", provided->id);
        vb_start_provided(start, NULL);
}

/* Those beside the emulator have been given back before: what is in it now nobody knows. */
static void withdraw_scope(VbProvided *provided)
{
        if (provided->unit && provided->service->scopes)
                vb_scope_stop(provided->service->scopes, provided->unit);
}

static void forget_scope(VbProvided *provided)
{
        g_clear_pointer(&provided->unit, g_free);
}

static json_object *save_scope(const VbProvided *provided)
{
        json_object *object = provided->unit ? json_object_new_object() : NULL;

        if (object)
                json_object_object_add(object, "unit", json_object_new_string(provided->unit));
        return object;
}

static void load_scope(VbProvided *provided, json_object *saved)
{
        const char *unit;

        if (saved && vb_json_get_string(saved, "unit", &unit))
                provided->unit = g_strdup(unit);
}

const VbProvision vb_provision_scope = {
        .name = "scope",
        .provide = provide_scope,
        .withdraw = withdraw_scope,
        .forget = forget_scope,
        .save = save_scope,
        .load = load_scope,
};
