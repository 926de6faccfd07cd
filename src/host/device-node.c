/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells of its devices' nodes. */
#include "host/device-node.h"

#include <stdbool.h>

/* A file of one number. */
static bool read_number(const char *directory, const char *name, guint base, guint64 *ret)
{
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) &&
               g_ascii_string_to_unsigned(g_strchomp(text), base, 0, G_MAXUINT32, ret, NULL);
}

char *vb_usb_node(uint32_t bus, uint32_t device)
{
        return g_strdup_printf("/dev/bus/usb/%03u/%03u", bus, device);
}

GPtrArray *vb_usb_nodes_find(const char *root, uint16_t vendor, uint16_t product)
{
        GPtrArray *nodes = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GDir) directory = g_dir_open(root, 0, NULL);
        const char *name;

        while (directory && (name = g_dir_read_name(directory))) {
                g_autofree char *device = g_build_filename(root, name, NULL);
                guint64 number, bus;

                /* Interfaces are listed, too, and have none of these. */
                if (read_number(device, "idVendor", 16, &number) && number == vendor &&
                    read_number(device, "idProduct", 16, &number) && number == product &&
                    read_number(device, "busnum", 10, &bus) && read_number(device, "devnum", 10, &number))
                        g_ptr_array_add(nodes, vb_usb_node((uint32_t) bus, (uint32_t) number));
        }
        return nodes;
}

char *vb_vfio_node_find(const char *root, const char *name)
{
        g_autofree char *link = g_build_filename(root, name, "iommu_group", NULL);
        g_autofree char *group = g_file_read_link(link, NULL);
        g_autofree char *number = group ? g_path_get_basename(group) : NULL;

        return number ? g_build_filename("/dev/vfio", number, NULL) : NULL;
}
