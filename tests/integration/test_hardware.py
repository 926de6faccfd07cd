# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions made complete: fixed once, the same everywhere, and shown as objects."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from virtbus import (CONTROLLER, DEVICE, PTY, Controller, DBusError, Device, domain_xml)

UUID = '8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'

RICH = (PTY + '<controller type="scsi" index="0" model="virtio-scsi"/><controller type="virtio-serial" index="0"/>'
        '<controller type="usb" index="0" model="ich9-ehci1"/>'
        '<controller type="usb" index="0" model="ich9-uhci1"><master startport="0"/></controller>'
        '<controller type="usb" index="0" model="ich9-uhci2"><master startport="2"/></controller>'
        '<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="/images/a.qcow2"/>'
        '<target dev="vda" bus="virtio"/><boot order="1"/></disk>'
        '<disk type="block" device="disk"><source dev="/dev/null"/><target dev="sda" bus="scsi"/></disk>'
        '<disk type="file" device="cdrom"><target dev="sdb" bus="sata"/><readonly/></disk>'
        '<disk type="file" device="disk"><source file="/images/u.img"/><target dev="sdc" bus="usb"/></disk>'
        '<interface type="user"><mac address="52:54:00:11:22:33"/><model type="virtio"/><boot order="2"/></interface>'
        '<console type="pty"><target type="virtio"/></console>'
        '<input type="tablet" bus="usb"/><graphics type="vnc"><listen type="socket"/></graphics>'
        '<video><model type="vga"/></video><memballoon model="virtio"/>'
        '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng><panic model="isa"/>')

MACHINES = pytest.mark.parametrize('machine', ['q35', 'pc'])


@MACHINES
def test_a_complete_definition_is_a_fixed_point(manager, machine):
    xml = domain_xml(uuid=UUID, machine=machine, title='T', description='D & <E>', devices=RICH)
    complete = manager.ValidateDomain(xml)
    assert manager.ValidateDomain(complete) == complete
    domain = manager.define(xml)
    assert domain.GetXML() == complete
    assert manager.define(complete) == domain and domain.GetXML() == complete
    assert manager.DescribeCommandLine(xml) == manager.DescribeCommandLine(complete)


@MACHINES
def test_what_is_left_open_is_decided(manager, machine):
    complete = manager.ValidateDomain(domain_xml(machine=machine, devices=RICH))
    tree = ElementTree.fromstring(complete)
    assert re.fullmatch('[0-9a-f-]{36}', tree.findtext('uuid'))
    assert re.fullmatch(r'pc-(q35|i440fx)-\d+\.\d+', tree.find('os/type').get('machine'))
    assert tree.findtext('devices/emulator') == '/usr/bin/qemu-system-x86_64'
    aliases = [alias.get('name') for alias in tree.iterfind('devices//alias')]
    assert len(aliases) == len(set(aliases))
    assert tree.find('devices/interface/mac') is not None
    places = [tuple(sorted(address.attrib.items())) for address in tree.iterfind('devices/*/address')
              if address.get('type') == 'pci']
    assert len(places) == len(set(places))


def test_a_mac_is_made_up(manager):
    first, second = (ElementTree.fromstring(manager.ValidateDomain(domain_xml(devices='<interface type="user"/>')))
                     for _ in range(2))
    macs = [tree.find('devices/interface/mac').get('address') for tree in (first, second)]
    assert macs[0] != macs[1] and all(mac.startswith('52:54:00:') for mac in macs)


def test_dry_runs_leave_nothing(client, manager, service):
    manager.define(domain_xml('guest'))
    mark = client.mark()
    manager.ValidateDomain(domain_xml('guest'))
    manager.DescribeCommandLine(domain_xml('other'))
    assert [event for event in client.since(mark) if event.member != 'reply'] == []
    assert len(service.state_entries()) == 1 and service.runtime_leftovers() == []
    assert service.emulators() == []


def test_command_line(manager):
    argv = manager.DescribeCommandLine(domain_xml(uuid=UUID, devices=RICH))
    assert argv[0] == '/usr/bin/qemu-system-x86_64'
    for expected in ('-S', '-nodefaults', '-no-user-config', '-sandbox'):
        assert expected in argv
    assert '-usb' not in argv
    assert any(re.fullmatch(r'socket,id=charmonitor,fd=3,server=on,wait=off', argument) for argument in argv)
    assert any('"id":"virtio-disk0"' in argument.replace(' ', '') for argument in argv)
    text = '\n'.join(argv)
    assert '/domains/0/sockets/' in text
    assert UUID in text and '52:54:00:11:22:33' in text


