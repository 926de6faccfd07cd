/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gets an address first: each kind of bus has its own order of classes, and they are libvirt's. */
#include "conf/assign-order.h"

static guint rank_of(const char *element, const char *const *order)
{
        guint rank = 0;

        while (order[rank] && !g_str_equal(order[rank], element))
                rank++;
        return rank;
}

GPtrArray *vb_assign_in_order(const VbDomainDef *def, const char *const *order)
{
        GPtrArray *sorted = g_ptr_array_sized_new(def->devices->len);
        guint ranks[_VB_DEVICE_MAX], steps = g_strv_length((char **) (void *) order);

        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++)
                ranks[kind] = rank_of(vb_device_kind_to_string((VbDeviceKind) kind), order);
        for (guint step = 0; step <= steps; step++)
                for (guint i = 0; i < def->devices->len; i++) {
                        VbDevice *device = g_ptr_array_index(def->devices, i);

                        if (ranks[device->kind] == step)
                                g_ptr_array_add(sorted, device);
                }
        return sorted;
}
