/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of <hostdev>, in and out.
 * https://libvirt.org/formatdomain.html#host-device-assignment */
#include "conf/hostdev-xml.h"

#include <string.h>

#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const mode_words[] = { "subsystem" };
const char *const vb_hostdev_type_words[_VB_HOSTDEV_MAX] = {
        [VB_HOSTDEV_PCI] = "pci",   [VB_HOSTDEV_USB] = "usb",
        [VB_HOSTDEV_SCSI] = "scsi", [VB_HOSTDEV_SCSI_HOST] = "scsi_host",
        [VB_HOSTDEV_MDEV] = "mdev",
};
const char *const vb_mdev_model_words[_VB_MDEV_MAX] = {
        [VB_MDEV_VFIO_PCI] = "vfio-pci",
        [VB_MDEV_VFIO_CCW] = "vfio-ccw",
        [VB_MDEV_VFIO_AP] = "vfio-ap",
};
static const char *const reset_words[_VB_GUEST_RESET_MAX] = {
        [VB_GUEST_RESET_OFF] = "off",
        [VB_GUEST_RESET_UNINITIALIZED] = "uninitialized",
        [VB_GUEST_RESET_ON] = "on",
};
static const char *const virtio_words[_VB_VIRTIO_MODEL_MAX] = {
        [VB_VIRTIO_MODEL_DEFAULT] = "virtio",
        [VB_VIRTIO_MODEL_TRANSITIONAL] = "virtio-transitional",
        [VB_VIRTIO_MODEL_NON_TRANSITIONAL] = "virtio-non-transitional",
};
static const char *const driver_words[] = { "vfio" };
static const char *const policy_words[] = { "mandatory", "requisite", "optional" };
static const char *const sgio_words[] = { "filtered" };
static const char *const protocol_words[] = { "iscsi" };
static const char *const vhost_words[] = { "vhost" };
static const char *const teaming_words[] = { "transient" };

/* One of a few words, as the static string that it is. */
static bool take_static(VbXmlNode *node, const char *name, const char *const *words, int n, const char **ret,
                        GError **error)
{
        int index = -1;

        if (!vb_xml_take_word(node, name, words, n, NULL, &index, error))
                return false;
        if (index >= 0)
                *ret = words[index];
        return true;
}

static bool parse_pci(VbHostdev *hostdev, VbXmlNode *node, VbXmlNode *source, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "driver");
        uint64_t domain = 0, bus = 0, slot = 0, function = 0;
        int driver = -1;
        const char *text;

        if (child && !vb_xml_take_word(child, "name", driver_words, G_N_ELEMENTS(driver_words), "kvm xen",
                                       &driver, error))
                return false;
        hostdev->driver_given = driver >= 0;
        child = vb_xml_take_child(node, "teaming");
        if (child) {
                if (!vb_xml_require_attribute(child, "type", &text, error) ||
                    !take_static(child, "type", teaming_words, G_N_ELEMENTS(teaming_words), &hostdev->teaming,
                                 error) ||
                    !vb_xml_require_attribute(child, "persistent", &text, error))
                        return false;
                hostdev->teaming_persistent = g_strdup(text);
        }
        child = vb_xml_take_child(source, "address");
        if (!child)
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error, "<address> is missing");
        if (!vb_xml_take_number(child, "domain", 0, UINT16_MAX, &domain, error) ||
            !vb_xml_take_number(child, "bus", 0, UINT8_MAX, &bus, error) ||
            !vb_xml_take_number(child, "slot", 0, 31, &slot, error) ||
            !vb_xml_take_number(child, "function", 0, 7, &function, error))
                return false;
        hostdev->pci = (VbPciAddress){ .domain = (uint16_t) domain,
                                       .bus = (uint8_t) bus,
                                       .slot = (uint8_t) slot,
                                       .function = (uint8_t) function };
        return true;
}

static bool take_usb_id(VbXmlNode *source, const char *name, uint16_t *ret, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(source, name);
        uint64_t id = 0;
        const char *text;

        if (!child)
                return true;
        if (!vb_xml_require_attribute(child, "id", &text, error) ||
            !vb_xml_take_number(child, "id", 1, UINT16_MAX, &id, error))
                return false;
        *ret = (uint16_t) id;
        return true;
}

