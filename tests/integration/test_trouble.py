# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong around the service: guests that do not answer, papers that are damaged, neighbours."""
import fcntl
import os
import signal
import uuid

import pytest
from virtbus import Client, DBusError, domain_xml, process_alive, wait_until


def disk(path, target, bus):
    return f'<disk type="file" device="disk"><source file="{path}"/><target dev="{target}" bus="{bus}"/></disk>'


def test_a_guest_that_does_not_answer_is_kept(service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            service.restart(signal.SIGKILL)
            client.start_model()
            assert (domain.State, domain.ProcessID) == ('running', pid)
    finally:
        os.kill(pid, signal.SIGCONT)

    def suspended():
        try:
            domain.Suspend()
            return True
        except DBusError as error:
            assert error.name == 'org.virtbus1.Error.Monitor', error
            return False
    wait_until(suspended, 'the monitor is connected again')
    assert domain.State == 'paused'


@pytest.mark.parametrize('method', ['DefineDomain', 'CreateDomain', 'ValidateDomain'])
def test_the_end_comes_while_an_emulator_is_asked(new_service, directory, method):
    emulator = directory / 'sleeper'
    emulator.write_text('#!/bin/sh\nexec sleep 60\n')
    emulator.chmod(0o755)
    service = new_service(cache=directory / 'cold').start()
    client = Client(service.bus.address)
    outcome = client.manager.start(method, domain_xml(emulator=str(emulator)))
    client.call('org.virtbus1', '/org/virtbus1', 'org.freedesktop.DBus.Peer', 'Ping')
    service.stop()
    with pytest.raises(DBusError):
        client.finish_call(outcome)
        raise AssertionError('an answer came')
    assert service.state_entries() == []
    client.close()


@pytest.mark.parametrize('name', ['live.xml', 'status.json'])
def test_a_guest_with_damaged_papers_does_not_run_beside_the_next(service, client, manager, name):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    papers = service.runtime_directory(domain) / name
    service.stop(signal.SIGKILL)
    papers.write_text('{"state":')
    service.expect_trouble = True
    service.start()
    client.start_model()
    wait_until(lambda: not process_alive(pid), 'the old guest has gone')
    assert (domain.State, domain.StateReason) == ('shutoff', 'lost')
    domain.Start()
    assert domain.ProcessID != pid


@pytest.mark.parametrize('shared', ['state-dir', 'runtime-dir'])
def test_two_services_do_not_share_a_directory(new_service, new_bus, service, client, manager, shared):
    domain = manager.define(domain_xml())
    domain.Start()
    second = new_service(bus=new_bus(), expect_trouble=True)
    theirs = next(argument for argument in service.arguments if argument.startswith(f'--{shared}='))
    second.arguments = [theirs if argument.startswith(f'--{shared}=') else argument for argument in second.arguments]
    with pytest.raises(AssertionError, match='another virtbusd uses'):
        second.start()
    assert domain.State == 'running'


def test_numbers_go_on_after_their_file_was_damaged(service, client, manager):
    service.restart(signal.SIGKILL)
    client.start_model()
    transient = manager.create(domain_xml('transient'))
    service.stop(signal.SIGKILL)
    (service.state / 'next-id').write_text('teapot\n')
    service.expect_trouble = True
    service.start()
    client.start_model()
    assert 'next-id is damaged' in service.log()
    assert int(manager.define(domain_xml('one')).id) > int(transient.id)
    manager.define(domain_xml('two'))


def test_redefining_tells_of_all_hardware(client, manager, tmp_path):
    """The client's model is compared at the end; nothing may have changed in silence."""
    name = str(uuid.uuid4())
    image = tmp_path / 'image'
    manager.define(domain_xml(uuid=name))
    manager.define(domain_xml(uuid=name, devices=disk(image, 'vda', 'virtio') + disk(image, 'sda', 'sata')))
    domain = manager.define(domain_xml(uuid=name, devices=disk(image, 'sda', 'sata')))
    manager.define(domain.GetXML())
    manager.define(domain_xml(uuid=name, machine='pc'))


@pytest.mark.parametrize('text', ['', 'guest', '{}x', '{}0'])
def test_what_is_no_uuid(manager, text):
    domain = manager.define(domain_xml())
    with pytest.raises(DBusError) as caught:
        manager.GetDomainByUUID(text.format(domain.UUID))
    assert caught.value.name == 'org.freedesktop.DBus.Error.InvalidArgs'
    assert manager.GetDomainByUUID(domain.UUID.upper()) == domain.path


def test_consoles_block(manager):
    domain = manager.define(domain_xml(devices='<serial type="unix"/><serial type="pty"/>'))
    domain.Start()
    for alias in ('serial0', 'serial1'):
        console = domain.OpenConsole(alias)
        assert not fcntl.fcntl(console, fcntl.F_GETFL) & os.O_NONBLOCK
        os.close(console)
