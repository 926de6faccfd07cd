# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a definition of a user's may name that is somebody else's or the host's: test_attempts.py tries it."""

from virtbus import ERROR

UNAUTHORIZED = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
INVALID_XML, STORAGE, FAILED, UNSUPPORTED = (ERROR + it for it in ('InvalidXML', 'Storage', 'EmulatorFailed',
                                                                   'Unsupported'))
BAIT = '/var/lib/bait'


def disk(path, device='disk', target='vda', bus='virtio', kind='file', rest=''):
    source = {'file': 'file', 'block': 'dev', 'dir': 'dir'}[kind]
    return f'<disk type="{kind}" device="{device}"><source {source}="{path}"/>' \
           f'<target dev="{target}" bus="{bus}"/>{rest}</disk>'


def os_of(**named):
    return dict(os=''.join(f'<{name}>{value}</{name}>' for name, value in named.items()))


def port(element, kind, source, rest='', target=''):
    return f'<{element} type="{kind}">{source}{rest}{target}</{element}>'


def folder(path, driver='', rest=''):
    return dict(devices=f'<filesystem type="mount">{driver}<source dir="{path}"/><target dir="x"/>{rest}</filesystem>')


def shared_folder(path):
    return dict(folder(path, '<driver type="virtiofs"/>'),
                extra='<memoryBacking><access mode="shared"/></memoryBacking>')


CHANNEL = '<target type="virtio" name="org.example.x"/>'
GUEST = '/srv/guest/vmlinux'
QEMU_NS = 'xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"'
HOSTDEV = '<hostdev mode="subsystem" type="{}"{}><source>{}</source></hostdev>'

