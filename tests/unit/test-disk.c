/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks and shared folders: what is refused and why, and expectation files of what becomes of the rest.
 * data/disk/NAME.xml holds elements of <devices>; NAME.exp is their canonical XML, and below it what they add
 * to a command line, one argument a line. No emulator is run. */
#include <string.h>

#include "conf/complete.h"
#include "conf/disk.h"
#include "facts.h"
#include "qemu/argv.h"
#include "util/error.h"

typedef struct {
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        VbDomainDef *def; /* NULL: refused */
} Fixture;

static void fixture_clear(Fixture *fixture)
{
        vb_emulator_facts_unref(fixture->emulator);
        vb_machine_facts_unref(fixture->machine);
        vb_domain_def_free(fixture->def);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void complete(Fixture *fixture, const char *devices, const char *machine, GError **error)
{
        g_autofree char *text =
                g_strdup_printf("<domain type='qemu'><name>d</name><memory>262144</memory><memoryBacking>"
                                "<access mode='%s'/></memoryBacking><iothreads>2</iothreads><os>"
                                "<type machine='%s'>hvm</type></os><devices>\n%s</devices></domain>",
                                strstr(devices, "<!-- private -->") ? "private" : "shared", machine, devices);
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);

        fixture->emulator = test_emulator_facts();
        fixture->machine = test_machine_facts(machine);
        if (def && vb_domain_def_complete(def, fixture->emulator, fixture->machine, error))
                fixture->def = g_steal_pointer(&def);
}

#define DISK(dev, bus, more)                                                                                 \
        "<disk type='file'><source file='/a'/><target dev='" dev "' bus='" bus "'/>" more "</disk>\n"
#define DRIVER(bus, attributes) DISK("sda", bus, "<driver " attributes "/>")
#define KIND(kind, dev, bus, more)                                                                           \
        "<disk type='block' device='" kind "'><source dev='/dev/a'/><target dev='" dev "' bus='" bus         \
        "'/>" more "</disk>\n"
#define NETWORK(source) "<disk type='network'>" source "<target dev='vda'/></disk>\n"
#define TUNE(limits) DISK("vda", "virtio", "<iotune>" limits "</iotune>")
#define SOURCE(type, source, driver)                                                                         \
        "<disk type='" type "'><driver " driver "/>" source "<target dev='vda'/><readonly/></disk>\n"

typedef struct {
        const char *name, *devices;
        VbError code;
        const char *message; /* a part of it */
        const char *machine; /* NULL: pc */
} Refusal;

#define SHARE(attributes, inside)                                                                            \
        "<filesystem " attributes "><source dir='/a'/><target dir='t'/>" inside "</filesystem>\n"
#define VIRTIOFS(attributes, inside) SHARE(attributes, "<driver type='virtiofs'/>" inside)

