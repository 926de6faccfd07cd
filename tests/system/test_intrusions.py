# SPDX-License-Identifier: LGPL-2.1-or-later
"""More attempts: with what she gives the service to be read, with names, numbers and devices that are others', and with
what is in her own machine's place."""

import contextlib

import pytest
from attempts import BAIT, FAILED, STORAGE, UNAUTHORIZED, disk
from hanging import Hanging
from machine import HARNESS, SLOWNESS
from virtbus import ACCESS_DENIED, ERROR, INVALID_ARGS, domain_xml, wait_until
from world import differences, no_trace, snapshot, world  # noqa: F401 (fixtures)

TIMEOUT = ERROR + 'Timeout'
LOCKED = domain_xml('attempt', devices='<disk type="file"><driver name="qemu" type="raw"/><source '
                    'file="/home/alice/mine.img"><encryption format="luks"><secret type="passphrase" usage="treasure"/>'
                    '</encryption></source><target dev="vda" bus="virtio"/></disk>')


# Sent to actors: ---------------------------------------------------------------------------------------------------

def open_file(path):
    kept['fd'] = os.open(path, os.O_RDONLY)


def open_pipe(pours):
    """One that nobody closes, with a little in it or without an end."""
    kept['fd'], kept['writing'] = os.pipe()
    os.write(kept['writing'], b'x' * 16)
    if pours:
        kept['pouring'] = subprocess.Popen(['cat', '/dev/zero'], stdout=kept['writing'], stderr=subprocess.DEVNULL)


def begin_start(path):
    """Starts with the descriptor as its secret; end_start() tells how that ended."""
    fds = Gio.UnixFDList.new()
    body = {'secrets': GLib.Variant('a{sh}', {'treasure': fds.append(kept['fd'])})}
    kept['outcome'] = []

    def on_done(connection, result):
        try:
            connection.call_with_unix_fd_list_finish(result)
            kept['outcome'].append(['done', ''])
        except GLib.Error as error:
            kept['outcome'].append([Gio.dbus_error_get_remote_error(error), error.message])
    client.connection.call_with_unix_fd_list(BUS_NAME, path, DOMAIN, 'Start', GLib.Variant('(a{sv})', (body,)), None,
                                             Gio.DBusCallFlags.NONE, int(TIMEOUT * 1000), fds, None, on_done)
    # It has been sent when another call after it has an answer.
    Domain(client, path).State


def end_start():
    client.wait(lambda: kept['outcome'], 'the start has ended')
    for name in 'fd', 'writing':
        if name in kept:
            os.close(kept.pop(name))
    if 'pouring' in kept:
        kept['pouring'].kill()
        kept.pop('pouring').wait()
    return kept['outcome'][0]


def readers():
    """Whose the processes are that read descriptors."""
    import contextlib

    found = []
    for entry in pathlib.Path('/proc').iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and b'--read-descriptors' in (entry / 'cmdline').read_bytes():
                found.append(entry.stat().st_uid)
    return found


def remove(names):
    """What a test leaves that fails."""
    for domain in manager.domains():
        if domain.Name in names:
            if domain.State != 'shutoff':
                domain.PowerOff()
            domain.Undefine()


# -------------------------------------------------------------------------------------------------------------------

@pytest.fixture(autouse=True)
def nothing_left(world):
    yield
    world.root(remove, ['attempt', 'other'])


def test_a_pipe_without_an_end_is_not_read_for_ever(world, no_trace):
    path = world.alice.define(LOCKED)
    for pours, error, words in (True, INVALID_ARGS, 'more than 65536 bytes'), (False, TIMEOUT, 'come to its end'):
        world.alice(open_pipe, pours)
        world.alice(begin_start, path)
        assert world.bob.get(world.theirs['bob'], 'State') == 'running'
        outcome = world.alice(end_start)
        assert outcome[0] == error and "'treasure'" in outcome[1] and words in outcome[1], outcome
    world.alice.domain(path, 'Undefine')


@pytest.mark.parametrize('operations', [['read'], ['getattr'], ['read', 'getattr', 'open', 'lookup', 'statfs']],
                         ids=' '.join)
