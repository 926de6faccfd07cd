# SPDX-License-Identifier: LGPL-2.1-or-later
"""A running guest as systemd and the kernel see it: its scope, and what it inherits."""

import re

import pytest
from virtbus import domain_xml, wait_until


@pytest.fixture
def running(root):
    """A domain of root's with a guest that does nothing; its path."""
    path = root.define(domain_xml('plain'))
    root.domain(path, 'Start')
    yield path
    if root.get(path, 'State') != 'shutoff':
        root.domain(path, 'PowerOff')
    root.domain(path, 'Undefine')


def emulator(machine, actor, path):
    """The emulator's pid as it is inside, which is also what the service says."""
    pid = actor.get(path, 'ProcessID')
    assert pid in machine.emulators(), machine.processes()
    return pid


def scope_of(path):
    return f'virtbus-{path.rsplit("/", 1)[1]}.scope'


def status(machine, pid):
    text = machine.run('cat', f'/proc/{pid}/status')
    return dict(line.split(':\t', 1) for line in text.splitlines() if ':\t' in line)


def test_a_guest_is_in_its_scope(machine, root, running):
    pid, scope = emulator(machine, root, running), scope_of(running)
    assert root.get(running, 'Unit') == scope
    group, slice, description = machine.show(scope, 'ControlGroup', 'Slice', 'Description')
    assert group == f'/virtbus.slice/{scope}' and slice == 'virtbus.slice' and 'plain' in description
    text = machine.run('systemctl', 'status', scope)
    assert re.search(rf'[├└]─{pid} \S*qemu-system-x86_64', text), text
    assert re.search(rf'{scope}[^\n]*\n.*─{pid} ', machine.run('systemd-cgls', '--unit', 'virtbus.slice'), re.S)
    root.domain(running, 'PowerOff')
    wait_until(lambda: machine.show(scope, 'LoadState') == 'not-found', 'the scope is gone')


def fails_at_once(xml, times):
    """Starts that fail in the emulator, and what they said."""
    domain = manager.define(xml)
    try:
        for _ in range(times):
            try:
                domain.Start()
            except DBusError as error:
                assert error.name.endswith('EmulatorFailed'), error
            else:
                raise AssertionError('it runs')
        return domain.path
    finally:
        domain.Undefine()


def scopes_of(machine, path):
    listed = machine.run('systemctl', 'list-units', '--all', '--plain', '--no-legend', scope_of(path))
    return [line for line in listed.splitlines() if line.strip()]


def test_no_scope_is_left_of_a_start_that_failed(machine, root):
    path = root(fails_at_once, domain_xml('short', os='<kernel>/etc/hostname</kernel>'), 12)
    wait_until(lambda: scopes_of(machine, path) == [], 'the scope is gone')
    assert not machine.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend').strip()


def test_a_scope_does_not_outlive_its_guest(machine, root, running):
    """Also where it does not go by itself: somebody else is in it."""
    machine.run('systemd-run', '--unit=stranger', '--quiet', 'sleep', '600')
    stranger = machine.show('stranger.service', 'MainPID')
    group = machine.show(scope_of(running), 'ControlGroup')
    for place in machine.run('find', '/sys/fs/cgroup', '-path', f'*{group}/cgroup.procs').split():
        machine.run('sh', '-c', f'echo {stranger} >{place}')
    assert stranger in machine.run('systemctl', 'status', scope_of(running))
    root.domain(running, 'PowerOff')
    wait_until(lambda: scopes_of(machine, running) == [], 'the scope is gone')
    assert int(stranger) not in machine.processes()
    root.domain(running, 'Start')


def test_a_restart_leaves_the_guest_running(machine, root, running):
    # systemd counts the starts that others have just made.
    machine.run('systemctl', 'reset-failed', 'virtbusd.service')
    pid = emulator(machine, root, running)
    before = machine.show('virtbusd.service', 'MainPID')
    machine.run('systemctl', 'restart', 'virtbusd.service')
    assert machine.show('virtbusd.service', 'MainPID') != before
    assert emulator(machine, root, running) == pid and root.get(running, 'State') == 'running'
    machine.run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'virtbusd.service')
    wait_until(lambda: machine.show('virtbusd.service', 'ActiveState', 'MainPID') not in
               (['active', before], ['failed', '0']), 'the service has come back')
    assert emulator(machine, root, running) == pid and root.get(running, 'State') == 'running'
    assert machine.show(scope_of(running), 'ActiveState') == 'active'


def test_what_a_guest_inherits(machine, root, running):
    """A scope undoes nothing of what the service's unit sets; this is all that there may be."""
    pid = emulator(machine, root, running)
    mine, guests, service = (status(machine, it) for it in
                             (1, pid, machine.show('virtbusd.service', 'MainPID')))
    names = ('mnt', 'net', 'pid', 'ipc', 'uts', 'user', 'cgroup')
    for name in names:
        links = {machine.run('readlink', f'/proc/{it}/ns/{name}') for it in (1, pid)}
        assert len(links) == 1, f'the guest has another {name} namespace than the host'
    for kind in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
        assert int(guests[kind], 16) == 0, f'{kind} {guests[kind]}'
    assert guests['NoNewPrivs'] == '1' and guests['Seccomp'] == '2'
    # QEMU's own sandbox comes on top of whatever the service has.
    assert int(guests['Seccomp_filters']) > int(service['Seccomp_filters']) >= int(mine['Seccomp_filters'])
    assert set(guests['Uid'].split()) != {'0'} and len(set(guests['Uid'].split())) == 1
    assert len(set(guests['Gid'].split())) == 1 and guests['Gid'].split()[0] != '0'
    # The group of all guests of root's, for images that several use.
    assert guests['Groups'].split() == ['2100000000']
    limits, first = ({line[:26].strip(): line[26:].split()[:2] for line in
                      machine.run('cat', f'/proc/{it}/limits').splitlines()[1:]} for it in (pid, 1))
    # Where systemd itself may have fewer it gives fewer.
    files = min(65536, int(first['Max open files'][1]))
    # What the service's unit says, and what any service has of what it does not say.
    usual = {name: values for name, values in zip(('Max processes', 'Max locked memory'), (
        machine.show('virtbusd.service', f'Limit{name}Soft', f'Limit{name}') for name in ('NPROC', 'MEMLOCK')))}
    expected = {'Max core file size': ['0', '0'], 'Max open files': [str(files)] * 2,
                'Max cpu time': ['unlimited', 'unlimited'], 'Max file size': ['unlimited', 'unlimited'],
                'Max realtime priority': ['0', '0'], 'Max nice priority': ['0', '0'],
                **{name: ['unlimited' if value == 'infinity' else value for value in values]
                   for name, values in usual.items()}}
    assert {name: limits[name] for name in expected} == expected
    assert int(limits['Max locked memory'][1]) <= 64 << 20, 'a guest could lock what it likes'
    assert machine.run('cat', f'/proc/{pid}/oom_score_adj').strip() == '0'
