/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/pci.h"

/* The PCI buses of a machine while addresses are given out: who has which function of which slot. */
typedef struct {
        GArray *buses;
        bool express;
        bool roots;   /* missing buses become roots of their own */
        bool growing; /* buses that are missing are added, to see how many are needed */
} VbPciTopology;

typedef struct {
        VbControllerModel model; /* UNSET: no bus of this number yet */
        int parent;              /* the bus that its controller is plugged into, -1: none yet */
        struct {
                uint8_t functions; /* a bit for each function that is in use */
                bool shared;       /* its first device packs several into a slot */
        } slots[VB_PCI_SLOTS];
} VbPciBus;

/* The buses behind the pci controllers of @def, nothing plugged in. Gaps in the numbers are filled with the
 * kind of controller that completion would add. */
void vb_pci_topology_init(VbPciTopology *topology, const VbDomainDef *def, bool growing);
void vb_pci_topology_clear(VbPciTopology *topology);

const VbPciBus *vb_pci_topology_bus(const VbPciTopology *topology, uint32_t index);

/* Takes a function for a part of the machine. */
void vb_pci_topology_block(VbPciTopology *topology, uint8_t slot, uint8_t function);
bool vb_pci_topology_slot_in_use(const VbPciTopology *topology, uint32_t bus, uint8_t slot);
bool vb_pci_topology_in_use(const VbPciTopology *topology, const VbPciAddress *address);

/* Whether a device may be at an address that somebody chose: INVALID_ADDRESS says why not. A missing bus is
 * added if the topology grows; *@address is changed to where the device really comes to be, if buses had to
 * be put between. Does not look whether the address is in use. */
bool vb_pci_topology_check(VbPciTopology *topology, VbPciAddress *address, VbPciConnect needs,
                           GError **error);
void vb_pci_topology_reserve(VbPciTopology *topology, const VbPciAddress *address, bool shares_slot);

/* Finds and takes the first place that offers what is needed. @controller is the index of the PCI controller
 * that is placed, -1 for another device: nothing comes to sit below itself. NO_FREE_ADDRESS if there is none
 * and the topology cannot grow. */
bool vb_pci_topology_place(VbPciTopology *topology, VbPciConnect needs, uint8_t function, int controller,
                           VbPciAddress *ret, GError **error);

/* Says that PCI controller @index is plugged into @bus. False if @bus is behind that very controller. */
bool vb_pci_topology_connect(VbPciTopology *topology, int index, uint32_t bus);

/* Whether every slot of every bus that devices can use is taken. */
bool vb_pci_topology_is_full(const VbPciTopology *topology);