static const Refusal refusals[] = {
        { "share-type", SHARE("type='template'", ""), VB_ERROR_UNSUPPORTED,
          "type='template' is not supported", NULL },
        { "share-driver", SHARE("", "<driver type='handle'/>"), VB_ERROR_UNSUPPORTED, "type='handle'", NULL },
        { "share-mode", SHARE("accessmode='mapped' fmode='888'", ""), VB_ERROR_INVALID_XML, "octal numbers",
          NULL },
        { "share-mode-unmapped", SHARE("fmode='700'", ""), VB_ERROR_UNSUPPORTED, "accessmode='mapped'",
          NULL },
        { "share-source", "<filesystem><target dir='t'/></filesystem>", VB_ERROR_INVALID_XML, "<source dir",
          NULL },
        { "share-target", "<filesystem><source dir='/a'/></filesystem>", VB_ERROR_INVALID_XML, "<target dir",
          NULL },
        { "share-socket", "<filesystem><source socket='/a'/><target dir='t'/></filesystem>",
          VB_ERROR_UNSUPPORTED, "needs <driver type='virtiofs'/>", NULL },
        { "share-boot", SHARE("", "<boot order='1'/>"), VB_ERROR_UNSUPPORTED, "<boot> needs", NULL },
        { "share-binary", SHARE("", "<binary path='/a'/>"), VB_ERROR_INVALID_XML, "<binary> in <filesystem>",
          NULL },
        { "share-tag",
          "<filesystem><source dir='/a'/><target dir='12345678901234567890123456789012'/></filesystem>",
          VB_ERROR_UNSUPPORTED, "at most 31 bytes", NULL },
        { "virtiofs-memory", "<!-- private -->" VIRTIOFS("", ""), VB_ERROR_UNSUPPORTED,
          "virtiofs needs memory", NULL },
        { "vhostuser-memory",
          "<!-- private --><disk type='vhostuser'><source type='unix' path='/s'/><target dev='vda'/></disk>",
          VB_ERROR_UNSUPPORTED, "needs memory that its server", NULL },
        { "iothread-unknown", DISK("vda", "virtio", "<driver iothread='3'/>"), VB_ERROR_INVALID_XML,
          "<driver iothread='3'>: <iothreads>", NULL },
        { "iothread-sata", DISK("sda", "sata", "<driver iothread='1'/>"), VB_ERROR_UNSUPPORTED,
          "no <driver iothread>", NULL },
        { "virtiofs-access", VIRTIOFS("accessmode='mapped'", ""), VB_ERROR_UNSUPPORTED, "passthrough", NULL },
        { "virtiofs-multidevs", VIRTIOFS("multidevs='remap'", ""), VB_ERROR_UNSUPPORTED, "no multidevs",
          NULL },
        { "virtiofs-readonly", VIRTIOFS("", "<readonly/>"), VB_ERROR_UNSUPPORTED, "no <readonly>", NULL },
        { "virtiofs-model", VIRTIOFS("model='virtio'", ""), VB_ERROR_UNSUPPORTED, "no model", NULL },
        { "virtiofs-queue", SHARE("", "<driver type='virtiofs' queue='100'/>"), VB_ERROR_UNSUPPORTED,
          "a power of two", NULL },
        { "queue-size", DISK("vda", "virtio", "<driver queue_size='100'/>"), VB_ERROR_UNSUPPORTED,
          "a power of two", NULL },
        { "no-target", "<disk><source file='/a'/></disk>", VB_ERROR_INVALID_XML, "<target dev", NULL },
        { "no-source", "<disk><target dev='vda'/></disk>", VB_ERROR_INVALID_XML, "<source> is missing",
          NULL },
        { "empty-source", "<disk><source/><target dev='vda'/></disk>", VB_ERROR_INVALID_XML,
          "<source> is missing", NULL },
        { "target-unknown", DISK("xda", "virtio", ""), VB_ERROR_INVALID_XML, "dev='xda'", NULL },
        { "target-long", DISK("vdaaaa", "virtio", ""), VB_ERROR_INVALID_XML, "dev='vdaaaa'", NULL },
        { "target-partition", DISK("vda1", "virtio", ""), VB_ERROR_INVALID_XML, "dev='vda1'", NULL },
        { "target-twice", DISK("vda", "virtio", "") DISK("vda", "scsi", ""), VB_ERROR_INVALID_XML,
          "line 3: <disk>: another disk has the target dev='vda'", NULL },
        { "target-xen", "<disk><source file='/a'/><target dev='xvda'/></disk>", VB_ERROR_UNSUPPORTED,
          "another hypervisor", NULL },
        { "target-floppy", DISK("fda", "virtio", ""), VB_ERROR_INVALID_XML, "a floppy's name", NULL },
        { "floppy-name", "<disk device='floppy'><target dev='sda'/></disk>", VB_ERROR_INVALID_XML,
          "fda and fdb", NULL },
        { "floppy-bus", "<disk device='floppy'><target dev='fda' bus='usb'/></disk>", VB_ERROR_UNSUPPORTED,
          "no device='floppy' on the usb bus", NULL },
        { "floppy-third", "<disk device='floppy'><target dev='fdc'/></disk>", VB_ERROR_UNSUPPORTED,
          "only one controller of floppies", NULL },
        { "floppy-errors", "<disk device='floppy'><driver error_policy='stop'/><target dev='fda'/></disk>",
          VB_ERROR_UNSUPPORTED, "no <driver error_policy>", NULL },
        { "floppy-serial", "<disk device='floppy'><target dev='fda'/><serial>a</serial></disk>",
          VB_ERROR_UNSUPPORTED, "no <serial>", NULL },
        { "cdrom-virtio", "<disk device='cdrom'><target dev='vda'/></disk>", VB_ERROR_UNSUPPORTED,
          "no device='cdrom' on the virtio bus", NULL },
        { "cdrom-usb-empty", "<disk device='cdrom'><target dev='sda' bus='usb'/></disk>",
          VB_ERROR_UNSUPPORTED, "cannot be empty", NULL },
        { "cdrom-rotation", "<disk device='cdrom'><target dev='hda' rotation_rate='7200'/></disk>",
          VB_ERROR_UNSUPPORTED, "no <target rotation_rate>", NULL },
        { "disk-fdc", DISK("sda", "fdc", ""), VB_ERROR_UNSUPPORTED, "no device='disk' on the fdc bus", NULL },
        { "disk-xen", DISK("sda", "xen", ""), VB_ERROR_UNSUPPORTED, "bus='xen' is not supported", NULL },
        { "sd-absent", DISK("sda", "sd", ""), VB_ERROR_UNSUPPORTED, "no sd controller", NULL },

        { "readonly-sata", DISK("sda", "sata", "<readonly/>"), VB_ERROR_UNSUPPORTED, "no <readonly>", NULL },
        { "readonly-ide", DISK("hda", "ide", "<readonly/>"), VB_ERROR_UNSUPPORTED, "no <readonly>", NULL },
        { "serial-characters", DISK("vda", "virtio", "<serial>a,b</serial>"), VB_ERROR_INVALID_XML,
          "<serial>", NULL },
        { "wwn-virtio", DISK("vda", "virtio", "<wwn>5000c50015ea71ad</wwn>"), VB_ERROR_UNSUPPORTED,
          "no <wwn>", NULL },
        { "wwn-short", DISK("hda", "ide", "<wwn>5000c5</wwn>"), VB_ERROR_INVALID_XML, "16 hexadecimal digits",
          NULL },
        { "vendor-ide", DISK("hda", "ide", "<vendor>V</vendor>"), VB_ERROR_UNSUPPORTED, "no <vendor>", NULL },
        { "vendor-long", DISK("sda", "scsi", "<vendor>123456789</vendor>"), VB_ERROR_INVALID_XML, "up to 8",
          NULL },
        { "product-long", DISK("sda", "scsi", "<product>12345678901234567</product>"), VB_ERROR_INVALID_XML,
          "up to 16", NULL },
        { "geometry-usb", DISK("sda", "usb", "<geometry cyls='1' heads='1' secs='1'/>"), VB_ERROR_UNSUPPORTED,
          "no <geometry>", NULL },
        { "geometry-part", DISK("hda", "ide", "<geometry cyls='1' heads='1'/>"), VB_ERROR_INVALID_XML,
          "'secs'", NULL },
        { "translation-sata", DISK("sda", "sata", "<geometry cyls='1' heads='1' secs='1' trans='lba'/>"),
          VB_ERROR_UNSUPPORTED, "no <geometry trans>", NULL },
        { "block-size", DISK("vda", "virtio", "<blockio logical_block_size='500'/>"), VB_ERROR_INVALID_XML,
          "a power of two", NULL },
        { "block-size-order",
          DISK("vda", "virtio", "<blockio logical_block_size='4096' physical_block_size='512'/>"),
          VB_ERROR_UNSUPPORTED, "no smaller than", NULL },
        { "block-size-ide", DISK("hda", "ide", "<blockio logical_block_size='4096'/>"), VB_ERROR_UNSUPPORTED,
          "512 bytes", NULL },
        { "rotation-virtio", "<disk><source file='/a'/><target dev='vda' rotation_rate='1'/></disk>",
          VB_ERROR_UNSUPPORTED, "no <target rotation_rate>", NULL },
        { "removable-scsi", "<disk><source file='/a'/><target dev='sda' removable='on'/></disk>",
          VB_ERROR_UNSUPPORTED, "no <target removable>", NULL },
        { "tray-disk", "<disk><source file='/a'/><target dev='vda' tray='open'/></disk>",
          VB_ERROR_UNSUPPORTED, "<target tray=''>", NULL },
        { "model-sata", "<disk model='virtio'><source file='/a'/><target dev='sda' bus='sata'/></disk>",
          VB_ERROR_UNSUPPORTED, "no model", NULL },

        { "driver-name", DRIVER("virtio", "name='tap'"), VB_ERROR_UNSUPPORTED, "name='tap'", NULL },
        { "format-iso", DRIVER("virtio", "type='iso'"), VB_ERROR_UNSUPPORTED, "type='iso' is not supported",
          NULL },
        { "format-luks", DRIVER("virtio", "type='luks'"), VB_ERROR_INVALID_XML, "<encryption format='luks'>",
          NULL },
        { "io-native-cached", DRIVER("virtio", "io='native'"), VB_ERROR_INVALID_XML,
          "io='native' needs cache", NULL },
        { "ioeventfd-sata", DRIVER("sata", "ioeventfd='on'"), VB_ERROR_UNSUPPORTED, "no <driver ioeventfd>",
          NULL },
        { "event-idx-usb", DRIVER("usb", "event_idx='on'"), VB_ERROR_UNSUPPORTED, "no <driver event_idx>",
          NULL },
        { "queues-scsi", DRIVER("scsi", "queues='2'"), VB_ERROR_UNSUPPORTED, "no <driver queues>", NULL },
        { "iommu-ide", DISK("hda", "ide", "<driver iommu='on'/>"), VB_ERROR_UNSUPPORTED, "no <driver iommu",
          NULL },
        { "metadata-raw",
          DISK("vda", "virtio",
               "<driver type='raw'><metadata_cache><max_size>1</max_size></metadata_cache></driver>"),
          VB_ERROR_UNSUPPORTED, "only qcow2", NULL },
        { "copy-on-read-readonly", DISK("vda", "virtio", "<driver copy_on_read='on'/><readonly/>"),
          VB_ERROR_UNSUPPORTED, "copy_on_read", NULL },
        { "shared-qcow2", DISK("vda", "virtio", "<driver type='qcow2'/><shareable/>"), VB_ERROR_UNSUPPORTED,
          "<shareable> needs the format raw", NULL },
        { "transient-readonly", DISK("vda", "virtio", "<transient/><readonly/>"), VB_ERROR_UNSUPPORTED,
          "<transient>", NULL },

        { "lun-file", "<disk device='lun'><source file='/a'/><target dev='sda'/></disk>",
          VB_ERROR_UNSUPPORTED, "needs a block device", NULL },
        { "lun-ide", KIND("lun", "hda", "ide", ""), VB_ERROR_UNSUPPORTED, "no device='lun' on the ide bus",
          NULL },
        { "lun-virtio", KIND("lun", "vda", "virtio", ""), VB_ERROR_UNSUPPORTED, "use the scsi bus", NULL },
        { "lun-qcow2", KIND("lun", "sda", "scsi", "<driver type='qcow2'/>"), VB_ERROR_UNSUPPORTED,
          "format raw", NULL },
        { "lun-serial", KIND("lun", "sda", "scsi", "<serial>a</serial>"), VB_ERROR_UNSUPPORTED, "no <serial>",
          NULL },
        { "lun-blockio", KIND("lun", "sda", "scsi", "<blockio logical_block_size='512'/>"),
          VB_ERROR_UNSUPPORTED, "no <blockio", NULL },
        { "lun-copy-on-read", KIND("lun", "sda", "scsi", "<driver copy_on_read='on'/>"), VB_ERROR_UNSUPPORTED,
          "no <driver copy_on_read>", NULL },
        { "rawio-disk", "<disk rawio='yes'><source file='/a'/><target dev='vda'/></disk>",
          VB_ERROR_INVALID_XML, "need device='lun'", NULL },
        { "sgio-unfiltered", "<disk device='lun' sgio='unfiltered'/>", VB_ERROR_UNSUPPORTED,
          "sgio='unfiltered'", NULL },
        { "reservations-disk",
          "<disk type='block'><source dev='/a'><reservations managed='yes'/></source><target "
          "dev='sda'/></disk>",
          VB_ERROR_UNSUPPORTED, "<reservations> are for", NULL },
        { "reservations-nowhere",
          "<disk type='block'><source dev='/a'><reservations managed='no'/></source><target "
          "dev='sda'/></disk>",
          VB_ERROR_INVALID_XML, "<reservations>: managed='no' needs", NULL },

        { "tune-total", TUNE("<total_bytes_sec>9</total_bytes_sec><read_bytes_sec>9</read_bytes_sec>"),
          VB_ERROR_INVALID_XML, "<iotune>: total_bytes_sec excludes", NULL },
        { "tune-total-burst",
          TUNE("<total_iops_sec_max>9</total_iops_sec_max><write_iops_sec_max>9</write_iops_sec_max>"),
          VB_ERROR_INVALID_XML, "total_iops_sec_max excludes", NULL },
        { "tune-burst-alone", TUNE("<total_iops_sec_max>9</total_iops_sec_max>"), VB_ERROR_UNSUPPORTED,
          "without the limit", NULL },
        { "tune-burst-low",
          TUNE("<total_iops_sec>9</total_iops_sec><total_iops_sec_max>8</total_iops_sec_max>"),
          VB_ERROR_UNSUPPORTED, "no less than the limit", NULL },
        { "tune-length",
          TUNE("<total_iops_sec>9</total_iops_sec><total_iops_sec_max_length>8</total_iops_sec_max_length>"),
          VB_ERROR_UNSUPPORTED, "_max_length without", NULL },
        { "tune-too-much", TUNE("<total_bytes_sec>1000000000000001</total_bytes_sec>"), VB_ERROR_INVALID_XML,
          "is not a number from 0 to 1000000000000000", NULL },
        { "tune-group", TUNE("<group_name>g</group_name>"), VB_ERROR_INVALID_XML, "group_name without",
          NULL },
        { "tune-group-differs",
          TUNE("<total_iops_sec>9</total_iops_sec><group_name>g</group_name>")
                  DISK("vdb", "virtio",
                       "<iotune><total_iops_sec>8</total_iops_sec><group_name>g</group_name></iotune>"),
          VB_ERROR_INVALID_XML, "vdb and vda are of the group 'g'", NULL },

        { "protocol-none", NETWORK("<source name='a'/>"), VB_ERROR_INVALID_XML, "'protocol' is missing",
          NULL },
        { "protocol-later", NETWORK("<source protocol='sheepdog' name='a'/>"), VB_ERROR_UNSUPPORTED,
          "'sheepdog' is not supported", NULL },
        { "protocol-attribute", NETWORK("<source protocol='nbd' query='a'><host name='h'/></source>"),
          VB_ERROR_INVALID_XML, "<source> has an attribute 'query'", NULL },
        { "name-missing", NETWORK("<source protocol='http'><host name='h'/></source>"), VB_ERROR_INVALID_XML,
          "'name' is missing", NULL },
        { "host-missing", NETWORK("<source protocol='nbd'/>"), VB_ERROR_INVALID_XML, "needs a <host", NULL },
        { "host-twice", NETWORK("<source protocol='ssh' name='/a'><host name='a'/><host name='b'/></source>"),
          VB_ERROR_INVALID_XML, "one <host> only", NULL },
        { "host-nameless", NETWORK("<source protocol='nbd'><host port='1'/></source>"), VB_ERROR_INVALID_XML,
          "<host>: the attribute 'name' is missing", NULL },
        { "host-port", NETWORK("<source protocol='nbd'><host name='h' port='65536'/></source>"),
          VB_ERROR_INVALID_XML, "<host>: port='65536'", NULL },
        { "host-rdma",
          NETWORK("<source protocol='gluster' name='v/i'><host transport='rdma' name='h'/></source>"),
          VB_ERROR_UNSUPPORTED, "transport='rdma'", NULL },
        { "host-socket", NETWORK("<source protocol='nbd'><host transport='unix'/></source>"),
          VB_ERROR_INVALID_XML, "needs socket=", NULL },
        { "host-unix",
          NETWORK("<source protocol='iscsi' name='t'><host transport='unix' socket='/s'/></source>"),
          VB_ERROR_UNSUPPORTED, "has no transport='unix'", NULL },
        { "nfs-port", NETWORK("<source protocol='nfs' name='/a'><host name='h' port='1'/></source>"),
          VB_ERROR_UNSUPPORTED, "takes no port", NULL },
        { "rbd-pool", NETWORK("<source protocol='rbd' name='image'/>"), VB_ERROR_INVALID_XML, "POOL/IMAGE",
          NULL },
        { "iscsi-unit", NETWORK("<source protocol='iscsi' name='t/x'><host name='h'/></source>"),
          VB_ERROR_INVALID_XML, "the number of a unit", NULL },
        { "nbd-auth",
          NETWORK("<source protocol='nbd'><host name='h'/><auth username='u'><secret type='iscsi' usage='u'/>"
                  "</auth></source>"),
          VB_ERROR_UNSUPPORTED, "takes no <auth>", NULL },
        { "cookie",
          NETWORK("<source protocol='http' name='a'><host name='h'/><cookies><cookie name='a b'>c</cookie>"
                  "</cookies></source>"),
          VB_ERROR_INVALID_XML, "cookie 'a b'", NULL },
        { "auth-file", DISK("vda", "virtio", "<auth username='u'><secret type='iscsi' usage='u'/></auth>"),
          VB_ERROR_UNSUPPORTED, "<auth> is for network protocols", NULL },
        { "secret-twofold",
          DISK("vda", "virtio",
               "<encryption format='luks'><secret type='passphrase' usage='u' "
               "uuid='11111111-2222-3333-4444-555555555555'/></encryption>"),
          VB_ERROR_INVALID_XML, "<secret>: a secret is named by either", NULL },
        { "encryption-qcow",
          DISK("vda", "virtio",
               "<encryption format='qcow'><secret type='passphrase' usage='u'/></encryption>"),
          VB_ERROR_UNSUPPORTED, "<encryption>: format='qcow'", NULL },
        { "encryption-luks2",
          DISK("vda", "virtio",
               "<encryption format='luks2'><secret type='passphrase' usage='u'/></encryption>"),
          VB_ERROR_UNSUPPORTED, "needs engine='librbd'", NULL },
        { "encryption-format",
          DISK("vda", "virtio",
               "<driver type='vmdk'/><encryption format='luks'><secret type='passphrase' "
               "usage='u'/></encryption>"),
          VB_ERROR_UNSUPPORTED, "raw and qcow2", NULL },
        { "encryption-secret", DISK("vda", "virtio", "<encryption format='luks'/>"), VB_ERROR_INVALID_XML,
          "<encryption>: <secret> is missing", NULL },

        { "fat-file", SOURCE("file", "<source file='/a'/>", "type='fat'"), VB_ERROR_UNSUPPORTED, "type='dir'",
          NULL },
        { "dir-raw", SOURCE("dir", "<source dir='/a'/>", "type='raw'"), VB_ERROR_UNSUPPORTED, "type='fat'",
          NULL },
        { "dir-written", "<disk type='dir'><driver type='fat'/><source dir='/a'/><target dev='vda'/></disk>",
          VB_ERROR_UNSUPPORTED, "<readonly/>", NULL },
        { "nvme-address", SOURCE("nvme", "<source type='pci' namespace='1'/>", ""), VB_ERROR_INVALID_XML,
          "<address domain", NULL },
        { "nvme-namespace", SOURCE("nvme", "<source type='pci' namespace='0'><address/></source>", ""),
          VB_ERROR_INVALID_XML, "namespace='0'", NULL },
        { "volume-part", SOURCE("volume", "<source pool='p'/>", ""), VB_ERROR_INVALID_XML,
          "'pool' and 'volume'", NULL },
        { "vhostuser-readonly", SOURCE("vhostuser", "<source type='unix' path='/s'/>", ""),
          VB_ERROR_UNSUPPORTED, "vhostuser disk on the virtio bus has no <readonly>", NULL },
        { "vhostuser-cache",
          "<disk type='vhostuser'><driver cache='none'/><source type='unix' path='/s'/><target "
          "dev='vda'/></disk>",
          VB_ERROR_UNSUPPORTED, "has no <driver cache>", NULL },
        { "vhostuser-scsi",
          "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='sda'/></disk>",
          VB_ERROR_UNSUPPORTED, "virtio bus only", NULL },
        { "backing-format",
          DISK("vda", "virtio",
               "<driver type='qcow2'/><backingStore type='file'><source file='/b'/></backingStore>"),
          VB_ERROR_INVALID_XML, "<backingStore>: <format type=''/> is missing", NULL },
        { "backing-format-type",
          DISK("vda", "virtio",
               "<driver type='qcow2'/><backingStore type='file'><format/><source file='/b'/></backingStore>"),
          VB_ERROR_INVALID_XML, "<format>: the attribute 'type' is missing", NULL },
        { "backing-source",
          DISK("vda", "virtio",
               "<driver type='qcow2'/><backingStore type='file'><format type='raw'/></backingStore>"),
          VB_ERROR_INVALID_XML, "<backingStore>: <source> is missing", NULL },
        { "startup-disk", SOURCE("file", "<source file='/a' startupPolicy='requisite'/>", ""),
          VB_ERROR_UNSUPPORTED, "startupPolicy='requisite'", NULL },
        { "startup-network",
          NETWORK("<source protocol='nbd' startupPolicy='optional'><host name='h'/></source>"),
          VB_ERROR_INVALID_XML, "'startupPolicy'", NULL },
        { "labels-twice",
          SOURCE("file",
                 "<source file='/a'><seclabel model='dac' relabel='no'/><seclabel model='dac' "
                 "relabel='no'/></source>",
                 ""),
          VB_ERROR_INVALID_XML, "another one for the same model", NULL },
        { "slices-two",
          SOURCE("file",
                 "<source file='/a'><slices><slice type='storage' offset='0' size='1'/>"
                 "<slice type='storage' offset='1' size='1'/></slices></source>",
                 ""),
          VB_ERROR_INVALID_XML, "exactly one <slice>", NULL },
};

