# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtbusctl: every command, what it prints and how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from virtbus import (PTY, SLOWNESS, SOURCE, TIMEOUT, VIRTBUSCTL, Console, domain_xml, wait_until)


class Ctl:
    """Runs virtbusctl against a service."""

    def __init__(self, service):
        self.base = [VIRTBUSCTL, f'--address={service.bus.address}']

    def __call__(self, *arguments, status=0, stdin=''):
        done = subprocess.run([*self.base, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              timeout=120 * SLOWNESS, check=False)
        assert done.returncode == status, done
        if status == 0:
            assert done.stderr == '', done
        else:
            assert done.stderr and done.stdout == '', done
        return done.stdout if status == 0 else done.stderr

    def spawn(self, *arguments, **named):
        return subprocess.Popen([*self.base, *arguments], **{
            'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True, **named})


@pytest.fixture
def ctl(service):
    return Ctl(service)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'guest.xml'
    path.write_text(domain_xml(devices=PTY))
    return path


def test_a_life(ctl, file, manager):
    path = ctl('define', file).strip()
    domain = manager.get('guest')
    assert path == domain.path
    for verb, state in (('start', 'running'), ('suspend', 'paused'), ('resume', 'running'), ('reset', 'running'),
                        ('shutdown', 'running'), ('poweroff', 'shutoff')):
        assert ctl(verb, 'guest') == ''
        assert domain.State == state
    ctl('start', '--paused', 'guest')
    assert domain.State == 'paused'
    ctl('resume', domain.UUID)
    ctl('reboot', domain.path)
    ctl('poweroff', 'guest')
    ctl('start', '--no-wait', 'guest')
    domain.wait_state('running')
    ctl('poweroff', 'guest')
    ctl('undefine', 'guest')
    assert manager.ListDomains() == []


def test_create(ctl, file, manager):
    path = ctl('create', '--paused', file).strip()
    domain = manager.get('guest')
    assert domain.path == path and domain.State == 'paused' and not domain.Persistent
    ctl('poweroff', 'guest')
    domain.wait_gone()


def test_from_stdin(ctl, manager):
    ctl('define', '-', stdin=domain_xml())
    assert manager.get('guest').Persistent


def test_list(ctl, manager):
    assert 'NAME' in ctl('list') and len(ctl('list').splitlines()) == 1
    assert json.loads(ctl('list', '--json')) == []
    one, two = manager.define(domain_xml('one')), manager.define(domain_xml('two words', memory=96))
    two.Start()
    one.SetAutostart(True)
    lines = ctl('list').splitlines()
    assert len(lines) == 3 and lines[1].startswith('one ') and lines[2].startswith('two words ')
    assert 'shutoff' in lines[1] and 'autostart' in lines[1]
    assert 'running' in lines[2] and str(two.ProcessID) in lines[2] and '96' in lines[2]
    listed = json.loads(ctl('list', '--json'))
    assert [domain['Name'] for domain in listed] == ['one', 'two words']
    for domain, values in zip((one, two), listed):
        assert values.pop('Path') == domain.path
        assert values == json.loads(json.dumps(domain.get_all()))


def test_show(ctl, manager):
    domain = manager.define(domain_xml(title='The title'))
    text = ctl('show', 'guest')
    for word in ('guest', 'The title', domain.UUID, 'shutoff', 'defined', domain.MachineType, 'tcg'):
        assert word in text
    shown = json.loads(ctl('show', '--json', 'guest'))
    assert shown.pop('Path') == domain.path
    assert shown == json.loads(json.dumps(domain.get_all()))


def test_show_leaves_out_what_is_empty(ctl, manager):
    """Whatever its type; and says what there is in words."""
    domain = manager.define(domain_xml())
    for off in True, False:
        rows = dict(re.findall(r'^ *([^:]+): (.*)$', ctl('show', 'guest'), re.M))
        values = domain.get_all()
        assert all(value.strip() and not re.search(r'[\[\]{}"]', value) for value in rows.values()), rows
        for label, name in (('SecurityLabels', 'SecurityLabels'), ('Unit', 'Unit'), ('Title', 'Title'),
                            ('Process', 'ProcessID'), ('Started', 'StartTime')):
            assert (label in rows) == bool(values[name]), (label, rows)
        if off:
            domain.Start()
    model, process, _ = domain.SecurityLabels[0]
    assert f'{model} {process}' in rows['SecurityLabels']


def test_xml(ctl, manager):
    domain = manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'))
    assert ctl('xml', 'guest').strip() == domain.GetXML().strip()
    domain.Start()
    manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a', memory=96))
    assert ctl('xml', '--inactive', 'guest').strip() == domain.GetXML(inactive=True).strip() != ctl('xml', 'guest').strip()


def test_hardware(ctl, manager, tmp_path):
    domain = manager.define(domain_xml(devices=PTY + '<controller type="scsi" index="0" model="virtio-scsi"/>'
                                       f'<disk type="file" device="disk"><source file="{tmp_path}/x"/>'
                                       '<target dev="sda" bus="scsi"/></disk>'))
    lines = ctl('hardware', 'guest').splitlines()
    assert lines[0].split() == ['ALIAS', 'TYPE', 'DRIVER', 'ADDRESS', 'NOTES']
    aliases = [re.sub(r'^[^\w]*', '', line).split()[0] for line in lines[1:]]
    objects = {device['org.virtbus1.Device']['Alias']: device for device in domain.hardware().values()}
    assert sorted(aliases) == sorted(objects)
    # A tree: what is plugged in is deeper than, and below, what it is plugged into.
    def depth(alias):
        line = lines[1 + aliases.index(alias)]
        return line.index(alias)
    by_path = {path: device['org.virtbus1.Device']['Alias'] for path, device in domain.hardware().items()}
    for alias, device in objects.items():
        parent = by_path.get(device['org.virtbus1.Device']['Controller'])
        if parent:
            assert depth(alias) > depth(parent) and aliases.index(alias) > aliases.index(parent)
        else:
            assert depth(alias) == 0 or depth(alias) == min(map(depth, aliases))
    listed = json.loads(ctl('hardware', '--json', 'guest'))
    assert {entry['Path'] for entry in listed} == set(domain.hardware())


def test_validate(ctl, file, manager):
    text = ctl('validate', file)
    assert text.strip().startswith('<domain') and 'pc-q35-' in text and '<uuid>' in text
    assert ctl('validate', '-', stdin=text) == text
    assert manager.ListDomains() == []


def test_the_schema(ctl, file, manager, monkeypatch):
    """Held against the schema; the service would say more, and is not asked."""
    monkeypatch.setenv('VIRTBUS_SCHEMA', str(SOURCE / 'src/conf/domain.rng'))
    assert ctl('validate', '--schema', file) == ''
    assert ctl('validate', '--schema', '-', stdin=ctl('validate', file)) == ''
    text = file.read_text()
    for wrong in ('<nonsense/>', '<serial type="nonsense"/>', '<panic nonsense="1"/>'):
        file.write_text(text.replace('</devices>', f'{wrong}</devices>'))
        assert ctl('validate', '--schema', file, status=1).startswith(f'{file}:')
    file.write_text('<domain')
    assert f'{file}:1: ' in ctl('validate', '--schema', file, status=1)
    monkeypatch.setenv('VIRTBUS_SCHEMA', '/no/such')
    assert '/no/such' in ctl('validate', '--schema', file, status=1)
    assert manager.ListDomains() == []


@pytest.mark.parametrize('inside, status', [('<backingStore/>', 0), ('<nonsense/>', 1)])
def test_the_schema_takes_long_for_nothing(ctl, file, manager, monkeypatch, inside, status):
    """Not for many devices, and not for what stands in itself again and again and is wrong at the bottom."""
    monkeypatch.setenv('VIRTBUS_SCHEMA', str(SOURCE / 'src/conf/domain.rng'))
    layer = '<backingStore type="file"><format type="qcow2"/><source file="/a"/>'
    disk = '<disk type="file"><source file="/a"/>{}<target dev="vda" bus="virtio"/></disk>'
    devices = disk.format(layer * 60 + inside + '</backingStore>' * 60) + disk.format('') * 1000
    file.write_text(file.read_text().replace('</devices>', f'{devices}</devices>'))
    started = time.monotonic()
    said = ctl('validate', '--schema', file, status=status)
    assert time.monotonic() - started < 20 * SLOWNESS
    assert ('nonsense' in said) == bool(status)


def test_argv(ctl, file, manager):
    lines = ctl('argv', file).splitlines()
    assert lines[0] == '/usr/bin/qemu-system-x86_64' and '-nodefaults' in lines and '-S' in lines
    parts = ctl('argv', '--null', file).split('\0')
    assert parts[-1] == '' and len(parts) == len(lines) + 1 and parts[0] == lines[0]
    assert manager.ListDomains() == []


def test_autostart(ctl, manager):
    domain = manager.define(domain_xml())
    for arguments, value in ((['guest'], True), (['guest', 'off'], False), (['guest', 'on'], True)):
        ctl('autostart', *arguments)
        assert domain.Autostart == value
    ctl('autostart', 'guest', 'perhaps', status=2)
    assert domain.Autostart


# Errors -------------------------------------------------------------------------------------------------------------

def test_errors_of_files(ctl, file, tmp_path):
    text = file.read_text().splitlines()
    at = next(i for i, line in enumerate(text) if '<vcpu>' in line) + 1
    for bad in ('  <vcpu>two</vcpu>', '  <novelty/>', '  <vcpu'):
        file.write_text('\n'.join(text[:at - 1] + [bad] + text[at:]))
        for verb in ('define', 'create', 'validate', 'argv'):
            said = ctl(verb, file, status=1)
            match = re.match(rf'{re.escape(str(file))}:(\d+): \S', said)
            assert match, said
            if bad != '  <vcpu':
                assert int(match[1]) == at, said
    assert ctl('define', '-', status=1, stdin='<domain').startswith('<stdin>:1: ')
    assert ctl('define', tmp_path / 'none.xml', status=1).startswith(f'{tmp_path}/none.xml: No such file')
    assert ctl('define', tmp_path, status=1).startswith(f'{tmp_path}: Is a directory')
    (tmp_path / 'latin.xml').write_bytes(b'<domain>\n\xff</domain>')
    assert ctl('define', tmp_path / 'latin.xml', status=1).startswith(f'{tmp_path}/latin.xml:2: ')
    (tmp_path / 'huge.xml').write_text('x' * (3 << 20))
    assert ctl('define', tmp_path / 'huge.xml', status=1).startswith(f'{tmp_path}/huge.xml: ')


def test_errors_of_operations(ctl, file, manager):
    manager.define(domain_xml())
    for arguments in (['suspend', 'guest'], ['poweroff', 'guest'], ['console', 'guest']):
        said = ctl(*arguments, status=1)
        assert said.startswith('virtbusctl: ') and 'shut' in said
    for arguments in (['start', 'nobody'], ['show', 'nobody'], ['xml', 'nobody'], ['hardware', 'nobody'],
                      ['monitor', 'nobody'], ['console', 'nobody'], ['undefine', 'nobody']):
        assert 'nobody' in ctl(*arguments, status=1)


@pytest.mark.parametrize('arguments', [
    [], ['nonsense'], ['list', 'x'], ['start'], ['start', 'a', 'b'], ['define'], ['--nonsense', 'list'], ['xml'],
    ['start', '--json', 'x'], ['list', '--null'], ['console'], ['console', 'a', 'b', 'c'], ['argv'], ['autostart'],
    ['monitor', 'a', 'b']])
def test_wrong_usage(ctl, arguments):
    assert 'Usage: virtbusctl' in ctl(*arguments, status=2)


def test_no_service(bus):
    done = subprocess.run([VIRTBUSCTL, f'--address={bus.address}', 'list'], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith('virtbusctl: ') and done.stdout == ''
    done = subprocess.run([VIRTBUSCTL, '--address=unix:path=/no/such/bus', 'list'], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and done.stderr.startswith('virtbusctl: ')


def test_help_and_version():
    text = subprocess.run([VIRTBUSCTL, '--help'], capture_output=True, text=True, check=True).stdout
    for word in ('list', 'define', 'create', 'undefine', 'start', 'shutdown', 'poweroff', 'reboot', 'reset', 'suspend',
                 'resume', 'show', 'xml', 'hardware', 'console', 'monitor', 'validate', 'argv', 'autostart', '--user',
                 '--system', '--address', '--json', '--null'):
        assert word in text
    text = subprocess.run([VIRTBUSCTL, '--version'], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r'virtbusctl \d+\.\d+\.\d+\n', text)


@pytest.mark.parametrize('which, variable', [('--user', 'DBUS_SESSION_BUS_ADDRESS'),
                                             ('--system', 'DBUS_SYSTEM_BUS_ADDRESS'), (None, 'DBUS_SYSTEM_BUS_ADDRESS')])
def test_the_bus_that_is_meant(service, manager, which, variable):
    manager.define(domain_xml())
    arguments = [VIRTBUSCTL, *([which] if which else []), 'list', '--json']
    environment = {name: value for name, value in os.environ.items() if not name.startswith('DBUS_')}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False,
                          env={**environment, variable: service.bus.address})
    assert done.returncode == 0 and json.loads(done.stdout)[0]['Name'] == 'guest', done


def test_output_that_cannot_be_written(ctl, manager):
    manager.define(domain_xml())
    with open('/dev/full', 'w', encoding='utf-8') as full:
        done = subprocess.run([*ctl.base, 'list'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and 'No space left' in done.stderr


def test_control_characters_do_not_reach_the_terminal(ctl, manager):
    manager.define(domain_xml(title='a\u009bb\u202ec'))
    text = ctl('show', 'guest')
    assert '\u009b' not in text


# Monitor ------------------------------------------------------------------------------------------------------------

def read_until(process, pattern):
    lines = []
    while True:
        line = process.stdout.readline()
        assert line, (lines, process.stderr.read())
        lines.append(line.rstrip('\n'))
        if re.search(pattern, line):
            return lines


def started(ctl, client, *arguments):
    """A monitor that has subscribed: its match rules are there when it has asked for the domains."""
    before = len(matches(client))
    process = ctl.spawn('monitor', *arguments)
    wait_until(lambda: len(matches(client)) > before, 'the monitor listens')
    return process


def matches(client):
    names = client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ListNames')
    rules = []
    for name in names:
        if name.startswith(':'):
            try:
                stats = client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus.Debug.Stats',
                                    'GetAllMatchRules')
            except Exception:
                return names
            return [rule for own in stats.values() for rule in own if 'org.virtbus1' in rule]
    return rules


def test_monitor(ctl, client, manager):
    domain = manager.define(domain_xml())
    process = started(ctl, client)
    lines = act_until_seen(process, manager, domain)
    assert any(re.search(r' guest: started \(booted\)$', line) for line in lines), lines
    assert any(re.search(r' guest: stopped \(powered-off\)$', line) for line in lines), lines
    process.send_signal(signal.SIGINT)
    process.wait(TIMEOUT)


def act_until_seen(process, manager, domain):
    """The monitor may not have subscribed yet: lives on until it has seen one whole life."""
    os.set_blocking(process.stdout.fileno(), False)
    text, deadline = '', time.monotonic() + 2 * TIMEOUT
    # What it has to say is written in pieces, if that is much, so that a line may not be whole yet.
    while not re.search(r'started\W+booted.*stopped\W+powered-off[^\n]*\n', text, re.S):
        assert time.monotonic() < deadline, text
        domain.Start()
        domain.PowerOff()
        text += process.stdout.read() or ''
    os.set_blocking(process.stdout.fileno(), True)
    return text.splitlines()


def test_monitor_json(ctl, client, manager):
    domain = manager.define(domain_xml())
    process = started(ctl, client, '--json')
    lines = [json.loads(line) for line in act_until_seen(process, manager, domain) if line.endswith('}')]
    found = [line for line in lines if line['Signal'] == 'Lifecycle' and line['Interface'] == 'org.virtbus1.Domain']
    assert ['started', 'booted'] in [line['Arguments'] for line in found]
    assert all(line['Domain'] == 'guest' and line['Path'] == domain.path and line['Time'] > 0 for line in found)
    process.terminate()
    process.wait(TIMEOUT)


def test_monitor_of_one_domain_ends_with_it(ctl, client, manager):
    domain, other = manager.define(domain_xml()), manager.define(domain_xml('other'))
    process = started(ctl, client, 'guest')
    lines = act_until_seen(process, manager, domain)
    other.Undefine()
    domain.Undefine()
    rest = process.communicate(timeout=TIMEOUT)[0]
    assert process.returncode == 0
    assert 'undefined (removed)' in rest and 'other' not in '\n'.join(lines) + rest


def test_monitor_lives_through_a_restart(ctl, client, service, manager):
    domain = manager.define(domain_xml())
    process = started(ctl, client)
    act_until_seen(process, manager, domain)
    service.restart()
    read_until(process, 'the service is gone')
    read_until(process, 'the service is there')
    domain.Start()
    read_until(process, r'guest: started \(booted\)')
    process.terminate()
    process.wait(TIMEOUT)


# Console ------------------------------------------------------------------------------------------------------------

def on_a_terminal(*command):
    """Runs a program as a person would, on a terminal of its own; gives its process and the person's side."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    return pid, Console(fd)


def test_console(ctl, manager, guest):
    domain = manager.define(guest.xml())
    domain.Start()
    pid, person = on_a_terminal(*ctl.base, 'console', 'guest')
    person.expect('virtbus-guest: ready')
    person.send('echo typed by hand\r')
    person.expect('virtbus-guest: echo typed by hand')
    person.send('\x1d')  # Ctrl+]
    status = wait_for(pid)
    assert os.waitstatus_to_exitcode(status) == 0
    person.close()
    assert domain.State == 'running'


def wait_for(pid):
    found = []

    def ended():
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            found.append(status)
        return done
    wait_until(ended, f'{pid} has ended')
    return found[0]


def test_console_ends_with_the_guest(ctl, manager, guest):
    domain = manager.define(guest.xml())
    domain.Start()
    pid, person = on_a_terminal(*ctl.base, 'console', 'guest', 'serial0')
    person.expect('virtbus-guest: ready')
    person.send('poweroff\r')
    deadline = time.monotonic() + 60 * SLOWNESS
    while person.read_some(0.1) and time.monotonic() < deadline:
        pass
    assert os.waitstatus_to_exitcode(wait_for(pid)) == 0
    person.close()
    domain.wait_state('shutoff')


def test_console_from_a_pipe(ctl, manager, guest):
    """For scripts: commands in, output out, until the guest ends."""
    domain = manager.define(guest.xml())
    domain.Start()
    guest.boot(domain).close()
    process = ctl.spawn('console', 'guest', stdin=subprocess.PIPE)
    output = process.communicate('echo from a pipe\npoweroff\n', timeout=120 * SLOWNESS)[0]
    assert 'virtbus-guest: echo from a pipe' in output
    assert process.returncode == 0


def test_console_restores_the_terminal(ctl, manager, guest):
    """Also when it is killed by a signal."""
    import termios
    domain = manager.define(domain_xml(devices=PTY))
    domain.Start()
    for end in ('\x1d', signal.SIGTERM, signal.SIGHUP):
        leader, follower = pty.openpty()
        before = termios.tcgetattr(follower)
        process = subprocess.Popen([*ctl.base, 'console', 'guest'], stdin=follower, stdout=follower,
                                   stderr=subprocess.PIPE)
        wait_until(lambda: termios.tcgetattr(follower)[3] != before[3], 'the terminal is raw')
        if isinstance(end, str):
            os.write(leader, end.encode())
        else:
            process.send_signal(end)
        process.communicate(timeout=TIMEOUT)
        assert termios.tcgetattr(follower) == before
        os.close(leader)
        os.close(follower)
