# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service, or an emulator, is killed at any point of a domain's life; a new service finds or undoes everything.

Points are random: a number of system calls of the service (strace kills it at that one), or a moment. A failure names
its point: VIRTBUS_FAULT_SEED draws the same again, each as a share of what a life takes, and VIRTBUS_FAULT_POINT, such
as "system calls 412" or "emulator 0.35", is the only one then. VIRTBUS_FAULT_POINTS says how many there are.
"""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import pytest
import virtbus
from virtbus import DBusError, domain_xml, process_alive, process_name, wait_until

POINT = os.environ.get('VIRTBUS_FAULT_POINT')
POINTS = 1 if POINT else int(os.environ.get('VIRTBUS_FAULT_POINTS', '200'))
SEED = int(os.environ.get('VIRTBUS_FAULT_SEED', random.SystemRandom().randrange(1 << 32)))
PARTS = 1 if POINT else 4
assert POINTS >= PARTS, 'VIRTBUS_FAULT_POINTS: one for each part at least'

# The smallest machine that takes a disk while it runs.
DISK = '<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{}"/>' \
       '<target dev="{}" bus="virtio"/></disk>'


class Killer:
    """Ends a process at one point, from when begin() returns until end()."""

    def __init__(self, service, kind, amount):
        self.service, self.kind, self.amount = service, kind, amount
        self.strace, self.thread, self.victim, self.over = None, None, None, False

    def begin(self):
        if self.kind == 'system calls':
            self.strace = subprocess.Popen(
                ['strace', '-o', '/dev/null', '-p', str(self.service.pid),
                 '-e', f'inject=all:signal=SIGKILL:when={self.amount}'], stderr=subprocess.PIPE)
            line = self.strace.stderr.readline()
            assert b'attached' in line, line
        else:
            self.thread = threading.Thread(target=self._wait, daemon=True)
            self.thread.start()

    def _find(self):
        if self.kind == 'service':
            return self.service.pid
        found = [pid for pid in self.service.emulators() if pid not in self.spared]
        return found[0] if found else None

    def _wait(self):
        deadline = time.monotonic() + self.amount
        while time.monotonic() < deadline and not self.over:
            time.sleep(min(0.002, max(0, deadline - time.monotonic())))
        # The emulator may not be there yet.
        while not self.over and not self.victim:
            self.victim = self._find()
            if self.victim:
                os.kill(self.victim, signal.SIGKILL)
            else:
                time.sleep(0.001)

    def end(self):
        self.over = True
        if self.thread:
            self.thread.join()
        if self.strace:
            self.strace.terminate()
            self.strace.wait()
            self.strace.stderr.close()


class Life:
    """A domain from its definition to its end, and how far it came."""

    def __init__(self, manager, images, number):
        self.manager, self.domain, self.pid = manager, None, 0
        self.name = f'fault-{number}'
        self.disk, self.more = images / 'disk.img', images / 'more.img'
        self.done, self.doing = [], None

    def run(self):
        for step in (self.define, self.start, self.suspend, self.resume, self.attach, self.save, self.restore, self.stop,
                     self.undefine):
            self.doing = step.__name__
            step()
            self.done.append(self.doing)
            self.doing = None

    def define(self):
        self.domain = self.manager.define(domain_xml(self.name, memory=16, devices=DISK.format(self.disk, 'vda')))

    def start(self):
        self.domain.Start(paused=True)
        self.pid = self.domain.ProcessID

    def suspend(self):
        self.domain.Resume()
        self.domain.Suspend()

    def resume(self):
        self.domain.Resume()

    def attach(self):
        self.domain.AttachDevice(DISK.format(self.more, 'vdb'), live=True, config=True)

    def save(self):
        self.pid = 0
        self.domain.ManagedSave()

    def restore(self):
        self.domain.Start()
        self.pid = self.domain.ProcessID

    def stop(self):
        self.domain.PowerOff()

    def undefine(self):
        self.domain.Undefine()

    # What may be, and what must be, by what was answered.

    def must_exist(self):
        return 'define' in self.done and 'undefine' not in self.done and self.doing != 'undefine'

    def may_exist(self):
        return (self.doing == 'define' or 'define' in self.done) and 'undefine' not in self.done

    def must_run(self):
        return 'start' in self.done and 'stop' not in self.done and self.doing != 'stop' and not self.is_saved()

    def may_run(self):
        return (self.doing == 'start' or 'start' in self.done) and 'stop' not in self.done and \
            (not self.is_saved() or self.doing is not None)

    def is_saved(self):
        """Its guest, or there would be one."""
        return self.doing in ('save', 'restore') or 'save' in self.done and 'restore' not in self.done


class World:
    """What the host has of the service's making."""

    def __init__(self, service, images):
        self.service, self.images = service, images
        # Interfaces of the host; those of other tests come and go.
        self.links = set(os.listdir('/sys/class/net'))
        self.before = self.look()

    def look(self):
        mounts = pathlib.Path('/proc/self/mountinfo').read_text().splitlines()
        return {
            'runtime': self.service.runtime_leftovers(),
            'state': self.service.state_entries(),
            'files': sorted(str(path.relative_to(self.service.state)) for path in self.service.state.rglob('*')
                            if path.is_file()),
            'mounts': sorted(line.split()[4] for line in mounts if str(self.service.runtime) in line),
            'links': sorted(set(os.listdir('/sys/class/net')) - self.links),
            'images': {path.name: (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode,
                                   sorted(os.listxattr(path))) for path in sorted(self.images.iterdir())},
            'children': [name for name in map(process_name, virtbus.children_of(self.service.pid))
                         if name and not name.startswith('qemu') and name != 'virtbus-log'],
            'emulators': sorted(self.emulators()),
            'copiers': sorted(self.service.log_copiers()),
        }

    def emulators(self):
        """All processes that were started for a domain of this service, also those that are not executed yet."""
        mark = f'VIRTBUS_MARK={self.service.runtime}/'.encode()
        found = []
        for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
            try:
                if mark in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                pass
        copiers = self.service.log_copiers()
        return [pid for pid in found if pid not in copiers and process_alive(pid)]


