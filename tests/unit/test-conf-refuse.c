/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in a definition is refused with the right error, its line, and a message that names it. */
#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "util/error.h"

typedef struct {
        const char *name;
        const char *devices; /* below <devices>, which is in line 7 */
        VbError code;
        const char *message; /* a part of it */
        const char *machine; /* NULL: "pc" */
} DeviceCase;

#define PCI(bus, slot, function)                                                                             \
        "<address type='pci' domain='0' bus='" bus "' slot='" slot "' function='" function "'/>"
#define NET(more) "<interface type='user'>" more "</interface>\n"
#define DISK(dev, bus, more)                                                                                 \
        "<disk type='file'><source file='/a'/><target dev='" dev "' bus='" bus "'/>" more "</disk>\n"

#define SCSI_HOSTDEV(model, address)                                                                         \
        "<controller type='scsi' index='0' model='" model                                                    \
        "'/><hostdev mode='subsystem' type='scsi'><source>"                                                  \
        "<adapter name='scsi_host0'/><address bus='0' target='0' unit='1'/></source>"                        \
        "<address type='drive' " address "/></hostdev>"

static const DeviceCase device_cases[] = {
        { "unknown-device", "\n<toaster/>", VB_ERROR_INVALID_XML,
          "line 8: <toaster> in <devices> is not known; accepted "
          "here: emulator, disk, controller",
          NULL },
        { "later-device", "<launcher/>", VB_ERROR_INVALID_XML, "line 7: <launcher> in <devices> is not known",
          NULL },
        { "unknown-attribute", NET("<model type='virtio' colour='red'/>"), VB_ERROR_INVALID_XML,
          "line 7: <model> has an attribute 'colour' that is not known; accepted here: type", NULL },
        { "later-attribute", DISK("vda", "virtio", "<boot order='1' loadparm='1'/>"), VB_ERROR_UNSUPPORTED,
          "the attribute 'loadparm' of <boot> is not supported", NULL },
        { "later-address", NET("<address type='pci'><zpci uid='0x1' fid='0x2'/></address>"),
          VB_ERROR_UNSUPPORTED, "<zpci> in <address> is not supported", NULL },
        { "unknown-child", "<memballoon model='virtio'>\n<helium/></memballoon>", VB_ERROR_INVALID_XML,
          "line 8: <helium> in <memballoon> is not known", NULL },
        { "child-twice", NET("<mac address='52:54:00:00:00:01'/>\n<mac address='52:54:00:00:00:02'/>"),
          VB_ERROR_INVALID_XML, "line 8: <mac> is given twice in <interface>", NULL },
        { "stray-text", NET("hello"), VB_ERROR_INVALID_XML, "line 7: <interface> has text where none belongs",
          NULL },
        { "namespace", NET("<x:mac xmlns:x='urn:y' address='1'/>"), VB_ERROR_UNSUPPORTED, "namespace 'urn:y'",
          NULL },
        { "attribute-namespace", "<memballoon xmlns:x='urn:y' model='virtio' x:model='none'/>",
          VB_ERROR_INVALID_XML, "'x:model'", NULL },
        { "unknown-word", "<input type='joystick'/>", VB_ERROR_INVALID_XML,
          "line 7: <input>: type='joystick' is not known; accepted: mouse, tablet, keyboard", NULL },
        { "later-word", "<disk type='vhostvdpa'/>", VB_ERROR_UNSUPPORTED, "type='vhostvdpa' is not supported",
          NULL },
        { "missing-attribute", "<controller index='0'/>", VB_ERROR_INVALID_XML,
          "the attribute 'type' is missing", NULL },
        { "number", "<controller type='usb' index='zero'/>", VB_ERROR_INVALID_XML,
          "index='zero' is not a number", NULL },
        { "number-range", "<controller type='usb' index='256'/>", VB_ERROR_INVALID_XML, "from 0 to 255",
          NULL },
        { "number-negative", "<controller type='usb' index='-1'/>", VB_ERROR_INVALID_XML, "index='-1'",
          NULL },
        { "number-overflow", "<controller type='usb' index='18446744073709551616'/>", VB_ERROR_INVALID_XML,
          "index=", NULL },

        { "rom-twofold", NET("<rom enabled='no' file='/a.rom'/>"), VB_ERROR_INVALID_XML, "exclude each other",
          NULL },
        { "rom-relative", NET("<rom file='a.rom'/>"), VB_ERROR_INVALID_XML, "'a.rom' is not an absolute path",
          NULL },
        { "rom-usb", NET("<model type='usb-net'/><rom bar='on'/>"), VB_ERROR_UNSUPPORTED,
          "only PCI devices have a <rom>", NULL },
        { "acpi-index-usb", NET("<model type='usb-net'/><acpi index='1'/>"), VB_ERROR_UNSUPPORTED,
          "only PCI devices have an <acpi index>", NULL },
        { "acpi-index-zero", NET("<acpi index='0'/>"), VB_ERROR_INVALID_XML,
          "<acpi>: index='0' is not a number from 1", NULL },
        { "usb-port-empty", "<input type='mouse' bus='usb'><address type='usb' bus='0' port=''/></input>",
          VB_ERROR_INVALID_XML, "<address>: port='' is empty", NULL },
        { "acceleration-empty", "<video><model type='virtio'><acceleration/></model></video>",
          VB_ERROR_INVALID_XML, "<acceleration>: accel3d='yes' or accel3d='no' is missing", NULL },
        { "disk-reconnect-no-timeout",
          "<disk type='vhostuser'><source type='unix' path='/s'><reconnect enabled='yes'/></source>"
          "<target dev='vda' bus='virtio'/></disk>",
          VB_ERROR_INVALID_XML, "<reconnect>: enabled='yes' needs timeout='...'", NULL },
        { "hole-unit",
          "<controller type='pci' index='0' model='pci-root'><pcihole64 "
          "unit='acre'>0</pcihole64></controller>",
          VB_ERROR_INVALID_XML, "<pcihole64>: unit='acre' is not known", NULL },
        { "audio-fixed-unmixed", "<audio id='1' type='alsa'><input fixedSettings='yes'/></audio>",
          VB_ERROR_INVALID_XML, "<input>: fixedSettings='yes' needs mixingEngine='yes'", NULL },
        { "virtualport-no-type",
          "<interface type='bridge'><source bridge='b'/><virtualport><parameters "
          "interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport></interface>",
          VB_ERROR_INVALID_XML, "<virtualport>: the attribute 'type' is missing", NULL },
        { "isa-place-octal", "<panic model='isa'><address type='isa' iobase='5o5'/></panic>",
          VB_ERROR_INVALID_XML, "iobase='5o5' is not a hexadecimal number from 0 to 0xffff", NULL },
        { "acpi-index-twice", NET("<acpi index='1'/>") NET("<acpi index='1'/>"), VB_ERROR_INVALID_XML,
          "line 8: <interface> net1: another device has the ACPI index 1", NULL },
        { "controller-iothread",
          "<controller type='scsi' index='0' model='virtio-scsi'><driver iothread='9'/></controller>",
          VB_ERROR_INVALID_XML,
          "<controller>: <driver iothread='9'>: <iothreads> and <iothreadids> have no such", NULL },
        { "controller-node",
          "<controller type='pci' index='1' "
          "model='pci-expander-bus'><target><node>3</node></target></controller>",
          VB_ERROR_INVALID_XML, "<node>3</node> is none of the 0 cells of <numa>", NULL },
        { "bridge-on-root",
          "<controller type='pci' index='1' model='pcie-to-pci-bridge'>" PCI("0", "5", "0") "</controller>",
          VB_ERROR_INVALID_ADDRESS, "a pcie-to-pci-bridge", "q35" },
        { "usb-none-and-more",
          "<controller type='usb' model='none'/><controller type='usb' index='1' model='qemu-xhci'/>",
          VB_ERROR_INVALID_XML, "model='none' and other USB controllers exclude each other", NULL },
        { "rendernode", "<video><model type='virtio'><acceleration rendernode='/dev/dri/a'/></model></video>",
          VB_ERROR_INVALID_XML, "line 7: <video>: rendernode='/dev/dri/a' is for", NULL },
        { "ide-absent", DISK("hda", "ide", ""), VB_ERROR_UNSUPPORTED, "no ide controller for hda", "q35" },
        { "ide-second", DISK("hde", "ide", ""), VB_ERROR_UNSUPPORTED, "no ide controller for hde", NULL },
        { "ide-controller", "<controller type='ide' index='0'/>", VB_ERROR_UNSUPPORTED, "no IDE controller",
          "q35" },
        { "ide-model", "<controller type='ide' index='0' model='piix4'/>", VB_ERROR_UNSUPPORTED,
          "has a piix3-ide in its place", NULL },
        { "drive-in-use", DISK("sdb", "scsi", "<address type='drive' unit='0'/>") DISK("sda", "scsi", ""),
          VB_ERROR_ADDRESS_IN_USE, "sdb is at the place of sda", NULL },
        { "drive-unit", DISK("sda", "sata", "<address type='drive' unit='6'/>"), VB_ERROR_INVALID_ADDRESS,
          "units up to 5", NULL },
        { "drive-target", DISK("sda", "scsi", "<address type='drive' target='1'/>"), VB_ERROR_INVALID_ADDRESS,
          "targets up to 0", NULL },
        { "drive-bus", DISK("sda", "scsi", "<address type='drive' bus='1'/>"), VB_ERROR_INVALID_ADDRESS,
          "bus 0 only", NULL },
        { "drive-controller", DISK("sda", "scsi", "<address type='drive' controller='300'/>"),
          VB_ERROR_INVALID_ADDRESS, "up to 255", NULL },
        { "hostdev-target", SCSI_HOSTDEV("lsilogic", "target='1'"), VB_ERROR_INVALID_ADDRESS,
          "line 7: <hostdev>: lsilogic controllers have targets up to 0 and units up to 7", NULL },
        { "hostdev-unit", SCSI_HOSTDEV("lsisas1068", "unit='2'"), VB_ERROR_INVALID_ADDRESS, "units up to 1",
          NULL },
        { "hostdev-no-units", SCSI_HOSTDEV("vmpvscsi", "unit='1'"), VB_ERROR_INVALID_ADDRESS, "units up to 0",
          NULL },
        { "hostdev-bus", SCSI_HOSTDEV("virtio-scsi", "bus='1'"), VB_ERROR_INVALID_ADDRESS, "bus 0 only",
          NULL },
        { "hostdev-controller", SCSI_HOSTDEV("virtio-scsi", "controller='300'"), VB_ERROR_INVALID_ADDRESS,
          "up to 255", NULL },

        { "mac", NET("<mac address='52:54:00:00:00'/>"), VB_ERROR_INVALID_XML, "six hexadecimal numbers",
          NULL },
        { "mac-multicast", NET("<mac address='01:00:00:00:00:01'/>"), VB_ERROR_INVALID_XML, "multicast",
          NULL },

        { "graphics-sockets",
          "<graphics type='vnc' socket='/a'><listen type='socket' socket='/b'/></graphics>",
          VB_ERROR_INVALID_XML, "socket='/a' is not the socket of the first <listen>, '/b'", NULL },

        { "alias-characters", "<memballoon model='virtio'><alias name='ua-a/b'/></memballoon>",
          VB_ERROR_INVALID_XML, "<alias>: name='ua-a/b'", NULL },
        { "alias-twice", NET("<alias name='ua-n'/>") NET("<alias name='ua-n'/>"), VB_ERROR_INVALID_XML,
          "line 8: <interface> ua-n: another device has the same alias", NULL },
        { "boot-order-twice", NET("<boot order='1'/>") NET("<boot order='1'/>"), VB_ERROR_INVALID_XML,
          "line 8: <interface>: another device has the boot order 1", NULL },
        { "boot-of-rng", "<rng model='virtio'><backend model='builtin'/><boot order='1'/></rng>",
          VB_ERROR_INVALID_XML, "<boot> in <rng>", NULL },
        { "two-balloons", "<memballoon model='virtio'/>\n<memballoon model='none'/>", VB_ERROR_INVALID_XML,
          "line 8", NULL },
        { "second-vga", "<video><model type='vga'/></video>\n<video><model type='vga'/></video>",
          VB_ERROR_UNSUPPORTED, "line 8: <video>: a vga can only be the primary card", NULL },
        { "video-none-and-more", "<video><model type='none'/></video><video><model type='qxl'/></video>",
          VB_ERROR_INVALID_XML, "exclude each other", NULL },
        { "video-ram", "<video><model type='vga' ram='1'/></video>", VB_ERROR_INVALID_XML,
          "ram='' is not for the model vga", NULL },
        { "video-heads", "<video><model type='cirrus' heads='2'/></video>", VB_ERROR_INVALID_XML, "heads=''",
          NULL },
        { "video-vgamem", "<video><model type='qxl' vgamem='9000'/></video>", VB_ERROR_INVALID_XML,
          "power of two", NULL },
        { "ps2-tablet", "<input type='tablet' bus='ps2'/>", VB_ERROR_UNSUPPORTED, "PS/2", NULL },

        { "controller-twice", "<controller type='sata' index='1'/>\n<controller type='sata' index='1'/>",
          VB_ERROR_INVALID_XML, "line 8: <controller>: there is another sata controller with index 1", NULL },
        { "controller-model", "<controller type='usb' model='uhci-9000'/>", VB_ERROR_INVALID_XML,
          "model='uhci-9000'", NULL },
        { "controller-model-name",
          "<controller type='pci' index='1' model='pcie-root-port'><model name='ioh9000'/>"
          "</controller>",
          VB_ERROR_INVALID_XML, "name='ioh9000'", "q35" },
        { "controller-target",
          "<controller type='pci' index='1' model='pci-bridge'><target chassis='1'/></controller>",
          VB_ERROR_INVALID_XML, "attribute 'chassis'", NULL },
        { "root-model", "<controller type='pci' index='0' model='pcie-root'/>", VB_ERROR_INVALID_XML,
          "pci-root", NULL },
        { "root-index", "<controller type='pci' index='1' model='pci-root'/>", VB_ERROR_INVALID_XML,
          "index 1", NULL },
        { "root-missing", "<controller type='pci' model='pcie-root-port'/>", VB_ERROR_INVALID_XML,
          "pcie-root-port", "q35" },
        { "companion-alone", "<controller type='usb' index='1' model='ich9-uhci1'/>", VB_ERROR_INVALID_XML,
          "companion of an ich9-ehci1", NULL },
        { "companion-of-other",
          "<controller type='usb' model='ehci' index='0'/><controller type='usb' index='0' "
          "model='ich9-uhci1'/>",
          VB_ERROR_INVALID_XML, "cannot be a companion of a ehci", NULL },
        { "companion-twice",
          "<controller type='usb' model='ich9-ehci1' index='0'/><controller type='usb' index='0' "
          "model='ich9-uhci1'/><controller type='usb' index='0' model='ich9-uhci1'/>",
          VB_ERROR_INVALID_XML, "another usb controller", NULL },
        { "chassis-twice",
          "<controller type='pci' index='1' model='pcie-root-port'><target chassis='3'/></controller>\n"
          "<controller type='pci' index='2' model='pcie-root-port'><target chassis='3'/></controller>",
          VB_ERROR_INVALID_XML, "line 8: <controller>: PCI controller 1 has the same chassis", "q35" },
        { "bus-nr-twice",
          "<controller type='pci' index='1' model='pci-expander-bus'><target busNr='9'/></controller>\n"
          "<controller type='pci' index='2' model='pci-expander-bus'><target busNr='9'/></controller>",
          VB_ERROR_INVALID_XML, "busNr", NULL },
        { "emulator-lacks", "<controller type='usb' model='vt82c686b-uhci'/>", VB_ERROR_UNSUPPORTED,
          "/usr/bin/qemu-system-x86_64 has no device vt82c686b-usb-uhci", NULL },
        { "hotplug-word",
          "<controller type='pci' index='1' model='pcie-root-port'><target hotplug='maybe'/>"
          "</controller>",
          VB_ERROR_INVALID_XML, "hotplug='maybe' is not known; accepted: on, off", "q35" },

        { "pci-in-use", NET(PCI("0", "5", "0") "<alias name='ua-first'/>") NET(PCI("0", "5", "0")),
          VB_ERROR_ADDRESS_IN_USE, "line 8: <interface>: the PCI address 0000:00:05.0 is in use by ua-first",
          NULL },
        { "pci-builtin", NET(PCI("0", "0x1f", "3")), VB_ERROR_ADDRESS_IN_USE, "a part of the machine",
          "q35" },
        { "pci-slot", NET(PCI("0", "32", "0")), VB_ERROR_INVALID_XML, "slot='32'", NULL },
        { "pci-function", NET(PCI("0", "5", "8")), VB_ERROR_INVALID_XML, "function='8'", NULL },
        { "pci-domain", NET("<address type='pci' domain='1' bus='0' slot='5'/>"), VB_ERROR_INVALID_ADDRESS,
          "domain 0", NULL },
        { "pci-port-slot",
          "<controller type='pci' index='1' model='pcie-root-port'/>\n" NET(PCI("1", "1", "0")),
          VB_ERROR_INVALID_ADDRESS,
          "line 8: <interface>: PCI bus 1, a pcie-root-port, has the slots 0x00 to 0x00", "q35" },
        { "pci-bridge-slot-0",
          "<controller type='pci' index='1' model='pci-bridge'/>" NET(PCI("1", "0", "0")),
          VB_ERROR_INVALID_ADDRESS, "slots 0x01 to 0x1f", NULL },
        { "pci-endpoint-in-switch",
          "<controller type='pci' index='1' model='pcie-root-port'/><controller type='pci' "
          "index='2' model='pcie-switch-upstream-port'/>" NET(PCI("2", "0", "0")),
          VB_ERROR_INVALID_ADDRESS, "cannot be plugged into PCI bus 2, a pcie-switch-upstream-port", "q35" },
        { "pci-port-on-pci", "<controller type='pci' index='1' model='pcie-root-port'/>",
          VB_ERROR_NO_FREE_ADDRESS, "no free place for a PCI Express root port", NULL },
        { "pci-downstream-alone", "<controller type='pci' index='1' model='pcie-switch-downstream-port'/>",
          VB_ERROR_NO_FREE_ADDRESS, "downstream port of a switch", "q35" },
        { "pci-controller-in-itself",
          "<controller type='pci' index='1' model='pci-bridge'>" PCI("1", "1", "0") "</controller>",
          VB_ERROR_INVALID_ADDRESS, "only into one with a lower number", NULL },
        { "sata-elsewhere", "<controller type='sata' index='0'>" PCI("0", "3", "0") "</controller>",
          VB_ERROR_INVALID_ADDRESS, "part of the machine, at 0000:00:1f.2", "q35" },
        { "address-type", NET("<address type='usb' bus='0' port='1'/>"), VB_ERROR_INVALID_ADDRESS,
          "of type 'pci', not 'usb'", NULL },
        { "address-type-unknown", NET("<address type='scsi'/>"), VB_ERROR_INVALID_XML, "type='scsi'", NULL },
        { "address-of-none", "<input type='mouse' bus='ps2'>" PCI("0", "5", "0") "</input>",
          VB_ERROR_INVALID_ADDRESS, "no address of its own", NULL },
        { "usb-port", "<input type='tablet'><address type='usb' bus='0' port='3'/></input>",
          VB_ERROR_INVALID_ADDRESS, "has the ports 1 to 2, not 3", NULL },
        { "usb-port-in-use",
          "<input type='tablet'><address type='usb' bus='0' port='1'/></input>\n"
          "<input type='tablet'><address type='usb' bus='0' port='1'/></input>",
          VB_ERROR_ADDRESS_IN_USE, "port 1 of USB controller 0 is in use", NULL },
        { "usb-hub", "<input type='tablet'><address type='usb' bus='0' port='1.1'/></input>",
          VB_ERROR_INVALID_ADDRESS, "no hub", NULL },
        { "usb-bus", "<input type='tablet'><address type='usb' bus='4' port='1'/></input>",
          VB_ERROR_INVALID_ADDRESS, "no USB controller 4", NULL },
        { "usb-port-text", "<input type='tablet'><address type='usb' bus='0' port='1.2.3.4.5'/></input>",
          VB_ERROR_INVALID_XML, "port='1.2.3.4.5'", NULL },
        { "usb-full",
          "<controller type='usb' index='1' model='nec-xhci' ports='1'/>"
          "<input type='tablet'><address type='usb' bus='1'/></input>"
          "\n<input type='tablet'><address type='usb' bus='1'/></input>",
          VB_ERROR_NO_FREE_ADDRESS, "line 8: <input>: every port", NULL },
        { "usb-disabled", "<controller type='usb' model='none'/><input type='tablet'/>", VB_ERROR_UNSUPPORTED,
          "there is no USB controller", NULL },
        { "virtio-serial-port",
          "<console><target type='virtio'/><address type='virtio-serial' port='31'/></console>",
          VB_ERROR_INVALID_ADDRESS, "ports up to 30", NULL },
};

