# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that is saved goes on from there when its domain is started, once, whoever dies meanwhile."""

import json
import os
import signal
import subprocess

import pytest
from virtbus import OWNER, Client, Console, DBusError, domain_xml, process_alive, wait_until

ERROR = 'org.virtbus1.Error.'


def directory_of(service, domain):
    return service.definition_file(domain).parent


def image_of(service, domain):
    return directory_of(service, domain) / 'private' / 'saved'


def record_of(service, domain):
    return directory_of(service, domain) / 'saved.json'


def refused(name, function, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        function(*arguments, **named)
    assert caught.value.name == ERROR + name, caught.value
    return caught.value.message


@pytest.fixture
def half_a_line(manager, guest):
    """Boots a guest and types half a line, which is in its memory alone; and a function that types the other half and says
    whether it is the guest that had the first."""
    consoles = []

    def begin(name='guest', **named):
        domain = manager.define(guest.xml(name, **named))
        domain.Start()
        consoles.append(guest.boot(domain))
        type_half(domain)
        return domain

    def type_half(domain):
        consoles[-1].send('echo one-')
        consoles[-1].expect('echo one-')

    def goes_on(domain):
        consoles.append(Console(domain.OpenConsole('')))
        consoles[-1].send('guest\n')
        consoles[-1].expect(r'^virtbus-guest: echo one-guest\r?\n')
        type_half(domain)

    begin.goes_on = goes_on
    yield begin
    for console in consoles:
        console.close()


def test_it_goes_on_from_there(service, client, manager, half_a_line):
    domain = half_a_line()
    client.start_model()
    pid, addresses = domain.ProcessID, domain.GetXML()
    mark = client.mark()
    domain.ManagedSave()
    assert client.story(mark, domain.path) == ['is paused', 'suspended saving', 'is stopping', 'is shutoff',
                                               'stopped saved', 'ManagedSave replied']
    assert (domain.State, domain.StateReason, domain.HasManagedSave) == ('shutoff', 'saved', True)
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    assert service.runtime_leftovers() == []
    assert image_of(service, domain).stat().st_size > 1 << 20
    mark = client.mark()
    domain.Start()
    assert client.story(mark, domain.path) == ['is starting', 'is running', 'started restored', 'Start replied']
    assert (domain.StateReason, domain.HasManagedSave, domain.Pending) == ('restored', False, False)
    assert domain.GetXML() == addresses
    assert not image_of(service, domain).exists() and not record_of(service, domain).exists()
    half_a_line.goes_on(domain)
    client.check_model()
    # And once more, over a restart of the service.
    domain.ManagedSave()
    service.restart()
    client.start_model()
    assert (domain.State, domain.StateReason, domain.HasManagedSave) == ('shutoff', 'saved', True)
    domain.Start()
    half_a_line.goes_on(domain)


def test_a_paused_guest_stays_paused(client, manager, half_a_line):
    domain = half_a_line()
    domain.Suspend()
    domain.ManagedSave()
    mark = client.mark()
    domain.Start()
    assert client.story(mark, domain.path) == ['is starting', 'is paused', 'started restored', 'suspended restored',
                                               'Start replied']
    assert not domain.HasManagedSave
    domain.Resume()
    half_a_line.goes_on(domain)
    # One that ran can be left paused, and is saved as one that was.
    domain.ManagedSave()
    domain.Start(paused=True)
    assert (domain.State, domain.HasManagedSave) == ('paused', False)
    domain.ManagedSave()
    domain.Start()
    assert domain.State == 'paused'
    domain.Resume()
    half_a_line.goes_on(domain)


def test_it_has_the_hardware_that_it_had(client, manager, half_a_line, guest):
    """Whatever the definition says by now."""
    domain = half_a_line()
    tablet = domain.AttachDevice('<input type="tablet" bus="usb"/>', live=True)
    live, kept = domain.GetXML(), domain.GetXML(inactive=True)
    client.start_model()
    assert domain.Pending and live != kept
    domain.ManagedSave()
    assert domain.GetXML() == kept and not domain.Pending
    domain.Start()
    assert domain.GetXML() == live and domain.Pending and tablet in domain.Devices
    half_a_line.goes_on(domain)
    client.check_model()
    domain.PowerOff()
    domain.Start()
    assert domain.GetXML() == kept


def test_a_definition_that_would_change_its_machine(manager):
    domain = manager.define(domain_xml())
    domain.Start()
    domain.ManagedSave()
    assert 'memory' in refused('Incompatible', domain.Redefine, domain_xml(memory=96))
    domain.Redefine(domain_xml(title='the same machine'))
    domain.Redefine(domain_xml(memory=96), next_start=True)
    domain.Start()
    assert domain.MemoryMaximum == 64 << 20 and domain.Pending
    domain.PowerOff()
    domain.Start()
    assert domain.MemoryMaximum == 96 << 20


def test_giving_a_save_up(service, client, manager, half_a_line):
    domain = half_a_line()
    assert 'running' in refused('InvalidState', domain.RemoveManagedSave)
    domain.ManagedSave()
    client.start_model()
    domain.RemoveManagedSave()
    assert not domain.HasManagedSave and not image_of(service, domain).exists() and not record_of(service, domain).exists()
    refused('InvalidState', domain.RemoveManagedSave)
    mark = client.mark()
    domain.Start()
    assert 'started booted' in client.story(mark, domain.path)
    domain.ManagedSave()
    mark = client.mark()
    domain.Start(discard_save=True)
    assert 'started booted' in client.story(mark, domain.path)
    assert not domain.HasManagedSave and not image_of(service, domain).exists()
    domain.ManagedSave()
    assert 'discard-save' in refused('InvalidState', domain.Undefine)
    assert domain.HasManagedSave
    directory = directory_of(service, domain)
    domain.Undefine(discard_save=True)
    assert not directory.exists() and manager.ListDomains() == []


@pytest.mark.parametrize('device, more', [
    ('ivshmem-plain', ['memdev=shared,master=off', '-object', 'memory-backend-ram,id=shared,size=1M,share=on']),
    ('nvme', ['serial=s'])])
def test_what_cannot_be_saved_is_told_before_the_guest_is_touched(client, manager, device, more):
    """By a device's own word, and as nobody has written how its state is kept."""
    arguments = ['-device', f'{device},addr=0x1e,{more[0]}', *more[1:]]
    commandline = '<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">' + \
        ''.join(f'<qemu:arg value="{argument}"/>' for argument in arguments) + '</qemu:commandline>'
    domain = manager.define(domain_xml(extra=commandline))
    domain.Start()
    mark = client.mark()
    message = refused('Unsupported', domain.ManagedSave)
    assert device.split('-')[0] in message, message
    assert client.story(mark, domain.path) == ['ManagedSave replied']
    assert domain.State == 'running' and not domain.HasManagedSave
    domain.Suspend()
    domain.Resume()
    transient = manager.create(domain_xml('transient'))
    assert 'transient' in refused('InvalidState', transient.ManagedSave)


@pytest.mark.parametrize('damage', ['truncated', 'changed', 'gone', 'link', 'record'])
def test_a_save_that_is_damaged_stays_until_it_is_given_up(service, client, manager, half_a_line, damage):
    domain = half_a_line()
    domain.ManagedSave()
    image, record = image_of(service, domain), record_of(service, domain)
    if damage == 'truncated':
        os.truncate(image, image.stat().st_size // 2)
    elif damage == 'changed':
        with image.open('r+b') as file:
            file.write(bytes(4096))
    elif damage == 'gone':
        image.unlink()
    elif damage == 'link':
        image.rename(image.with_name('elsewhere'))
        image.symlink_to('elsewhere')
    else:
        record.write_text(record.read_text()[:100])
        service.restart()
    client.start_model()
    mark = client.mark()
    with pytest.raises(DBusError) as caught:
        domain.Start()
    assert caught.value.name == ERROR + ('EmulatorFailed' if damage == 'changed' else 'Storage')
    assert 'discard-save' in caught.value.message and 'RemoveManagedSave' in caught.value.message, caught.value
    assert 'started' not in ' '.join(client.story(mark, domain.path))
    assert (domain.State, domain.HasManagedSave) == ('shutoff', True) and record.exists()
    assert service.runtime_leftovers() == []
    domain.Start(discard_save=True)
    assert domain.StateReason == 'booted' and not record.exists()


@pytest.fixture
def little_room(service):
    """Leaves a domain little room for what it keeps."""
    mounted = []

    def leave(domain):
        path = directory_of(service, domain) / 'private'
        path.mkdir(exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', path], check=True)
        mounted.append(path)

    yield leave
    for path in mounted:
        subprocess.run(['umount', '--lazy', path], check=True)


def test_no_room(service, client, manager, half_a_line, little_room):
    """The guest goes on as before, and nothing of the save is left."""
    domain = half_a_line()
    little_room(domain)
    client.start_model()
    mark = client.mark()
    message = refused('Storage', domain.ManagedSave)
    assert 'room' in message and str(service.state) in message, message
    assert client.story(mark, domain.path) == ['is paused', 'suspended saving', 'is running', 'resumed save-canceled',
                                               'ManagedSave replied']
    half_a_line.goes_on(domain)
    assert not domain.HasManagedSave and not image_of(service, domain).exists()
    domain.Suspend()
    refused('Storage', domain.ManagedSave)
    assert (domain.State, domain.StateReason) == ('paused', 'requested')


# Somebody dies in the middle ----------------------------------------------------------------------------------------

IMAGE, RECORD, RECORDED = 'private/saved$', '.new-saved.json$', 'domains/1$'


class Gate:
    """Holds the service's first sync that matches while it is shut."""

    def __init__(self, directory):
        self.path, self.reached = directory / 'gate', directory / 'gate.reached'

    def shut(self):
        self.path.touch()

    def wait(self):
        wait_until(self.reached.exists, 'the sync is stuck')

    def open(self):
        self.path.unlink(missing_ok=True)


@pytest.fixture
def gate(directory):
    gate = Gate(directory)
    yield gate
    gate.open()


@pytest.fixture
def service(request, new_service, directory):
    """With a gate at the sync that the test names by a parameter `at`."""
    environment = None
    if 'gate' in request.fixturenames:
        environment = {'LD_PRELOAD': str(request.getfixturevalue('slow_sync')),
                       'VIRTBUS_SYNC_GATE': str(directory / 'gate'),
                       'VIRTBUS_SYNC_MATCH': request.node.callspec.params['at'],
                       'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}
    return new_service(environment=environment).start()


def transfer(service, domain):
    return json.loads((service.runtime_directory(domain) / 'status.json').read_text()).get('transfer')


def kill(service, client, gate):
    client.model = None
    service.stop(signal.SIGKILL)
    gate.open()


def gone_on(service, client, domain, pid):
    """A new service has undone the save."""
    service.start()
    client.start_model()
    domain.wait_state('running')
    assert (domain.ProcessID, domain.HasManagedSave) == (pid, False)
    wait_until(lambda: not transfer(service, domain), 'that is over')
    assert not image_of(service, domain).exists() and not record_of(service, domain).exists()


@pytest.mark.parametrize('at', [IMAGE, RECORD])
def test_a_service_that_is_killed_before_there_is_a_save(service, client, manager, half_a_line, gate, at):
    """The guest goes on, and nothing is left of the save."""
    domain = half_a_line()
    pid = domain.ProcessID
    gate.shut()
    domain.start('ManagedSave')
    gate.wait()
    assert (domain.State, transfer(service, domain)) == ('paused', 'saving')
    assert image_of(service, domain).exists() and not record_of(service, domain).exists()
    kill(service, client, gate)
    gone_on(service, client, domain, pid)
    half_a_line.goes_on(domain)
    domain.ManagedSave()
    domain.Start()
    half_a_line.goes_on(domain)


@pytest.mark.parametrize('at', [RECORDED])
def test_a_service_that_is_killed_when_there_is_a_save(service, client, manager, half_a_line, gate, at):
    """The guest does not go on, but from the save."""
    domain = half_a_line()
    pid = domain.ProcessID
    gate.shut()
    domain.start('ManagedSave')
    gate.wait()
    assert record_of(service, domain).exists() and process_alive(pid)
    kill(service, client, gate)
    service.start()
    client.start_model()
    domain.wait_state('shutoff')
    assert (domain.StateReason, domain.HasManagedSave) == ('saved', True)
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    assert service.runtime_leftovers() == []
    domain.Start()
    half_a_line.goes_on(domain)


@pytest.mark.parametrize('at', [IMAGE])
@pytest.mark.parametrize('stuck', [False, True], ids=['slow', 'stuck'])
def test_a_service_that_is_asked_to_end(service, client, manager, gate, stuck, at):
    """It waits for the disk, but not for ever."""
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    gate.shut()
    call = domain.start('ManagedSave')
    gate.wait()
    client.model = None
    service.process.send_signal(signal.SIGTERM)
    if not stuck:
        gate.open()
    wait_until(lambda: not service.alive, 'the service has ended')
    gate.open()
    client.wait(lambda: call, 'the call was answered')
    if stuck:
        with pytest.raises(DBusError) as caught:
            client.finish_call(call)
        assert caught.value.name == ERROR + 'Busy'
        gone_on(service, client, domain, pid)
    else:
        client.finish_call(call)
        service.start()
        client.start_model()
        domain.wait_state('shutoff')
        assert domain.HasManagedSave
        domain.Start()
        assert domain.StateReason == 'restored'


@pytest.mark.parametrize('paused', [False, True], ids=['running', 'paused'])
@pytest.mark.parametrize('at', [RECORDED])
def test_a_service_that_is_killed_when_the_guest_is_restored(service, client, manager, half_a_line, gate, at, paused):
    """It goes on, and there is no save any more that it could begin from again."""
    domain = half_a_line()
    domain.ManagedSave()
    gate.shut()
    domain.start('Start', paused=paused)
    gate.wait()
    pid = domain.ProcessID
    assert (domain.State, transfer(service, domain)) == ('starting', 'restored')
    assert not record_of(service, domain).exists()
    kill(service, client, gate)
    service.start()
    client.start_model()
    wait_until(lambda: not transfer(service, domain), 'that is over')
    domain.wait_state('paused' if paused else 'running')
    assert (domain.ProcessID, domain.StateReason, domain.HasManagedSave) == (pid, 'restored', False)
    assert not image_of(service, domain).exists()
    if paused:
        domain.Resume()
    half_a_line.goes_on(domain)


def test_a_service_that_is_killed_while_the_image_is_read(service, client, manager, half_a_line):
    """The start is undone, and the save is as it was."""
    domain = half_a_line()
    domain.ManagedSave()
    domain.start('Start')
    wait_until(lambda: domain.ProcessID, 'there is an emulator')
    pid = domain.ProcessID
    os.kill(pid, signal.SIGSTOP)
    client.model = None
    service.restart(signal.SIGKILL)
    client.start_model()
    domain.wait_state('shutoff')
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    assert domain.HasManagedSave and image_of(service, domain).exists()
    domain.Start()
    half_a_line.goes_on(domain)


@pytest.mark.parametrize('at', [IMAGE, RECORD, RECORDED])
def test_an_emulator_that_is_killed_while_it_is_saved(service, client, manager, gate, at):
    domain = manager.define(domain_xml())
    domain.Start()
    gate.shut()
    call = domain.start('ManagedSave')
    gate.wait()
    os.kill(domain.ProcessID, signal.SIGKILL)
    domain.wait_state('shutoff')
    assert 'saved' in refused('Busy', domain.Start)
    gate.open()
    with pytest.raises(DBusError) as caught:
        client.finish_call(call)
    assert caught.value.name == ERROR + 'InvalidState', caught.value
    assert not domain.HasManagedSave and not record_of(service, domain).exists()
    assert not image_of(service, domain).exists()
    domain.Start()
    assert domain.StateReason == 'booted'


@pytest.mark.parametrize('at', [IMAGE])
def test_meanwhile(service, client, manager, gate, at):
    """Nothing else is done to the domain, but its plug can be pulled; others go on."""
    domain, other = manager.define(domain_xml()), manager.define(domain_xml('other'))
    domain.Start()
    gate.shut()
    call = domain.start('ManagedSave')
    gate.wait()
    for method, arguments in (('ManagedSave', ()), ('Resume', ()), ('Reset', ()), ('Undefine', ()),
                              ('SetAutostart', (True,)), ('RemoveManagedSave', ()),
                              ('AttachDevice', ('<input type="tablet" bus="usb"/>',))):
        refused('Busy', domain.call, method, *arguments)
    assert '<name>guest</name>' in domain.GetXML()
    other.Start()
    other.PowerOff()
    domain.PowerOff()
    assert (domain.State, domain.StateReason) == ('shutoff', 'powered-off')
    gate.open()
    with pytest.raises(DBusError) as caught:
        client.finish_call(call)
    assert caught.value.name == ERROR + 'InvalidState', caught.value
    assert not domain.HasManagedSave


@pytest.mark.parametrize('at', [IMAGE])
def test_an_image_that_is_too_large(service, client, manager, gate, at):
    """However it has become so, the guest goes on without it."""
    domain = manager.define(domain_xml())
    domain.Start()
    gate.shut()
    call = domain.start('ManagedSave')
    gate.wait()
    os.truncate(image_of(service, domain), 1 << 40)
    gate.open()
    with pytest.raises(DBusError) as caught:
        client.finish_call(call)
    assert caught.value.name == ERROR + 'Storage' and 'takes more than' in caught.value.message, caught.value
    assert (domain.State, domain.StateReason, domain.HasManagedSave) == ('running', 'save-canceled', False)
    assert not image_of(service, domain).exists()


def test_beside_the_image_there_is_as_much_room_as_ever(service, manager):
    """What a domain keeps is limited without it."""
    domain = manager.define(domain_xml())
    domain.Start()
    domain.ManagedSave()
    image, more = image_of(service, domain), image_of(service, domain).with_name('more')
    with more.open('wb') as file:
        os.posix_fallocate(file.fileno(), 0, (257 << 20) + (64 << 20) + (64 << 20) // 64 + (16 << 20) + (256 << 20))
    assert 'may keep' in refused('Storage', domain.Start)
    assert domain.HasManagedSave and image.exists()
    os.truncate(more, 200 << 20)
    domain.Start()
    assert domain.StateReason == 'restored'


def test_a_service_of_a_users(new_service, directory):
    """It is the same user as its guests, and their files are its own."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start()
    domain.ManagedSave()
    image = image_of(service, domain)
    assert image.stat().st_uid == OWNER and image.stat().st_mode & 0o777 == 0o600
    service.restart()
    domain.Start()
    assert domain.StateReason == 'restored' and not image.exists()
    client.close()
