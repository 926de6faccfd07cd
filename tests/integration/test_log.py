# SPDX-License-Identifier: LGPL-2.1-or-later
"""What emulators print: in the error of a failed start, with OpenLog and virtbusctl log, whoever has died meanwhile, and
never more of it than there is room for."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import unicodedata

import pytest
from virtbus import (ERROR, SLOWNESS, TIMEOUT, VIRTBUSCTL, VIRTBUSD, DBusError, domain_xml, memory_rss,
                     process_alive, wait_until)

LIMIT = 128 << 10


class Talker:
    """An emulator that says something when it is to run a domain, and then runs it, or does not."""

    def __init__(self, directory):
        self.path = directory / 'talker'
        self.path.mkdir()
        self.program = self.path / 'qemu-talker'
        self.words = self.path / 'words'
        self.program.write_text(f'#!/bin/sh\ncase "$*" in *charmonitor*) . {self.words};; esac\n'
                                'exec /usr/bin/qemu-system-x86_64 "$@"\n')
        for path in (self.path, self.program):
            path.chmod(0o755)

    def does(self, script):
        self.words.write_text(script)
        self.words.chmod(0o644)


@pytest.fixture
def talker(directory):
    return Talker(directory)


@pytest.fixture
def ctl(service):
    def run(*arguments, status=0):
        done = subprocess.run([VIRTBUSCTL, f'--address={service.bus.address}', *arguments], text=True,
                              capture_output=True, timeout=TIMEOUT, check=False)
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr
    return run


class Follower:
    """virtbusctl log -f, and what it has printed so far."""

    def __init__(self, service, name):
        self.process = subprocess.Popen([VIRTBUSCTL, f'--address={service.bus.address}', 'log', '-f', name],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ''

    def read(self):
        self.text += (self.process.stdout.read() or b'').decode()
        return self.text

    def expect(self, words):
        wait_until(lambda: words in self.read(), f'{words!r} is followed')

    def end(self):
        self.process.wait(TIMEOUT)
        self.read()
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def follow(service):
    followers = []

    def start(name):
        followers.append(Follower(service, name))
        return followers[-1]
    yield start
    for follower in followers:
        follower.close()


def say(pid, text):
    """As the emulator would."""
    with open(f'/proc/{pid}/fd/2', 'w', encoding='utf-8') as file:
        file.write(text + '\n')


def read(fd):
    with os.fdopen(fd) as file:
        return file.read()


def log_of(domain):
    return read(domain.OpenLog())


def heard(domain, words):
    wait_until(lambda: words in log_of(domain), f'the log has {words!r}')


def failed(call):
    with pytest.raises(DBusError) as caught:
        call()
    assert caught.value.name == ERROR + 'EmulatorFailed', caught.value
    return caught.value.message


def test_a_failed_start_has_the_last_lines(manager, talker, service):
    domain = manager.define(domain_xml(emulator=talker.program))
    for i in range(10):
        talker.does(f'echo "to stdout {i}"; echo "cannot do it, try {i}" >&2; exit 1\n')
        message = failed(domain.Start)
        assert 'exited with status 1' in message
        assert f'to stdout {i}\ncannot do it, try {i}' in message and f'try {i - 1}' not in message
        assert f'cannot do it, try {i}\n' in log_of(domain)
    talker.does('for i in $(seq 3000); do echo "line $i of what it says"; done; exit 1\n')
    message = failed(domain.Start)
    assert message.endswith('line 3000 of what it says') and len(message) < 3000
    assert log_of(domain).endswith('line 3000 of what it says\n')
    assert service.log_copiers() == [] and service.runtime_leftovers() == []


def test_any_bytes_may_be_the_last(manager, talker, service):
    """The caller gets text, soon, and not much of it, whatever and however much it was."""
    domain = manager.define(domain_xml(emulator=talker.program))
    for script, end in (('head -c 100000000 /dev/zero', 'said nothing'), ('head -c 10000000 /dev/urandom', ''),
                        ("yes much of it | head -c 100000000", ""),
                        ("head -c 3000000 /dev/zero | tr '\\0' x", 'x'),
                        (r"printf 'a\0b\377\376\n\0\0c\233d\302\233e\342\200\256f\303'", 'a b\ufffd\ufffd\n  c\ufffdd e f\ufffd')):
        talker.does(f'{script}; exit 1\n')
        message = failed(domain.Start)
        assert message.endswith(end) and 'exited with status 1' in message and len(message) < 3000
        assert all(c == '\n' or unicodedata.category(c) not in ('Cc', 'Cf', 'Zl', 'Zp') for c in message)
    assert service.log_copiers() == [] and service.runtime_leftovers() == []


def test_the_real_emulator_says_why(manager):
    domain = manager.define(domain_xml(extra='<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">'
                                       '<qemu:arg value="-nonsense"/></qemu:commandline>'))
    assert '-nonsense: invalid option' in failed(domain.Start)
    assert '-nonsense: invalid option' in log_of(domain)


def test_a_log_for_people(manager, ctl):
    domain = manager.define(domain_xml('web'))
    assert ctl('log', 'web') == ''
    domain.Start()
    pid = domain.ProcessID
    os.kill(pid, signal.SIGTERM)
    domain.wait_state('shutoff')
    assert f'terminating on signal 15 from pid {os.getpid()}' in ctl('log', 'web')
    assert f'terminating on signal 15 from pid {os.getpid()}' in ctl('log', f'{os.geteuid()}/web')
    assert "'mail'" in ctl('log', 'mail', status=1)
    domain.Start()
    assert ctl('log', 'web') == ''
    domain.Undefine()
    domain.PowerOff()
    ctl('log', 'web', status=1)


def test_wrong_words_are_refused(manager, ctl):
    manager.define(domain_xml('web'))
    assert 'needs an argument' in ctl('log', status=2)
    assert 'too many' in ctl('log', 'web', 'mail', status=2)
    assert 'show does not take --follow' in ctl('show', '-f', 'web', status=2)
    assert 'log does not take --json' in ctl('log', '--json', 'web', status=2)


def test_what_is_said_without_the_service(client, manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    say(pid, 'before')
    heard(domain, 'before\n')
    service.stop(signal.SIGKILL)
    say(pid, 'meanwhile')
    (copier,) = service.log_copiers()
    service.start()
    client.start_model()
    say(pid, 'after')
    heard(domain, 'after\n')
    assert log_of(domain) == 'before\nmeanwhile\nafter\n'
    assert service.log_copiers() == [copier]
    os.kill(pid, signal.SIGTERM)
    domain.wait_state('shutoff')
    assert log_of(domain).startswith('before\nmeanwhile\nafter\n') and 'terminating on signal 15' in log_of(domain)
    assert service.log_copiers() == []


def test_who_follows_needs_no_service(client, manager, service, follow):
    domain = manager.define(domain_xml('web'))
    domain.Start()
    pid = domain.ProcessID
    say(pid, 'one')
    follower = follow('web')
    follower.expect('one\n')
    say(pid, 'two')
    follower.expect('two\n')
    service.stop(signal.SIGKILL)
    say(pid, 'three')
    follower.expect('three\n')
    service.start()
    client.start_model()
    say(pid, 'four')
    follower.expect('four\n')
    assert follower.read() == 'one\ntwo\nthree\nfour\n'


def test_who_follows_gets_the_next_guests_until_the_domain_is_gone(manager, follow, talker):
    talker.does('echo "first"\n')
    domain = manager.define(domain_xml('web', emulator=talker.program))
    follower = follow(domain.path)
    domain.Start()
    follower.expect('first\n')
    talker.does('echo "second" >&2; exit 3\n')
    domain.PowerOff()
    failed(domain.Start)
    follower.expect('second\n')
    talker.does('echo "third"\n')
    domain.Start()
    follower.expect('third\n')
    domain.Undefine()
    say(domain.ProcessID, 'fourth')
    follower.expect('fourth\n')
    assert follower.process.poll() is None
    domain.PowerOff()
    assert follower.end() == 0
    assert [line for line in follower.text.splitlines() if 'qemu' not in line] == ['first', 'second', 'third', 'fourth']


def test_who_does_not_read_holds_up_nobody(manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    (copier,) = service.log_copiers()
    lazy = [domain.OpenLog(follow=True) for _ in range(100)]
    for _ in range(40):
        say(domain.ProcessID, 'x' * (64 << 10))
    say(domain.ProcessID, 'the last')
    heard(domain, 'the last\n')
    domain.Suspend()
    domain.Resume()
    assert memory_rss(copier) < 64 << 20
    # They can say nothing, and so cannot end it.
    with pytest.raises(BrokenPipeError):
        os.write(lazy[0], b'.')
    for fd in lazy:
        os.close(fd)
    assert service.log_copiers() == [copier]
    start = time.monotonic()
    domain.PowerOff()
    assert time.monotonic() - start < 4 * SLOWNESS


def test_a_flood_is_bounded_without_the_service(client, manager, service, talker):
    talker.does('(while :; do echo "a line of a flood that nobody can stop: $((i = i + 1))"; done) &\n')
    domain = manager.define(domain_xml(emulator=talker.program))
    domain.Start()
    (copier,) = service.log_copiers()
    room = pathlib.Path(domain.RuntimeDirectory)
    service.stop(signal.SIGKILL)
    first = (room / 'emulator.log').read_text().splitlines()[-2].split()[-1]
    for _ in range(20):
        time.sleep(0.05)
        assert sum(path.stat().st_size for path in room.rglob('*') if path.is_file()) < 2 * LIMIT
    wait_until(lambda: int(first) + 10000 < int(((room / 'emulator.log').read_text().splitlines() or ['0'] * 2)[-2].split()[-1]),
               'it has gone on', timeout=30 * SLOWNESS)
    assert memory_rss(copier) < 64 << 20
    service.start()
    client.start_model()
    log = log_of(domain)
    assert len(log) <= LIMIT + (64 << 10) and log.startswith('a line of')
    start = time.monotonic()
    domain.PowerOff()
    assert time.monotonic() - start < 20 * SLOWNESS


def test_a_guest_is_not_held_up_by_its_log(manager, service):
    """What prints neither waits nor dies if nobody takes it."""
    domain = manager.define(domain_xml())
    domain.Start()
    (copier,) = service.log_copiers()
    os.kill(copier, signal.SIGSTOP)
    try:
        pid = domain.ProcessID
        theirs = os.pidfd_open(pid)
        with open(f'/proc/{pid}/fdinfo/2', encoding='ascii') as file:
            flags = int([line.split()[1] for line in file if line.startswith('flags')][0], 8)
        assert flags & os.O_NONBLOCK and flags & os.O_ACCMODE == os.O_RDWR
        os.close(theirs)
        fd = os.open(f'/proc/{pid}/fd/2', os.O_WRONLY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            for _ in range(1000):
                os.write(fd, b'x' * 4095 + b'\n')
        os.close(fd)
        domain.Suspend()
        domain.Resume()
    finally:
        os.kill(copier, signal.SIGCONT)
    heard(domain, 'x' * 4095 + '\n')
    say(domain.ProcessID, 'and on')
    heard(domain, 'and on\n')


def test_another_copies_where_one_was_killed(client, manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    say(pid, 'one')
    heard(domain, 'one\n')
    (first,) = service.log_copiers()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: service.log_copiers() not in ([], [first]), 'there is another')
    say(pid, 'two')
    heard(domain, 'two\n')
    (second,) = service.log_copiers()
    service.stop(signal.SIGKILL)
    os.kill(second, signal.SIGKILL)
    say(pid, 'three')
    service.start()
    client.start_model()
    heard(domain, 'three\n')
    assert log_of(domain) == 'one\ntwo\nthree\n'
    assert process_alive(pid) and domain.State == 'running'
    os.kill(pid, signal.SIGTERM)
    domain.wait_state('shutoff')
    assert 'terminating on signal 15' in log_of(domain)
    assert service.log_copiers() == []


def test_who_copies_can_do_nothing_else(manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    say(domain.ProcessID, 'one')
    heard(domain, 'one\n')
    first = True
    for _ in range(2):
        (pid,) = service.log_copiers()
        status = dict(line.split(':\t', 1) for line in
                      pathlib.Path(f'/proc/{pid}/status').read_text().splitlines() if ':\t' in line)
        assert status['NoNewPrivs'] == '1'
        kinds = ('CapInh', 'CapPrm', 'CapEff', 'CapAmb') + (('CapBnd',) if os.geteuid() == 0 else ())
        assert {kind: int(status[kind], 16) for kind in kinds} == dict.fromkeys(kinds, 0)
        room = domain.RuntimeDirectory
        files = sorted(os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd'))
        # Two sockets: where followers connect, and the journal, where there is one.
        sockets = [file for file in files if file.startswith('socket:')]
        assert len(sockets) in (1, 2)
        assert [file for file in files if file not in sockets] == ['/dev/null'] * 3 + [
            f'{room}/emulator.log', f'{room}/monitor/log.pipe']
        assert os.readlink(f'/proc/{pid}/cwd') == '/' and os.getsid(pid) == pid
        if first:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda gone=pid: service.log_copiers() not in ([], [gone]), 'there is another')
            say(domain.ProcessID, 'two')
            heard(domain, 'two\n')
        first = False


@pytest.mark.parametrize('service_first', [True, False])
def test_nothing_is_left_whoever_dies_first(client, manager, service, service_first):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    assert len(service.log_copiers()) == 1
    if service_first:
        service.stop(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: service.log_copiers() == [], 'nobody copies')
        service.start()
        client.start_model()
    else:
        os.kill(pid, signal.SIGKILL)
    domain.wait_state('shutoff')
    assert service.log_copiers() == [] and service.runtime_leftovers() == []


def test_a_log_is_of_its_domain_only(client, manager, service):
    one, other = manager.define(domain_xml('one')), manager.create(domain_xml('other'))
    one.Start()
    say(one.ProcessID, 'of one')
    say(other.ProcessID, 'of other')
    heard(one, 'of one\n')
    heard(other, 'of other\n')
    assert (log_of(one), log_of(other)) == ('of one\n', 'of other\n')
    other.PowerOff()
    one.PowerOff()
    kept = service.runtime / 'logs'
    assert kept.stat().st_mode & 0o7777 == 0o700
    assert [path.name for path in kept.iterdir()] == [one.id]
    one.Undefine()
    assert list(kept.iterdir()) == []


def test_a_log_of_nobody_is_forgotten(client, manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    domain.PowerOff()
    kept = service.runtime / 'logs'
    service.stop()
    (kept / '777').write_text('of nobody')
    service.start()
    client.start_model()
    assert [path.name for path in kept.iterdir()] == [domain.id]


def test_terminals_see_no_tricks(manager, service, ctl):
    domain = manager.define(domain_xml('web'))
    domain.Start()
    say(domain.ProcessID, '\033]0;title\a red \033[31m')
    heard(domain, 'red')
    seen = subprocess.run(['script', '-qec', f'{VIRTBUSCTL} --address={service.bus.address} log web', '/dev/null'],
                          capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout
    assert '\033' not in seen and '\\x1b[31m' in seen
    assert '\033[31m' in ctl('log', 'web')



def start_copier(directory, number, said=b''):
    """The process that copies a log, which listens at `socket` and the number; and where what it copies is written."""
    reader, writer = os.pipe2(os.O_NONBLOCK)
    file = os.open(directory / 'log', os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / f'socket{number}'))
        listener.listen()
        fds = (reader, file, listener.fileno())
        os.write(writer, said)
        copier = subprocess.Popen([VIRTBUSD, '--copy-log', *map(str, fds), 'virtbus-test'], pass_fds=fds)
    os.close(reader)
    os.close(file)
    return copier, writer


def test_who_comes_at_the_end_gets_it_all(directory):
    """Whoever is let in before the copying process has gone is served."""
    for n in range(50):
        copier, writer = start_copier(directory, n)
        followers = []
        os.write(writer, b'all of it\n')
        with contextlib.ExitStack() as stack:
            def connect():
                followers.append(stack.enter_context(socket.socket(socket.AF_UNIX)))
                followers[-1].connect(str(directory / f'socket{n}'))
            connect()
            assert followers[0].recv(1000) == b'all of it\n' * (n + 1)
            os.close(writer)
            with contextlib.suppress(ConnectionRefusedError):
                for _ in range(60):
                    connect()
            for follower in followers[1:-1]:
                assert follower.makefile().read() == 'all of it\n' * (n + 1)
        assert copier.wait(TIMEOUT) == 0


def test_a_question_is_heard_from_who_has_gone(directory):
    """Who asks for the end does not stay to be told what there is; others may print on."""
    for n in range(20):
        copier, writer = start_copier(directory, n, b'a word\n')
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(directory / f'socket{n}'))
            asking.send(b'.')
        assert copier.wait(TIMEOUT) == 0
        assert (directory / 'log').stat().st_size == len(b'a word\n') * (n + 1)
        os.close(writer)
