# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transient and persistent domains, unique names and uuids, and what makes sense in which state."""

import re

import pytest
from gi.repository import GLib
from virtbus import (CONTRACT, DEVICE, DOMAIN, ERROR, INVALID_ARGS, MANAGER, PTY, DBusError, Device, Manager, Proxy,
                     domain_xml)

UUID1 = '6a3ba2f2-6f5c-4a37-9a5b-36c8a1e4c101'
UUID2 = '6a3ba2f2-6f5c-4a37-9a5b-36c8a1e4c102'


def refused(error, call, *arguments, **named):
    with pytest.raises(DBusError) as raised:
        call(*arguments, **named)
    assert raised.value.name == error, raised.value
    assert raised.value.message
    return raised.value.message


# Transient and persistent -------------------------------------------------------------------------------------------

def test_a_transient_domain_is_gone_with_its_guest(manager, service):
    domain = manager.create(domain_xml(uuid=UUID1))
    assert not domain.Persistent
    assert service.state_entries() == []
    domain.PowerOff()
    domain.wait_gone()
    refused(ERROR + 'NoSuchDomain', manager.GetDomain, 'guest')
    refused(ERROR + 'NoSuchDomain', manager.GetDomainByUUID, UUID1)


def test_defining_a_running_transient_domain_makes_it_persistent(client, manager, service):
    domain = manager.create(domain_xml(uuid=UUID1))
    pid = domain.ProcessID
    mark = client.mark()
    assert manager.define(domain_xml(uuid=UUID1)) == domain
    assert client.story(mark, domain.path) == ['defined made-persistent', 'DefineDomain replied']
    assert domain.Persistent and domain.State == 'running' and domain.ProcessID == pid
    assert service.state_entries() == [domain.id]
    domain.PowerOff()
    assert domain.exists() and domain.State == 'shutoff'
    domain.Start()


def test_a_transient_domain_is_made_persistent_without_naming_its_uuid(manager):
    domain = manager.create(domain_xml())
    uuid = domain.UUID
    assert manager.define(domain.GetXML()) == domain
    assert domain.Persistent and domain.UUID == uuid
    assert not domain.Pending


@pytest.mark.life
def test_redefining_a_running_domain_takes_effect_at_the_next_start(client, manager):
    domain = manager.define(domain_xml(uuid=UUID1, memory=64))
    domain.Start()
    mark = client.mark()
    assert manager.define(domain_xml(uuid=UUID1, memory=96, devices='<rng model="virtio"><backend model="builtin"/>'
                                                                   '</rng>')) == domain
    assert client.story(mark, domain.path) == ['defined updated', 'DefineDomain replied']
    assert domain.Pending and domain.MemoryMaximum == 64 << 20
    assert not [path for path in domain.hardware() if path.endswith('rng0')]
    assert '<rng' not in domain.GetXML() and '<rng' in domain.GetXML(inactive=True)

    domain.PowerOff()
    assert not domain.Pending and domain.MemoryMaximum == 96 << 20
    assert [path for path in domain.hardware() if path.endswith('rng0')]
    domain.Start()
    assert not domain.Pending and domain.MemoryMaximum == 96 << 20 and '<rng' in domain.GetXML()


