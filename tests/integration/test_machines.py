# SPDX-License-Identifier: LGPL-2.1-or-later
"""Emulators and machine types: what the service says of each, against what QEMU's documentation says of some, and that
every machine type there is is described or says why it cannot be started."""

import json
import re
import subprocess
import time

import pytest
from test_ctl import Ctl
from virtbus import OWNER, SLOWNESS, Client, DBusError, domain_xml, unpack_reply

ARCHITECTURES = ['x86_64', 'aarch64', 'ppc64', 's390x', 'riscv64']
MIB = 1 << 20


def names_of(architecture):
    """What the emulator itself lists: {name: alias or None}."""
    done = subprocess.run([f'/usr/bin/qemu-system-{architecture}', '-machine', 'help'], capture_output=True, text=True,
                          timeout=60, check=True)
    names = {}
    for line in done.stdout.splitlines()[1:]:
        words = line.split()
        alias = re.search(r'\(alias of (\S+)\)', line)
        if alias:
            names[alias[1]] = words[0]
        else:
            names.setdefault(words[0], None)
    return names


def describe(manager, architecture, machine):
    return manager.DescribeMachineType(architecture, machine)


def drivers(board, key='Devices', **wanted):
    return [device['Driver'] for device in board[key]
            if all(device.get(name) == value for name, value in wanted.items())]


def at(board, key='Devices'):
    """The PCI functions of the root bus: {'1f.2': 'ich9-ahci'}."""
    return {f'{device["Slot"]:02x}.{device["Function"]:x}': device['Driver'] for device in board[key]
            if 'Slot' in device and device['Bus'] == board.get('RootBusName')}


