/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which macvtap devices a guest has: what they are to be called, and their record for another run of the
 * service. */
#include "domain/macvtaps.h"

#include <stdio.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

#define NAME_PREFIX "macvtap"
/* More than a host can have addresses for on its cards. */
#define NUMBER_MAX 8192U
#define DEFAULT_MODE "vepa"
#define PASSTHROUGH "passthrough"

static const char *const mode_words[] = {
        [VB_MACVTAP_UNSET] = DEFAULT_MODE,      [VB_MACVTAP_VEPA] = "vepa",
        [VB_MACVTAP_PRIVATE] = "private",       [VB_MACVTAP_BRIDGE] = "bridge",
        [VB_MACVTAP_PASSTHROUGH] = PASSTHROUGH,
};

static void guest_macvtap_free(gpointer data)
{
        VbGuestMacvtap *own = data;

        g_free(own->alias);
        g_free(own);
}

GPtrArray *vb_macvtaps_new(void)
{
        return g_ptr_array_new_with_free_func(guest_macvtap_free);
}

VbGuestMacvtap *vb_macvtaps_find(GPtrArray *macvtaps, const char *alias)
{
        for (guint i = 0; i < macvtaps->len; i++) {
                VbGuestMacvtap *own = macvtaps->pdata[i];

                if (g_str_equal(own->alias, alias))
                        return own;
        }
        return NULL;
}

static bool has_name(const GPtrArray *macvtaps, const char *name)
{
        for (guint i = 0; i < macvtaps->len; i++)
                if (g_str_equal(((const VbGuestMacvtap *) macvtaps->pdata[i])->macvtap.name, name))
                        return true;
        return false;
}

/* The card and the mode, where @interface shares one. */
static bool is_direct(const VbInterface *interface, const VbNetworks *networks, const char **ret_parent,
                      const char **ret_mode)
{
        const VbNetwork *network;

        if (interface->type == VB_INTERFACE_DIRECT) {
                *ret_parent = interface->source.dev;
                *ret_mode = mode_words[interface->source.mode];
                return true;
        }
        if (interface->type != VB_INTERFACE_NETWORK)
                return false;
        network = vb_networks_find(networks, interface->source.network);
        if (!network || network->kind != VB_NETWORK_DIRECT)
                return false;
        *ret_parent = network->device;
        *ret_mode = network->mode ? network->mode : DEFAULT_MODE;
        return true;
}

static bool choose_name(const GPtrArray *macvtaps, const VbInterface *interface, VbMacvtap *macvtap,
                        GError **error)
{
        const VbInterfaceTarget *target = interface->parts.target;

        if (target && target->dev) {
                if (g_strlcpy(macvtap->name, target->dev, IFNAMSIZ) < IFNAMSIZ)
                        return true;
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s: '%s' is longer than the %d characters that a network device's name can have",
                        interface->base.alias, target->dev, IFNAMSIZ - 1);
        }
        for (guint i = 0; i < NUMBER_MAX; i++) {
                (void) snprintf(macvtap->name, IFNAMSIZ, NAME_PREFIX "%u", i);
                if (!has_name(macvtaps, macvtap->name) && vb_macvtap_is_free(macvtap->name))
                        return true;
        }
        return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                            "%s: this host has %u macvtap devices, and gets no more", interface->base.alias,
                            NUMBER_MAX);
}

bool vb_macvtaps_plan(GPtrArray *macvtaps, const VbDevice *device, const VbNetworks *networks, GError **error)
{
        const VbInterface *interface = (const VbInterface *) device;
        VbMacvtap macvtap = { 0 };
        const char *parent, *mode;
        VbGuestMacvtap *own;

        if (device->kind != VB_DEVICE_INTERFACE || !is_direct(interface, networks, &parent, &mode))
                return true;
        if (g_strlcpy(macvtap.parent, parent, IFNAMSIZ) >= IFNAMSIZ)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "%s: there is no network card '%s' on this host: the name is too long",
                                    device->alias, parent);
        if (!choose_name(macvtaps, interface, &macvtap, error))
                return false;
        memcpy(macvtap.mac, interface->mac, sizeof(macvtap.mac));
        macvtap.passthrough = g_str_equal(mode, PASSTHROUGH);
        macvtap.mark = vb_macvtap_new_mark();
        own = g_new0(VbGuestMacvtap, 1);
        own->alias = g_strdup(device->alias);
        own->macvtap = macvtap;
        g_strlcpy(own->mode, mode, sizeof(own->mode));
        g_ptr_array_add(macvtaps, own);
        return true;
}

bool vb_macvtaps_plan_all(GPtrArray *macvtaps, const VbDomainDef *def, const VbNetworks *networks,
                          GError **error)
{
        for (guint i = 0; i < def->devices->len; i++)
                if (!vb_macvtaps_plan(macvtaps, def->devices->pdata[i], networks, error))
                        return false;
        return true;
}

/* Of what was loaded without a number nobody knows whether the service was killed before or after it was
 * made. What was planned here and has none was not made: a device of that name is somebody else's. */
static bool may_be_there(const VbGuestMacvtap *own)
{
        return own->macvtap.index != 0 || own->mode[0] == '\0';
}

