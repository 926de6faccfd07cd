# SPDX-License-Identifier: LGPL-2.1-or-later
"""What network cards are connected to when a guest starts."""

import re
import subprocess

import pytest
from virtbus import ERROR, VIRTBUSD, WRAPPER, Client, DBusError, command_line, domain_xml, wait_until

DEFAULT = '<interface type="network"><source network="default"/><model type="virtio"/></interface>'


def network(name):
    return f'<interface type="network"><source network="{name}"/><model type="virtio"/></interface>'


def start(manager, interface):
    domain = manager.define(domain_xml(devices=interface))
    domain.Start(paused=True)
    return command_line(domain.ProcessID).decode().split('\0')


def netdev(arguments):
    return arguments[arguments.index('-netdev') + 1]


def test_the_default_network_needs_no_set_up(new_service, tmp_path):
    """By passt where there is one, and a way out; else by the emulator."""
    route = subprocess.run(['ip', 'route', 'show', 'default'], capture_output=True, check=True).stdout
    for environment, wrapper, expected in (
            ({}, WRAPPER, r'stream,addr\.type=fd,addr\.str=\d+,server=off,id=hostnet0' if route else 'user,id=hostnet0'),
            ({'PATH': str(tmp_path)}, WRAPPER, 'user,id=hostnet0'),
            ({}, ['unshare', '--net', *WRAPPER], 'user,id=hostnet0')):
        service = new_service(environment=environment, wrapper=wrapper).start()
        client = Client(service.bus.address)
        domain = client.manager.define(domain_xml(devices=DEFAULT))
        domain.Start(paused=True)
        assert re.fullmatch(expected, netdev(command_line(domain.ProcessID).decode().split('\0')))
        domain.PowerOff()
        client.close()
        service.stop()


def test_an_unknown_network_is_named(manager):
    domain = manager.define(domain_xml(devices=network('attic')))
    with pytest.raises(DBusError) as caught:
        domain.Start(paused=True)
    assert caught.value.name == ERROR + 'Unsupported' and "no network is called 'attic'" in caught.value.message
    assert domain.State == 'shutoff'


# In a network namespace of its own, with a bridge in it: SIOCBRADDBR.
IN_NAMESPACE = ['unshare', '--net', '/usr/bin/python3', '-c', """
import fcntl, os, socket, sys
fcntl.ioctl(socket.socket(), 0x89a0, b'vbtest0'.ljust(16, bytes(1)))
os.execv(sys.argv[1], sys.argv[1:])
"""]


def cards(pid):
    """The network cards that a process sees."""
    with open(f'/proc/{pid}/net/dev', encoding='ascii') as lines:
        return {line.split(':')[0].strip() for line in list(lines)[2:]}


def test_a_bridge(new_service, tmp_path):
    """A tap for the guest joins the bridge that the configuration names, and goes with the guest."""
    conf = tmp_path / 'virtbusd.conf'
    conf.write_text('[network lan]\nbridge=vbtest0\n')
    service = new_service(wrapper=IN_NAMESPACE + WRAPPER)
    service.arguments = [*service.arguments, f'--config={conf}']
    service.start()
    client = Client(service.bus.address)
    before = cards(service.pid)
    assert 'vbtest0' in before
    card = network('lan').replace('</interface>', '<driver queues="2"/></interface>')
    domain = client.manager.define(domain_xml(devices=card))
    domain.Start(paused=True)
    pid = domain.ProcessID
    assert re.fullmatch(r'tap,fds=\d+:\d+,id=hostnet0', netdev(command_line(pid).decode().split('\0')))
    (tap,) = cards(pid) - before
    assert tap.startswith('vnet')
    domain.PowerOff()
    wait_until(lambda: cards(service.pid) == before, 'the tap has gone')
    client.close()


def test_a_configuration_that_cannot_be_read(bus, tmp_path):
    conf = tmp_path / 'virtbusd.conf'
    arguments = [VIRTBUSD, f'--address={bus.address}', f'--config={conf}',
                 *(f'--{name}-dir={tmp_path / name}' for name in ('state', 'runtime', 'cache'))]
    for text, message in ((None, 'No such file'), ('[network a]\nbridge=b\nuser=yes\n', '[network a]: one of'),
                          ('nonsense', str(conf))):
        if text is not None:
            conf.write_text(text)
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode not in (0, -6, -11)
        assert str(conf) in done.stderr and message in done.stderr
