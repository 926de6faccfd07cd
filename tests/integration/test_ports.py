# SPDX-License-Identifier: LGPL-2.1-or-later
"""TCP ports of graphics servers that a definition leaves open."""
import contextlib
import re
import socket

import pytest
from virtbus import DBusError, domain_xml

pytestmark = pytest.mark.usefixtures('ports')

VNC = '<graphics type="vnc" port="-1" autoport="yes" listen="127.0.0.1"/>'
WEB = '<graphics type="vnc" port="-1" autoport="yes" websocket="-1" listen="127.0.0.1"/>'


def port_of(domain, name='port', **options):
    found = re.search(fr"<graphics[^>]* {name}='(-?\d+)'", domain.GetXML(**options))
    return found and int(found[1])


def answers(port):
    with socket.create_connection(('127.0.0.1', port), timeout=10) as peer:
        return peer.recv(4) == b'RFB '


def test_every_guest_gets_a_port_of_its_own(manager, service, client, tmp_path):
    domains = [manager.define(domain_xml(name, devices=VNC)) for name in ('one', 'two')]
    for domain in domains:
        domain.Start()
    ports = [port_of(domain) for domain in domains]
    assert ports[0] != ports[1] and min(ports) >= 5900
    assert all(answers(port) for port in ports)
    for domain in domains:
        assert not domain.Pending
        assert port_of(domain, inactive=True) == -1
        assert port_of(domain, migratable=True) == -1
    service.restart()
    client.start_model()
    assert [port_of(domain) for domain in domains] == ports and not domains[0].Pending
    image = tmp_path / 'a'
    image.write_bytes(bytes(1 << 20))
    domains[0].AttachDevice(f'<disk type="file"><source file="{image}"/><target dev="vda" bus="virtio"/></disk>')
    assert port_of(domains[0]) == ports[0]


def test_a_port_that_somebody_has_is_not_chosen(manager):
    with contextlib.ExitStack() as stack:
        taken = set()
        for port in range(5900, 5904):
            peer = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                peer.bind(('127.0.0.1', port))
                peer.listen()
            taken.add(port)
        domain = manager.define(domain_xml(devices=VNC))
        domain.Start()
        assert port_of(domain) not in taken and answers(port_of(domain))


def test_a_websocket_of_its_own(manager):
    domain = manager.define(domain_xml(devices=WEB))
    domain.Start()
    assert port_of(domain, 'websocket') >= 5700
    with socket.create_connection(('127.0.0.1', port_of(domain, 'websocket')), timeout=10):
        pass
    assert not domain.Pending
    domain.PowerOff()
    assert port_of(domain, 'websocket') == -1 and port_of(domain) == -1


def test_a_port_that_is_named_is_kept(manager):
    with socket.socket() as peer:
        peer.bind(('127.0.0.1', 0))
        peer.listen()
        port = peer.getsockname()[1]
        domain = manager.define(domain_xml(devices=f'<graphics type="vnc" port="{port}" listen="127.0.0.1"/>'))
        with pytest.raises(DBusError) as caught:
            domain.Start()
        assert caught.value.name == 'org.virtbus1.Error.EmulatorFailed'
        assert port_of(domain) == port