def comparable(look, but=()):
    """The number of a domain is never used twice, and is written down ahead."""
    return {key: value for key, value in look.items() if key not in but}


def transfer(service, domain):
    """Whether a save or a restore is being finished, or undone."""
    try:
        return 'transfer' in json.loads((service.runtime_directory(domain) / 'status.json').read_text())
    except OSError:
        return False


def check_found(life, killed_emulator, bystander, bystander_pid, world, manager):
    """A service that came back knows what is there, and nothing else is."""
    assert (bystander.State, bystander.ProcessID) == ('paused', bystander_pid)
    names = [entry[0] for entry in manager.ListDomains()]
    assert names.count(life.name) <= 1
    exists = life.name in names
    assert exists or not life.must_exist(), 'the definition is lost'
    assert not exists or life.may_exist(), 'the definition is back'
    pids = {bystander_pid}
    if exists:
        domain = manager.get(life.name)
        wait_until(lambda: domain.State in ('shutoff', 'running', 'paused') and not transfer(world.service, domain),
                   'it is one thing or the other')
        runs, saved = domain.State != 'shutoff', domain.HasManagedSave
        assert not (runs and saved), 'a guest runs beside its save'
        if killed_emulator:
            wait_until(lambda: domain.State == 'shutoff', 'its guest has gone')
            runs = False
        assert runs or killed_emulator or not life.must_run(), 'the guest is lost'
        assert runs or saved or killed_emulator or not life.is_saved(), 'the guest is lost, and its save'
        assert not saved or life.is_saved(), 'a save is back'
        assert not runs or life.may_run(), 'a guest runs that was stopped'
        if runs:
            pids.add(domain.ProcessID)
            assert process_alive(domain.ProcessID)
            assert not life.pid or domain.ProcessID == life.pid
        if 'attach' in life.done:
            assert str(life.more) in domain.GetXML(inactive=True)
            assert not runs or str(life.more) in domain.GetXML()
    wait_until(lambda: set(world.emulators()) == pids, f'only {pids} are left of {world.emulators()}')
    return exists


def finish(life, manager):
    """What is left can be worked with to its end."""
    domain = manager.get(life.name)
    if domain.State != 'shutoff':
        if domain.State == 'paused':
            domain.Resume()
        domain.Suspend()
        domain.PowerOff()
    domain.Undefine(discard_save=True)


def choose(rng, calls, seconds):
    """What is killed, and when: what is drawn does not depend on what was measured."""
    if POINT:
        kind, amount = POINT.rsplit(' ', 1)
        return kind, int(amount) if kind == 'system calls' else float(amount)
    kind, share = rng.choices(['system calls', 'service', 'emulator'], [5, 3, 2])[0], rng.random()
    return kind, 1 + int(share * calls * 4 / 5) if kind == 'system calls' else share * seconds * 0.7


def count_calls(service, life):
    """How many system calls, and seconds, a life takes."""
    began = time.monotonic()
    strace = subprocess.Popen(['strace', '-c', '-p', str(service.pid)], stderr=subprocess.PIPE, text=True)
    assert 'attached' in strace.stderr.readline()
    life.run()
    strace.terminate()
    total = re.search(r'(\d+)\s+(?:\d+\s+)?total', strace.communicate()[1])
    return int(total[1]), time.monotonic() - began


