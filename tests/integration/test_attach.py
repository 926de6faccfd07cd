# SPDX-License-Identifier: LGPL-2.1-or-later
"""AttachDevice: a disk into a guest that runs, anything into a definition."""
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
    refused('Unsupported', domain.AttachDevice,
            '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>')
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
