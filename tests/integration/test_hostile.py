# SPDX-License-Identifier: LGPL-2.1-or-later
"""What QEMU says is hostile input. Whatever it says or does not say: the right error, a service that lives and stays
small, other domains undisturbed, and nothing left behind."""

import json
import os
import pathlib
import shutil
import socket
import time

import pytest
from hanging import Hanging
from virtbus import (BUS_NAME, DOMAIN, ERROR, OWNER, PEER, PTY, ROOT, SLOWNESS, Console, DBusError, domain_xml, memory_rss,
                     process_alive, wait_until)

MARKER = 'LyingEmulatorText'
STAMP = {'timestamp': {'seconds': 1700000000, 'microseconds': 5}}
MEMORY_MAX = (256 if SLOWNESS == 1 else 512) << 20  # what AddressSanitizer holds back included


class Lying:
    """The lying emulator in a place of its own."""

    def __init__(self, directory):
        place = directory / 'lying'
        self.directory = place / 'open'
        self.directory.mkdir(parents=True)
        self.directory.chmod(0o777)
        self.path = place / 'qemu-lying'
        shutil.copy(pathlib.Path(__file__).parent / 'qemu-lying', self.path)
        self.path.chmod(0o755)

    def tell(self, word, value=None):
        told = self.directory / 'told'
        told.unlink(missing_ok=True)
        new = self.directory / 'lie.new'
        new.write_text(word if value is None else f'{word} {json.dumps(value)}')
        new.rename(self.directory / 'lie')

    def told(self):
        return (self.directory / 'told').exists()


@pytest.fixture
def lying(directory):
    return Lying(directory)


@pytest.fixture
def honest(manager):
    """A domain that must not notice anything."""
    domain = manager.define(domain_xml('honest'))
    domain.Start()
    return domain


def well(client, service, honest):
    """The service answers, is small, and the other domain is as it was."""
    client.call(BUS_NAME, ROOT, PEER, 'Ping')
    assert memory_rss(service.pid) < MEMORY_MAX
    assert honest.State == 'running'
    honest.Suspend()
    honest.Resume()


def nothing_left(service, honest):
    assert honest.ProcessID in service.emulators()
    wait_until(lambda: service.emulators() == [honest.ProcessID], 'no other emulator is left')
    assert service.runtime_leftovers() == [honest.id]


@pytest.mark.parametrize('lie, errors', [
    ('exit', ['EmulatorFailed']),
    ('exit-late', ['EmulatorFailed']),
    ('garbage', ['Monitor', 'EmulatorFailed']),
    ('no-qmp', ['Monitor', 'EmulatorFailed', 'Timeout']),
    ('greeting-huge', ['Monitor', 'EmulatorFailed']),
    ('greeting-deep', ['Monitor', 'EmulatorFailed']),
    ('close', ['Monitor', 'EmulatorFailed']),
])
def test_lies_at_the_start(client, manager, service, lying, honest, lie, errors):
    lying.tell(lie, f'{MARKER}: cannot\n' if lie.startswith('exit') else None)
    domain = manager.define(domain_xml('liar', emulator=lying.path))
    mark = client.mark()
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name in [ERROR + error for error in errors], raised.value
    if lie.startswith('exit'):
        assert f'{MARKER}: cannot' in raised.value.message
    assert client.story(mark, domain.path) == ['is starting', 'is shutoff', 'stopped failed', 'Start replied']
    nothing_left(service, honest)
    well(client, service, honest)
    # The truth, next time.
    lying.tell('')
    domain.Start()
    assert domain.State == 'running'


ELSEWHERE = """<controller type='virtio-serial' index='0'/>
<controller type='scsi' index='0' model='virtio-scsi'/>
<console type='pty'><target type='virtio'/></console>
<input type='tablet' bus='usb'/><rng model='virtio'><backend model='builtin'/></rng>"""