def test_the_described_command_line_is_the_real_one(manager):
    """But for the descriptor of the monitor and the directory of the domain."""
    xml = domain_xml(uuid=UUID, devices=PTY + '<serial type="unix"/><input type="tablet" bus="usb"/>')
    described = manager.DescribeCommandLine(xml)
    domain = manager.define(xml)
    domain.Start()
    real = open(f'/proc/{domain.ProcessID}/cmdline', 'rb').read().decode().split('\0')[:-1]

    def same(arguments):
        return [re.sub(r'/domains/\d+/', '/domains/N/', re.sub(r'\bfd=\d+', 'fd=N', argument)) for argument in arguments]
    assert same(described) == same(real)


@MACHINES
def test_the_emulator_takes_the_command_line(manager, machine, tmp_path):
    """With all kinds of devices, and verified by the service to be where the definition says."""
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', tmp_path / 'a.qcow2', '1M'], check=True)
    with open(tmp_path / 'u.img', 'wb') as image:
        image.truncate(1 << 20)
    loop = tmp_path / 'u.img'
    devices = RICH.replace('/images/a.qcow2', str(tmp_path / 'a.qcow2')).replace('/images/u.img', str(tmp_path / 'u.img'))
    devices = devices.replace('type="block" device="disk"><source dev="/dev/null"/>',
                              f'type="file" device="disk"><source file="{loop}"/><readonly/>')
    devices = devices.replace(f'{tmp_path}/u.img"/><target dev="sdc"', f'{tmp_path}/u.img"/><readonly/><target dev="sdc"')
    domain = manager.define(domain_xml(machine=machine, devices=devices))
    domain.Start(paused=True)
    assert domain.State == 'paused'


def by_alias(tree):
    """The devices of a definition. Some classes have no alias in the format and are called by their place."""
    found = {f'{kind}{number}': element for kind in ('graphics', 'audio')
             for number, element in enumerate(tree.iterfind(f'devices/{kind}'))}
    found.update((element.find('alias').get('name'), element) for element in tree.find('devices')
                 if element.find('alias') is not None)
    return found


@MACHINES
def test_objects_say_what_the_xml_says(client, manager, machine):
    domain = manager.define(domain_xml(machine=machine, devices=RICH))
    tree = ElementTree.fromstring(domain.GetXML())
    objects = {interfaces[DEVICE]['Alias']: (path, interfaces) for path, interfaces in domain.hardware().items()}
    elements = by_alias(tree)
    assert set(objects) == set(elements)
    for alias, element in elements.items():
        path, interfaces = objects[alias]
        device = interfaces[DEVICE]
        assert device['Kind'] == element.tag
        kind = 'controller' if element.tag == 'controller' else 'device'
        assert path.startswith(f'{domain.path}/{kind}/')
        assert device['AddressType'] == (element.find('address').get('type') if element.find('address') is not None else '')
        boot = element.find('boot')
        assert device['BootIndex'] == (int(boot.get('order')) if boot is not None else 0)
        if element.tag == 'controller':
            controller = interfaces[CONTROLLER]
            assert (controller['Type'], controller['Index']) == (element.get('type'), int(element.get('index')))
            assert controller['Model'] == (element.get('model') or '')
            model = element.find('model')
            assert controller['ModelName'] == (model.get('name') if model is not None else '')
            target = element.find('target')
            given = {} if target is None else target.attrib
            assert controller['Target'].get('chassis') == (int(given['chassis']) if 'chassis' in given else None)
            assert controller['Target'].get('port') == (int(given['port'], 0) if 'port' in given else None)
        else:
            assert set(interfaces) & {CONTROLLER} == set()
        address = element.find('address')
        if address is not None and address.get('type') == 'pci':
            assert device['Address'] == '%04x:%02x:%02x.%x' % tuple(
                int(address.get(key), 0) for key in ('domain', 'bus', 'slot', 'function'))
            parent = client.call('org.virtbus1', device['Controller'], 'org.freedesktop.DBus.Properties', 'GetAll',
                                 '(s)', CONTROLLER)
            assert (parent['Type'], parent['Index']) == ('pci', int(address.get('bus'), 0))
    for path in domain.Controllers:
        controller = Controller(client, path)
        for attached in controller.Attached:
            assert Device(client, attached).Controller == path
        assert controller.SlotsFree <= controller.SlotsTotal


def test_masters_and_companions(client, manager):
    domain = manager.define(domain_xml(devices=RICH))
    usb = [controller for controller in domain.controllers() if controller.Type == 'usb']
    masters = [controller for controller in usb if controller.Master == '/']
    assert len(usb) == 3 and len(masters) == 1 and masters[0].Model == 'ich9-ehci1'
    companions = {controller.path for controller in usb if controller.Master != '/'}
    assert set(masters[0].Companions) == companions and len(companions) == 2
    assert all(Controller(client, path).Companions == [] for path in companions)


