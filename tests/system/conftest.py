# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))

import machine as container  # noqa: E402


def pytest_configure(config):
    if os.geteuid() != 0:
        raise pytest.UsageError('these tests boot a container: run them as root')
    for program in ('systemd-nspawn', 'nsenter', 'meson'):
        if not shutil.which(program):
            raise pytest.UsageError(f'{program} is missing: tests/install-deps test installs it')


def prepared(variable, script, place):
    """A directory that tests/run has made already, or that is made now."""
    if os.environ.get(variable):
        return pathlib.Path(os.environ[variable])
    subprocess.run([container.SOURCE / script, place], check=True)
    return place


@pytest.fixture(scope='session')
def work():
    """Not below /tmp of a small machine: a root file system is some hundred megabytes."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='vb-system-', dir='/var/tmp'))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope='session')
def machine(work):
    rootfs = prepared('VIRTBUS_ROOTFS', 'tests/system/rootfs', work / 'rootfs')
    guest = prepared('VIRTBUS_GUEST', 'tests/guest/build', work / 'guest')
    machine = container.Machine(rootfs, work, guest)
    try:
        machine.boot()
        yield machine
    finally:
        machine.destroy()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    machine = getattr(item, 'funcargs', {}).get('machine')
    if report.failed and machine is not None:
        try:
            report.sections.append(('journal of the container', machine.journal('--boot', '--lines=120')))
        except Exception as error:
            report.sections.append(('console of the container', f'{error}\n{machine.console_end()}'))


@pytest.fixture
def root(machine):
    actor = machine.become('root')
    yield actor
    actor.close()


@pytest.fixture(scope='module')
def bob(machine):
    """Has a session, and not the seat."""
    actor = machine.login('bob', seat='seat0')
    yield actor
    actor.close()


@pytest.fixture(scope='module')
def alice(machine, bob):
    """Comes last, and so has the seat."""
    actor = machine.login('alice', seat='seat0')
    machine.activate(actor)
    states = {it.user: machine.run('loginctl', 'show-session', it.session, '--property=Active', '--property=Seat',
                                   '--value')
              for it in (actor, bob)}
    assert set(states['alice'].split()) == {'seat0', 'yes'} and set(states['bob'].split()) == {'seat0', 'no'}, states
    yield actor
    actor.close()


def remove_everything():
    """Sent to an actor: leaves no domain."""
    for domain in manager.domains():
        try:
            domain.PowerOff()
        except DBusError:
            pass
        try:
            domain.Undefine(discard_save=True)
        except DBusError:
            pass
    return manager.ListDomains()


@pytest.fixture
def tidy(machine):
    """Nothing of a test's is left, also where it fails in the middle of a boot."""
    yield
    if machine.process is None:
        machine.boot()
    for unit in machine.run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'virtbus-domain@*').split():
        if unit.startswith('virtbus-domain@'):
            machine.run('systemctl', 'disable', '--now', unit, check=False)
    actor = machine.become('root')
    assert actor(remove_everything) == []
    actor.close()
