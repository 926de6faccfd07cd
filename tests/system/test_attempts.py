# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attempts to get at what is not theirs. Each is really made, by a user who may have machines of her own (alice) or
by root's start of a machine of hers; it fails as it should, and afterwards nothing on the host is other than before."""

import re
import time

import pytest
from attempts import BAIT, DEFINITIONS, FAILED, INVALID_XML, STORAGE, UNAUTHORIZED, UNSUPPORTED, disk
from machine import SLOWNESS
from virtbus import ACCESS_DENIED, INVALID_ARGS, LIMITS_EXCEEDED, domain_xml
from world import SECRET, define_and_start, no_trace, world  # noqa: F401 (fixtures)


@pytest.mark.parametrize('stage, error, named', [pytest.param(*row, id=sentence) for sentence, *row in DEFINITIONS])
def test_alice_asks_in_vain_for(world, no_trace, stage, error, named):
    places = {**world.places, 'bob_uid': world.bob.uid}
    named = {name: re.sub(r'\{(\w+)\}', lambda match: str(places[match[1]]), text) for name, text in named.items()}
    outcome = world.alice(define_and_start, domain_xml(**{'name': 'attempt', **named}))
    assert outcome[:2] == [stage, error], outcome
    reason = {UNAUTHORIZED: r'org\.virtbus1\.use-', INVALID_XML: 'name',
              UNSUPPORTED: 'runs as root only'}.get(error, r'[Pp]ermission denied|not permitted')
    assert re.search(reason, outcome[2]), outcome
    assert 'root:' not in outcome[2], 'the error tells what is in the file'


# What she does herself: each of these is sent to her actor, which tells how it ended. ------------------------------

def act(action, *arguments):
    """One thing that a process may try; the name of the error, or 'done'."""
    import errno

    def ptrace(pid):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(16, pid, None, None) != 0:
            raise OSError(ctypes.get_errno(), 'ptrace')

    def connect(path):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)

    def write(path):
        with open(path, 'w') as file:
            file.write('x')

    actions = {'ptrace': ptrace, 'connect': connect, 'write': write, 'kill': lambda pid: os.kill(pid, signal.SIGKILL),
               'read': lambda path: open(path, 'rb').read(1), 'list': os.listdir, 'remove': os.unlink,
               'rename': os.rename, 'symlink': os.symlink, 'make': os.mkdir, 'link': os.link,
               'chmod': lambda path: os.chmod(path, 0o777), 'limit': lambda pid: os.sched_setaffinity(pid, {0})}
    try:
        actions[action](*arguments)
        return 'done'
    except OSError as error:
        return errno.errorcode[error.errno]


# {pid.X} is the process of X's machine, {X} its place.
ACTS = [
    ('traces the service', 'EPERM', 'ptrace', '{pid.service}'),
    ('traces root\'s guest', 'EPERM', 'ptrace', '{pid.root}'),
    ('traces bob\'s guest', 'EPERM', 'ptrace', '{pid.bob}'),
    ('kills the service', 'EPERM', 'kill', '{pid.service}'),
    ('kills root\'s guest', 'EPERM', 'kill', '{pid.root}'),
    ('kills bob\'s guest', 'EPERM', 'kill', '{pid.bob}'),
    ('moves bob\'s guest to another processor', 'EPERM', 'limit', '{pid.bob}'),
    ('reads the memory of root\'s guest', 'EACCES', 'read', '/proc/{pid.root}/mem'),
    ('reads the memory of bob\'s guest', 'EACCES', 'read', '/proc/{pid.bob}/mem'),
    ('reads the environment of the service', 'EACCES', 'read', '/proc/{pid.service}/environ'),
    ('takes the descriptors of bob\'s guest', 'EACCES', 'list', '/proc/{pid.bob}/fd'),
    ('connects to the monitor of root\'s guest', 'EACCES', 'connect', '{root}/monitor/qmp.sock'),
    ('connects to the monitor of bob\'s guest', 'EACCES', 'connect', '{bob}/monitor/qmp.sock'),
    ('connects to a console of bob\'s guest', 'EACCES', 'connect', '{bob}/sockets/serial0.sock'),
    ('looks into bob\'s sockets', 'EACCES', 'list', '{bob}/sockets'),
    ('removes a socket of bob\'s', 'EACCES', 'remove', '{bob}/sockets/serial0.sock'),
    ('puts a file into bob\'s sockets', 'EACCES', 'write', '{bob}/sockets/x'),
    ('reads the record of bob\'s guest', 'EACCES', 'read', '{bob}/status.json'),
    ('reads bob\'s definition', 'EACCES', 'list', '/var/lib/virtbus/domains'),
    ('reads the log of bob\'s guest', 'EACCES', 'read', '{bob}/emulator.log'),
    ('makes a place for a guest to come', 'EACCES', 'make', '/run/virtbus/domains/99'),
    ('renames the place of bob\'s guest', 'EACCES', 'rename', '{bob}', '/run/virtbus/domains/99'),
    ('opens the place of bob\'s guest', 'EPERM', 'chmod', '{bob}/sockets'),
    ('makes a hard link to shadow', 'EPERM', 'link', '/etc/shadow', '/home/alice/hard'),
]