static void test_refusal(gconstpointer data)
{
        const Refusal *refusal = data;
        g_auto(Fixture) fixture = { 0 };
        g_autoptr(GError) error = NULL;

        complete(&fixture, refusal->devices, refusal->machine ? refusal->machine : "pc", &error);
        g_assert_null(fixture.def);
        if (!g_error_matches(error, VB_ERROR, (int) refusal->code) ||
            !strstr(error->message, refusal->message))
                g_error("%s: unexpected refusal %d: %s", refusal->name, error->code, error->message);
        if (!strstr(error->message, "line ") || !strchr(error->message, '<'))
                g_error("%s: this does not say where: %s", refusal->name, error->message);
}

/* Definitions that are kept, but not started: the reason names the device. */
static const Refusal start_refusals[] = {
        { "volume", SOURCE("volume", "<source pool='p' volume='v'/>", ""), VB_ERROR_UNSUPPORTED,
          "virtio-disk0 (vda): type='volume'", NULL },
        { "relative", SOURCE("file", "<source file='a'/>", ""), VB_ERROR_UNSUPPORTED, "is not absolute",
          NULL },
        { "nvme-managed", SOURCE("nvme", "<source type='pci' namespace='1'><address bus='1'/></source>", ""),
          VB_ERROR_UNSUPPORTED, "managed='yes'", NULL },
        { "reservations",
          "<disk type='block' device='lun'><source dev='/dev/a'><reservations managed='yes'/></source>"
          "<target dev='sda'/></disk>",
          VB_ERROR_UNSUPPORTED, "qemu-pr-helper", NULL },
        { "transient", DISK("vda", "virtio", "<transient/>"), VB_ERROR_UNSUPPORTED, "<transient>", NULL },
        { "rawio",
          "<disk type='block' device='lun' rawio='yes'><source dev='/dev/a'/><target dev='sda'/></disk>",
          VB_ERROR_UNSUPPORTED, "rawio='yes'", NULL },
        { "lun-tune", KIND("lun", "sda", "scsi", "<iotune><total_iops_sec>1</total_iops_sec></iotune>"),
          VB_ERROR_UNSUPPORTED, "cannot be limited", NULL },
        { "backing",
          DISK("vda", "virtio",
               "<driver type='qcow2'/><backingStore type='volume'><format type='raw'/>"
               "<source pool='p' volume='v'/></backingStore>"),
          VB_ERROR_UNSUPPORTED, "type='volume'", NULL },
};

