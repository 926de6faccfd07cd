# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attempts by roundabout ways: paths that mean another process's, images that name others' files, descriptors that are no
files, grants of another definition, news that somebody else has made up, and what everybody may listen to."""

import pytest
from attempts import FAILED, INVALID_XML, STORAGE, UNAUTHORIZED, disk, os_of, port
from virtbus import ACCESS_DENIED, ERROR, INVALID_ARGS, domain_xml
from world import define_and_start, no_trace, world  # noqa: F401 (fixtures)

UNKNOWN_OBJECT = 'org.freedesktop.DBus.Error.UnknownObject'

# A sentence; how far it comes; how it is refused; what the definition has. {init}, {bob} and {root} are processes:
# the host's first, and those of bob's and root's guests.
DEFINITIONS = [
    ('shadow by the root of another process', 'define', (UNAUTHORIZED,),
     dict(devices=disk('/proc/{init}/root/etc/shadow'))),
    ('a file in root\'s home by the root of its guest', 'define', (UNAUTHORIZED,),
     dict(devices=disk('/proc/{root}/root/root/disk.img'))),
    ('a file in bob\'s home by where his guest is', 'define', (UNAUTHORIZED,),
     dict(devices=disk('/proc/{bob}/cwd/home/bob/disk.img'))),
    ('what bob\'s guest has open', 'define', (UNAUTHORIZED,), dict(devices=disk('/proc/{bob}/fd/3'))),
    ('the memory of bob\'s guest', 'define', (UNAUTHORIZED,), dict(devices=disk('/proc/{bob}/mem'))),
    ('the memory of the kernel as a kernel', 'define', (UNAUTHORIZED,), os_of(kernel='/proc/kcore')),
    ('a serial port to what the host runs when something crashes', 'define', (UNAUTHORIZED,),
     dict(devices=port('serial', 'file', '<source path="/proc/sys/kernel/core_pattern"/>'))),
    ('a serial port to what is killed when memory runs out', 'define', (UNAUTHORIZED,),
     dict(devices=port('serial', 'file', '<source path="/proc/{init}/oom_score_adj"/>'))),
    ('a serial port to a control group', 'define', (UNAUTHORIZED,),
     dict(devices=port('serial', 'file', '<source path="/sys/fs/cgroup/cgroup.procs"/>'))),
    ('an emulator by the root of another process', 'define', (UNAUTHORIZED,),
     dict(emulator='/proc/{init}/root/usr/bin/qemu-system-x86_64')),
    ('an emulator by her own root', 'define', (UNAUTHORIZED,), dict(emulator='/proc/self/root/usr/bin/qemu-system-x86_64')),
    ('an emulator in bob\'s home by a symlink of hers', 'define', (UNAUTHORIZED,),
     dict(emulator='/home/alice/bobs-emulator')),
    ('an emulator that is a directory', 'define', (UNAUTHORIZED, ERROR + 'NoEmulator'), dict(emulator='/usr/bin')),
    ('a disk that is a URL', 'start', (STORAGE, FAILED),
     dict(devices=disk('/home/alice/nbd:unix:/run/dbus/system_bus_socket'))),
    ('a disk whose path is options', 'start', (ERROR + 'Unsupported',),
     dict(devices=disk('json:{{&quot;driver&quot;:&quot;file&quot;,&quot;filename&quot;:&quot;/etc/shadow&quot;}}'))),
    ('a disk whose path is a protocol', 'start', (ERROR + 'Unsupported',), dict(devices=disk('fat:rw:/home/bob'))),
    ('an image of hers that names shadow as what it is based on', 'start', (STORAGE, FAILED), dict(
        devices=disk('/home/alice/based-on-shadow.qcow2', rest='<driver name="qemu" type="qcow2"/>'))),
    ('an image of hers whose data are bob\'s', 'start', (STORAGE, FAILED), dict(
        devices=disk('/home/alice/data-of-bob.qcow2', rest='<driver name="qemu" type="qcow2"/>'))),
    ('a disk on a server that is root\'s monitor', 'start', (STORAGE, FAILED), dict(
        devices='<disk type="network"><source protocol="nbd"><host transport="unix" socket="{root_place}/monitor/qmp.sock"/>'
                '</source><target dev="vda" bus="virtio"/></disk>')),
    ('a secret by the path of shadow', 'start', (INVALID_ARGS,), dict(
        devices='<disk type="file"><driver name="qemu" type="raw"/><source file="/home/alice/mine.img"><encryption '
                'format="luks"><secret type="passphrase" usage="../../../../../etc/shadow"/></encryption></source>'
                '<target dev="vda" bus="virtio"/></disk>')),
]


# Sent to alice's actor: --------------------------------------------------------------------------------------------

def prepare():
    """Images that lead elsewhere."""
    import struct

    def image(name, incompatible, extension, text):
        # The header of version 3, its extensions, and a name.
        extensions = b''.join(struct.pack('>II', kind, len(data)) + data + bytes(-len(data) % 8)
                              for kind, data in extension) + bytes(8)
        header = struct.pack('>IIQIIQIIQQIIQQQQII', 0x514649fb, 3, 104 + len(extensions) if text else 0, len(text), 16,
                             1 << 20, 0, 1, 3 << 16, 1 << 16, 1, 0, 0, incompatible, 0, 0, 4, 104)
        table = struct.pack('>Q', 2 << 16)
        counts = struct.pack('>4H', 1, 1, 1, 1)
        content = bytearray(4 << 16)
        content[:len(header + extensions + text)] = header + extensions + text
        content[1 << 16:(1 << 16) + len(table)] = table
        content[2 << 16:(2 << 16) + len(counts)] = counts
        pathlib.Path(f'/home/alice/{name}.qcow2').write_bytes(content)
    image('based-on-shadow', 0, [(0xe2792aca, b'raw')], b'/etc/shadow')
    image('data-of-bob', 4, [(0x44415441, b'/var/lib/bait/bob.img')], b'')
    image('harmless', 0, [], b'')
    os.symlink('/home/bob/qemu', '/home/alice/bobs-emulator')


@pytest.fixture(scope='module')
def prepared(world):
    world.alice(prepare)
    own = dict(devices=disk('/home/alice/harmless.qcow2', rest='<driver name="qemu" type="qcow2"/>'))
    assert world.alice(define_and_start, domain_xml('attempt', **own)) == ['runs', '', ''], 'an image is one'
    return {'init': 1, 'root': world.pid('root'), 'bob': world.pid('bob'), 'root_place': world.places['root']}


@pytest.mark.parametrize('stage, errors, named', [pytest.param(*row, id=sentence) for sentence, *row in DEFINITIONS])
def test_alice_asks_in_vain_for(world, prepared, no_trace, stage, errors, named):
    named = {name: text.format(**prepared) for name, text in named.items()}
    outcome = world.alice(define_and_start, domain_xml(**{'name': 'attempt', **named}))
    assert outcome[0] == stage and outcome[1] in errors, outcome
    assert 'root:' not in outcome[2], 'the error tells what is in the file'


# Descriptors. ------------------------------------------------------------------------------------------------------

def secret_of(path, kind):
    """Starts with a descriptor of the kind as its secret; how that ended."""
    import select
    import signal

    libc = ctypes.CDLL(None, use_errno=True)
    kinds = {'an event': lambda: os.eventfd(1), 'a poll': lambda: select.epoll(), 'a process': lambda: os.pidfd_open(1),
             'a terminal': lambda: os.openpty()[1], 'changes of files': lambda: libc.inotify_init1(0),
             'endless nothing': lambda: os.open('/dev/full', os.O_RDONLY),
             'a file system to be': lambda: os.open('/dev/fuse', os.O_RDWR),
             'a process\'s place': lambda: os.open('/proc/self/root', os.O_RDONLY)}
    it = kinds[kind]()
    fds = Gio.UnixFDList.new()
    body = {'secrets': GLib.Variant('a{sh}', {'treasure': fds.append(it if isinstance(it, int) else it.fileno())})}
    try:
        client.connection.call_with_unix_fd_list_sync(BUS_NAME, path, DOMAIN, 'Start', GLib.Variant('(a{sv})', (body,)),
                                                      None, Gio.DBusCallFlags.NONE, int(TIMEOUT * 1000), fds, None)
        return ['done', '']
    except GLib.Error as error:
        return [Gio.dbus_error_get_remote_error(error), error.message]


@pytest.mark.parametrize('kind', ['an event', 'a poll', 'a process', 'a terminal', 'changes of files', 'endless nothing',
                                  'a file system to be', 'a process\'s place'])
def test_no_secret_is(world, no_trace, kind):
    xml = domain_xml('attempt', devices='<disk type="file"><driver name="qemu" type="raw"/><source '
                     'file="/home/alice/mine.img"><encryption format="luks"><secret type="passphrase" usage="treasure"/>'
                     '</encryption></source><target dev="vda" bus="virtio"/></disk>')
    path = world.alice.define(xml)
    try:
        outcome = world.alice(secret_of, path, kind)
        assert outcome[0] == INVALID_ARGS and 'treasure' in outcome[1], outcome
        assert world.alice.get(path, 'State') == 'shutoff'
    finally:
        world.alice.domain(path, 'Undefine')


# Grants. -----------------------------------------------------------------------------------------------------------

def rng(path):
    return f'<rng model="virtio"><backend model="random">{path}</backend></rng>'


def fate(path, method, *arguments):
    """How a call ends: the error's name and words, or 'done'."""
    try:
        Domain(client, path).call(method, *arguments)
    except DBusError as error:
        return [error.name, error.message]
    return ['done', '']


