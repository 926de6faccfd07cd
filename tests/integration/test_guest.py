# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real guest: what it sees is what was defined, and what it does by itself is told."""

import re

import pytest
from virtbus import DOMAIN, Console, domain_xml, process_alive, wait_until

PANIC = '<panic model="isa"/>'


@pytest.fixture
def boot(client, manager, guest):
    """Defines and boots a guest; gives the domain and its console."""
    consoles = []

    def do(name='guest', create=False, **named):
        if create:
            domain = manager.create(guest.xml(name, **named))
        else:
            domain = manager.define(guest.xml(name, **named))
            domain.Start()
        consoles.append(guest.boot(domain))
        return domain, consoles[-1]

    yield do
    for console in consoles:
        console.close()


def report(console):
    """What the guest sees: lists of (name, attributes) by type."""
    console.send('report\n')
    text = console.expect(r'^virtbus-guest: report\r?\n((?:.*\n)*?)virtbus-guest: end\r?$')[1]
    found = {}
    for line in text.splitlines():
        words = line.strip().split(' ')
        if len(words) >= 3 and words[0] == 'virtbus-guest:':
            attributes = dict(word.partition('=')[::2] for word in words[3:])
            found.setdefault(words[1], []).append((words[2], attributes))
    return found


def told(client, mark, domain):
    return [event.arguments for event in client.since(mark)
            if event.path == domain.path and event.interface == DOMAIN and event.member == 'Lifecycle']


def test_shutdown_by_the_guest(client, boot, service):
    domain, console = boot()
    pid = domain.ProcessID
    mark = client.mark()
    console.send('poweroff\n')
    client.wait_event(mark, 'stopped', timeout=90)
    assert client.story(mark, domain.path) == ['is stopping', 'shutdown guest', 'is shutoff', 'stopped shutdown']
    assert domain.StateReason == 'shutdown' and domain.ProcessID == 0
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    assert service.runtime_leftovers() == []


def test_shutdown_of_a_transient_guest_by_itself(client, boot):
    domain, console = boot(create=True)
    mark = client.mark()
    console.send('poweroff\n')
    domain.wait_gone(90)
    assert client.story(mark, domain.path)[:5] == ['is stopping', 'shutdown guest', 'is shutoff', 'stopped shutdown',
                                                   'removed']


def test_shutdown_on_request(client, boot):
    """The power button: the guest obeys, in its own time."""
    domain, console = boot()
    mark = client.mark()
    domain.Shutdown()
    assert client.story(mark, domain.path)[0] == 'Shutdown replied'
    console.expect('^virtbus-guest: power button')
    client.wait_event(mark, 'stopped', timeout=90)
    assert client.story(mark, domain.path) == ['Shutdown replied', 'is stopping', 'shutdown requested', 'is shutoff',
                                               'stopped shutdown']


def test_reboot_by_the_guest(client, boot):
    domain, console = boot()
    pid = domain.ProcessID
    mark = client.mark()
    console.send('reboot\n')
    console.expect('^virtbus-guest: ready')
    # The firmware resets the machine again before it starts the guest; that is the same reboot.
    assert client.story(mark, domain.path) == ['rebooted guest']
    assert domain.State == 'running' and domain.ProcessID == pid


def test_reboot_on_request(client, boot):
    """The guest shuts down as it would at the power button, and comes up again in the same process."""
    domain, console = boot()
    pid, started = domain.ProcessID, domain.StartTime
    mark = client.mark()
    domain.Reboot()
    console.expect('^virtbus-guest: power button')
    console.expect('^virtbus-guest: ready')
    assert ('rebooted', 'requested') in told(client, mark, domain)
    assert 'stopped' not in [event for event, _ in told(client, mark, domain)]
    assert (domain.State, domain.ProcessID, domain.StartTime) == ('running', pid, started)
    # The request was for once.
    mark = client.mark()
    domain.Shutdown()
    client.wait_event(mark, 'stopped', 'shutdown', timeout=90)


