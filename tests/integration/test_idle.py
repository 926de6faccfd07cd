# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service that has nothing to do leaves, and comes back for the next call; what systemd hears of it."""

import contextlib
import fcntl
import os
import signal
import socket
import threading
import time

import pytest
import virtbus
from virtbus import (BUS_NAME, MANAGER, PEER, ROOT, SLOWNESS, TIMEOUT, VIRTBUSD, Bus, Client, DBusError, domain_xml,
                     process_alive, wait_until)

# After so many seconds it leaves.
IDLE = max(1, round(SLOWNESS))

CONFIG = virtbus.BUS_CONFIG.replace('</busconfig>', '<servicedir>{directory}/services</servicedir></busconfig>')


def is_taken(file):
    """Whether this process has the lock."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Activated:
    """A bus that starts the service when it is called."""

    def __init__(self, directory, cache, seconds=IDLE, environment=()):
        (directory / 'services').mkdir()
        (directory / 'virtbusd.conf').write_text(f'[service]\nidle-timeout={seconds}\n')
        self.config = directory / 'virtbusd.conf'
        self.lock = directory / 'run/lock'
        arguments = [f'--address=unix:path={directory}/bus', f'--state-dir={directory}/state',
                     f'--runtime-dir={directory}/run', f'--cache-dir={cache}', f'--config={self.config}']
        command = ' '.join(('/usr/bin/env', *environment, VIRTBUSD, *arguments))
        (directory / 'services/org.virtbus1.service').write_text(
            f'[D-BUS Service]\nName={BUS_NAME}\nExec={command}\nUser=root\n')
        self.bus = Bus(directory, CONFIG)
        self.client = virtbus.Connection(self.bus.address)
        self.manager = virtbus.Manager(self.client, ROOT)

    def of_bus(self, method, signature, argument):
        return self.client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', method,
                                signature, argument)

    def runs(self):
        return self.of_bus('NameHasOwner', '(s)', BUS_NAME)

    def pid(self):
        return self.of_bus('GetConnectionUnixProcessID', '(s)', BUS_NAME)

    def close(self):
        if self.runs():
            os.kill(self.pid(), signal.SIGTERM)
            wait_until(lambda: not self.runs(), 'the service has ended')
        # It writes after it has given up its name.
        with open(self.lock, 'w', encoding='ascii') as file:
            wait_until(lambda: is_taken(file), 'the last has let go of its directory')
        self.client.close()
        self.bus.close()


@pytest.fixture
def activated(directory, cache, orphanage):
    made = Activated(directory, cache)
    yield made
    made.close()
    orphanage.kill_all()


def test_it_leaves_and_comes_back(activated):
    assert not activated.runs()
    assert activated.manager.ListDomains() == []
    first = activated.pid()
    wait_until(lambda: not activated.runs() and not process_alive(first), 'it has left')
    assert activated.manager.ListDomains() == []
    assert activated.pid() != first


def test_calls_keep_it(activated):
    """Any call, also those that no method of ours answers; it leaves only after the last."""
    activated.manager.ListDomains()
    pid = activated.pid()
    since = last = time.monotonic()
    limit = since + TIMEOUT + 3 * IDLE
    while last - since < 2.5 * IDLE:
        begin = time.monotonic()
        assert begin < limit
        activated.client.call(BUS_NAME, ROOT, PEER, 'Ping')
        found = activated.pid()
        if time.monotonic() - last < IDLE:
            assert found == pid
        else:
            # It is this test that was held up, and not the service's fault.
            since, pid = begin, found
        last = begin
        time.sleep(IDLE / 10)
    wait_until(lambda: not activated.runs(), 'it has left')


def test_a_domain_keeps_it(activated):
    domain = activated.manager.define(domain_xml())
    pid = activated.pid()
    time.sleep(2.5 * IDLE)
    assert activated.pid() == pid
    domain.Undefine()
    wait_until(lambda: not activated.runs(), 'it has left')
    transient = activated.manager.create(domain_xml())
    pid = activated.pid()
    time.sleep(2.5 * IDLE)
    assert activated.pid() == pid
    transient.PowerOff()
    wait_until(lambda: not activated.runs(), 'it has left')


def test_no_call_is_lost(activated):
    """Callers who come when it is about to leave are answered, by this one or the next."""
    errors, pids = [], set()

    def call():
        connection = virtbus.Connection(activated.bus.address)
        try:
            for n in range(8):
                # Around the time at which it leaves, each time at another moment.
                time.sleep(IDLE + n * 37 % 300 / 1000)
                reply = connection.connection.call_sync(BUS_NAME, ROOT, MANAGER, 'ListDomains', None, None, 0,
                                                        int(TIMEOUT * 1000), None)
                if reply.unpack() != ([],):
                    errors.append(reply)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)
        connection.close()
    thread = threading.Thread(target=call)
    thread.start()
    while thread.is_alive():
        try:
            pids.add(activated.pid())
        except DBusError:
            pass
        time.sleep(0.02)
    thread.join()
    assert errors == []
    assert len(pids) >= 2, 'it never left'


def test_without_activation_it_stays(new_service, directory):
    """Nobody would start it again."""
    config = directory / 'virtbusd.conf'
    config.write_text(f'[service]\nidle-timeout={IDLE}\n')
    service = new_service()
    service.arguments.append(f'--config={config}')
    service.start()
    time.sleep(2.5 * IDLE)
    assert service.alive


def test_never(directory, cache):
    activated = Activated(directory, cache, 'never')
    activated.manager.ListDomains()
    pid = activated.pid()
    time.sleep(2)
    assert activated.pid() == pid
    activated.close()


@pytest.fixture
def notified(directory):
    """systemd's socket, and what was said there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(directory / 'notify'))
        os.chmod(directory / 'notify', 0o777)
        listener.settimeout(30 * SLOWNESS)
        yield listener


