/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts of an emulator and of two machine types for tests. */
#include "facts.h"

#include "conf/firmware.h"

/* Separated by spaces. */
static const char device_types[] =
        "pci-bridge i82801b11-bridge pcie-pci-bridge pcie-root-port ioh3420 x3130-upstream "
        "xio3130-downstream pxb pxb-pcie piix3-usb-uhci piix4-usb-uhci usb-ehci ich9-usb-ehci1 "
        "ich9-usb-uhci1 ich9-usb-uhci2 ich9-usb-uhci3 pci-ohci nec-usb-xhci qemu-xhci "
        "virtio-scsi-pci lsi53c895a mptsas1068 megasas pvscsi am53c974 dc390 ich9-ahci virtio-serial-pci "
        "virtio-blk-pci scsi-hd scsi-cd scsi-block floppy isa-fdc vhost-user-blk-pci "
        "virtio-blk-pci-transitional virtio-blk-pci-non-transitional virtio-9p-pci "
        "virtio-9p-pci-non-transitional vhost-user-fs-pci ide-hd "
        "ide-cd usb-storage virtio-net-pci e1000 e1000e "
        "rtl8139 pcnet ne2k_pci vmxnet3 usb-net isa-serial pci-serial usb-serial virtconsole "
        "usb-mouse usb-tablet usb-kbd virtio-mouse-pci virtio-tablet-pci virtio-keyboard-pci "
        "usb-ccid usb-hub virtio-scsi-pci-transitional virtio-scsi-pci-non-transitional "
        "virtio-serial-pci-transitional virtio-serial-pci-non-transitional "
        "VGA cirrus-vga qxl qxl-vga virtio-vga virtio-gpu-pci bochs-display virtio-balloon-pci "
        "virtio-rng-pci virtio-rng-pci-transitional virtio-rng-pci-non-transitional vhost-vsock-pci "
        "vhost-vsock-pci-transitional vhost-vsock-pci-non-transitional virtserialport isa-parallel "
        "isa-debugcon virtio-net-pci-transitional virtio-net-pci-non-transitional vfio-pci usb-redir "
        "ccid-card-emulated ccid-card-passthru pvpanic "
        "intel-hda ich9-intel-hda AC97 ES1370 sb16 usb-audio";

static const char more_device_types[] =
        "usb-hub i6300esb ib700 vmware-svga ramfb virtio-vga-gl virtio-gpu-gl-pci vhost-user-vga "
        "vhost-user-gpu-pci virtio-input-host-pci virtio-balloon-pci-transitional "
        "virtio-balloon-pci-non-transitional pvpanic-pci ivshmem-plain ivshmem-doorbell tpm-tis tpm-crb "
        "intel-iommu virtio-iommu-pci pc-dimm nvdimm virtio-mem-pci virtio-pmem-pci vfio-pci "
        "vfio-pci-nohotplug usb-host scsi-generic lsi53c895a vhost-scsi-pci-non-transitional scsi-block vhost-scsi-pci virtio-crypto-pci";

static void add_device_types(VbEmulatorFacts *facts, const char *names)
{
        g_auto(GStrv) types = g_strsplit(names, " ", -1);

        for (int i = 0; types[i]; i++)
                vb_emulator_facts_add_word(facts, VB_FACT_DEVICE, types[i]);
}

static void add_machine(VbEmulatorFacts *facts, const char *name, const char *alias, uint32_t cpu_max,
                        bool is_default)
{
        VbMachineInfo *info = g_new0(VbMachineInfo, 1);

        info->name = g_strdup(name);
        info->alias = g_strdup(alias);
        info->default_cpu_type = g_strdup("qemu64-x86_64-cpu");
        info->default_ram_id = g_strdup("pc.ram");
        info->cpu_max = cpu_max;
        info->is_default = is_default;
        info->hotpluggable_cpus = true;
        g_ptr_array_add(facts->machines, info);
}

static void add_firmware(GPtrArray *list, const char *code, const char *variables, unsigned traits,
                         char **machines)
{
        VbFirmware *firmware = vb_firmware_new();

        firmware->efi = true;
        firmware->in_flash = true;
        firmware->traits = traits;
        firmware->path = g_strdup(code);
        firmware->format = VB_IMAGE_RAW;
        firmware->template = g_strdup(variables);
        firmware->template_format = VB_IMAGE_RAW;
        vb_firmware_add_target(firmware, "x86_64", machines);
        g_ptr_array_add(list, firmware);
}

static GPtrArray *new_firmware(void)
{
        GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) vb_firmware_free);
        char *express[] = { (char[]){ "pc-q35-*" }, NULL };
        char *all[] = { (char[]){ "pc-i440fx-*" }, (char[]){ "pc-q35-*" }, NULL };

        add_firmware(list, "/fw/keys.fd", "/fw/keys-vars.fd",
                     VB_FIRMWARE_HAS_SECURE_BOOT | VB_FIRMWARE_HAS_ENROLLED_KEYS | VB_FIRMWARE_NEEDS_SMM |
                             VB_FIRMWARE_HAS_S3,
                     express);
        add_firmware(list, "/fw/secure.fd", "/fw/vars.fd",
                     VB_FIRMWARE_HAS_SECURE_BOOT | VB_FIRMWARE_NEEDS_SMM | VB_FIRMWARE_HAS_S3, express);
        add_firmware(list, "/fw/plain.fd", "/fw/vars.fd", VB_FIRMWARE_HAS_S3, all);
        return list;
}