static bool parse_usb(VbHostdev *hostdev, VbXmlNode *node, VbXmlNode *source, GError **error)
{
        int reset = VB_GUEST_RESET_UNSET;
        VbXmlNode *child;
        const char *text;

        if (!take_static(source, "startupPolicy", policy_words, G_N_ELEMENTS(policy_words),
                         &hostdev->usb.startup_policy, error) ||
            !vb_xml_take_word(source, "guestReset", reset_words, _VB_GUEST_RESET_MAX, NULL, &reset, error) ||
            !take_usb_id(source, "vendor", &hostdev->usb.vendor, error) ||
            !take_usb_id(source, "product", &hostdev->usb.product, error))
                return false;
        hostdev->usb.guest_reset = (VbGuestReset) reset;
        child = vb_xml_take_child(source, "address");
        if (child && (!vb_xml_require_attribute(child, "bus", &text, error) ||
                      !vb_xml_require_attribute(child, "device", &text, error) ||
                      !vb_xml_take_uint32(child, "bus", 1, UINT16_MAX, &hostdev->usb.bus, error) ||
                      !vb_xml_take_uint32(child, "device", 1, UINT16_MAX, &hostdev->usb.device, error)))
                return false;
        if (!hostdev->usb.vendor != !hostdev->usb.product)
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error,
                                    "<vendor> and <product> belong together");
        if (!hostdev->usb.vendor && !hostdev->usb.bus)
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error,
                                    "<vendor> and <product>, or <address>, are missing");
        return true;
}

static bool parse_adapter(VbHostdev *hostdev, VbXmlNode *source, GError **error)
{
        VbXmlNode *adapter = vb_xml_take_child(source, "adapter");
        VbXmlNode *address = vb_xml_take_child(source, "address");
        VbDriveAddress *place = &hostdev->scsi.place;
        const char *text;

        if (!adapter || !address)
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error,
                                    "<adapter name='...'/> or <address> is missing");
        if (!vb_xml_require_attribute(adapter, "name", &text, error))
                return false;
        if (!g_str_has_prefix(text, "scsi_host"))
                return vb_xml_error(adapter, VB_ERROR_INVALID_XML, error,
                                    "name='%s' is no 'scsi_host' and a number", text);
        hostdev->scsi.adapter = g_strdup(text);
        return vb_xml_take_uint32(address, "bus", 0, UINT32_MAX, &place->bus, error) &&
               vb_xml_take_uint32(address, "target", 0, UINT32_MAX, &place->target, error) &&
               vb_xml_take_uint32(address, "unit", 0, UINT32_MAX, &place->unit, error);
}

static bool parse_scsi(VbHostdev *hostdev, VbXmlNode *node, VbXmlNode *source, GError **error)
{
        int protocol = -1;
        int sgio = -1;

        /* No kernel lets through what it does not know any more. */
        if (!vb_xml_take_word(node, "sgio", sgio_words, G_N_ELEMENTS(sgio_words), "unfiltered", &sgio,
                              error) ||
            !vb_xml_take_yes_no(node, "rawio", &hostdev->scsi.rawio, error) ||
            !vb_xml_take_word(source, "protocol", protocol_words, G_N_ELEMENTS(protocol_words), "adapter",
                              &protocol, error))
                return false;
        hostdev->scsi.sgio = sgio >= 0 ? sgio_words[sgio] : NULL;
        hostdev->scsi.readonly = vb_xml_take_child(node, "readonly") != NULL;
        hostdev->scsi.shareable = vb_xml_take_child(node, "shareable") != NULL;
        return protocol >= 0 ? vb_storage_parse_unit(&hostdev->scsi.unit, source, error)
                             : parse_adapter(hostdev, source, error);
}

/* A world-wide port name of the kind that vhost-scsi makes: "naa.5" and 15 digits. */
static bool is_wwpn(const char *text)
{
        return g_str_has_prefix(text, "naa.5") && strlen(text) == strlen("naa.") + 16 &&
               strspn(text + 4, "0123456789abcdefABCDEF") == 16;
}

