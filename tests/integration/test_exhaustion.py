# SPDX-License-Identifier: LGPL-2.1-or-later
"""Something that the service needs for a guest runs out, at each step of its life: the caller is told, nothing is left,
what runs goes on, and once there is enough again, all is well."""

import os
import resource
import signal
import subprocess

import pytest
import virtbus
from test_companions import PASST, TPM
from test_fault import DISK, World, comparable
from virtbus import ERROR, Client, DBusError, domain_xml, process_alive, wait_until

# More processes, sockets, and files to be labelled and given back.
DEVICES = DISK + TPM + PASST.format('') + '<serial type="unix"/>' \
    '<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>'
# A start takes fewer of any.
STEPS_MAX = 80


@pytest.fixture
def images(directory):
    path = directory / 'images'
    path.mkdir()
    for name in ('disk.img', 'more.img'):
        with open(path / name, 'wb') as image:
            image.truncate(1 << 20)
    return path


def define(manager, images, name='guest'):
    return manager.define(domain_xml(name, memory=16, devices=DEVICES.format(images / 'disk.img', 'vda')))


def settle(world, before):
    """The directory of what a domain keeps is made by its first start, and stays."""
    wait_until(lambda: comparable(world.look(), ('files',)) == comparable(before, ('files',)),
               f'nothing is left: {before}, {world.look()}')


class Injected:
    """The service's call of that name which comes so-and-so often fails, while it is entered."""

    def __init__(self, service, directory, call, error, number):
        self.output = directory / 'strace'
        self.command = ['strace', '-f', '-o', self.output, '-p', str(service.pid), '-e', f'trace={call}',
                        '-e', f'inject={call}:error={error}:when={number}']

    def __enter__(self):
        self.strace = subprocess.Popen(self.command, stderr=subprocess.PIPE)
        assert b'attached' in self.strace.stderr.readline()
        return self

    def __exit__(self, *_):
        self.strace.terminate()
        self.strace.wait()
        self.strace.stderr.close()

    def happened(self):
        return 'INJECTED' in self.output.read_text()


# What makes something in a directory, and what makes a descriptor or a process.
@pytest.mark.parametrize('call, error', [
    ('mkdirat', 'ENOSPC'), ('mount', 'ENOSPC'), ('renameat', 'ENOSPC'), ('bind', 'ENOSPC'), ('chmod', 'EPERM'),
    ('chown', 'EPERM'), ('fchmod', 'EPERM'), ('openat', 'EMFILE'), ('socket', 'EMFILE'), ('socketpair', 'EMFILE'),
    ('pipe2', 'EMFILE'), ('pidfd_open', 'EMFILE'), ('vfork', 'EAGAIN'), ('clone', 'EAGAIN'),
    ('clone3', 'EAGAIN'), ('epoll_ctl', 'ENOSPC'), ('setxattr', 'ENOSPC')])
def test_each_call_of_a_start_fails_once(service, client, manager, directory, images, call, error):
    domain = define(manager, images)
    domain.Start(paused=True)
    domain.PowerOff()
    world = World(service, images)
    before = world.look()
    did_without = 0
    for number in range(1, STEPS_MAX):
        refused = None
        with Injected(service, directory, call, error, number) as injected:
            try:
                domain.Start(paused=True)
            except DBusError as caught:
                refused = caught
        assert service.alive
        if refused is None:
            # It did without, and whoever comes next knows all about the guest.
            pid = domain.ProcessID
            if call == 'renameat' and injected.happened():
                service.restart(signal.SIGKILL)
                client.start_model()
                assert (domain.State, domain.ProcessID) == ('paused', pid)
            domain.PowerOff()
        else:
            assert refused.name.startswith((ERROR, virtbus.LIMITS_EXCEEDED)) and domain.State == 'shutoff', refused
        settle(world, before)
        # The service's own calls come first; those of what it starts go on.
        did_without = did_without + 1 if refused is None else 0
        if not injected.happened() or did_without == 3:
            break
    assert refused is None, 'it cannot be started any more'


def limit_descriptors(service, soft):
    hard = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptors_run_out(service, client, manager, directory, images):
    """At any number that is left, with the guest's own end in it: no room stays because it could not be looked into."""
    running = manager.define(domain_xml('running', memory=16))
    running.Start(paused=True)
    domain = define(manager, images)
    domain.Start(paused=True)
    domain.PowerOff()
    world = World(service, images)
    before = world.look()
    outcomes = set()
    for spare in range(0, 140, 7):
        limit_descriptors(service, len(os.listdir(f'/proc/{service.pid}/fd')) + spare)
        try:
            domain.Start(paused=True)
            outcomes.add('started')
            domain.PowerOff()
        except DBusError as refused:
            assert refused.name == virtbus.LIMITS_EXCEEDED, refused
            outcomes.add('refused')
        assert domain.State == 'shutoff' and running.State == 'paused'
        settle(world, before)
    assert outcomes == {'started', 'refused'}
    limit_descriptors(service, resource.prlimit(service.pid, resource.RLIMIT_NOFILE)[1])
    domain.Start(paused=True)
    assert process_alive(running.ProcessID)