static void test_start_refusal(gconstpointer data)
{
        const Refusal *refusal = data;
        g_auto(Fixture) fixture = { 0 };
        g_autoptr(GError) error = NULL;

        complete(&fixture, refusal->devices, "pc", &error);
        g_assert_no_error(error);
        g_assert_false(vb_argv_check_start(fixture.def, &error));
        g_assert_error(error, VB_ERROR, (int) refusal->code);
        g_assert_nonnull(strstr(error->message, refusal->message));
}

static void test_start(void)
{
        g_auto(Fixture) fixture = { 0 };
        g_autoptr(GError) error = NULL;

        complete(&fixture, DISK("vda", "virtio", ""), "pc", &error);
        g_assert_no_error(error);
        g_assert_true(vb_argv_check_start(fixture.def, &error));
        g_assert_no_error(error);
}

static void add_options(GString *text, const Fixture *fixture, const VbDevice *device)
{
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = vb_argv_build_device(fixture->def, device,
                                                  &(VbArgvContext){ .monitor_fd = -1,
                                                                    .sockets_dir = "/run/d/sockets",
                                                                    .emulator = fixture->emulator,
                                                                    .machine = fixture->machine },
                                                  &error);

        g_assert_no_error(error);
        for (char **arg = argv; *arg; arg++)
                g_string_append_printf(text, "%s\n", *arg);
}

