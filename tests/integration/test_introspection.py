# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interface XML is the contract: complete, documented, usable by other people's tools, and what the service has."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from gi.repository import Gio
from virtbus import (BUS_NAME, CONTRACT, CONTROLLER, DEVICE, DOMAIN, INTERFACES, INTROSPECTABLE, MANAGER, PTY, ROOT,
                     SOURCE, domain_xml)

EMITS_CHANGED = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
FILES = sorted(INTERFACES.glob('*.xml'))


def arguments(args):
    return [(arg.name, arg.signature) for arg in args]


def annotations(info):
    return {annotation.key: annotation.value for annotation in info.annotations or []}


def shape(interface):
    """All of an interface that a client relies on."""
    default = annotations(interface).get(EMITS_CHANGED, 'true')
    return {
        'methods': {method.name: (arguments(method.in_args), arguments(method.out_args))
                    for method in interface.methods},
        'signals': {signal.name: arguments(signal.args) for signal in interface.signals},
        'properties': {prop.name: (prop.signature, int(prop.flags), annotations(prop).get(EMITS_CHANGED, default))
                       for prop in interface.properties},
    }


def introspect(client, path):
    return Gio.DBusNodeInfo.new_for_xml(client.call(BUS_NAME, path, INTROSPECTABLE, 'Introspect'))


def live_interfaces(client, path):
    return {interface.name: shape(interface) for interface in introspect(client, path).interfaces}


def ours(interfaces):
    return {name for name in interfaces if name.startswith(BUS_NAME)}


