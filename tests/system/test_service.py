# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service among systemd's other services: activation, scopes, restarts, boot and shutdown of the host."""

import re

import pytest
from virtbus import GUEST_TIMEOUT, domain_xml, wait_until


def in_guest(name, log=None):
    """Sent to an actor: defines and starts a domain with the test guest, and returns when it has booted."""
    devices = f'<serial type="file"><source path="{log}"/></serial>' if log else PTY
    guest = Guest('/srv/guest')
    domain = manager.define(domain_xml(name, os=guest.os(), memory=128, devices=devices))
    domain.Start()
    if log:
        wait_until(lambda: 'virtbus-guest: ready' in open(log, errors='replace').read(), 'the guest has booted',
                   GUEST_TIMEOUT, 0.1)
    else:
        kept[name] = Guest.boot(domain)
    return domain.path


def wait_booted(machine, log):
    wait_until(lambda: 'virtbus-guest: ready' in machine.path(log).read_text(errors='replace'),
               'the guest has booted', GUEST_TIMEOUT)


def test_a_call_activates_the_service(machine, root):
    machine.run('systemctl', 'stop', 'virtbusd.service')
    assert machine.show('virtbusd.service', 'ActiveState') == 'inactive'
    assert re.fullmatch(r'[0-9.]+', root.get('/org/virtbus1', 'Version', 'org.virtbus1.Manager'))
    state, kind, main = machine.show('virtbusd.service', 'ActiveState', 'Type', 'MainPID')
    assert (state, kind) == ('active', 'notify')
    owner = machine.run('busctl', 'call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                        'GetConnectionUnixProcessID', 's', 'org.virtbus1')
    assert owner.split() == ['u', main]


def test_a_unit_starts_a_domain_at_boot(machine, root, tidy):
    path = root(in_guest, 'boots', '/var/tmp/boots.log')
    root.domain(path, 'PowerOff')
    machine.path('/var/tmp/boots.log').write_text('')
    machine.run('systemctl', 'enable', '--now', 'virtbus-domain@boots.service')
    assert root.get(path, 'State') == 'running'
    # It hears its power button from then on only.
    wait_booted(machine, '/var/tmp/boots.log')
    machine.reboot()
    root = machine.become('root')
    assert root.get(path, 'State') == 'running'
    assert machine.show('virtbus-domain@boots.service', 'ActiveState') == 'active'
    assert len(machine.emulators()) == 1
    wait_booted(machine, '/var/tmp/boots.log')
    machine.run('systemctl', 'stop', 'virtbus-domain@boots.service')
    assert root.get(path, 'State') == 'shutoff'
    assert 'virtbus-guest: power button' in machine.path('/var/tmp/boots.log').read_text(errors='replace')


def test_host_shutdown_shuts_guests_down(machine, root, tidy):
    path = root(in_guest, 'graceful', '/var/tmp/graceful.log')
    log = machine.path('/var/tmp/graceful.log')
    assert 'power button' not in log.read_text(errors='replace')
    machine.power_off()
    assert 'virtbus-guest: power button' in log.read_text(errors='replace')
    machine.boot()
    root = machine.become('root')
    assert root.get(path, 'State') == 'shutoff' and machine.emulators() == {}


def type_half(name):
    """Half a line is in the guest's memory alone."""
    kept[name].send('echo one-')
    kept[name].expect('echo one-')


def type_rest(path):
    console = Console(Domain(client, path).OpenConsole(''))
    console.send('guest\n')
    console.expect('^virtbus-guest: echo one-guest')


@pytest.fixture
def saving(machine, tidy):
    """A host that saves guests when it is shut down."""
    drop_ins = [f'/etc/systemd/system/{unit}.service.d/save.conf' for unit in ('virtbus-guests', 'virtbus-domain@')]
    for drop_in in drop_ins:
        machine.write(drop_in, '[Service]\nEnvironment=VIRTBUS_ON_SHUTDOWN=save\n')
    machine.run('systemctl', 'daemon-reload')
    yield
    for drop_in in drop_ins:
        machine.path(drop_in).unlink()
    machine.run('systemctl', 'daemon-reload')


def test_host_shutdown_saves_guests(machine, root, saving):
    """They go on where they were: one by its unit at boot, a user's when it is started; one that cannot be saved is
    ended, and the log says why."""
    alice = machine.login('alice', seat='seat0')
    machine.activate(alice)
    mine, hers = root(in_guest, 'mine'), alice(in_guest, 'hers')
    root(type_half, 'mine')
    alice(type_half, 'hers')
    machine.run('systemctl', 'enable', '--now', 'virtbus-domain@mine.service')
    root.manager('CreateDomain', domain_xml('passing'), paused=True)
    machine.reboot()
    root = machine.become('root')
    assert machine.show('virtbus-domain@mine.service', 'ActiveState') == 'active'
    assert (root.get(mine, 'State'), root.get(mine, 'StateReason')) == ('running', 'restored')
    root(type_rest, mine)
    assert (root.get(hers, 'State'), root.get(hers, 'HasManagedSave')) == ('shutoff', True)
    alice = machine.login('alice', seat='seat0')
    machine.activate(alice)
    alice.domain(hers, 'Start')
    alice(type_rest, hers)
    assert alice.get(hers, 'HasManagedSave') is False
    said = machine.run('journalctl', '--unit=virtbus-guests.service', '--boot=-1', '--output=cat')
    assert "'passing'" in said and 'shut down instead of being saved' in said, said


def scope_of(machine, root, path):
    """A running domain's scope, as systemd and the kernel have it."""
    pid, unit = root.get(path, 'ProcessID'), root.get(path, 'Unit')
    assert unit in machine.run('cat', f'/proc/{pid}/cgroup') and machine.show(unit, 'ActiveState') == 'active'
    return unit


def go_on(machine, path, pid):
    """A guest that ran all the while is the service's, and the service can do what it does with systemd."""
    root = machine.become('root')
    wait_until(lambda: machine.show('virtbusd.service', 'ActiveState') in ('active', 'inactive'), 'the service is well')
    assert root.get(path, 'State') == 'running' and root.get(path, 'ProcessID') == pid
    unit = scope_of(machine, root, path)
    other = root.define(domain_xml('later'))
    root.domain(other, 'Start')
    scope_of(machine, root, other)
    for domain in path, other:
        root.domain(domain, 'PowerOff')
        root.domain(domain, 'Undefine')
    wait_until(lambda: machine.show(unit, 'LoadState') == 'not-found', 'the scope is gone')


def running(machine):
    """A domain that runs, and its guest."""
    root = machine.become('root')
    path = root.define(domain_xml('stays'))
    root.domain(path, 'Start')
    pid = root.get(path, 'ProcessID')
    root.close()
    return path, pid


def test_systemd_is_executed_anew(machine, tidy):
    path, pid = running(machine)
    machine.run('systemctl', 'daemon-reexec')
    go_on(machine, path, pid)


def test_the_system_bus_goes_away_and_comes_back(machine, tidy):
    path, pid = running(machine)
    before = machine.show('dbus.service', 'MainPID')
    machine.run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'dbus.service')
    wait_until(lambda: machine.show('dbus.service', 'MainPID') != before, 'the bus is gone')
    assert pid in machine.emulators()
    machine.run('systemctl', 'restart', 'dbus.service')
    wait_until(lambda: machine.show('dbus.service', 'ActiveState') == 'active', 'the bus is back')
    go_on(machine, path, pid)
    # Others of the host's services need more than a bus that has come back.
    machine.reboot()