@pytest.mark.parametrize('this, that, found', [
    ('"chassis":2}', '"chassis":77}', 'pci.2: chassis: expected 2, found 77'),
    ('"port":9,', '"port":99,', 'pci.2: port: expected 9, found 99'),
    ('"bus":"usb.0","port":"1"', '"bus":"usb.0","port":"3"', 'input0: port: expected 1, found 3'),
    ('"nr":0', '"nr":5', 'console1: nr: expected 0, found 5'),
    ('"id":"rng0","bus":"pci.5","addr":"0x0"', '"id":"rng0","bus":"pcie.0","addr":"0x1d"',
     'rng0: bus: expected pci.5, found pcie.0; rng0: addr: expected 0x0, found 1d.0'),
])
def test_a_machine_that_is_not_the_one_asked_for(client, manager, service, lying, honest, this, that, found):
    lying.tell('argv', {this: that})
    domain = manager.define(domain_xml('liar', devices=PTY + ELSEWHERE, emulator=lying.path))
    mark = client.mark()
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name == ERROR + 'EmulatorFailed'
    assert found in raised.value.message
    assert client.story(mark, domain.path) == ['is starting', 'is shutoff', 'stopped failed', 'Start replied']
    nothing_left(service, honest)
    lying.tell('')
    domain.Start()
    assert domain.State == 'running'


@pytest.mark.parametrize('answers, word', [
    ({'human-monitor-command': {'return': 'no tree at all'}}, None),
    ({'human-monitor-command': {'error': {'class': 'CommandNotFound', 'desc': 'there is none'}}}, None),
    ({'human-monitor-command': {'return': {'not': 'a text'}}, 'qom-get': {'return': 99}}, 'found 99'),
    ({'human-monitor-command': {'return': ''}, 'qom-get': {'error': {'class': 'DeviceNotFound', 'desc': 'no'}}}, 'found nothing'),
    ({'qom-get': {'return': 99}}, 'found 99'),
])
def test_answers_about_the_machine(manager, service, lying, honest, answers, word):
    """Where there is no tree of devices, each is asked for alone."""
    lying.tell('answer', answers)
    domain = manager.define(domain_xml('liar', devices=ELSEWHERE, emulator=lying.path))
    if word:
        with pytest.raises(DBusError) as raised:
            domain.Start()
        assert word in raised.value.message and 'expected' in raised.value.message
        nothing_left(service, honest)
    else:
        domain.Start()
        assert domain.State == 'running'


@pytest.mark.parametrize('lie', ['hang', 'silent'])
def test_an_emulator_that_says_nothing(client, manager, service, lying, honest, lie):
    """Its start can be given up; meanwhile everybody else goes on."""
    lying.tell(lie)
    domain = manager.define(domain_xml('liar', emulator=lying.path))
    mark = client.mark()
    starting = domain.start('Start')
    client.wait(lambda: 'is starting' in client.story(mark, domain.path), 'the start has begun')
    assert domain.State == 'starting'
    well(client, service, honest)
    for method in ('Start', 'Shutdown', 'Reboot', 'Reset', 'Suspend', 'Resume', 'Undefine'):
        with pytest.raises(DBusError) as raised:
            domain.call(method)
        assert raised.value.name in (ERROR + 'InvalidState', ERROR + 'Busy'), raised.value
    assert not starting
    domain.PowerOff()
    client.wait(lambda: starting, 'the start was answered')
    assert isinstance(starting[0], DBusError) and starting[0].name.startswith(ERROR)
    assert domain.State == 'shutoff'
    nothing_left(service, honest)


def test_an_emulator_that_says_nothing_is_given_up(client, manager, service, lying, honest):
    lying.tell('silent')
    domain = manager.define(domain_xml('liar', emulator=lying.path))
    with pytest.raises(DBusError) as raised:
        domain.call('Start', timeout=180)
    assert raised.value.name == ERROR + 'Timeout', raised.value
    assert domain.State == 'shutoff' and domain.StateReason == 'failed'
    nothing_left(service, honest)
    well(client, service, honest)


# What a start asks for, and what it only would like.
UNPLUGGED = '<interface type="user"><model type="virtio"/><link state="down"/></interface>'
ASKED = (domain_xml('liar', devices=ELSEWHERE + '<memballoon model="virtio"/>')
         .replace('</memory>', '</memory><currentMemory unit="MiB">48</currentMemory>'))


@pytest.mark.parametrize('lie', ['exit-on', 'close-on'])
@pytest.mark.parametrize('command, more', [('human-monitor-command', ''), ('qom-get', ''), ('set_link', UNPLUGGED),
                                           ('balloon', ''), ('cont', '')])