# A sentence; how far it comes; how it is refused; what the definition has. {bob} and {root} are the places of their
# machines.
DEFINITIONS = [
    # Files of others, which the emulator opens as alice.
    ('a file in bob\'s home as a disk', 'start', STORAGE, dict(devices=disk('/home/bob/disk.img'))),
    ('a file of bob\'s in an open directory as a disk', 'start', FAILED, dict(devices=disk(f'{BAIT}/bob.img'))),
    ('a file in root\'s home as a disk', 'start', STORAGE, dict(devices=disk('/root/disk.img'))),
    ('a file of root\'s in an open directory as a disk', 'start', FAILED, dict(devices=disk(f'{BAIT}/root.img'))),
    ('shadow as a disk', 'start', FAILED, dict(devices=disk('/etc/shadow'))),
    ('shadow as a disk that is only read', 'start', FAILED, dict(devices=disk('/etc/shadow', rest='<readonly/>'))),
    ('shadow as a CD', 'start', FAILED, dict(devices=disk('/etc/shadow', 'cdrom', 'sda', 'sata'))),
    ('shadow as a floppy', 'start', FAILED, dict(devices=disk('/etc/shadow', 'floppy', 'fda', 'fdc'))),
    ('shadow as a backing file', 'start', FAILED, dict(devices=disk(
        '/home/alice/mine.img', rest='<driver name="qemu" type="qcow2"/><backingStore type="file"><format type="raw"/>'
                                     '<source file="/etc/shadow"/></backingStore>'))),
    ('shadow as a kernel', 'start', FAILED, os_of(kernel='/etc/shadow')),
    ('shadow as an initrd', 'start', FAILED, os_of(kernel=GUEST, initrd='/etc/shadow')),
    ('shadow as a device tree', 'start', FAILED, os_of(kernel='/srv/guest/vmlinuz', dtb='/etc/shadow')),
    ('shadow as an ACPI table', 'start', FAILED, os_of(acpi='<table type="slic">/etc/shadow</table>')),
    ('shadow as firmware', 'define', UNAUTHORIZED,
     dict(os='<loader readonly="yes" type="rom">/etc/shadow</loader>')),
    ('shadow as a template of firmware variables', 'define', UNAUTHORIZED, dict(
        os='<loader readonly="yes" type="pflash">/usr/share/OVMF/OVMF_CODE.fd</loader>'
           '<nvram template="/etc/shadow"/>')),
    ('firmware variables in root\'s home', 'define', UNAUTHORIZED, dict(
        os='<loader readonly="yes" type="pflash">/usr/share/OVMF/OVMF_CODE.fd</loader><nvram>/root/x</nvram>')),
    ('a symlink of hers to shadow', 'start', FAILED, dict(devices=disk('/home/alice/to-shadow'))),
    ('a symlink of hers to bob\'s file', 'start', FAILED, dict(devices=disk('/home/alice/to-bob'))),
    ('a symlink of hers to the console of the host', 'start', FAILED, dict(devices=disk('/home/alice/to-console'))),
    ('a path through a symlink of hers to root\'s home', 'start', STORAGE,
     dict(devices=disk('/home/alice/to-root/disk.img'))),
    ('a path with dots to shadow', 'start', FAILED, dict(devices=disk('/home/alice/../../etc/shadow'))),
    ('a path with dots to the memory of the host', 'define', UNAUTHORIZED,
     dict(devices=disk('/home/alice/../../dev/mem'))),
    ('root\'s home as a disk', 'start', FAILED, dict(devices=disk('/root'))),
    # Files that would be written.
    ('a serial port to a file in root\'s home', 'start', FAILED,
     dict(devices=port('serial', 'file', '<source path="/root/x"/>'))),
    ('a parallel port to a file in root\'s home', 'start', FAILED,
     dict(devices=port('parallel', 'file', '<source path="/root/x"/>'))),
    ('a channel to a file in bob\'s home', 'start', FAILED,
     dict(devices=port('channel', 'file', '<source path="/home/bob/x"/>', target=CHANNEL))),
    ('a log that is appended to passwd', 'start', FAILED,
     dict(devices=port('serial', 'pty', '', '<log file="/etc/passwd" append="on"/>'))),
    # Sockets of others.
    ('a serial port to the monitor of root\'s guest', 'start', FAILED,
     dict(devices=port('serial', 'unix', '<source mode="connect" path="{root}/monitor/qmp.sock"/>'))),
    ('a serial port to a console of bob\'s guest', 'start', FAILED,
     dict(devices=port('serial', 'unix', '<source mode="connect" path="{bob}/sockets/serial0.sock"/>'))),
    ('a channel in the place of bob\'s console', 'start', FAILED,
     dict(devices=port('channel', 'unix', '<source mode="bind" path="{bob}/sockets/serial0.sock"/>', target=CHANNEL))),
    ('a serial port in the place of the system bus', 'start', FAILED,
     dict(devices=port('serial', 'unix', '<source mode="bind" path="/run/dbus/system_bus_socket"/>'))),
    ('a serial port to systemd\'s private socket', 'start', FAILED,
     dict(devices=port('serial', 'unix', '<source mode="connect" path="/run/systemd/private"/>'))),
    ('a display on a socket in bob\'s home', 'start', FAILED,
     dict(devices='<graphics type="vnc" socket="/home/bob/vnc.sock"/>')),
    # Trees of others, which are exported to the guest.
    ('bob\'s home as a folder', 'start', FAILED, folder('/home/bob')),
    ('root\'s home as a folder', 'start', FAILED, folder('/root')),
    ('root\'s home as a folder that is only read', 'start', FAILED, folder('/root', rest='<readonly/>')),
    ('root\'s home as a folder by a symlink of hers', 'start', FAILED, folder('/home/alice/to-root')),
    ('the definitions of all as a folder', 'start', FAILED, folder('/var/lib/virtbus/domains')),
    ('bob\'s home as a folder by virtiofs', 'start', UNSUPPORTED, shared_folder('/home/bob')),
    ('root\'s home as a folder by virtiofs', 'start', UNSUPPORTED, shared_folder('/root')),
    ('root\'s home as a folder by virtiofs and a path with dots', 'start', UNSUPPORTED,
     shared_folder('/home/alice/../../root')),
    # What is the host's.
    ('a display at all addresses', 'define', UNAUTHORIZED, dict(devices='<graphics type="vnc" listen="0.0.0.0"/>')),
    ('a display at all addresses of IPv6', 'define', UNAUTHORIZED, dict(devices='<graphics type="vnc" listen="::"/>')),
    ('a serial port that listens at all addresses', 'define', UNAUTHORIZED, dict(devices=port(
        'serial', 'tcp', '<source mode="bind" host="0.0.0.0" service="4555"/>'))),
    ('a disk that is the memory of the host', 'define', UNAUTHORIZED, dict(devices=disk('/dev/mem'))),
    ('a disk that is a block device', 'define', UNAUTHORIZED, dict(devices=disk('/dev/sda', kind='block'))),
    ('a serial port that is the kernel\'s log', 'define', UNAUTHORIZED,
     dict(devices=port('serial', 'dev', '<source path="/dev/kmsg"/>'))),
    ('random numbers from the memory of the host', 'define', UNAUTHORIZED,
     dict(devices='<rng model="virtio"><backend model="random">/dev/mem</backend></rng>')),
    ('a bridge', 'define', UNAUTHORIZED, dict(devices='<interface type="bridge"><source bridge="br0"/></interface>')),
    ('a tap', 'define', UNAUTHORIZED, dict(devices='<interface type="ethernet"><target dev="tap0"/></interface>')),
    ('a network card of the host', 'define', UNAUTHORIZED,
     dict(devices='<interface type="direct"><source dev="eth0" mode="passthrough"/></interface>')),
    ('a vhost-user switch', 'define', UNAUTHORIZED, dict(devices='<interface type="vhostuser">'
     '<source type="unix" path="/run/switch" mode="client"/><model type="virtio"/></interface>')),
    ('a PCI device', 'define', UNAUTHORIZED, dict(devices=HOSTDEV.format(
        'pci', '', '<address domain="0" bus="0" slot="2" function="0"/>'))),
    ('a USB device', 'define', UNAUTHORIZED, dict(devices=HOSTDEV.format(
        'usb', '', '<vendor id="0x1d6b"/><product id="0x0002"/>'))),
    ('a mediated device', 'define', UNAUTHORIZED, dict(devices=HOSTDEV.format(
        'mdev', ' model="vfio-pci"', '<address uuid="4b20d080-1b54-4048-85b3-a6a62d165c01"/>'))),
    ('a SCSI device', 'define', UNAUTHORIZED, dict(devices=HOSTDEV.format(
        'scsi', '', '<adapter name="scsi_host0"/><address bus="0" target="0" unit="0"/>'))),
    ('the keyboard of the host', 'define', UNAUTHORIZED,
     dict(devices='<input type="evdev"><source dev="/dev/input/event0"/></input>')),
    ('the TPM of the host', 'define', UNAUTHORIZED, dict(
        devices='<tpm model="tpm-tis"><backend type="passthrough"><device path="/dev/tpm0"/></backend></tpm>')),
    ('being root', 'define', UNAUTHORIZED, dict(
        extra='<seclabel type="static" model="dac" relabel="no"><label>+0:+0</label></seclabel>')),
    ('being bob', 'define', UNAUTHORIZED, dict(
        extra='<seclabel type="static" model="dac" relabel="yes"><label>+{bob_uid}:+{bob_uid}</label></seclabel>')),
    ('having no label', 'define', UNAUTHORIZED, dict(extra='<seclabel type="none"/>')),
    ('another control group', 'define', UNAUTHORIZED,
     dict(extra='<resource><partition>/system.slice</partition></resource>')),
    ('huge pages', 'define', UNAUTHORIZED, dict(extra='<memoryBacking><hugepages/></memoryBacking>')),
    ('locked memory', 'define', UNAUTHORIZED, dict(extra='<memoryBacking><locked/></memoryBacking>')),
    ('a real-time priority', 'define', UNAUTHORIZED, dict(
        extra='<cputune><vcpusched vcpus="0" scheduler="fifo" priority="99"/></cputune>')),
    # Programs of hers.
    ('an emulator of hers', 'define', UNAUTHORIZED, dict(emulator='/home/alice/qemu-mine')),
    ('an emulator of hers that lies', 'define', UNAUTHORIZED, dict(emulator='/home/alice/qemu-liar')),
    ('an emulator in tmp that is setuid', 'define', UNAUTHORIZED, dict(emulator='/tmp/alice/bin/qemu')),
    ('an emulator by a path with dots', 'define', UNAUTHORIZED, dict(emulator='/usr/bin/../../home/alice/qemu-mine')),
    ('a file server of hers', 'define', UNAUTHORIZED, dict(devices='<filesystem type="mount"><driver type="virtiofs"/>'
     '<binary path="/home/alice/qemu-liar"/><source dir="/home/alice"/><target dir="x"/></filesystem>',
     extra='<memoryBacking><access mode="shared"/></memoryBacking>')),
    ('options for the emulator', 'define', UNAUTHORIZED, dict(
        extra=f'<qemu:commandline {QEMU_NS}><qemu:arg value="-s"/></qemu:commandline>')),
    ('a library for the emulator', 'define', UNAUTHORIZED, dict(
        extra=f'<qemu:commandline {QEMU_NS}><qemu:env name="LD_PRELOAD" value="/home/alice/x.so"/>'
              '</qemu:commandline>')),
    # Names.
    ('a name with dots', 'define', INVALID_XML, dict(name='../../etc')),
    ('a name with a slash', 'define', INVALID_XML, dict(name='a/b')),
    ('a name with a newline', 'define', INVALID_XML, dict(name='a\nb')),
    ('a name without an end', 'define', INVALID_XML, dict(name='n' * 5000)),
]