@pytest.mark.parametrize('error, action, arguments', [pytest.param(error, action, rest, id=sentence)
                                                      for sentence, error, action, *rest in ACTS])
def test_alice_in_vain(world, no_trace, error, action, arguments):
    places = dict(world.places)
    places.update({'pid.root': world.pid('root'), 'pid.bob': world.pid('bob'),
                   'pid.service': int(world.machine.show('virtbusd.service', 'MainPID'))})
    filled = [re.sub(r'\{([\w.]+)\}', lambda match: str(places[match[1]]), text) for text in arguments]
    outcome = world.alice(act, action, *[int(text) if text.isdigit() else text for text in filled])
    assert outcome == error


def call(path, interface, method, signature, text, sender):
    """A call as it is written, with a sender in it if one is given; the error's name, or 'done'."""
    message = Gio.DBusMessage.new_method_call(BUS_NAME, path, interface, method)
    message.set_body(GLib.Variant.parse(GLib.VariantType.new(signature), text, None, None))
    if sender:
        message.set_sender(sender)
    try:
        reply = client.connection.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE,
                                                               int(TIMEOUT * 1000), None)[0]
        return reply.get_error_name() or 'done'
    except GLib.Error as error:
        return Gio.dbus_error_get_remote_error(error) or str(error)


def unique_name():
    return client.connection.get_unique_name()


METHODS = [('reads the definition of', 'GetXML', '(a{sv})', '(@a{sv} {},)'),
           ('opens a console of', 'OpenConsole', '(sa{sv})', '("", @a{sv} {})'),
           ('reads the log of', 'OpenLog', '(a{sv})', '(@a{sv} {},)'),
           ('ends', 'PowerOff', '(a{sv})', '(@a{sv} {},)'),
           ('forgets', 'Undefine', '(a{sv})', '(@a{sv} {},)'),
           ('redefines', 'Redefine', '(sa{sv})', '("<domain/>", @a{sv} {})'),
           ('plugs something into', 'AttachDevice', '(sa{sv})', '("<disk/>", @a{sv} {})'),
           ('starts at boot', 'SetAutostart', '(ba{sv})', '(true, @a{sv} {})')]


@pytest.mark.parametrize('forged', [False, True], ids=['in her own name', 'in the name of the owner'])
@pytest.mark.parametrize('whose', ['bob', 'root'])
@pytest.mark.parametrize('method, signature, text', [pytest.param(*row, id=words) for words, *row in METHODS])
def test_alice_calls_in_vain(world, no_trace, whose, method, signature, text, forged):
    owner = world.bob if whose == 'bob' else world.root
    sender = owner(unique_name) if forged else None
    outcome = world.alice(call, world.theirs[whose], 'org.virtbus1.Domain', method, signature, text, sender)
    assert outcome in (UNAUTHORIZED, ACCESS_DENIED)


def starts(path):
    """How a start by whoever this is ends."""
    try:
        Domain(client, path).Start()
    except DBusError as error:
        return [error.name, error.message]
    return ['done', '']


@pytest.mark.parametrize('source', [f'{BAIT}/root.img', '/root/disk.img', '/etc/shadow', '/home/alice/to-console',
                                    '/home/alice/to-shadow', f'{BAIT}/bob.img'])
