/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition from anybody: read, completed, written, and that once more. An input that begins with '<' is
 * XML; of any other, each pair of bytes is a line of the table of devices below and a number for it, which
 * reaches the assignment of addresses with topologies that nobody would write. */
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "conf/pci.h"
#include "facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "%u" is a number from the input, "%c" a letter. */
static const char *const snippets[] = {
        "<interface type='user'/>",
        "<interface type='user'><model type='virtio'/></interface>",
        "<interface type='user'><model type='e1000'/><address type='pci' bus='%u' slot='%u'/></interface>",
        "<interface type='user'><model type='virtio'/><address type='pci' bus='%u' slot='%u' "
        "function='%u'/></interface>",
        "<disk type='file'><source file='/a'/><target dev='vd%c'/></disk>",
        "<disk type='file'><source file='/a'/><target dev='sd%c'/></disk>",
        "<disk type='file'><source file='/a'/><target dev='sd%c' bus='sata'/></disk>",
        "<disk type='file' device='cdrom'><target dev='hd%c'/></disk>",
        "<disk type='file'><source file='/a'/><target dev='sd%c' bus='usb'/></disk>",
        "<disk type='file'><source file='/a'/><target dev='sd%c' bus='scsi'/><address type='drive' "
        "controller='%u' "
        "unit='%u'/></disk>",
        "<controller type='pci' index='%u' model='pcie-root-port'/>",
        "<controller type='pci' model='pcie-root-port'/>",
        "<controller type='pci' index='%u' model='pcie-root-port'><address type='pci' slot='%u' "
        "function='%u'/>"
        "</controller>",
        "<controller type='pci' index='%u' model='pcie-root-port'><target chassis='%u'/><address type='pci' "
        "bus='%u' "
        "slot='%u'/></controller>",
        "<controller type='pci' index='%u' model='pci-bridge'/>",
        "<controller type='pci' index='%u' model='pci-bridge'><target chassisNr='%u'/><address type='pci' "
        "bus='%u' "
        "slot='%u'/></controller>",
        "<controller type='pci' index='%u' model='dmi-to-pci-bridge'/>",
        "<controller type='pci' index='%u' model='pcie-to-pci-bridge'/>",
        "<controller type='pci' index='%u' model='pcie-switch-upstream-port'/>",
        "<controller type='pci' index='%u' model='pcie-switch-downstream-port'/>",
        "<controller type='pci' index='%u' model='pcie-expander-bus'/>",
        "<controller type='pci' index='%u' model='pci-expander-bus'><target busNr='%u'/></controller>",
        "<controller type='usb' index='%u' model='ich9-ehci1'/>",
        "<controller type='usb' index='%u' model='ich9-uhci1'/>",
        "<controller type='usb' index='%u' model='ich9-uhci2'><address type='pci' bus='%u' slot='%u' "
        "function='1'/>"
        "</controller>",
        "<controller type='usb' index='%u' model='qemu-xhci' ports='%u'/>",
        "<controller type='usb' index='%u'/>",
        "<controller type='usb' model='none'/>",
        "<controller type='scsi' index='%u' model='virtio-scsi'/>",
        "<controller type='scsi' index='%u' model='vmpvscsi'/>",
        "<controller type='sata' index='%u'/>",
        "<controller type='virtio-serial' index='%u' ports='%u'/>",
        "<console><target type='virtio'/></console>",
        "<console><target type='virtio'/><address type='virtio-serial' controller='%u' port='%u'/></console>",
        "<console/>",
        "<serial/>",
        "<serial><target type='pci-serial' port='%u'/></serial>",
        "<serial><target type='usb-serial'/></serial>",
        "<input type='tablet'/>",
        "<input type='tablet'><address type='usb' bus='%u' port='%u'/></input>",
        "<input type='mouse' bus='virtio'/>",
        "<video><model type='qxl'/></video>",
        "<video><model type='virtio' primary='yes'/><address type='pci' slot='%u'/></video>",
        "<video><model type='none'/></video>",
        "<graphics type='vnc'/>",
        "<memballoon model='none'/>",
        "<memballoon model='virtio'><alias name='net%u'/></memballoon>",
        "<rng model='virtio'><alias name='ua-%c'/><backend model='builtin'/></rng>",
        "<interface type='user'><alias name='net%u'/><boot order='%u'/></interface>",
        "<panic/>",
};