CONFIGURATION = '/etc/virtbus/virtbusd.conf'


def kill_service(machine):
    before = machine.show('virtbusd.service', 'MainPID')
    machine.run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'virtbusd.service')
    wait_until(lambda: machine.show('virtbusd.service', 'MainPID') not in (before, '0'), 'the service has come back')


def test_a_service_that_is_killed_again_and_again_comes_back(machine, tidy):
    """By itself, and before systemd's own limit on starts has passed."""
    path, pid = running(machine)
    wait_until(lambda: machine.show('virtbusd.service', 'ActiveState') == 'active', 'the service is well')
    for _ in range(8):
        kill_service(machine)
    go_on(machine, path, pid)


@pytest.fixture
def hasty(machine, tidy):
    """A service that leaves when there was nothing to do for a second."""
    machine.write(CONFIGURATION, '[service]\nidle-timeout=1\n')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    yield
    machine.path(CONFIGURATION).unlink()
    machine.run('systemctl', 'restart', 'virtbusd.service')


def version(actor):
    return actor.get('/org/virtbus1', 'Version', 'org.virtbus1.Manager')


def test_a_service_that_leaves_again_and_again_is_there_for_every_call(machine, root, hasty):
    for _ in range(8):
        assert version(root)
        wait_until(lambda: machine.show('virtbusd.service', 'ActiveState') == 'inactive', 'it has left')
    assert machine.show('virtbusd.service', 'Result', 'StartLimitIntervalUSec') == ['success', '0']
    assert version(root)


def send_definition(xml):
    """Returns when it is on its way; whether the bus takes it is not waited for."""
    kept['definition'] = client.start_call(BUS_NAME, ROOT, MANAGER, 'DefineDomain', '(sa{sv})', xml, {})
    client.connection.flush_sync(None)


def defined():
    client.wait(lambda: kept['definition'], 'the definition was answered')
    if isinstance(kept['definition'][0], DBusError):
        raise kept['definition'][0]
    return unpack_reply(kept['definition'][0])


def test_a_domain_that_comes_at_the_last_moment_starts_the_service_again(machine, root, hasty):
    """The bus stands still when the service decides to leave, and has a definition for it that it got before."""
    bus = machine.show('dbus.service', 'MainPID')

    def restarts():
        """Those that systemd does by itself: after a success only that status asks for one."""
        return int(machine.show('virtbusd.service', 'NRestarts'))
    before = restarts()
    for _ in range(10):
        assert version(root)
        pid = machine.show('virtbusd.service', 'MainPID')
        machine.run('kill', '-STOP', bus)
        try:
            root(send_definition, domain_xml('late'))
            wait_until(lambda: machine.show('virtbusd.service', 'ActiveState') == 'deactivating', 'it is leaving')
        finally:
            machine.run('kill', '-CONT', bus)
        path = root(defined)
        wait_until(lambda: machine.show('virtbusd.service', 'ActiveState') == 'active' and
                   machine.show('virtbusd.service', 'MainPID') not in (pid, '0'), 'the service has come back')
        assert root.get(path, 'Name') == 'late'
        root.domain(path, 'Undefine')
        if restarts() > before:
            break
    assert restarts() > before and machine.show('virtbusd.service', 'Result') == 'success'
