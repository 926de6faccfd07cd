# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client hears, in what order, through a domain's life: properties first, then the event, then the reply."""

import os
import signal

import pytest
from virtbus import (DOMAIN, ERROR, MANAGER, PROPERTIES, ROOT, DBusError, domain_xml, process_alive, wait_until)


def expect(client, mark, domain, story):
    """The story is exactly this one; what happens without being asked for may take a moment."""
    client.wait(lambda: len(client.story(mark, domain.path)) >= len(story),
                f'{story} has happened; so far {client.story(mark, domain.path)}')
    assert client.story(mark, domain.path) == story


def changes(client, mark, domain):
    """All property changes of a domain since a moment, as one dictionary."""
    merged = {}
    for event in client.since(mark):
        if event.path == domain.path and event.member == 'PropertiesChanged' and event.arguments[0] == DOMAIN:
            merged.update(event.arguments[1])
    return merged


@pytest.mark.life
def test_define(client, manager):
    mark = client.mark()
    domain = manager.define(domain_xml(title='A title'))
    expect(client, mark, domain, ['added', 'defined added', 'DefineDomain replied'])
    everything = domain.get_all()
    assert everything['State'] == 'shutoff' and everything['StateReason'] == 'defined'
    assert (everything['Name'], everything['Title'], everything['Owner']) == ('guest', 'A title', 0)
    assert (everything['Persistent'], everything['Autostart'], everything['Pending']) == (True, False, False)
    assert (everything['ProcessID'], everything['StartTime'], everything['RuntimeDirectory']) == (0, 0, '')
    assert everything['MachineType'].startswith('pc-q35-')
    assert (everything['Architecture'], everything['Accelerator']) == ('x86_64', 'tcg')
    assert everything['MemoryMaximum'] == everything['MemoryActual'] == 64 << 20
    assert everything['VCPUs'] == everything['VCPUsMaximum'] == 1


def test_the_added_object_comes_with_its_properties(client, manager):
    mark = client.mark()
    domain = manager.define(domain_xml())
    added = [event for event in client.since(mark) if event.member == 'InterfacesAdded' and event.path == ROOT]
    assert len(added) == 1 and added[0].arguments[0] == domain.path
    assert added[0].arguments[1][DOMAIN] == domain.get_all()


def test_counts_change_before_the_event(client, manager):
    mark = client.mark()
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    domain.PowerOff()
    domain.Undefine()
    told = []
    for event in client.since(mark):
        if event.path == ROOT and event.member == 'PropertiesChanged' and event.arguments[0] == MANAGER:
            told += [(name, event.arguments[1][name]) for name in ('Domains', 'Running') if name in event.arguments[1]]
        elif event.path == ROOT and event.member == 'Lifecycle':
            told.append(event.arguments[1])
    assert told == [('Domains', 1), 'defined', ('Running', 1), 'started', 'suspended', ('Running', 0), 'stopped',
                    'undefined', ('Domains', 0)] or \
        told == [('Domains', 1), 'defined', ('Running', 1), 'started', 'suspended', ('Running', 0), 'stopped',
                 ('Domains', 0), 'undefined']


def test_start(client, manager, service):
    domain = manager.define(domain_xml())
    mark = client.mark()
    domain.Start()
    expect(client, mark, domain, ['is starting', 'is running', 'started booted', 'Start replied'])
    changed = changes(client, mark, domain)
    assert changed['StateReason'] == 'booted'
    assert [changed['ProcessID']] == service.emulators()
    assert changed['StartTime'] == domain.StartTime > 1_600_000_000_000_000
    assert changed['RuntimeDirectory'] == str(service.runtime_directory(domain))


def test_start_paused(client, manager):
    domain = manager.define(domain_xml())
    mark = client.mark()
    domain.Start(paused=True)
    expect(client, mark, domain, ['is starting', 'is paused', 'started booted', 'suspended start-paused',
                                  'Start replied'])
    assert domain.StateReason == 'start-paused'
    domain.Resume()
    assert domain.State == 'running'