def test_her_file_system_keeps_only_her_waiting(world, no_trace, operations):
    """Root may not even look at it."""
    path = world.alice.define(LOCKED)
    fuse = Hanging('/var/tmp/hanging', b'no passphrase', world.alice.uid, others=False, enter=world.machine.enter(),
                   program=f'{HARNESS}/tests/integration/hanging.py')
    try:
        world.alice(open_file, '/var/tmp/hanging/file')
        fuse.hang(*operations)
        world.alice(begin_start, path)
        wait_until(lambda: world.root(readers) == [world.alice.uid], 'it is read by her')
        assert '<name>theirs</name>' in world.root.domain(world.theirs['bob'], 'GetXML')
        other = world.root.define(domain_xml('other'))
        world.root.domain(other, 'Start')
        world.root.domain(other, 'PowerOff')
        world.root.domain(other, 'Undefine')
        assert world.root(readers) == [world.alice.uid]
        world.alice.domain(path, 'PowerOff')
    finally:
        fuse.close()
    outcome = world.alice(end_start)
    assert outcome[0] == ERROR + 'InvalidState', outcome
    world.alice.domain(path, 'Undefine')
    wait_until(lambda: world.root(readers) == [], 'nobody reads any more')
    world.machine.run('rmdir', '/var/tmp/hanging')


def fate(path, method, *arguments):
    """How a call ends: the error's name, or 'done'."""
    try:
        Domain(client, path).call(method, *arguments)
    except DBusError as error:
        return error.name
    return 'done'


def test_an_id_that_was_hers_is_nobody_elses(world, no_trace):
    """Neither can she keep hold of a number that somebody will get, nor get a place that somebody had."""
    old = world.alice.define(domain_xml('attempt', devices='<serial type="unix"/>'))
    world.alice.domain(old, 'Start')
    place = world.alice.get(old, 'RuntimeDirectory')
    world.alice.domain(old, 'PowerOff')
    world.alice.domain(old, 'Undefine')
    new = world.root.define(domain_xml('attempt', devices='<serial type="unix"/>'))
    world.root.domain(new, 'Start')
    try:
        assert int(new.rsplit('/', 1)[1]) > int(old.rsplit('/', 1)[1])
        assert world.root.get(new, 'RuntimeDirectory') != place
        for method in 'Start', 'PowerOff', 'GetXML', 'Undefine':
            assert world.alice(fate, old, method) == 'org.freedesktop.DBus.Error.UnknownObject'
    finally:
        world.root.domain(new, 'PowerOff')
        world.root.domain(new, 'Undefine')


def found_by(name, uuid):
    """What a caller's own first finds, by name and by uuid."""
    return [manager.call('GetDomain', name), manager.call('GetDomainByUUID', uuid)]


@pytest.mark.parametrize('whose', ['bob', 'root'])
def test_a_name_and_a_uuid_of_anothers_get_her_nothing(world, no_trace, whose):
    owner = world.bob if whose == 'bob' else world.root
    theirs = world.theirs[whose]
    uuid = owner.get(theirs, 'UUID')
    mine = world.alice.define(domain_xml('theirs', uuid=uuid))
    try:
        assert mine != theirs and world.alice.get(theirs, 'Owner') == owner.uid
        assert world.alice(found_by, 'theirs', uuid) == [mine, mine]
        assert owner(found_by, 'theirs', uuid) == [theirs, theirs]
        world.alice.domain(mine, 'Start')
        assert owner(found_by, 'theirs', uuid) == [theirs, theirs]
        assert world.alice.get(mine, 'RuntimeDirectory') != world.places[whose]
        assert owner.get(theirs, 'State') == 'running'
        world.alice.domain(mine, 'PowerOff')
        assert owner.get(theirs, 'State') == 'running'
    finally:
        world.alice.domain(mine, 'Undefine')


def starts(path):
    """How a start by whoever this is ends."""
    try:
        Domain(client, path).Start()
    except DBusError as error:
        return [error.name, error.message]
    return ['done', '']


@pytest.fixture
def device(world):
    """One of root's alone."""
    path = f'{BAIT}/zero'
    world.machine.run('mknod', '--mode=600', path, 'c', '1', '5')
    yield path
    world.machine.run('rm', path)


def test_root_starts_in_vain_what_is_a_device_behind_a_link(world, device, no_trace):
    """The path is a file's when it is defined, and a device's when root starts it."""
    world.machine.run('ln', '-sf', '/home/alice/mine.img', '/home/alice/changing')
    path = world.alice.define(domain_xml('attempt', devices=disk('/home/alice/changing')))
    try:
        world.machine.run('ln', '-sf', device, '/home/alice/changing')
        outcome = world.root(starts, path)
        assert outcome[0] in (STORAGE, FAILED) and 'ermission denied' in outcome[1], outcome
        unit = f'virtbus-domain@{world.alice.uid}-attempt.service'
        assert 'ermission denied' in world.machine.run('systemctl', 'start', unit, check=False) + \
            world.machine.journal('--unit', unit)
        world.machine.run('systemctl', 'reset-failed', unit)
    finally:
        world.alice.domain(path, 'Undefine')
        world.machine.run('rm', '/home/alice/changing')