def test_what_root_granted_is_for_that_definition_alone(world, no_trace):
    uuid = '5f2c1f4e-6d2b-4a53-9a3a-0b1c7c1f7a55'
    path = world.alice.define(domain_xml('attempt', uuid=uuid))
    granted = domain_xml('attempt', uuid=uuid, devices=rng('/dev/zero'))
    try:
        assert world.root(fate, path, 'Redefine', granted) == ['done', '']
        assert world.alice(fate, path, 'Start') == ['done', '']
        # Neither more of it, nor another of hers with the same.
        for device in '/dev/full', '/dev/mem', '/dev/../dev/full':
            xml = domain_xml('attempt', uuid=uuid, devices=rng(device))
            assert world.alice(fate, path, 'Redefine', xml)[0] == UNAUTHORIZED
            assert world.alice(fate, path, 'AttachDevice', rng(device))[0] == UNAUTHORIZED
        assert world.alice(define_and_start, domain_xml('attempt-2', devices=rng('/dev/zero')))[:2] == ['define', UNAUTHORIZED]
        # What she gave up she does not get back.
        world.alice.domain(path, 'PowerOff')
        assert world.alice(fate, path, 'Redefine', domain_xml('attempt', uuid=uuid)) == ['done', '']
        assert world.alice(fate, path, 'Redefine', granted)[0] == UNAUTHORIZED
    finally:
        if world.alice.get(path, 'State') != 'shutoff':
            world.alice.domain(path, 'PowerOff')
        world.alice.domain(path, 'Undefine')