def test_redefining_a_running_domain_as_it_was_takes_pending_back(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    domain.Start()
    original = domain.GetXML()
    manager.define(domain_xml(uuid=UUID1, memory=96))
    assert domain.Pending
    manager.define(original)
    assert not domain.Pending


def test_new_hardware_of_a_redefined_domain_is_announced(client, manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    mark = client.mark()
    manager.define(domain_xml(uuid=UUID1, devices='<rng model="virtio"><backend model="builtin"/></rng>'))
    added = [event.arguments[0] for event in client.since(mark)
             if event.member == 'InterfacesAdded' and event.path == domain.path]
    assert domain.path + '/device/rng0' in added
    assert set(added) <= set(domain.hardware())
    mark = client.mark()
    manager.define(domain_xml(uuid=UUID1))
    removed = [event.arguments[0] for event in client.since(mark)
               if event.member == 'InterfacesRemoved' and event.path == domain.path]
    assert domain.path + '/device/rng0' in removed
    refused('org.freedesktop.DBus.Error.UnknownObject', Device(client, domain.path + '/device/rng0').GetXML)


def test_redefining_a_running_domain_keeps_its_machine(manager):
    domain = manager.define(domain_xml(uuid=UUID1, devices=PTY))
    domain.Start()
    domain.Redefine(domain_xml(uuid=UUID1, title='anew', devices='<serial type="null"/>'))
    assert domain.Pending and domain.Title == ''
    other = domain_xml(uuid=UUID1, memory=96, devices=PTY + '<rng model="virtio"><backend model="builtin"/></rng>')
    message = refused(ERROR + 'Incompatible', domain.Redefine, other)
    assert 'domain: memory: 65536 KiB → 98304 KiB; ' in message and 'rng0: device: none → rng virtio' in message
    assert 'next-start' in message and '98304' not in domain.GetXML(inactive=True)
    domain.Redefine(other, next_start=True)
    assert domain.Pending and '98304' in domain.GetXML(inactive=True) and '98304' not in domain.GetXML()
    domain.PowerOff()
    assert domain.MemoryMaximum == 96 << 20


def test_xml_for_another_release(manager):
    domain = manager.define(domain_xml(uuid=UUID1, devices='<controller type="pci" index="1" model="dmi-to-pci-bridge"/>'))
    complete, migratable = domain.GetXML(), domain.GetXML(migratable=True)
    assert "<model name='i82801b11-bridge'/>" in complete and 'i82801b11' not in migratable
    assert "<model name='pcie-root-port'/>" in migratable or 'pcie-root-port' not in complete
    assert manager.ValidateDomain(migratable) == complete


def test_a_redefinition_is_of_the_domain_itself(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    before = domain.GetXML()
    assert '<name>' in refused(ERROR + 'InvalidXML', domain.Redefine, domain_xml('other', uuid=UUID1))
    assert '<uuid>' in refused(ERROR + 'InvalidXML', domain.Redefine, domain_xml(uuid=UUID2))
    refused(ERROR + 'InvalidXML', domain.Redefine, '<domain/>')
    assert domain.GetXML() == before
    domain.Redefine(domain_xml(memory=96))
    assert (domain.UUID, domain.MemoryMaximum) == (UUID1, 96 << 20)


def test_undefining_a_running_domain_makes_it_transient(manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    domain.Undefine()
    assert domain.exists() and not domain.Persistent and domain.State == 'running'
    assert service.state_entries() == []
    refused(ERROR + 'InvalidState', domain.Undefine)
    domain.PowerOff()
    domain.wait_gone()


def test_undefining_and_defining_a_running_domain_again(manager, service):
    domain = manager.define(domain_xml(uuid=UUID1))
    domain.Start()
    domain.Undefine()
    assert manager.define(domain_xml(uuid=UUID1)) == domain
    assert domain.Persistent and service.state_entries() == [domain.id]
    domain.PowerOff()
    assert domain.exists()


def test_undefining_forgets_what_was_pending(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    domain.Start()
    manager.define(domain_xml(uuid=UUID1, memory=96))
    domain.Undefine()
    assert not domain.Pending


def test_autostart_is_forgotten_with_the_definition(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    domain.SetAutostart(True)
    domain.Start()
    domain.Undefine()
    assert not domain.Autostart
    manager.define(domain_xml(uuid=UUID1))
    assert not domain.Autostart


def test_autostart_survives_a_new_definition(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    domain.SetAutostart(True)
    manager.define(domain_xml(uuid=UUID1, memory=96))
    assert domain.Autostart


def test_ids_are_never_used_again(manager, service, client):
    first = manager.define(domain_xml())
    first.Undefine()
    second = manager.define(domain_xml())
    assert int(second.id) > int(first.id)
    second.Undefine()
    service.restart()
    client.start_model()
    assert int(manager.define(domain_xml()).id) > int(second.id)


# Names and uuids ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('first', ['define', 'create'])
@pytest.mark.parametrize('second', ['DefineDomain', 'CreateDomain'])
@pytest.mark.parametrize('same', ['name', 'uuid'])
def test_names_and_uuids_are_unique(manager, service, first, second, same):
    domain = getattr(manager, first)(domain_xml('one', uuid=UUID1))
    other = domain_xml('one', uuid=UUID2) if same == 'name' else domain_xml('two', uuid=UUID1)
    message = refused(ERROR + 'DomainExists', manager.call, second, other)
    assert ('one' if same == 'name' else UUID1) in message
    assert manager.domains() == [domain]
    assert len(service.emulators()) == (first == 'create')
    assert len(service.state_entries()) == (first == 'define')


def test_a_name_without_uuid_is_no_new_definition_of_another(manager):
    """Without a uuid a definition is that of a new domain, which cannot have the name."""
    domain = manager.define(domain_xml())
    refused(ERROR + 'DomainExists', manager.DefineDomain, domain_xml())
    assert manager.domains() == [domain]


def test_creating_what_is_defined_is_refused(manager):
    domain = manager.define(domain_xml(uuid=UUID1))
    refused(ERROR + 'DomainExists', manager.CreateDomain, domain_xml(uuid=UUID1))
    assert domain.State == 'shutoff' and domain.Persistent


def test_creating_what_runs_is_refused(manager):
    domain = manager.create(domain_xml(uuid=UUID1))
    refused(ERROR + 'DomainExists', manager.CreateDomain, domain_xml(uuid=UUID1))
    assert domain.State == 'running' and manager.domains() == [domain]


def test_names_and_uuids_are_free_again(manager):
    manager.define(domain_xml(uuid=UUID1)).Undefine()
    domain = manager.create(domain_xml(uuid=UUID1))
    domain.PowerOff()
    domain.wait_gone()
    assert manager.define(domain_xml(uuid=UUID1)).UUID == UUID1


def test_two_callers_define_the_same_name(client, manager):
    calls = [manager.start('DefineDomain', domain_xml(uuid=uuid)) for uuid in (UUID1, UUID2) * 5]
    client.wait(lambda: all(calls), 'all were answered')
    assert len(manager.ListDomains()) == 1
    for call in calls:
        if isinstance(call[0], DBusError):
            assert call[0].name in (ERROR + 'DomainExists', ERROR + 'Busy'), call[0]
    assert [call for call in calls if not isinstance(call[0], DBusError)]


def test_finding_domains(manager):
    domain = manager.define(domain_xml('one', uuid=UUID1))
    manager.define(domain_xml('two', uuid=UUID2))
    assert manager.GetDomain('one') == manager.GetDomain('one', owner=0) == domain.path
    assert manager.GetDomainByUUID(UUID1) == manager.GetDomainByUUID(UUID1.upper()) == domain.path
    domain.Start()
    assert manager.GetDomainByPID(domain.ProcessID) == domain.path
    refused(ERROR + 'NoSuchDomain', manager.GetDomainByPID, 1)
    refused(ERROR + 'NoSuchDomain', manager.GetDomainByPID, 0)
    refused(ERROR + 'NoSuchDomain', manager.GetDomain, 'three')
    refused(ERROR + 'NoSuchDomain', manager.GetDomain, '')
    refused(ERROR + 'NoSuchDomain', manager.GetDomain, 'one', owner=12345)
    refused(ERROR + 'NoSuchDomain', manager.GetDomainByUUID, '6a3ba2f2-6f5c-4a37-9a5b-36c8a1e4c1ff')
    for malformed in ('', 'one', UUID1.replace('-', ''), UUID1 + '0', '{' + UUID1 + '}'):
        with pytest.raises(DBusError) as raised:
            manager.GetDomainByUUID(malformed)
        assert raised.value.name in (INVALID_ARGS, ERROR + 'NoSuchDomain')


def test_domains_are_listed_in_the_order_of_their_ids(manager):
    for name in ('c', 'a', 'b'):
        manager.define(domain_xml(name))
    assert [entry[0] for entry in manager.ListDomains()] == ['c', 'a', 'b']


# States -------------------------------------------------------------------------------------------------------------

# What each method does in each state; "" is success.
INVALID = 'InvalidState'
MATRIX = {
    #                shutoff  running  paused
    'Start':        ('',      INVALID, INVALID),
    'Shutdown':     (INVALID, '',      INVALID),
    'PowerOff':     (INVALID, '',      ''),
    'Reboot':       (INVALID, '',      INVALID),
    'Reset':        (INVALID, '',      ''),
    'Suspend':      (INVALID, '',      INVALID),
    'Resume':       (INVALID, INVALID, ''),
    'ManagedSave':  (INVALID, '',      ''),
    'RemoveManagedSave': (INVALID, INVALID, INVALID),
    'Undefine':     ('',      '',      ''),
    'Redefine':     ('',      '',      ''),
    'GetXML':       ('',      '',      ''),
    'SetAutostart': ('',      '',      ''),
    'OpenConsole':  (INVALID, '',      ''),
    'OpenLog':      ('',      '',      ''),
    'AttachDevice': ('',      '',      ''),
    # On a bus without systemd nothing limits a guest.
    'SetResources': ('',      INVALID, INVALID),
}
ARGUMENTS = {'SetAutostart': (True,), 'OpenConsole': ('',), 'Redefine': (domain_xml(devices=PTY, title='anew'),),
             'AttachDevice': ('<interface type="user"><model type="virtio"/></interface>',),
             'SetResources': ({'cpu-shares': GLib.Variant('t', 100)},)}


def test_the_matrix_has_every_method():
    assert set(MATRIX) == {method.name for method in CONTRACT[DOMAIN].methods}


@pytest.mark.parametrize('transient', [False, True], ids=['persistent', 'transient'])
@pytest.mark.parametrize('state', ['shutoff', 'running', 'paused'])
@pytest.mark.parametrize('method', MATRIX)
def test_methods_in_every_state(manager, method, state, transient):
    if transient and state == 'shutoff':
        assert MATRIX[method]  # there is no such domain; the row itself is what there is to check
        return
    xml = domain_xml(devices=PTY)
    if transient:
        domain = manager.create(xml, paused=state == 'paused')
    else:
        domain = manager.define(xml)
        if state != 'shutoff':
            domain.Start(paused=state == 'paused')
    assert domain.State == state
    expected = MATRIX[method][('shutoff', 'running', 'paused').index(state)]
    if transient and method in ('Undefine', 'SetAutostart', 'ManagedSave'):
        expected = INVALID
    before = domain.get_all()
    if expected:
        message = refused(ERROR + expected, domain.call, method, *ARGUMENTS.get(method, ()))
        word = 'scope' if method == 'SetResources' else \
            'transient' if transient and method in ('Undefine', 'SetAutostart', 'ManagedSave') else \
            'shut off|shutoff' if state == 'shutoff' else state
        assert re.search(word, message), message
        assert domain.get_all() == before
    else:
        domain.call(method, *ARGUMENTS.get(method, ()))


def test_the_inactive_definition_of_a_transient_domain(manager):
    domain = manager.create(domain_xml())
    refused(ERROR + 'InvalidState', domain.GetXML, inactive=True)


# Options ------------------------------------------------------------------------------------------------------------

def with_options():
    for interface in (MANAGER, DOMAIN, DEVICE):
        for method in CONTRACT[interface].methods:
            if method.in_args and method.in_args[-1].signature == 'a{sv}':
                yield interface, method.name


@pytest.mark.parametrize('interface, method', with_options())
def test_unknown_options_are_refused(client, manager, interface, method):
    domain = manager.define(domain_xml('one', uuid=UUID1, devices=PTY))
    target = {MANAGER: manager, DOMAIN: domain, DEVICE: domain.device('serial0')}[interface]
    samples = {'DefineDomain': (domain_xml('two'),), 'CreateDomain': (domain_xml('two'),), 'GetDomain': ('one',),
               'GetDomainByUUID': (UUID1,), 'ValidateDomain': (domain_xml('two'),),
               'DescribeCommandLine': (domain_xml('two'),), **ARGUMENTS}
    before = domain.get_all()
    message = refused(INVALID_ARGS, target.call, method, *samples.get(method, ()), nonsense=True)
    assert 'nonsense' in message
    assert domain.get_all() == before and manager.domains() == [domain]


@pytest.mark.parametrize('method, named', [('Start', {'paused': 'yes'}), ('Start', {'paused': 1}),
                                           ('Start', {'no_wait': 'x'}), ('GetXML', {'inactive': 'yes'})])
def test_options_of_the_wrong_type_are_refused(manager, method, named):
    domain = manager.define(domain_xml())
    refused(INVALID_ARGS, domain.call, method, **named)
    assert domain.State == 'shutoff'


def test_the_owner_option_of_the_wrong_type_is_refused(manager):
    manager.define(domain_xml())
    refused(INVALID_ARGS, manager.GetDomain, 'guest', owner='root')


def test_methods_that_take_options_take_them_last():
    """Every method that could grow has them."""
    fixed = {(MANAGER, 'GetDomainByPID'), (MANAGER, 'ListDomains'), (MANAGER, 'ListEmulators'),
             (MANAGER, 'ListMachineTypes'), (MANAGER, 'DescribeMachineType')}
    for interface in (MANAGER, DOMAIN, DEVICE):
        for method in CONTRACT[interface].methods:
            if (interface, method.name) not in fixed:
                assert method.in_args and method.in_args[-1].signature == 'a{sv}', method.name


def test_properties_cannot_be_written(client, manager):
    domain = manager.define(domain_xml())
    for name in ('Name', 'Autostart', 'State'):
        value = GLib.Variant('b', True) if name == 'Autostart' else GLib.Variant('s', 'other')
        with pytest.raises(DBusError):
            client.call('org.virtbus1', domain.path, 'org.freedesktop.DBus.Properties', 'Set', '(ssv)', DOMAIN, name,
                        value)
    assert domain.Name == 'guest' and not domain.Autostart and domain.State == 'shutoff'


def test_a_caller_that_leaves_does_not_matter(client, manager, service):
    """What it asked for happens all the same, and others go on."""
    from virtbus import Client
    domain = manager.define(domain_xml())
    for _ in range(3):
        leaving = Client(service.bus.address)
        mark = client.mark()
        Proxy.start(Manager(leaving, '/org/virtbus1').get('guest'), 'Start')
        leaving.connection.flush_sync(None)
        leaving.close()
        client.wait_event(mark, 'started')
        domain.PowerOff()
