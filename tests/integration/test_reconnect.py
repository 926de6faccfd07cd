# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests outlive the service, and a new service finds them; what is not certainly the guest is a lost one."""

import json
import os
import pathlib
import signal
import socket
import subprocess

import pytest
from virtbus import (DEVICE, PTY, Console, DBusError, domain_xml, process_alive, process_stat, wait_until)

SIGNALS = pytest.mark.parametrize('signo', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL],
                                  ids=lambda signo: signo.name)


def everything(client):
    """All that the bus shows."""
    objects = client.manager.managed_objects()
    for path in list(objects):
        objects.update(client.call('org.virtbus1', path, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects'))
    return objects


@pytest.mark.life
@SIGNALS
def test_same_state_same_objects_same_processes(service, client, manager, signo):
    manager.define(domain_xml('shutoff'))
    manager.define(domain_xml('running', devices=PTY + '<input type="tablet" bus="usb"/>')).Start()
    manager.define(domain_xml('paused')).Start(paused=True)
    manager.get('paused').SetAutostart(True)
    suspended = manager.define(domain_xml('suspended'))
    suspended.Start()
    suspended.Suspend()
    manager.create(domain_xml('transient', title='Transient'))
    pending = manager.define(domain_xml('pending', uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'))
    pending.Start()
    manager.define(domain_xml('pending', uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a', memory=96))
    before = everything(client)
    texts = {domain: (domain.GetXML(), domain.Persistent and domain.GetXML(inactive=True))
             for domain in manager.domains()}
    counts = manager.Domains, manager.Running
    service.restart(signo)
    client.start_model()
    after = everything(client)
    # Where the service was not there to see, it does not claim to know why.
    for path, interfaces in after.items():
        for name, values in interfaces.items():
            if 'StateReason' in values and values['StateReason'] == 'unknown':
                values['StateReason'] = before[path][name]['StateReason']
    assert after == before
    assert {domain: (domain.GetXML(), domain.Persistent and domain.GetXML(inactive=True))
            for domain in manager.domains()} == texts
    assert (manager.Domains, manager.Running) == counts
    assert manager.get('suspended').StateReason == 'requested'
    assert manager.get('pending').Pending

    # And they can be worked with.
    manager.get('running').Suspend()
    manager.get('paused').Resume()
    manager.get('suspended').Resume()
    for name in ('running', 'paused', 'suspended', 'transient', 'pending'):
        manager.get(name).PowerOff()
    assert manager.get('pending').MemoryMaximum == 96 << 20
    client.wait(lambda: len(manager.ListDomains()) == 5, 'the transient one is gone')
    assert service.runtime_leftovers() == []


@SIGNALS
def test_again_and_again(service, client, manager, signo):
    domain = manager.define(domain_xml())
    domain.Start()
    pid, started = domain.ProcessID, domain.StartTime
    for _ in range(4):
        service.restart(signo)
        assert (domain.State, domain.ProcessID, domain.StartTime) == ('running', pid, started)
    client.start_model()
    mark = client.mark()
    domain.Suspend()
    domain.PowerOff()
    assert client.story(mark, domain.path) == ['is paused', 'suspended requested', 'Suspend replied', 'is stopping',
                                               'is shutoff', 'stopped powered-off', 'PowerOff replied']


@SIGNALS
def test_a_new_service_announces_before_it_takes_the_name(service, client, manager, signo):
    """Whoever sees the name finds every domain there."""
    from virtbus import Connection
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop(signo)
    client.model = None
    seen = []
    watcher = Connection(service.bus.address)

    def on_owner(connection, sender, path, interface, member, parameters, *_):
        name, _, owner = parameters.unpack()
        if name == 'org.virtbus1' and owner:
            seen.append(watcher.start_call(owner, '/org/virtbus1', 'org.virtbus1.Manager', 'ListDomains'))
    watcher.connection.signal_subscribe('org.freedesktop.DBus', 'org.freedesktop.DBus', 'NameOwnerChanged', None, None,
                                        0, on_owner)
    watcher.settle()
    service.start()
    watcher.wait(lambda: seen and seen[0], 'the list came')
    assert seen[0][0].get_body().unpack()[0] == manager.ListDomains()
    assert domain.State == 'running'
    watcher.close()
    client.start_model()


@SIGNALS
def test_paused_or_resumed_or_killed_while_the_service_is_away(service, client, manager, signo):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    service.stop(signo)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    service.start()
    client.start_model()
    client.wait_property(domain.path, 'org.virtbus1.Domain', 'State', 'shutoff')
    assert (domain.StateReason, domain.ProcessID, domain.RuntimeDirectory) == ('lost', 0, '')
    assert service.runtime_leftovers() == []
    assert manager.Running == 0
    domain.Start()
    assert domain.State == 'running'


@SIGNALS
def test_a_transient_guest_that_ended_while_the_service_was_away(service, client, manager, signo):
    domain = manager.create(domain_xml())
    pid = domain.ProcessID
    service.stop(signo)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    service.start()
    client.start_model()
    client.wait(lambda: manager.ListDomains() == [], 'it is gone')
    assert service.runtime_leftovers() == []


def test_the_real_state_counts(service, client, manager):
    """The guest was stopped behind the service's back while it was away."""
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop()
    monitor = next((service.runtime_directory(domain) / 'monitor').iterdir())
    qmp(monitor, 'stop')
    service.start()
    client.start_model()
    assert domain.State == 'paused'
    domain.Resume()
    assert domain.State == 'running'


def qmp(path, *commands):
    """Says something to an emulator directly."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    stream = connection.makefile('rw')
    stream.readline()
    for command in ('qmp_capabilities', *commands):
        stream.write(json.dumps({'execute': command}) + '\n')
        stream.flush()
        while 'return' not in json.loads(stream.readline()):
            pass
    stream.close()
    connection.close()


def replace(value, old, new):
    """Replaces a number wherever it is in JSON."""
    if isinstance(value, dict):
        return {key: replace(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replace(item, old, new) for item in value]
    return new if value == old or value == str(old) else value


def edit_status(service, domain, old, new):
    path = service.runtime_directory(domain) / 'status.json'
    status = json.loads(path.read_text())
    edited = replace(status, old, new)
    assert edited != status, f'{old} is not in {status}'
    path.write_text(json.dumps(edited))


def lost(service, client, domain):
    """The domain is shut off, and nothing pretends otherwise."""
    client.start_model()
    client.wait_property(domain.path, 'org.virtbus1.Domain', 'State', 'shutoff')
    assert (domain.StateReason, domain.ProcessID) == ('lost', 0)
    assert service.runtime_leftovers() == []
    with pytest.raises(DBusError):
        domain.Suspend()


@pytest.fixture
def bystander():
    process = subprocess.Popen(['sleep', '600'])
    yield process
    assert process.poll() is None, 'a process that is no guest was killed'
    process.kill()
    process.wait()


def test_a_recorded_pid_that_is_another_process_now(service, client, manager, bystander):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    service.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    edit_status(service, domain, pid, bystander.pid)
    service.start()
    lost(service, client, domain)


def test_a_recorded_pid_and_start_time_of_another_process(service, client, manager, bystander):
    """Even if both were forged, it is not the one behind the monitor."""
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    service.stop(signal.SIGKILL)
    if process_stat(pid)[2] != process_stat(bystander.pid)[2]:
        edit_status(service, domain, process_stat(pid)[2], process_stat(bystander.pid)[2])
    edit_status(service, domain, pid, bystander.pid)
    service.start()
    lost(service, client, domain)


def test_a_recorded_start_time_that_is_wrong(service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    service.stop(signal.SIGKILL)
    edit_status(service, domain, process_stat(pid)[2], process_stat(pid)[2] - 1)
    service.start()
    lost(service, client, domain)


@pytest.mark.parametrize('pid', [0, -1, 1, 2 ** 31, 2 ** 40, 1.5, 'x', None])
def test_a_recorded_pid_that_is_none(service, client, manager, pid):
    domain = manager.define(domain_xml())
    domain.Start()
    real = domain.ProcessID
    service.stop(signal.SIGKILL)
    edit_status(service, domain, real, pid)
    service.start()
    lost(service, client, domain)


def test_an_imposter_on_the_monitor(service, client, manager):
    """The right process, but somebody else at its socket."""
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop(signal.SIGKILL)
    path = next((service.runtime_directory(domain) / 'monitor').iterdir())
    path.unlink()
    imposter = socket.socket(socket.AF_UNIX)
    imposter.bind(str(path))
    imposter.listen(5)
    service.start()
    lost(service, client, domain)
    imposter.close()


def test_a_monitor_that_is_gone(service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop(signal.SIGKILL)
    next((service.runtime_directory(domain) / 'monitor').iterdir()).unlink()
    service.start()
    lost(service, client, domain)


def marked(service, domain):
    """The processes that were started for the guest, emulator and what that has started."""
    mark = f'VIRTBUS_MARK={service.runtime_directory(domain)}'.encode()
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
        try:
            if mark in path.read_bytes().split(b'\0'):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


@pytest.fixture
def script(tmp_path):
    """An emulator that is a script, and another process than the emulator itself."""
    path = tmp_path / 'emulator'
    path.write_text('#!/bin/sh\n/usr/bin/qemu-system-x86_64 "$@"\nexit $?\n')
    path.chmod(0o755)
    return path


def test_all_of_a_lost_guest_is_ended(service, client, manager, script):
    """Whatever program it is by now: its disks are given to the next start."""
    domain = manager.define(domain_xml(emulator=script))
    domain.Start()
    processes = marked(service, domain)
    assert len(processes) == 2
    service.stop(signal.SIGKILL)
    next((service.runtime_directory(domain) / 'monitor').iterdir()).unlink()
    script.rename(script.with_name('another'))
    service.start()
    lost(service, client, domain)
    assert [pid for pid in processes if process_alive(pid)] == []


def test_what_a_script_has_started_is_found_again(service, manager, client, script):
    client.model = None
    domain = manager.define(domain_xml(emulator=script))
    domain.Start()
    processes = marked(service, domain)
    service.restart(signal.SIGKILL)
    assert domain.State == 'running' and marked(service, domain) == processes
    domain.Suspend()
    domain.PowerOff()
    assert [pid for pid in processes if process_alive(pid)] == []


def test_all_of_a_guest_is_ended(service, manager, script):
    domain = manager.define(domain_xml(emulator=script))
    for end in (domain.PowerOff, lambda: os.kill(domain.ProcessID, signal.SIGKILL)):
        domain.Start()
        processes = marked(service, domain)
        assert len(processes) == 2
        end()
        wait_until(lambda: domain.State == 'shutoff', 'the guest has ended')
        assert [pid for pid in processes if process_alive(pid)] == []


@pytest.mark.parametrize('content', ['', '{', '[]', 'null', '{"pid": {}}', 'x' * 100000, '\0' * 100, '[' * 100000],
                         ids=['empty', 'brace', 'list', 'null', 'types', 'text', 'zeros', 'deep'])
@pytest.mark.parametrize('name', ['status.json', 'live.xml'])
def test_damaged_runtime_files(service, client, manager, name, content):
    """A guest that nobody can know any more is a lost one; the others and the definitions are whole."""
    domain, other = manager.define(domain_xml('one')), manager.define(domain_xml('two'))
    domain.Start()
    other.Start()
    service.stop(signal.SIGKILL)
    (service.runtime_directory(domain) / name).write_text(content)
    service.start()
    client.start_model()
    assert other.State == 'running'
    client.wait_property(domain.path, 'org.virtbus1.Domain', 'State', 'shutoff')
    assert domain.StateReason == 'lost'
    assert service.runtime_leftovers() == [other.id]


def test_leftovers_that_belong_to_nothing(service, client, manager):
    """As of a service that was killed within a start, or of an older definition."""
    domain = manager.define(domain_xml())
    service.stop()
    rooms = service.runtime / 'domains'
    for name in ('99', '100', 'nonsense'):
        (rooms / name / 'monitor').mkdir(parents=True)
    (rooms / domain.id / 'sockets').mkdir(parents=True)
    (rooms / '100' / 'status.json').write_text('{}')
    service.start()
    client.start_model()
    assert manager.domains() == [domain] and domain.State == 'shutoff'
    assert service.runtime_leftovers() in ([], ['nonsense'])
    domain.Start()


@pytest.mark.parametrize('moment', range(6))
def test_killed_within_a_start(service, client, manager, moment):
    """At whatever moment: afterwards either the guest is found, or there is none and nothing of it."""
    client.model = None
    domain = manager.define(domain_xml(devices=PTY))
    mark = client.mark()
    starting = domain.start('Start')
    if moment == 0:
        client.wait(lambda: 'is starting' in client.story(mark, domain.path), 'it has begun')
    elif moment == 1:
        wait_until(service.runtime_leftovers, 'there is a room')
    elif moment == 2:
        wait_until(service.emulators, 'there is an emulator')
    elif moment == 3:
        wait_until(lambda: list(service.runtime.rglob('status.json')), 'there is a record')
    elif moment == 4:
        client.wait(lambda: starting, 'it has been answered')
    emulators = service.emulators()
    service.stop(signal.SIGKILL)
    service.start()
    client.start_model()
    client.wait(lambda: domain.State not in ('starting', 'stopping'), 'the state is settled')
    if domain.State == 'shutoff':
        assert service.runtime_leftovers() == []
        for pid in emulators:
            wait_until(lambda: not process_alive(pid), 'the emulator of a start that was never finished has ended')
        domain.Start()
    assert domain.State in ('running', 'paused')
    assert domain.ProcessID and process_alive(domain.ProcessID)
    domain.PowerOff()


def test_the_console_after_a_restart(service, client, manager):
    domain = manager.define(domain_xml(devices=PTY + '<serial type="unix"/>'))
    domain.Start()
    service.restart(signal.SIGKILL)
    client.start_model()
    for alias in ('serial0', 'serial1'):
        Console(domain.OpenConsole(alias)).close()


def test_a_guest_that_shut_down_while_the_service_was_away(service, client, manager, guest):
    domain = manager.define(guest.xml())
    domain.Start()
    pid = domain.ProcessID
    console = guest.boot(domain)
    service.stop(signal.SIGKILL)
    console.send('poweroff\n')
    console.expect('virtbus-guest: poweroff')
    wait_until(lambda: not process_alive(pid) or monitor_status(service, domain) == 'shutdown',
               'the guest has shut down', 60)
    console.close()
    service.start()
    client.start_model()
    client.wait_property(domain.path, 'org.virtbus1.Domain', 'State', 'shutoff')
    assert domain.StateReason in ('lost', 'shutdown') and domain.ProcessID == 0
    wait_until(lambda: not process_alive(pid), 'the emulator has ended')
    assert service.runtime_leftovers() == []


def monitor_status(service, domain):
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(next((service.runtime_directory(domain) / 'monitor').iterdir())))
        stream = connection.makefile('rw')
        stream.readline()
        stream.write('{"execute": "qmp_capabilities"}\n{"execute": "query-status"}\n')
        stream.flush()
        while True:
            message = json.loads(stream.readline())
            if message.get('return', {}).get('status'):
                return message['return']['status']
    except (OSError, ValueError):
        return None
    finally:
        connection.close()


def test_a_guest_goes_on_while_the_service_is_away(service, client, manager, guest):
    domain = manager.define(guest.xml())
    domain.Start()
    console = guest.boot(domain)
    service.stop(signal.SIGKILL)
    console.send('echo alone\n')
    console.expect('virtbus-guest: echo alone')
    service.start()
    client.start_model()
    console.send('echo together\n')
    console.expect('virtbus-guest: echo together')
    console.close()
    again = Console(domain.OpenConsole(''))
    again.send('echo again\n')
    again.expect('virtbus-guest: echo again')
    mark = client.mark()
    domain.Shutdown()
    client.wait_event(mark, 'stopped', 'shutdown')
    again.close()


@pytest.mark.parametrize('transient', [False, True])
def test_what_a_start_went_without(service, client, manager, tmp_path, transient):
    """Media and disks that need not be there are gone for everybody, and for another run of the service."""
    missing = tmp_path / 'missing'
    client.start_model()
    xml = domain_xml(devices=(
        f'<disk type="file" device="cdrom"><source file="{missing}.iso" startupPolicy="optional"/><target dev="sda" bus="sata"/></disk>'
        f'<disk type="file"><source file="{missing}" startupPolicy="optional"/><target dev="vda" bus="virtio"/></disk>'))
    if transient:
        domain = manager.create(xml)
    else:
        domain = manager.define(xml)
        before = domain.hardware()
        domain.Start()
    client.check_model()
    shown, hardware, pending = domain.GetXML(), domain.hardware(), domain.Pending
    assert str(missing) not in shown and 'dev="vda"' not in shown.replace("'", '"')
    assert pending == (not transient)
    if not transient:
        (gone,) = set(before) - set(hardware)
        assert before[gone][DEVICE]['Alias'] == 'virtio-disk0'
    service.restart()
    client.start_model()
    assert domain.GetXML() == shown and domain.hardware() == hardware and domain.Pending == pending
    domain.PowerOff()
    if not transient:
        client.check_model()
        assert domain.hardware() == before and not domain.Pending
        for path in missing, tmp_path / 'missing.iso':
            path.write_bytes(bytes(1 << 20))
        domain.Start()
        assert set(domain.hardware()) == set(before) and not domain.Pending