def test_systemd_is_told_before_the_name_is_free(directory, cache, notified):
    """It starts the service for whoever calls from then on."""
    activated = Activated(directory, cache, environment=[f'NOTIFY_SOCKET={directory}/notify'])
    # Seen in the order in which it happens: the bus is asked while nobody has read the socket.
    activated.manager.ListDomains()
    assert 'READY=1' in notified.recv(4096).decode()
    notified.setblocking(False)
    while activated.runs():
        time.sleep(0.001)
    told = notified.recv(4096).decode()
    assert told.startswith('STOPPING=1\n')
    activated.close()


def test_a_domain_that_comes_at_the_last_moment(directory, cache, notified):
    """The call is in before the name is given up, which is not taken back; the domain is there for the next."""
    activated = Activated(directory, cache, environment=[f'NOTIFY_SOCKET={directory}/notify'])
    for _ in range(5):
        activated.manager.ListDomains()
        pid = activated.pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            replies = activated.client.start_call(BUS_NAME, ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(), {})
            time.sleep(IDLE + 0.5)
        finally:
            os.kill(pid, signal.SIGCONT)
        activated.client.wait(lambda: replies, 'the definition is answered')
        assert not isinstance(replies[0], DBusError), replies
        domain, = activated.manager.ListDomains()
        virtbus.Domain(activated.client, domain[-1]).Undefine()
        # Nobody who ends waits for a reader.
        notified.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while notified.recv(4096):
                pass
    activated.close()


def test_systemd_is_told(new_service, directory, notified):
    service = new_service(environment={'NOTIFY_SOCKET': str(directory / 'notify')}).start()
    assert 'READY=1' in notified.recv(4096).decode()
    service.stop()
    assert 'STOPPING=1' in notified.recv(4096).decode()


def test_the_configuration_is_read_again(new_service, directory, notified):
    config = directory / 'virtbusd.conf'
    config.write_text('')
    service = new_service(environment={'NOTIFY_SOCKET': str(directory / 'notify')})
    service.arguments.append(f'--config={config}')
    service.start()
    notified.recv(4096)
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(devices='<interface type="network"><source network="lab"/></interface>'))
    with pytest.raises(DBusError) as caught:
        domain.Start()
    assert "'lab'" in caught.value.message

    def reload(text):
        config.write_text(text)
        os.kill(service.pid, signal.SIGHUP)
        assert notified.recv(4096).decode().startswith('RELOADING=1\nMONOTONIC_USEC=')
        ready, status = notified.recv(4096).decode().split('\n')
        assert ready == 'READY=1'
        return status
    assert reload('[network lab]\nuser=yes\n') == 'STATUS=1 domains'
    domain.Start()
    domain.PowerOff()
    assert 'user=perhaps' in reload('[network lab]\nuser=perhaps\n')
    domain.Start()
    assert 'user=perhaps' in service.log() and 'identities' not in service.log()
    assert reload('[network lab]\nuser=yes\n[identities]\nlast-uid=2100000100\n') == 'STATUS=1 domains'
    assert '[identities]: another range is taken when' in service.log()
    client.close()
