/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Object paths. */
#include "bus/paths.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

char *vb_path_of_domain(uint32_t id)
{
        return g_strdup_printf(VB_PATH_DOMAINS "/%u", id);
}

char *vb_path_of_kind(uint32_t id, bool controllers)
{
        return g_strdup_printf(VB_PATH_DOMAINS "/%u/%s", id, controllers ? "controller" : "device");
}

char *vb_path_of_device(const VbDomain *domain, const VbDevice *device)
{
        g_autofree char *prefix = NULL;
        char *path;

        if (!device)
                return g_strdup("/");
        prefix = vb_path_of_kind(domain->id, device->kind == VB_DEVICE_CONTROLLER);
        if (sd_bus_path_encode(prefix, device->alias, &path) < 0)
                g_error("out of memory");
        return path;
}

/* Many texts decode to one alias; only one of them is its object. */
static bool is_encoding_of(const char *path, const char *prefix, const char *alias)
{
        char *encoded = NULL;
        bool same = sd_bus_path_encode(prefix, alias, &encoded) >= 0 && g_str_equal(path, encoded);

        free(encoded);
        return same;
}

bool vb_path_parse_device(const char *path, uint32_t *ret_id, bool *ret_controller, char **ret_alias)
{
        const char *rest;
        char *end;
        unsigned long long id;
        g_autofree char *prefix = NULL, *alias = NULL;
        bool controller;

        if (!g_str_has_prefix(path, VB_PATH_DOMAINS "/"))
                return false;
        rest = path + strlen(VB_PATH_DOMAINS "/");
        if (!g_ascii_isdigit(*rest))
                return false;
        id = g_ascii_strtoull(rest, &end, 10);
        if (id == 0 || id > UINT32_MAX)
                return false;
        if (g_str_has_prefix(end, "/controller/"))
                controller = true;
        else if (g_str_has_prefix(end, "/device/"))
                controller = false;
        else
                return false;
        prefix = vb_path_of_kind((uint32_t) id, controller);
        if (sd_bus_path_decode(path, prefix, &alias) <= 0 || !is_encoding_of(path, prefix, alias))
                return false;
        *ret_alias = g_steal_pointer(&alias);
        *ret_id = (uint32_t) id;
        *ret_controller = controller;
        return true;
}