typedef struct {
        const char *name;
        const char *from, *to; /* replaced in a definition that is right */
        VbError code;
        const char *message;
} DomainCase;

static const char right[] = "<domain type='qemu'>\n"
                            "<name>right</name>\n"
                            "<memory>262144</memory>\n"
                            "<vcpu>1</vcpu>\n"
                            "<os><type machine='pc'>hvm</type></os>\n"
                            "<on_poweroff>destroy</on_poweroff>\n"
                            "<devices>%s</devices>\n"
                            "</domain>\n";

static const DomainCase domain_cases[] = {
        { "empty", right, "", VB_ERROR_INVALID_XML, "line 1: Not well-formed" },
        { "no-xml", right, "hello", VB_ERROR_INVALID_XML, "Not well-formed" },
        { "cut-off", "</domain>\n", "", VB_ERROR_INVALID_XML, "Not well-formed" },
        { "other-root", right, "<network/>", VB_ERROR_INVALID_XML,
          "line 1: <network>: the outermost element" },
        { "foreign-type", "'qemu'", "'xen'", VB_ERROR_UNSUPPORTED, "type='xen'" },
        { "no-kvm", "'qemu'", "'kvm'", VB_ERROR_UNSUPPORTED, "KVM cannot be used on this host" },
        { "no-name", "<name>right</name>", "", VB_ERROR_INVALID_XML, "<name> is missing" },
        { "name-empty", "right<", "<", VB_ERROR_INVALID_XML, "line 2: <name>: the name is empty" },
        { "name-slash", "right<", "a/b<", VB_ERROR_INVALID_XML, "contains a '/'" },
        { "name-dots", "right<", "..<", VB_ERROR_INVALID_XML, "name of a directory" },
        { "name-newline", "right<", "a\nb<", VB_ERROR_INVALID_XML, "control character" },
        { "name-control", "right<", "a&#x7f;b<", VB_ERROR_INVALID_XML, "control character" },
        { "name-c1", "right<", "a&#x85;b<", VB_ERROR_INVALID_XML, "control character" },
        { "name-blank", "right<", "  <", VB_ERROR_INVALID_XML, "is blank" },
        { "name-utf8", "right<", "a\xff<", VB_ERROR_INVALID_XML, "not valid UTF-8" },
        { "name-nul", "right<", "a&#0;<", VB_ERROR_INVALID_XML, "Not well-formed" },
        { "name-twice", "<vcpu>1", "<name>x</name><vcpu>1", VB_ERROR_INVALID_XML,
          "line 4: <name> is given twice" },
        { "uuid", "<vcpu>1", "<uuid>123</uuid><vcpu>1", VB_ERROR_INVALID_XML, "32 hexadecimal digits" },
        { "title-lines", "<vcpu>1", "<title>a\nb</title><vcpu>1", VB_ERROR_INVALID_XML,
          "line 4: <title>: this has more than one line" },
        { "no-memory", "<memory>262144</memory>", "", VB_ERROR_INVALID_XML, "<memory> is missing" },
        { "memory-zero", "262144", "0", VB_ERROR_INVALID_XML, "line 3: <memory>: '0'" },
        { "memory-word", "262144", "much", VB_ERROR_INVALID_XML, "'much' is not a positive number" },
        { "memory-unit", "<memory>", "<memory unit='XiB'>", VB_ERROR_INVALID_XML, "unit='XiB'" },
        { "memory-overflow", "<memory>", "<memory unit='EiB'>", VB_ERROR_INVALID_XML, "more than any guest" },
        { "memory-huge", "262144", "18446744073709551615", VB_ERROR_INVALID_XML, "more than any guest" },
        { "vcpus-zero", "<vcpu>1", "<vcpu>0", VB_ERROR_INVALID_XML, "line 4: <vcpu>" },
        { "vcpus-current", "<vcpu>1", "<vcpu current='2'>1", VB_ERROR_INVALID_XML, "current='2'" },
        { "vcpus-many", "<vcpu>1", "<vcpu>256", VB_ERROR_UNSUPPORTED, "at most 255 processors" },
        { "no-os", "<os><type machine='pc'>hvm</type></os>", "", VB_ERROR_INVALID_XML, "<os> is missing" },
        { "os-type", "hvm", "exe", VB_ERROR_UNSUPPORTED, "'exe'" },
        { "os-machine", "machine='pc'", "machine='none'", VB_ERROR_UNSUPPORTED, "no such machine type" },
        { "os-machine-text", "machine='pc'", "machine='pc,accel=kvm'", VB_ERROR_INVALID_XML,
          "'pc,accel=kvm'" },
        { "os-arch", "machine='pc'", "arch='aarch64'", VB_ERROR_UNSUPPORTED, "emulates x86_64" },
        { "os-kernel", "</type>", "</type><kernel>vmlinuz</kernel>", VB_ERROR_INVALID_XML, "absolute path" },
        { "boot-both", "</type>", "</type><boot dev='hd'/>", VB_ERROR_INVALID_XML, "exclude each other" },
        { "feature", "<vcpu>1", "<features><magic/></features><vcpu>1", VB_ERROR_INVALID_XML,
          "<magic> in <features>" },
        { "feature-text", "<vcpu>1", "<features><acpi>x</acpi></features><vcpu>1", VB_ERROR_INVALID_XML,
          "<acpi> has text" },
        { "action-preserve", "destroy<", "preserve<", VB_ERROR_UNSUPPORTED,
          "line 6: <on_poweroff>: 'preserve' is not for this; accepted: destroy, restart" },
        { "tseg", "<vcpu>1", "<features><smm state='on'><tseg unit='MiB'>16</tseg></smm></features><vcpu>1",
          VB_ERROR_UNSUPPORTED, "<tseg> is not for the machine type" },
        { "iothreadpin", "<vcpu>1", "<cputune><iothreadpin iothread='3' cpuset='0'/></cputune><vcpu>1",
          VB_ERROR_INVALID_XML, "line 4: <iothreadpin>: <iothreads> and <iothreadids> have no thread '3'" },
        { "feature-xen", "<vcpu>1", "<features><xen/></features><vcpu>1", VB_ERROR_UNSUPPORTED,
          "<xen> in <features> is not supported" },
        { "useserial-no-port", "</type>", "</type><bios useserial='yes'/>", VB_ERROR_INVALID_XML,
          "line 5: <bios useserial='yes'>: there is no <serial>" },
        { "action", "destroy<", "explode<", VB_ERROR_INVALID_XML, "line 6: <on_poweroff>: 'explode'" },
        { "action-later", "destroy<", "coredump-destroy<", VB_ERROR_UNSUPPORTED, "'coredump-destroy'" },
        { "doctype", "<domain t", "<!DOCTYPE domain [<!ENTITY a 'b'>]>\n<domain t", VB_ERROR_INVALID_XML,
          "line 1: A DOCTYPE and entities are not accepted" },
        { "doctype-external", "<domain t", "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>\n<domain t",
          VB_ERROR_INVALID_XML, "DOCTYPE" },
        { "entity", "right<", "&xxe;<", VB_ERROR_INVALID_XML, "Not well-formed" },
};