def test_start_without_waiting(client, manager):
    domain = manager.define(domain_xml())
    mark = client.mark()
    domain.Start(no_wait=True)
    client.wait_event(mark, 'started', 'booted')
    story = client.story(mark, domain.path)
    assert story.index('Start replied') < story.index('is running')
    assert [item for item in story if item != 'Start replied'] == ['is starting', 'is running', 'started booted']


def test_create_transient(client, manager):
    mark = client.mark()
    domain = manager.create(domain_xml())
    story = client.story(mark, domain.path)
    assert story[0] == 'added' and story[-3:] == ['is running', 'started booted', 'CreateDomain replied']
    assert 'defined added' not in story
    assert not domain.Persistent

    mark = client.mark()
    domain.PowerOff()
    domain.wait_gone()
    story = client.story(mark, domain.path)
    assert story[:3] == ['is stopping', 'is shutoff', 'stopped powered-off']
    assert sorted(story[3:]) == ['PowerOff replied', 'removed']


@pytest.mark.life
def test_suspend_and_resume(client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    mark = client.mark()
    domain.Suspend()
    expect(client, mark, domain, ['is paused', 'suspended requested', 'Suspend replied'])
    assert changes(client, mark, domain)['StateReason'] == 'requested'
    mark = client.mark()
    domain.Resume()
    expect(client, mark, domain, ['is running', 'resumed requested', 'Resume replied'])


def test_reset(client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    mark = client.mark()
    domain.Reset()
    expect(client, mark, domain, ['rebooted requested', 'Reset replied'])
    assert domain.State == 'running' and domain.ProcessID == pid


@pytest.mark.life
def test_power_off(client, manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    pid = domain.ProcessID
    mark = client.mark()
    domain.PowerOff()
    expect(client, mark, domain, ['is stopping', 'is shutoff', 'stopped powered-off', 'PowerOff replied'])
    changed = changes(client, mark, domain)
    assert (changed['ProcessID'], changed['StartTime'], changed['RuntimeDirectory']) == (0, 0, '')
    assert changed['StateReason'] == 'powered-off'
    assert not process_alive(pid)
    assert service.runtime_leftovers() == []


def test_power_off_while_paused(client, manager):
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    mark = client.mark()
    domain.PowerOff()
    expect(client, mark, domain, ['is stopping', 'is shutoff', 'stopped powered-off', 'PowerOff replied'])


@pytest.mark.parametrize('signo', [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda signo: signo.name)
def test_emulator_killed_from_outside(client, manager, service, signo):
    domain = manager.define(domain_xml())
    domain.Start()
    mark = client.mark()
    os.kill(domain.ProcessID, signo)
    client.wait_event(mark, 'stopped', 'failed')
    assert [item for item in client.story(mark, domain.path) if item != 'is stopping'] == \
        ['is shutoff', 'stopped failed']
    assert domain.StateReason == 'failed' and domain.ProcessID == 0
    assert service.runtime_leftovers() == []
    domain.Start()
    assert domain.State == 'running'


def test_transient_emulator_killed_from_outside(client, manager):
    domain = manager.create(domain_xml())
    mark = client.mark()
    os.kill(domain.ProcessID, signal.SIGKILL)
    domain.wait_gone()
    expect(client, mark, domain, ['is shutoff', 'stopped failed', 'removed'])


def test_undefine(client, manager, service):
    domain = manager.define(domain_xml())
    mark = client.mark()
    domain.Undefine()
    expect(client, mark, domain, ['undefined removed', 'removed', 'Undefine replied'])
    assert manager.ListDomains() == []
    assert service.state_entries() == []


@pytest.mark.life
def test_undefine_while_it_runs(client, manager, service):
    domain = manager.define(domain_xml())
    domain.Start()
    mark = client.mark()
    domain.Undefine()
    expect(client, mark, domain, ['undefined made-transient', 'Undefine replied'])
    assert changes(client, mark, domain) == {'Persistent': False}
    assert domain.State == 'running'
    mark = client.mark()
    domain.PowerOff()
    domain.wait_gone()
    story = client.story(mark, domain.path)
    assert story[:3] == ['is stopping', 'is shutoff', 'stopped powered-off'] and 'removed' in story
    assert service.state_entries() == []


def test_redefine(client, manager):
    domain = manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'))
    mark = client.mark()
    again = manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a', memory=96, title='New'))
    assert again == domain
    expect(client, mark, domain, ['defined updated', 'DefineDomain replied'])
    changed = changes(client, mark, domain)
    assert (changed['Title'], changed['MemoryMaximum'], changed['MemoryActual']) == ('New', 96 << 20, 96 << 20)


@pytest.mark.life
def test_failed_start(client, manager, service, tmp_path):
    domain = manager.define(domain_xml(devices=f'<serial type="file"><source path="{tmp_path}/no/such"/></serial>'))
    mark = client.mark()
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name in (ERROR + 'EmulatorFailed', ERROR + 'Storage')
    expect(client, mark, domain, ['is starting', 'is shutoff', 'stopped failed', 'Start replied'])
    assert (domain.ProcessID, domain.StateReason) == (0, 'failed')
    assert service.emulators() == [] and service.runtime_leftovers() == []


def test_failed_create_leaves_nothing(client, manager, service, tmp_path):
    mark = client.mark()
    with pytest.raises(DBusError):
        manager.create(domain_xml(devices=f'<serial type="file"><source path="{tmp_path}/no/such"/></serial>'))
    assert manager.ListDomains() == []
    assert service.emulators() == [] and service.runtime_leftovers() == [] and service.state_entries() == []
    story = client.story(mark)
    assert story.count('added') == story.count('removed')


def test_state_and_list_agree(client, manager):
    domain = manager.define(domain_xml())
    for act, state in (('Start', 'running'), ('Suspend', 'paused'), ('Resume', 'running'), ('PowerOff', 'shutoff')):
        domain.call(act)
        assert domain.State == state
        assert manager.ListDomains() == [('guest', domain.UUID, 0, state, domain.path)]


def test_emulator_paused_by_itself_is_told(client, manager):
    """An own stop and one that nobody asked for are told apart by their details."""
    domain = manager.define(domain_xml())
    domain.Start()
    mark = client.mark()
    domain.Suspend()
    domain.Resume()
    details = [event.arguments for event in client.since(mark)
               if event.interface == DOMAIN and event.member == 'Lifecycle']
    assert details == [('suspended', 'requested'), ('resumed', 'requested')]


def test_autostart_property(client, manager):
    domain = manager.define(domain_xml())
    mark = client.mark()
    domain.SetAutostart(True)
    assert changes(client, mark, domain) == {'Autostart': True}
    domain.SetAutostart(False)
    assert not domain.Autostart


def test_power_off_gives_up_a_start(client, manager, service):
    """Whether it comes before, within or after the start's own end: the domain is shut off, and both are answered."""
    domain = manager.define(domain_xml())
    for _ in range(10):
        starting = domain.start('Start')
        ending = domain.start('PowerOff')
        client.wait(lambda: starting and ending, 'both were answered')
        wait_until(lambda: not service.emulators(), 'no emulator is left')
        if domain.State != 'shutoff':
            assert isinstance(ending[0], DBusError)
            domain.PowerOff()
        assert domain.State == 'shutoff'
        assert service.runtime_leftovers() == []


def test_properties_change_in_one_signal_per_state(client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    mark = client.mark()
    domain.PowerOff()
    told = [event for event in client.since(mark)
            if event.path == domain.path and event.interface == PROPERTIES and event.arguments[0] == DOMAIN]
    assert [event.arguments[1]['State'] for event in told] == ['stopping', 'shutoff'], told
