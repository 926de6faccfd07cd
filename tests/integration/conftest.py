# SPDX-License-Identifier: LGPL-2.1-or-later
import itertools
import os
import re
import shutil
import subprocess

import pytest
import virtbus
from authority import Polkit, SystemBus, User


def pytest_configure(config):
    for program in (virtbus.VIRTBUSD, virtbus.VIRTBUSCTL):
        if not os.access(program, os.X_OK):
            raise pytest.UsageError(f'{program} is missing: build first, or set VIRTBUS_BUILD')
    if os.geteuid() != 0:
        raise pytest.UsageError('these tests act as several users: run them as root')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    for service in getattr(item, 'virtbus_services', []):
        if report.failed and service.log_path.exists():
            report.sections.append((f'virtbusd of {service.directory}', service.log()))


@pytest.fixture(scope='session')
def orphanage():
    return virtbus.Orphanage()


@pytest.fixture(scope='session')
def cache():
    """A probe cache that stays warm from test to test."""
    path = virtbus.make_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope='session')
def guest():
    """The test guest, from VIRTBUS_GUEST or built now."""
    prebuilt = os.environ.get('VIRTBUS_GUEST')
    path = virtbus.make_directory()
    if prebuilt:
        # Guests of root's are users of their own, who may not reach where it was built.
        for file in ('vmlinux', 'initrd', 'cmdline'):
            shutil.copyfile(os.path.join(prebuilt, file), path / file)
    else:
        subprocess.run([virtbus.SOURCE / 'tests/guest/build', path], check=True)
    yield virtbus.Guest(path)
    shutil.rmtree(path)


@pytest.fixture(scope='session')
def slow_sync(tmp_path_factory):
    """A library to preload that makes fsync wait; see slow-sync.c."""
    library = tmp_path_factory.mktemp('preload') / 'slow-sync.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', library,
                    virtbus.SOURCE / 'tests/integration/slow-sync.c', '-ldl'], check=True)
    return library


@pytest.fixture
def directory():
    path = virtbus.make_directory()
    yield path
    virtbus.remove_directory(path)


@pytest.fixture
def tmp_path():
    """As pytest's own, but that guests can reach what is in it."""
    path = virtbus.make_directory()
    yield path
    virtbus.remove_directory(path)


@pytest.fixture
def exclusive():
    """Waits until no other test has what is named, such as ports; it is this one's until it ends. Several runs share
    a host."""
    locks = []

    def take(name):
        lock = virtbus.take_lock(name)
        locks.append(lock)
    yield take
    for lock in locks:
        lock.close()


@pytest.fixture
def ports(exclusive):
    """For who chooses a TCP port of the host: it is free until another does the same."""
    exclusive('ports')


def rules_of(request):
    """A module whose tests are of a system bus says what polkit goes by there."""
    return getattr(request.module, 'RULES', None)


@pytest.fixture
def bus(request, directory):
    bus = SystemBus(directory) if rules_of(request) else virtbus.Bus(directory)
    yield bus
    bus.close()


@pytest.fixture
def polkit(request, bus, directory):
    polkit = Polkit(bus, directory / 'polkit', rules_of(request))
    yield polkit
    polkit.close()


@pytest.fixture
def new_user(bus):
    """Makes users of the bus, each a process of that uid."""
    users = []

    def make(uid):
        users.append(User(bus.address, uid))
        return users[-1]
    yield make
    for user in users:
        user.close()


@pytest.fixture
def new_bus(directory):
    """Makes further buses, each in a place of its own."""
    buses = []

    def make():
        place = directory / f'bus{len(buses) + 1}'
        place.mkdir()
        place.chmod(0o755)
        buses.append(virtbus.Bus(place))
        return buses[-1]

    yield make
    for bus in buses:
        bus.close()


@pytest.fixture
def new_service(request, directory, bus, new_bus, cache, orphanage):
    """Makes services, and sees to it that each ends well and leaves nothing."""
    services = request.node.virtbus_services = []
    numbers = itertools.count(1)

    def make(**named):
        place = directory / f's{next(numbers)}'
        place.mkdir()
        if named.get('uid') is not None:
            os.chown(place, named['uid'], named['uid'])
        service = virtbus.Service(named.pop('bus', bus), place, named.pop('cache', cache), **named)
        services.append(service)
        return service

    yield make
    troubles = []
    for service in services:
        try:
            service.stop()
            service.check_log()
        except AssertionError as trouble:
            troubles.append(str(trouble))
    orphanage.kill_all()
    assert not troubles, '\n'.join(troubles)


@pytest.fixture
def service(request, new_service):
    if rules_of(request):
        request.getfixturevalue('polkit')
    return new_service().start()


@pytest.fixture
def client(service):
    """A client whose model of everything must be right at the end, and who knows every error that it met."""
    client = virtbus.Client(service.bus.address)
    client.start_model()
    yield client
    try:
        if service.alive:
            client.check_model()
        unknown = [name for name in client.errors if name.startswith(virtbus.BUS_NAME) and
                   name not in documented_errors()]
        assert not unknown, f'errors that no interface documents: {unknown}'
        assert not [name for name in client.errors if name.endswith('.Failed')]
    finally:
        client.close()


@pytest.fixture
def manager(client):
    return client.manager


def documented_errors():
    text = (virtbus.INTERFACES / 'org.virtbus1.Manager.xml').read_text()
    return set(re.findall(r'^\s*(org\.virtbus1\.Error\.\w+):', text, re.M))
