# SPDX-License-Identifier: LGPL-2.1-or-later
"""What units do: a domain as a process, and the end of all domains."""

import json
import os
import signal
import socket
import subprocess

import pytest
from virtbus import (BUS_NAME, GUEST_TIMEOUT, OTHER, OWNER, SLOWNESS, TIMEOUT, VIRTBUSCTL, Bus, Client, Connection,
                     Domain, domain_xml, process_alive, wait_until)


class Unit:
    """virtbusctl run, with systemd's socket."""

    def __init__(self, address, directory, *arguments, seconds=1, **environment):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / 'notify'))
        self.socket.settimeout(GUEST_TIMEOUT)
        self.process = subprocess.Popen(
            [VIRTBUSCTL, f'--address={address}', 'run', *arguments], stderr=subprocess.PIPE, text=True,
            env={**os.environ, 'NOTIFY_SOCKET': str(directory / 'notify'), 'VIRTBUS_SHUTDOWN_SECONDS': str(seconds),
                 **environment})

    def expect(self, word):
        said = self.socket.recv(4096).decode()
        assert word in said, said

    def status(self):
        return self.process.wait(GUEST_TIMEOUT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.socket.close()


@pytest.fixture
def run(bus, directory):
    units = []

    def make(*arguments, **named):
        place = directory / f'unit{len(units)}'
        place.mkdir()
        units.append(Unit(bus.address, place, *arguments, **named))
        return units[-1]
    yield make
    for unit in units:
        unit.close()


def test_it_is_ready_when_the_domain_runs_and_ends_when_it_does(manager, run):
    domain = manager.define(domain_xml())
    unit = run('guest')
    unit.expect('READY=1')
    assert domain.State == 'running'
    domain.PowerOff()
    assert unit.status() == 0


def test_a_domain_that_runs_is_taken_as_it_is(manager, run):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    unit = run('guest')
    unit.expect('READY=1')
    assert domain.ProcessID == pid
    unit.process.send_signal(signal.SIGTERM)
    unit.expect('STOPPING=1')
    assert unit.status() == 0 and domain.State == 'shutoff'


def test_a_guest_is_asked_to_shut_down(manager, guest, run):
    domain = manager.define(guest.xml())
    unit = run('guest', seconds=600)
    unit.expect('READY=1')
    guest.boot(domain).close()
    mark = manager.client.mark()
    unit.process.send_signal(signal.SIGTERM)
    assert unit.status() == 0
    assert manager.client.wait_event(mark, 'stopped').arguments[1] == 'shutdown'


def test_the_second_signal_is_impatient(manager, run):
    domain = manager.define(domain_xml())
    unit = run('guest', seconds=3600)
    unit.expect('READY=1')
    unit.process.send_signal(signal.SIGTERM)
    unit.expect('STOPPING=1')
    unit.process.send_signal(signal.SIGTERM)
    assert unit.status() == 0 and domain.State == 'shutoff'


def test_a_guest_that_crashed_is_a_failure(manager, run):
    """So that a unit may say Restart=on-failure."""
    domain = manager.define(domain_xml())
    unit = run('guest')
    unit.expect('READY=1')
    os.kill(domain.ProcessID, signal.SIGKILL)
    assert unit.status() == 1
    assert 'has ended: failed' in unit.process.stderr.read()


def test_the_service_may_be_started_again_meanwhile(service, manager, run):
    manager.define(domain_xml())
    unit = run('guest')
    unit.expect('READY=1')
    service.restart()
    assert unit.process.poll() is None
    client = Client(service.bus.address)
    domain = client.manager.get('guest')
    assert domain.State == 'running'
    domain.PowerOff()
    assert unit.status() == 0
    client.close()


@pytest.mark.parametrize('how', ['run', 'shutdown-all'])
def test_the_bus_may_go_and_come_back(directory, new_service, how):
    """A guest outlasts it, and so does whoever is to end the guest."""
    place = directory / 'other'
    place.mkdir()
    bus = Bus(place)
    service = new_service(bus=bus, expect_trouble=True)
    service.start()
    client = Client(bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    client.close()
    seconds = int(3 * SLOWNESS)
    one = Unit(bus.address, place, 'guest', seconds=seconds) if how == 'run' else ShutdownAll(bus.address, place, seconds)
    try:
        if how == 'run':
            one.expect('READY=1')
        else:
            wait_until(lambda: pressed(service, domain), 'the button has been pressed')
        bus.process.kill()
        bus.process.wait()
        service.process.wait(TIMEOUT)
        assert process_alive(pid) and one.process.poll() is None
        bus = service.bus = Bus(place)
        service.start()
        if how == 'run':
            one.process.send_signal(signal.SIGTERM)
            wait_until(lambda: pressed(service, domain), 'the button has been pressed')
        assert one.status() == 0 and not process_alive(pid)
        service.stop()
    finally:
        one.close()
        bus.close()


def test_what_cannot_be_started_fails(manager, run):
    assert run('nobody').status() == 1
    manager.define(domain_xml(devices='<interface type="network"><source network="attic"/></interface>'))
    unit = run('guest')
    assert unit.status() == 1
    assert 'attic' in unit.process.stderr.read()


@pytest.mark.parametrize('instance, name', [('guest', 'guest'), ('web-1', 'web-1'), (r'web\x2d1', 'web-1'),
                                            ('0-guest', 'guest'), ('root-guest', 'guest'), (r'caf\xc3\xa9', 'café')])
def test_names_of_instances(manager, run, instance, name):
    domain = manager.define(domain_xml(name))
    unit = run('--unit', '--', instance)
    unit.expect('READY=1')
    assert domain.State == 'running'
    domain.PowerOff()
    assert unit.status() == 0


class ShutdownAll:
    """virtbusctl shutdown-all under way."""

    def __init__(self, address, directory, seconds, **environment):
        self.complaints = directory / 'complaints'
        with open(self.complaints, 'w', encoding='utf-8') as stderr:
            self.process = subprocess.Popen(
                [VIRTBUSCTL, f'--address={address}', 'shutdown-all'], stderr=stderr,
                env={**os.environ, 'VIRTBUS_SHUTDOWN_SECONDS': str(seconds), **environment})

    def status(self):
        return self.process.wait(GUEST_TIMEOUT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def shutdown_all(service, directory):
    made = []

    def make(seconds, **environment):
        made.append(ShutdownAll(service.bus.address, directory, seconds, **environment))
        return made[-1]
    yield make
    for one in made:
        one.close()


def pressed(service, domain):
    """Whether the service has pressed the power button."""
    return json.loads((service.runtime_directory(domain) / 'status.json').read_text()).get('shutdown-requested')


def test_shutdown_all(manager, shutdown_all):
    domains = [manager.define(domain_xml(f'd{i}')) for i in range(3)]
    for domain in domains[:2]:
        domain.Start()
    domains[1].Suspend()
    ending = shutdown_all(1)
    assert ending.status() == 0
    assert [domain.State for domain in domains] == ['shutoff'] * 3
    said = ending.complaints.read_text()
    assert "'d1'" in said and 'its plug is pulled' in said and '1 have their plug pulled' in said


def test_shutdown_all_saves(manager, shutdown_all):
    """Those that can be; others are shut down, and why is said."""
    domains = [manager.define(domain_xml(f'd{i}')) for i in range(3)]
    for domain in domains[:2]:
        domain.Start()
    domains[1].Suspend()
    transient = manager.create(domain_xml('transient'))
    ending = shutdown_all(int(5 * SLOWNESS), VIRTBUS_ON_SHUTDOWN='save')
    assert ending.status() == 0
    assert not transient.exists()
    assert [(domain.State, domain.HasManagedSave) for domain in domains] == [('shutoff', True)] * 2 + [('shutoff', False)]
    said = ending.complaints.read_text()
    assert "'transient'" in said and 'shut down instead of being saved' in said and "'d1'" not in said, said
    for domain, state in zip(domains, ('running', 'paused')):
        domain.Start()
        assert domain.State == state
    ending = shutdown_all(1, VIRTBUS_ON_SHUTDOWN='sleep')
    assert ending.status() == 2 and 'sleep' in ending.complaints.read_text()


def test_run_saves(manager, run):
    domain = manager.define(domain_xml())
    unit = run('guest', seconds=60, VIRTBUS_ON_SHUTDOWN='save')
    unit.expect('READY=1')
    unit.process.terminate()
    assert unit.status() == 0
    assert (domain.State, domain.HasManagedSave) == ('shutoff', True)


def test_a_service_that_is_away_does_not_mean_that_all_are_off(service, manager, shutdown_all):
    domain = manager.define(domain_xml())
    domain.Start()
    ending = shutdown_all(int(3 * SLOWNESS))
    wait_until(lambda: pressed(service, domain), 'the button has been pressed')
    service.stop(signal.SIGKILL)
    with pytest.raises(subprocess.TimeoutExpired):
        ending.process.wait(1)
    service.start()
    assert ending.status() == 0
    client = Client(service.bus.address)
    domain = client.manager.get('guest')
    assert domain.State == 'shutoff'
    client.close()


def test_a_service_that_cannot_be_asked_is_a_failure(bus, directory):
    silent = Connection(bus.address)
    silent.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName', '(su)', BUS_NAME,
                0)
    ending = ShutdownAll(bus.address, directory, 0)
    silent.wait(lambda: ending.process.poll() is not None, 'it gives up', GUEST_TIMEOUT)
    assert ending.status() == 1
    assert 'may still run' in ending.complaints.read_text()
    silent.close()


def test_a_guest_that_hangs_takes_no_time_from_the_others(manager, guest, shutdown_all):
    healthy = manager.define(guest.xml())
    hung = [manager.define(domain_xml(f'h{i}')) for i in range(4)]
    for domain in (healthy, *hung):
        domain.Start()
    guest.boot(healthy).close()
    mark = manager.client.mark()
    for domain in hung:
        os.kill(domain.ProcessID, signal.SIGSTOP)
    ending = shutdown_all(3600)
    assert manager.client.wait_event(mark, 'stopped', path=healthy.path).arguments[1] == 'shutdown'
    assert ending.complaints.read_text() == '', 'nobody had been waited for'
    for domain in hung:
        os.kill(domain.ProcessID, signal.SIGCONT)
        domain.PowerOff()
    assert ending.status() == 0


def test_the_button_is_pressed_until_somebody_hears(service, manager, guest, run):
    """Nobody's plug is pulled because the service was away for a moment."""
    domain = manager.define(guest.xml())
    unit = run('guest', seconds=3600)
    unit.expect('READY=1')
    guest.boot(domain).close()
    service.stop(signal.SIGKILL)
    unit.process.send_signal(signal.SIGTERM)
    unit.expect('STOPPING=1')
    service.start()
    assert unit.status() == 0
    client = Client(service.bus.address)
    assert client.manager.get('guest').StateReason == 'shutdown'
    client.close()


@pytest.mark.parametrize('how', ['run', 'shutdown-all'])
def test_a_guest_that_is_not_up_yet_hears_it_later(manager, guest, run, shutdown_all, how):
    """What was pressed while it was being booted is lost."""
    domain = manager.define(guest.xml())
    mark = manager.client.mark()
    if how == 'run':
        unit = run('guest', seconds=3600)
        unit.expect('READY=1')
        unit.process.send_signal(signal.SIGTERM)
    else:
        domain.Start()
        unit = shutdown_all(3600)
    assert unit.status() == 0
    assert manager.client.wait_event(mark, 'stopped').arguments[1] == 'shutdown'


def test_shutdown_all_starts_no_service(bus):
    done = subprocess.run([VIRTBUSCTL, f'--address={bus.address}', 'shutdown-all'], capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_owner_and_name(new_service, directory, run):
    """Two users have a domain of the same name; each finds their own first, and both by its owner."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    client = Client(service.bus.address)
    ours = client.manager.define(domain_xml('twin'))
    file = directory / 'twin.xml'
    file.write_text(domain_xml('twin'))

    def ctl(*arguments, uid=0):
        identity = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
        return subprocess.run([*identity, VIRTBUSCTL, f'--address={service.bus.address}', *arguments],
                              capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd='/')
    theirs = ctl('define', str(file), uid=OWNER).stdout.strip()
    assert theirs.startswith('/org/virtbus1/domain/') and theirs != ours.path

    def path_of(name, **named):
        done = ctl('show', '--json', name, **named)
        return done.stderr if done.returncode else [line for line in done.stdout.split('"') if line.startswith(
            '/org/virtbus1/domain/')][0]
    for name in ('twin', 'root/twin', '0/twin', f'0/{ours.UUID}', ours.UUID):
        assert path_of(name) == ours.path, name
    for name in (f'{OWNER}/twin', 'bin/twin'):
        assert path_of(name) == theirs, name
    assert path_of('twin', uid=OWNER) == theirs
    assert path_of('0/twin', uid=OWNER) == ours.path
    # A unit starts root's or whose it says.
    for name in ('lone', '1'):
        file.write_text(domain_xml(name))
        ctl('define', str(file), uid=OWNER)
    for instance in ('lone', '1', 'nemo-lone'):
        done = ctl('run', '--unit', '--', instance)
        assert done.returncode == 1 and 'no domain' in done.stderr or 'no user' in done.stderr, done
    ours = client.manager.define(domain_xml('bin-1'))
    unit = run('--unit', '--', 'bin-1')
    unit.expect('READY=1')
    assert ours.State == 'running'
    ours.PowerOff()
    assert unit.status() == 0
    ours.Undefine()
    unit = run('--unit', '--', 'bin-1')
    unit.expect('READY=1')
    their = Domain(client, path_of('bin/1'))
    assert their.State == 'running'
    their.PowerOff()
    assert unit.status() == 0
    assert 'several' in path_of('twin', uid=OTHER)
    assert "no user 'nemo'" in path_of('nemo/twin')
    assert 'no domain' in path_of('3/twin')
    client.close()
