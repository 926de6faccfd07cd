/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition names of its host. Each row is a part of a definition, and what is listed for it, if
 * anything is: "action place: description". */
#include <libxml/parser.h>
#include <string.h>

#include "conf/host-resources.h"
#include "parts.h"

#define OWNER 1000
#define DEVICES(text) "<devices>" text "</devices>"
#define OS(more) "<os><type machine='q35'>hvm</type>" more "</os><features><acpi/></features>"
#define DISK(type, source) "<disk type='" type "'>" source "<target dev='vda' bus='virtio'/></disk>"
#define CARD(type, source) "<interface type='" type "'>" source "<model type='virtio'/></interface>"
#define SERIAL(type, source) "<serial type='" type "'>" source "<target port='0'/></serial>"

typedef struct {
        const char *name, *part;
        const char *expected; /* NULL: nothing; several are separated by new lines */
} Row;

/* clang-format off */
static const Row rows[] = {
        /* Block devices, files and what is behind them. */
        { "disk file", DEVICES(DISK("file", "<source file='/home/u/disk.img'/>")), NULL },
        { "disk block", DEVICES(DISK("block", "<source dev='/dev/sdb'/>")),
          "use-host-devices virtio-disk0: the block device /dev/sdb" },
        { "disk file in dev", DEVICES(DISK("file", "<source file='/home/../dev//sdb'/>")),
          "use-host-devices virtio-disk0: /home/../dev//sdb" },
        { "disk file in shm", DEVICES(DISK("file", "<source file='/dev/shm/disk'/>")), NULL },
        { "disk descriptor of a process", DEVICES(DISK("file", "<source file='/proc/1/fd/3'/>")),
          "use-host-devices virtio-disk0: /proc/1/fd/3" },
        { "disk backing block",
          DEVICES(DISK("file", "<driver name='qemu' type='qcow2'/><source file='/home/u/a'/><backingStore type='block'>"
                               "<format type='raw'/><source dev='/dev/vg/base'/><backingStore/></backingStore>")),
          "use-host-devices virtio-disk0: the block device /dev/vg/base" },
        { "disk nvme", DEVICES(DISK("nvme", "<source type='pci' managed='yes' namespace='1'><address domain='0' bus='1' "
                                            "slot='0' function='0'/></source>")),
          "use-host-devices virtio-disk0: the NVMe controller 0000:01:00.0" },
        { "disk network", DEVICES(DISK("network", "<source protocol='nbd' name='x'><host name='h'/></source>")), NULL },
        { "disk volume", DEVICES(DISK("volume", "<source pool='p' volume='v'/>")),
          "use-host-devices virtio-disk0: the volume v of the pool p" },
        { "disk label",
          DEVICES(DISK("file", "<source file='/a'><seclabel model='dac' relabel='yes'><label>root:root</label></seclabel>"
                               "</source>")),
          "use-other-identity virtio-disk0: the label root:root on what it uses" },
        { "cdrom without medium", DEVICES("<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"), NULL },
        /* The host's devices. */
        { "hostdev pci", DEVICES("<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='3' slot='0' "
                                 "function='1'/></source></hostdev>"),
          "use-host-devices hostdev0: the PCI device 0000:03:00.1" },
        { "hostdev usb", DEVICES("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0x5678'/>"
                                 "</source></hostdev>"),
          "use-host-devices hostdev0: the USB device 1234:5678" },
        { "hostdev usb place", DEVICES("<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source>"
                                       "</hostdev>"),
          "use-host-devices hostdev0: the USB device 4 on bus 1" },
        { "hostdev scsi", DEVICES("<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/><address bus='0' "
                                  "target='0' unit='0'/></source></hostdev>"),
          "use-host-devices hostdev0: the SCSI device scsi_host0" },
        { "hostdev mdev", DEVICES("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
                                  "uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"),
          "use-host-devices hostdev0: the mediated device c2177883-f1bb-47f0-914d-32a22e3a8804" },
        { "input passthrough", DEVICES("<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>"),
          "use-host-devices input0: the input device /dev/input/event1" },
        { "input evdev", DEVICES("<input type='evdev'><source dev='/dev/input/event1'/></input>"),
          "use-host-devices input0: the input device /dev/input/event1" },
        { "input tablet", DEVICES("<input type='tablet' bus='virtio'/>"), NULL },
        { "tpm passthrough", DEVICES("<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"),
          "use-host-devices tpm0: the host's TPM /dev/tpm0" },
        { "tpm emulator", DEVICES("<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>"), NULL },
        { "rng urandom", DEVICES("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"), NULL },
        { "rng random", DEVICES("<rng model='virtio'><backend model='random'>/dev/random</backend></rng>"), NULL },
        { "rng hwrng", DEVICES("<rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>"),
          "use-host-devices rng0: /dev/hwrng" },
        { "smartcard host", DEVICES("<smartcard mode='host'/>"),
          "use-host-devices smartcard0: the host's smart card reader" },
        { "vsock auto", DEVICES("<vsock model='virtio'><cid auto='yes'/></vsock>"), NULL },
        { "vsock number", DEVICES("<vsock model='virtio'><cid auto='no' address='7'/></vsock>"),
          "use-host-devices vsock0: the vsock address 7" },
        /* Character devices. */
        { "serial pty", DEVICES(SERIAL("pty", "")), NULL },
        { "serial file", DEVICES(SERIAL("file", "<source path='/root/x'/>")), NULL },
        { "serial dev", DEVICES(SERIAL("dev", "<source path='/dev/ttyS0'/>")), "use-host-devices serial0: /dev/ttyS0" },
        { "serial file in dev", DEVICES(SERIAL("file", "<source path='/dev/sda'/>")), "use-host-devices serial0: /dev/sda" },
        { "serial file in dev, two slashes", DEVICES(SERIAL("file", "<source path='//dev/sda'/>")),
          "use-host-devices serial0: //dev/sda" },
        { "serial unix", DEVICES(SERIAL("unix", "<source mode='bind' path='/home/u/s'/>")), NULL },
        { "serial tcp client", DEVICES(SERIAL("tcp", "<source mode='connect' host='1.2.3.4' service='5'/>")), NULL },
        { "serial tcp local", DEVICES(SERIAL("tcp", "<source mode='bind' host='127.0.0.1' service='5'/>")), NULL },
        { "serial tcp", DEVICES(SERIAL("tcp", "<source mode='bind' host='0.0.0.0' service='5'/>")),
          "use-remote-access serial0: listening at 0.0.0.0" },
        { "serial tcp name", DEVICES(SERIAL("tcp", "<source mode='bind' host='host.example' service='5'/>")),
          "use-remote-access serial0: listening at host.example" },
        { "serial udp client", DEVICES(SERIAL("udp", "<source mode='connect' host='1.2.3.4' service='5'/>")), NULL },
        { "serial udp", DEVICES(SERIAL("udp", "<source mode='bind' service='7'/><source mode='connect' host='h' service='5'/>")),
          "use-remote-access serial0: listening at all addresses" },
        { "channel tcp", DEVICES("<channel type='tcp'><source mode='bind' host='::' service='5'/><target type='virtio' "
                                 "name='x.y'/></channel>"),
          "use-remote-access channel0: listening at ::" },
        { "rng egd", DEVICES("<rng model='virtio'><backend model='egd' type='tcp'><source mode='bind' host='10.0.0.1' "
                             "service='7'/></backend></rng>"),
          "use-remote-access rng0: listening at 10.0.0.1" },
        /* Networks. */
        { "network user", DEVICES(CARD("user", "")), NULL },
        { "network of the emulator's", DEVICES(CARD("network", "<source network='usermode'/>")), NULL },
        { "network", DEVICES(CARD("network", "<source network='lan'/>")), "use-host-network net0: the network lan" },
        { "bridge", DEVICES(CARD("bridge", "<source bridge='br0'/>")), "use-host-network net0: the bridge br0" },
        { "tap", DEVICES(CARD("ethernet", "<target dev='mytap' managed='no'/>")), "use-host-network net0: a tap device" },
        { "bridge usual", DEVICES(CARD("bridge", "<source bridge='br0'/><backend tap='/dev/net/tun' vhost='/dev/vhost-net'/>")),
          "use-host-network net0: the bridge br0" },
        { "bridge vhost", DEVICES(CARD("bridge", "<source bridge='br0'/><backend vhost='/etc/shadow'/>")),
          "use-host-network net0: the bridge br0\nuse-host-devices net0: /etc/shadow" },
        { "tap of another", DEVICES(CARD("user", "<backend tap='/dev/net/other'/>")),
          "use-host-devices net0: /dev/net/other" },
        { "direct", DEVICES(CARD("direct", "<source dev='eth0' mode='bridge'/>")),
          "use-host-network net0: the network device eth0" },
        { "vdpa", DEVICES(CARD("vdpa", "<source dev='/dev/vhost-vdpa-0'/>")),
          "use-host-network net0: the network device /dev/vhost-vdpa-0" },
        { "vhost-user", "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
          DEVICES(CARD("vhostuser", "<source type='unix' path='/run/vhost.sock' mode='client'/>")),
          "use-host-network net0: the vhost-user switch at /run/vhost.sock" },
        { "network card", DEVICES("<interface type='hostdev'><source><address type='pci' domain='0' bus='4' slot='0' "
                                  "function='0'/></source></interface>"),
          "use-host-devices net0: the PCI device 0000:04:00.0" },
        { "network server", DEVICES(CARD("server", "<source address='192.168.0.1' port='5558'/>")),
          "use-remote-access net0: listening at 192.168.0.1" },
        { "network server local", DEVICES(CARD("server", "<source address='127.0.0.1' port='5558'/>")), NULL },
        { "network client", DEVICES(CARD("client", "<source address='192.168.0.1' port='5558'/>")), NULL },
        { "network mcast", DEVICES(CARD("mcast", "<source address='230.0.0.1' port='5558'/>")),
          "use-remote-access net0: the multicast group 230.0.0.1" },
        { "network udp", DEVICES(CARD("udp", "<source address='1.2.3.4' port='1'><local address='0.0.0.0' port='2'/></source>")),
          "use-remote-access net0: listening at 0.0.0.0" },
        /* Graphics. */
        { "vnc", DEVICES("<graphics type='vnc' port='-1'/>"), NULL },
        { "vnc local", DEVICES("<graphics type='vnc' port='-1' listen='::1'/>"), NULL },
        { "vnc all", DEVICES("<graphics type='vnc' port='-1' listen='0.0.0.0'/>"), "use-remote-access graphics0: listening at 0.0.0.0" },
        { "vnc socket", DEVICES("<graphics type='vnc' socket='/home/u/vnc'/>"), NULL },
        { "spice network", DEVICES("<graphics type='spice' autoport='yes'><listen type='network' network='lan'/></graphics>"),
          "use-remote-access graphics0: listening at the address of the network lan" },
        { "spice several", DEVICES("<graphics type='spice' autoport='yes'><listen type='address' address='10.0.0.1'/></graphics>"),
          "use-remote-access graphics0: listening at 10.0.0.1" },
        { "render node", DEVICES("<graphics type='egl-headless'><gl rendernode='/dev/dri/renderD128'/></graphics>"), NULL },
        { "no render node", DEVICES("<graphics type='egl-headless'><gl rendernode='/dev/sda'/></graphics>"),
          "use-host-devices graphics0: /dev/sda" },
        /* What runs as the owner. */
        { "folder", DEVICES("<filesystem type='mount'><source dir='/home/u'/><target dir='tag'/></filesystem>"), NULL },
        { "virtiofs program", "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
          DEVICES("<filesystem type='mount'><driver type='virtiofs'/><binary path='/home/u/virtiofsd'/><source dir='/home/u'/>"
                  "<target dir='tag'/></filesystem>"),
          "use-emulator fs0: the program /home/u/virtiofsd" },
        { "shmem", DEVICES("<shmem name='x'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"), NULL },
        { "sound", DEVICES("<sound model='ich9'/><audio id='1' type='alsa'/>"), NULL },
        { "redirdev", DEVICES("<redirdev bus='usb' type='tcp'><source mode='connect' host='h' service='1'/></redirdev>"), NULL },
        { "kernel", OS("<kernel>/etc/shadow</kernel><initrd>/root/x</initrd><cmdline>a</cmdline>"), NULL },
        { "kernel of a device", OS("<kernel>//dev/sda</kernel><initrd>/dev/zero</initrd><dtb>/dev/../proc/kcore</dtb>"),
          "use-host-devices os/kernel: as kernel the device //dev/sda\n"
          "use-host-devices os/initrd: as initrd the device /dev/zero\n"
          "use-host-devices os/dtb: as device tree the device /dev/../proc/kcore" },
        { "ACPI table of a device", OS("<acpi><table type='slic'>/dev/zero</table></acpi>"),
          "use-host-devices os/acpi/table: as ACPI table the device /dev/zero" },
        { "fw_cfg", "<sysinfo type='fwcfg'><entry name='opt/org.x/a'>text</entry><entry name='opt/org.x/b' file='/home/u/x'/></sysinfo>", NULL },
        { "fw_cfg of a device", "<sysinfo type='fwcfg'><entry name='opt/org.x/a' file='/dev/zero'/></sysinfo>",
          "use-host-devices sysinfo/entry: a device as what the firmware is told" },
        { "option ROM", DEVICES("<interface type='user'><model type='virtio'/><rom file='/home/u/rom'/></interface>"), NULL },
        { "option ROM of a device", DEVICES("<interface type='user'><model type='virtio'/><rom file='/dev/zero'/></interface>"),
          "use-host-devices net0: as option ROM the device /dev/zero" },
        /* The domain. */
        { "emulator of the system's", DEVICES("<emulator>/usr/bin/qemu-system-x86_64</emulator>"), NULL },
        { "emulator", DEVICES("<emulator>/home/u/qemu</emulator>"), "use-emulator devices/emulator: the emulator /home/u/qemu" },
        { "emulator with dots", DEVICES("<emulator>/usr/bin/../../home/u/qemu</emulator>"),
          "use-emulator devices/emulator: the emulator /usr/bin/../../home/u/qemu" },
        { "emulator like the system's", DEVICES("<emulator>/usr/binary/qemu</emulator>"),
          "use-emulator devices/emulator: the emulator /usr/binary/qemu" },
        { "loader of the system's", OS("<loader type='rom'>/usr/share/seabios/bios.bin</loader>"), NULL },
        { "loader", OS("<loader type='rom'>/home/u/bios.bin</loader>"), "use-firmware os/loader: the firmware /home/u/bios.bin" },
        { "variables", OS("<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram>/home/u/vars</nvram>"),
          "use-firmware os/nvram: the place or template of the firmware's variables /home/u/vars" },
        { "variables of our own",
          OS("<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>"
             "<nvram template='/usr/share/OVMF/OVMF_VARS.fd'/>"), NULL },
        { "template",
          OS("<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram template='/home/u/t'/>"),
          "use-firmware os/nvram: the place or template of the firmware's variables" },
        { "huge pages", "<memoryBacking><hugepages/></memoryBacking>",
          "use-locked-memory memoryBacking/hugepages: the host's huge pages" },
        { "locked memory", "<memoryBacking><locked/></memoryBacking>",
          "use-locked-memory memoryBacking/locked: memory that is locked" },
        { "shared memory", "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>", NULL },
        { "real time",
          "<vcpu>2</vcpu><cputune><shares>5</shares><vcpusched vcpus='0' scheduler='fifo' priority='1'/><vcpusched vcpus='1' "
          "scheduler='rr' priority='2'/><emulatorsched scheduler='rr' priority='3'/></cputune>",
          "use-realtime cputune/vcpusched: a real-time priority of processors\n"
          "use-realtime cputune/emulatorsched: a real-time priority of the emulator" },
        { "real time of I/O threads",
          "<iothreads>1</iothreads><cputune><iothreadsched iothreads='1' scheduler='fifo' priority='1'/></cputune>",
          "use-realtime cputune/iothreadsched: a real-time priority of I/O threads" },
        { "no real time", "<vcpu>2</vcpu><cputune><vcpusched vcpus='0-1' scheduler='batch'/></cputune>", NULL },
        { "cache", "<vcpu>2</vcpu><cputune><cachetune vcpus='0-1'><cache id='0' level='3' type='both' size='3' unit='MiB'/>"
                   "</cachetune></cputune>",
          "use-realtime cputune/cachetune: a share of the processors' cache" },
        { "partition", "<resource><partition>/machine/production</partition></resource>",
          "use-other-identity resource: another control group than its owner's" },
        { "label dynamic", "<seclabel type='dynamic' model='selinux' relabel='yes'/>", NULL },
        { "label base", "<seclabel type='dynamic' model='selinux' relabel='yes'><baselabel>system_u:object_r:x_t:s0</baselabel></seclabel>",
          "use-other-identity seclabel: another identity than its owner's user alone" },
        { "label static", "<seclabel type='static' model='dac' relabel='no'><label>+0:+0</label></seclabel>",
          "use-other-identity seclabel: another identity than its owner's user alone" },
        { "label group", "<seclabel type='static' model='dac' relabel='no'><label>+1000:+0</label></seclabel>",
          "use-other-identity seclabel: another identity than its owner's user alone" },
        { "label of the owner's", "<seclabel type='static' model='dac' relabel='no'><label>+1000</label></seclabel>", NULL },
        { "label none", "<seclabel type='none' model='selinux'/>",
          "use-other-identity seclabel: another identity than its owner's user alone" },
        { "command line", "<qemu:commandline><qemu:arg value='-s'/></qemu:commandline>",
          "use-command-line commandline: options for the emulator's command line" },
};
/* clang-format on */

