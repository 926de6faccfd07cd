# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets: given with a start, and to nobody else."""

import base64
import contextlib
import fcntl
import http.server
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import termios
import threading

import pytest
from gi.repository import Gio, GLib
from hanging import Hanging
from virtbus import (DOMAIN, ERROR, GUEST_TIMEOUT, INVALID_ARGS, LIMITS_EXCEEDED, OWNER, TIMEOUT, VIRTBUSCTL, Client,
                     Console, DBusError, command_line, domain_xml, wait_until)

SECRET = 'a SeCrEt, wíth a newline\n'.encode()
SIZE_MAX = 64 * 1024


@pytest.fixture
def image(tmp_path):
    """An image that only the secret opens."""
    key, path = tmp_path / 'key', tmp_path / 'disk.luks'
    key.write_bytes(SECRET)
    # It measures how fast the processor is, and fails now and then if that takes it no time at all.
    for attempt in range(10):
        done = subprocess.run(['qemu-img', 'create', '-q', '--object', f'secret,id=s,file={key}', '-f', 'luks', '-o',
                               'key-secret=s,iter-time=10', path, '1M'], stderr=subprocess.PIPE, check=False)
        if b'Unable to get accurate CPU usage' not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    return path


def disk(image, secret='usage="cellar"'):
    return (f'<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{image}">'
            f'<encryption format="luks"><secret type="passphrase" {secret}/></encryption></source>'
            '<target dev="vda" bus="virtio"/></disk>')


def memory(content):
    fd = os.memfd_create('test')
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def call(domain, method='Start', xml=None, **secrets):
    """Start, or CreateDomain, with descriptors."""
    fds = Gio.UnixFDList.new()
    handles = {name: fds.append(fd) for name, fd in secrets.items()}
    for fd in secrets.values():
        os.close(fd)
    options = GLib.Variant('a{sv}', {'paused': GLib.Variant('b', True), 'secrets': GLib.Variant('a{sh}', handles)})
    path, interface = (domain.path, domain.INTERFACE)
    body = [options] if xml is None else [GLib.Variant('s', xml), options]
    outcome = []

    def on_done(connection, result):
        try:
            outcome.append(connection.call_with_unix_fd_list_finish(result)[0].unpack())
        except GLib.Error as error:
            outcome.append(DBusError(Gio.dbus_error_get_remote_error(error), error.message))
    domain.client.connection.call_with_unix_fd_list(
        'org.virtbus1', path, interface, method, GLib.Variant.new_tuple(*body), None, Gio.DBusCallFlags.NONE,
        GLib.MAXINT, fds, None, on_done)
    return domain.client.finish_call(outcome, GUEST_TIMEOUT)


