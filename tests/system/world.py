# SPDX-License-Identifier: LGPL-2.1-or-later
"""What attempts are made in: root's and bob's machines run, alice has what a user may have. Nothing of it is other
than before when an attempt has been made."""

import re

import pytest
from attempts import BAIT
from machine import SLOWNESS
from virtbus import domain_xml, wait_until

SECRET = 'the treasure is below the oak'

# What alice has at most, so that it can be used up; and what the service knows that is not hers.
CONFIGURATION = '[limits alice]\ndomains=20\nrunning=3\nmemory=600M\ndevices=400\n'
CREDENTIALS = '[Service]\nSetCredential=virtbus.secret.treasure:{0}\nSetCredential=virtbus.secret.{1}.treasure:{0}\n'


# Sent to root's actor: ---------------------------------------------------------------------------------------------

def snapshot():
    """All that an attempt could leave on the host: files, processes, mounts, scopes, listening sockets, domains."""
    files, processes, listening, scopes = {}, {}, [], set()
    tops = {'/etc': True, '/root': True, '/home/bob': True, '/home/carol': True, '/var/lib/bait': True,
            '/var/lib/virtbus': False, '/run/virtbus': False, '/run/systemd/system': False}
    for top, timed in tops.items():
        for directory, below, names in os.walk(top):
            for path in [directory, *(f'{directory}/{name}' for name in names)]:
                try:
                    it = os.lstat(path)
                except FileNotFoundError:
                    continue
                files[path] = [it.st_mode, it.st_uid, it.st_gid]
                if timed:
                    files[path] += [it.st_ino, it.st_nlink, it.st_size, it.st_mtime_ns, it.st_ctime_ns]
    for entry in os.listdir('/proc'):
        if not entry.isdigit() or not process_alive(entry):
            continue
        try:
            # systemd may keep a scope for a while in which nobody is left.
            scopes |= set(re.findall(r'virtbus-\d+\.scope', pathlib.Path(f'/proc/{entry}/cgroup').read_text()))
            processes[f'{entry} {process_name(entry)}'] = process_stat(entry)[2]
        except (FileNotFoundError, ProcessLookupError, TypeError):
            pass
    for kind in ('tcp', 'tcp6'):
        listening += [line.split()[1] for line in pathlib.Path(f'/proc/net/{kind}').read_text().splitlines()
                      if line.split()[3] == '0A']
    mounts = [line.split()[4] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()]
    service = client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                          'GetConnectionUnixProcessID', '(s)', BUS_NAME)
    return {'files': files, 'processes': processes, 'listening': sorted(listening), 'scopes': sorted(scopes),
            'mounts': sorted(mounts), 'service': service,
            'domains': sorted(map(list, manager.ListDomains()))}


def lay_bait(bait, bob):
    """Files of others that are worth a try."""
    os.makedirs(bait, exist_ok=True)
    os.chmod(bait, 0o755)
    for path, owner in ((f'{bait}/bob.img', bob), (f'{bait}/root.img', 0), ('/home/bob/disk.img', bob),
                        ('/root/disk.img', 0)):
        with open(path, 'wb') as file:
            file.truncate(1 << 20)
        os.chmod(path, 0o600)
        os.chown(path, owner, owner)


# Sent to alice's: --------------------------------------------------------------------------------------------------

def define_and_start(xml):
    """How far it came: 'define', 'start' or 'runs', then the error; nothing is kept."""
    try:
        domain = manager.define(xml)
    except DBusError as error:
        return ['define', error.name, error.message]
    try:
        domain.Start()
        domain.PowerOff()
        return ['runs', '', '']
    except DBusError as error:
        return ['start', error.name, error.message]
    finally:
        domain.Undefine()


