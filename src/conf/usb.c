/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of USB: which controller has how many ports, and which devices need one. */
#include "conf/usb.h"

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
        const VbDeviceClass *class = vb_device_class(device->kind);

        return class->address_type && class->address_type(device) == VB_ADDRESS_USB;
}

bool vb_usb_is_hub(const VbDevice *device)
{
        return device->kind == VB_DEVICE_HUB;
}