# By hand, from QEMU's system emulation manual, its -machine, -cpu and -device documentation, and the boards' data sheets.
EXPECTED = {
    ('x86_64', 'pc'): {
        'RootBus': 'pci', 'RootBusName': 'pci.0', 'IDEBus': 'ide', 'SATABus': None, 'ISA': True, 'Floppy': True, 'PS2': True,
        'Virtio': 'pci', 'VirtioMMIOSlots': 0, 'CPUsMaximum': 255, 'CPUHotplug': True, 'MemorySlots': 256,
        'MemoryBackend': 'pc.ram', 'MemoryDefault': 128 * MIB, 'NUMA': True, 'NVDIMM': True, 'GICVersions': None,
        'pci': {'00.0': 'i440FX', '01.0': 'PIIX3', '01.1': 'piix3-ide', '01.3': 'PIIX4_PM'},
        'hosts': [('i440FX-pcihost', 'pci.0')], 'fixed': {'i440FX', 'PIIX3', 'piix3-ide', 'isa-fdc'},
        'removable': {'i8042', 'hpet', 'isa-pit', 'vmport', 'PIIX4_PM'},
        'defaults': {'network': ['e1000'], 'display': ['VGA'], 'serial': ['isa-serial'], 'parallel': ['isa-parallel'],
                     'disk': ['floppy', 'ide-cd']},
        'bridges': {'pci-bridge', 'pxb'}, 'properties': {'hpet', 'i8042', 'vmport', 'smm', 'acpi', 'pflash0'},
    },
    ('x86_64', 'q35'): {
        'RootBus': 'pcie', 'RootBusName': 'pcie.0', 'IDEBus': None, 'SATABus': 'ide', 'ISA': True, 'Floppy': False, 'PS2': True,
        'Virtio': 'pci', 'CPUsMaximum': 288, 'CPUHotplug': True, 'MemorySlots': 256, 'MemoryBackend': 'pc.ram',
        'pci': {'00.0': 'mch', '1f.0': 'ICH9-LPC', '1f.2': 'ich9-ahci', '1f.3': 'ICH9-SMB'},
        'hosts': [('q35-pcihost', 'pcie.0')], 'fixed': {'mch', 'ICH9-LPC'},
        'removable': {'ich9-ahci', 'ICH9-SMB', 'i8042', 'hpet', 'isa-pit', 'vmport'},
        'defaults': {'network': ['e1000e'], 'display': ['VGA'], 'serial': ['isa-serial'], 'parallel': ['isa-parallel'],
                     'disk': ['ide-cd']},
        'bridges': {'pcie-root-port', 'pcie-pci-bridge', 'pxb-pcie', 'pci-bridge', 'i82801b11-bridge', 'x3130-upstream',
                    'xio3130-downstream'},
        'properties': {'hpet', 'i8042', 'sata', 'smbus', 'pflash0', 'pflash1'},
    },
    ('x86_64', 'isapc'): {
        'RootBus': 'none', 'RootBusName': None, 'IDEBus': 'ide', 'SATABus': None, 'ISA': True, 'Floppy': True, 'PS2': True,
        'Virtio': 'none', 'CPUsMaximum': 1, 'MemorySlots': 0, 'pci': {}, 'hosts': [], 'bridges': set(),
        'fixed': {'isa-fdc', 'isa-ide'}, 'removable': {'i8042'},
        'defaults': {'network': ['ne2k_isa'], 'display': ['isa-cirrus-vga'], 'serial': ['isa-serial'],
                     'parallel': ['isa-parallel'], 'disk': ['floppy', 'ide-cd']},
        'properties': {'i8042'},
    },
    ('x86_64', 'microvm'): {
        'RootBus': 'none', 'IDEBus': None, 'SATABus': None, 'ISA': True, 'Floppy': False, 'PS2': False,
        'Virtio': 'mmio', 'VirtioMMIOSlots': 24, 'CPUsMaximum': 288, 'CPUHotplug': False, 'MemorySlots': 0,
        'MemoryBackend': 'microvm.ram', 'pci': {}, 'hosts': [], 'bridges': set(), 'fixed': set(),
        'removable': {'mc146818rtc', 'isa-pit', 'isa-i8259'}, 'defaults': {'serial': ['isa-serial']},
        'properties': {'pcie', 'rtc', 'pit', 'pic', 'isa-serial', 'auto-kernel-cmdline'},
    },
    ('aarch64', 'virt'): {
        'RootBus': 'pcie', 'RootBusName': 'pcie.0', 'IDEBus': None, 'SATABus': None, 'ISA': False, 'Floppy': False,
        'PS2': False, 'Virtio': 'pci', 'VirtioMMIOSlots': 32, 'CPUsMaximum': 512, 'CPUHotplug': False, 'MemorySlots': 256,
        'MemoryBackend': 'mach-virt.ram', 'GICDefault': 2, 'GICVersions': [2, 3, 4], 'SerialDriver': 'pl011', 'NUMA': True,
        'pci': {'00.0': 'gpex-root'}, 'hosts': [('gpex-pcihost', 'pcie.0')], 'fixed': {'gpex-root', 'pl011', 'arm_gic'},
        'removable': set(), 'defaults': {'network': ['virtio-net-pci']},
        'bridges': {'pcie-root-port', 'pcie-pci-bridge', 'pxb-pcie', 'pci-bridge', 'i82801b11-bridge', 'x3130-upstream',
                    'xio3130-downstream'},
        'properties': {'gic-version', 'iommu', 'its', 'highmem', 'secure', 'virtualization', 'pflash0', 'pflash1'},
    },
    ('ppc64', 'pseries'): {
        'RootBus': 'pci', 'RootBusName': 'pci.0', 'IDEBus': None, 'SATABus': None, 'ISA': False, 'Floppy': False, 'PS2': False,
        'Virtio': 'pci', 'VirtioMMIOSlots': 0, 'CPUHotplug': True, 'MemorySlots': 32, 'MemoryAlignment': 256 * MIB,
        'MemoryDefault': 512 * MIB, 'SpaprVIO': True, 'NUMA': True, 'pci': {},
        'hosts': [('spapr-pci-host-bridge', 'pci.0')], 'fixed': {'spapr-pci-host-bridge', 'spapr-nvram'}, 'removable': set(),
        'defaults': {'network': ['spapr-vlan'], 'display': ['VGA'], 'serial': ['spapr-vty'], 'storage': ['spapr-vscsi']},
        'bridges': {'pci-bridge', 'spapr-pci-host-bridge'}, 'properties': {'cap-htm', 'ic-mode', 'max-cpu-compat'},
    },
    ('s390x', 's390-ccw-virtio'): {
        'RootBus': 'pci', 'RootBusName': 'pci.0', 'IDEBus': None, 'ISA': False, 'Floppy': False, 'PS2': False,
        'Virtio': 'ccw', 'VirtioMMIOSlots': 0, 'CPUsMaximum': 248, 'CPUHotplug': True, 'MemorySlots': 0, 'NUMA': False,
        'MemoryBackend': 's390.ram', 'pci': {}, 'hosts': [('s390-pcihost', 'pci.0')], 'fixed': {'virtual-css-bridge'},
        'removable': set(), 'defaults': {'network': ['virtio-net-ccw'], 'serial': ['sclpconsole']},
        'bridges': {'pci-bridge'}, 'properties': {'aes-key-wrap', 'dea-key-wrap', 'loadparm'},
    },
}