def test_root_starts_in_vain_what_its_owner_may_not_have(world, no_trace, source):
    path = world.alice.define(domain_xml('attempt', devices=disk(source)))
    outcome = world.root(starts, path)
    world.alice.domain(path, 'Undefine')
    assert outcome[0] in (STORAGE, FAILED) and 'ermission denied' in outcome[1], outcome


def secret(path, kind):
    """Starts a domain whose disk wants a secret, with a descriptor that is none, or with nothing."""
    one, other = socket.socketpair()
    pipe = os.pipe()
    descriptors = {'memory': lambda: os.open('/proc/self/mem', os.O_RDONLY),
                   'directory': lambda: os.open('/', os.O_RDONLY), 'socket': one.fileno,
                   'zero': lambda: os.open('/dev/zero', os.O_RDONLY), 'path': lambda: os.open('/etc/shadow', os.O_PATH),
                   'writing': lambda: pipe[1], 'large': lambda: os.open(QEMU, os.O_RDONLY)}
    fds, body = Gio.UnixFDList.new(), {}
    if kind in descriptors:
        handle = fds.append(descriptors[kind]())
        body = {'secrets': GLib.Variant('a{sh}', {'treasure': handle})}
    try:
        client.connection.call_with_unix_fd_list_sync(BUS_NAME, path, DOMAIN, 'Start', GLib.Variant('(a{sv})', (body,)),
                                                      None, Gio.DBusCallFlags.NONE, int(TIMEOUT * 1000), fds, None)
        return ['done', '']
    except GLib.Error as error:
        return [Gio.dbus_error_get_remote_error(error), error.message]
    finally:
        for fd in (one, other):
            fd.close()
        for fd in pipe:
            os.close(fd)


@pytest.mark.parametrize('kind', ['nothing but another\'s credential', 'memory', 'directory', 'socket', 'zero', 'path',
                                  'writing', 'large'])
def test_no_secret_comes_from(world, no_trace, kind):
    luks = '<encryption format="luks"><secret type="passphrase" usage="treasure"/></encryption>'
    xml = domain_xml('attempt', devices='<disk type="file"><driver name="qemu" type="raw"/><source '
                     f'file="/home/alice/mine.img">{luks}</source><target dev="vda" bus="virtio"/></disk>')
    path = world.alice.define(xml)
    outcome = world.alice(secret, path, kind)
    world.alice.domain(path, 'Undefine')
    assert outcome[0] == INVALID_ARGS and 'treasure' in outcome[1] and SECRET not in outcome[1], outcome


ENTITIES = '<!DOCTYPE domain [<!ENTITY a "' + 'x' * 1000 + '">' + ''.join(
    f'<!ENTITY {name} "{("&" + of + ";") * 20}">' for of, name in ('ab', 'bc', 'cd', 'de')) + ']>'


def texts(kind):
    """A definition that is not meant to be read."""
    return {'many entities': lambda: ENTITIES + domain_xml('attempt').replace('<name>attempt', '<name>&e;'),
            'a file by an entity': lambda: '<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/shadow">]>' +
            domain_xml('attempt', title='X').replace('>X<', '>&x;<'),
            'many levels': lambda: domain_xml('attempt', extra='<metadata>' + '<a xmlns="urn:x">' * 5000 +
                                              '</a>' * 5000 + '</metadata>'),
            'many bytes': lambda: domain_xml('attempt', description='x' * (20 << 20)),
            'many devices': lambda: domain_xml('attempt', devices='<hub type="usb"/>' * 20000)}[kind]()


@pytest.mark.parametrize('kind', ['many entities', 'a file by an entity', 'many levels', 'many bytes', 'many devices'])
def test_alice_defines_in_vain_what_has(world, no_trace, kind):
    outcome = world.alice(define_and_start, texts(kind))
    assert outcome[0] == 'define' and outcome[1] in (INVALID_XML, LIMITS_EXCEEDED), outcome[:2] + [outcome[2][:300]]
    assert 'root:' not in outcome[2]


def define_many(template, count):
    """Domains until there may be no more; how many there were, and the error."""
    made = []
    try:
        for i in range(count):
            made.append(manager.define(template.replace('NUMBER', str(i))))
        return [len(made), 'none']
    except DBusError as error:
        return [len(made), error.name]
    finally:
        for domain in made:
            domain.Undefine()


def test_a_huge_number_of_domains_ends_at_the_limit(world, no_trace):
    assert world.alice(define_many, domain_xml('attempt-NUMBER'), 100) == [20, LIMITS_EXCEEDED]


