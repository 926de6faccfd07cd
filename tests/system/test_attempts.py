# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attempts to get at what is not theirs. Each is really made, by a user who may have machines of her own (alice) or
by root's start of a machine of hers; it fails as it should, and afterwards nothing on the host is other than before."""

import re

import pytest
from machine import SLOWNESS
from virtbus import ERROR, domain_xml, wait_until

UNAUTHORIZED = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
INVALID_XML, STORAGE, FAILED = (ERROR + it for it in ('InvalidXML', 'Storage', 'EmulatorFailed'))
BAIT = '/var/lib/bait'
SECRET = 'the treasure is below the oak'

# What alice has at most, so that it can be used up; and what the service knows that is not hers.
CONFIGURATION = '[limits alice]\ndomains=20\nrunning=3\nmemory=600M\ndevices=400\n'
CREDENTIALS = '[Service]\nSetCredential=virtbus.secret.treasure:{0}\nSetCredential=virtbus.secret.{1}.treasure:{0}\n'


# Sent to root's actor: ---------------------------------------------------------------------------------------------

def snapshot():
    """All that an attempt could leave on the host: files, processes, mounts, scopes, listening sockets, domains."""
    files, processes, listening = {}, {}, []
    tops = {'/etc': True, '/root': True, '/home/bob': True, '/home/carol': True, '/var/lib/bait': True,
            '/var/lib/virtbus': False, '/run/virtbus': False, '/run/systemd/system': False}
    for top, timed in tops.items():
        for directory, below, names in os.walk(top):
            for path in [directory, *(f'{directory}/{name}' for name in names)]:
                try:
                    it = os.lstat(path)
                except FileNotFoundError:
                    continue
                files[path] = [it.st_mode, it.st_uid, it.st_gid]
                if timed:
                    files[path] += [it.st_ino, it.st_nlink, it.st_size, it.st_mtime_ns, it.st_ctime_ns]
    for entry in os.listdir('/proc'):
        if entry.isdigit() and process_alive(entry):
            processes[f'{entry} {process_name(entry)}'] = process_stat(entry)[2]
    for kind in ('tcp', 'tcp6'):
        listening += [line.split()[1] for line in pathlib.Path(f'/proc/net/{kind}').read_text().splitlines()
                      if line.split()[3] == '0A']
    scopes = [name for _, below, _ in os.walk('/sys/fs/cgroup') for name in below if name.startswith('virtbus-')
              and name.endswith('.scope')]
    mounts = [line.split()[4] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()]
    service = client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                          'GetConnectionUnixProcessID', '(s)', BUS_NAME)
    return {'files': files, 'processes': processes, 'listening': sorted(listening), 'scopes': sorted(scopes),
            'mounts': sorted(mounts), 'service': service,
            'domains': sorted(map(list, manager.ListDomains()))}


def lay_bait(bait, bob):
    """Files of others that are worth a try."""
    os.makedirs(bait, exist_ok=True)
    os.chmod(bait, 0o755)
    for path, owner in ((f'{bait}/bob.img', bob), (f'{bait}/root.img', 0), ('/home/bob/disk.img', bob),
                        ('/root/disk.img', 0)):
        with open(path, 'wb') as file:
            file.truncate(1 << 20)
        os.chmod(path, 0o600)
        os.chown(path, owner, owner)


# Sent to alice's: --------------------------------------------------------------------------------------------------

def define_and_start(xml):
    """How far it came: 'define', 'start' or 'runs', then the error; nothing is kept."""
    try:
        domain = manager.define(xml)
    except DBusError as error:
        return ['define', error.name, error.message]
    try:
        domain.Start()
        domain.PowerOff()
        return ['runs', '', '']
    except DBusError as error:
        return ['start', error.name, error.message]
    finally:
        domain.Undefine()


def prepare_home(bait):
    """What she may put into her own home."""
    home = pathlib.Path('/home/alice')
    for name, target in (('to-shadow', '/etc/shadow'), ('to-bob', f'{bait}/bob.img'), ('to-console', '/dev/console'),
                         ('to-root', '/root')):
        (home / name).symlink_to(target)
    (home / 'mine.img').write_bytes(bytes(1 << 20))
    # QEMU looks for its files beside itself.
    os.makedirs('/tmp/alice/bin')
    for name in ('share', 'lib'):
        os.symlink(f'/usr/{name}', f'/tmp/alice/{name}')
    shutil.copyfile(QEMU, '/tmp/alice/bin/qemu')
    os.chmod('/tmp/alice/bin/qemu', 0o6755)
    for name, text in (('qemu-liar', 'id >/root/liar-was-here\necho \'{"QMP": {"version": {}, "capabilities": []}}\''),
                       ('qemu-mine', f'exec {QEMU} "$@"')):
        (home / name).write_text(f'#!/bin/sh\n{text}\n')
        (home / name).chmod(0o755)