def refused(name, text, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == name and text in caught.value.message
    return caught.value.message


def test_an_encrypted_disk(service, manager, image):
    domain = manager.define(domain_xml(devices=disk(image)))
    message = refused(INVALID_ARGS, "virtio-disk0: the secret 'cellar' is needed", domain)
    assert "--secret 'cellar=FILE'" in message and "'virtbus.secret.cellar'" in message
    message = refused(ERROR + 'EmulatorFailed', 'Invalid password', domain, cellar=memory(b'wrong'))
    assert 'wrong' not in message
    call(domain, cellar=memory(SECRET))
    assert domain.State == 'paused'

    # Nowhere but in the emulator, where nobody can change it.
    pid = domain.ProcessID
    (fd,) = [link for link in pathlib.Path(f'/proc/{pid}/fd').iterdir() if 'virtbus-secret' in os.readlink(link)]
    assert fd.read_bytes() == SECRET
    with pytest.raises(PermissionError):
        os.write(os.open(fd, os.O_RDWR), b'x')
    mark = SECRET[:8]
    texts = [command_line(pid), pathlib.Path(f'/proc/{pid}/environ').read_bytes(), domain.GetXML().encode(),
             service.log().encode()]
    texts += [path.read_bytes() for place in (service.state, service.runtime) for path in place.rglob('*')
              if path.is_file()]
    assert len(texts) > 6 and not [text for text in texts
                                   if mark in text or base64.b64encode(SECRET)[:12] in text]
    assert f'/proc/self/fd/{fd.name}'.encode() in texts[0]
    assert not [link for link in pathlib.Path(f'/proc/{service.pid}/fd').iterdir()
                if 'virtbus-secret' in os.readlink(link)]


def test_what_a_secret_can_come_in(manager, image, tmp_path):
    domain = manager.define(domain_xml(devices=disk(image)))
    for write in (True, False):
        reading, writing = os.pipe()
        if write:
            threading.Thread(target=lambda: (os.write(writing, SECRET[:5]), os.write(writing, SECRET[5:]),
                                             os.close(writing))).start()
            call(domain, cellar=reading)
            domain.PowerOff()
        else:
            # Whoever gives a pipe and then nothing keeps only this start waiting.
            outcome = []
            fds = Gio.UnixFDList.new()
            handle = fds.append(reading)
            os.close(reading)
            domain.client.connection.call_with_unix_fd_list(
                'org.virtbus1', domain.path, domain.INTERFACE, 'Start',
                GLib.Variant('(a{sv})', ({'secrets': GLib.Variant('a{sh}', {'cellar': handle})},)), None,
                Gio.DBusCallFlags.NONE, GLib.MAXINT, fds, None,
                lambda connection, result: outcome.append(result.had_error()))
            domain.wait_state('starting')
            assert manager.ListDomains()
            domain.PowerOff()
            domain.client.wait(lambda: outcome, 'the start was given up')
            os.close(writing)
    file = tmp_path / 'secret'
    file.write_bytes(SECRET)
    call(domain, cellar=os.open(file, os.O_RDONLY))
    domain.PowerOff()


def test_what_is_no_secret(manager, image, tmp_path):
    domain = manager.define(domain_xml(devices=disk(image)))
    file = tmp_path / 'secret'
    refused(INVALID_ARGS, "'cellar' is not a file, pipe or memfd that can be read", domain,
            cellar=os.open(file, os.O_WRONLY | os.O_CREAT))
    refused(INVALID_ARGS, "'cellar' is not a file", domain, cellar=os.open(tmp_path, os.O_RDONLY))
    refused(INVALID_ARGS, "'cellar' is not a file", domain, cellar=socket.socket(socket.AF_UNIX).detach())
    refused(INVALID_ARGS, f"'cellar' has more than {SIZE_MAX} bytes", domain, cellar=memory(bytes(SIZE_MAX + 1)))
    refused(INVALID_ARGS, "nothing in the definition asks for 'attic'", domain, cellar=memory(SECRET),
            attic=memory(b'x'))
    refused(LIMITS_EXCEEDED, 'more than 64', domain, **{f's{i}': memory(b'') for i in range(65)})
    with pytest.raises(DBusError, match="'secrets' must be of the type"):
        domain.Start(secrets='cellar')
    assert domain.State == 'shutoff'


def pour(writing, content):
    """Without an end, until nobody reads any more."""
    try:
        while os.write(writing, content):
            pass
    except BrokenPipeError:
        os.close(writing)


def test_a_pipe_without_an_end(service, manager, image):
    domain = manager.define(domain_xml(devices=disk(image)))
    reading, writing = os.pipe()
    threading.Thread(target=pour, args=(writing, bytes(4096)), daemon=True).start()
    refused(INVALID_ARGS, f"'cellar' has more than {SIZE_MAX} bytes", domain, cellar=reading)
    reading, writing = os.pipe()
    os.write(writing, SECRET)
    refused(ERROR + 'Timeout', "'cellar' does not come to its end: whoever writes it has to close it within 10 seconds",
            domain, cellar=reading)
    os.close(writing)
    assert domain.State == 'shutoff' and readers(service) == []


def readers(service):
    """Processes of the service's that read descriptors."""
    found = []
    for entry in pathlib.Path('/proc').iterdir():
        try:
            if entry.name.isdigit() and b'--read-descriptors' in (entry / 'cmdline').read_bytes() and \
                    f'PPid:\t{service.pid}\n' in (entry / 'status').read_text():
                found.append(entry)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def test_a_file_system_that_does_not_answer(service, manager, image, tmp_path):
    """It keeps nobody but the start waiting, and has to do with no process that is root's."""
    domain, other = (manager.define(domain_xml(name, devices=disk(image))) for name in ('guest', 'other'))
    hanging = Hanging(tmp_path / 'fs', SECRET)
    try:
        call(domain, cellar=os.open(hanging.path, os.O_RDONLY))
        domain.PowerOff()
        fd = os.open(hanging.path, os.O_RDONLY)
        hanging.hang('read', 'getattr', 'open', 'lookup', 'statfs')
        outcome = []

        def attempt():
            client = Client(service.bus.address)
            try:
                refused(ERROR + 'Timeout', "'cellar' does not come to its end", client.manager.get('guest'), cellar=fd)
                outcome.append('refused')
            finally:
                client.close()
                outcome.append('ended')
        caller = threading.Thread(target=attempt)
        caller.start()
        wait_until(lambda: readers(service), 'it is read')
        (reader,) = readers(service)
        status = (reader / 'status').read_text()
        assert re.search(r'^Uid:(\t(?!0\t)\d+){4}$', status, re.M) and 'CapEff:\t0000000000000000' in status
        call(other, cellar=memory(SECRET))
        assert other.State == 'paused' and outcome == []
        other.PowerOff()
        caller.join()
        assert outcome == ['refused', 'ended'] and domain.State == 'shutoff'
        states = [(thread / 'stat').read_text().rsplit(')', 1)[1].split()[0]
                  for thread in pathlib.Path(f'/proc/{service.pid}/task').iterdir()]
        assert set(states) <= {'S', 'R'}
    finally:
        hanging.close()
    wait_until(lambda: readers(service) == [], 'the reader has gone')


def send_unnamed(client, fd, method):
    """A call of a domain's method, or a signal, with a descriptor that nothing in it names."""
    path = client.manager.get('guest').path
    message = Gio.DBusMessage.new_method_call('org.virtbus1', path, DOMAIN, method) if method else \
        Gio.DBusMessage.new_signal(path, 'org.example.X', 'Y')
    message.set_destination('org.virtbus1')
    message.set_unix_fd_list(Gio.UnixFDList.new_from_array([fd]))
    client.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    client.connection.flush_sync()
    client.manager.ListDomains()


def test_what_others_start_has_no_copy_of_it(service, manager, image, tmp_path):
    """Every program that is executed closes what it inherits, and would wait for the file system."""
    domain, other = manager.define(domain_xml(devices=disk(image))), manager.define(domain_xml('other'))
    hanging = Hanging(tmp_path / 'fs', SECRET)
    receiving, sending = os.pipe()
    try:
        fd = os.open(hanging.path, os.O_RDONLY)
        hanging.hang(f'flush:-{os.getpid()},{service.bus.process.pid},{service.pid}')

        def attempt():
            another = Client(service.bus.address)
            with contextlib.suppress(DBusError):
                call(another.manager.get('guest'), cellar=receiving, other=fd)
            another.close()
        start = threading.Thread(target=attempt)
        start.start()
        wait_until(lambda: readers(service), 'what never ends is read')
        other.Start()
        assert other.State == 'running'
        other.PowerOff()
    finally:
        os.close(sending)
        hanging.close()
        start.join()


@pytest.mark.parametrize('where', ['a secret', 'no such method', 'no such object', 'no method of anybody',
                                   'no argument names it', 'no argument of a signal names it'])
def test_a_file_system_that_does_not_answer_when_it_is_closed(service, manager, image, tmp_path, where):
    """The kernel asks it, and waits, at every close: the service goes on."""
    domain, other = manager.define(domain_xml(devices=disk(image))), manager.define(domain_xml('other'))
    hanging = Hanging(tmp_path / 'fs', SECRET)
    client = Client(service.bus.address)
    try:
        fd = os.open(hanging.path, os.O_RDONLY)
        hanging.hang(f'flush:{service.pid}')
        if where == 'a secret':
            call(client.manager.get('guest'), cellar=fd)
        elif where.startswith('no argument'):
            send_unnamed(client, fd, 'GetStats' if 'signal' not in where else '')
        else:
            fds = Gio.UnixFDList.new_from_array([fd])
            path, interface, method = {
                'no such method': (domain.path, domain.INTERFACE, 'Begin'),
                'no such object': ('/org/virtbus1/domain/4000000', domain.INTERFACE, 'Start'),
                'no method of anybody': ('/', 'org.example.X', 'Y')}[where]
            nested = GLib.Variant('a{sv}', {'x': GLib.Variant('(av)', ([GLib.Variant('h', 0), GLib.Variant('h', 0)],))})
            with pytest.raises(GLib.Error):
                client.connection.call_with_unix_fd_list_sync(
                    'org.virtbus1', path, interface, method, GLib.Variant.new_tuple(nested), None,
                    Gio.DBusCallFlags.NONE, int(TIMEOUT * 1000), fds, None)
        other.Start()
        other.PowerOff()
        assert domain.State == ('paused' if where == 'a secret' else 'shutoff')
        waiting = [thread for thread in pathlib.Path(f'/proc/{service.pid}/task').iterdir()
                   if (thread / 'comm').read_text() == 'close\n']
        assert waiting, 'nothing was closed'
    finally:
        hanging.close()
        client.close()
    if domain.State != 'shutoff':
        domain.PowerOff()


def test_a_transient_domain(manager, image):
    call(manager, 'CreateDomain', domain_xml(devices=disk(image)), cellar=memory(SECRET))
    assert manager.get('guest').State == 'paused'


def test_credentials_of_the_service(new_service, image, tmp_path):
    """An owner gets only what is for it."""
    uuid = '11111111-2222-3333-4444-555555555555'
    (tmp_path / f'virtbus.secret.{uuid}').write_bytes(SECRET)
    service = new_service(environment={'CREDENTIALS_DIRECTORY': str(tmp_path)}).start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(devices=disk(image, f'uuid="{uuid}"')))
    domain.Start(paused=True)
    domain.PowerOff()
    (tmp_path / f'virtbus.secret.{uuid}').rename(tmp_path / f'virtbus.secret.{OWNER}.{uuid}')
    with pytest.raises(DBusError, match='is needed'):
        domain.Start(paused=True)
    client.close()