def prepare_home(bait):
    """What she may put into her own home."""
    home = pathlib.Path('/home/alice')
    for name, target in (('to-shadow', '/etc/shadow'), ('to-bob', f'{bait}/bob.img'), ('to-console', '/dev/console'),
                         ('to-root', '/root')):
        (home / name).symlink_to(target)
    (home / 'mine.img').write_bytes(bytes(1 << 20))
    # QEMU looks for its files beside itself.
    os.makedirs('/tmp/alice/bin')
    for name in ('share', 'lib'):
        os.symlink(f'/usr/{name}', f'/tmp/alice/{name}')
    shutil.copyfile(QEMU, '/tmp/alice/bin/qemu')
    os.chmod('/tmp/alice/bin/qemu', 0o6755)
    for name, text in (('qemu-liar', 'id >/root/liar-was-here\necho \'{"QMP": {"version": {}, "capabilities": []}}\''),
                       ('qemu-mine', f'exec {QEMU} "$@"')):
        (home / name).write_text(f'#!/bin/sh\n{text}\n')
        (home / name).chmod(0o755)


# -------------------------------------------------------------------------------------------------------------------

class World:
    """Who is there, and what they have: bob and root each have a machine that runs."""

    def __init__(self, machine, root, alice, bob):
        self.machine, self.root, self.alice, self.bob = machine, root, alice, bob
        self.theirs, self.places = {}, {}

    def start_theirs(self, actor):
        path = actor.define(domain_xml('theirs', devices='<serial type="unix"/>'))
        actor.domain(path, 'Start')
        self.theirs[actor.user] = path
        self.places[actor.user] = actor.get(path, 'RuntimeDirectory')

    def pid(self, user):
        return self.root.get(self.theirs[user], 'ProcessID')


@pytest.fixture(scope='module')
def world(machine):
    root = machine.become('root')
    uid = machine.uid('bob')
    machine.write('/etc/virtbus/virtbusd.conf', CONFIGURATION)
    machine.write('/etc/systemd/system/virtbusd.service.d/attempts.conf', CREDENTIALS.format(SECRET, uid), 0o600)
    machine.run('systemctl', 'daemon-reload')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    root(lay_bait, BAIT, uid)
    bob = machine.login('bob', seat='seat0')
    machine.activate(bob)
    world = World(machine, root, None, bob)
    for actor in (root, bob):
        world.start_theirs(actor)
    world.alice = machine.login('alice', seat='seat0')
    machine.activate(world.alice)
    world.alice(prepare_home, BAIT)
    # Emulators are asked once what they are, and polkit has come.
    assert world.alice(define_and_start, domain_xml('first')) == ['runs', '', '']
    # What is there is seen.
    seen = root(snapshot)
    assert len(seen['scopes']) == len(seen['domains']) == 2
    assert f'{world.places["bob"]}/sockets/serial0.sock' in seen['files']
    assert len([name for name in seen['processes'] if 'qemu-system' in name]) == 2
    yield world
    for path in world.theirs.values():
        root.domain(path, 'PowerOff')
        root.domain(path, 'Undefine')
    machine.run('sh', '-c', 'rm -rf /tmp/alice /home/alice/*')
    for path in ('/etc/virtbus/virtbusd.conf', '/etc/systemd/system/virtbusd.service.d/attempts.conf'):
        machine.path(path).unlink()
    machine.run('systemctl', 'daemon-reload')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    for actor in (world.alice, bob, root):
        actor.close()


def differences(before, after):
    """What is other than before. Of processes only new ones count: what has ended is no trace."""
    found = []
    for kind in before:
        if before[kind] == after[kind]:
            continue
        if isinstance(before[kind], dict):
            found += [f'{kind}: {it}: {before[kind].get(it)} became {after[kind].get(it)}'
                      for it in sorted(set(before[kind]) | set(after[kind]))
                      if before[kind].get(it) != after[kind].get(it) and not (kind == 'processes' and it in before[kind]
                                                                              and it not in after[kind])]
        else:
            found.append(f'{kind}: {before[kind]} became {after[kind]}')
    return found


@pytest.fixture
def no_trace(world):
    before = world.root(snapshot)
    yield
    last = []

    def clean():
        last[:] = differences(before, world.root(snapshot))
        return not last
    try:
        wait_until(clean, 'nothing is left of the attempt', timeout=10 * SLOWNESS, step=0.1)
    except AssertionError:
        raise AssertionError('the attempt has left traces:\n' + '\n'.join(last[:20])) from None
