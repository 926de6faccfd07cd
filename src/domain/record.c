/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record beside a definition, as JSON: {"owner": 0, "autostart": false, "devices": {"implicit": [alias...],
 * "builtin": [alias...]}, "grants": [{"action": "org.virtbus1.use-host-network", "where": "net0", "digest": "0f3c...",
 * "by": 0, "time": 0}...]}. */
#include "domain/record.h"

#include <string.h>

#include "domain/grants.h"
#include "util/error.h"
#include "util/json.h"

static void apply_mark(json_object *marks, const char *key, VbDomainDef *def, bool builtin)
{
        json_object *list;

        if (!vb_json_get_array(marks, key, &list))
                return;
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                const char *alias = vb_json_string(json_object_array_get_idx(list, i));
                VbDevice *device = alias ? vb_domain_def_find_device(def, alias) : NULL;

                if (device && builtin)
                        device->builtin = true;
                else if (device)
                        device->implicit = true;
        }
}

json_object *vb_record_marks(const VbDomainDef *def)
{
        json_object *marks = json_object_new_object();
        json_object *implicit = json_object_new_array(), *builtin = json_object_new_array();

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (device->implicit)
                        json_object_array_add(implicit, json_object_new_string(device->alias));
                if (device->builtin)
                        json_object_array_add(builtin, json_object_new_string(device->alias));
        }
        json_object_object_add(marks, "implicit", implicit);
        json_object_object_add(marks, "builtin", builtin);
        return marks;
}

void vb_record_apply_marks(json_object *marks, VbDomainDef *def)
{
        apply_mark(marks, "implicit", def, false);
        apply_mark(marks, "builtin", def, true);
}

char *vb_record_write(const VbRecord *record, const VbDomainDef *def)
{
        g_autoptr(json_object) object = json_object_new_object();

        json_object_object_add(object, "owner", json_object_new_int64(record->owner));
        json_object_object_add(object, "autostart", json_object_new_boolean(record->autostart));
        json_object_object_add(object, "devices", vb_record_marks(def));
        if (record->grants && record->grants->len > 0)
                json_object_object_add(object, "grants", vb_grants_to_json(record->grants));
        return g_strconcat(json_object_to_json_string(object), "\n", NULL);
}

bool vb_record_read(const char *text, VbRecord *ret, VbDomainDef *def, GError **error)
{
        g_autoptr(json_object) object = vb_json_parse(NULL, text, strlen(text), NULL);
        json_object *marks, *grants = NULL;
        uint64_t owner;
        bool autostart;

        if (!vb_json_get_uint64(object, "owner", &owner) || owner >= UINT32_MAX ||
            !vb_json_get_bool(object, "autostart", &autostart))
                return vb_error_set(error, VB_ERROR_STORAGE, "its record is damaged");
        ret->owner = (uid_t) owner;
        ret->autostart = autostart;
        (void) vb_json_get_array(object, "grants", &grants);
        ret->grants = vb_grants_from_json(grants);
        if (vb_json_get_object(object, "devices", &marks))
                vb_record_apply_marks(marks, def);
        return true;
}

bool vb_record_check_def(const VbDomainDef *def, GError **error)
{
        if (!def->name || !def->uuid[0] || !def->os.arch || !def->os.machine || !def->emulator)
                return vb_error_set(error, VB_ERROR_STORAGE, "it lacks a name, uuid, architecture, machine or emulator");
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (!device->alias)
                        return vb_error_set(error, VB_ERROR_STORAGE, "one of its devices, a %s, has no alias",
                                            vb_device_kind_to_string(device->kind));
        }
        return true;
}