PLUGS = [('a device of the host', rng('/dev/mem'), (UNAUTHORIZED,)),
         ('the memory of the host as a disk', disk('/dev/mem', target='vdz'), (UNAUTHORIZED,)),
         ('a bridge', '<interface type="bridge"><source bridge="br0"/><model type="virtio"/></interface>', (UNAUTHORIZED,)),
         ('bob\'s file', disk('/var/lib/bait/bob.img', target='vdz'), (STORAGE, FAILED, ERROR + 'Monitor')),
         ('shadow behind a link', disk('/home/alice/to-shadow', target='vdz'), (STORAGE, FAILED, ERROR + 'Monitor')),
         ('a PCI device', '<hostdev mode="subsystem" type="pci"><source><address domain="0" bus="0" slot="2" function="0"/>'
          '</source></hostdev>', (UNAUTHORIZED,))]


@pytest.fixture
def hers(world, no_trace):
    path = world.alice.define(domain_xml('attempt'))
    world.alice.domain(path, 'Start')
    yield path
    if world.alice.get(path, 'State') != 'shutoff':
        world.alice.domain(path, 'PowerOff')
    world.alice.domain(path, 'Undefine')


@pytest.mark.parametrize('xml, errors', [pytest.param(*row, id=sentence) for sentence, *row in PLUGS])
def test_alice_plugs_in_vain_into_what_runs(world, hers, xml, errors):
    before = world.alice.domain(hers, 'GetXML')
    outcome = world.alice(fate, hers, 'AttachDevice', xml)
    assert outcome[0] in errors, outcome
    assert 'root:' not in outcome[1]
    assert world.alice.domain(hers, 'GetXML') == before and world.alice.get(hers, 'State') == 'running'


# What is told to all. ----------------------------------------------------------------------------------------------

def listen():
    """Keeps all that the service says to everybody."""
    def on_signal(connection, sender, path, interface, member, parameters):
        kept['heard'].append(f'{path} {interface}.{member} {parameters.print_(True)}')
    kept['heard'] = []
    kept['subscription'] = client.connection.signal_subscribe(BUS_NAME, None, None, None, None,
                                                              Gio.DBusSignalFlags.NONE, on_signal)