static GError *refusal(const char *text, gssize length)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = NULL;
        g_autoptr(VbDomainDef) def = NULL;
        GError *error = NULL;

        def = vb_domain_def_parse(text, length < 0 ? strlen(text) : (gsize) length, &error);
        if (def) {
                machine = test_machine_facts(def->os.machine);
                if (!machine)
                        machine = test_machine_facts(NULL);
                g_assert_false(vb_domain_def_complete(def, emulator, machine, &error));
        }
        g_assert_nonnull(error);
        g_assert_true(error->domain == VB_ERROR);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return error;
}

static void expect(const GError *error, VbError code, const char *message)
{
        if (!strstr(error->message, message))
                g_test_message("expected \"%s\" in \"%s\"", message, error->message);
        g_assert_nonnull(strstr(error->message, message));
        g_assert_cmpint(error->code, ==, code);
}

static char *replace(const char *text, const char *from, const char *to)
{
        g_auto(GStrv) parts = g_strsplit(text, from, 2);

        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        return g_strconcat(parts[0], to, parts[1], NULL);
}

static void test_device(gconstpointer data)
{
        const DeviceCase *test = data;
        g_autofree char *machine =
                replace(right, "machine='pc'", test->machine ? "machine='q35'" : "machine='pc'");
        g_autofree char *text = replace(machine, "%s", test->devices);
        g_autoptr(GError) error = refusal(text, -1);

        expect(error, test->code, test->message);
}