def test_shutdown_after_a_reboot_request_is_a_shutdown(client, boot):
    """The last wish counts: while the guest has not obeyed yet, Shutdown takes the place of Reboot."""
    domain, _ = boot()
    mark = client.mark()
    domain.Suspend()
    domain.Resume()
    domain.Reboot()
    domain.Shutdown()
    client.wait_event(mark, 'stopped', 'shutdown', timeout=90)


def test_reset(client, boot):
    domain, console = boot()
    pid = domain.ProcessID
    mark = client.mark()
    domain.Reset()
    console.expect('^virtbus-guest: ready')
    assert client.story(mark, domain.path) == ['rebooted requested', 'Reset replied']
    assert domain.ProcessID == pid and domain.State == 'running'


def test_panic_destroy(client, boot, service):
    domain, console = boot(devices=PANIC, actions='<on_crash>destroy</on_crash>')
    mark = client.mark()
    console.send('panic\n')
    client.wait_event(mark, 'stopped', timeout=90)
    assert client.story(mark, domain.path) == ['is crashed', 'GuestPanicked destroy', 'crashed panicked',
                                               'is stopping', 'is shutoff', 'stopped crashed']
    assert domain.StateReason == 'crashed'
    assert service.emulators() == []


def test_panic_restart(client, boot):
    domain, console = boot(devices=PANIC, actions='<on_crash>restart</on_crash>')
    mark = client.mark()
    console.send('panic\n')
    console.expect('^virtbus-guest: ready')
    story = client.story(mark, domain.path)
    assert story[:3] == ['is crashed', 'GuestPanicked restart', 'crashed panicked']
    assert 'is running' in story[3:] and 'stopped crashed' not in story
    assert domain.State == 'running'


def test_panic_preserve(client, boot):
    domain, console = boot(devices=PANIC, actions='<on_crash>preserve</on_crash>')
    pid = domain.ProcessID
    mark = client.mark()
    console.send('panic\n')
    client.wait_event(mark, 'crashed', 'panicked', timeout=90)
    assert client.story(mark, domain.path) == ['is crashed', 'GuestPanicked preserve', 'crashed panicked']
    assert (domain.State, domain.StateReason, domain.ProcessID) == ('crashed', 'panicked', pid)
    for method in ('Start', 'Shutdown', 'Reboot', 'Suspend', 'Resume'):
        with pytest.raises(Exception, match='InvalidState.*crashed'):
            domain.call(method)
    assert domain.State == 'crashed'
    mark = client.mark()
    domain.PowerOff()
    assert client.story(mark, domain.path) == ['is stopping', 'is shutoff', 'stopped powered-off',
                                               'PowerOff replied']


def test_a_crashed_guest_after_a_restart_of_the_service(client, boot, service):
    domain, console = boot(devices=PANIC, actions='<on_crash>preserve</on_crash>')
    mark = client.mark()
    console.send('panic\n')
    client.wait_event(mark, 'crashed', timeout=90)
    service.restart()
    client.start_model()
    assert domain.State == 'crashed'
    domain.PowerOff()


def test_a_crashed_guest_is_reset(client, boot):
    """Reset is the way back from a crash that was preserved."""
    domain, console = boot(devices=PANIC, actions='<on_crash>preserve</on_crash>')
    mark = client.mark()
    console.send('panic\n')
    client.wait_event(mark, 'crashed', timeout=90)
    mark = client.mark()
    domain.Reset()
    console.expect('^virtbus-guest: ready')
    assert domain.State == 'running'
    assert ('rebooted', 'requested') in told(client, mark, domain)