static bool parse_scsi_host(VbHostdev *hostdev, VbXmlNode *node, VbXmlNode *source, GError **error)
{
        int protocol = -1, model = -1;
        const char *text;

        if (!vb_xml_take_word(node, "model", virtio_words, _VB_VIRTIO_MODEL_MAX, NULL, &model, error) ||
            !vb_xml_require_attribute(source, "protocol", &text, error) ||
            !vb_xml_take_word(source, "protocol", vhost_words, G_N_ELEMENTS(vhost_words), NULL, &protocol,
                              error) ||
            !vb_xml_require_attribute(source, "wwpn", &text, error))
                return false;
        if (!is_wwpn(text))
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error,
                                    "wwpn='%s' is not 'naa.5' and 15 hexadecimal digits", text);
        hostdev->wwpn = g_strdup(text);
        hostdev->virtio_model_given = model >= 0;
        hostdev->virtio_model = model >= 0 ? (VbVirtioModel) model : VB_VIRTIO_MODEL_DEFAULT;
        return true;
}

static bool parse_mdev(VbHostdev *hostdev, VbXmlNode *node, VbXmlNode *source, GError **error)
{
        VbXmlNode *address = vb_xml_take_child(source, "address");
        const char *text;
        int model = -1;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", vb_mdev_model_words, _VB_MDEV_MAX, NULL, &model, error))
                return false;
        hostdev->mdev.model = (VbMdevModel) model;
        if (hostdev->mdev.model == VB_MDEV_VFIO_PCI &&
            (!vb_xml_take_switch(node, "display", &hostdev->mdev.display, error) ||
             !vb_xml_take_switch(node, "ramfb", &hostdev->mdev.ramfb, error)))
                return false;
        if (!address)
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error, "<address uuid='...'/> is missing");
        if (!vb_xml_require_attribute(address, "uuid", &text, error))
                return false;
        return vb_uuid_from_string(text, hostdev->mdev.uuid) ||
               vb_xml_error(address, VB_ERROR_INVALID_XML, error, "uuid='%s' is no UUID", text);
}

bool vb_hostdev_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        static bool (*const parsers[_VB_HOSTDEV_MAX])(VbHostdev *, VbXmlNode *, VbXmlNode *, GError **) = {
                [VB_HOSTDEV_PCI] = parse_pci,   [VB_HOSTDEV_USB] = parse_usb,
                [VB_HOSTDEV_SCSI] = parse_scsi, [VB_HOSTDEV_SCSI_HOST] = parse_scsi_host,
                [VB_HOSTDEV_MDEV] = parse_mdev,
        };
        VbHostdev *hostdev = (VbHostdev *) device;
        VbTristate managed = VB_TRISTATE_UNSET;
        int type = -1, mode = 0;
        VbXmlNode *source;
        const char *text;

        if (!vb_xml_take_word(node, "mode", mode_words, G_N_ELEMENTS(mode_words), "capabilities", &mode,
                              error) ||
            !vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", vb_hostdev_type_words, _VB_HOSTDEV_MAX, "misc net storage", &type,
                              error) ||
            !vb_xml_take_yes_no(node, "managed", &managed, error))
                return false;
        hostdev->type = (VbHostdevType) type;
        hostdev->managed = managed == VB_TRISTATE_ON;
        source = vb_xml_take_child(node, "source");
        if (!source)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source> is missing");
        return parsers[hostdev->type](hostdev, node, source, error);
}

static void write_id(VbXmlWriter *writer, const char *name, uint16_t id)
{
        if (id == 0)
                return;
        vb_xml_open(writer, name);
        vb_xml_attribute_hex(writer, "id", id, 4);
        vb_xml_close(writer);
}

static void write_pci_source(const VbHostdev *hostdev, VbXmlWriter *writer)
{
        vb_xml_open(writer, "address");
        vb_xml_attribute_hex(writer, "domain", hostdev->pci.domain, 4);
        vb_xml_attribute_hex(writer, "bus", hostdev->pci.bus, 2);
        vb_xml_attribute_hex(writer, "slot", hostdev->pci.slot, 2);
        vb_xml_attribute_hex(writer, "function", hostdev->pci.function, 1);
        vb_xml_close(writer);
}