# -------------------------------------------------------------------------------------------------------------------

class World:
    """Who is there, and what they have: bob and root each have a machine that runs."""

    def __init__(self, machine, root, alice, bob):
        self.machine, self.root, self.alice, self.bob = machine, root, alice, bob
        self.theirs, self.places = {}, {}

    def start_theirs(self, actor):
        path = actor.define(domain_xml('theirs', devices='<serial type="unix"/>'))
        actor.domain(path, 'Start')
        self.theirs[actor.user] = path
        self.places[actor.user] = actor.get(path, 'RuntimeDirectory')

    def pid(self, user):
        return self.root.get(self.theirs[user], 'ProcessID')


@pytest.fixture(scope='module')
def world(machine):
    root = machine.become('root')
    uid = machine.uid('bob')
    machine.write('/etc/virtbus/virtbusd.conf', CONFIGURATION)
    machine.write('/etc/systemd/system/virtbusd.service.d/attempts.conf', CREDENTIALS.format(SECRET, uid), 0o600)
    machine.run('systemctl', 'daemon-reload')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    root(lay_bait, BAIT, uid)
    bob = machine.login('bob', seat='seat0')
    machine.activate(bob)
    world = World(machine, root, None, bob)
    for actor in (root, bob):
        world.start_theirs(actor)
    world.alice = machine.login('alice', seat='seat0')
    machine.activate(world.alice)
    world.alice(prepare_home, BAIT)
    # Emulators are asked once what they are, and polkit has come.
    assert world.alice(define_and_start, domain_xml('first')) == ['runs', '', '']
    yield world
    for path in world.theirs.values():
        root.domain(path, 'PowerOff')
        root.domain(path, 'Undefine')
    for path in ('/etc/virtbus/virtbusd.conf', '/etc/systemd/system/virtbusd.service.d/attempts.conf'):
        machine.path(path).unlink()
    machine.run('systemctl', 'daemon-reload')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    for actor in (world.alice, bob, root):
        actor.close()


def differences(before, after):
    """What is other than before. Of processes only new ones count: what has ended is no trace."""
    found = []
    for kind in before:
        if before[kind] == after[kind]:
            continue
        if isinstance(before[kind], dict):
            found += [f'{kind}: {it}: {before[kind].get(it)} became {after[kind].get(it)}'
                      for it in sorted(set(before[kind]) | set(after[kind]))
                      if before[kind].get(it) != after[kind].get(it) and not (kind == 'processes' and it in before[kind]
                                                                              and it not in after[kind])]
        else:
            found.append(f'{kind}: {before[kind]} became {after[kind]}')
    return found


@pytest.fixture
def no_trace(world):
    before = world.root(snapshot)
    yield
    last = []

    def clean():
        last[:] = differences(before, world.root(snapshot))
        return not last
    try:
        wait_until(clean, 'nothing is left of the attempt', timeout=10 * SLOWNESS, step=0.1)
    except AssertionError:
        raise AssertionError('the attempt has left traces:\n' + '\n'.join(last[:20])) from None


def disk(path, device='disk', target='vda', bus='virtio', kind='file', rest=''):
    source = {'file': 'file', 'block': 'dev', 'dir': 'dir'}[kind]
    return f'<disk type="{kind}" device="{device}"><source {source}="{path}"/>' \
           f'<target dev="{target}" bus="{bus}"/>{rest}</disk>'


def os_of(**named):
    return dict(os=''.join(f'<{name}>{value}</{name}>' for name, value in named.items()))


def port(element, kind, source, rest='', target=''):
    return f'<{element} type="{kind}">{source}{rest}{target}</{element}>'


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
    ('an emulator of hers that lies', 'define', FAILED, dict(emulator='/home/alice/qemu-liar')),
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


@pytest.mark.parametrize('stage, error, named', [pytest.param(*row, id=sentence) for sentence, *row in DEFINITIONS])
def test_alice_asks_in_vain_for(world, no_trace, stage, error, named):
    places = {**world.places, 'bob_uid': world.bob.uid}
    named = {name: re.sub(r'\{(\w+)\}', lambda match: str(places[match[1]]), text) for name, text in named.items()}
    outcome = world.alice(define_and_start, domain_xml(**{'name': 'attempt', **named}))
    assert outcome[:2] == [stage, error], outcome
    reason = {UNAUTHORIZED: r'org\.virtbus1\.use-', INVALID_XML: 'name'}.get(error, r'[Pp]ermission denied')
    assert re.search(reason, outcome[2]), outcome
    assert 'root:' not in outcome[2], 'the error tells what is in the file'