void vb_macvtaps_remove(GPtrArray *macvtaps)
{
        for (guint i = macvtaps->len; i-- > 0;) {
                VbGuestMacvtap *own = macvtaps->pdata[i];
                g_autoptr(GError) error = NULL;

                if (!may_be_there(own))
                        continue;
                if (vb_macvtap_remove(&own->macvtap, &error))
                        own->macvtap.index = 0;
                else
                        vb_log_warning("%s: %s", own->alias, error->message);
        }
}

GPtrArray *vb_macvtaps_copy(const GPtrArray *macvtaps, const char *alias)
{
        GPtrArray *copies = vb_macvtaps_new();

        for (guint i = 0; macvtaps && i < macvtaps->len; i++) {
                const VbGuestMacvtap *own = macvtaps->pdata[i];
                VbGuestMacvtap *copy;

                if (alias && !g_str_equal(own->alias, alias))
                        continue;
                copy = g_memdup2(own, sizeof(*own));
                copy->alias = g_strdup(own->alias);
                g_ptr_array_add(copies, copy);
        }
        return copies;
}

void vb_macvtaps_learn(GPtrArray *macvtaps, GPtrArray *made)
{
        for (guint i = 0; i < macvtaps->len; i++) {
                VbGuestMacvtap *own = macvtaps->pdata[i];
                const VbGuestMacvtap *copy = vb_macvtaps_find(made, own->alias);

                if (copy)
                        own->macvtap = copy->macvtap;
        }
}

void vb_macvtaps_forget(GPtrArray *macvtaps, const char *alias)
{
        for (guint i = macvtaps->len; i-- > 0;)
                if (!alias || g_str_equal(((const VbGuestMacvtap *) macvtaps->pdata[i])->alias, alias))
                        g_ptr_array_remove_index(macvtaps, i);
}

static char *mac_to_string(const uint8_t *mac)
{
        return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                               mac[5]);
}

static bool mac_from_string(const char *text, uint8_t *ret)
{
        int n = 0;

        return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &ret[0], &ret[1], &ret[2], &ret[3],
                      &ret[4], &ret[5], &n) == 6 &&
               text[n] == '\0';
}

static json_object *save_one(const VbGuestMacvtap *own)
{
        g_autofree char *mac = mac_to_string(own->macvtap.mac);
        json_object *object = json_object_new_object();

        json_object_object_add(object, "alias", json_object_new_string(own->alias));
        json_object_object_add(object, "name", json_object_new_string(own->macvtap.name));
        json_object_object_add(object, "parent", json_object_new_string(own->macvtap.parent));
        json_object_object_add(object, "mac", json_object_new_string(mac));
        json_object_object_add(object, "passthrough", json_object_new_boolean(own->macvtap.passthrough));
        json_object_object_add(object, "mark", json_object_new_uint64(own->macvtap.mark));
        json_object_object_add(object, "index", json_object_new_uint64(own->macvtap.index));
        return object;
}

json_object *vb_macvtaps_save(const GPtrArray *macvtaps)
{
        json_object *object, *array;

        if (!macvtaps || macvtaps->len == 0)
                return NULL;
        object = json_object_new_object();
        array = json_object_new_array();
        for (guint i = 0; i < macvtaps->len; i++)
                json_object_array_add(array, save_one(macvtaps->pdata[i]));
        json_object_object_add(object, "macvtaps", array);
        return object;
}

static bool load_one(json_object *saved, VbGuestMacvtap *own)
{
        const char *alias, *name, *parent, *mac;
        uint64_t index, mark = 0; /* guests that were started by an older release have none */

        if (!vb_json_get_string(saved, "alias", &alias) || !vb_json_get_string(saved, "name", &name) ||
            !vb_json_get_string(saved, "parent", &parent) || !vb_json_get_string(saved, "mac", &mac) ||
            !vb_json_get_bool(saved, "passthrough", &own->macvtap.passthrough) ||
            !vb_json_get_uint64(saved, "index", &index) || index > INT32_MAX ||
            (json_object_object_get_ex(saved, "mark", NULL) && !vb_json_get_uint64(saved, "mark", &mark)) ||
            mark > UINT32_MAX || g_strlcpy(own->macvtap.name, name, IFNAMSIZ) >= IFNAMSIZ ||
            g_strlcpy(own->macvtap.parent, parent, IFNAMSIZ) >= IFNAMSIZ ||
            !mac_from_string(mac, own->macvtap.mac))
                return false;
        own->alias = g_strdup(alias);
        own->macvtap.index = (unsigned) index;
        own->macvtap.mark = (uint32_t) mark;
        return true;
}

GPtrArray *vb_macvtaps_load(json_object *saved)
{
        GPtrArray *macvtaps = vb_macvtaps_new();
        json_object *array = NULL;

        if (!saved || !vb_json_get_array(saved, "macvtaps", &array))
                return macvtaps;
        for (gsize i = 0; i < json_object_array_length(array); i++) {
                VbGuestMacvtap *own = g_new0(VbGuestMacvtap, 1);

                if (load_one(json_object_array_get_idx(array, i), own))
                        g_ptr_array_add(macvtaps, own);
                else
                        guest_macvtap_free(own);
        }
        return macvtaps;
}