def heard(until):
    client.wait(lambda: any(until in it for it in kept['heard']), f'{until} was heard')
    client.connection.signal_unsubscribe(kept.pop('subscription'))
    return kept.pop('heard')


def look_at_all(path):
    """All that anybody may read of a domain: properties, objects, introspection."""
    found = []
    for top, interface in (('/org/virtbus1', 'org.virtbus1.Manager'), (path, DOMAIN)):
        found.append(client.call(BUS_NAME, top, PROPERTIES, 'GetAll', '(s)', interface))
        found.append(client.call(BUS_NAME, top, OBJECT_MANAGER, 'GetManagedObjects'))
        found.append(client.call(BUS_NAME, top, INTROSPECTABLE, 'Introspect'))
    return str(found)


def test_nothing_of_a_definition_is_told_to_all(world, no_trace):
    """Neither while root has it made and started, nor to who looks."""
    words = 'under-the-oak', 'behind-the-well', 'how-it-is-meant'
    world.machine.run('truncate', '-s', '1M', '/srv/under-the-oak.img')
    world.alice(listen)
    xml = domain_xml('attempt', description='how-it-is-meant', devices=disk('/srv/under-the-oak.img') +
                     '<serial type="unix"><source mode="bind" path="/tmp/behind-the-well"/></serial>')
    path = world.root.define(xml)
    try:
        assert world.root(fate, path, 'Start') == ['done', '']
        seen = world.alice(look_at_all, path)
        world.root(fate, path, 'PowerOff')
    finally:
        world.root.domain(path, 'Undefine')
        world.machine.run('rm', '-f', '/srv/under-the-oak.img', '/tmp/behind-the-well')
    said = world.alice(heard, 'undefined')
    assert any('InterfacesAdded' in it for it in said) and 'attempt' in seen
    for word in words:
        assert word not in seen and not any(word in it for it in said), word


# News that somebody has made up. -----------------------------------------------------------------------------------

def tell_the_service(news, times):
    """Signals to the service itself, as the bus or systemd would send them."""
    connection = client.connection
    service = client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetNameOwner', '(s)',
                          BUS_NAME)
    for i in range(times):
        for path, interface, member, text in news:
            connection.emit_signal(service, path, interface, member, GLib.Variant.parse(None, text.replace('{i}', str(i)),
                                                                                       None, None))
    connection.flush_sync(None)
    # They have come when something after them has an answer.
    return len(manager.ListDomains())


def unique_name():
    return client.connection.get_unique_name()


