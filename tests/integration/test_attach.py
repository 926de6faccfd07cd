# SPDX-License-Identifier: LGPL-2.1-or-later
"""AttachDevice: what can be plugged in into a guest that runs, anything into a definition."""
import re

import pytest
from virtbus import DBusError, domain_xml

UUID = '0aa62f9c-27a9-4a84-9d1c-8c6c9a6f2f4d'


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'disk, more.img'
    path.write_bytes(bytes(1 << 20))
    return path


def refused(error, call, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == f'org.virtbus1.Error.{error}', caught.value


def disk(path, target='vdb', bus='virtio'):
    return f'<disk type="file" device="disk"><source file="{path}"/><target dev="{target}" bus="{bus}"/></disk>'


def test_a_guest_sees_a_new_disk(client, manager, guest, image):
    domain = manager.define(guest.xml())
    domain.Start()
    console = guest.boot(domain)
    mark = client.mark()
    path = domain.AttachDevice(disk(image))
    console.expect('^virtbus-guest: added disk vd[a-z] size=1048576 ')
    told = [(event.path, event.member) for event in client.since(mark) if event.path.startswith(domain.path)]
    assert told.index((domain.path, 'InterfacesAdded')) < told.index((domain.path, 'DeviceAdded'))
    assert path in domain.Devices and path in domain.hardware()
    assert domain.Pending
    console.close()


@pytest.mark.parametrize('target, on', [('vdb', 'virtio'), ('sdb', 'usb')])
def test_it_stays_through_a_restart_of_the_service(service, client, manager, image, target, on):
    domain = manager.define(domain_xml())
    domain.Start()
    path = domain.AttachDevice(disk(image, target, on))
    before = domain.hardware()
    service.restart()
    client.start_model()
    assert domain.State == 'running' and domain.hardware() == before
    domain.PowerOff()
    assert path not in domain.Devices and not domain.Pending


def test_both_places_at_once(manager, image):
    domain = manager.define(domain_xml())
    domain.Start()
    path = domain.AttachDevice(disk(image), live=True, config=True)
    before = domain.hardware()[path]['org.virtbus1.Device']
    domain.PowerOff()
    after = domain.hardware()[path]['org.virtbus1.Device']
    assert (after['Alias'], after['Address']) == (before['Alias'], before['Address'])
    domain.Start()
    assert domain.hardware()[path]['org.virtbus1.Device']['Removable']


def test_a_definition_takes_any_device(manager):
    domain = manager.define(domain_xml())
    path = domain.AttachDevice('<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>')
    assert domain.hardware()[path]['org.virtbus1.Device']['Kind'] == 'rng'
    domain.Start()


def test_what_cannot_be_attached(manager, image):
    domain = manager.define(domain_xml())
    refused('InvalidState', domain.AttachDevice, disk(image), live=True)
    refused('InvalidXML', domain.AttachDevice, '<disk')
    refused('InvalidXML', domain.AttachDevice, '<teapot/>')
    domain.Start()
    before = domain.hardware()
    refused('Monitor', domain.AttachDevice, disk(image.parent / 'missing'))
    refused('Unsupported', domain.AttachDevice, disk(image, 'sdb', 'sata'))
    refused('InvalidXML', domain.AttachDevice, '<memballoon model="virtio"/>')
    refused('Unsupported', domain.AttachDevice, '<parallel type="null"/>')
    assert domain.hardware() == before
    domain.AttachDevice(disk(image))
    refused('NoFreeAddress', domain.AttachDevice, disk(image, 'vdc'))


def test_graphics_survive_a_restart(service, client, manager):
    """The format has no alias for a graphics server: it must be found all the same."""
    domain = manager.define(domain_xml(devices='<graphics type="vnc"><listen type="socket"/></graphics>'))
    domain.Start()
    before = domain.hardware()
    service.restart()
    client.start_model()
    assert domain.State == 'running' and domain.hardware() == before


HOTPLUG = [
    ('interface', '<interface type="user"><model type="virtio"/></interface>'),
    ('cable out', '<interface type="user"><model type="e1000e"/><link state="down"/></interface>'),
    ('forwarded', '<interface type="mcast"><source address="230.0.0.1" port="5558"/><model type="virtio"/></interface>'),
    ('rng', '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>'),
    ('builtin rng', '<rng model="virtio"><backend model="builtin"/></rng>'),
    ('tablet', '<input type="tablet" bus="usb"/>'),
    ('keyboard', '<input type="keyboard" bus="virtio"/>'),
    ('channel', '<channel type="unix"><target type="virtio" name="org.example.a"/></channel>'),
    ('channel pty', '<channel type="pty"><target type="virtio" name="org.example.b"/></channel>'),
    ('redirdev', '<redirdev bus="usb" type="tcp"><source mode="bind" host="127.0.0.1" service="0"/></redirdev>'),
    ('scsi', '<controller type="scsi" model="virtio-scsi"/>'),
    ('serial', '<serial type="pty"><target type="usb-serial"/></serial>'),
]
PORTS = ''.join(f'<controller type="pci" index="{n}" model="pcie-root-port"/>' for n in range(1, 7))
ROOM = PORTS + '<controller type="usb" model="qemu-xhci"/><controller type="virtio-serial"/>'


@pytest.mark.parametrize('xml', [pytest.param(xml, id=name) for name, xml in HOTPLUG])
def test_what_can_be_plugged_in(manager, xml):
    domain = manager.define(domain_xml(devices=ROOM))
    domain.Start()
    before = domain.hardware()
    path = domain.AttachDevice(xml)
    added = domain.hardware()[path]['org.virtbus1.Device']
    assert path not in before and set(before) < set(domain.hardware())
    alias = added['Alias']
    assert f"<alias name='{alias}'/>" in domain.GetXML() and f"'{alias}'" not in domain.GetXML(inactive=True)
    assert domain.Pending and domain.State == 'running'


MEMORY = '<memory model="dimm"><target><size unit="MiB">{size}</size><node>0</node></target></memory>'
CELL = '<maxMemory unit="MiB" slots="2">1024</maxMemory><cpu><numa><cell id="0" cpus="0" memory="65536"/></numa></cpu>'


def test_memory_comes_on_top(manager):
    domain = manager.define(domain_xml(extra=CELL))
    domain.Start()
    assert domain.MemoryMaximum == 64 << 20
    path = domain.AttachDevice(MEMORY.format(size=128), live=True, config=True)
    assert domain.MemoryMaximum == 192 << 20
    assert domain.hardware()[path]['org.virtbus1.Device']['AddressType'] == 'dimm'
    domain.PowerOff()
    domain.Start()
    assert domain.MemoryMaximum == 192 << 20


def test_the_place_of_memory_is_known(manager):
    """Where the guest sees a module is the emulator's choice: of this run, and no difference from what is kept."""
    domain = manager.define(domain_xml(extra=CELL.replace('slots="2"', 'slots="3"'), devices=MEMORY.format(size=128)))
    kept = domain.GetXML(inactive=True)
    assert 'base=' not in kept
    domain.Start()
    bases = re.findall(r"type='dimm' slot='(\d)' base='(0x[0-9a-f]+)'", domain.GetXML())
    assert [slot for slot, _ in bases] == ['0'] and int(bases[0][1], 16) >= 64 << 20
    assert not domain.Pending and domain.GetXML(inactive=True) == kept
    domain.AttachDevice(MEMORY.format(size=128), live=True, config=True)
    more = re.findall(r"type='dimm' slot='(\d)' base='(0x[0-9a-f]+)'", domain.GetXML())
    assert more[0] == bases[0] and int(more[1][1], 16) >= int(bases[0][1], 16) + (128 << 20)
    assert not domain.Pending and 'base=' not in domain.GetXML(inactive=True)
    # What is kept may take the place of itself, and may not put the module elsewhere.
    domain.Redefine(domain.GetXML(inactive=True))
    elsewhere = domain.GetXML(inactive=True).replace("type='dimm' slot='0'", "type='dimm' slot='0' base='0x200000000'")
    refused('Incompatible', domain.Redefine, elsewhere)
    domain.PowerOff()
    assert 'base=' not in domain.GetXML()


def test_nothing_is_left_of_what_was_refused(manager):
    domain = manager.define(domain_xml(devices=ROOM))
    domain.Start()
    before = domain.hardware()
    card = '<interface type="user"><mac address="52:54:00:11:22:33"/><model type="virtio"/>{more}</interface>'
    refused('Monitor', domain.AttachDevice, card.format(more='<rom file="/nowhere"/>'))
    refused('Unsupported', domain.AttachDevice, card.format(more='<filterref filter="clean-traffic"/>'))
    refused('Monitor', domain.AttachDevice, '<rng model="virtio"><backend model="random">/dev/nowhere</backend></rng>')
    assert domain.hardware() == before and not domain.Pending
    domain.AttachDevice(card.format(more=''))
    domain.AttachDevice('<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>')


def test_what_is_no_hot_plug(manager):
    domain = manager.define(domain_xml(devices=ROOM))
    domain.Start()
    for xml in ('<graphics type="vnc"/>', '<video><model type="vga"/></video>', '<sound model="ich9"/>',
                '<disk type="file" device="cdrom"><target dev="sda" bus="sata"/></disk>', '<parallel type="null"/>'):
        with pytest.raises(DBusError) as caught:
            domain.AttachDevice(xml)
        assert caught.value.name.split('.')[-1] in ('Unsupported', 'NoFreeAddress'), caught.value
    assert not domain.Pending