static void test_domain(gconstpointer data)
{
        const DomainCase *test = data;
        g_autofree char *text =
                test->from == right ? g_strdup(test->to) : replace(right, test->from, test->to);
        bool with_order = g_str_equal(test->name, "boot-both");
        g_autofree char *whole = strstr(text, "%s")
                                         ? replace(text, "%s", with_order ? NET("<boot order='1'/>") : "")
                                         : g_strdup(text);
        g_autoptr(GError) error = refusal(whole, -1);

        expect(error, test->code, test->message);
}

/* Given the definition that the cases change, when nothing is changed, then nothing is refused. */
static void test_right(void)
{
        g_autofree char *text = replace(right, "%s", "");
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);

        g_assert_no_error(error);
        g_assert_true(vb_domain_def_complete(def, emulator, machine, &error));
        g_assert_no_error(error);
}

static void test_huge(void)
{
        gsize length = 100 << 20;
        g_autofree char *text = g_malloc(length);
        g_autoptr(GError) error = NULL;

        memset(text, 'a', length);
        error = refusal(text, (gssize) length);
        expect(error, VB_ERROR_INVALID_XML, "at most 1048576");
}

static void test_deep(void)
{
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        for (int i = 0; i < 100000; i++)
                g_string_append(text, "<a>\n");
        error = refusal(text->str, -1);
        expect(error, VB_ERROR_INVALID_XML, "line 33: Elements are nested more than 32 deep");
}

