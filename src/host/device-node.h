/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Nodes in /dev of what is known by another name. All is read from the kernel's own file system, whose place
 * is a parameter. */
#define VB_USB_DEVICES "/sys/bus/usb/devices"
#define VB_PCI_DEVICES "/sys/bus/pci/devices"
#define VB_MDEV_DEVICES "/sys/bus/mdev/devices"

/* "/dev/bus/usb/BUS/DEVICE". Caller frees. */
char *vb_usb_node(uint32_t bus, uint32_t device);
/* Those of all devices with these numbers that are plugged in, by @root, which is VB_USB_DEVICES: char *.
 * Caller frees with g_ptr_array_unref(). */
GPtrArray *vb_usb_nodes_find(const char *root, uint16_t vendor, uint16_t product);

/* "/dev/vfio/GROUP" of the device @name below @root, which is one of the other two. NULL where it is in no
 * group. Caller frees. */
char *vb_vfio_node_find(const char *root, const char *name);