def test_an_emulator_that_leaves_while_it_is_asked(client, manager, service, lying, honest, lie, command, more):
    """What it was asked last is not taken for refused, and nobody talks to it any more."""
    lying.tell(lie, command)
    paused = command == 'balloon'
    domain = manager.define(ASKED.replace('<devices>', f'<devices><emulator>{lying.path}</emulator>{more}'))
    mark = client.mark()
    with pytest.raises(DBusError) as raised:
        domain.Start(paused=paused)
    assert raised.value.name in (ERROR + 'EmulatorFailed', ERROR + 'Monitor'), raised.value
    assert 'another machine' not in raised.value.message
    assert client.story(mark, domain.path) == ['is starting', 'is shutoff', 'stopped failed', 'Start replied']
    nothing_left(service, honest)
    well(client, service, honest)
    lying.tell('')
    domain.Start(paused=paused)


def is_unreachable(domain):
    try:
        os.close(domain.OpenConsole('serial0').get_unix_fd_list().get(0))
    except DBusError as error:
        assert error.name == ERROR + 'Monitor', error
        return True
    return False


def test_a_monitor_that_closes_while_a_device_is_got_ready(client, manager, service, lying, honest, directory):
    file_system = Hanging(directory / 'slow', bytes(1 << 20))
    try:
        domain = start_lying(client, manager, lying)
        file_system.hang('statfs')
        call = domain.start('AttachDevice', f'<disk type="file"><source file="{file_system.path}"/>'
                                            '<target dev="vdx" bus="virtio"/></disk>')
        lying.tell('close')
        wait_until(lying.told, 'the monitor has been closed')
        wait_until(lambda: is_unreachable(domain), 'the service has seen it')
    finally:
        file_system.close()
    with pytest.raises(DBusError) as raised:
        client.finish_call(call)
    assert raised.value.name == ERROR + 'Monitor' and 'is not connected' in raised.value.message
    domain.PowerOff()
    nothing_left(service, honest)
    well(client, service, honest)


def test_long_error_output_is_cut(client, manager, service, lying, honest):
    lines = ''.join(f'line {i} ' + 'x' * 200 + '\n' for i in range(300)) + 'the last line\n'
    lying.tell('exit', lines)
    domain = manager.define(domain_xml('liar', emulator=lying.path))
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name == ERROR + 'EmulatorFailed'
    assert 'the last line' in raised.value.message and 'line 0 ' not in raised.value.message
    assert len(raised.value.message) < 10000
    nothing_left(service, honest)


def test_error_output_is_made_presentable(client, manager, lying, service, honest):
    lying.tell('exit', '\x1b[31mred\x1b[0m\x07 \ud800 \x00 \x7f\u009b\u202e end of it\n'.replace('\ud800', '\u00ff'))
    domain = manager.define(domain_xml('liar', emulator=lying.path))
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name == ERROR + 'EmulatorFailed'
    assert 'end of it' in raised.value.message
    assert not [c for c in raised.value.message if not c.isprintable() and c != '\n']


@pytest.mark.parametrize('answers', [
    {'query-status': {'return': 'running'}},
    {'query-status': {'return': {'status': 42}}},
    {'query-status': {'return': {'status': 'flying', 'running': 'yes'}}},
    {'query-status': {'return': []}},
    {'query-status': {'return': None}},
    {'query-status': {'error': {'class': 'GenericError', 'desc': MARKER}}},
    {'query-status': {'error': 'no'}},
    {'query-status': {'error': {}}},
    {'query-status': {'neither': 1}},
    {'query-status': {'return': {}, 'error': {}}},
    {'query-status': {'return': {'status': '\u0000' * 10}}},
    {'query-chardev': {'return': {}}},
    {'query-chardev': {'return': [1, None, 'x', {'label': 5}, {'label': 'charserial0'}, {'filename': 'pty:/x'}]}},
    {'query-chardev': {'return': [{'label': 'charserial0', 'filename': 'pty:/etc/shadow', 'frontend-open': True}]}},
    {'query-chardev': {'error': {'class': 'CommandNotFound', 'desc': MARKER}}},
    {'qom-get': {'return': 'nothing'}},
    {'qom-get': {'return': -1}},
    {'qom-get': {'error': {'class': 'GenericError', 'desc': MARKER}}},
    {'cont': {'error': {'class': 'GenericError', 'desc': MARKER}}},
    {'cont': {'return': 7}},
    {'cont': [1, 2, 3]},
    {'cont': 'x'},
    {'cont': 12},
    {'qmp_capabilities': {'error': {'class': 'GenericError', 'desc': MARKER}}},
    {'qmp_capabilities': {'return': 'ok'}},
], ids=lambda answers: json.dumps(answers)[:60])
def test_strange_answers_at_the_start(client, manager, service, lying, honest, answers):
    """Some do not matter, all others fail the start. There is no third outcome."""
    lying.tell('answer', answers)
    domain = manager.define(domain_xml('liar', emulator=lying.path, devices=PTY))
    try:
        domain.call('Start', timeout=180)
    except DBusError as error:
        assert error.name in (ERROR + 'Monitor', ERROR + 'EmulatorFailed', ERROR + 'Timeout', ERROR + 'Unsupported')
        assert domain.State == 'shutoff'
    else:
        assert domain.State == 'running'
        try:
            os.close(domain.OpenConsole('serial0'))
        except DBusError as error:
            assert error.name.startswith(ERROR), error
        domain.PowerOff()
    nothing_left(service, honest)
    well(client, service, honest)
    assert MARKER not in str(client.events)


