# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as a program: how it is started and stopped, several side by side, and busctl as a client."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
from virtbus import (OWNER, PTY, VIRTBUSD, Client, DBusError, SLOWNESS, domain_xml, process_alive, run_as, wait_until)


def run(*arguments, **named):
    return subprocess.run([VIRTBUSD, *map(str, arguments)], capture_output=True, text=True, timeout=60 * SLOWNESS,
                          check=False, **named)


def test_version_and_help():
    done = run('--version')
    assert done.returncode == 0 and re.search(r'\d+\.\d+\.\d+', done.stdout)
    done = run('--help')
    assert done.returncode == 0
    for option in ('--system', '--user', '--address', '--state-dir', '--runtime-dir', '--cache-dir', '--config'):
        assert option in done.stdout
    assert done.stderr == ''


@pytest.mark.parametrize('arguments', [['--nonsense'], ['argument'], ['--system', '--user'], ['--address'],
                                       ['--user', '--address=unix:path=/x'], ['--state-dir']])
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT) and done.stderr


def test_no_bus(tmp_path):
    done = run(f'--address=unix:path={tmp_path}/none', f'--state-dir={tmp_path}/s', f'--runtime-dir={tmp_path}/r',
               f'--cache-dir={tmp_path}/c')
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT) and done.stderr


def test_unusable_directories(bus, tmp_path):
    (tmp_path / 'file').write_text('')
    for which in ('state', 'runtime'):
        places = {name: tmp_path / name for name in ('state', 'runtime', 'cache')}
        places[which] = tmp_path / 'file' / 'x'
        done = run(f'--address={bus.address}', *(f'--{name}-dir={place}' for name, place in places.items()))
        assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
        assert str(tmp_path / 'file') in done.stderr


@pytest.mark.parametrize('signo', [signal.SIGTERM, signal.SIGINT], ids=lambda signo: signo.name)
def test_ends_when_asked_and_guests_go_on(service, client, manager, signo):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    service.stop(signo)
    assert service.process.returncode == 0
    assert process_alive(pid)


def test_ends_with_calls_under_way(service, client, manager):
    """Whoever waits is told that the service is gone."""
    client.model = None
    domain = manager.define(domain_xml())
    calls = [domain.start('Start')] + [manager.start('DefineDomain', domain_xml(f'n{i}')) for i in range(20)]
    service.stop()
    client.wait(lambda: all(calls), 'all were answered')


def test_tells_the_service_manager(new_service, directory):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(directory / 'notify'))
    notify.settimeout(30 * SLOWNESS)
    service = new_service(environment={'NOTIFY_SOCKET': str(directory / 'notify')}).start()
    said = notify.recv(4096).decode()
    assert 'READY=1' in said
    service.stop()
    said = notify.recv(4096).decode()
    while 'STOPPING=1' not in said:
        said += notify.recv(4096).decode()
    notify.close()


def test_emulators_do_not_inherit_from_the_service(new_service, directory):
    """No environment, no descriptors, no bus, no notify socket; a session of their own; no new privileges."""
    service = new_service(environment={'NOTIFY_SOCKET': str(directory / 'n'), 'SECRET_OF_THE_SERVICE': '1'}).start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    environment = open(f'/proc/{pid}/environ', 'rb').read()
    assert b'SECRET' not in environment and b'NOTIFY' not in environment
    status = open(f'/proc/{pid}/status', encoding='ascii').read()
    assert re.search(r'^NoNewPrivs:\s+1$', status, re.M)
    blocked = int(re.search(r'^SigBlk:\s+(\w+)$', status, re.M)[1], 16)
    for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):  # some others QEMU blocks itself
        assert not blocked & 1 << signo - 1
    assert os.getsid(pid) == pid
    targets = [os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]
    assert not [target for target in targets if str(service.state) in target]
    assert os.readlink(f'/proc/{pid}/fd/0') == '/dev/null'
    arguments = open(f'/proc/{pid}/cmdline', 'rb').read().split(b'\0')
    for expected in (b'-sandbox', b'-nodefaults', b'-no-user-config'):
        assert expected in arguments
    client.close()