@pytest.mark.parametrize('architecture, machine', EXPECTED, ids=lambda word: word)
def test_a_board_is_what_its_documentation_says(manager, architecture, machine):
    board = describe(manager, architecture, machine)
    expected = dict(EXPECTED[architecture, machine])
    assert 'Problem' not in board
    assert at(board) == expected.pop('pci')
    assert [(host['Driver'], host['Bus']) for host in board['PCIHosts']] == expected.pop('hosts')
    assert set(board['PCIBridges']) == expected.pop('bridges')
    assert expected.pop('fixed') <= set(drivers(board, Removable=False))
    assert expected.pop('removable') <= set(drivers(board, Removable=True))
    assert expected.pop('properties') <= set(board['Properties'])
    for role, wanted in expected.pop('defaults').items():
        assert sorted(drivers(board, 'DefaultDevices', Role=role)) == wanted, role
    assert {name: board.get(name) for name in expected} == expected
    used = {int(place.split('.')[0], 16) for place in at(board)}
    assert set(board['FreeSlots']) == (set(range(32)) - used if board['RootBus'] != 'none' else set())


def test_where_the_ports_of_a_pc_are(manager):
    board = describe(manager, 'x86_64', 'pc')
    places = {device['Driver']: (device.get('IOBase'), device.get('IRQ')) for device in board['Devices']}
    assert places['isa-fdc'] == (0x3f0, 6) and places['mc146818rtc'] == (0x70, 8)
    defaults = {device['Driver']: (device.get('IOBase'), device.get('IRQ')) for device in board['DefaultDevices']}
    assert defaults['isa-serial'] == (0x3f8, 4) and defaults['isa-parallel'] == (0x378, 7)
    assert {device['Driver']: device['MMIO'] for device in board['Devices'] if 'MMIO' in device}['ioapic'] == 0xfec00000


@pytest.mark.parametrize('architecture, machine', [('x86_64', 'pc'), ('x86_64', 'q35'), ('x86_64', 'isapc'), ('aarch64', 'virt'),
                                                   ('ppc64', 'pseries')])
def test_as_much_memory_can_be_plugged_as_is_told(manager, architecture, machine):
    """The emulator takes as many slots as the description says, and not one more."""
    slots = describe(manager, architecture, machine)['MemorySlots']

    def starts(number):
        memory = f'1G,slots={number},maxmem=2G' if number else '1G'
        done = subprocess.run([f'/usr/bin/qemu-system-{architecture}', '-S', '-machine', machine, '-accel', 'tcg', '-display',
                               'none', '-nodefaults', '-m', memory, '-monitor', 'stdio'], input='quit\n', capture_output=True,
                              text=True, timeout=60 * SLOWNESS, check=False)
        return done.returncode == 0 and 'slots' not in done.stderr

    assert starts(slots) and not starts(slots + 1)


def last_words(architecture, machine):
    """What the emulator prints when it is started as that by anybody: it must not run."""
    done = subprocess.run([f'/usr/bin/qemu-system-{architecture}', '-S', '-machine', machine, '-accel', 'tcg', '-display',
                           'none', '-nodefaults', '-monitor', 'none'], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20, check=False)
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize('architecture', ARCHITECTURES)
def test_every_machine_type_is_described_or_says_why_not(client, manager, architecture):
    listed = {machine['Name']: machine.get('Alias') for machine in manager.ListMachineTypes(architecture)}
    assert listed == names_of(architecture)
    outcomes = {name: manager.start('DescribeMachineType', architecture, name) for name in listed}
    described = 0
    for name, outcome in outcomes.items():
        try:
            board = unpack_reply(client.finish_call(outcome, 240 * SLOWNESS))
        except DBusError as failure:
            assert failure.name == 'org.virtbus1.Error.EmulatorFailed' and name in failure.message, failure
            assert last_words(architecture, name) in failure.message
            continue
        described += 1
        assert board['Name'] == name and board.get('Alias') == listed[name]
        assert board['RootBus'] in {'none', 'pci', 'pcie'} and (board['RootBus'] == 'none') == (not board['PCIHosts'])
        assert 'Problem' not in board, board['Problem']
        assert all('Removable' in device for device in board['Devices'])
    assert described > len(listed) * 3 / 4


def test_the_emulators_are_listed(manager):
    emulators = {emulator['Architecture']: emulator for emulator in manager.ListEmulators()}
    for architecture in ARCHITECTURES:
        emulator = emulators[architecture]
        assert emulator['Path'] == f'/usr/bin/qemu-system-{architecture}' and 'Problem' not in emulator
        assert re.fullmatch(r'\d+\.\d+\.\d+', emulator['Version'])
        assert emulator['MachineTypes'] == len(names_of(architecture)) and 'tcg' in emulator['Accelerators']
        assert emulator['DeviceTypes'] > 50
    assert emulators['x86_64']['CPUModels'] > 50
    assert emulators['x86_64']['DefaultMachineType'].startswith('pc-i440fx-')
    assert 'DefaultMachineType' not in emulators['aarch64']