def test_implicit_and_builtin(client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    hardware = domain.hardware().values()
    by_alias = {interfaces[DEVICE]['Alias']: interfaces[DEVICE] for interfaces in hardware}
    assert not by_alias['serial0']['Implicit']
    roots = [interfaces for interfaces in hardware if interfaces.get(CONTROLLER, {}).get('Model') == 'pcie-root']
    assert len(roots) == 1 and roots[0][DEVICE]['Builtin'] and roots[0][DEVICE]['Implicit']
    assert roots[0][DEVICE]['Controller'] == '/'


def test_an_alias_of_the_users_is_kept_and_escaped(client, manager):
    """The path is the alias as sd_bus_path_encode escapes it."""
    domain = manager.define(domain_xml(devices='<rng model="virtio"><backend model="builtin"/>'
                                               '<alias name="ua-My.Rng-1_x"/></rng>'))
    device = domain.device('ua-My.Rng-1_x')
    assert device.path == domain.path + '/device/ua_2dMy_2eRng_2d1_5fx'
    assert '<rng' in device.GetXML()
    assert 'ua-My.Rng-1_x' in domain.GetXML()
    domain.Start(paused=True)


@MACHINES
def test_devices_show_their_xml(manager, machine):
    domain = manager.define(domain_xml(machine=machine, devices=RICH))
    elements = by_alias(ElementTree.fromstring(domain.GetXML()))
    for path, interfaces in domain.hardware().items():
        element = ElementTree.fromstring(Device(manager.client, path).GetXML())
        assert element.tag == interfaces[DEVICE]['Kind']
        whole = elements[interfaces[DEVICE]['Alias']]
        assert [(node.tag, node.attrib, (node.text or '').strip()) for node in element.iter()] == \
            [(node.tag, node.attrib, (node.text or '').strip()) for node in whole.iter()]


def test_what_can_be_unplugged(client, manager):
    """Nothing while it is shut off; behind a hotplug port when it runs."""
    domain = manager.define(domain_xml(devices='<rng model="virtio"><backend model="builtin"/></rng>'))
    device = domain.device('rng0')
    assert not device.Removable
    mark = client.mark()
    domain.Start(paused=True)
    assert device.Removable == Controller(client, device.Controller).AcceptsHotplug
    told = [event for event in client.since(mark) if event.path == device.path]
    assert bool(told) == device.Removable
    domain.PowerOff()
    assert not device.Removable


def test_hardware_survives_a_new_service(client, service, manager):
    """Nothing is derived anew: objects, addresses and aliases are those of the definition."""
    domain = manager.define(domain_xml(uuid=UUID, devices=RICH))
    text, hardware = domain.GetXML(), domain.hardware()
    service.restart()
    client.start_model()
    assert domain.GetXML() == text and domain.hardware() == hardware


def test_memory_and_processors(manager):
    domain = manager.define(domain_xml(extra='<currentMemory unit="MiB">32</currentMemory>').replace(
        '<vcpu>1</vcpu>', '<vcpu current="1">2</vcpu>'))
    assert (domain.MemoryMaximum, domain.MemoryActual) == (64 << 20, 32 << 20)
    assert (domain.VCPUsMaximum, domain.VCPUs) == (2, 1)
    domain.Start(paused=True)
    assert domain.VCPUsMaximum == 2


@pytest.mark.parametrize('unit, bytes_', [('b', 67108864), ('KiB', 65536), ('KB', 67109), ('MiB', 64), ('GiB', None)])
def test_units_of_memory(manager, unit, bytes_):
    xml = domain_xml().replace('<memory unit="MiB">64', f'<memory unit="{unit}">{bytes_ or 1}')
    memory = manager.define(xml).MemoryMaximum
    assert memory % (1 << 20) == 0
    assert abs(memory - ((1 << 30) if bytes_ is None else (64 << 20))) <= 1 << 20


def test_kvm_where_there_is_none(manager):
    """Refused with the reason, not replaced."""
    xml = domain_xml().replace('type="qemu"', 'type="kvm"', 1)
    manager.ValidateDomain(domain_xml())
    if 'kvm' in manager.Accelerators:
        domain = manager.define(xml)
        assert domain.Accelerator == 'kvm'
        domain.Start(paused=True)
    else:
        with pytest.raises(DBusError, match='(?i)kvm'):
            manager.define(xml)