static char *xml_of_bytes(const uint8_t *data, size_t size)
{
        GString *xml =
                g_string_new("<domain type='qemu'><name>fuzz</name><memory>1</memory><os><type machine='");

        g_string_append(xml, size > 0 && data[0] & 1 ? "q35" : "pc");
        g_string_append(xml, "'>hvm</type></os><devices>");
        for (size_t i = 1; i + 1 < size && i < 400; i += 2) {
                unsigned number = data[i + 1];

                for (const char *at = snippets[data[i] % G_N_ELEMENTS(snippets)]; *at != '\0'; at++) {
                        if (*at != '%') {
                                g_string_append_c(xml, *at);
                                continue;
                        }
                        if (*++at == 'u')
                                g_string_append_printf(xml, "%u", number % 32);
                        else
                                g_string_append_c(xml, (char) ('a' + number % 26));
                        number = number / 8 + 5 * (number % 8);
                }
        }
        g_string_append(xml, "</devices></domain>");
        return g_string_free(xml, FALSE);
}

static VbDomainDef *complete(const char *text, size_t length, GError **error)
{
        static VbEmulatorFacts *emulator;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, length, error);
        g_autoptr(VbMachineFacts) machine = NULL;

        if (!emulator)
                emulator = test_emulator_facts();
        if (!def)
                return NULL;
        machine = test_machine_facts(def->os.machine);
        if (!machine)
                machine = test_machine_facts(NULL);
        return vb_domain_def_complete(def, emulator, machine, error) ? g_steal_pointer(&def) : NULL;
}

/* No alias and no PCI function has two owners, and every device hangs on something that is there. */
static void check_places(const VbDomainDef *def)
{
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                uint32_t total, free_places;

                g_assert_nonnull(device->alias);
                g_assert_true(g_hash_table_add(seen, g_strdup(device->alias)));
                if (device->kind == VB_DEVICE_CONTROLLER) {
                        vb_controller_slots(def, (const VbController *) device, &total, &free_places);
                        g_assert_cmpuint(free_places, <=, total);
                        vb_controller_accepts_hotplug(def, (const VbController *) device);
                }
                vb_device_is_removable(def, device);
                if (device->address.type == VB_ADDRESS_NONE || device->address.type == VB_ADDRESS_ISA)
                        continue;
                g_assert_nonnull(vb_domain_def_find_parent(def, device));
                g_assert_true(vb_domain_def_find_parent(def, device) != device);
                if (device->address.type == VB_ADDRESS_PCI)
                        g_assert_true(g_hash_table_add(seen, vb_address_to_string(&device->address)));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        bool raw = size > 0 && data[0] == '<';
        g_autofree char *text = raw ? g_memdup2(data, size) : xml_of_bytes(data, size);
        size_t length = raw ? size : strlen(text);
        g_autofree char *canonical = NULL, *again = NULL;
        g_autoptr(VbDomainDef) first = NULL, second = NULL;
        g_autoptr(GError) error = NULL;

        first = complete(text, length, &error);
        g_assert(!first == !!error);
        g_assert(!error || (*error->message != '\0' && g_utf8_validate(error->message, -1, NULL)));
        if (!first)
                return 0;
        check_places(first);
        canonical = vb_domain_def_format(first);
        second = complete(canonical, strlen(canonical), &error);
        g_assert_no_error(error);
        again = vb_domain_def_format(second);
        g_assert_cmpstr(again, ==, canonical);
        return 0;
}