def test_panic_of_a_transient_guest(client, boot):
    domain, console = boot(create=True, devices=PANIC, actions='<on_crash>destroy</on_crash>')
    mark = client.mark()
    console.send('panic\n')
    domain.wait_gone(90)
    assert client.story(mark, domain.path) == ['is crashed', 'GuestPanicked destroy', 'crashed panicked', 'is stopping',
                                               'is shutoff', 'stopped crashed', 'removed']


def test_on_poweroff_restart(client, boot):
    domain, console = boot(actions='<on_poweroff>restart</on_poweroff>')
    mark = client.mark()
    console.send('poweroff\n')
    console.expect('^virtbus-guest: ready')
    assert domain.State == 'running'
    assert 'stopped' not in [event for event, _ in told(client, mark, domain)]
    assert 'rebooted' in [event for event, _ in told(client, mark, domain)]


@pytest.mark.parametrize('event', ['poweroff', 'reboot'])
def test_only_a_crash_is_preserved(boot, event):
    with pytest.raises(Exception, match=f"Unsupported.*on_{event}.*'preserve'"):
        boot(actions=f'<on_{event}>preserve</on_{event}>')


def test_on_reboot_destroy(client, boot, service):
    domain, console = boot(actions='<on_reboot>destroy</on_reboot>')
    mark = client.mark()
    console.send('reboot\n')
    client.wait_event(mark, 'stopped', timeout=90)
    assert domain.State == 'shutoff' and service.emulators() == []


def test_suspend_by_the_guest(client, boot):
    domain, console = boot()
    mark = client.mark()
    console.send('suspend\n')
    client.wait_event(mark, 'suspended-by-guest', 'ram', timeout=90)
    assert client.story(mark, domain.path) == ['is suspended-by-guest', 'suspended-by-guest ram']
    assert domain.StateReason == 'ram'
    domain.PowerOff()


def test_paused_guest_stands_still(client, boot):
    domain, console = boot()
    domain.Suspend()
    console.send('echo sleeping\n')
    assert console.read_some(0)
    domain.Resume()
    console.expect('^virtbus-guest: echo sleeping')


def test_the_guest_sees_its_hardware(boot, tmp_path):
    """Every kind of device that a definition can have, where the definition says it is."""
    for name, size in (('vda', 8), ('sda', 9), ('sdb', 10), ('cd', 11), ('usb', 12)):
        with open(tmp_path / f'{name}.img', 'wb') as image:
            image.truncate(size << 20)
    disks = ''.join(
        f'<disk type="file" device="{device}"><driver name="qemu" type="raw"/><source file="{tmp_path}/{name}.img"/>'
        f'<target dev="{target}" bus="{bus}"/>{extra}</disk>'
        for name, device, target, bus, extra in (
            ('vda', 'disk', 'vda', 'virtio', '<serial>SER-VDA</serial>'),
            ('sda', 'disk', 'sda', 'scsi', '<readonly/>'),
            ('sdb', 'disk', 'sdb', 'sata', ''),
            ('cd', 'cdrom', 'sdc', 'sata', '<readonly/>'),
            ('usb', 'disk', 'sdd', 'usb', '')))
    domain, console = boot(
        uuid='a1b2c3d4-1111-4222-8333-444455556666', vcpus=2, memory=192,
        devices=disks + PANIC +
        '<controller type="scsi" index="0" model="virtio-scsi"/>'
        '<controller type="usb" index="0" model="qemu-xhci"/>'
        '<controller type="virtio-serial" index="0"/>'
        '<interface type="user"><mac address="52:54:00:11:22:33"/><model type="virtio"/></interface>'
        '<interface type="user"><mac address="52:54:00:11:22:44"/><model type="e1000e"/></interface>'
        '<console type="pty"><target type="virtio" port="1"/></console>'
        '<input type="tablet" bus="usb"/><graphics type="vnc"><listen type="socket"/></graphics>'
        '<video><model type="virtio"/></video><memballoon model="virtio"/>'
        '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>')
    seen = report(console)
    assert seen['system'][0][1]['uuid'] == domain.UUID
    assert len(seen['cpu']) == 2
    assert {mac['mac']: mac['driver'] for _, mac in seen['net']} == {
        '52:54:00:11:22:33': 'virtio_net', '52:54:00:11:22:44': 'e1000e'}
    sizes = {int(values['size']) >> 20: (name, values) for name, values in seen['disk'] + seen['cdrom']}
    assert set(sizes) == {8, 9, 10, 11, 12}
    assert sizes[8][0] == 'vda' and sizes[8][1]['serial'] == 'SER-VDA'
    assert sizes[9][1]['ro'] == '1' and sizes[10][1]['ro'] == '0'
    assert sizes[11][0].startswith('sr')
    assert any('Tablet' in values['name'] or 'Tablet' in name for name, values in seen['input'])
    assert seen['rng'] and seen['panic']

    # Addresses: what the objects say is what the guest sees.
    guest_pci = dict(seen['pci'])
    buses = bus_numbers(seen['pci'], domain)
    for path, interfaces in domain.hardware().items():
        device = interfaces['org.virtbus1.Device']
        if device['AddressType'] != 'pci' or device['Builtin']:
            continue
        _, bus, place = device['Address'].split(':')
        address = f'0000:{buses[int(bus, 16)]:02x}:{place}'
        assert address in guest_pci, f'{path} {device["Driver"]} is not at {address}: {sorted(guest_pci)}'

    # And all of it survives a restart in the same places.
    before = {name: values['path'] for name, values in seen['pci']}
    domain.Reset()
    console.expect('^virtbus-guest: ready')
    assert {name: values['path'] for name, values in report(console)['pci']} == before