def swap_and_start(xml, target, rounds):
    """Starts with a disk whose path is now a file of hers and now a link; how each start ended."""
    for name in ('new', 'swapped'):
        pathlib.Path(f'/home/alice/{name}').unlink(missing_ok=True)
    shutil.copyfile('/home/alice/mine.img', '/home/alice/swapped')
    swapper = subprocess.Popen(['/usr/bin/python3', '-c', '''
import os, time
end = time.monotonic() + 30
while time.monotonic() < end:
    os.symlink("%s", "/home/alice/new")
    os.rename("/home/alice/new", "/home/alice/swapped")
    os.link("/home/alice/mine.img", "/home/alice/new")
    os.rename("/home/alice/new", "/home/alice/swapped")
''' % target])
    outcomes, opened = [], []
    domain = manager.define(xml)
    try:
        for _ in range(rounds):
            try:
                domain.Start()
                opened += [os.readlink(link) for link in pathlib.Path(f'/proc/{domain.ProcessID}/fd').iterdir()] \
                    if os.access(f'/proc/{domain.ProcessID}/fd', os.R_OK) else []
                domain.PowerOff()
                outcomes.append('runs')
            except DBusError as error:
                outcomes.append(error.name)
    finally:
        swapper.kill()
        swapper.wait()
        domain.Undefine()
    return [outcomes, opened]


@pytest.mark.parametrize('target', ['/etc/shadow', f'{BAIT}/bob.img'])
def test_a_link_that_is_swapped_while_it_starts_opens_nothing(world, no_trace, target):
    xml = domain_xml('attempt', devices=disk('/home/alice/swapped'))
    outcomes, opened = world.alice(swap_and_start, xml, target, 6)
    assert set(outcomes) <= {'runs', STORAGE, FAILED} and target not in opened, (outcomes, opened)


def flood(address, count):
    """Sends calls and reads no reply, until nobody takes any more; how many were sent."""
    uid = str(os.getuid()).encode().hex()
    kept['flood'] = it = socket.socket(socket.AF_UNIX)
    it.settimeout(3)
    it.connect(address)
    it.sendall(f'\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n'.encode())
    sent = 0
    try:
        for serial in range(1, count):
            hello = serial == 1
            message = Gio.DBusMessage.new_method_call(
                'org.freedesktop.DBus' if hello else BUS_NAME, '/org/freedesktop/DBus' if hello else ROOT,
                'org.freedesktop.DBus' if hello else MANAGER, 'Hello' if hello else 'ListMachineTypes')
            if not hello:
                message.set_body(GLib.Variant('(sa{sv})', (QEMU, {})))
            message.set_serial(serial)
            it.sendall(message.to_blob(Gio.DBusCapabilityFlags.NONE))
            sent += 1
    except OSError:
        pass
    return sent


def end_flood():
    kept.pop('flood').close()


def test_thousands_of_calls_without_reading_hold_nobody_up(world, no_trace):
    sent = world.alice(flood, '/run/dbus/system_bus_socket', 5000)
    assert sent > 500
    try:
        before = time.monotonic()
        assert world.bob.get(world.theirs['bob'], 'State') == 'running'
        assert '<name>theirs</name>' in world.root.domain(world.theirs['bob'], 'GetXML')
        assert time.monotonic() - before < 5 * SLOWNESS
    finally:
        world.alice(end_flood)


def greet(address, uid):
    """What the bus says to who claims to be another user."""
    with socket.socket(socket.AF_UNIX) as it:
        it.connect(address)
        it.sendall(b'\0AUTH EXTERNAL ' + str(uid).encode().hex().encode() + b'\r\n')
        return it.recv(100).decode().split()[0]


@pytest.mark.parametrize('whose', ['bob', 'root'])
def test_another_user_is_claimed_in_vain_at_the_bus(world, no_trace, whose):
    assert world.alice(greet, '/run/dbus/system_bus_socket', world.machine.uid(whose)) == 'REJECTED'


def take_name(name):
    try:
        return client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                           '(su)', name, 6)
    except DBusError as error:
        return error.name


def test_the_name_of_the_service_is_asked_for_in_vain(world, no_trace):
    assert world.alice(take_name, 'org.virtbus1') == ACCESS_DENIED
