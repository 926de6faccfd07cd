# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests are who their owner is, have nothing from the service but what they need, and cannot get at each other."""

import os
import pathlib
import signal
import subprocess

import pytest
from virtbus import OTHER, OWNER, DBusError, Domain, domain_xml, process_alive, run_as, wait_until

RULES = '''
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.virtbus1.own.") == 0)
        return polkit.Result.YES;
});
'''
# A channel, a console and a display make sockets.
SOCKETS = '''<serial type="unix"/><channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
             <graphics type="vnc"><listen type="socket"/></graphics>'''


def start(client, user, name, devices=SOCKETS):
    path = user.define(domain_xml(name, devices=devices))
    user.act(path, 'Start')
    return Domain(client, path)


def status(pid):
    text = pathlib.Path(f'/proc/{pid}/status').read_text()
    return dict(line.split(':\t', 1) for line in text.splitlines() if ':\t' in line)


def sockets_of(domain):
    place = pathlib.Path(domain.RuntimeDirectory) / 'sockets'
    return sorted(place.iterdir())


# What a process of that user can do about the sockets of a domain, by every way there is.
INTRUDE = r'''
import os, socket, sys
place, *names = sys.argv[1:]
outcomes = set()


def attempt(what, action, *arguments):
    try:
        action(*arguments)
        print(what, 'succeeded')
    except PermissionError:
        pass
    except OSError as error:
        print(what, error.strerror)


def connect(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)


attempt('list', os.listdir, place)
attempt('enter', os.chdir, place)
attempt('list the monitor', os.listdir, place + '/../monitor')
attempt('monitor', connect, place + '/../monitor/qmp.sock')
attempt('status', open, place + '/../status.json')
attempt('definition', open, place + '/../live.xml')
attempt('make', open, place + '/mine', 'w')
attempt('make a room', os.mkdir, place + '/../mine')
for name in names:
    path = place + '/' + name
    attempt('connect to ' + name, connect, path)
    attempt('stat ' + name, os.stat, path)
    attempt('remove ' + name, os.unlink, path)
    attempt('replace ' + name, os.rename, '/tmp', path)
print('done')
'''


def intrude(uid, domain):
    sockets = sockets_of(domain)
    assert len(sockets) >= 3, sockets
    place = sockets[0].parent
    done = run_as(uid, INTRUDE, place, *(socket.name for socket in sockets))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_users_guests_are_their_owners(client, new_user):
    """With the owner's groups, no privileges to win, no capability, and a system call filter."""
    for uid in (OWNER, OTHER):
        domain = start(client, new_user(uid), f'of-{uid}')
        seen = status(domain.ProcessID)
        assert seen['Uid'].split() == [str(uid)] * 4
        assert seen['Gid'].split() == [str(uid)] * 4
        assert set(map(int, seen['Groups'].split())) == set(os.getgrouplist({OWNER: 'bin', OTHER: 'sys'}[uid], uid))
        assert seen['NoNewPrivs'] == '1'
        assert seen['Seccomp'] == '2'
        for kind in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            assert int(seen[kind], 16) == 0, kind


def test_two_users_domains_cannot_reach_each_other(client, new_user):
    one, other = start(client, new_user(OWNER), 'one'), start(client, new_user(OTHER), 'other')
    before = sockets_of(one), sockets_of(other)
    assert intrude(OTHER, one) == 'done\n'
    assert intrude(OWNER, other) == 'done\n'
    assert (sockets_of(one), sockets_of(other)) == before
    # The attempts are attempts: with the owner's own they succeed.
    own = intrude(OWNER, one)
    for what in ('list', 'make', 'connect to serial0.sock', 'remove serial0.sock'):
        assert f'{what} succeeded' in own
    assert 'monitor succeeded' not in own and 'status succeeded' not in own


def test_a_room_is_its_owners_and_gone_with_the_guest(client, new_user, service):
    user = new_user(OWNER)
    domain = start(client, user, 'one')
    room = pathlib.Path(domain.RuntimeDirectory)
    assert {(room / name).stat().st_uid for name in ('monitor', 'status.json', 'live.xml', 'emulator.log')} == {0}
    assert (room / 'monitor').stat().st_mode & 0o7777 == 0o700
    assert room.stat().st_mode & 0o7777 == 0o711
    sockets = (room / 'sockets').stat()
    assert (sockets.st_uid, sockets.st_gid, sockets.st_mode & 0o7777) == (OWNER, OWNER, 0o700)
    assert sockets.st_dev != room.stat().st_dev, 'no file system of its own'
    user.act(domain.path, 'PowerOff')
    assert not room.exists()
    assert str(room) not in pathlib.Path('/proc/self/mountinfo').read_text()


@pytest.mark.parametrize('guest_dies', [False, True])
def test_a_restarted_service_knows_the_room(client, new_user, service, guest_dies):
    user = new_user(OWNER)
    domain = start(client, user, 'one')
    pid, room = domain.ProcessID, pathlib.Path(domain.RuntimeDirectory)
    service.stop(signal.SIGKILL)
    if guest_dies:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not pathlib.Path(f'/proc/{pid}/exe').exists(), 'the guest has gone')
    service.start()
    client.start_model()
    if not guest_dies:
        assert Domain(client, domain.path).ProcessID == pid
        user.act(domain.path, 'PowerOff')
    assert not room.exists()
    assert str(room) not in pathlib.Path('/proc/self/mountinfo').read_text()