VbEmulatorFacts *test_emulator_facts(void)
{
        VbEmulatorFacts *facts = vb_emulator_facts_new();

        facts->path = g_strdup("/usr/bin/qemu-system-x86_64");
        facts->arch = g_strdup("x86_64");
        facts->version = 7002000;
        facts->package = g_strdup("");
        facts->firmware = new_firmware();
        add_machine(facts, "pc-i440fx-7.2", "pc", 255, true);
        add_machine(facts, "pc-q35-7.2", "q35", 288, false);
        add_device_types(facts, device_types);
        add_device_types(facts, more_device_types);
        return facts;
}

static void add_builtin(VbMachineFacts *facts, uint8_t slot, uint8_t function, uint16_t class_code,
                        const char *driver)
{
        VbBuiltinPci builtin = {
                .slot = slot, .function = function, .class_code = class_code, .driver = g_strdup(driver)
        };

        g_array_append_val(facts->builtin_pci, builtin);
}

static VbMachineFacts *new_pc(const char *name)
{
        static const char *const props[] = { "acpi", "hpet", "max-fw-size", "smm", "vmport" };
        VbMachineFacts *facts = vb_machine_facts_new();

        facts->name = g_strdup(name);
        facts->has_isa = true;
        facts->has_floppy = true;
        facts->has_i8042 = true;
        facts->has_numa = true;
        facts->has_acpi = true;
        for (gsize i = 0; i < G_N_ELEMENTS(props); i++)
                g_hash_table_add(facts->props, g_strdup(props[i]));
        return facts;
}

VbMachineFacts *test_machine_facts_pcie(void)
{
        VbMachineFacts *facts = new_pc("pc-q35-7.2");

        facts->root_bus = VB_ROOT_BUS_PCIE;
        facts->root_bus_name = g_strdup("pcie.0");
        facts->sata_bus = g_strdup("ide");
        facts->has_floppy = false;
        add_builtin(facts, 0x00, 0, 0x0600, "mch");
        add_builtin(facts, 0x1f, 0, 0x0601, "ICH9-LPC");
        add_builtin(facts, 0x1f, 2, 0x0106, "ich9-ahci");
        add_builtin(facts, 0x1f, 3, 0x0c05, "ICH9-SMB");
        return facts;
}

VbMachineFacts *test_machine_facts_pci(void)
{
        VbMachineFacts *facts = new_pc("pc-i440fx-7.2");

        facts->root_bus = VB_ROOT_BUS_PCI;
        facts->root_bus_name = g_strdup("pci.0");
        facts->ide_bus = g_strdup("ide");
        add_builtin(facts, 0x00, 0, 0x0600, "i440FX");
        add_builtin(facts, 0x01, 0, 0x0601, "PIIX3");
        add_builtin(facts, 0x01, 1, 0x0101, "piix3-ide");
        add_builtin(facts, 0x01, 3, 0x0680, "PIIX4_PM");
        g_hash_table_add(facts->props, g_strdup("pcspk-audiodev"));
        return facts;
}

VbEmulatorFacts *test_emulator_facts_of(const char *arch)
{
        static const char more[] = "spapr-pci-host-bridge spapr-vscsi spapr-vty spapr-vlan virtio-blk-device "
                                   "virtio-net-device virtio-scsi-device virtio-serial-device "
                                   "virtio-rng-device virtio-balloon-device virtio-tablet-device";
        g_auto(GStrv) types = g_strsplit(more, " ", -1);
        VbEmulatorFacts *facts = test_emulator_facts();

        g_free(facts->path);
        facts->path = g_strdup_printf("/usr/bin/qemu-system-%s", arch);
        g_free(facts->arch);
        facts->arch = g_strdup(arch);
        add_machine(facts, "virt-7.2", "virt", 512, false);
        add_machine(facts, "pseries-7.2", "pseries", 1024, false);
        for (int i = 0; types[i]; i++)
                vb_emulator_facts_add_word(facts, VB_FACT_DEVICE, types[i]);
        return facts;
}

VbMachineFacts *test_machine_facts_virt(void)
{
        VbMachineFacts *facts = vb_machine_facts_new();

        facts->name = g_strdup("virt-7.2");
        facts->root_bus = VB_ROOT_BUS_PCIE;
        facts->root_bus_name = g_strdup("pcie.0");
        facts->virtio = VB_VIRTIO_PCI;
        facts->virtio_mmio_slots = 32;
        facts->has_acpi = true;
        add_builtin(facts, 0x00, 0, 0x0600, "gpex-root");
        return facts;
}

VbMachineFacts *test_machine_facts_pseries(void)
{
        VbMachineFacts *facts = vb_machine_facts_new();

        facts->name = g_strdup("pseries-7.2");
        facts->root_bus = VB_ROOT_BUS_PCI;
        facts->root_bus_name = g_strdup("pci.0");
        facts->virtio = VB_VIRTIO_PCI;
        facts->has_spapr_vio = true;
        return facts;
}

VbMachineFacts *test_machine_facts(const char *name)
{
        if (g_strcmp0(name, "virt") == 0 || g_strcmp0(name, "virt-7.2") == 0)
                return test_machine_facts_virt();
        if (g_strcmp0(name, "pseries") == 0 || g_strcmp0(name, "pseries-7.2") == 0)
                return test_machine_facts_pseries();
        if (!name || g_str_equal(name, "pc") || g_str_equal(name, "pc-i440fx-7.2"))
                return test_machine_facts_pci();
        if (g_str_equal(name, "q35") || g_str_equal(name, "pc-q35-7.2"))
                return test_machine_facts_pcie();
        return NULL;
}