def start_lying(client, manager, lying, devices=PTY, lie=''):
    lying.tell(lie)
    domain = manager.define(domain_xml('liar', emulator=lying.path, devices=devices))
    domain.Start()
    return domain


NONSENSE = {
    'huge': ('huge', None),
    'deep': ('deep', None),
    'bad-utf-8': ('raw', '{"event": "\xff\xfe\x80", "timestamp": {"seconds": 1, "microseconds": 1}}\r\n'),
    'bad-utf-8-in-data': ('raw', '{"event": "GUEST_PANICKED", "data": {"action": "\xff", "info": {"type": "\xc0\xaf"}},'
                                 ' "timestamp": {"seconds": 1, "microseconds": 1}}\r\n'),
    'not-json': ('raw', 'HTTP/1.1 200 OK\r\n\r\n'),
    'binary': ('raw', ''.join(map(chr, range(256))) * 100),
    'nul': ('raw', '{"event": "A\x00B"}\r\n'),
    'scalar': ('raw', '42\r\n"text"\r\nnull\r\n[]\r\n{}\r\n'),
    'unknown-id': ('send', [{'return': {}, 'id': 'never asked'}]),
    'id-of-another-type': ('send', [{'return': {}, 'id': {'a': []}}, {'return': {}, 'id': -5}, {'return': {}}]),
    'greeting-again': ('send', [{'QMP': {'version': {'qemu': {'major': 99}}, 'capabilities': []}}]),
    'error-without-command': ('send', [{'error': {'class': 'GenericError', 'desc': MARKER}}]),
    'events-without-sense': ('send', [
        {'event': 5, **STAMP}, {'event': 'SHUTDOWN'}, {'event': 'RESUME', 'timestamp': 'now'},
        {'event': 'STOP', 'timestamp': {'seconds': -9e99, 'microseconds': 1e300}}, {'event': 'STOP', 'data': [], **STAMP},
        {'event': '', **STAMP}, {'event': MARKER, 'data': {MARKER: MARKER}, **STAMP}]),
    'panic-without-sense': ('send', [
        {'event': 'GUEST_PANICKED', 'data': {'action': 5, 'info': [1]}, **STAMP},
        {'event': 'GUEST_PANICKED', 'data': {'action': MARKER, 'info': {'type': MARKER, 'arg1': MARKER}}, **STAMP},
        {'event': 'GUEST_PANICKED', 'data': {'info': {'type': 'hyper-v', 'arg1': 'x', 'arg2': 1e400}}, **STAMP}]),
    'shutdown-without-sense': ('send', [{'event': 'SHUTDOWN', 'data': 'x', **STAMP},
                                        {'event': 'SHUTDOWN', 'data': {'guest': 'x', 'reason': 7}, **STAMP}]),
    'suspend-that-is-none': ('send', [{'event': 'SUSPEND', **STAMP}, {'event': 'WAKEUP', **STAMP},
                                      {'event': 'WAKEUP', **STAMP}]),
    'numbers': ('raw', '{"event": "BALLOON_CHANGE", "data": {"actual": 999999999999999999999999999999},'
                       ' "timestamp": {"seconds": 99999999999999999999, "microseconds": -1}}\r\n'
                       '{"event": "BALLOON_CHANGE", "data": {"actual": -5}}\r\n'),
    'names-of-devices': ('send', [{'event': 'DEVICE_DELETED', 'data': {'device': '../../../etc', 'path': MARKER},
                                   **STAMP}]),
    'flood-of-unknown-events': ('flood-events', None),
    'flood-of-known-events': ('flood-known', None),
    'flood-of-replies': ('flood-replies', None),
    'half-a-message': ('drip', None),
    'closed': ('close', None),
}