static bool is_shown(const VbDevice *device)
{
        return device->kind == VB_DEVICE_DISK || device->kind == VB_DEVICE_FILESYSTEM;
}

static char *show(const Fixture *fixture)
{
        GString *text = g_string_new(NULL);

        for (int pass = 0; pass < 2; pass++)
                for (guint i = 0; i < fixture->def->devices->len; i++) {
                        const VbDevice *device = g_ptr_array_index(fixture->def->devices, i);

                        if (is_shown(device) && pass == 0) {
                                g_autofree char *xml = vb_device_format(device);

                                g_string_append(text, xml);
                        } else if (is_shown(device)) {
                                add_options(text, fixture, device);
                        }
                }
        return g_string_free(text, FALSE);
}

static void test_file(gconstpointer data)
{
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "disk", (const char *) data, NULL);
        g_autofree char *expected_path = g_strdup_printf("%.*sexp", (int) strlen(path) - 3, path);
        g_autofree char *devices = NULL, *shown = NULL, *expected = NULL, *once = NULL, *twice = NULL;
        g_auto(Fixture) fixture = { 0 };
        g_autoptr(VbDomainDef) again = NULL, copy = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(g_file_get_contents(path, &devices, NULL, NULL));
        complete(&fixture, devices, strstr(data, "q35") ? "q35" : "pc", &error);
        g_assert_no_error(error);
        copy = vb_domain_def_copy(fixture.def);
        vb_domain_def_free(g_steal_pointer(&fixture.def));
        fixture.def = g_steal_pointer(&copy);
        shown = show(&fixture);
        if (g_getenv("VIRTBUS_REGENERATE"))
                g_assert_true(g_file_set_contents(expected_path, shown, -1, NULL));
        g_assert_true(g_file_get_contents(expected_path, &expected, NULL, NULL));
        g_assert_cmpstr(shown, ==, expected);

        once = vb_domain_def_format(fixture.def);
        again = vb_domain_def_parse(once, strlen(once), &error);
        g_assert_no_error(error);
        g_assert_true(vb_domain_def_complete(again, fixture.emulator, fixture.machine, &error));
        twice = vb_domain_def_format(again);
        g_assert_cmpstr(once, ==, twice);
}