static bool is_host_network(const char *name, void *userdata)
{
        return !g_str_equal(name, "usermode");
}

static GPtrArray *list(const VbDomainDef *def, bool kvm)
{
        return vb_host_resources_list(def, &(VbHostScope){ .owner = OWNER,
                                                           .owner_may_use_kvm = kvm,
                                                           .is_host_network = is_host_network });
}

static char *to_text(const GPtrArray *resources)
{
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < resources->len; i++) {
                const VbHostResource *resource = resources->pdata[i];
                const char *action = vb_host_use_action(resource->use);

                g_assert_true(g_str_has_prefix(action, "org.virtbus1."));
                g_string_append_printf(text, "%s%s %s: %s", i > 0 ? "\n" : "",
                                       action + strlen("org.virtbus1."), resource->where,
                                       resource->description);
                g_assert_cmpuint(strlen(resource->digest), ==, VB_DIGEST_LENGTH);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static VbDomainDef *read_part(const char *part)
{
        g_autofree char *text = text_around_part(part);
        g_autoptr(GError) error = NULL;
        VbDomainDef *def = complete_text(text, &error);

        g_assert_no_error(error);
        return def;
}

/* Given a part, then what is listed is what it names of the host; and once more, with the same digests. */
static void test_row(gconstpointer data)
{
        const Row *row = data;
        g_autoptr(VbDomainDef) def = read_part(row->part);
        g_autoptr(GPtrArray) resources = list(def, true), again = list(def, true);
        g_autofree char *text = to_text(resources);

        g_assert_cmpstr(text, ==, row->expected ? row->expected : "");
        for (guint i = 0; i < resources->len; i++)
                g_assert_cmpstr(((VbHostResource *) resources->pdata[i])->digest, ==,
                                ((VbHostResource *) again->pdata[i])->digest);
}

/* What the emulator alone is found to be before a definition is completed is what is found in it then. */
static void test_emulator_alone(void)
{
        static const char *const paths[] = { "/home/u/qemu", "/home/u &amp; &lt;v&gt;/q'e\"mu", " /tmp/x ",
                                             NULL };

        for (const char *const *path = paths; *path; path++) {
                g_autofree char *part = g_strdup_printf(DEVICES("<emulator>%s</emulator>"), *path);
                g_autofree char *text = text_around_part(part);
                g_autoptr(VbDomainDef) def = read_part(part);
                g_autoptr(VbDomainDef) raw = vb_domain_def_parse(text, strlen(text), NULL);
                g_autoptr(GPtrArray) all = list(def, true);
                g_autoptr(GPtrArray) alone =
                        vb_host_resources_of_emulator(raw, &(VbHostScope){ .owner = OWNER });
                g_autofree char *text_all = to_text(all), *text_alone = to_text(alone);

                g_assert_cmpuint(alone->len, ==, 1);
                g_assert_cmpstr(text_alone, ==, text_all);
                g_assert_cmpstr(((VbHostResource *) alone->pdata[0])->digest, ==,
                                ((VbHostResource *) all->pdata[0])->digest);
        }
}

static void get_digest(const char *part, char ret[static VB_DIGEST_LENGTH + 1])
{
        g_autoptr(VbDomainDef) def = read_part(part);
        g_autoptr(GPtrArray) resources = list(def, true);

        g_assert_cmpuint(resources->len, ==, 1);
        strcpy(ret, ((VbHostResource *) resources->pdata[0])->digest);
}

/* Given the same element beside other ones, then the digest is the same; given another element, another. */
static void test_digest(void)
{
        char first[VB_DIGEST_LENGTH + 1], beside[VB_DIGEST_LENGTH + 1], other[VB_DIGEST_LENGTH + 1];

        get_digest(DEVICES(CARD("bridge", "<mac address='52:54:00:00:00:01'/><source bridge='br0'/>")),
                   first);
        get_digest(
                "<title>t</title>" DEVICES(CARD(
                        "bridge",
                        "<mac address='52:54:00:00:00:01'/><source bridge='br0'/>") "<sound model='ich9'/>"),
                beside);
        get_digest(DEVICES(CARD("bridge", "<mac address='52:54:00:00:00:01'/><source bridge='br1'/>")),
                   other);
        g_assert_cmpstr(first, ==, beside);
        g_assert_cmpstr(first, !=, other);
        get_digest("<qemu:commandline><qemu:arg value='-s'/></qemu:commandline>", first);
        get_digest("<title>t</title><qemu:commandline><qemu:arg value='-s'/></qemu:commandline>", beside);
        get_digest("<qemu:commandline><qemu:arg value='-S'/></qemu:commandline>", other);
        g_assert_cmpstr(first, ==, beside);
        g_assert_cmpstr(first, !=, other);
}

static void test_kvm(void)
{
        g_autoptr(VbDomainDef) def = read_part("");
        g_autoptr(GPtrArray) without = NULL, with = NULL;
        g_autofree char *text = NULL;

        def->virt_type = VB_VIRT_KVM;
        without = list(def, false);
        with = list(def, true);
        text = to_text(without);
        g_assert_cmpstr(text, ==, "use-kvm domain: the host's KVM");
        g_assert_cmpuint(with->len, ==, 0);
}

static void test_actions(void)
{
        VbHostUse use;

        for (int i = 0; i < _VB_HOST_USE_MAX; i++) {
                g_assert_true(vb_host_use_from_action(vb_host_use_action((VbHostUse) i), &use));
                g_assert_cmpint(use, ==, i);
        }
        g_assert_false(vb_host_use_from_action("org.virtbus1.own.define", &use));
}

static void check_elements(const char *file, xmlNode *parent, const char *path)
{
        for (xmlNode *node = xmlFirstElementChild(parent); node; node = xmlNextElementSibling(node)) {
                g_autofree char *inner = g_strconcat(path, *path ? "/" : "", (const char *) node->name, NULL);

                if (g_str_equal(inner, "devices") || vb_host_rules_know(inner))
                        continue;
                if (*path == '\0' && xmlFirstElementChild(node))
                        check_elements(file, node, inner);
                else
                        g_error("%s has <%s>, and host-resources.c does not say whether it names anything of "
                                "the "
                                "host's",
                                file, inner);
        }
}

/* Every class of device has a rule or a reason for none, and so has every element in the XML of all tests. */
static void test_everything_has_a_rule(void)
{
        g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "data", "conf", NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;
        int files = 0;

        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++)
                if (!vb_host_rules[kind].list == !vb_host_rules[kind].free)
                        g_error("host-resources-device.c does not say whether <%s> names anything of the "
                                "host's",
                                vb_device_kind_to_string((VbDeviceKind) kind));
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                xmlDoc *document;

                if (!g_str_has_suffix(name, ".exp") && !g_str_has_suffix(name, ".expected"))
                        continue;
                document = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);
                g_assert_nonnull(document);
                check_elements(name, xmlDocGetRootElement(document), "");
                xmlFreeDoc(document);
                files++;
        }
        g_assert_cmpint(files, >, 50);
        g_assert_false(vb_host_rules_know("launchSecurity"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *name = g_strdup_printf("/host-resources/%s", rows[i].name);

                g_test_add_data_func(name, &rows[i], test_row);
        }
        g_test_add_func("/host-resources/emulator-alone", test_emulator_alone);
        g_test_add_func("/host-resources/digest of the element alone", test_digest);
        g_test_add_func("/host-resources/kvm only where the owner may not", test_kvm);
        g_test_add_func("/host-resources/actions", test_actions);
        g_test_add_func("/host-resources/everything has a rule", test_everything_has_a_rule);
        return g_test_run();
}
