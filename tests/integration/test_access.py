# SPDX-License-Identifier: LGPL-2.1-or-later
"""Only root and the service's own user change anything or see XML; everybody sees what is public."""

import json

import pytest
from virtbus import (CONTRACT, DEVICE, DOMAIN, MANAGER, OTHER, OWNER, PTY, ROOT, STRANGER, Client, DBusError, Domain, domain_xml, run_as)

PUBLIC = {(MANAGER, method) for method in ('GetDomain', 'GetDomainByUUID', 'GetDomainByPID', 'ListDomains', 'ListEmulators',
                                           'ListMachineTypes', 'DescribeMachineType')}

# Walks everything that introspection shows and calls it; prints the outcomes as JSON.
WALK = r'''
import json, sys
from gi.repository import Gio, GLib

address, pid, uuid, xml, act = sys.argv[1:6]
flags = Gio.DBusConnectionFlags
connection = Gio.DBusConnection.new_for_address_sync(
    address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)


def call(path, interface, method, arguments=None):
    try:
        reply = connection.call_sync('org.virtbus1', path, interface, method, arguments, None, 0, 60000, None)
        return 'ok', reply.print_(False)
    except GLib.Error as error:
        return Gio.dbus_error_get_remote_error(error), error.message


samples = {'xml': xml, 'name': 'guest', 'uuid': uuid, 'pid': int(pid), 'alias': 'serial0', 'autostart': True,
           'options': {}, 'resources': {}, 'architecture': 'x86_64', 'machine_type': 'q35'}
found, todo = [], ['/']
while todo:
    path = todo.pop()
    text = connection.call_sync('org.virtbus1', path, 'org.freedesktop.DBus.Introspectable', 'Introspect', None, None,
                                0, 60000, None).unpack()[0]
    node = Gio.DBusNodeInfo.new_for_xml(text)
    todo += [path.rstrip('/') + '/' + child.path for child in node.nodes]
    for interface in node.interfaces:
        if interface.name == 'org.freedesktop.DBus.ObjectManager':
            found.append((path, interface.name, 'GetManagedObjects', *call(path, interface.name, 'GetManagedObjects')))
        if not interface.name.startswith('org.virtbus1'):
            continue
        found.append((path, interface.name, 'GetAll', *call(path, 'org.freedesktop.DBus.Properties', 'GetAll',
                                                            GLib.Variant('(s)', (interface.name,)))))
        for prop in interface.properties:
            found.append((path, interface.name, 'Get ' + prop.name, *call(
                path, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', (interface.name, prop.name)))))
            if act == 'read':
                continue
            found.append((path, interface.name, 'Set ' + prop.name, *call(
                path, 'org.freedesktop.DBus.Properties', 'Set',
                GLib.Variant('(ssv)', (interface.name, prop.name, GLib.Variant('s', 'x'))))))
        for method in interface.methods if act == 'act' else ():
            signature = '(' + ''.join(arg.signature for arg in method.in_args) + ')'
            arguments = GLib.Variant(signature, tuple(samples[arg.name] for arg in method.in_args))
            found.append((path, interface.name, method.name, *call(path, interface.name, method.name, arguments)))
print(json.dumps(found))
'''


def walk(service, domain, uid, xml, act='act'):
    done = run_as(uid, WALK, service.bus.address, domain.ProcessID, domain.UUID, xml, act)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize('xml', [domain_xml('new'), domain_xml('guest'), '<nonsense', ''],
                         ids=['valid', 'existing', 'malformed', 'empty'])
def test_a_stranger_changes_nothing_and_sees_no_xml(service, client, manager, xml):
    """Every method of every interface of every object that introspection leads to; and all before anything that is
    said is even looked at."""
    running = manager.define(domain_xml(devices=PTY))
    running.Start()
    manager.define(domain_xml('other'))
    before = {domain: (domain.get_all(), domain.GetXML()) for domain in manager.domains()}
    mark = client.mark()
    outcomes = walk(service, running, STRANGER, xml)

    called = {(interface, member) for _, interface, member, _, _ in outcomes}
    for interface, info in CONTRACT.items():
        for method in info.methods:
            assert (interface, method.name) in called, 'the walk did not come there'
    for path, interface, member, name, message in outcomes:
        where = f'{interface}.{member} at {path}: {name}: {message}'
        if member == 'GetAll' or member.startswith('Get ') or member == 'GetManagedObjects' or \
                (interface, member) in PUBLIC:
            assert name == 'ok', where
            assert '<domain' not in message and '<device' not in message
        elif member.startswith('Set '):
            assert name != 'ok', where
        else:
            assert name == 'org.freedesktop.DBus.Error.AccessDenied', where
            assert message, where
    assert {domain: (domain.get_all(), domain.GetXML()) for domain in manager.domains()} == before
    assert client.since(mark) == []
    assert len(service.state_entries()) == 2