/* Whatever an alias is, names of block nodes have at most 31 characters and are all different. */
static void test_node_names(void)
{
        g_auto(Fixture) fixture = { 0 };
        g_autoptr(GString) devices = g_string_new(NULL);
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GError) error = NULL;
        static const char *const aliases[] = { "ua-a",
                                               "ua-a-storage1",
                                               "ua-12345678901234567",
                                               "ua-123456789012345678",
                                               "ua-a-1",
                                               "ua-1234567890123456789012345678901234567890" };

        for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++)
                g_string_append_printf(
                        devices,
                        "<disk><driver type='qcow2' copy_on_read='on'/><source file='/a'><slices><slice "
                        "type='storage' offset='1' size='2'/></slices></source><backingStore type='file' "
                        "index='999'><format type='qcow2'/><source file='/b'/><backingStore "
                        "type='file'><format "
                        "type='raw'/><source file='/c'/><backingStore/></backingStore></backingStore><target "
                        "dev='vd%c'/><iotune><total_iops_sec>1</total_iops_sec></iotune><alias "
                        "name='%s'/></disk>",
                        'a' + (int) i, aliases[i]);
        complete(&fixture, devices->str, "pc", &error);
        g_assert_no_error(error);
        for (guint i = 0; i < fixture.def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(fixture.def->devices, i);
                g_autoptr(GString) text = g_string_new(NULL);

                if (device->kind != VB_DEVICE_DISK)
                        continue;
                add_options(text, &fixture, device);
                for (const char *at = text->str; (at = strstr(at, "\"node-name\":\""));) {
                        char *name;

                        at += strlen("\"node-name\":\"");
                        name = g_strndup(at, strcspn(at, "\""));
                        g_assert_cmpuint(strlen(name), <=, 31);
                        g_assert_true(g_hash_table_add(names, name));
                }
        }
        /* Three images with a storage node each, one slice, a limit and a copier. */
        g_assert_cmpuint(g_hash_table_size(names), ==, G_N_ELEMENTS(aliases) * 9);
}

