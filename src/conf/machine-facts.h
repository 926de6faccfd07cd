/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/emulator-facts.h"
#include "util/tristate.h"

/* What QEMU says about one machine type. src/qemu/ fills it by asking the binary; the rest of the code
 * decides by it and never by a machine type's name. Immutable once filled and counted, because definitions
 * hold on to it across a re-probe. */

typedef enum { VB_ROOT_BUS_NONE, VB_ROOT_BUS_PCI, VB_ROOT_BUS_PCIE } VbRootBus;

/* How a virtio device is attached where nobody says how. */
typedef enum { VB_VIRTIO_NONE, VB_VIRTIO_PCI, VB_VIRTIO_MMIO, VB_VIRTIO_CCW } VbVirtioTransport;

/* A PCI function that the machine makes by itself. */
typedef struct {
        uint8_t slot, function;
        uint16_t class_code; /* PCI class and subclass, 0x0106: SATA */
        char *driver;        /* QOM type: "ich9-ahci"; "" where QEMU does not tell */
} VbBuiltinPci;

/* A PCI bus that is no other PCI device's. */
typedef struct {
        char *driver; /* QOM type of the bridge between it and the board: "i440FX-pcihost" */
        char *bus;    /* QEMU's id: "pci.0" */
        VbRootBus kind;
        int64_t index; /* that the bridge is known by ("index", "phb-id"), -1: it has none */
} VbPciHost;

/* What a device is for, as far as its properties, its class or its bus tell. */
typedef enum {
        VB_ROLE_OTHER,
        VB_ROLE_NETWORK,
        VB_ROLE_DISPLAY,
        VB_ROLE_SOUND,
        VB_ROLE_SERIAL,
        VB_ROLE_PARALLEL,
        VB_ROLE_STORAGE, /* a controller of disks */
        VB_ROLE_DISK,    /* a drive, also one without a medium */
        VB_ROLE_FLOPPY,  /* the controller */
        VB_ROLE_USB,     /* a controller */
        VB_ROLE_INPUT,
        VB_ROLE_FLASH,
        _VB_ROLE_MAX,
} VbRole;

const char *vb_role_to_string(VbRole role);
bool vb_role_from_string(const char *text, VbRole *ret);

/* Any device of the board, where it is: what has no place of a kind says so with -1, or NULL. */
typedef struct {
        char *driver;         /* QOM type */
        char *bus, *bus_type; /* "pci.0", "PCI"; NULL: it is on no bus */
        VbRole role;
        int16_t slot, function; /* on a PCI bus */
        int32_t class_code;     /* PCI class and subclass */
        int64_t iobase, irq;    /* on an ISA bus */
        uint64_t mmio;          /* of its first region; UINT64_MAX: none */
        VbTristate removable;   /* there is a switch of -machine without it; UNSET: not known */
} VbBoardDevice;

typedef struct {
        gint refs;
        char *name; /* versioned */

        VbRootBus root_bus;
        char *root_bus_name; /* QEMU's id of it: "pcie.0" */
        GArray *pci_hosts;   /* VbPciHost, the one of root_bus first */
        GArray *builtin_pci; /* VbBuiltinPci, on bus 0 */

        char *sata_bus;      /* id prefix of the built-in AHCI's buses ("ide"), NULL: none */
        char *ide_bus;       /* the same for a built-in two-channel IDE controller */
        char *scsi_bus;      /* id of a built-in SCSI controller's bus, NULL: none */
        char *usb_bus;       /* id of a built-in USB controller's bus, NULL: none */
        char *sd_bus;        /* id of a built-in SD card slot's bus, NULL: none */
        char *serial_driver; /* QOM type of the board's own first serial port ("pl011"), NULL: none */
        bool has_isa;
        bool has_floppy;
        bool has_i8042;     /* PS/2 keyboard and mouse are part of it */
        bool has_acpi;      /* it has a switch for ACPI */
        bool has_vmport;    /* it has a switch for VMware's I/O port */
        bool has_spapr_vio; /* the virtual I/O bus of Power: spapr-vscsi, spapr-vty, spapr-vlan */
        bool has_numa;      /* guests can have several nodes */

        VbVirtioTransport virtio;
        uint32_t virtio_mmio_slots;

        GHashTable *props;         /* set of char *: what -machine takes for it */
        uint32_t gic_versions;     /* bit N: version N of the interrupt controller can be chosen */
        uint32_t gic_default;      /* 0: it has none, or it is not told */
        uint64_t ram_default;      /* bytes, unless told otherwise */
        uint64_t memory_alignment; /* bytes: what sizes must be a multiple of */
        uint32_t memory_slots;     /* most that memory can be plugged into; 0: none can be plugged */

        GArray *devices; /* VbBoardDevice: all of the board, in the order of their places */
        char **switches; /* of @props, those that are its own and are on or off */

        /* What takes more than one start to know, asked only when the machine type itself is looked at. */
        bool detailed;
        GArray *defaults; /* VbBoardDevice: what is added unless -nodefaults is given */
        char *problem;    /* why not all of it could be found out; NULL */
} VbMachineFacts;

VbMachineFacts *vb_machine_facts_new(void);
VbMachineFacts *vb_machine_facts_ref(VbMachineFacts *facts);
void vb_machine_facts_unref(VbMachineFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbMachineFacts, vb_machine_facts_unref)

/* The built-in function of a PCI class, NULL if the machine has none. */
const VbBuiltinPci *vb_machine_facts_find_class(const VbMachineFacts *facts, uint16_t class_code);

/* Added at the end of @devices, all places unset. */
VbBoardDevice *vb_board_device_add(GArray *devices, const char *driver);

/* Whether -machine takes @name for it: "hpet", "gic-version", "pflash0". */
bool vb_machine_facts_has_prop(const VbMachineFacts *facts, const char *name);
