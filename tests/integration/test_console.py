# SPDX-License-Identifier: LGPL-2.1-or-later
"""Character devices: terminals, files, sockets, and which of them can be opened."""

import os
import signal
import socket
import stat

import pytest
from virtbus import (DOMAIN, ERROR, PTY, Console, DBusError, domain_xml, wait_until)

UNIX = '<serial type="unix"/>'


def refused(error, call, *arguments):
    with pytest.raises(DBusError) as raised:
        call(*arguments)
    assert raised.value.name == ERROR + error, raised.value


def test_a_terminal(manager, guest):
    domain = manager.define(guest.xml())
    domain.Start()
    console = guest.boot(domain)
    assert os.isatty(console.fd)
    console.send('echo hello there\n')
    console.expect('^virtbus-guest: echo hello there')
    console.close()
    # Leaving does not end anything.
    again = Console(domain.OpenConsole('serial0'))
    again.send('echo once more\n')
    again.expect('^virtbus-guest: echo once more')
    again.close()
    assert domain.State == 'running'


def test_a_socket_of_the_services_own(client, manager, guest):
    xml = guest.xml().replace(PTY, UNIX)
    domain = manager.define(xml)
    domain.Start()
    console = Console(domain.OpenConsole(''))
    assert stat.S_ISSOCK(os.fstat(console.fd).st_mode)
    console.expect('^virtbus-guest: ready')
    console.send('echo through a socket\n')
    console.expect('^virtbus-guest: echo through a socket')
    mark = client.mark()
    console.send('poweroff\n')
    client.wait_event(mark, 'stopped', 'shutdown', timeout=90)
    console.close()


def test_the_first_that_can_be_opened(manager):
    domain = manager.define(domain_xml(devices='<serial type="null"/>' + UNIX + PTY))
    domain.Start()
    fd = domain.OpenConsole('')
    assert stat.S_ISSOCK(os.fstat(fd).st_mode)
    os.close(fd)
    fd = domain.OpenConsole('serial2')
    assert os.isatty(fd)
    os.close(fd)


def test_what_cannot_be_opened(manager, tmp_path):
    domain = manager.define(domain_xml(devices='<serial type="null"/>'
                                               f'<serial type="file"><source path="{tmp_path}/log"/></serial>'))
    domain.Start()
    refused('Unsupported', domain.OpenConsole, 'serial0')
    refused('Unsupported', domain.OpenConsole, 'serial1')
    refused('NoSuchDevice', domain.OpenConsole, 'serial2')
    refused('NoSuchDevice', domain.OpenConsole, '../../etc')
    refused('NoSuchDevice', domain.OpenConsole, 'pci.0')
    refused('NoSuchDevice', domain.OpenConsole, '')


def test_a_domain_without_consoles(manager):
    domain = manager.define(domain_xml())
    domain.Start()
    refused('NoSuchDevice', domain.OpenConsole, '')


def test_a_file(client, manager, guest, tmp_path):
    log = tmp_path / 'console.log'
    log.write_text('from before\n')
    domain = manager.define(guest.xml(cmdline='virtbus.do=poweroff').replace(
        PTY, f'<serial type="file"><source path="{log}" append="on"/></serial>'))
    mark = client.mark()
    domain.Start()
    client.wait_event(mark, 'stopped', 'shutdown', timeout=90)
    text = log.read_text()
    assert text.startswith('from before\n') and 'virtbus-guest: ready' in text


def test_a_socket_that_the_definition_names(manager, guest, directory):
    place = directory / 'open'
    place.mkdir()
    place.chmod(0o777)
    path = place / 'console.sock'
    domain = manager.define(guest.xml().replace(
        PTY, f'<serial type="unix"><source mode="bind" path="{path}"/></serial>'))
    domain.Start()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    console = Console(connection.detach())
    console.expect('^virtbus-guest: ready')
    console.send('echo hello\n')
    console.expect('^virtbus-guest: echo hello')
    console.close()


def test_a_socket_that_somebody_listens_on(manager, guest, directory):
    path = directory / 'listener.sock'
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o777)
    listener.listen(1)
    listener.settimeout(60)
    domain = manager.define(guest.xml().replace(
        PTY, f'<serial type="unix"><source mode="connect" path="{path}"/></serial>'))
    domain.Start()
    console = Console(listener.accept()[0].detach())
    console.expect('virtbus-guest: ready')
    console.close()
    listener.close()


def test_a_virtio_console(manager, guest):
    domain = manager.define(guest.xml(devices='<console type="pty"><target type="virtio"/></console>').replace(PTY, ''))
    domain.Start()
    virtio = [device['org.virtbus1.Device']['Alias'] for device in domain.hardware().values()
              if device['org.virtbus1.Device']['AddressType'] == 'virtio-serial']
    assert len(virtio) == 1
    console = Console(domain.OpenConsole(virtio[0]))
    console.expect('^virtbus-guest: ready')
    console.send('echo over virtio\n')
    console.expect('^virtbus-guest: echo over virtio')
    console.close()


@pytest.mark.parametrize('last_word', ['exec /usr/bin/qemu-system-x86_64 "$@"',
                                       '/usr/bin/qemu-system-x86_64 "$@"\nexit $?'])
def test_an_emulator_that_is_a_script(client, manager, directory, service, last_word):
    """It becomes the emulator, or waits for it."""
    script = directory / 'qemu-script'
    script.write_text(f'#!/bin/sh\n{last_word}\n')
    script.chmod(0o755)
    domain = manager.define(domain_xml(devices=UNIX + PTY, emulator=script))
    domain.Start()
    for _ in range(2):
        fd = domain.OpenConsole('serial0')
        assert stat.S_ISSOCK(os.fstat(fd).st_mode)
        os.close(fd)
        fd = domain.OpenConsole('serial1')
        assert os.isatty(fd)
        os.close(fd)
        service.restart(signal.SIGKILL)
        client.start_model()
    domain.PowerOff()
    assert service.emulators() == [] and service.runtime_leftovers() == []


def test_two_domains_have_consoles_of_their_own(manager, guest):
    consoles = []
    for name in ('one', 'two'):
        domain = manager.define(guest.xml(name))
        domain.Start()
        consoles.append(Console(domain.OpenConsole('')))
    for name, console in zip(('one', 'two'), consoles):
        console.expect('^virtbus-guest: ready')
        console.send(f'echo {name}\n')
        console.expect(f'^virtbus-guest: echo {name}')
        console.close()


def test_a_console_ends_with_its_guest(client, manager):
    domain = manager.define(domain_xml(devices=UNIX + PTY))
    domain.Start()
    consoles = [Console(domain.OpenConsole(alias)) for alias in ('serial0', 'serial1')]
    domain.PowerOff()
    for console in consoles:
        wait_until(lambda: not console.read_some(1), 'the console has ended')
        console.close()
    client.wait_property(domain.path, DOMAIN, 'State', 'shutoff')