static void add_refusals(const char *prefix, const Refusal *rows, gsize n, GTestDataFunc run)
{
        for (gsize i = 0; i < n; i++) {
                g_autofree char *name = g_strconcat(prefix, rows[i].name, NULL);

                g_test_add_data_func(name, &rows[i], run);
        }
}

int main(int argc, char **argv)
{
        g_autofree char *path = NULL;
        g_autoptr(GDir) dir = NULL;

        g_test_init(&argc, &argv, NULL);
        add_refusals("/disk/refuse/", refusals, G_N_ELEMENTS(refusals), test_refusal);
        add_refusals("/disk/refuse-start/", start_refusals, G_N_ELEMENTS(start_refusals), test_start_refusal);
        g_test_add_func("/disk/start", test_start);
        g_test_add_func("/disk/node-names", test_node_names);
        path = g_test_build_filename(G_TEST_DIST, "data", "disk", NULL);
        dir = g_dir_open(path, 0, NULL);
        g_assert_nonnull(dir);
        for (const char *file; (file = g_dir_read_name(dir));) {
                g_autofree char *name = g_strconcat("/disk/file/", file, NULL);

                if (g_str_has_suffix(file, ".xml"))
                        g_test_add_data_func_full(name, g_strdup(file), test_file, g_free);
        }
        return g_test_run();
}