@pytest.mark.parametrize('part', range(PARTS))
def test_killed_at_any_point(service, manager, client, orphanage, directory, part):
    rng = random.Random(SEED + part)
    images = directory / 'images'
    images.mkdir()
    for name in ('disk.img', 'more.img'):
        with open(images / name, 'wb') as image:
            image.truncate(1 << 20)
    bystander = manager.define(domain_xml('bystander', memory=16))
    bystander.Start(paused=True)
    pid = bystander.ProcessID
    calls, seconds = count_calls(service, Life(manager, images, 'calibration'))
    client.model = None
    world = World(service, images)
    hit = 0
    # A point that is behind the end of a life does not count.
    for number in range(POINTS):
        if hit == POINTS // PARTS:
            break
        kind, amount = choose(rng, calls, seconds)
        point = f'seed {SEED}, part {part}, point {number}; alone: VIRTBUS_FAULT_POINT="{kind} {amount}"'
        life = Life(manager, images, number)
        killer = Killer(service, kind, amount)
        killer.spared = {pid}
        try:
            killer.begin()
            try:
                life.run()
            except DBusError as error:
                assert killer.kind == 'emulator' or not service.alive or \
                    'NoReply' in error.name or 'NoOwner' in error.name or 'Unknown' in error.name, error
            finally:
                killer.end()
            hit += not service.alive or killer.victim is not None
            if kind == 'emulator' or service.alive:
                # The end of a guest while the service is there, and then that of the service in any state.
                service.stop(signal.SIGKILL)
            else:
                service.process.wait(virtbus.TIMEOUT)
            service.start()
            exists = check_found(life, kind == 'emulator' and killer.victim is not None, bystander, pid, world, manager)
            if exists:
                finish(life, manager)
            wait_until(lambda: comparable(world.look(), ('files',)) == comparable(world.before, ('files',)),
                       'nothing is left')
            left = [name for name in world.look()['files'] if name not in world.before['files']]
            assert not left, left
        except BaseException as error:
            error.add_note(point) if hasattr(error, 'add_note') else print(point)
            print(point, life.done, life.doing, world.look(), world.before, sep='\n')
            raise
    assert hit == POINTS // PARTS, 'too many points were behind the end of a life'
    assert bystander.ProcessID == pid
    service.check_log()


@pytest.fixture
def small(new_service, directory):
    """A service whose directory of this name is on a file system that can be filled."""
    mounted = []

    def make(which):
        service = new_service()
        path = getattr(service, which)
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=755', 'none', path], check=True)
        mounted.append(path)
        return service.start(), path
    yield make
    for path in mounted:
        subprocess.run(['umount', '-l', path], check=True)


def fill(path):
    with open(path / 'filler', 'wb', buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


def test_a_full_runtime_directory(small):
    """What is started fails and leaves nothing; what runs goes on; when there is room again, all is well."""
    service, path = small('runtime')
    client = virtbus.Client(service.bus.address)
    manager = client.manager
    running = manager.define(domain_xml('running', memory=16))
    running.Start(paused=True)
    domain = manager.define(domain_xml('late', memory=16))
    fill(path)
    with pytest.raises(DBusError) as refused:
        domain.Start(paused=True)
    assert refused.value.name == virtbus.ERROR + 'Storage', refused.value
    assert domain.State == 'shutoff' and service.runtime_leftovers() == [running.id]
    wait_until(lambda: service.emulators() == [running.ProcessID], 'no emulator is left of it')
    running.Resume()
    running.Suspend()
    service.stop(signal.SIGKILL)
    service.start()
    assert running.State == 'paused'
    (path / 'filler').unlink()
    domain.Start(paused=True)
    domain.PowerOff()
    running.PowerOff()
    assert service.runtime_leftovers() == []
    client.close()


def test_a_full_state_directory(small):
    """A definition is written whole, or not at all."""
    service, path = small('state')
    client = virtbus.Client(service.bus.address)
    manager = client.manager
    domain = manager.define(domain_xml('first', title='before', memory=16))
    before = service.definition_file(domain).read_text()
    fill(path)
    for xml in (domain_xml('second', memory=16), domain_xml('first', uuid=domain.UUID, title='after', memory=16)):
        with pytest.raises(DBusError) as refused:
            manager.define(xml)
        assert refused.value.name == virtbus.ERROR + 'Storage', refused.value
    assert [entry[0] for entry in manager.ListDomains()] == ['first']
    assert (domain.Title, service.definition_file(domain).read_text()) == ('before', before)
    domain.Start(paused=True)
    service.restart()
    assert (domain.State, domain.Title) == ('paused', 'before')
    domain.PowerOff()
    (path / 'filler').unlink()
    manager.define(domain_xml('second', memory=16))
    service.restart()
    assert sorted(entry[0] for entry in manager.ListDomains()) == ['first', 'second']
    client.close()