@pytest.mark.parametrize('lie', NONSENSE)
def test_nonsense_while_it_runs(client, manager, service, lying, honest, lie):
    domain = start_lying(client, manager, lying)
    lying.tell(*NONSENSE[lie])
    # While it talks, the service answers others.
    deadline = time.monotonic() + 60
    while not lying.told() and domain.ProcessID != 0 and time.monotonic() < deadline:
        client.call(BUS_NAME, ROOT, PEER, 'Ping')
    well(client, service, honest)
    # What became of the domain is the service's choice; it can be ended, and nothing is left of it.
    if domain.State != 'shutoff':
        try:
            domain.PowerOff()
        except DBusError as error:
            assert error.name == ERROR + 'InvalidState' and domain.State == 'shutoff'
    client.wait_property(domain.path, DOMAIN, 'State', 'shutoff')
    nothing_left(service, honest)
    well(client, service, honest)
    assert MARKER not in str(client.events)
    # And the truth, next time.
    lying.tell('')
    domain.Start()
    assert domain.State == 'running'


@pytest.mark.parametrize('lie', ['rename-ids', 'twice'])
def test_replies_that_belong_to_nothing(client, manager, service, lying, honest, lie):
    domain = start_lying(client, manager, lying)
    lying.tell(lie)
    wait_until(lying.told, 'the lie was told')
    try:
        domain.call('Suspend', timeout=180)
    except DBusError as error:
        assert error.name in (ERROR + 'Monitor', ERROR + 'Timeout', ERROR + 'InvalidState', ERROR + 'EmulatorFailed')
    if domain.State != 'shutoff':
        domain.PowerOff()
    nothing_left(service, honest)
    well(client, service, honest)


def test_an_emulator_that_stops_listening(client, manager, service, lying, honest):
    """Calls wait, but only their callers; ending it needs no answer."""
    domain = start_lying(client, manager, lying)
    lying.tell('deaf')
    wait_until(lying.told, 'the lie was told')
    waiting = [domain.start('Suspend') for _ in range(3)]
    well(client, service, honest)
    domain.PowerOff()
    client.wait(lambda: all(waiting), 'all were answered')
    assert all(isinstance(call[0], DBusError) for call in waiting)
    nothing_left(service, honest)


@pytest.mark.life
def test_an_answer_that_refuses(client, manager, service, lying, honest):
    """QMP's text is for the caller alone."""
    domain = start_lying(client, manager, lying)
    lying.tell('answer', {'stop': {'error': {'class': 'GenericError', 'desc': MARKER}}})
    wait_until(lying.told, 'the lie was told')
    with pytest.raises(DBusError) as raised:
        domain.Suspend()
    assert raised.value.name == ERROR + 'Monitor'
    assert MARKER in raised.value.message
    assert MARKER not in str(client.events)
    well(client, service, honest)


@pytest.mark.parametrize('filename', [
    'pty:/etc/shadow', 'pty:/dev/pts/../../etc/shadow', 'pty:/dev/pts/99999', 'pty:/dev/pts/', 'pty:/dev/pts/-1',
    'pty:/dev/pts/0x1', 'pty:/dev/pts/ptmx', 'pty:/dev/tty', 'pty:', '', 'file:/etc/shadow', 'pty:/dev/pts/1/../ptmx',
    'pty:/dev/pts/18446744073709551616', 'unix:/run/dbus/system_bus_socket,server', 5, None, ['pty:/etc/shadow'],
])
def test_a_console_that_is_something_else(client, manager, service, lying, honest, filename):
    """A path that QEMU tells is never opened."""
    claim = {'return': [{'label': label, 'filename': filename, 'frontend-open': True}
                        for label in ('charserial0', 'serial0', 'charmonitor')]}
    lying.tell('answer', {'query-chardev': claim})
    domain = manager.define(domain_xml('liar', emulator=lying.path, devices=PTY))
    try:
        domain.Start()
        fd = domain.OpenConsole('serial0')
    except DBusError as error:
        assert error.name.startswith(ERROR), error
    else:
        target = os.readlink(f'/proc/self/fd/{fd}')
        os.close(fd)
        raise AssertionError(f'OpenConsole opened {target}')
    well(client, service, honest)


