/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a PCI device needs of the place it is plugged into, and what a place offers: one bit each, so that
 * "fits" is one test. The table of who offers what is in pci.c. */
typedef enum {
        VB_PCI_CONNECT_PCI_ENDPOINT = 1 << 0,  /* conventional PCI device */
        VB_PCI_CONNECT_PCIE_ENDPOINT = 1 << 1, /* PCI Express device */
        VB_PCI_CONNECT_ROOT_PORT = 1 << 2,
        VB_PCI_CONNECT_SWITCH_UPSTREAM = 1 << 3,
        VB_PCI_CONNECT_SWITCH_DOWNSTREAM = 1 << 4,
        VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE = 1 << 5,
        VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE = 1 << 6,
        VB_PCI_CONNECT_PCI_BRIDGE = 1 << 7,
        VB_PCI_CONNECT_PCI_EXPANDER = 1 << 8,
        VB_PCI_CONNECT_PCIE_EXPANDER = 1 << 9,
        VB_PCI_CONNECT_INTEGRATED = 1 << 11, /* part of the root complex itself */
        VB_PCI_CONNECT_HOTPLUG = 1 << 10, /* devices can come and go while the guest runs */
} VbPciConnect;

#define VB_PCI_CONNECT_ENDPOINT (VB_PCI_CONNECT_PCI_ENDPOINT | VB_PCI_CONNECT_PCIE_ENDPOINT)
