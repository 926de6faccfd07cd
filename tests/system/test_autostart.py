# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coming and going: a service that leaves when it has nothing to do, and domains that start with the host."""

import json
import time

import pytest
from machine import RemoteError
from test_service import in_guest, wait_booted
from virtbus import TIMEOUT, domain_xml, wait_until

SERVICE = 'virtbusd.service'
CONFIGURATION = '/etc/virtbus/virtbusd.conf'
DROP_IN = '/etc/systemd/system/virtbusd.service.d/limit.conf'
RULES = '/etc/polkit-1/rules.d/10-autostart.rules'
RULE = '''polkit.addRule(function(action, subject) {
    if (action.id == "org.virtbus1.own.autostart" && subject.user == "alice" && action.lookup("domain") == "allowed")
        return polkit.Result.YES;
});'''


@pytest.fixture
def impatient(machine, tidy):
    """A service that leaves after two seconds."""
    before = machine.path(CONFIGURATION).read_text() if machine.path(CONFIGURATION).exists() else None
    machine.write(CONFIGURATION, '[service]\nidle-timeout=2\n')
    machine.run('systemctl', 'restart', SERVICE)
    yield
    if before is None:
        machine.path(CONFIGURATION).unlink()
    else:
        machine.write(CONFIGURATION, before)
    machine.run('systemctl', 'restart', SERVICE)


def version(machine):
    return machine.run('busctl', 'get-property', 'org.virtbus1', '/org/virtbus1', 'org.virtbus1.Manager', 'Version')


def test_the_service_leaves_and_is_called_back(machine, root, impatient):
    def wait_left():
        wait_until(lambda: machine.show(SERVICE, 'ActiveState') == 'inactive', 'the service has left')
        assert machine.show(SERVICE, 'Result', 'NRestarts') == ['success', '0']
        assert SERVICE not in machine.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend')

    wait_left()
    assert version(machine).startswith('s "')
    first = machine.show(SERVICE, 'MainPID')
    wait_left()
    # Whoever wants a machine finds the service; while there is one, it stays.
    path = root.define(domain_xml('keeps'))
    pid = machine.show(SERVICE, 'MainPID')
    assert pid not in ('0', first)
    time.sleep(5)
    assert machine.show(SERVICE, 'MainPID') == pid
    root.domain(path, 'Start')
    time.sleep(3)
    assert machine.show(SERVICE, 'MainPID') == pid and root.get(path, 'State') == 'running'
    root.domain(path, 'PowerOff')
    root.domain(path, 'Undefine')
    wait_left()
    assert version(machine).startswith('s "')


# Calls around the time at which the service leaves, each time at another moment; how long each took, and what failed.
CALLS = '''
import json, threading, time
from gi.repository import Gio
took, failed = [], []

def call(number):
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    for n in range(12):
        time.sleep(2 + (n * 37 + number * 13) % 100 / 1000)
        begun = time.monotonic()
        try:
            reply = bus.call_sync('org.virtbus1', '/org/virtbus1', 'org.virtbus1.Manager', 'ListDomains', None, None, 0,
                                  120000, None)
            assert reply.unpack() == ([],), reply
        except Exception as error:
            failed.append(str(error))
        took.append(time.monotonic() - begun)

threads = [threading.Thread(target=call, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps([len(took), max(took), failed]))
'''


def test_no_call_is_lost_or_hangs_when_it_leaves(machine, root, impatient):
    """Whoever calls when it is leaving is answered, by this one or the next; the bus gives up after 25 seconds."""
    machine.write(DROP_IN, '[Unit]\nStartLimitIntervalSec=0\n')
    machine.run('systemctl', 'daemon-reload')
    machine.run('journalctl', '--rotate')
    try:
        number, longest, failed = json.loads(machine.run('python3', '-', input=CALLS, timeout=TIMEOUT * 10))
    finally:
        machine.path(DROP_IN).unlink()
        machine.run('systemctl', 'daemon-reload')
    assert (number, failed) == (36, [])
    assert longest < 20
    assert machine.journal('--boot', f'--unit={SERVICE}').count('there is nothing to do') > 3


def enabled(machine, unit):
    return machine.run('systemctl', 'is-enabled', unit, check=False).strip()


def test_root_has_a_domain_start_with_the_host(machine, root, tidy):
    unit, log = 'virtbus-domain@auto.service', '/var/tmp/auto.log'
    path = root(in_guest, 'auto', log)
    root.domain(path, 'PowerOff')
    root.domain(path, 'SetAutostart', True)
    assert enabled(machine, unit) == 'enabled' and root.get(path, 'Autostart') is True
    machine.path(log).write_text('')
    machine.reboot()
    root = machine.become('root')
    assert root.get(path, 'State') == 'running' and machine.show(unit, 'ActiveState') == 'active'
    wait_booted(machine, log)
    root.domain(path, 'SetAutostart', False)
    assert enabled(machine, unit) == 'disabled' and root.get(path, 'Autostart') is False
    # It is not started any more, and what runs runs on.
    assert root.get(path, 'State') == 'running'
    machine.reboot()
    root = machine.become('root')
    assert root.get(path, 'State') == 'shutoff' and machine.emulators() == {}
    root.domain(path, 'SetAutostart', True)
    root.domain(path, 'Undefine')
    assert enabled(machine, unit) == 'disabled'


def test_a_user_needs_leave_to_have_one_start_with_the_host(machine, tidy):
    machine.write(RULES, RULE)
    machine.run('systemctl', 'restart', 'polkit.service')
    alice = machine.login('alice', seat='seat0')
    machine.activate(alice)
    uid, log = alice.uid, '/home/alice/allowed.log'
    unit = f'virtbus-domain@{uid}-{{}}.service'
    try:
        refused = alice.define(domain_xml('refused'))
        with pytest.raises(RemoteError) as caught:
            alice.domain(refused, 'SetAutostart', True)
        assert caught.value.name == 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
        assert 'org.virtbus1.own.autostart' in caught.value.message
        assert enabled(machine, unit.format('refused')) == 'disabled' and alice.get(refused, 'Autostart') is False
        allowed = alice(in_guest, 'allowed', log)
        alice.domain(allowed, 'PowerOff')
        alice.domain(allowed, 'SetAutostart', True)
        assert enabled(machine, unit.format('allowed')) == 'enabled'
        machine.path(log).write_text('')
        machine.reboot()
        # She is not there, and it runs as her all the same.
        root = machine.become('root')
        assert 'alice' not in machine.run('loginctl', 'list-users', '--no-legend')
        assert root.get(allowed, 'State') == 'running' and root.get(refused, 'State') == 'shutoff'
        (pid,) = machine.emulators()
        assert machine.run('ps', '-o', 'uid=', '-p', str(pid)).strip() == str(uid)
        wait_booted(machine, log)
    finally:
        machine.path(RULES).unlink()