def test_a_console_that_belongs_to_somebody_else(client, manager, service, lying, honest):
    """A pty, but not one of this emulator's: a user's terminal."""
    terminal, other = os.openpty()
    os.fchown(other, OWNER, 5)
    lying.tell('answer', {'query-chardev': {'return': [
        {'label': 'charserial0', 'filename': f'pty:{os.ttyname(other)}', 'frontend-open': True}]}})
    domain = manager.define(domain_xml('liar', emulator=lying.path, devices=PTY))
    with pytest.raises(DBusError) as raised:
        domain.Start()
        os.close(domain.OpenConsole('serial0'))
    assert raised.value.name.startswith(ERROR)
    os.close(terminal)
    os.close(other)
    well(client, service, honest)


def test_a_console_socket_that_is_somebody_elses(client, manager, service, honest, directory):
    """The emulator's socket directory is the emulator's to write: what it puts there is not followed."""
    secret = socket.socket(socket.AF_UNIX)
    secret.bind(str(directory / 'secret'))
    secret.listen(1)
    secret.settimeout(0)
    domain = manager.define(domain_xml('liar', devices='<serial type="unix"/>'))
    domain.Start()
    console = Console(domain.OpenConsole('serial0'))
    console.close()
    sockets = list((service.runtime_directory(domain) / 'sockets').iterdir())
    assert len(sockets) == 1
    sockets[0].unlink()
    impostor = socket.socket(socket.AF_UNIX)

    def pose():
        impostor.bind(str(sockets[0]))
        impostor.listen(1)

    # A hard link cannot be: the directory is a file system of its own.
    for put in (lambda: sockets[0].symlink_to(directory / 'secret'), pose, lambda: shutil.copy('/etc/hostname', sockets[0])):
        put()
        with pytest.raises(DBusError) as raised:
            domain.OpenConsole('serial0')
        assert raised.value.name.startswith(ERROR)
        sockets[0].unlink()
    try:
        # Somebody may have knocked, before it was known who would answer, and has gone.
        assert secret.accept()[0].recv(1) == b''
    except BlockingIOError:
        pass
    secret.close()
    impostor.close()
    domain.PowerOff()
    nothing_left(service, honest)


def test_rubbish_in_the_runtime_directory_goes_with_the_guest(client, manager, service, lying, honest, directory):
    """Whatever the emulator put into its own directory; and nothing that it points to."""
    precious = directory / 'precious'
    precious.mkdir()
    (precious / 'file').write_text('kept')
    domain = start_lying(client, manager, lying)
    sockets = service.runtime_directory(domain) / 'sockets'
    deep = sockets / '/'.join(['d'] * 50)
    deep.mkdir(parents=True)
    (deep / 'file').write_text('x')
    (sockets / 'link').symlink_to(precious)
    (sockets / 'up').symlink_to('../../../..')
    os.mkfifo(sockets / 'fifo')
    domain.PowerOff()
    nothing_left(service, honest)
    assert (precious / 'file').read_text() == 'kept'


def test_an_emulator_that_ignores_being_asked_to_end(client, manager, service, lying, honest):
    domain = start_lying(client, manager, lying)
    lying.tell('answer', {'quit': None, 'system_powerdown': None})
    pid = domain.ProcessID
    os.kill(pid, 19)  # SIGSTOP
    domain.call('PowerOff', timeout=120)
    assert domain.State == 'shutoff' and not process_alive(pid)
    nothing_left(service, honest)


def test_lies_after_a_restart(client, manager, service, lying, honest):
    """The same mistrust when a new service meets an old guest."""
    domain = start_lying(client, manager, lying)
    for answers in ({'query-status': {'return': {'status': 'flying'}}}, {'query-status': {'return': 5}},
                    {'query-status': None}):
        lying.tell('answer', answers)
        wait_until(lying.told, 'the lie was told')
        client.model = None
        service.restart()
        assert honest.State == 'running'
        assert domain.exists()
        client.start_model()
    if domain.State != 'shutoff':
        domain.PowerOff()
    well(client, service, honest)
