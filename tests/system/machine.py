# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Debian container with a booted systemd, the build installed in it, and users who are logged in.

Outside, a test has a Machine: it boots, reboots, powers off, runs commands as root. Inside, for each user, an actor
(actor.py) runs the test's functions with the harness of the integration tests at hand.
"""

import inspect
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import threading
import time
import uuid

import hanging

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('VIRTBUS_BUILD', SOURCE / 'build'))
SLOWNESS = float(os.environ.get('VIRTBUS_TEST_SLOWNESS', '1'))
BOOT_TIMEOUT = 60 * SLOWNESS
TIMEOUT = 60 * SLOWNESS
RESTART = 133
HARNESS = '/usr/local/lib/virtbus-tests'

# Who there is: name to password. Debian lets the group sudo authenticate as administrators.
USERS = {'alice': 'alice has a word', 'bob': 'bob has another', 'carol': 'carol administers'}
ADMINISTRATORS = ('carol',)

# Sessions of the actors and of nobody else. The accounting part of a real login has no place here.
PAM_SERVICE = '''account required pam_permit.so
session required pam_limits.so
session required pam_systemd.so
'''

# seat0 of a host with virtual terminals has its active session chosen by them, and those are not the container's.
# Without them the seat is like any other: the session that came last is active, and loginctl changes that.
LOGIND = '''[Service]
InaccessiblePaths=-/sys/class/tty/tty0
'''


class RemoteError(Exception):
    """What a function inside raised: a D-Bus error by its name, anything else by its Python type."""

    def __init__(self, name, message, trace=''):
        super().__init__(f'{name}: {message}\n{trace}')
        self.name = name
        self.message = message


class CommandError(AssertionError):
    pass


class Machine:
    """The container. Its directory is a copy of the root file system that the tests may change."""

    def __init__(self, rootfs, directory, guest):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / 'root'
        self.guest = guest
        self.process = None
        self.leader = None
        self.boots = 0
        self.actors = []
        subprocess.run(['cp', '-a', '--reflink=auto', pathlib.Path(rootfs) / 'root', self.root], check=True)
        self._install()
        self._furnish()

    def _install(self):
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet'], check=True,
                       env={**os.environ, 'DESTDIR': str(self.root)}, stdout=subprocess.DEVNULL)
        # As a package would: what is to end guests with the host is always there.
        subprocess.run(['systemctl', f'--root={self.root}', '--quiet', 'enable', 'virtbus-guests.service'], check=True)

    def _furnish(self):
        self.write('/etc/hostname', 'virtbus-test\n')
        self.write('/etc/pam.d/virtbus-test', PAM_SERVICE)
        self.write('/etc/systemd/system/systemd-logind.service.d/seat.conf', LOGIND)
        self.write('/etc/machine-id', '')
        (self.root / 'var/log/journal').mkdir(exist_ok=True)
        for service in ('apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer',
                        'e2scrub_reap.service', 'fstrim.timer', 'systemd-networkd.service', 'console-getty.service'):
            mask = self.root / 'etc/systemd/system' / service
            mask.unlink(missing_ok=True)
            mask.symlink_to('/dev/null')
        for user in USERS:
            groups = ['--groups=sudo'] if user in ADMINISTRATORS else []
            subprocess.run(['chroot', self.root, 'useradd', '--create-home', '--shell=/bin/bash', *groups, user],
                           check=True)
            os.chmod(self.root / 'home' / user, 0o700)
        words = ''.join(f'{user}:{word}\n' for user, word in USERS.items())
        subprocess.run(['chroot', self.root, 'chpasswd'], input=words, text=True, check=True)
        harness = self.root / HARNESS.lstrip('/')
        for name in ('tests/integration/virtbus.py', 'tests/integration/hanging.py', 'tests/system/actor.py'):
            target = harness / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SOURCE / name, target)
        shutil.copytree(SOURCE / 'dbus-interfaces', harness / 'dbus-interfaces')
        subprocess.run(['chmod', '-R', 'a+rX', harness], check=True)

    # Files, from outside; a path is the container's.

    def path(self, path):
        return self.root / str(path).lstrip('/')

    def write(self, path, text, mode=0o644):
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    # Life.

    def boot(self):
        """Returns when systemd has started everything that belongs to booting."""
        (self.directory / 'notify').unlink(missing_ok=True)
        self.leader = None
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.directory / 'notify'))
        # systemd tells of each job, and waits until it is read.
        self.notices = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self.notify, self.notices), daemon=True).start()
        # Where no systemd runs there is nobody to register with, and no other unit to be had than where we are.
        alone = [] if os.path.isdir('/run/systemd/system') else ['--keep-unit']
        hanging.make_device()
        self.console = open(self.directory / 'console.log', 'ab')
        environment = {**os.environ, 'NOTIFY_SOCKET': str(self.directory / 'notify')}
        self.process = subprocess.Popen(
            # It must not outlive the tests, however they end.
            ['setpriv', '--pdeathsig=TERM', 'systemd-nspawn', '--quiet', '--register=no', *alone, '--boot',
             '--console=read-only', '--notify-ready=yes', '--private-network', '--link-journal=no',
             '--resolv-conf=off', '--timezone=off',
             f'--machine=virtbus-test-{os.getpid()}', f'--directory={self.root}', f'--bind-ro={self.guest}:/srv/guest',
             f'--bind={hanging.DEVICE}'],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, env=environment,
            start_new_session=True)
        self._wait_boot()

    @staticmethod
    def _listen(notify, notices):
        while True:
            notices.put(notify.recv(65536).decode(errors='replace'))

    def _wait_boot(self):
        deadline = time.monotonic() + BOOT_TIMEOUT
        leader = None
        while True:
            left = deadline - time.monotonic()
            assert left > 0, f'the container did not boot:\n{self.console_end()}'
            assert self.process.poll() is None, f'the container ended while it booted:\n{self.console_end()}'
            try:
                text = self.notices.get(timeout=min(left, 1))
            except queue.Empty:
                continue
            found = re.search(r'^X_NSPAWN_LEADER_PID=(\d+)', text, re.M)
            leader = int(found[1]) if found else leader
            if leader and re.search(r'^READY=1', text, re.M):
                break
        self.leader = leader
        self.boots += 1
        self.wait_running()

    def wait_running(self):
        state = self.run('systemctl', 'is-system-running', '--wait', check=False).strip()
        assert state in ('running', 'degraded'), f'the container is {state}'
        failed = self.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend').strip()
        assert not failed, f'units failed while the container booted:\n{failed}'

    def reboot(self):
        self._end_actors()
        self.run('systemctl', 'reboot', check=False)
        if not os.path.isdir('/run/systemd/system'):
            # Without a unit of its own nspawn leaves it to us to boot again, and says so.
            self._reap(RESTART)
            self.boot()
        else:
            self._wait_boot()

    def power_off(self):
        """As a host is shut down, with everything that units do then."""
        if self.process is None:
            return
        self._end_actors()
        if self.process.poll() is None:
            self.run('systemctl', 'poweroff', check=False)
        self._reap()

    def destroy(self):
        """Leaves nothing running, whatever state the container is in."""
        self._end_actors()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def _reap(self, expected=0):
        try:
            status = self.process.wait(BOOT_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'the container did not power off:\n{self.console_end()}') from None
        assert status == expected, f'the container ended with status {status}:\n{self.console_end()}'
        self.process = None

    def _end_actors(self):
        for actor in list(self.actors):
            actor.close()

    def console_end(self):
        return (self.directory / 'console.log').read_text(errors='replace')[-4000:]

    # Inside.

    def enter(self):
        """The beginning of a command line that runs as root inside, outside of any unit."""
        return ['nsenter', f'--target={self.leader}', '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup',
                '--root', '--wd', 'env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'HOME=/root',
                'LC_ALL=C.UTF-8']

    def run(self, *command, check=True, input=None, timeout=TIMEOUT):
        """What a command of root's prints; with check=False also what it says on stderr."""
        done = subprocess.run(self.enter() + [str(word) for word in command], input=input, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT if not check else subprocess.PIPE,
                              stdin=None if input is not None else subprocess.DEVNULL, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise CommandError(f'{" ".join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}')
        return done.stdout

    def show(self, unit, *properties):
        """Properties of a unit, in the order in which they were asked for."""
        lines = self.run('systemctl', 'show', unit, *[f'--property={name}' for name in properties]).splitlines()
        found = dict(line.split('=', 1) for line in lines)
        values = [found[name] for name in properties]
        return values[0] if len(values) == 1 else values

    def journal(self, *arguments):
        return self.run('journalctl', '--no-pager', '--output=short-monotonic', *arguments, check=False)

    def uid(self, user):
        return 0 if user == 'root' else int(self.run('id', '-u', user))

    def login(self, user, *, seat=None):
        """An actor in a session of its own; with a seat it is local, and active until somebody else comes."""
        actor = Actor(self, user, session=True, seat=seat)
        self.actors.append(actor)
        return actor

    def become(self, user):
        """An actor without a session, as a system service has none."""
        actor = Actor(self, user, session=False, seat=None)
        self.actors.append(actor)
        return actor

    def activate(self, actor):
        self.run('loginctl', 'activate', actor.session)

    def processes(self):
        """Command lines of all processes inside, by pid as it is inside."""
        found = {}
        for line in self.run('ps', '-e', '--no-headers', '-o', 'pid=,args=').splitlines():
            pid, arguments = line.split(None, 1)
            found[int(pid)] = arguments
        return found

    def emulators(self):
        return {pid: arguments for pid, arguments in self.processes().items()
                if re.match(r'\S*qemu-system', arguments) and 'charmonitor' in arguments}


class Actor:
    """A program of a user's inside, that does what it is told. Called with a function (whose names are those of
    actor.py there) it returns what the function returns, or raises RemoteError."""

    def __init__(self, machine, user, session, seat):
        self.machine = machine
        self.user = user
        # The name that systemd-run would choose comes again when the bus is started anew.
        command = ['systemd-run', '--quiet', '--pipe', '--collect', f'--unit=actor-{uuid.uuid4()}',
                   '--service-type=exec', f'--property=User={user}',
                   '--working-directory=/', '--setenv=LC_ALL=C.UTF-8', '--setenv=PYTHONDONTWRITEBYTECODE=1',
                   f'--setenv=VIRTBUS_TEST_SLOWNESS={SLOWNESS}']
        if session:
            # Where logind takes the process into a scope of the session's, the start is not seen to end.
            command += ['--property=TimeoutStartSec=infinity']
            command += ['--property=PAMName=virtbus-test', '--setenv=XDG_SESSION_TYPE=tty',
                        '--setenv=XDG_SESSION_CLASS=user']
        if seat is not None:
            command += [f'--setenv=XDG_SEAT={seat}']
        command += ['/usr/bin/python3', f'{HARNESS}/tests/system/actor.py']
        self.log = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen(machine.enter() + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, bufsize=1)
        self.pid, self.uid, self.session = self._request({'hello': True})

    def close(self):
        if self in self.machine.actors:
            self.machine.actors.remove(self)
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _request(self, request):
        self.process.stdin.write(json.dumps(request) + '\n')
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise AssertionError(f'the actor of {self.user} ended:\n{self.log.read()}')
        answer = json.loads(line)
        if 'error' in answer:
            raise RemoteError(*answer['error'])
        return answer['result']

    def __call__(self, function, *arguments, **named):
        source = textwrap.dedent(inspect.getsource(function))
        return self._request({'source': source, 'name': function.__name__, 'arguments': arguments, 'named': named})

    # What is done most often.

    def define(self, xml):
        return self.manager('DefineDomain', xml)

    def manager(self, method, *arguments, **named):
        return self._request({'method': method, 'path': '/org/virtbus1', 'interface': 'org.virtbus1.Manager',
                              'arguments': arguments, 'named': named})

    def domain(self, path, method, *arguments, **named):
        return self._request({'method': method, 'path': path, 'interface': 'org.virtbus1.Domain',
                              'arguments': arguments, 'named': named})

    def get(self, path, name, interface='org.virtbus1.Domain'):
        return self._request({'property': name, 'path': path, 'interface': interface})