def bus_numbers(pci, domain):
    """The guest numbers buses as it finds them; the bus of a controller is the one below the controller."""
    paths = {values['path']: name for name, values in pci}
    found = {0: 0}
    left = {controller.Index: controller.path for controller in domain.controllers()
            if controller.Type == 'pci' and controller.Index}
    hardware = domain.hardware()
    while left:
        progress = False
        for index, path in list(left.items()):
            _, bus, place = hardware[path]['org.virtbus1.Device']['Address'].split(':')
            if int(bus, 16) not in found:
                continue
            own = f'0000:{found[int(bus, 16)]:02x}:{place}'
            below = [name for where, name in paths.items() if re.search(rf'/{own}/[^/]+$', where)]
            found[index] = int(below[0].split(':')[1], 16) if below else -1
            del left[index]
            progress = True
        assert progress
    return found


@pytest.mark.parametrize('machine', ['pc', 'q35'])
def test_both_machines_boot(boot, machine, tmp_path):
    with open(tmp_path / 'disk.img', 'wb') as image:
        image.truncate(4 << 20)
    _, console = boot(machine=machine, devices=f'<disk type="file" device="disk"><source file="{tmp_path}/disk.img"/>'
                                               '<target dev="vda" bus="virtio"/></disk>')
    assert [name for name, _ in report(console)['disk']] == ['vda']


def test_disk_contents(client, boot, tmp_path):
    """What the guest writes is on the host, and there after it was shut down and started again."""
    image = tmp_path / 'disk.img'
    with open(image, 'wb') as file:
        file.truncate(4 << 20)
    domain, console = boot(devices=f'<disk type="file" device="disk"><source file="{image}"/>'
                                   '<target dev="vda" bus="virtio"/></disk>')
    console.send('write vda something to keep\n')
    console.expect('^virtbus-guest: written vda')
    mark = client.mark()
    domain.Shutdown()
    client.wait_event(mark, 'stopped', 'shutdown', timeout=90)
    assert image.read_bytes().startswith(b'something to keep\n')
    domain.Start()
    console = Console(domain.OpenConsole(''))
    console.expect('^virtbus-guest: ready')
    console.send('read vda\n')
    console.expect('^virtbus-guest: read vda something to keep')
    console.close()