@pytest.mark.parametrize('how', ['at once', 'as a unit'])
def test_root_starts_in_vain_a_device_that_nobody_granted(world, how):
    """Whatever is in her definition, and however it came there."""
    machine = world.machine
    path = world.alice.define(domain_xml('attempt', devices=disk('/home/alice/mine.img')))
    stored = f'/var/lib/virtbus/domains/{path.rsplit("/", 1)[1]}/definition.xml'
    machine.run('systemctl', 'stop', 'virtbusd.service')
    machine.run('sed', '-i', 's:/home/alice/mine.img:/dev/zero:', stored)
    machine.run('systemctl', 'start', 'virtbusd.service')
    before = world.root(snapshot)
    unit = f'virtbus-domain@{world.alice.uid}-attempt.service'
    if how == 'at once':
        outcome = world.root(starts, path)
        assert outcome[0] == ACCESS_DENIED and 'was not granted' in outcome[1], outcome
        # She could be asked, and is not authorised.
        outcome = world.alice(starts, path)
        assert outcome[0] in (ACCESS_DENIED, UNAUTHORIZED) and '/dev/zero' in outcome[1], outcome
    else:
        machine.run('systemctl', 'start', unit, check=False)
        assert 'was not granted' in machine.journal('--unit', unit)
        assert machine.show(unit, 'ActiveState') == 'failed'
        machine.run('systemctl', 'reset-failed', unit)
    wait_until(lambda: differences(before, world.root(snapshot)) == [], 'nothing is left of it', timeout=10 * SLOWNESS)
    world.alice.domain(path, 'Undefine')


# What is in her own machine's place. -------------------------------------------------------------------------------

@pytest.fixture
def hers(world, no_trace):
    """A machine of hers that runs, and where its sockets are."""
    path = world.alice.define(domain_xml('attempt', devices='<serial type="unix"/>'))
    world.alice.domain(path, 'Start')
    yield path, world.alice.get(path, 'RuntimeDirectory') + '/sockets'
    with contextlib.suppress(Exception):
        world.alice.domain(path, 'PowerOff')
    world.alice.domain(path, 'Undefine')


def fill(directory):
    """Bytes, then names, until there is no more; how much of each there was."""
    import errno

    written, names = 0, 0
    try:
        with open(f'{directory}/big', 'wb', buffering=0) as file:
            while written < 1 << 30:
                written += file.write(bytes(1 << 16))
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    try:
        while names < 1 << 20:
            os.symlink('/etc/shadow', f'{directory}/{names}')
            names += 1
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    return [written, names]


def test_a_place_that_she_fills_is_only_hers(world, hers):
    path, sockets = hers
    free = world.machine.run('df', '--output=avail', '/run').split()[-1]
    written, names = world.alice(fill, sockets)
    assert written <= 16 << 20 and names <= 10000, (written, names)
    assert abs(int(world.machine.run('df', '--output=avail', '/run').split()[-1]) - int(free)) < 1024
    other = world.root.define(domain_xml('other', devices='<serial type="unix"/>'))
    world.root.domain(other, 'Start')
    world.root.domain(other, 'PowerOff')
    world.root.domain(other, 'Undefine')
    assert world.alice.get(path, 'State') == 'running'
    world.alice.domain(path, 'PowerOff')
    assert not world.machine.path(sockets).exists()


def replace(directory, target):
    """Puts links into the place of all that is there."""
    for name in os.listdir(directory):
        os.unlink(f'{directory}/{name}')
        os.symlink(target, f'{directory}/{name}')
    os.symlink('/etc', f'{directory}/etc')
    return os.listdir(directory)


def console(path):
    """What opening her first console gets her."""
    try:
        client.connection.call_with_unix_fd_list_sync(
            BUS_NAME, path, DOMAIN, 'OpenConsole', GLib.Variant('(sa{sv})', ('', {})), None, Gio.DBusCallFlags.NONE,
            int(TIMEOUT * 1000), None, None)
        return 'done'
    except GLib.Error as error:
        return Gio.dbus_error_get_remote_error(error)


@pytest.mark.parametrize('target', ['{bob}/sockets/serial0.sock', '{root}/monitor/qmp.sock', '/etc/shadow',
                                    '/run/dbus/system_bus_socket'])
def test_what_she_puts_into_the_place_of_her_sockets_leads_nowhere(world, hers, target):
    path, sockets = hers
    names = world.alice(replace, sockets, target.format(**world.places))
    assert 'serial0.sock' in names
    assert world.alice(console, path) != 'done'
    assert world.root(console, path) != 'done'
    world.alice.domain(path, 'PowerOff')
    assert world.root(console, world.theirs['bob']) == 'done'