def test_what_a_stranger_reads_is_what_root_reads(service, client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    domain.Start()
    outcomes = walk(service, domain, STRANGER, domain_xml())
    done = walk(service, domain, 0, domain_xml(), 'read')
    def read(outcomes, path):
        return {(interface, member): message for where, interface, member, name, message in outcomes
                if where == path and member.startswith('Get ') and name == 'ok'}
    assert read(outcomes, ROOT) == read(done, ROOT) != {}
    mine = read(outcomes, domain.path)
    assert mine[(DOMAIN, 'Get Name')] == "(<'guest'>,)"
    assert set(mine) == {(DOMAIN, 'Get ' + prop.name) for prop in CONTRACT[DOMAIN].properties}


def test_a_stranger_hears_signals(service, client, manager):
    """Signals are broadcast; what they say is public."""
    listen = r'''
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags
connection = Gio.DBusConnection.new_for_address_sync(
    sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
loop = GLib.MainLoop()
heard = []
def on_signal(connection, sender, path, interface, member, parameters, *_):
    print(member, parameters.print_(False), flush=True)
    if member == 'Lifecycle' and parameters.unpack()[-2:] == ('undefined', 'removed'):
        loop.quit()
connection.signal_subscribe(None, None, None, '/org/virtbus1', None, 0, on_signal)
connection.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                     GLib.Variant('(su)', ('test.Listener', 0)), None, 0, -1, None)
loop.run()
'''
    import subprocess
    listener = subprocess.Popen(['setpriv', f'--reuid={STRANGER}', f'--regid={STRANGER}', '--clear-groups',
                                 '/usr/bin/python3', '-c', listen, service.bus.address], stdout=subprocess.PIPE,
                                text=True, cwd='/')
    client.wait(lambda: 'test.Listener' in client.call('org.freedesktop.DBus', '/org/freedesktop/DBus',
                                                       'org.freedesktop.DBus', 'ListNames'), 'it listens')
    domain = manager.define(domain_xml())
    domain.Undefine()
    heard = listener.communicate(timeout=30)[0]
    assert f"('{domain.path}', 'defined', 'added')" in heard.replace('objectpath ', '')


def test_the_services_own_user_may_everything(new_service, directory):
    """Whose service it is may use it, root may, others may not."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    define = r'''
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags
connection = Gio.DBusConnection.new_for_address_sync(
    sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
def call(path, interface, method, arguments):
    return connection.call_sync('org.virtbus1', path, interface, method, arguments, None, 0, 60000, None)
try:
    path = call('/org/virtbus1', 'org.virtbus1.Manager', 'DefineDomain', GLib.Variant('(sa{sv})', (sys.argv[2], {})))
    path = path.unpack()[0]
    call(path, 'org.virtbus1.Domain', 'Start', GLib.Variant('(a{sv})', ({},)))
    print(path)
except GLib.Error as error:
    print(Gio.dbus_error_get_remote_error(error))
'''
    client = Client(service.bus.address)
    client.start_model()
    done = run_as(OWNER, define, service.bus.address, domain_xml('own'))
    own = Domain(client, done.stdout.strip())
    assert own.path.startswith('/org/virtbus1/domain/'), done
    assert own.State == 'running' and own.Owner == OWNER
    assert 'own' in own.GetXML()
    roots = client.manager.define(domain_xml('own'))  # names are unique per owner
    assert roots.Owner == 0 and roots != own
    assert client.manager.GetDomain('own') == roots.path
    assert client.manager.GetDomain('own', owner=OWNER) == own.path
    for stranger in (OTHER, STRANGER):
        done = run_as(stranger, define, service.bus.address, domain_xml('strangers'))
        assert done.stdout.strip() == 'org.freedesktop.DBus.Error.AccessDenied'
    own.PowerOff()
    assert len(client.manager.ListDomains()) == 2
    # The caller's own first; a stranger who has none is told that there are several.
    find = r'''
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags
connection = Gio.DBusConnection.new_for_address_sync(
    sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
try:
    print(connection.call_sync('org.virtbus1', '/org/virtbus1', 'org.virtbus1.Manager', 'GetDomain',
                               GLib.Variant('(sa{sv})', ('own', {})), None, 0, 60000, None).unpack()[0])
except GLib.Error as error:
    print(Gio.dbus_error_get_remote_error(error))
'''
    assert run_as(OWNER, find, service.bus.address).stdout.strip() == own.path
    assert run_as(OTHER, find, service.bus.address).stdout.strip() == 'org.freedesktop.DBus.Error.InvalidArgs'
    client.check_model()
    client.close()


def test_the_device_interface_shows_xml_to_nobody_else(service, manager):
    domain = manager.define(domain_xml(devices=PTY))
    device = domain.device('serial0')
    assert '<serial' in device.GetXML()
    show = r'''
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags
connection = Gio.DBusConnection.new_for_address_sync(
    sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
try:
    print(connection.call_sync('org.virtbus1', sys.argv[2], 'org.virtbus1.Device', 'GetXML',
                               GLib.Variant('(a{sv})', ({},)), None, 0, 60000, None).unpack()[0])
except GLib.Error as error:
    print(Gio.dbus_error_get_remote_error(error))
'''
    assert run_as(STRANGER, show, service.bus.address, device.path).stdout.strip() == \
        'org.freedesktop.DBus.Error.AccessDenied'


def test_files_are_closed_to_strangers(service, manager):
    """Neither the definitions nor the monitor nor a console can be reached past the service."""
    domain = manager.define(domain_xml(devices='<serial type="unix"/>'))
    domain.Start()
    look = r'''
import os, socket, sys
reached = []
for top in sys.argv[1:]:
    for where, directories, files in os.walk(top):
        for name in files + directories:
            path = os.path.join(where, name)
            try:
                if os.path.isfile(path):
                    open(path).read()
                    reached.append(path)
                else:
                    connection = socket.socket(socket.AF_UNIX)
                    connection.connect(path)
                    reached.append(path)
            except OSError:
                pass
for pattern in ('monitor/qmp.sock', 'status.json', 'live.xml', 'emulator.log'):
    for top in sys.argv[1:]:
        try:
            open(os.path.join(top, pattern)).read()
            reached.append(pattern)
        except OSError:
            pass
print(reached)
'''
    runtime = service.runtime_directory(domain)
    done = run_as(STRANGER, look, service.state, service.runtime, runtime, runtime / 'monitor', runtime / 'sockets',
                  service.state / 'domains' / domain.id)
    assert done.stdout.strip() == '[]', done
