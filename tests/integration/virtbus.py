# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests stand on: a private bus, services on it, and a client that remembers what it saw.

Nothing here sleeps for a fixed time to let something happen: everything waits for a condition, up to a limit that
only a broken service reaches. VIRTBUS_TEST_SLOWNESS (a number) stretches the limits for instrumented builds.
"""

import atexit
import ctypes
import fcntl
import functools
import json
import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import threading
import time

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INTERFACES = SOURCE / 'dbus-interfaces'
BUILD = pathlib.Path(os.environ.get('VIRTBUS_BUILD', SOURCE / 'build'))
# Others read what the tests make.
os.umask(0o022)


def for_everybody(program):
    """Where every user can run a program: a copy of what is below a directory that others may not enter."""
    path = pathlib.Path(program)
    if not path.is_file() or (path.stat().st_mode & 0o005 == 0o005 and
                              all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)):
        return program
    place = make_directory()
    atexit.register(shutil.rmtree, place)
    copy = place / path.name
    shutil.copyfile(path, copy)
    copy.chmod(0o755)
    return str(copy)


def make_directory():
    """A directory whose name is short (unix sockets go into it) and that every uid can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='vb-', dir='/tmp'))
    os.chmod(path, 0o755)
    return path


VIRTBUSD = for_everybody(os.environ.get('VIRTBUSD', str(BUILD / 'src/daemon/virtbusd')))
VIRTBUSCTL = for_everybody(os.environ.get('VIRTBUSCTL', str(BUILD / 'src/ctl/virtbusctl')))
WRAPPER = shlex.split(os.environ.get('VIRTBUSD_WRAPPER', ''))
SLOWNESS = float(os.environ.get('VIRTBUS_TEST_SLOWNESS', '1'))
QEMU = '/usr/bin/qemu-system-x86_64'

BUS_NAME = 'org.virtbus1'
ROOT = '/org/virtbus1'
MANAGER = 'org.virtbus1.Manager'
DOMAIN = 'org.virtbus1.Domain'
DEVICE = 'org.virtbus1.Device'
CONTROLLER = 'org.virtbus1.Controller'
PROPERTIES = 'org.freedesktop.DBus.Properties'
OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
PEER = 'org.freedesktop.DBus.Peer'
ERROR = 'org.virtbus1.Error.'
# Users that every Debian has; a bus talks to nobody whom the user database does not know.
STRANGER, OWNER, OTHER = 65534, 2, 3

ACCESS_DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
INVALID_ARGS = 'org.freedesktop.DBus.Error.InvalidArgs'
LIMITS_EXCEEDED = 'org.freedesktop.DBus.Error.LimitsExceeded'

TIMEOUT = 30 * SLOWNESS       # a call that is to succeed, a condition that is to come
GUEST_TIMEOUT = 90 * SLOWNESS # a guest's kernel boots, or shuts down

# What instrumented builds and the libraries say when something is wrong with the service itself.
TROUBLE = re.compile(r'AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|-CRITICAL|'
                     r'GLib.*-WARNING|\bAssertion\b|assertion .* failed|ERROR SUMMARY: [1-9]|'
                     r'definitely lost: [1-9]|event source .* returned error')


class DBusError(Exception):
    """A call's error reply."""

    def __init__(self, name, message):
        super().__init__(f'{name}: {message}')
        self.name = name
        self.message = message


def wait_until(condition, what, timeout=None, step=0.01):
    """The first true value of condition(); fails the test after the limit."""
    deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited in vain until {what}')
        time.sleep(step)


def take_lock(name):
    """An open file whose lock only this process has."""
    folder = pathlib.Path('/run/lock')
    folder.mkdir(exist_ok=True)
    lock = open(folder / f'virtbus-test-{name}', 'wb')  # noqa: SIM115
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


# Processes ---------------------------------------------------------------------------------------------------------

def process_stat(pid):
    """State letter, parent and start time of a process; None if there is none."""
    try:
        text = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(')') + 2:].split()
    return fields[0], int(fields[1]), int(fields[19])


