/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition as a value: memory, copies, and looking things up in it. Reading is domain-parse.c, writing
 * domain-format.c, filling in complete.c. */
#include "conf/domain-def.h"

#include <string.h>

#include "conf/controller.h"
#include "conf/disk.h"
#include "conf/section.h"

VbDomainDef *vb_domain_def_new(void)
{
        VbDomainDef *def = g_new0(VbDomainDef, 1);

        def->vcpus_max = def->vcpus = 1;
        def->on_poweroff = VB_ACTION_DESTROY;
        def->on_reboot = VB_ACTION_RESTART;
        def->on_crash = VB_ACTION_DESTROY;
        def->devices = g_ptr_array_new_with_free_func((GDestroyNotify) vb_device_free);
        return def;
}

void vb_domain_def_free(VbDomainDef *def)
{
        if (!def)
                return;
        for (const VbSection *const *section = vb_sections; *section; section++) {
                if ((*section)->fields)
                        vb_xml_fields_clear((*section)->fields, def);
                if ((*section)->clear)
                        (*section)->clear(def);
        }
        g_free(def->emulator);
        g_clear_pointer(&def->devices, g_ptr_array_unref);
        g_clear_pointer(&def->notes, g_ptr_array_unref);
        g_free(def);
}

VbDomainDef *vb_domain_def_copy(const VbDomainDef *def)
{
        VbDomainDef *copy = g_memdup2(def, sizeof(*def));

        for (const VbSection *const *section = vb_sections; *section; section++) {
                if ((*section)->fields)
                        vb_xml_fields_copy((*section)->fields, copy, def);
                if ((*section)->copy)
                        (*section)->copy(copy, def);
        }
        copy->emulator = g_strdup(def->emulator);
        copy->notes = NULL;
        copy->devices = g_ptr_array_new_full(def->devices->len, (GDestroyNotify) vb_device_free);
        for (guint i = 0; i < def->devices->len; i++)
                g_ptr_array_add(copy->devices, vb_device_copy(g_ptr_array_index(def->devices, i)));
        return copy;
}

bool vb_domain_def_is_x86(const VbDomainDef *def)
{
        return g_strcmp0(def->os.arch, "x86_64") == 0 || g_strcmp0(def->os.arch, "i686") == 0;
}

VbDevice *vb_domain_def_find_device(const VbDomainDef *def, const char *alias)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (g_strcmp0(device->alias, alias) == 0)
                        return device;
        }
        return NULL;
}

VbController *vb_domain_def_find_controller(const VbDomainDef *def, VbControllerType type, int index)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbController *controller = g_ptr_array_index(def->devices, i);

                if (controller->base.kind == VB_DEVICE_CONTROLLER && controller->type == type &&
                    controller->index == index && !vb_controller_model_is_companion(controller->model))
                        return controller;
        }
        return NULL;
}

VbControllerType vb_domain_def_drive_controller(const VbDevice *device)
{
        static const VbControllerType types[_VB_DISK_BUS_MAX] = {
                [VB_DISK_BUS_SCSI] = VB_CONTROLLER_SCSI,
                [VB_DISK_BUS_SATA] = VB_CONTROLLER_SATA,
                [VB_DISK_BUS_IDE] = VB_CONTROLLER_IDE,
                [VB_DISK_BUS_FDC] = VB_CONTROLLER_FDC,
        };

        /* Host devices with such an address are SCSI devices. */
        return device->kind == VB_DEVICE_DISK ? types[((const VbDisk *) device)->bus] : VB_CONTROLLER_SCSI;
}

VbDevice *vb_domain_def_find_parent(const VbDomainDef *def, const VbDevice *device)
{
        VbController *parent = NULL;

        switch (device->address.type) {
        case VB_ADDRESS_PCI:
                parent = vb_domain_def_find_controller(def, VB_CONTROLLER_PCI, device->address.pci.bus);
                break;
        case VB_ADDRESS_DRIVE:
                parent = vb_domain_def_find_controller(def, vb_domain_def_drive_controller(device),
                                                       (int) device->address.drive.controller);
                break;
        case VB_ADDRESS_CCID:
                parent = vb_domain_def_find_controller(def, VB_CONTROLLER_CCID,
                                                       (int) device->address.ccid.controller);
                break;
        case VB_ADDRESS_USB:
                parent = vb_domain_def_find_controller(def, VB_CONTROLLER_USB, (int) device->address.usb.bus);
                break;
        case VB_ADDRESS_VIRTIO_SERIAL:
                parent = vb_domain_def_find_controller(def, VB_CONTROLLER_VIRTIO_SERIAL,
                                                       (int) device->address.virtio_serial.controller);
                break;
        default: /* of the other buses there is one, which no controller stands for */
                break;
        }
        return parent ? &parent->base : NULL;
}

const char *vb_domain_name_problem(const char *name)
{
        bool blank = true;

        if (*name == '\0')
                return "is empty";
        if (strlen(name) > VB_NAME_LENGTH_MAX)
                return "is longer than " G_STRINGIFY(VB_NAME_LENGTH_MAX) " bytes";
        if (g_str_equal(name, ".") || g_str_equal(name, ".."))
                return "is the name of a directory";
        if (!g_utf8_validate(name, -1, NULL))
                return "is not valid UTF-8";
        for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar character = g_utf8_get_char(at);

                if (character == '/')
                        return "contains a '/'";
                if (g_unichar_iscntrl(character) || g_unichar_type(character) == G_UNICODE_LINE_SEPARATOR ||
                    g_unichar_type(character) == G_UNICODE_PARAGRAPH_SEPARATOR)
                        return "contains a control character";
                blank = blank && g_unichar_isspace(character);
        }
        return blank ? "is blank" : NULL;
}

bool vb_uuid_from_string(const char *text, char ret[static 37])
{
        char uuid[37];
        int length = 0;

        for (; *text != '\0'; text++) {
                if (*text == '-')
                        continue;
                if (!g_ascii_isxdigit(*text) || length == 36)
                        return false;
                if (length == 8 || length == 13 || length == 18 || length == 23)
                        uuid[length++] = '-';
                uuid[length++] = g_ascii_tolower(*text);
        }
        if (length != 36)
                return false;
        uuid[36] = '\0';
        memcpy(ret, uuid, sizeof(uuid));
        return true;
}
