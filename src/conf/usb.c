/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of USB: which controller has how many ports, and which devices need one. */
#include "conf/usb.h"

#include "conf/chardev.h"
#include "conf/disk.h"
#include "conf/input.h"
#include "conf/interface.h"

static const uint8_t ports[_VB_CONTROLLER_MODEL_MAX] = {
        [VB_USB_PIIX3_UHCI] = 2,     [VB_USB_PIIX4_UHCI] = 2, [VB_USB_EHCI] = 6,     [VB_USB_ICH9_EHCI1] = 6,
        [VB_USB_VT82C686B_UHCI] = 2, [VB_USB_PCI_OHCI] = 3,   [VB_USB_NEC_XHCI] = 4, [VB_USB_QEMU_XHCI] = 4,
};

uint8_t vb_usb_ports(const VbController *controller)
{
        return controller->ports > 0 ? (uint8_t) controller->ports : ports[controller->model];
}

bool vb_usb_is_device(const VbDevice *device)
{
        switch (device->kind) {
        case VB_DEVICE_DISK:
                return ((const VbDisk *) device)->bus == VB_DISK_BUS_USB;
        case VB_DEVICE_INPUT:
                return ((const VbInput *) device)->bus == VB_INPUT_BUS_USB;
        case VB_DEVICE_SERIAL:
                return ((const VbSerial *) device)->target == VB_SERIAL_TARGET_USB;
        case VB_DEVICE_INTERFACE:
                return ((const VbInterface *) device)->model == VB_INTERFACE_USB_NET;
        default:
                return false;
        }
}