def vnc_answer(password, challenge):
    """DES, with the bits of each byte of the password the other way round."""
    key = bytes(int(f'{byte:08b}'[::-1], 2) for byte in password.ljust(8, b'\0')[:8])
    return subprocess.run(['openssl', 'enc', '-des-ede3-ecb', '-nopad', '-K', (key * 3).hex()], input=challenge,
                          capture_output=True, check=True).stdout


def vnc_lets_in(path, password):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(GUEST_TIMEOUT)
        connection.connect(path)
        version = connection.recv(12)
        connection.sendall(version)
        types = connection.recv(1)
        assert connection.recv(types[0]) == b'\2'
        connection.sendall(b'\2')
        connection.sendall(vnc_answer(password, connection.recv(16, socket.MSG_WAITALL)))
        return connection.recv(4) == bytes(4)


def test_the_password_of_vnc(service, manager, tmp_path):
    tmp_path.chmod(0o777)
    path = str(tmp_path / 'vnc.sock')
    domain = manager.define(domain_xml(devices='<graphics type="vnc" passwd="forgot"><listen type="socket" '
                                       f'socket="{path}"/></graphics>'))
    call(domain, graphics0=memory(b'sesame'))
    assert vnc_lets_in(path, b'sesame')
    assert not vnc_lets_in(path, b'simsim')
    domain.PowerOff()
    domain.Start(paused=True)
    assert not vnc_lets_in(path, b'') and not vnc_lets_in(path, b'forgot')
    domain.PowerOff()


