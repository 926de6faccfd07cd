/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Graphics, sound, input and the many small classes of device: what is wrong with them is refused with the
 * right error, line and name, and what libvirt's format has several ways to say ends in one. */
#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "util/error.h"

static VbDomainDef *complete_in(const char *domain, const char *devices, const char *machine, GError **error)
{
        g_autofree char *text = g_strdup_printf("<domain type='qemu'>\n<name>d</name>%s\n"
                                                "<memory>262144</memory>\n"
                                                "<os><type machine='%s'>hvm</type></os>\n"
                                                "<devices>%s</devices>\n</domain>",
                                                domain, machine ? machine : "q35", devices);
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) facts = NULL;

        if (!def)
                return NULL;
        facts = test_machine_facts(def->os.machine);
        g_assert_nonnull(facts);
        return vb_domain_def_complete(def, emulator, facts, error) ? g_steal_pointer(&def) : NULL;
}

static VbDomainDef *complete(const char *devices, const char *machine, GError **error)
{
        return complete_in("", devices, machine, error);
}

typedef struct {
        const char *name;
        const char *devices; /* in line 5 */
        VbError code;
        const char *message; /* a part of it */
        const char *machine; /* NULL: "q35" */
} RefuseCase;

static const RefuseCase refuse_cases[] = {
        { "graphics-desktop", "<graphics type='desktop'/>", VB_ERROR_UNSUPPORTED,
          "line 5: <graphics>: type='desktop'", NULL },
        { "graphics-rdp", "<graphics type='rdp'/>", VB_ERROR_UNSUPPORTED, "type='rdp'", NULL },
        { "graphics-two", "<graphics type='vnc'/>\n<graphics type='vnc'/>", VB_ERROR_UNSUPPORTED,
          "line 6: <graphics> graphics1: QEMU has one server of a type", NULL },
        { "graphics-displays", "<graphics type='sdl'/><graphics type='dbus'/>", VB_ERROR_UNSUPPORTED,
          "one display, and there is a sdl already", NULL },
        { "graphics-port", "<graphics type='vnc' port='x'/>", VB_ERROR_INVALID_XML, "port='x'", NULL },
        { "graphics-port-low", "<graphics type='vnc' port='80'/>", VB_ERROR_INVALID_XML,
          "port='80': VNC has the ports from 5900", NULL },
        { "graphics-port-none", "<graphics type='vnc' autoport='no'/>", VB_ERROR_INVALID_XML, "port='0'",
          NULL },
        { "graphics-listen",
          "<graphics type='vnc' listen='::'><listen type='address' address='::1'/></graphics>",
          VB_ERROR_INVALID_XML, "listen='::' is not the address of the first <listen>, '::1'", NULL },
        { "graphics-listen-type", "<graphics type='vnc'><listen address='::1'/></graphics>",
          VB_ERROR_INVALID_XML, "<listen>: the attribute 'type' is missing", NULL },
        { "graphics-listen-network", "<graphics type='vnc'><listen type='network'/></graphics>",
          VB_ERROR_INVALID_XML, "'network' is missing", NULL },
        { "graphics-listen-many",
          "<graphics type='vnc'><listen type='socket' socket='/a'/><listen type='socket' socket='/b'/>"
          "<listen type='socket' socket='/c'/><listen type='socket' socket='/d'/>"
          "<listen type='socket' socket='/e'/></graphics>",
          VB_ERROR_INVALID_XML, "more than 4", NULL },
        { "graphics-listen-none",
          "<graphics type='vnc'><listen type='none'/><listen type='socket'/></graphics>",
          VB_ERROR_INVALID_XML, "exclude each other", NULL },
        { "graphics-password-long", "<graphics type='vnc' passwd='123456789'/>", VB_ERROR_INVALID_XML,
          "passwd='' is longer than the 8", NULL },
        { "graphics-password-until", "<graphics type='vnc' passwd='a' passwdValidTo='2030'/>",
          VB_ERROR_INVALID_XML, "passwdValidTo='2030'", NULL },
        { "graphics-connected", "<graphics type='vnc' passwd='a' connected='fail'/>", VB_ERROR_UNSUPPORTED,
          "connected='fail'", NULL },
        { "graphics-keymap", "<graphics type='vnc' keymap='../../x'/>", VB_ERROR_INVALID_XML, "no keymap",
          NULL },
        { "graphics-audio", "<graphics type='vnc'><audio id='7'/></graphics>", VB_ERROR_INVALID_XML,
          "there is no <audio> with this id", NULL },
        { "spice-two-listens",
          "<graphics type='spice' port='5900'><listen type='address'/><listen type='socket'/></graphics>",
          VB_ERROR_UNSUPPORTED, "only one <listen>", NULL },
        { "spice-tls", "<graphics type='spice' tlsPort='5901'/>", VB_ERROR_UNSUPPORTED, "certificates",
          NULL },
        { "spice-secure",
          "<graphics type='spice' autoport='yes'><channel name='main' mode='secure'/></graphics>",
          VB_ERROR_UNSUPPORTED, "certificates", NULL },
        { "spice-channel", "<graphics type='spice'><channel name='tv' mode='any'/></graphics>",
          VB_ERROR_INVALID_XML, "<channel>: name='tv'", NULL },
        { "spice-channel-mode", "<graphics type='spice'><channel name='main'/></graphics>",
          VB_ERROR_INVALID_XML, "'mode' is missing", NULL },
        { "spice-image", "<graphics type='spice'><image compression='zip'/></graphics>", VB_ERROR_INVALID_XML,
          "compression='zip'", NULL },
        { "spice-filetransfer", "<graphics type='spice'><filetransfer/></graphics>", VB_ERROR_INVALID_XML,
          "'enable' is missing", NULL },
        { "vnc-gl", "<graphics type='vnc'><gl enable='yes'/></graphics>", VB_ERROR_INVALID_XML,
          "<gl> in <graphics>", NULL },

        { "audio-coreaudio", "<audio id='1' type='coreaudio'/>", VB_ERROR_UNSUPPORTED, "type='coreaudio'",
          NULL },
        { "audio-no-id", "<audio type='none'/>", VB_ERROR_INVALID_XML, "'id' is missing", NULL },
        { "audio-twice", "<audio id='1' type='none'/>\n<audio id='1' type='alsa'/>", VB_ERROR_INVALID_XML,
          "line 6: <audio> audio1: id='1'", NULL },
        { "audio-spice", "<audio id='1' type='spice'/>", VB_ERROR_INVALID_XML,
          "needs a <graphics type='spice'>", NULL },
        { "audio-settings", "<audio id='1' type='alsa'><input><settings frequency='44100'/></input></audio>",
          VB_ERROR_INVALID_XML, "fixedSettings='yes' of <input>", NULL },
        { "audio-engine", "<audio id='1' type='alsa'><output mixingEngine='no' fixedSettings='yes'/></audio>",
          VB_ERROR_INVALID_XML, "needs mixingEngine='yes'", NULL },
        { "audio-format",
          "<audio id='1' type='none'><input mixingEngine='yes' fixedSettings='yes'><settings "
          "format='s7'/></input></audio>",
          VB_ERROR_INVALID_XML, "format='s7'", NULL },
        { "audio-other-backend", "<audio id='1' type='alsa' serverName='x'/>", VB_ERROR_INVALID_XML,
          "'serverName'", NULL },

        { "sound-none", "<sound/>", VB_ERROR_INVALID_XML, "'model' is missing", NULL },
        { "sound-ich7", "<sound model='ich7'/>", VB_ERROR_UNSUPPORTED, "model='ich7'", NULL },
        { "sound-audio", "<sound model='ich6'><audio id='3'/></sound>", VB_ERROR_INVALID_XML,
          "<sound>: <audio id='3'/>", NULL },
        { "sound-codec", "<sound model='ich6'><codec type='x'/></sound>", VB_ERROR_INVALID_XML,
          "<codec>: type='x'", NULL },
        { "sound-no-codec", "<sound model='ac97'><codec type='duplex'/></sound>", VB_ERROR_INVALID_XML,
          "<codec> in <sound>", NULL },
        { "sound-pcspk", "<sound model='pcspk'/>", VB_ERROR_UNSUPPORTED, "no PC speaker", "q35" },

        { "input-ps2-tablet", "<input type='tablet' bus='ps2'/>", VB_ERROR_UNSUPPORTED, "no PS/2 tablets",
          NULL },
        { "input-model", "<input type='mouse' bus='usb' model='virtio'/>", VB_ERROR_INVALID_XML,
          "for the virtio bus only", NULL },
        { "input-transitional", "<input type='mouse' bus='virtio' model='virtio-transitional'/>",
          VB_ERROR_UNSUPPORTED, "model='virtio-transitional'", NULL },
        { "input-xen", "<input type='mouse' bus='xen'/>", VB_ERROR_UNSUPPORTED, "bus='xen'", NULL },
        { "input-passthrough-source", "<input type='passthrough' bus='virtio'/>", VB_ERROR_INVALID_XML,
          "<source evdev='...'/> is missing", NULL },
        { "input-passthrough-usb", "<input type='passthrough' bus='usb'><source evdev='/dev/x'/></input>",
          VB_ERROR_UNSUPPORTED, "bus='usb'", NULL },
        { "input-evdev-source", "<input type='evdev'/>", VB_ERROR_INVALID_XML,
          "<source dev='...'/> is missing", NULL },
        { "input-evdev-relative", "<input type='evdev'><source dev='event1'/></input>", VB_ERROR_INVALID_XML,
          "'event1' is not an absolute path", NULL },
        { "input-evdev-bus", "<input type='evdev' bus='usb'><source dev='/dev/x'/></input>",
          VB_ERROR_INVALID_XML, "attribute 'bus'", NULL },
        { "input-evdev-grab", "<input type='evdev'><source dev='/dev/x' grab='some'/></input>",
          VB_ERROR_INVALID_XML, "grab='some'", NULL },
        { "input-source", "<input type='mouse' bus='usb'><source evdev='/dev/x'/></input>",
          VB_ERROR_INVALID_XML, "<source> in <input>", NULL },

        { "hub-type", "<hub type='pci'/>", VB_ERROR_INVALID_XML, "type='pci'", NULL },

        { "video-xen", "<video><model type='xen'/></video>", VB_ERROR_UNSUPPORTED, "type='xen'", NULL },
        { "video-primary",
          "<video><model type='qxl' primary='yes'/></video>\n<video><model type='qxl' "
          "primary='yes'/></video>",
          VB_ERROR_INVALID_XML, "<video>: only one card", NULL },
        { "video-second", "<video><model type='qxl'/></video><video><model type='ramfb'/></video>",
          VB_ERROR_UNSUPPORTED, "a ramfb can only be the primary card", NULL },
        { "video-heads", "<video><model type='vga' heads='2'/></video>", VB_ERROR_INVALID_XML, "heads=''",
          NULL },
        { "video-3d", "<video><model type='qxl'><acceleration accel3d='yes'/></model></video>",
          VB_ERROR_INVALID_XML, "accel3d='yes' is not for the model qxl", NULL },
        { "video-resolution", "<video><model type='cirrus'><resolution x='8' y='8'/></model></video>",
          VB_ERROR_INVALID_XML, "<resolution> is not for", NULL },
        { "video-resolution-half", "<video><model type='vga'><resolution x='8'/></model></video>",
          VB_ERROR_INVALID_XML, "<resolution>: the attribute 'y' is missing", NULL },
        { "video-vgamem", "<video><model type='qxl' vgamem='512'/></video>", VB_ERROR_INVALID_XML,
          "vgamem='' is not a power of two of at least 1 MiB", NULL },
        { "video-vram", "<video><model type='vga' vram='512'/></video>", VB_ERROR_INVALID_XML,
          "less than 1 MiB", NULL },
        { "video-blob", "<video><model type='vga' blob='on'/></video>", VB_ERROR_INVALID_XML, "blob=''",
          NULL },
        { "video-vhostuser", "<video><driver name='vhostuser'/><model type='vga'/></video>",
          VB_ERROR_INVALID_XML, "vhostuser", NULL },
        { "video-virtio-option", "<video><driver packed='on'/><model type='vga'/></video>",
          VB_ERROR_INVALID_XML, "an option of virtio's", NULL },

        { "watchdog-none", "<watchdog/>", VB_ERROR_INVALID_XML, "'model' is missing", NULL },
        { "watchdog-diag288", "<watchdog model='diag288'/>", VB_ERROR_UNSUPPORTED, "has no device diag288",
          NULL },
        { "watchdog-itco", "<watchdog model='itco'/>", VB_ERROR_UNSUPPORTED, "has no ICH9", "pc" },
        { "watchdog-two", "<watchdog model='i6300esb'/>\n<watchdog model='ib700'/>", VB_ERROR_UNSUPPORTED,
          "line 6: <watchdog>: there is another watchdog, a i6300esb", NULL },
        { "watchdog-actions", "<watchdog model='itco' action='pause'/><watchdog model='i6300esb'/>",
          VB_ERROR_UNSUPPORTED, "of the first is 'pause'", NULL },
        { "watchdog-address", "<watchdog model='ib700'><address type='isa' iobase='0x443'/></watchdog>",
          VB_ERROR_INVALID_ADDRESS, "no address of its own", NULL },

        { "balloon-xen", "<memballoon model='xen'/>", VB_ERROR_UNSUPPORTED, "model='xen'", NULL },
        { "balloon-two", "<memballoon model='virtio'/><memballoon model='virtio'/>", VB_ERROR_INVALID_XML,
          "only one of these", NULL },

        { "panic-pseries", "<panic model='pseries'/>", VB_ERROR_UNSUPPORTED, "no firmware of Power's", NULL },
        { "panic-s390", "<panic model='s390'/>", VB_ERROR_UNSUPPORTED, "is no S/390", NULL },
        { "panic-two", "<panic model='isa'/>\n<panic/>", VB_ERROR_INVALID_XML,
          "line 6: <panic>: there is another one with model='isa'", NULL },
        { "hostdev-mode", "<hostdev mode='capabilities' type='misc'><source/></hostdev>",
          VB_ERROR_UNSUPPORTED, "mode='capabilities'", NULL },
        { "hostdev-type", "<hostdev mode='subsystem' type='x'><source/></hostdev>", VB_ERROR_INVALID_XML,
          "type='x'", NULL },
        { "hostdev-source", "<hostdev mode='subsystem' type='pci'/>", VB_ERROR_INVALID_XML,
          "<source> is missing", NULL },
        { "hostdev-pci-kvm",
          "<hostdev type='pci'>\n<driver name='kvm'/><source><address bus='1'/></source></hostdev>",
          VB_ERROR_UNSUPPORTED, "line 6: <driver>: name='kvm'", NULL },
        { "hostdev-pci-slot", "<hostdev type='pci'><source><address slot='32'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "slot='32'", NULL },
        { "hostdev-pci-twice",
          "<hostdev type='pci'><source><address bus='6'/></source></hostdev>\n"
          "<hostdev type='pci'><source><address bus='6'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "line 6: <hostdev>: it is the same device", NULL },
        { "hostdev-usb-half", "<hostdev type='usb'><source><vendor id='0x1234'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "belong together", NULL },
        { "hostdev-usb-none", "<hostdev type='usb'><source/></hostdev>", VB_ERROR_INVALID_XML, "are missing",
          NULL },
        { "hostdev-usb-device", "<hostdev type='usb'><source><address bus='1'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "'device' is missing", NULL },
        { "hostdev-usb-zero",
          "<hostdev type='usb'><source><vendor id='0'/><product id='1'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "<vendor>: id='0'", NULL },
        { "hostdev-usb-policy", "<hostdev type='usb'><source startupPolicy='x'/></hostdev>",
          VB_ERROR_INVALID_XML, "startupPolicy='x'", NULL },
        { "hostdev-scsi-adapter", "<hostdev type='scsi'><source/></hostdev>", VB_ERROR_INVALID_XML,
          "<adapter name='...'/>", NULL },
        { "hostdev-scsi-sgio", "<hostdev type='scsi' sgio='unfiltered'><source/></hostdev>",
          VB_ERROR_UNSUPPORTED, "sgio='unfiltered'", NULL },
        { "hostdev-scsi-place",
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/1'><host name='h'/></source>"
          "<address type='drive' unit='1'/></hostdev>\n"
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/2'><host name='h'/></source>"
          "<address type='drive' unit='1'/></hostdev>",
          VB_ERROR_ADDRESS_IN_USE, "it is at the place of", NULL },
        { "hostdev-scsi-auth",
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/1'><host name='h'/>"
          "<auth username='u'><secret type='iscsi'/></auth></source></hostdev>",
          VB_ERROR_INVALID_XML, "a secret is named by either", NULL },
        { "hostdev-scsi-port",
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/1'><host name='h' "
          "port='x'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "<host>: port='x' is not a number", NULL },
        { "hostdev-scsi-unit",
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/x'><host "
          "name='h'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "name='iqn.a:b/x': what follows the '/' is the number of a unit", NULL },
        { "hostdev-scsi-encrypted",
          "<hostdev type='scsi'><source protocol='iscsi' name='iqn.a:b/1'><host name='h'/>"
          "<encryption format='luks'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "<encryption> in <source> is not known", NULL },
        { "hostdev-wwpn", "<hostdev type='scsi_host'><source protocol='vhost' wwpn='naa.6'/></hostdev>",
          VB_ERROR_INVALID_XML, "wwpn='naa.6'", NULL },
        { "hostdev-mdev-model", "<hostdev type='mdev'><source/></hostdev>", VB_ERROR_INVALID_XML,
          "'model' is missing", NULL },
        { "hostdev-mdev-uuid",
          "<hostdev type='mdev' model='vfio-pci'><source><address uuid='1'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "uuid='1' is no UUID", NULL },
        { "hostdev-mdev-display",
          "<hostdev type='mdev' model='vfio-pci' display='on'><source><address "
          "uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
          VB_ERROR_INVALID_XML, "display='on' needs a <graphics>", NULL },
        { "hostdev-mdev-ccw",
          "<hostdev type='mdev' model='vfio-ccw'><source><address "
          "uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
          VB_ERROR_UNSUPPORTED, "has no device vfio-ccw", NULL },

        { "tpm-backend", "<tpm model='tpm-tis'/>", VB_ERROR_INVALID_XML, "<backend type='...'> is missing",
          NULL },
        { "tpm-model", "<tpm model='x'><backend type='emulator'/></tpm>", VB_ERROR_INVALID_XML, "model='x'",
          NULL },
        { "tpm-version", "<tpm model='tpm-crb'><backend type='emulator' version='1.2'/></tpm>",
          VB_ERROR_UNSUPPORTED, "a tpm-crb has version 2.0 only", NULL },
        { "tpm-secret", "<tpm><backend type='emulator'><encryption secret='1'/></backend></tpm>",
          VB_ERROR_INVALID_XML, "<encryption>: secret='1' is no UUID", NULL },
        { "tpm-banks",
          "<tpm><backend type='emulator' "
          "version='1.2'><active_pcr_banks><sha1/></active_pcr_banks></backend></tpm>",
          VB_ERROR_INVALID_XML, "<active_pcr_banks> needs version='2.0'", NULL },
        { "tpm-bank",
          "<tpm><backend type='emulator'><active_pcr_banks><md5/></active_pcr_banks></backend></tpm>",
          VB_ERROR_INVALID_XML, "<md5> in <active_pcr_banks>", NULL },
        { "tpm-two",
          "<tpm><backend type='emulator'/></tpm>\n<tpm model='tpm-crb'><backend type='emulator'/></tpm>",
          VB_ERROR_UNSUPPORTED, "line 6: <tpm>: there is another one", NULL },
        { "tpm-spapr", "<tpm model='tpm-spapr'><backend type='emulator'/></tpm>", VB_ERROR_UNSUPPORTED, "",
          NULL },
        { "tpm-proxy", "<tpm model='spapr-tpm-proxy'><backend type='emulator'/></tpm>", VB_ERROR_INVALID_XML,
          "type='passthrough' only", NULL },
        { "tpm-external", "<tpm><backend type='external'/></tpm>", VB_ERROR_INVALID_XML,
          "<source type='unix'> is missing", NULL },

        { "shmem-name", "<shmem name='a/b'><model type='ivshmem-plain'/></shmem>", VB_ERROR_INVALID_XML,
          "name='a/b'", NULL },
        { "shmem-model", "<shmem name='a'/>", VB_ERROR_UNSUPPORTED, "ivshmem-plain and ivshmem-doorbell",
          NULL },
        { "shmem-old", "<shmem name='a'><model type='ivshmem'/></shmem>", VB_ERROR_UNSUPPORTED,
          "type='ivshmem'", NULL },
        { "shmem-size", "<shmem name='a'><model type='ivshmem-plain'/><size unit='M'>3</size></shmem>",
          VB_ERROR_INVALID_XML, "power of two", NULL },
        { "shmem-small", "<shmem name='a'><model type='ivshmem-plain'/><size unit='K'>512</size></shmem>",
          VB_ERROR_INVALID_XML, "at least 1 MiB", NULL },
        { "shmem-server", "<shmem name='a'><model type='ivshmem-doorbell'/></shmem>", VB_ERROR_INVALID_XML,
          "needs a <server", NULL },
        { "shmem-plain-msi", "<shmem name='a'><model type='ivshmem-plain'/><msi/></shmem>",
          VB_ERROR_INVALID_XML, "<msi> in <shmem>", NULL },
        { "shmem-doorbell-size",
          "<shmem name='a'><model type='ivshmem-doorbell'/><server/><size unit='M'>4</size></shmem>",
          VB_ERROR_INVALID_XML, "<size> in <shmem>", NULL },

        { "iommu-none", "<iommu/>", VB_ERROR_INVALID_XML, "'model' is missing", NULL },
        { "iommu-pc", "<iommu model='intel'/>", VB_ERROR_UNSUPPORTED, "is no PC with PCI Express", "pc" },
        { "iommu-smmu", "<iommu model='smmuv3'/>", VB_ERROR_UNSUPPORTED, "no place for an SMMU", NULL },
        { "iommu-virtio-pc", "<iommu model='virtio'/>", VB_ERROR_UNSUPPORTED, "has no PCI Express", "pc" },
        { "iommu-virtio-acpi", "<iommu model='virtio'/>", VB_ERROR_UNSUPPORTED, "by ACPI, which is off",
          NULL },
        { "iommu-virtio-driver", "<iommu model='virtio'><driver intremap='on'/></iommu>",
          VB_ERROR_UNSUPPORTED, "<driver> in <iommu>", NULL },
        { "iommu-intremap", "<iommu model='intel'><driver intremap='on'/></iommu>", VB_ERROR_INVALID_XML,
          "<ioapic driver='qemu'/>", NULL },
        { "iommu-eim", "<iommu model='intel'><driver eim='on'/></iommu>", VB_ERROR_INVALID_XML,
          "eim='on' needs intremap='on'", NULL },
        { "iommu-two", "<iommu model='intel'/><iommu model='intel'/>", VB_ERROR_INVALID_XML,
          "only one of these", NULL },
        { "iommu-address", "<iommu model='intel'><address type='pci' slot='5'/></iommu>",
          VB_ERROR_INVALID_ADDRESS, "no address of its own", NULL },

        { "nvram-pc", "<nvram/>", VB_ERROR_UNSUPPORTED, "no firmware of Power's", NULL },
        { "crypto-backend", "<crypto model='virtio' type='qemu'/>", VB_ERROR_INVALID_XML,
          "<backend model=", NULL },
        { "crypto-model", "<crypto model='x' type='qemu'/>", VB_ERROR_INVALID_XML, "model='x'", NULL },
        { "crypto-queues",
          "<crypto model='virtio' type='qemu'><backend model='builtin' queues='2'/></crypto>",
          VB_ERROR_UNSUPPORTED, "queues='2'", NULL },
        { "lease-key", "<lease><target path='/a'/></lease>", VB_ERROR_INVALID_XML, "<key>", NULL },
        { "panic-hyperv-address", "<panic model='hyperv'><address type='isa' iobase='0x506'/></panic>",
          VB_ERROR_INVALID_ADDRESS, "no address of its own", NULL },
};

static void check_refused(const RefuseCase *row, VbDomainDef *def, const GError *error)
{
        g_assert_null(def);
        g_assert_error(error, VB_ERROR, (int) row->code);
        if (!strstr(error->message, row->message))
                g_error("'%s' is not in '%s'", row->message, error->message);
}

static void test_refuse(gconstpointer data)
{
        const RefuseCase *row = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = complete(row->devices, row->machine, &error);

        check_refused(row, def, error);
}

/* Memory devices, of a domain with two slots for them and a node. */
#define MODULE(model, source, target, more)                                                                  \
        "<memory model='" model "'>" source "<target>" target "</target>" more "</memory>"
#define SIZE "<size unit='MiB'>128</size>"
#define NODE "<node>0</node>"
#define FILE_SOURCE "<source><path>/nv</path></source>"

static const RefuseCase memory_cases[] = {
        { "sgx", MODULE("sgx-epc", "", SIZE, ""), VB_ERROR_UNSUPPORTED, "model='sgx-epc'", NULL },
        { "no-target", "<memory model='dimm'/>", VB_ERROR_INVALID_XML, "<target> is missing", NULL },
        { "no-size", MODULE("dimm", "", NODE, ""), VB_ERROR_INVALID_XML, "<size> is missing", NULL },
        { "no-node", MODULE("dimm", "", SIZE, ""), VB_ERROR_INVALID_XML, "needs a <node>", NULL },
        { "node", MODULE("dimm", "", SIZE "<node>7</node>", ""), VB_ERROR_INVALID_XML, "<node>7</node>",
          NULL },
        { "slots",
          MODULE("dimm", "", SIZE NODE, "") MODULE("dimm", "", SIZE NODE, "")
                  MODULE("dimm", "", SIZE NODE, ""),
          VB_ERROR_NO_FREE_ADDRESS, "all of the 2 slots", NULL },
        { "slot", MODULE("dimm", "", SIZE NODE, "<address type='dimm' slot='2'/>"), VB_ERROR_INVALID_ADDRESS,
          "slot='2'", NULL },
        { "slot-twice",
          MODULE("dimm", "", SIZE NODE, "<address type='dimm' slot='1'/>")
                  MODULE("dimm", "", SIZE NODE, "<address type='dimm' slot='1'/>"),
          VB_ERROR_ADDRESS_IN_USE, "slot='1' is in use", NULL },
        { "slot-missing", MODULE("dimm", "", SIZE NODE, "<address type='dimm' base='0x100000000'/>"),
          VB_ERROR_INVALID_XML, "needs a slot", NULL },
        { "nvdimm-path", MODULE("nvdimm", "", SIZE NODE, ""), VB_ERROR_INVALID_XML,
          "<source><path> is missing", NULL },
        { "nvdimm-uuid",
          "<memory model='nvdimm'><uuid>49545eb3-75e1-2d0a-acdd-f0294406c99e</uuid>" FILE_SOURCE
          "<target>" SIZE NODE "</target></memory>",
          VB_ERROR_UNSUPPORTED, "only Power's modules have a <uuid>", NULL },
        { "nvdimm-label", MODULE("nvdimm", FILE_SOURCE, SIZE NODE "<label><size>64</size></label>", ""),
          VB_ERROR_INVALID_XML, "less than 128 KiB", NULL },
        { "nvdimm-all-label",
          MODULE("nvdimm", FILE_SOURCE, SIZE NODE "<label><size unit='MiB'>128</size></label>", ""),
          VB_ERROR_INVALID_XML, "not smaller than the module", NULL },
        { "dimm-label", MODULE("dimm", "", SIZE NODE "<label><size>128</size></label>", ""),
          VB_ERROR_INVALID_XML, "<label>", NULL },
        { "virtio-mem-block", MODULE("virtio-mem", "", SIZE NODE "<requested>0</requested>", ""),
          VB_ERROR_INVALID_XML, "<block> is not a power of two", NULL },
        { "virtio-mem-block-small",
          MODULE("virtio-mem", "", SIZE NODE "<block>1024</block><requested>0</requested>", ""),
          VB_ERROR_INVALID_XML, "at least 2 MiB", NULL },
        { "virtio-mem-requested",
          MODULE("virtio-mem", "", SIZE NODE "<block>2048</block><requested>1025</requested>", ""),
          VB_ERROR_INVALID_XML, "whole numbers of <block>", NULL },
        { "virtio-mem-more",
          MODULE("virtio-mem", "", SIZE NODE "<block>2048</block><requested unit='MiB'>256</requested>", ""),
          VB_ERROR_INVALID_XML, "the second at most the first", NULL },
        { "virtio-pmem-private", MODULE("virtio-pmem", FILE_SOURCE, SIZE, ""), VB_ERROR_INVALID_XML,
          "access='shared'", NULL },
        { "nodemask", MODULE("dimm", "<source><nodemask>x</nodemask></source>", SIZE NODE, ""),
          VB_ERROR_INVALID_XML, "<nodemask>: 'x'", NULL },
};

static void test_refuse_memory(gconstpointer data)
{
        const RefuseCase *row = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def =
                complete_in("<maxMemory slots='2' unit='GiB'>4</maxMemory><cpu><numa><cell id='0' cpus='0' "
                            "memory='262144'/></numa></cpu>",
                            row->devices, row->machine, &error);

        check_refused(row, def, error);
}

/* Given memory devices in a domain that has no room for any, then they are refused. */
static void test_no_max_memory(void)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = complete(MODULE("dimm", "", SIZE NODE, ""), NULL, &error);

        g_assert_null(def);
        g_assert_nonnull(strstr(error->message, "need a <maxMemory slots=''>"));
}

/* Given a folder that a server shows, when all memory is shared, as each part says itself, or its node, or
 * the domain, then that is accepted, and else refused. */
static void test_shared_memory(void)
{
        static const struct {
                const char *domain, *cell, *module;
                bool shared;
        } rows[] = {
                { "shared", "", "", true },
                { "private", "", "", false },
                { "private", " memAccess='shared'", "", true },
                { "shared", " memAccess='private'", "", false },
                { "shared", "", " access='private'", false },
                { "private", " memAccess='shared'", " access='private'", false },
                { "private", "", " access='shared'", false },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *domain = g_strdup_printf(
                        "<maxMemory slots='2' unit='GiB'>4</maxMemory><memoryBacking><access mode='%s'/>"
                        "</memoryBacking><cpu><numa><cell id='0' cpus='0' memory='262144'%s/></numa></cpu>",
                        rows[i].domain, rows[i].cell);
                g_autofree char *devices = g_strdup_printf(
                        "<memory model='dimm'%s><target>" SIZE NODE "</target></memory>"
                        "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
                        "<source dir='/srv'/><target dir='a'/></filesystem>",
                        rows[i].module);
                g_autoptr(GError) error = NULL;
                g_autoptr(VbDomainDef) def = complete_in(domain, devices, NULL, &error);

                if (rows[i].shared) {
                        g_assert_no_error(error);
                } else {
                        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                        g_assert_nonnull(strstr(error->message, "memory that its server can see"));
                }
        }
}

/* Two ways to say the same, which become the same text. */
typedef struct {
        const char *name, *given, *meant;
} SameCase;

#define SPICE(attributes) "<graphics type='spice'" attributes "/>"

static const SameCase same_cases[] = {
        { "vnc-nothing", "<graphics type='vnc'/>",
          "<graphics type='vnc'><listen type='socket'/></graphics>" },
        { "vnc-port", "<graphics type='vnc' port='-1'/>",
          "<graphics type='vnc' port='-1' autoport='yes'><listen type='address'/></graphics>" },
        { "vnc-chosen-port", "<graphics type='vnc' port='5907' autoport='yes'/>",
          "<graphics type='vnc' autoport='yes'/>" },
        { "vnc-listen", "<graphics type='vnc' port='5901' listen='::'/>",
          "<graphics type='vnc' port='5901'><listen type='address' address='::'/></graphics>" },
        { "vnc-socket", "<graphics type='vnc' socket='/run/a'/>",
          "<graphics type='vnc' port='5901'><listen type='socket' socket='/run/a'/></graphics>" },
        { "vnc-password", "<graphics type='vnc' passwd='secret'/>", "<graphics type='vnc' passwd=''/>" },
        { "spice-nothing", SPICE(""), "<graphics type='spice'><listen type='none'/></graphics>" },
        { "spice-no-port", "<graphics type='spice' listen='1.2.3.4'/>", SPICE("") },
        { "spice-auto", SPICE(" port='-1' tlsPort='-1'"), SPICE(" autoport='yes'") },
        { "spice-any",
          "<graphics type='spice' defaultMode='any'><channel name='main' mode='any'/></graphics>",
          SPICE("") },
        { "audio-implied", "<sound model='ich6'/>", "<sound model='ich6'/><audio id='1' type='none'/>" },
        { "audio-spice", SPICE(""), SPICE("") "<audio id='1' type='spice'/>" },
        { "input-passthrough", "<input type='passthrough'><source evdev='/dev/x'/></input>",
          "<input type='passthrough' bus='virtio'><source evdev='/dev/x'/></input>" },
        { "watchdog-action", "<watchdog model='i6300esb'/>", "<watchdog model='i6300esb' action='reset'/>" },
        { "panic-model", "<panic/>", "<panic model='isa'/>" },
        { "balloon-none", "<memballoon model='none'><stats period='0'/></memballoon>",
          "<memballoon model='none'/>" },
};

static char *canonical(const char *devices)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = complete(devices, NULL, &error);

        g_assert_no_error(error);
        strcpy(def->uuid, "a6a42d6a-4e4a-4a0e-a2b0-1a3a4a4a4a4a");
        return vb_domain_def_format(def);
}

static void test_same(gconstpointer data)
{
        const SameCase *row = data;
        g_autofree char *given = canonical(row->given), *meant = canonical(row->meant);

        g_assert_cmpstr(given, ==, meant);
        g_assert_null(strstr(given, "secret"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(refuse_cases); i++) {
                g_autofree char *name = g_strdup_printf("/conf/misc/refuse/%s", refuse_cases[i].name);

                g_test_add_data_func(name, &refuse_cases[i], test_refuse);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(memory_cases); i++) {
                g_autofree char *name = g_strdup_printf("/conf/misc/refuse/memory-%s", memory_cases[i].name);

                g_test_add_data_func(name, &memory_cases[i], test_refuse_memory);
        }
        g_test_add_func("/conf/misc/refuse/memory-no-max-memory", test_no_max_memory);
        g_test_add_func("/conf/misc/shared-memory", test_shared_memory);
        for (gsize i = 0; i < G_N_ELEMENTS(same_cases); i++) {
                g_autofree char *name = g_strdup_printf("/conf/misc/same/%s", same_cases[i].name);

                g_test_add_data_func(name, &same_cases[i], test_same);
        }
        return g_test_run();
}