static void test_long_name(void)
{
        g_autofree char *name = g_strnfill(10000, 'n'), *with_end = g_strconcat(name, "<", NULL);
        g_autofree char *text = replace(right, "right<", with_end);
        g_autoptr(GError) error = refusal(text, -1);

        expect(error, VB_ERROR_INVALID_XML, "longer than 128 bytes");
}

/* A value of any length is quoted in a message of a length that people read. */
static void test_long_value(void)
{
        g_autoptr(GString) value = g_string_new("<input type='");
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;

        for (int i = 0; i < 100000; i++)
                g_string_append(value, "ü");
        g_string_append(value, "'/>");
        text = replace(right, "%s", value->str);
        error = refusal(text, -1);
        expect(error, VB_ERROR_INVALID_XML, "line 7: <input>: type='ü");
        g_assert_cmpuint(strlen(error->message), <, 700);
}

static void test_nul(void)
{
        static const char text[] = "<domain/>\0<domain/>";
        g_autoptr(GError) error = refusal(text, sizeof(text) - 1);

        expect(error, VB_ERROR_INVALID_XML, "not valid UTF-8");
}

static void test_many_devices(void)
{
        g_autoptr(GString) devices = g_string_new(NULL);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;

        for (int i = 0; i < VB_DEVICES_MAX + 1; i++)
                g_string_append(devices, "<input type='tablet'/>\n");
        text = replace(right, "%s", devices->str);
        error = refusal(text, -1);
        expect(error, VB_ERROR_INVALID_XML, "at most 1024 devices");
}