static void write_usb_source(const VbHostdev *hostdev, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "startupPolicy", hostdev->usb.startup_policy);
        vb_xml_attribute(writer, "guestReset", reset_words[hostdev->usb.guest_reset]);
        write_id(writer, "vendor", hostdev->usb.vendor);
        write_id(writer, "product", hostdev->usb.product);
        if (hostdev->usb.bus == 0)
                return;
        vb_xml_open(writer, "address");
        vb_xml_attribute_number(writer, "bus", hostdev->usb.bus);
        vb_xml_attribute_number(writer, "device", hostdev->usb.device);
        vb_xml_close(writer);
}

static void write_scsi_source(const VbHostdev *hostdev, VbXmlWriter *writer)
{
        if (!hostdev->scsi.adapter) {
                vb_storage_format_unit(&hostdev->scsi.unit, writer);
                return;
        }
        vb_xml_open(writer, "adapter");
        vb_xml_attribute(writer, "name", hostdev->scsi.adapter);
        vb_xml_close(writer);
        vb_xml_open(writer, "address");
        vb_xml_attribute_number(writer, "bus", hostdev->scsi.place.bus);
        vb_xml_attribute_number(writer, "target", hostdev->scsi.place.target);
        vb_xml_attribute_number(writer, "unit", hostdev->scsi.place.unit);
        vb_xml_close(writer);
}

static void write_scsi_host_source(const VbHostdev *hostdev, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "protocol", "vhost");
        vb_xml_attribute(writer, "wwpn", hostdev->wwpn);
}

static void write_mdev_source(const VbHostdev *hostdev, VbXmlWriter *writer)
{
        vb_xml_open(writer, "address");
        vb_xml_attribute(writer, "uuid", hostdev->mdev.uuid);
        vb_xml_close(writer);
}

void vb_hostdev_format(const VbDevice *device, VbXmlWriter *writer)
{
        static void (*const writers[_VB_HOSTDEV_MAX])(const VbHostdev *, VbXmlWriter *) = {
                [VB_HOSTDEV_PCI] = write_pci_source,   [VB_HOSTDEV_USB] = write_usb_source,
                [VB_HOSTDEV_SCSI] = write_scsi_source, [VB_HOSTDEV_SCSI_HOST] = write_scsi_host_source,
                [VB_HOSTDEV_MDEV] = write_mdev_source,
        };
        const VbHostdev *hostdev = (const VbHostdev *) device;

        vb_xml_attribute(writer, "mode", "subsystem");
        vb_xml_attribute(writer, "type", vb_hostdev_type_words[hostdev->type]);
        vb_xml_attribute(writer, "managed", hostdev->managed ? "yes" : "no");
        vb_xml_attribute(writer, "sgio", hostdev->scsi.sgio);
        vb_xml_attribute(writer, "rawio", vb_tristate_to_yes_no(hostdev->scsi.rawio));
        if (hostdev->virtio_model_given)
                vb_xml_attribute(writer, "model", virtio_words[hostdev->virtio_model]);
        if (hostdev->type == VB_HOSTDEV_MDEV)
                vb_xml_attribute(writer, "model", vb_mdev_model_words[hostdev->mdev.model]);
        vb_xml_attribute(writer, "display", vb_tristate_to_switch(hostdev->mdev.display));
        vb_xml_attribute(writer, "ramfb", vb_tristate_to_switch(hostdev->mdev.ramfb));
        if (hostdev->driver_given) {
                vb_xml_open(writer, "driver");
                vb_xml_attribute(writer, "name", driver_words[0]);
                vb_xml_close(writer);
        }
        vb_xml_open(writer, "source");
        writers[hostdev->type](hostdev, writer);
        vb_xml_close(writer);
        if (hostdev->teaming) {
                vb_xml_open(writer, "teaming");
                vb_xml_attribute(writer, "type", hostdev->teaming);
                vb_xml_attribute(writer, "persistent", hostdev->teaming_persistent);
                vb_xml_close(writer);
        }
        if (hostdev->scsi.readonly)
                vb_xml_empty_element(writer, "readonly");
        if (hostdev->scsi.shareable)
                vb_xml_empty_element(writer, "shareable");
}