class Shop(http.server.BaseHTTPRequestHandler):
    """Has an image, for those who send the right cookies."""
    COOKIES = 'session=open-sesame; seen=1'

    def do_HEAD(self):
        known = self.headers.get('Cookie') == self.COOKIES
        self.send_response(200 if known else 403)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(1 << 20) if known else '0')
        self.end_headers()
        return known

    def do_GET(self):
        if self.do_HEAD():
            self.wfile.write(bytes(1 << 20))

    def log_message(self, *arguments):
        pass


@pytest.fixture
def shop():
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Shop) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_cookies_of_a_web_server(service, manager, shop):
    domain = manager.define(domain_xml(devices=(
        '<disk type="network" device="cdrom"><driver name="qemu" type="raw"/><source protocol="http" name="image.iso">'
        f'<host name="127.0.0.1" port="{shop}"/><cookies><cookie name="session">forgotten</cookie></cookies></source>'
        '<target dev="sda" bus="sata"/></disk>')))
    refused(ERROR + 'EmulatorFailed', '403', domain)
    call(domain, **{'sata0-0-0-cookies': memory(Shop.COOKIES.encode())})
    assert domain.State == 'paused' and b'sesame' not in command_line(domain.ProcessID)
    domain.PowerOff()
    refused(INVALID_ARGS, "nothing in the definition asks for 'sata0-0-1-cookies'", domain,
            **{'sata0-0-1-cookies': memory(b'a=b')})


