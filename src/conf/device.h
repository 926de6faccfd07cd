/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "conf/address.h"
#include "conf/pci-connect.h"

/* The classes of device; the order is that of the elements in canonical XML. */
typedef enum {
        VB_DEVICE_DISK,
        VB_DEVICE_CONTROLLER,
        VB_DEVICE_LEASE,
        VB_DEVICE_FILESYSTEM,
        VB_DEVICE_INTERFACE,
        VB_DEVICE_SMARTCARD,
        VB_DEVICE_SERIAL,
        VB_DEVICE_PARALLEL,
        VB_DEVICE_CONSOLE,
        VB_DEVICE_CHANNEL,
        VB_DEVICE_INPUT,
        VB_DEVICE_TPM,
        VB_DEVICE_GRAPHICS,
        VB_DEVICE_SOUND,
        VB_DEVICE_AUDIO,
        VB_DEVICE_VIDEO,
        VB_DEVICE_HOSTDEV,
        VB_DEVICE_REDIRDEV,
        VB_DEVICE_REDIRFILTER,
        VB_DEVICE_HUB,
        VB_DEVICE_WATCHDOG,
        VB_DEVICE_MEMBALLOON,
        VB_DEVICE_RNG,
        VB_DEVICE_NVRAM,
        VB_DEVICE_PANIC,
        VB_DEVICE_SHMEM,
        VB_DEVICE_MEMORY,
        VB_DEVICE_CRYPTO,
        VB_DEVICE_IOMMU,
        VB_DEVICE_VSOCK,
        _VB_DEVICE_MAX,
} VbDeviceKind;

/* Embedded first in the struct of every device class. */
typedef struct {
        VbDeviceKind kind;
        char *alias; /* NULL only before completion */
        VbAddress address;
        uint32_t boot_order; /* <boot order=''/>, 0: none */
        uint32_t acpi_index; /* <acpi index=''/>, 0: none */
        struct {             /* <rom>: the option ROM of a PCI device */
                VbTristate bar, enabled;
                char *file; /* NULL: QEMU's own */
        } rom;
        int line;      /* of the XML that named it, 0: generated */
        bool implicit; /* added by completion, not by the user */
        bool builtin;  /* part of the machine: QEMU makes it without being asked */
} VbDevice;

typedef struct VbDomainDef VbDomainDef;
typedef struct VbCompletion VbCompletion; /* conf/complete-steps.h */
struct VbVirtio;                          /* conf/virtio.h */
typedef struct VbChardev VbChardev;       /* conf/chardev.h */
typedef struct VbXmlNode VbXmlNode;       /* conf/xml-reader.h */
typedef struct VbXmlWriter VbXmlWriter;   /* conf/xml-writer.h */

/* What is to be known about a class of device: one row per class in device.c, one file per row. */
typedef struct {
        const char *element; /* below <devices>, and the D-Bus property Kind */
        gsize size;          /* of the struct that embeds VbDevice */
        /* Sets the defaults that hold before parsing (-1 for "not given" numbers). */
        void (*init)(VbDevice *device);
        /* Offsets of the char * fields that the struct owns beside the alias, ended by 0. */
        const gsize *strings;
        /* For what offsets cannot say, NULL where there is none: frees it, or replaces what a copy shares
         * with its original. Called before the strings are freed, and after they are copied. */
        void (*clear)(VbDevice *device);
        void (*copy)(VbDevice *copy, const VbDevice *device);
        bool bootable;            /* takes <boot order=''/> */
        bool nameless;            /* the format has no <alias> for it: it is called by its place */
        bool has_rom;             /* takes <rom/> */
        const char *alias_prefix; /* "net": aliases are counted; NULL: alias.c has a rule for the class */
        /* Takes everything that it understands out of @node; what is left is refused by the reader. */
        bool (*parse)(VbDevice *device, VbXmlNode *node, GError **error);
        /* Writes the element's attributes and children but <boot>, <alias> and <address>. */
        void (*format)(const VbDevice *device, VbXmlWriter *writer);
        /* Notes in the struct what follows from the rest of the definition and is not written in the device's
         * own element. Called when a definition has been read, and by complete. NULL: nothing does. */
        void (*settle)(const VbDomainDef *def, VbDevice *device);
        /* Chooses models and checks what can be judged of the device alone. NULL: nothing to do. */
        bool (*complete)(VbCompletion *completion, VbDevice *device, GError **error);
        /* What it needs of a PCI slot on a machine with PCI Express, 0 if it is not a PCI device; NULL: never
         * one. */
        VbPciConnect (*pci_needs)(const VbDevice *device);
        /* The type of its address where it is not on PCI (USB, DRIVE, ISA, CCID, SPAPR_VIO, DIMM...), NONE if
         * it has none. NULL: never another. */
        VbAddressType (*address_type)(const VbDevice *device);
        /* What <driver> says of a virtio device that can have virtio's old face, and which faces it is to have;
         * false: it is none. NULL: never one. Of a vsock the emulator takes the old face away by itself. */
        bool (*virtio)(const VbDevice *device, struct VbVirtio *ret);
        /* The host's side of a character device, NULL if this one has none; NULL: never one. */
        VbChardev *(*chardev)(VbDevice *device);
        /* The bytes of guest memory that it holds, after rounding them up to @alignment (0: as they are);
         * NULL: none. */
        uint64_t (*memory)(VbDevice *device, uint64_t alignment);
        /* The QEMU device type that makes it, NULL where none is needed. */
        const char *(*driver)(const VbDevice *device);
} VbDeviceClass;

/* See the hook of that name. */
uint64_t vb_device_memory(VbDevice *device, uint64_t alignment);

const VbDeviceClass *vb_device_class(VbDeviceKind kind);
const char *vb_device_kind_to_string(VbDeviceKind kind);

/* A new device of a class with its defaults. Freed with vb_device_free(). */
VbDevice *vb_device_new(VbDeviceKind kind);
void vb_device_free(VbDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbDevice, vb_device_free)

VbDevice *vb_device_copy(const VbDevice *device);

/* The QEMU device type behind a device of a completed definition ("virtio-blk-pci"), NULL for what is no
 * -device or is part of the machine. The result lives as long as @device. */
const char *vb_device_driver(const VbDevice *device);

/* For messages: the alias, or the element and line while there is none. Caller frees. */
char *vb_device_describe(const VbDevice *device);

/* Reads an element below <devices>; what is not taken is for vb_xml_document_finish() to refuse. NULL on
 * failure, without an error for an element that is no class of device. */
VbDevice *vb_device_read(VbXmlNode *node, GError **error);
void vb_device_write(const VbDevice *device, VbXmlWriter *writer);

/* One device as XML text, two spaces of indent a level. Caller frees. */
char *vb_device_format(const VbDevice *device);