def test_a_user_service(new_service, bus, directory):
    """--user: the session bus and the XDG directories."""
    place = directory / 'home'
    place.mkdir()
    (place / 'run').mkdir(mode=0o700)
    service = new_service(arguments=['--user'], environment={
        'DBUS_SESSION_BUS_ADDRESS': bus.address, 'XDG_STATE_HOME': str(place / 'state'),
        'XDG_RUNTIME_DIR': str(place / 'run'), 'XDG_CACHE_HOME': str(place / 'cache'), 'HOME': str(place)})
    service.start()
    client = Client(bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start()
    assert list((place / 'state').rglob('definition.xml')) and list((place / 'run').rglob('status.json'))
    assert list((place / 'cache').rglob('*'))
    assert domain.RuntimeDirectory.startswith(str(place / 'run'))
    domain.PowerOff()
    client.close()


# What only root could pass: in a user's own room nobody is.
CLOSE = '''
import os, sys
os.chdir(sys.argv[1])
for name, mode in (('none', 0), ('no-write', 0o500), ('no-look', 0o300)):
    os.makedirs(name + '/within/it')
    open(name + '/within/file', 'w').close()
    os.chmod(name + '/within', mode)
    os.chmod(name, mode)
os.symlink('/etc', 'link')
os.chmod('.', 0)
'''


def test_what_is_closed_in_a_users_own_room_goes_with_it(new_service, bus, directory):
    place = directory / 'home'
    for path in (place, place / 'run'):
        path.mkdir(mode=0o700)
        os.chown(path, OWNER, OWNER)
    service = new_service(uid=OWNER, arguments=['--user'], environment={
        'DBUS_SESSION_BUS_ADDRESS': bus.address, 'XDG_STATE_HOME': str(place / 'state'),
        'XDG_RUNTIME_DIR': str(place / 'run'), 'XDG_CACHE_HOME': str(place / 'cache'), 'HOME': str(place)})
    service.start()
    client = Client(bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start(paused=True)
    room = pathlib.Path(domain.RuntimeDirectory)
    done = run_as(OWNER, CLOSE, room / 'sockets')
    assert done.returncode == 0, done.stderr
    domain.PowerOff()
    assert not room.exists()
    domain.Start(paused=True)
    domain.PowerOff()
    client.close()


def test_a_system_service(new_service, bus):
    """--system: the system bus, wherever that is."""
    service = new_service(environment={'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
    service.arguments = ['--system'] + [argument for argument in service.arguments
                                        if not argument.startswith('--address')]
    service.start()
    client = Client(bus.address)
    assert client.manager.ListDomains() == []
    client.close()


def test_directories_do_not_depend_on_the_umask(new_service):
    """A guest of another user reaches its sockets through directories of the service, which has a strict umask."""
    service = new_service(wrapper=['sh', '-c', 'umask 077; exec "$@"', 'sh']).start()
    assert service.runtime.stat().st_mode & 0o777 == 0o755
    assert (service.runtime / 'domains').stat().st_mode & 0o777 == 0o711


def test_two_instances_side_by_side(new_service, new_bus):
    """On buses of their own, with domains of the same names and uuids, that know nothing of each other."""
    uuid = '8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'
    clients, domains = [], []
    for _ in range(2):
        service = new_service(bus=new_bus()).start()
        clients.append(Client(service.bus.address))
        clients[-1].start_model()
        domains.append(clients[-1].manager.define(domain_xml(uuid=uuid, devices='<serial type="unix"/>')))
        domains[-1].Start()
    first, second = domains
    assert first.ProcessID != second.ProcessID and first.path == second.path
    assert first.RuntimeDirectory != second.RuntimeDirectory
    first.PowerOff()
    assert (first.State, second.State) == ('shutoff', 'running')
    first.Undefine()
    assert len(clients[0].manager.ListDomains()) == 0 and len(clients[1].manager.ListDomains()) == 1
    for client in clients:
        client.check_model()
        client.close()


def test_a_second_instance_on_the_same_directories_is_refused(service, manager, new_bus):
    domain = manager.define(domain_xml())
    done = run(f'--address={new_bus().address}', f'--state-dir={service.state}', f'--runtime-dir={service.runtime}',
               f'--cache-dir={service.cache}')
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert str(service.state) in done.stderr
    assert domain.exists()


def test_a_second_instance_on_the_same_bus_is_refused(service, tmp_path):
    """It ends and says why; the first one is not disturbed."""
    done = run(f'--address={service.bus.address}', f'--state-dir={tmp_path}/s', f'--runtime-dir={tmp_path}/r',
               f'--cache-dir={tmp_path}/c')
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT) and 'org.virtbus1' in done.stderr


def test_the_bus_goes_away(new_service, new_bus):
    """Without a bus there is nobody to serve; guests go on."""
    bus = new_bus()
    service = new_service(bus=bus).start()
    client = Client(bus.address)
    domain = client.manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    bus.close()
    wait_until(lambda: not service.alive, 'the service has ended')
    assert service.process.returncode not in (-signal.SIGSEGV, -signal.SIGABRT)
    assert process_alive(pid)


def test_a_cold_and_a_damaged_cache(new_service, directory):
    """The probe cache is only a cache."""
    cache = directory / 'cache'
    service = new_service(cache=cache).start()
    client = Client(service.bus.address)
    first = client.manager.ValidateDomain(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'))
    service.stop()
    files = [path for path in cache.rglob('*') if path.is_file()]
    assert files
    for content in (b'', b'{', b'\0' * 100, b'[]', b'{"version": "x", "machines": 7}', b'[' * 100000):
        for path in files:
            path.write_bytes(content)
        service.start()
        assert client.manager.ValidateDomain(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a')) == first
        service.stop()
    client.close()


def test_a_cache_that_cannot_be_written(new_service, directory):
    (directory / 'cache').write_text('a file')
    service = new_service(cache=directory / 'cache').start()
    client = Client(service.bus.address)
    client.manager.ValidateDomain(domain_xml())
    client.close()


def test_the_cache_knows_another_binary(new_service, directory):
    """An emulator that was exchanged is asked again."""
    path = directory / 'qemu-one'
    path.write_text('#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    path.chmod(0o755)
    service = new_service(cache=directory / 'cache').start()
    client = Client(service.bus.address)
    client.manager.ValidateDomain(domain_xml(emulator=path))
    path.write_text('#!/bin/sh\necho "another one" >&2\nexit 1\n')
    with pytest.raises(DBusError, match='another one'):
        client.manager.ValidateDomain(domain_xml(emulator=path))
    client.close()


def busctl(service, *arguments):
    done = subprocess.run(['busctl', f'--address={service.bus.address}', '--no-pager', *arguments], capture_output=True,
                          text=True, timeout=60 * SLOWNESS, check=False, env={**os.environ, 'SYSTEMD_COLORS': '0'})
    return done


def test_busctl(service, client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    tree = busctl(service, 'tree', 'org.virtbus1')
    assert tree.returncode == 0
    for path in ('/org/virtbus1', domain.path, *domain.Controllers, *domain.Devices):
        assert path in tree.stdout
    shown = busctl(service, 'introspect', 'org.virtbus1', domain.path)
    assert shown.returncode == 0
    for word in ('org.virtbus1.Domain', '.Start', '.State', '.Lifecycle', 'emits-change', '"shutoff"'):
        assert word in shown.stdout
    done = busctl(service, 'call', 'org.virtbus1', domain.path, 'org.virtbus1.Domain', 'Start', 'a{sv}', '1', 'paused',
                  'b', 'true')
    assert done.returncode == 0, done.stderr
    done = busctl(service, 'get-property', 'org.virtbus1', domain.path, 'org.virtbus1.Domain', 'State')
    assert done.stdout == 's "paused"\n'
    done = busctl(service, '--json=short', 'call', 'org.virtbus1', '/org/virtbus1', 'org.virtbus1.Manager', 'ListDomains')
    assert json.loads(done.stdout)['data'] == [[['guest', domain.UUID, 0, 'paused', domain.path]]]
    done = busctl(service, 'call', 'org.virtbus1', domain.path, 'org.virtbus1.Domain', 'Start', 'a{sv}', '0')
    assert done.returncode != 0 and 'paused' in done.stderr
    done = busctl(service, 'status', 'org.virtbus1')
    assert f'PID={service.pid}' in done.stdout


def test_busctl_monitor_sees_the_order(service, client, manager):
    """The order on the wire itself: change, event, reply."""
    monitor = subprocess.Popen(['busctl', f'--address={service.bus.address}', '--no-pager', '--json=short', 'monitor',
                                'org.virtbus1'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert 'Monitoring' in monitor.stderr.readline()
    domain = manager.define(domain_xml())
    domain.Start()
    domain.PowerOff()
    seen = []
    for line in monitor.stdout:
        message = json.loads(line)
        if message.get('member') in ('PropertiesChanged', 'Lifecycle', 'InterfacesAdded', 'Start', 'PowerOff'):
            seen.append((message['type'], message['member'], message.get('path'), message['payload']['data']))
            if message['member'] == 'PowerOff':
                cookie = message['cookie']
        if message['type'] == 'method_return' and len(seen) and message.get('reply_cookie') == locals().get('cookie'):
            break
    monitor.terminate()
    monitor.wait()
    kinds = [(member, path, data[1]['State']['data'] if member == 'PropertiesChanged' and 'State' in data[1] else
              data[0] if member == 'Lifecycle' and path == domain.path else None)
             for kind, member, path, data in seen if path == domain.path]
    story = [f'{member} {word}' for member, _, word in kinds if word is not None or member in ('Start', 'PowerOff')]
    assert story == ['Lifecycle defined', 'Start None', 'PropertiesChanged starting', 'PropertiesChanged running',
                     'Lifecycle started', 'PowerOff None', 'PropertiesChanged stopping', 'PropertiesChanged shutoff',
                     'Lifecycle stopped']


def test_many_domains_at_once(service, client, manager):
    """Calls to different domains do not wait for each other, and all end well."""
    domains = [manager.define(domain_xml(f'guest{i}', memory=32)) for i in range(8)]
    for method, state in (('Start', 'running'), ('Suspend', 'paused'), ('Resume', 'running'), ('PowerOff', 'shutoff')):
        calls = [domain.start(method) for domain in domains]
        client.wait(lambda: all(calls), f'{method} was answered', timeout=120 * SLOWNESS)
        assert not [call for call in calls if isinstance(call[0], DBusError)], calls
        assert {entry[3] for entry in manager.ListDomains()} == {state}
    assert service.runtime_leftovers() == []
