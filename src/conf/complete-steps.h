/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete.h"
#include "conf/controller.h"
#include "conf/virtio.h"
#include "util/error.h"

/* QEMU's limit of <target index=''>. */
#define VB_PCI_ROOTS_MAX 31

/* The steps of completion, in the order in which complete.c takes them. Each leaves alone what the definition
 * already says. */
struct VbCompletion {
        VbDomainDef *def;
        const VbEmulatorFacts *emulator;
        const VbMachineFacts *machine;
};

/* complete-order.c: the classes in the order of canonical XML; disks by bus and name, controllers by index,
 * masters before companions. Done first for what is given, and last for what was added. */
void vb_complete_order(VbDomainDef *def);

/* complete-devices.c: devices that every machine has, and the models of those that name none. */
bool vb_complete_devices(VbCompletion *completion, GError **error);
/* complete-console.c: the first serial port and the console are one. */
bool vb_complete_consoles(VbCompletion *completion, GError **error);
/* complete-controllers.c: indexes, models, the controllers of the machine, and those that devices need. */
bool vb_complete_controllers(VbCompletion *completion, GError **error);
bool vb_complete_needed_controllers(VbCompletion *completion, GError **error);

/* The <model> and <target> of a pci-root, which say which of several it is. */
bool vb_complete_root_target(VbCompletion *completion, VbController *root, GError **error);

/* Addresses, one file for each kind. */

/* Which virtio devices are on another bus than PCI. Done before all others. */
void vb_assign_transports(VbCompletion *completion);
bool vb_assign_spapr_vio(VbCompletion *completion, GError **error);
bool vb_assign_ccw(VbCompletion *completion, GError **error);
bool vb_assign_drives(VbCompletion *completion, GError **error);
bool vb_assign_scsi_hostdevs(VbCompletion *completion, GError **error); /* after all disks */
bool vb_check_drives(VbCompletion *completion, GError **error);
bool vb_assign_virtio_serial(VbCompletion *completion, GError **error);
bool vb_assign_pci(VbCompletion *completion, GError **error);
bool vb_assign_usb(VbCompletion *completion, GError **error);

/* alias.c */
bool vb_assign_aliases(VbCompletion *completion, GError **error);

/* check-address.c: that the address of @device is of a type that it can have on this machine; one that means
 * "any" is forgotten. */
bool vb_check_address_type(VbCompletion *completion, VbDevice *device, GError **error);

/* check.c: what can only be judged of the whole: of the XML once models are known, and of the result. */
bool vb_check_given(VbCompletion *completion, GError **error);
bool vb_check_result(VbCompletion *completion, GError **error);

/* A controller that completion adds, appended to the definition. */
VbController *vb_complete_add_controller(VbCompletion *completion, VbControllerType type,
                                         VbControllerModel model, int index);
/* Whether the machine has several PCI roots. */
bool vb_complete_has_roots(const VbMachineFacts *machine);
/* Whether a guest of this architecture gets a USB controller and a memory balloon unasked, as libvirt has it.
 */
bool vb_complete_is_furnished(const VbEmulatorFacts *emulator);
/* The first QEMU device type behind @model that the emulator has, NULL if it has none. */
const char *vb_complete_driver(const VbCompletion *completion, VbControllerModel model);
/* Whether the emulator has that QEMU device type. */
bool vb_complete_has_driver(const VbCompletion *completion, const char *driver);
/* The same for a device that completion adds; returns it. */
VbDevice *vb_complete_add(VbCompletion *completion, VbDeviceKind kind);

/* Prefixes an error with the line and the name of the device that it is about. */
bool vb_complete_error(const VbDevice *device, GError *problem, GError **error);
/* The same with a message. */
bool vb_device_error(const VbDevice *device, VbError code, GError **error, const char *format, ...)
        G_GNUC_PRINTF(4, 5);