def test_the_usual_limit_of_descriptors_is_raised(new_service):
    service = new_service(wrapper=['prlimit', '--nofile=256:4096', *virtbus.WRAPPER]).start()
    assert resource.prlimit(service.pid, resource.RLIMIT_NOFILE) == (4096, 4096)


@pytest.fixture
def small(new_service, directory):
    """A service whose directory of that name has so-and-so many pages, or files, left when it is entered."""
    mounted = []

    def make(which, options):
        service = new_service()
        path = getattr(service, which)
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'{options},mode=755', 'none', path], check=True)
        mounted.append(path)
        return service.start(), path
    yield make
    for path in mounted:
        subprocess.run(['umount', '-l', path], check=True)


def leave(path, what, left):
    """Fills a file system until so many of its files, or pages, are left."""
    filler = path / 'filler'
    filler.mkdir(exist_ok=True)
    for old in filler.iterdir():
        old.unlink()
    if what == 'files':
        for number in range(os.statvfs(path).f_ffree - left):
            (filler / str(number)).touch()
    else:
        (filler / 'pages').write_bytes(bytes(4096 * (os.statvfs(path).f_bfree - left)))


@pytest.mark.parametrize('which', ['runtime', 'state'])
@pytest.mark.parametrize('what, options', [('files', 'nr_inodes=64'), ('pages', 'size=256k')])
def test_a_directory_gets_full_within_a_life(small, images, which, what, options):
    service, path = small(which, options)
    client = Client(service.bus.address)
    manager = client.manager
    running = manager.define(domain_xml('running', memory=16))
    running.Start(paused=True)
    pid = running.ProcessID
    world = World(service, images)
    before = world.look()
    outcomes = []
    for left in range(0, 14):
        leave(path, what, left)
        steps = []
        try:
            domain = define(manager, images)
            steps.append('defined')
            domain.Start(paused=True)
            steps.append('started')
            domain.AttachDevice(DISK.format(images / 'more.img', 'vdb'), live=True, config=True)
            steps.append('attached')
        except DBusError as refused:
            assert refused.name in (ERROR + 'Storage', ERROR + 'EmulatorFailed', ERROR + 'Monitor'), refused
        if left % 4 == 0:
            service.restart(signal.SIGKILL)
        assert (running.State, running.ProcessID) == ('paused', pid)
        assert {entry[0] for entry in manager.ListDomains()} == {'running', *(['guest'] if 'defined' in steps else [])}
        if 'started' in steps:
            assert domain.State == 'paused'
            # Where only the definition could not be written, the guest has it; whoever asks later is told the same.
            if which == 'runtime':
                assert ('attached' in steps) == (str(images / 'more.img') in domain.GetXML())
            assert ('attached' in steps) == (str(images / 'more.img') in domain.GetXML(inactive=True))
            domain.PowerOff()
        if 'defined' in steps:
            assert domain.State == 'shutoff'
            domain.Undefine()
        settle(world, before)
        outcomes.append(len(steps))
    assert outcomes[-1] == 3, outcomes
    if which == 'runtime' or what == 'files':
        assert outcomes[0] < 3, outcomes
    leave(path, what, 14)
    running.PowerOff()
    assert service.runtime_leftovers() == []
    client.close()


def test_a_state_directory_that_cannot_be_written(new_service, directory):
    """The service does not start, and says why; guests go on, and are found when it can be written again."""
    service = new_service(expect_trouble=True)
    service.state.mkdir(parents=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'none', service.state], check=True)
    try:
        service.start()
        client = Client(service.bus.address)
        domain = client.manager.define(domain_xml('guest', memory=16))
        domain.Start(paused=True)
        pid = domain.ProcessID
        service.stop(signal.SIGKILL)
        subprocess.run(['mount', '-o', 'remount,ro', service.state], check=True)
        with pytest.raises(AssertionError, match=f'{service.state}.*Read-only file system'):
            service.start()
        assert process_alive(pid)
        subprocess.run(['mount', '-o', 'remount,rw', service.state], check=True)
        service.start()
        assert (domain.State, domain.ProcessID) == ('paused', pid)
        domain.PowerOff()
        domain.Undefine()
        client.close()
        service.stop()
    finally:
        subprocess.run(['umount', '-l', service.state], check=True)


def test_an_emulator_gets_too_little_memory(client, manager, service, directory, images):
    """Its own last words are the caller's; no guest is half there."""
    emulator = directory / 'emulator'
    emulator.write_text('#!/bin/sh\ncase "$*" in *charmonitor*) ulimit -v "$(cat "$0.limit")";; esac\n'
                        f'exec {virtbus.QEMU} "$@"\n')
    emulator.chmod(0o755)
    domain = manager.define(domain_xml('guest', memory=64, emulator=str(emulator)))
    world = World(service, images)
    before = world.look()
    outcomes = set()
    for megabytes in (1, 20, 60, 150, 250, 400, 800, 4000):
        (directory / 'emulator.limit').write_text(str(megabytes * 1024))
        (directory / 'emulator.limit').chmod(0o644)
        try:
            domain.Start(paused=True)
            domain.PowerOff()
            outcomes.add('started')
        except DBusError as refused:
            assert refused.name == ERROR + 'EmulatorFailed', refused
            outcomes.add('refused')
        settle(world, before)
    assert outcomes == {'started', 'refused'}