def process_name(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/comm').read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ''


def command_line(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b''


def process_alive(pid):
    found = process_stat(pid)
    return found is not None and found[0] not in 'ZX'


def children_of(pid):
    found = []
    for task in pathlib.Path(f'/proc/{pid}/task').glob('*'):
        try:
            found += [int(word) for word in (task / 'children').read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def memory_rss(pid):
    """Resident bytes of a process."""
    match = re.search(r'^VmRSS:\s+(\d+) kB', pathlib.Path(f'/proc/{pid}/status').read_text(), re.M)
    return int(match[1]) * 1024


class Orphanage:
    """Guests outlive their service; here they become ours, so that none is lost sight of. An orphan that has ended
    is reaped at once, as init would."""

    PR_SET_CHILD_SUBREAPER = 36
    # An emulator, and what runs beside it.
    GUESTS = ('qemu', 'swtpm', 'passt', 'virtiofsd')

    def __init__(self):
        if ctypes.CDLL(None, use_errno=True).prctl(self.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), 'prctl(PR_SET_CHILD_SUBREAPER)')
        threading.Thread(target=self._reap, daemon=True).start()

    @staticmethod
    def orphans():
        return [pid for pid in children_of('self') if process_name(pid).startswith(Orphanage.GUESTS) and
                not process_name(pid).startswith('qemu-img')]

    def _reap(self):
        while True:
            for pid in self.orphans():
                found = process_stat(pid)
                if found and found[0] == 'Z':
                    try:
                        os.waitpid(pid, os.WNOHANG)
                    except ChildProcessError:
                        pass
            time.sleep(0.02)

    def kill_all(self):
        """Ends what is left; tells what that was."""
        left = [pid for pid in self.orphans() if process_alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            wait_until(lambda: not process_alive(pid), f'{pid} has ended')
        return left


class PidfdHelper:
    """Opens and signals pidfds for a service under a valgrind that cannot; see valgrind-pidfd.c."""

    def __init__(self):
        self.name = f'virtbus-pidfd-{os.getpid()}'
        place = pathlib.Path(tempfile.mkdtemp(prefix='vb-'))
        atexit.register(shutil.rmtree, place)
        self.library = place / 'valgrind-pidfd.so'
        subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', self.library,
                        SOURCE / 'tests/integration/valgrind-pidfd.c'], check=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind('\0' + self.name)
        self.socket.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def environment(self):
        return {'LD_PRELOAD': str(self.library), 'VIRTBUS_PIDFD_HELPER': self.name}

    def _serve(self):
        while True:
            connection = self.socket.accept()[0]
            with connection:
                data, fds, _, _ = socket.recv_fds(connection, 4, 1)
                answer, new = 0, []
                try:
                    if fds:
                        signal.pidfd_send_signal(fds[0], struct.unpack('i', data)[0])
                    else:
                        new = [os.pidfd_open(struct.unpack('i', data)[0])]
                except OSError as error:
                    answer = error.errno
                socket.send_fds(connection, [struct.pack('i', answer)], new)
                for fd in fds + new:
                    os.close(fd)


# Bus and service ---------------------------------------------------------------------------------------------------

BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
  <limit name="max_message_size">134217728</limit>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_unix_fds">128</limit>
  <limit name="max_replies_per_connection">50000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
</busconfig>
'''


class Bus:
    """A message bus of our own that every uid may use."""

    # What a service is told and given to be on it.
    environment = {}

    @property
    def arguments(self):
        return [f'--address={self.address}']

    def __init__(self, directory, text=BUS_CONFIG):
        config = directory / 'bus.conf'
        config.write_text(text.format(directory=directory, source=SOURCE))
        self.address = f'unix:path={directory}/bus'
        with open(directory / 'bus.log', 'wb') as log:
            self.process = subprocess.Popen(['dbus-daemon', f'--config-file={config}', '--nofork', '--nopidfile',
                                             '--nosyslog'], stderr=log)
        wait_until(lambda: self._listens(directory / 'bus'), 'dbus-daemon listens')
        os.chmod(directory / 'bus', 0o777)

    @staticmethod
    def _listens(path):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
            return True
        except OSError:
            return False

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


class Service:
    """A virtbusd with directories of its own."""

    def __init__(self, bus, directory, cache, *, arguments=None, options=(), environment=None, uid=None, wrapper=None,
                 expect_trouble=False):
        self.bus = bus
        self.directory = directory
        self.state, self.runtime, self.cache = directory / 'state', directory / 'run', cache
        self.log_path = directory / 'virtbusd.log'
        # Whoever runs the tests may have a virtbusd.conf.
        self.environment = {**os.environ, 'XDG_CONFIG_HOME': str(directory / 'config'), **self._instruments(),
                            **bus.environment, **(environment or {})}
        self.arguments = arguments if arguments is not None else [
            *bus.arguments, f'--state-dir={self.state}', f'--runtime-dir={self.runtime}', f'--cache-dir={self.cache}',
            *options]
        self.uid = uid
        self.wrapper = WRAPPER if wrapper is None else wrapper
        self.expect_trouble = expect_trouble
        self.process = None
        self.log_path.touch()

    @staticmethod
    @functools.cache
    def _instruments():
        return PidfdHelper().environment() if 'valgrind' in WRAPPER else {}

    def start(self):
        """Returns when the service answers."""
        identity = [] if self.uid is None else ['setpriv', f'--reuid={self.uid}', f'--regid={self.uid}',
                                                '--clear-groups']
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(identity + self.wrapper + [VIRTBUSD] + self.arguments,
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        probe = Connection(self.bus.address)
        try:
            def answers():
                assert self.process.poll() is None, \
                    f'virtbusd ended with status {self.process.returncode}:\n{self.log()}'
                try:
                    probe.call(BUS_NAME, ROOT, PEER, 'Ping')
                    return True
                except DBusError:
                    return False
            wait_until(answers, 'virtbusd answers')
        finally:
            probe.close()
        return self

    def log(self):
        return self.log_path.read_text(errors='replace')

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, signo=signal.SIGTERM):
        """Ends the service; a graceful end must be one."""
        if not self.alive:
            return
        self.process.send_signal(signo)
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'virtbusd did not end on signal {signo}:\n{self.log()}') from None
        if signo != signal.SIGKILL:
            assert status == 0, f'virtbusd ended with status {status}:\n{self.log()}'

    def restart(self, signo=signal.SIGTERM):
        self.stop(signo)
        return self.start()

    def check_log(self):
        if not self.expect_trouble:
            trouble = [line for line in self.log().splitlines() if TROUBLE.search(line)]
            assert not trouble, 'the service is unwell:\n' + self.log()

    # The files, by what the tests need of them.

    def definition_file(self, domain):
        """The file that holds a domain's definition."""
        found = list((self.state / 'domains' / domain.id).glob('*.xml'))
        assert len(found) == 1, found
        return found[0]

    def runtime_directory(self, domain):
        return self.runtime / 'domains' / domain.id

    def runtime_leftovers(self):
        """Directories of guests."""
        domains = self.runtime / 'domains'
        return sorted(path.name for path in domains.iterdir()) if domains.exists() else []

    def state_entries(self):
        """Directories of definitions."""
        domains = self.state / 'domains'
        return sorted(path.name for path in domains.iterdir()) if domains.exists() else []

    def emulators(self):
        """The emulators of guests below the service, as the kernel sees it."""
        return [pid for pid in self.emulator_processes() if b'charmonitor' in command_line(pid)]

    def log_copiers(self):
        """The processes that copy what guests of this service print, whoever's children they are."""
        mark = re.compile(b'VIRTBUS_MARK=' + re.escape(str(self.runtime).encode()) + b'/[^\0]*#log\0')
        found = []
        for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
            try:
                if mark.search(path.read_bytes()):
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return [pid for pid in found if process_alive(pid)]

    def emulator_processes(self):
        """The same with those that are only asked what they are."""
        return [pid for pid in children_of(self.pid) if process_name(pid).startswith('qemu') and process_alive(pid)]


# Client ------------------------------------------------------------------------------------------------------------

class Connection:
    """A bus connection. Calls and signals are seen in the order in which they came in."""

    def __init__(self, address):
        self.connection = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None, None)
        self.connection.set_exit_on_close(False)
        # Whether whoever is called may ask the user for a password.
        self.interactive = False

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync(None)

    def start_call(self, destination, path, interface, method, signature=None, *arguments, on_reply=None):
        """Sends a call; its outcome appears in the list that is returned, as a body with descriptors or an error."""
        message = Gio.DBusMessage.new_method_call(destination, path, interface, method)
        if signature:
            message.set_body(GLib.Variant(signature, arguments))
        if self.interactive:
            message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
        outcome = []

        def on_done(connection, result, *_):
            try:
                reply = connection.send_message_with_reply_finish(result)
                if reply.get_message_type() == Gio.DBusMessageType.ERROR:
                    body = reply.get_body()
                    text = body.unpack()[0] if body is not None and body.n_children() else ''
                    outcome.append(DBusError(reply.get_error_name(), text))
                else:
                    outcome.append(reply)
            except GLib.Error as error:
                outcome.append(DBusError(Gio.dbus_error_get_remote_error(error) or
                                         f'{error.domain}.{error.code}', error.message))
            if on_reply is not None:
                on_reply(outcome[0])

        self.connection.send_message_with_reply(message, Gio.DBusSendMessageFlags.NONE, GLib.MAXINT, None, on_done)
        return outcome

    def finish_call(self, outcome, timeout=None, what='the call was answered'):
        self.wait(lambda: outcome, what, timeout)
        if isinstance(outcome[0], DBusError):
            raise outcome[0]
        return outcome[0]

    def call(self, destination, path, interface, method, signature=None, *arguments, timeout=None):
        reply = self.finish_call(self.start_call(destination, path, interface, method, signature, *arguments),
                                 timeout, f'{interface}.{method} was answered')
        return unpack_reply(reply)

    def wait(self, condition, what, timeout=None):
        """Runs the main loop until condition() is true."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f'waited in vain until {what}')
            timer = GLib.timeout_add(50, lambda: True)
            context.iteration(True)
            GLib.source_remove(timer)

    def settle(self):
        """Returns when everything that the bus had sent before now has been dispatched here."""
        self.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetId')
        while GLib.MainContext.default().iteration(False):
            pass


def unpack_reply(reply):
    body = reply.get_body()
    values = list(body.unpack()) if body is not None else []
    if body is not None and 'h' in body.get_type_string():
        fds = reply.get_unix_fd_list().steal_fds()
        values = [fds[value] if body.get_child_value(i).get_type_string() == 'h' else value
                  for i, value in enumerate(values)]
    if not values:
        return None
    return values[0] if len(values) == 1 else tuple(values)


def load_interfaces():
    """The contract, by interface name."""
    found = {}
    for path in sorted(INTERFACES.glob('*.xml')):
        for interface in Gio.DBusNodeInfo.new_for_xml(path.read_text()).interfaces:
            found[interface.name] = interface
    return found


CONTRACT = load_interfaces()


def to_variant(value):
    if isinstance(value, GLib.Variant):
        return value
    kind = {bool: 'b', int: 'u', str: 's', float: 'd'}[type(value)]
    return GLib.Variant(kind, value)


def options(values=None, **named):
    return {name.replace('_', '-'): to_variant(value) for name, value in {**(values or {}), **named}.items()}


class Proxy:
    """A remote object: proxy.Method(arguments..., option=value) calls, proxy.Property reads."""

    INTERFACE = None

    def __init__(self, client, path):
        self.client = client
        self.path = path
        self.info = CONTRACT[self.INTERFACE]

    def __repr__(self):
        return f'<{self.INTERFACE} {self.path}>'

    def __eq__(self, other):
        return isinstance(other, Proxy) and self.path == other.path

    def __hash__(self):
        return hash(self.path)

    def __getattr__(self, name):
        if not name[0].isupper():
            raise AttributeError(name)
        if self.info.lookup_property(name):
            return self.client.call(BUS_NAME, self.path, PROPERTIES, 'Get', '(ss)', self.INTERFACE, name)
        return lambda *arguments, **named: self.call(name, *arguments, **named)

    def _request(self, name, arguments, named):
        method = self.info.lookup_method(name)
        assert method, f'{self.INTERFACE} has no method {name}'
        signature = [argument.signature for argument in method.in_args]
        arguments = list(arguments)
        if signature and signature[-1] == 'a{sv}' and len(arguments) == len(signature) - 1:
            arguments.append(options(named))
        else:
            assert not named
        return f'({"".join(signature)})', arguments

    def call(self, name, *arguments, timeout=None, **named):
        signature, arguments = self._request(name, arguments, named)
        outcome = self.client.start_call(BUS_NAME, self.path, self.INTERFACE, name, signature, *arguments)
        return unpack_reply(self.client.finish_call(outcome, timeout, f'{name} was answered'))

    def start(self, name, *arguments, **named):
        """Sends the call without waiting for the answer."""
        signature, arguments = self._request(name, arguments, named)
        return self.client.start_call(BUS_NAME, self.path, self.INTERFACE, name, signature, *arguments)

    def get_all(self):
        return self.client.call(BUS_NAME, self.path, PROPERTIES, 'GetAll', '(s)', self.INTERFACE)


class Manager(Proxy):
    INTERFACE = MANAGER

    def define(self, xml):
        return Domain(self.client, self.DefineDomain(xml))

    def create(self, xml, **named):
        return Domain(self.client, self.CreateDomain(xml, **named))

    def get(self, name):
        return Domain(self.client, self.GetDomain(name))

    def domains(self):
        return [Domain(self.client, entry[4]) for entry in self.ListDomains()]

    def managed_objects(self):
        return self.client.call(BUS_NAME, ROOT, OBJECT_MANAGER, 'GetManagedObjects')


class Device(Proxy):
    INTERFACE = DEVICE


class Controller(Proxy):
    INTERFACE = CONTROLLER


class Domain(Proxy):
    INTERFACE = DOMAIN

    @property
    def id(self):
        return self.path.rsplit('/', 1)[1]

    def exists(self):
        return any(entry[4] == self.path for entry in Manager(self.client, ROOT).ListDomains())

    def wait_state(self, state, timeout=None):
        self.client.wait_property(self.path, DOMAIN, 'State', state, timeout)

    def wait_gone(self, timeout=None):
        self.client.wait(lambda: not self.exists(), f'{self.path} is gone', timeout)

    def hardware(self):
        return self.client.call(BUS_NAME, self.path, OBJECT_MANAGER, 'GetManagedObjects')

    def controllers(self):
        return [Controller(self.client, path) for path in self.Controllers]

    def device(self, alias):
        for path, interfaces in self.hardware().items():
            if interfaces[DEVICE]['Alias'] == alias:
                return Device(self.client, path)
        raise AssertionError(f'{self.path} has no {alias}: {sorted(self.hardware())}')


class Event:
    """A signal, or the reply to one of our own calls, in the order of arrival."""

    def __init__(self, path, interface, member, arguments):
        self.path, self.interface, self.member, self.arguments = path, interface, member, arguments

    def __repr__(self):
        return f'{self.path} {self.member}{self.arguments}'


class Client(Connection):
    """A client that records every signal, and keeps a model of all domains from signals alone."""

    def __init__(self, address):
        super().__init__(address)
        self.events = []
        self.errors = set()
        self.model = None
        self.manager = Manager(self, ROOT)
        self.connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, self._on_signal)

    def _on_signal(self, connection, sender, path, interface, member, parameters, *_):
        if not path.startswith(ROOT):
            return
        event = Event(path, interface, member, parameters.unpack())
        self.events.append(event)
        if self.model is not None:
            self._apply(event)

    def start_call(self, destination, path, interface, method, signature=None, *arguments, on_reply=None):
        def replied(outcome):
            if isinstance(outcome, DBusError):
                self.errors.add(outcome.name)
            if interface.startswith(BUS_NAME) and not method.startswith(('Get', 'List')):
                self.events.append(Event(path, interface, 'reply', (method,)))
            if on_reply is not None:
                on_reply(outcome)
        return super().start_call(destination, path, interface, method, signature, *arguments, on_reply=replied)

    # The story: what happened since a moment, in few words.

    def mark(self):
        self.settle()
        return len(self.events)

    def since(self, mark):
        # The service sends one signal after the other: when it answers, it has sent all that belong together.
        try:
            self.call(BUS_NAME, ROOT, PEER, 'Ping')
        except DBusError:
            pass
        self.settle()
        return self.events[mark:]

    def story(self, mark, path=None):
        """What happened to one domain: its state changes, events, coming and going, and our replies. A domain's
        Lifecycle counts only with the Manager's right behind it, and a change of state only with a reason."""
        told, events = [], self.since(mark)
        if events and events[-1].interface == DOMAIN and events[-1].member == 'Lifecycle':
            seen = len(self.events)
            self.wait(lambda: len(self.events) > seen, f'the Manager told {events[-1]} too')
            events = self.since(mark)
        for i, event in enumerate(events):
            if event.member == 'InterfacesAdded' and event.path == ROOT:
                if path in (None, event.arguments[0]):
                    told.append('added')
            elif event.member == 'InterfacesRemoved' and event.path == ROOT:
                if path in (None, event.arguments[0]):
                    told.append('removed')
            elif event.member == 'reply':
                told.append(f'{event.arguments[0]} replied')
            elif path is not None and event.path != path:
                continue
            elif event.member == 'PropertiesChanged' and event.arguments[0] == DOMAIN:
                if 'State' in event.arguments[1]:
                    told.append(f'is {event.arguments[1]["State"]}')
            elif event.interface == DOMAIN and event.member == 'Lifecycle':
                told.append(' '.join(event.arguments))
                behind = events[i + 1] if i + 1 < len(events) else None
                assert (behind is not None and behind.interface == MANAGER and behind.member == 'Lifecycle' and
                        behind.arguments == (event.path, *event.arguments)), \
                    f'the Manager did not tell {event} right behind the domain: {events}'
            elif event.interface == DOMAIN:
                told.append(f'{event.member} {event.arguments[0]}')
        return told

    def wait_event(self, mark, event, detail=None, path=None, timeout=None):
        """Waits for a domain's Lifecycle."""
        def found():
            return [seen for seen in self.events[mark:]
                    if seen.interface == DOMAIN and seen.member == 'Lifecycle' and seen.arguments[0] == event and
                    detail in (None, seen.arguments[1]) and path in (None, seen.path)]
        return self.wait(found, f'"{event} {detail or ""}" was told; seen: {self.events[mark:]}', timeout)[0]

    def wait_property(self, path, interface, name, value, timeout=None):
        """Waits until a property has a value; the signal is what ends the wait, reading covers what was before."""
        if self.call(BUS_NAME, path, PROPERTIES, 'Get', '(ss)', interface, name) == value:
            return
        seen = len(self.events)

        def changed():
            return any(event.path == path and event.member == 'PropertiesChanged' and
                       event.arguments[0] == interface and event.arguments[1].get(name) == value
                       for event in self.events[seen:])
        # A change between the reading and the first look at the list has been recorded before "seen".
        if self.call(BUS_NAME, path, PROPERTIES, 'Get', '(ss)', interface, name) == value:
            return
        self.wait(changed, f'{name} of {path} is {value}; seen: {self.events[seen:]}', timeout)

    # The model: what a desktop program would show.

    def start_model(self):
        """From here on every change must have been announced; see check_model()."""
        self.settle()
        self.model = None
        seen = len(self.events)
        model = self._snapshot()
        self.model = model
        for event in self.events[seen:]:
            self._apply(event)

    def _snapshot(self):
        objects = self.manager.managed_objects()
        objects[ROOT] = {MANAGER: self.manager.get_all()}
        for path in list(objects):
            if path != ROOT:
                objects.update(self.call(BUS_NAME, path, OBJECT_MANAGER, 'GetManagedObjects'))
        return {path: {name: dict(values) for name, values in interfaces.items() if name.startswith(BUS_NAME)}
                for path, interfaces in objects.items()}

    def _apply(self, event):
        if event.member == 'InterfacesAdded':
            path, interfaces = event.arguments
            self.model[path] = {name: dict(values) for name, values in interfaces.items()
                                if name.startswith(BUS_NAME)}
            if event.path == ROOT:
                self.model[path]['fresh'] = {}
        elif event.member == 'InterfacesRemoved':
            path = event.arguments[0]
            for gone in [known for known in self.model if known == path or known.startswith(path + '/')]:
                del self.model[gone]
        elif event.member == 'PropertiesChanged':
            interface, changed, invalidated = event.arguments
            if event.path in self.model and interface in self.model[event.path]:
                self.model[event.path][interface].update(changed)
                for name in invalidated:
                    self.model[event.path][interface].pop(name, None)

    def check_model(self):
        """What the signals told is what there is; or will be, as soon as signals under way have come."""
        if self.model is None:
            return
        deadline = time.monotonic() + 5 * SLOWNESS
        wrong = 'a domain comes or goes'
        while wrong:
            assert time.monotonic() < deadline, f'a change without a signal: {wrong}'
            self.settle()
            try:
                now = self._snapshot()
            except DBusError as error:
                assert error.name == 'org.freedesktop.DBus.Error.UnknownObject', error
                continue
            self.settle()
            wrong = self._differences(now)
        self.model = None

    def _differences(self, now):
        # The hardware of a domain that came later is announced with it and is for the client to fetch.
        fresh = tuple(path + '/' for path, interfaces in self.model.items() if 'fresh' in interfaces)
        model, now = ({path: interfaces for path, interfaces in side.items() if not fresh or not path.startswith(fresh)}
                      for side in (self.model, now))
        if set(model) != set(now):
            return f'only one has {sorted(set(model) ^ set(now))}'
        return [f'{interface}.{name} of {path}: {model[path][interface].get(name)!r} is {value!r}'
                for path, interfaces in now.items() for interface, values in interfaces.items()
                for name, value in values.items() if model[path][interface].get(name) != value]


# Definitions -------------------------------------------------------------------------------------------------------

def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('"', '&quot;')


def domain_xml(name='guest', *, uuid=None, title=None, description=None, memory=64, vcpus=1, machine='q35',
               arch='x86_64', os='', features='<acpi/><apic/>', actions='', devices='', emulator=None, extra=''):
    """A definition; the smallest there is unless told more."""
    parts = [f'<domain type="qemu">\n  <name>{escape(name)}</name>']
    for element, value in (('uuid', uuid), ('title', title), ('description', description)):
        if value is not None:
            parts.append(f'  <{element}>{escape(value)}</{element}>')
    parts += [f'  <memory unit="MiB">{memory}</memory>', f'  <vcpu>{vcpus}</vcpu>',
              f'  <os>\n    <type arch="{arch}" machine="{machine}">hvm</type>\n    {os}\n  </os>',
              f'  <features>{features}</features>', f'  {actions}', f'  {extra}', '  <devices>']
    if emulator is not None:
        parts.append(f'    <emulator>{escape(str(emulator))}</emulator>')
    parts += [f'    {devices}', '  </devices>', '</domain>\n']
    return '\n'.join(parts)


PTY = '<serial type="pty"/>'


class Guest:
    """The files of the test guest."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        # The ELF kernel: a compressed one takes an emulated processor seconds to unpack.
        self.kernel, self.initrd = self.directory / 'vmlinux', self.directory / 'initrd'
        self.cmdline = (self.directory / 'cmdline').read_text().strip()

    def os(self, cmdline=''):
        text = escape((self.cmdline + ' ' + cmdline).strip())
        return f'<kernel>{self.kernel}</kernel><initrd>{self.initrd}</initrd><cmdline>{text}</cmdline>'

    def xml(self, name='guest', *, cmdline='', devices='', memory=128, **named):
        return domain_xml(name, os=self.os(cmdline), devices=PTY + devices, memory=memory, **named)

    @staticmethod
    def boot(domain):
        """Waits until a domain that was started has booted; its console."""
        console = Console(domain.OpenConsole(''))
        console.expect('^virtbus-guest: ready')
        return console


class Console:
    """The guest's end of a character device, as OpenConsole gives it."""

    def __init__(self, fd):
        self.fd = fd
        self.text = ''
        os.set_blocking(fd, False)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read_some(self, timeout):
        if select.select([self.fd], [], [], timeout)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.text += data.decode(errors='replace')
            return bool(data)
        return True

    def expect(self, pattern, timeout=None):
        """Reads until the pattern has come, and forgets everything up to its end."""
        deadline = time.monotonic() + (GUEST_TIMEOUT if timeout is None else timeout)
        while True:
            match = re.search(pattern, self.text, re.M)
            if match:
                self.text = self.text[match.end():]
                return match
            left = deadline - time.monotonic()
            assert left > 0, f'{pattern!r} did not come; the console said:\n{self.text}'
            assert self.read_some(min(left, 1)), f'the console ended before {pattern!r}:\n{self.text}'

    def send(self, text):
        os.write(self.fd, text.encode())


def remove_directory(path):
    """With the sockets of guests whose service did not live to take them away."""
    mounts = [line.split()[4] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()]
    for mount in mounts:
        if mount.startswith(f'{path}/'):
            subprocess.run(['umount', '--lazy', mount], check=True)
    shutil.rmtree(path)


def run_as(uid, script, *arguments, **named):
    """Runs a Python script as another user; it need not be able to read the source tree."""
    return subprocess.run(['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', '/usr/bin/python3', '-',
                           *map(str, arguments)], input=script, text=True, capture_output=True,
                          timeout=TIMEOUT * 4, check=False, cwd='/', **named)


__all__ = [name for name in dir() if not name.startswith('_')]