def test_the_service_does_not_believe_that_somebody_has_gone(world, no_trace):
    """Or that systemd has ended a scope, or that polkit has changed."""
    news = [('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'NameOwnerChanged', f'("{name}", "{name}", "")')
            for name in (world.bob(unique_name), world.root(unique_name), 'org.freedesktop.systemd1',
                         'org.freedesktop.PolicyKit1')]
    news += [('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'NameLost', '("org.virtbus1",)'),
             ('/org/freedesktop/PolicyKit1/Authority', 'org.freedesktop.PolicyKit1.Authority', 'Changed', '()')]
    pid = world.machine.show('virtbusd.service', 'MainPID')
    for actor in world.alice, world.bob:
        assert actor(tell_the_service, news, 20) >= 2
    assert world.machine.show('virtbusd.service', 'MainPID') == pid
    assert world.bob.get(world.theirs['bob'], 'State') == 'running'
    assert '<name>theirs</name>' in world.root.domain(world.theirs['root'], 'GetXML')


def test_a_start_does_not_believe_that_systemd_has_refused(world, no_trace):
    """Jobs are told of by number, which can be guessed."""
    news = [('/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'JobRemoved',
             '(uint32 {i}, objectpath "/org/freedesktop/systemd1/job/{i}", "virtbus-{i}.scope", "failed")')]
    for _ in range(3):
        path = world.root.define(domain_xml('attempt'))
        try:
            world.root(begin_start, path)
            assert world.alice(tell_the_service, news, 2000)
            assert world.root(end_start) == 'done'
            assert world.root.get(path, 'State') == 'running'
            world.root.domain(path, 'PowerOff')
        finally:
            world.root.domain(path, 'Undefine')


def begin_start(path):
    kept['start'] = client.start_call(BUS_NAME, path, DOMAIN, 'Start', '(a{sv})', {})


def end_start():
    client.wait(lambda: kept['start'], 'the start has ended')
    return kept['start'][0].name if isinstance(kept['start'][0], DBusError) else 'done'


# Who is gone before the answer. ------------------------------------------------------------------------------------

def call_and_go(path, methods, times):
    """Calls from connections that are closed at once."""
    for i in range(times):
        it = virtbus.Client(BUS_ADDRESS)
        for method in methods:
            it.start_call(BUS_NAME, path, DOMAIN, method, '(a{sv})', {})
        it.connection.flush_sync(None)
        it.connection.close_sync(None)


@pytest.mark.parametrize('whose', ['bob', 'root'])
def test_nothing_is_done_for_who_has_gone_that_would_not_be(world, no_trace, whose):
    world.alice(call_and_go, world.theirs[whose], ['PowerOff', 'Undefine', 'Reset', 'Suspend'], 20)
    owner = world.bob if whose == 'bob' else world.root
    assert owner.get(world.theirs[whose], 'State') == 'running'


# Objects that are none. --------------------------------------------------------------------------------------------

@pytest.mark.parametrize('form', ['/org/virtbus1/domain/0{}', '/org/virtbus1/domain/00000{}', '/org/virtbus1/domain/{}_',
                                  '/org/virtbus1/domain/_3{}', '/org/virtbus1/domain/{}0000000000',
                                  '/org/virtbus1/domain/4294967296', '/org/virtbus1/domain/{}/device',
                                  '/org/virtbus1/domain/{}/device/_2e_2e', '/org/virtbus1'])
def test_a_path_that_is_written_otherwise_is_nobodys(world, no_trace, form):
    for whose in 'bob', 'root':
        path = form.format(world.theirs[whose].rsplit('/', 1)[1])
        for method in 'GetXML', 'PowerOff', 'Undefine':
            name = world.alice(fate, path, method)[0]
            assert name in (UNKNOWN_OBJECT, 'org.freedesktop.DBus.Error.UnknownMethod',
                            'org.freedesktop.DBus.Error.UnknownInterface'), (path, method, name)


def listen_to_all():
    """What the bus says to who wants to read everybody's messages."""
    outcomes = []
    for interface, method, signature, *arguments in (
            ('org.freedesktop.DBus.Monitoring', 'BecomeMonitor', '(asu)', [], 0),
            ('org.freedesktop.DBus', 'AddMatch', '(s)', "eavesdrop='true',type='method_return',sender='org.virtbus1'")):
        try:
            client.call('org.freedesktop.DBus', '/org/freedesktop/DBus', interface, method, signature, *arguments)
            outcomes.append('done')
        except DBusError as error:
            outcomes.append(error.name)
    return outcomes


def test_replies_to_others_are_not_heard(world, no_trace):
    """The bus takes the match, and gives nothing by it."""
    assert world.alice(listen_to_all)[0] == ACCESS_DENIED
    world.alice(listen_raw)
    assert '<name>theirs</name>' in world.root.domain(world.theirs['root'], 'GetXML')
    assert world.alice(overheard) == []


def listen_raw():
    def on_message(connection, message, incoming):
        if incoming and message.get_message_type() == Gio.DBusMessageType.METHOD_RETURN and \
                '<domain' in message.print_(0):
            kept['overheard'].append(message.print_(0))
        return message
    kept['overheard'] = []
    kept['filter'] = client.connection.add_filter(on_message)


def overheard():
    manager.ListDomains()
    client.connection.remove_filter(kept.pop('filter'))
    return kept.pop('overheard')


# Texts. ------------------------------------------------------------------------------------------------------------

def define_and_read(xml):
    """What a definition has become, or how it was refused; nothing is kept."""
    try:
        domain = manager.define(xml)
    except DBusError as error:
        return error.name
    text = domain.GetXML()
    domain.Undefine()
    return text


@pytest.mark.parametrize('text', [
    '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>',
    '<?xml-stylesheet href="file:///etc/hostname"?>'], ids=['included', 'a stylesheet'])
def test_no_file_is_read_for_a_text(world, no_trace, text):
    xml = domain_xml('attempt', extra=f'<metadata><a xmlns="urn:a">{text}</a></metadata>')
    assert 'virtbus-test' not in world.alice(define_and_read, xml)


@pytest.mark.parametrize('start', [
    '<!DOCTYPE domain SYSTEM "file:///home/bob/x.dtd">', '<!DOCTYPE domain PUBLIC "x" "http://127.0.0.1:1/x.dtd">',
    '<!DOCTYPE domain [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]>'], ids=['of bob\'s', 'of a server', 'by an entity'])
def test_no_document_type_is_fetched(world, no_trace, start):
    assert world.alice(define_and_read, start + domain_xml('attempt')) == INVALID_XML