def ctl(service, *arguments, **named):
    return subprocess.run([VIRTBUSCTL, f'--address={service.bus.address}', *arguments], capture_output=True,
                          timeout=GUEST_TIMEOUT, check=False, **named)


def test_by_the_command_line(service, manager, image, tmp_path):
    domain = manager.define(domain_xml(devices=disk(image)))
    done = ctl(service, 'start', '--paused', '--secret', f'cellar={tmp_path / "key"}', 'guest')
    assert done.returncode == 0, done.stderr
    domain.PowerOff()
    done = ctl(service, 'start', '--paused', '--secret=cellar=-', 'guest', input=SECRET)
    assert done.returncode == 0, done.stderr
    domain.PowerOff()
    done = ctl(service, 'start', '--secret=cellar', 'guest')
    assert done.returncode == 2 and b"--secret is NAME=FILE, not 'cellar'" in done.stderr
    done = ctl(service, 'start', '--secret=cellar=/nonexistent', 'guest')
    assert done.returncode == 1 and b'/nonexistent: No such file' in done.stderr


@pytest.mark.parametrize('key, status', [('\x03', -signal.SIGINT), ('\x1c', -signal.SIGQUIT), ('\x04', 1)])
def test_a_prompt_that_is_left(service, manager, key, status):
    """The terminal shows again what is typed, and nothing is started without the secret."""
    domain = manager.define(domain_xml(devices='<graphics type="vnc" passwd=""/>'))
    master, terminal = os.openpty()
    process = subprocess.Popen(
        [VIRTBUSCTL, f'--address={service.bus.address}', 'start', '--secret=graphics0=prompt', 'guest'],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))
    screen = Console(master)
    screen.expect("Secret 'graphics0': ")
    assert not termios.tcgetattr(terminal)[3] & termios.ECHO
    screen.send(key)
    assert process.wait(TIMEOUT) == status
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    assert domain.State == 'shutoff'
    if status == 1:
        screen.expect('nothing was typed')
    screen.close()
    os.close(terminal)


def test_asked_for_on_the_terminal(service, manager, tmp_path):
    tmp_path.chmod(0o777)
    path = str(tmp_path / 'vnc.sock')
    domain = manager.define(domain_xml(devices='<graphics type="vnc" passwd=""><listen type="socket" '
                                       f'socket="{path}"/></graphics>'))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(VIRTBUSCTL, [VIRTBUSCTL, f'--address={service.bus.address}', 'start', '--paused',
                              '--secret=graphics0=prompt', 'guest'])
    screen = Console(terminal)
    screen.expect("Secret 'graphics0': ")
    # From the question on nothing that is typed is shown, or lost.
    assert not termios.tcgetattr(terminal)[3] & termios.ECHO
    screen.send('sesame\n')
    domain.wait_state('paused')
    wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 'virtbusctl has ended')
    wait_until(lambda: not screen.read_some(0), 'everything was shown')
    screen.close()
    assert 'sesame' not in screen.text and vnc_lets_in(path, b'sesame')
    domain.PowerOff()