@pytest.mark.life
def test_every_object_has_exactly_the_interfaces_of_the_contract(client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    places = {ROOT: {MANAGER}, domain.path: {DOMAIN}}
    for path in domain.Controllers:
        places[path] = {DEVICE, CONTROLLER}
    for path in domain.Devices:
        places[path] = {DEVICE}
    assert {CONTROLLER, DEVICE} in places.values() and {DEVICE} in places.values()

    for path, expected in places.items():
        live = live_interfaces(client, path)
        assert ours(live) == expected, path
        for name in expected:
            assert live[name] == shape(CONTRACT[name]), f'{name} at {path}'


def test_objects_have_the_standard_interfaces(client, manager):
    domain = manager.define(domain_xml())
    for path in (ROOT, domain.path):
        live = live_interfaces(client, path)
        assert {'org.freedesktop.DBus.ObjectManager', 'org.freedesktop.DBus.Properties',
                'org.freedesktop.DBus.Introspectable', 'org.freedesktop.DBus.Peer'} <= set(live)
        manager_signals = live['org.freedesktop.DBus.ObjectManager']['signals']
        assert set(manager_signals) == {'InterfacesAdded', 'InterfacesRemoved'}


def test_introspection_leads_to_every_object_and_to_no_other(client, manager):
    for name in ('one', 'two'):
        manager.define(domain_xml(name, devices=PTY))
    found, todo = set(), ['/']
    while todo:
        path = todo.pop()
        node = introspect(client, path)
        if ours(interface.name for interface in node.interfaces):
            found.add(path)
        todo += [path.rstrip('/') + '/' + child.path for child in node.nodes]

    expected = {ROOT}
    for domain in manager.domains():
        expected |= {domain.path, *domain.Controllers, *domain.Devices}
    assert found == expected


def test_managed_objects_are_the_domains_and_their_hardware(client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    objects = manager.managed_objects()
    assert set(objects) == {domain.path}
    assert ours(objects[domain.path]) == {DOMAIN}
    assert objects[domain.path][DOMAIN] == domain.get_all()

    hardware = domain.hardware()
    assert set(hardware) == {*domain.Controllers, *domain.Devices}
    for path in domain.Controllers:
        assert ours(hardware[path]) == {DEVICE, CONTROLLER}
    for path in domain.Devices:
        assert ours(hardware[path]) == {DEVICE}


def test_managed_objects_have_every_property_of_the_contract(client, manager):
    domain = manager.define(domain_xml(devices=PTY))
    objects = {**manager.managed_objects(), **domain.hardware()}
    for path, interfaces in objects.items():
        for name in ours(interfaces):
            assert set(interfaces[name]) == {prop.name for prop in CONTRACT[name].properties}, (path, name)


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_gdbus_codegen_understands_the_interface(file, tmp_path):
    subprocess.run(['gdbus-codegen', '--interface-prefix=org.virtbus1.', '--c-namespace=Vb', '--body',
                    f'--output={tmp_path}/generated.c', file], check=True)
    subprocess.run(['gdbus-codegen', '--interface-prefix=org.virtbus1.', '--c-namespace=Vb', '--header',
                    f'--output={tmp_path}/generated.h', file], check=True)
    subprocess.run(['gdbus-codegen', f'--generate-docbook={tmp_path}/doc', file], check=True)
    assert (tmp_path / 'generated.c').stat().st_size and (tmp_path / 'generated.h').stat().st_size


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize('side', ['-p', '-a'], ids=['proxy', 'adaptor'])
def test_qdbusxml2cpp_understands_the_interface(file, side, tmp_path):
    done = subprocess.run([qdbusxml2cpp(), side, f'{tmp_path}/generated', file], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert 'warning' not in done.stderr.lower() and 'error' not in done.stderr.lower(), done.stderr
    assert (tmp_path / 'generated.h').stat().st_size


def qdbusxml2cpp():
    for candidate in ('/usr/lib/qt5/bin/qdbusxml2cpp', '/usr/bin/qdbusxml2cpp', '/usr/lib/qt6/bin/qdbusxml2cpp'):
        if subprocess.run(['test', '-x', candidate], check=False).returncode == 0:
            return candidate
    raise AssertionError('qdbusxml2cpp (qtbase5-dev-tools) is missing')


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_everything_in_the_interface_is_documented(file):
    """Each member has a comment right before it that starts with its name; a method's and a signal's names each
    argument."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.parse(file, parser).getroot()
    comment = ''
    for node in root.iter():
        if node.tag is ElementTree.Comment:
            comment = node.text
        elif node.tag in ('method', 'signal', 'property', 'interface'):
            name = node.get('name')
            assert comment.strip().startswith(f'{name}:'), f'{name} is not documented'
            for arg in node.findall('arg'):
                assert re.search(rf'^\s*@{re.escape(arg.get("name"))}: \S', comment, re.M), f'{name}: @{arg.get("name")}'
            comment = ''


def test_every_error_name_is_documented_and_every_documented_one_is_known():
    documented = set(re.findall(r'^\s*(org\.virtbus1\.Error\.\w+): \S',
                                (INTERFACES / 'org.virtbus1.Manager.xml').read_text(), re.M))
    table = (SOURCE / 'src/bus/errors.c').read_text()
    used = {f'org.virtbus1.Error.{name}' for name in re.findall(r'\bOWN\("(\w+)"\)', table)}
    assert documented == used
    assert 'org.virtbus1.Error.Failed' not in used


def test_lifecycle_words_in_the_code_are_documented():
    """The words of Lifecycle are a fixed list, in one place."""
    text = (INTERFACES / 'org.virtbus1.Domain.xml').read_text()
    for event in ('defined', 'undefined', 'started', 'suspended', 'resumed', 'suspended-by-guest', 'woken',
                  'rebooted', 'shutdown', 'crashed', 'stopped'):
        assert f'"{event}": "' in text


def test_manager_tells_what_it_is(manager):
    everything = manager.get_all()
    assert re.fullmatch(r'\d+\.\d+\.\d+', everything['Version'])
    assert everything['Features'] == ['transient', 'dry-run', 'console', 'log', 'attach', 'pending', 'reconnect',
                                      'machine-types', 'resources', 'secrets', 'managed-save']
    assert everything['HostArchitecture'] == 'x86_64'
    assert (everything['Domains'], everything['Running']) == (0, 0)


def test_manager_learns_of_the_emulator_by_asking_it(client, manager):
    manager.define(domain_xml())
    client.wait(lambda: manager.EmulatorVersion, 'the emulator was asked')
    assert re.match(r'\d+\.\d+\.\d+$', manager.EmulatorVersion)
    accelerators = manager.Accelerators
    assert 'tcg' in accelerators and set(accelerators) <= {'kvm', 'tcg'}


def test_unknown_members_are_refused(client, manager):
    for path, interface, method in ((ROOT, MANAGER, 'NoSuchMethod'), (ROOT, 'org.virtbus1.NoSuch', 'Start'),
                                    (ROOT + '/domain/99', DOMAIN, 'Start')):
        outcome = client.start_call(BUS_NAME, path, interface, method)
        client.wait(lambda: outcome, 'the call was answered')
        assert outcome[0].name in ('org.freedesktop.DBus.Error.UnknownMethod',
                                   'org.freedesktop.DBus.Error.UnknownInterface',
                                   'org.freedesktop.DBus.Error.UnknownObject')