@pytest.mark.parametrize('arguments, error, text', [
    (('x86_64', 'toaster'), 'Unsupported', 'pc-q35'),
    (('pdp11', 'pc'), 'NoEmulator', 'qemu-system-pdp11'),
    (('../x86_64', 'pc'), 'NoEmulator', 'no architecture'),
    (('', 'pc'), 'InvalidArgs', 'architecture'),
    (('x86_64', ''), 'InvalidArgs', 'machine type'),
    (('x86_64', 'q35,sata=off'), 'Unsupported', 'no machine type'),
    (('x86_64', '-S'), 'Unsupported', 'no machine type'),
    (('x86_64', 'q35 \n'), 'InvalidArgs', 'visible'),
    (('x86_64', 'é'), 'InvalidArgs', 'visible'),
    (('x' * 100000, 'pc'), 'InvalidArgs', 'architecture'),
    (('x86_64', 'x' * 100000), 'InvalidArgs', 'machine type'),
    (('x86_64', 'x' * 255), 'Unsupported', 'x' * 64 + "'"),
])
def test_what_is_no_machine_type_is_refused(manager, arguments, error, text):
    with pytest.raises(DBusError) as refused:
        describe(manager, *arguments)
    assert refused.value.name.endswith(f'.{error}') and text in refused.value.message
    assert len(refused.value.message) < 5000
    assert manager.Version


def test_other_calls_are_answered_meanwhile(client, manager):
    outcomes = [manager.start('DescribeMachineType', 'x86_64', machine) for machine in list(names_of('x86_64'))[:20]]
    started = time.monotonic()
    for _ in range(10):
        assert manager.ListDomains() == []
    assert time.monotonic() - started < 1 * SLOWNESS
    for outcome in outcomes:
        client.finish_call(outcome, 240 * SLOWNESS)


def test_the_commands_show_it(service):
    ctl = Ctl(service)
    assert re.search(r'^x86_64 +\d+\.\d+\.\d+ +\S*tcg +\d+ +pc-i440fx-\S+ +/usr/bin/qemu-system-x86_64', ctl('emulators'),
                     re.MULTILINE)
    assert {emulator['Architecture'] for emulator in json.loads(ctl('emulators', '--json'))} >= set(ARCHITECTURES)
    assert re.search(r'^pc-q35-\S+ +q35 +288 ', ctl('machines', 'x86_64'), re.MULTILINE)
    assert ctl('machines') == ctl('machines', 'x86_64')
    assert {machine['Name'] for machine in json.loads(ctl('machines', 's390x', '--json'))} == set(names_of('s390x'))

    board = ctl('machine', 'x86_64', 'q35')
    assert 'pcie.0: PCI Express, behind q35-pcihost\n' in board
    slots = board.split('q35-pcihost\n')[1].split('\n\n')[0].splitlines()
    assert [re.sub(r' +', ' ', line).strip() for line in slots] == [
        '00.0 mch', '01 to 1e free', '1f.0 ICH9-LPC', '1f.2 ich9-ahci storage, can be left out',
        '1f.3 ICH9-SMB can be left out']
    assert '  02 to 1f     free\n' in ctl('machine', 'x86_64', 'pc')
    assert 'There is no PCI bus.' in ctl('machine', 'x86_64', 'microvm')
    assert '32 virtio-mmio' in ctl('machine', 'aarch64', 'virt')
    assert json.loads(ctl('machine', 'x86_64', 'q35', '--json'))['SATABus'] == 'ide'
    assert 'no machine type' in ctl('machine', 'x86_64', 'toaster', status=1)
    assert 'needs an argument' in ctl('machine', 'x86_64', status=2)


def test_what_is_known_is_not_asked_again(manager):
    times = []
    for _ in range(20):
        started = time.monotonic()
        describe(manager, 'x86_64', 'q35')
        times.append(time.monotonic() - started)
    assert min(times) < 0.02 * SLOWNESS
    assert manager.ValidateDomain(domain_xml())


def test_the_owner_runs_what_the_domain_names(directory, new_service):
    """Whoever has it started: root's call does not make a program of the owner's root's."""
    directory.chmod(0o755)
    emulator = directory / 'emulator'
    emulator.write_text('#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    emulator.chmod(0o755)
    service = new_service().start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(emulator=emulator))
    record = service.definition_file(domain).with_name('record.json')
    service.stop()
    record.write_text(json.dumps(json.loads(record.read_text()) | {'owner': OWNER}))
    service.start()
    domain.Redefine(domain.GetXML())
    emulator.write_text('#!/bin/sh\necho "run by $(id -u)" >&2\nexit 1\n')
    for call in domain.Start, lambda: domain.AttachDevice('<input type="mouse" bus="usb"/>'):
        with pytest.raises(DBusError, match=f'run by {OWNER}$'):
            call()
    with pytest.raises(DBusError, match='run by 0$'):
        client.manager.ValidateDomain(domain_xml(emulator=emulator))
    client.close()