/* Lines beyond 65535, where libxml2 needs to be asked for more. */
static void test_line_numbers(void)
{
        g_autofree char *lines = g_strnfill(70000, '\n'), *devices = g_strconcat(lines, "<toaster/>", NULL);
        g_autofree char *text = replace(right, "%s", devices);
        g_autoptr(GError) error = refusal(text, -1);

        expect(error, VB_ERROR_INVALID_XML, "line 70007: <toaster>");
}

/* More PCI devices than buses have place: an error, not a crash. */
static void test_pci_full(void)
{
        g_autoptr(GString) devices = g_string_new(NULL);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;

        for (int i = 2; i < 32; i++)
                g_string_append_printf(
                        devices,
                        "<interface type='user'><address type='pci' domain='0' bus='0' slot='%d' "
                        "function='0'/></interface>\n",
                        i);
        g_string_append(devices, "<interface type='user'/>\n");
        text = replace(right, "%s", devices->str);
        error = refusal(text, -1);
        expect(error, VB_ERROR_NO_FREE_ADDRESS, "no free place");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(device_cases); i++) {
                g_autofree char *path = g_strdup_printf("/conf/refuse/device/%s", device_cases[i].name);

                g_test_add_data_func(path, &device_cases[i], test_device);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(domain_cases); i++) {
                g_autofree char *path = g_strdup_printf("/conf/refuse/domain/%s", domain_cases[i].name);

                g_test_add_data_func(path, &domain_cases[i], test_domain);
        }
        g_test_add_func("/conf/refuse/right", test_right);
        g_test_add_func("/conf/refuse/huge", test_huge);
        g_test_add_func("/conf/refuse/deep", test_deep);
        g_test_add_func("/conf/refuse/long-name", test_long_name);
        g_test_add_func("/conf/refuse/long-value", test_long_value);
        g_test_add_func("/conf/refuse/nul", test_nul);
        g_test_add_func("/conf/refuse/many-devices", test_many_devices);
        g_test_add_func("/conf/refuse/line-numbers", test_line_numbers);
        g_test_add_func("/conf/refuse/pci-full", test_pci_full);
        return g_test_run();
}