def test_a_guest_inherits_what_it_needs(client, new_user, service):
    """Descriptors, environment, limits, session and directory are what they are meant to be, whatever ours are."""
    user = new_user(OWNER)
    domain = start(client, user, 'one', devices='')
    pid = domain.ProcessID
    process = pathlib.Path(f'/proc/{pid}')
    links = {int(fd.name): os.readlink(fd) for fd in (process / 'fd').iterdir()}
    log = domain.RuntimeDirectory + '/monitor/log.pipe'
    assert (links.pop(0), links.pop(1), links.pop(2)) == ('/dev/null', log, log)
    theirs = set(os.listdir(f'/proc/{service.pid}/fd'))
    inherited = [target for fd, target in links.items() if not target.startswith('anon_inode:')]
    # The monitor it listens at and our connection to it; what else there is, it has made itself.
    assert all(target.startswith(('socket:', 'pipe:', '/memfd:', '/dev/zero')) for target in inherited), links
    assert len([target for target in inherited if target.startswith('socket:')]) <= 2, links
    ours = {os.readlink(f'/proc/{service.pid}/fd/{fd}') for fd in theirs
            if os.path.lexists(f'/proc/{service.pid}/fd/{fd}')}
    assert not {target for target in inherited if target.startswith('/')} & ours - {'/dev/null'}

    environment = dict(entry.split('=', 1) for entry in (process / 'environ').read_text().split('\0') if entry)
    assert set(environment) == {'PATH', 'LC_ALL', 'VIRTBUS_MARK'}
    assert environment['LC_ALL'] == 'C'
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (process / 'limits').read_text().splitlines()[1:]}
    assert limits['Max core file size'] == ['0', '0']
    assert int(limits['Max open files'][0]) >= 1024
    assert int(limits['Max open files'][0]) <= 1 << 20
    assert os.getsid(pid) == pid
    assert os.readlink(process / 'cwd') == '/'
    assert int(status(pid)['SigBlk'], 16) & (1 << (signal.SIGTERM - 1)) == 0


def test_sockets_fill_nothing_but_their_own(client, new_user):
    user = new_user(OWNER)
    domain = start(client, user, 'one')
    place = pathlib.Path(domain.RuntimeDirectory) / 'sockets'
    done = run_as(OWNER, r'''
import errno, sys
try:
    large = open(sys.argv[1] + '/large', 'wb', buffering=0)
    for _ in range(1024):
        large.write(bytes(65536))
except OSError as error:
    print(errno.errorcode[error.errno], large.tell() <= 1 << 20)
''', place)
    assert done.stdout == 'ENOSPC True\n', done


# Everything that its user can do to it, and keeps doing.
ABUSE = r'''
import ctypes, os, signal, sys

CLONE_NEWNS, CLONE_NEWUSER, MS_BIND = 0x20000, 0x10000000, 4096
place = sys.argv[1]
os.chdir(place)
sockets = [name for name in os.listdir('.') if name.endswith('.sock')]
held = open('held\nand named', 'w')
for name in sockets:
    os.unlink(name)
    os.symlink('/run/dbus/system_bus_socket' if name != sockets[0] else '../monitor/qmp.sock', name)
os.link('held\nand named', 'second')
os.symlink('/etc/shadow', '\x1b[31m')
os.mkfifo('fifo')
os.makedirs('closed/within')
os.chmod('closed', 0)
for _ in range(500):
    os.mkdir('deeper')
    os.chdir('deeper')
os.chdir(place)
try:
    for number in range(1 << 20):
        open(f'file{number}', 'w').close()
except OSError as error:
    print(error.strerror)
os.chmod('.', 0)
if os.fork() == 0:
    libc = ctypes.CDLL(None)
    # Not everywhere may a user do that.
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0:
        libc.mount(b'/etc', place.encode(), None, MS_BIND, None)
    print('ready', flush=True)
signal.pause()
'''


@pytest.mark.parametrize('dies', ['the guest', 'the service', 'both'])
def test_whatever_its_user_does_to_a_room_it_goes(client, new_user, service, dies):
    """A process of his stays in it, has its files open, and mounts over it in a namespace of its own."""
    user = new_user(OWNER)
    domain = start(client, user, 'one')
    pid, room = domain.ProcessID, pathlib.Path(domain.RuntimeDirectory)
    abuser = subprocess.Popen(['setpriv', f'--reuid={OWNER}', f'--regid={OWNER}', '--clear-groups', '/usr/bin/python3',
                               '-c', ABUSE, room / 'sockets'], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert [abuser.stdout.readline(), abuser.stdout.readline()] == ['No space left on device\n', 'ready\n']
        with pytest.raises(DBusError):
            domain.OpenConsole('serial0')
        if dies != 'the guest':
            service.stop(signal.SIGKILL)
            if dies == 'both':
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda: not process_alive(pid), 'the guest has gone')
            service.start()
            client.start_model()
        if dies != 'both':
            user.act(domain.path, 'PowerOff')
        assert not room.exists()
        assert str(room) not in pathlib.Path('/proc/self/mountinfo').read_text()
        user.act(domain.path, 'Start')
        os.close(domain.OpenConsole('serial0'))
        user.act(domain.path, 'PowerOff')
        assert not room.exists()
    finally:
        os.killpg(abuser.pid, signal.SIGKILL)
        abuser.wait()
        abuser.stdout.close()
