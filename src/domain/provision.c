/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of provisions, and what is done with all of them. Each has a file of its own, provide-NAME.c. */
#include "domain/provision.h"

#include "util/json.h"

const VbProvision *const vb_provisions[] = {
        &vb_provision_identity,
        &vb_provision_ports,
        &vb_provision_room,
        &vb_provision_secrets,
        &vb_provision_private,
        &vb_provision_nvram,
        &vb_provision_files,
        &vb_provision_labels,
        &vb_provision_links,
        &vb_provision_scope,
        &vb_provision_log,
        &vb_provision_companions,
        NULL,
};

VbProvided *vb_provided_new(VbService *service, uint32_t id, uid_t owner)
{
        VbProvided *provided = g_new0(VbProvided, 1);

        provided->service = service;
        provided->id = id;
        provided->owner = owner;
        return provided;
}

static guint count(void)
{
        guint n = 0;

        while (vb_provisions[n])
                n++;
        return n;
}

void vb_provided_free(VbProvided *provided)
{
        if (!provided)
                return;
        for (guint i = count(); i > 0; i--)
                if (vb_provisions[i - 1]->forget)
                        vb_provisions[i - 1]->forget(provided);
        g_free(provided);
}

void vb_provided_go_on(VbProvided *provided)
{
        void (*done)(void *userdata) = NULL;
        void *userdata = NULL;

        for (; provided->n_left > 0; provided->n_left--) {
                const VbProvision *provision = vb_provisions[provided->n_left - 1];

                if (provision->try_withdraw && !provision->try_withdraw(provided))
                        return;
                if (provision->withdraw)
                        provision->withdraw(provided);
        }
        g_ptr_array_remove(provided->service->withdrawing, provided);
        done = provided->on_withdrawn;
        userdata = provided->withdrawn_data;
        vb_provided_free(provided);
        if (done)
                done(userdata);
}

void vb_provided_withdraw(VbProvided *provided)
{
        if (!provided)
                return;
        provided->n_left = count();
        g_ptr_array_add(provided->service->withdrawing, provided);
        vb_provided_go_on(provided);
}

bool vb_provided_wait(const VbService *service, uint32_t id, void (*done)(void *userdata), void *userdata)
{
        for (guint i = 0; i < service->withdrawing->len; i++) {
                VbProvided *provided = service->withdrawing->pdata[i];

                if (provided->id != id)
                        continue;
                provided->on_withdrawn = done;
                provided->withdrawn_data = userdata;
                return true;
        }
        return false;
}

uid_t vb_provided_uid(const VbProvided *provided)
{
        return provided->identity ? provided->identity->uid : vb_room_uid(provided->room);
}

json_object *vb_provided_save(const VbProvided *provided)
{
        json_object *object = json_object_new_object();

        for (guint i = 0; vb_provisions[i]; i++) {
                json_object *saved = vb_provisions[i]->save ? vb_provisions[i]->save(provided) : NULL;

                if (saved)
                        json_object_object_add(object, vb_provisions[i]->name, saved);
        }
        return object;
}

void vb_provided_load(VbProvided *provided, json_object *saved)
{
        for (guint i = 0; vb_provisions[i]; i++) {
                json_object *own = NULL;

                if (!vb_provisions[i]->load)
                        continue;
                if (saved)
                        (void) vb_json_get_object(saved, vb_provisions[i]->name, &own);
                vb_provisions[i]->load(provided, own);
        }
}
