# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asking for what a definition names of the host, with a real polkitd: kind by kind, before anything is done."""

import json
import os
import threading

import pytest
from authority import AUTHORIZATION_REQUIRED, Agent
from gi.repository import GLib
from hanging import Hanging
from test_secrets import call, memory
from test_secrets import disk as locked_disk
from virtbus import (ACCESS_DENIED, DOMAIN, ERROR, LIMITS_EXCEEDED, MANAGER, OTHER, OWNER, ROOT, Client, DBusError, Domain,
                     children_of, command_line, domain_xml, process_stat, wait_until)

# "bin" may do everything with its own, may use one device of the host, and has a password for networks; "sys" may define
# everybody's.
RULES = '''
polkit.addRule(function(action, subject) {
    if (subject.user == "bin" && action.id.indexOf("org.virtbus1.own.") == 0)
        return polkit.Result.YES;
    if (subject.user == "bin" && action.id == "org.virtbus1.use-host-devices" &&
        action.lookup("resource") == "/dev/zero (rng0)" && action.lookup("owner") == "2" &&
        action.lookup("domain") == "guest" && action.lookup("verb") == "use-host-devices")
        return polkit.Result.YES;
    if (subject.user == "bin" && action.id == "org.virtbus1.use-host-network")
        return polkit.Result.AUTH_SELF;
    if (subject.user == "bin" && action.id == "org.virtbus1.use-realtime" &&
        action.lookup("resource").indexOf("(blkiotune)") > 0)
        return polkit.Result.AUTH_SELF;
    if (subject.user == "bin" && action.id == "org.virtbus1.use-emulator" && action.lookup("owner") == "2" &&
        action.lookup("domain") == "trusted")
        return polkit.Result.YES;
    if (subject.user == "sys" && action.id.indexOf("org.virtbus1.any.") == 0)
        return polkit.Result.YES;
});
'''
BRIDGE = '<interface type="bridge"><source bridge="vbtest0"/><model type="virtio"/></interface>'


def rng(path='/dev/zero'):
    return f'<rng model="virtio"><backend model="random">{path}</backend></rng>'


@pytest.fixture
def user(service, new_user):
    return new_user(OWNER)


@pytest.fixture
def agent(bus, user):
    agent = Agent(bus.address, user.pid, user.uid)
    yield agent
    agent.close()


def denied(call, *arguments, name=AUTHORIZATION_REQUIRED, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == name, caught.value
    return caught.value.message


def grants(service, domain):
    record = service.definition_file(domain).with_name('record.json')
    return {grant['where']: grant for grant in json.loads(record.read_text()).get('grants', [])}


def redefine(user, domain, xml, **named):
    return user.start(domain.path, DOMAIN, 'Redefine', '(sa{sv})', xml, {}, **named)


def define(user, xml, **named):
    return user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', xml, {}, **named)


KINDS = [
    ('use-host-devices', dict(devices='<disk type="block"><source dev="/dev/loop0"/><target dev="vda" bus="virtio"/></disk>')),
    ('use-host-devices', dict(devices='<hostdev mode="subsystem" type="pci"><source><address domain="0" bus="3" slot="0" '
                                      'function="0"/></source></hostdev>')),
    ('use-host-network', dict(devices=BRIDGE)),
    ('use-host-network', dict(devices='<interface type="network"><source network="lan"/></interface>')),
    ('use-other-identity', dict(actions='', extra='<seclabel type="static" model="dac" relabel="no"><label>+0:+0</label>'
                                                  '</seclabel>')),
    ('use-firmware', dict(os='<loader type="rom">/home/u/bios.bin</loader>')),
    ('use-locked-memory', dict(extra='<memoryBacking><hugepages/></memoryBacking>')),
    ('use-realtime', dict(extra='<cputune><vcpusched vcpus="0" scheduler="fifo" priority="1"/></cputune>')),
    ('use-remote-access', dict(devices='<graphics type="vnc" port="-1" listen="0.0.0.0"/>')),
]


@pytest.mark.parametrize('action, named', KINDS, ids=[f'{n} {action}' for n, (action, _) in enumerate(KINDS)])
def test_each_kind_has_its_action(service, manager, user, action, named):
    xml = domain_xml(**named)
    for method in 'DefineDomain', 'CreateDomain':
        message = denied(user.call, ROOT, MANAGER, method, '(sa{sv})', xml, {})
        assert f'org.virtbus1.{action}' in message and 'the definition names ' in message
    assert service.state_entries() == [] and manager.ListDomains() == [] and service.runtime_leftovers() == []
    # Looking at it is no use of it, and root's own needs nobody's leave.
    assert user.call(ROOT, MANAGER, 'ValidateDomain', '(sa{sv})', xml, {})
    assert 'grants' not in service.definition_file(manager.define(xml)).with_name('record.json').read_text()


def test_the_command_line_has_its_action(service, manager, user):
    xml = domain_xml(extra='').replace('</domain>', '<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">'
                                                    '<qemu:arg value="-s"/></qemu:commandline></domain>')
    assert 'org.virtbus1.use-command-line' in denied(user.define, xml)
    assert manager.ListDomains() == []


@pytest.mark.usefixtures('ports')
def test_what_needs_nothing_asks_nothing(service, manager, user):
    domain = Domain(manager.client, user.define(domain_xml(
        devices='<interface type="user"/><graphics type="vnc" port="-1"/><serial type="pty"/>')))
    assert domain.Owner == OWNER and grants(service, domain) == {}
    user.act(domain.path, 'Start')


def test_who_granted_it_is_recorded_and_then_anybody_may_start(service, manager, user):
    domain = Domain(manager.client, user.define(domain_xml(devices=rng())))
    (grant,) = grants(service, domain).values()
    assert grant['action'] == 'org.virtbus1.use-host-devices' and grant['by'] == OWNER and grant['where'] == 'rng0'
    for start in domain.Start, lambda: user.act(domain.path, 'Start'):
        start()
        domain.PowerOff()
    service.restart()
    domain.Start()


def test_another_thing_in_its_place_is_asked_for(service, manager, user):
    domain = Domain(manager.client, user.define(domain_xml(devices=rng())))
    before, granted = domain.GetXML(), grants(service, domain)
    message = denied(user.finish, redefine(user, domain, before.replace('/dev/zero', '/dev/full')))
    assert '/dev/full (rng0)' in message
    denied(user.define, before.replace('/dev/zero', '/dev/full'))
    denied(user.call, domain.path, DOMAIN, 'AttachDevice', '(sa{sv})', rng('/dev/full'), {})
    assert domain.GetXML() == before and grants(service, domain) == granted
    # The rest may be changed.
    user.finish(redefine(user, domain, before.replace('</name>', '</name><title>t</title>')))
    assert domain.Title == 't' and grants(service, domain) == granted


def test_who_may_define_for_others_cannot_let_them_use_more(service, manager, user, new_user):
    other = new_user(OTHER)
    domain = Domain(manager.client, user.define(domain_xml(devices=rng())))
    xml, granted = domain.GetXML(), grants(service, domain)
    other.finish(redefine(other, domain, xml.replace('</name>', '</name><title>t</title>')))
    assert domain.Title == 't' and grants(service, domain) == granted
    denied(other.finish, redefine(other, domain, xml.replace('/dev/zero', '/dev/full')))
    # What was taken out is not granted any more.
    other.finish(redefine(other, domain, xml.replace('/dev/zero', '/dev/urandom')))
    assert grants(service, domain) == {}
    denied(other.finish, redefine(other, domain, xml))


@pytest.mark.parametrize('created', [True, False])
def test_a_transient_guest_keeps_its_grants(service, client, manager, user, new_user, created):
    """A restarted service reads them where it finds the guest: there is no definition."""
    other = new_user(OTHER)
    if created:
        path = user.call(ROOT, MANAGER, 'CreateDomain', '(sa{sv})', domain_xml(devices=rng()), {})
    else:
        path = user.define(domain_xml(devices=rng()))
        user.act(path, 'Start')
        user.act(path, 'Undefine')
    domain = Domain(client, path)
    assert not domain.Persistent
    service.restart()
    # Whoever may define it, but not use the device, keeps what was granted and adds nothing.
    denied(other.finish, redefine(other, domain, domain.GetXML().replace('/dev/zero', '/dev/full')))
    other.finish(redefine(other, domain, domain.GetXML()))
    assert domain.Persistent
    (grant,) = grants(service, domain).values()
    assert grant['where'] == 'rng0' and grant['by'] == OWNER


def test_a_device_is_attached_with_its_grant(service, manager, user, agent):
    domain = Domain(manager.client, user.define(domain_xml()))
    user.call(domain.path, DOMAIN, 'AttachDevice', '(sa{sv})', rng(), {})
    assert grants(service, domain)['rng0']['by'] == OWNER
    call = user.start(domain.path, DOMAIN, 'AttachDevice', '(sa{sv})', BRIDGE, {}, interactive=True)
    cookie = agent.wait_prompt()
    assert agent.prompts[cookie][0] == 'org.virtbus1.use-host-network'
    # Nobody else is kept waiting, and what was made up for the device is what is asked for.
    domain.SetAutostart(True)
    agent.answer(cookie)
    user.finish(call)
    assert domain.Autostart and set(grants(service, domain)) == {'net0', 'rng0'}


@pytest.mark.parametrize('backend', ['vhost="/etc/shadow"', 'tap="/etc/shadow"'])
@pytest.mark.parametrize('live', [True, False])
def test_no_path_is_opened_for_a_user(service, manager, user, backend, live):
    """By the service, with its own rights: neither when the guest starts nor while it runs, whoever allowed it."""
    card = f'<interface type="ethernet"><model type="virtio"/><driver name="vhost"/><backend {backend}/></interface>'
    domain = Domain(manager.client, user.define(domain_xml(memory=32)))
    if live:
        domain.Start()
    message = denied(user.call, domain.path, DOMAIN, 'AttachDevice', '(sa{sv})', card, {})
    assert '/etc/shadow (net0)' in message
    # As root, who may allow it.
    calls = [lambda: domain.AttachDevice(card)] if live else [lambda: domain.AttachDevice(card), domain.Start]
    for call in calls[:-1]:
        call()
    message = denied(calls[-1], name=ACCESS_DENIED)
    assert "net0: <backend> names /etc/shadow, and only root's domains" in message
    assert domain.State == ('running' if live else 'shutoff')


def test_nothing_is_done_before_the_answer(service, manager, user, agent):
    xml = domain_xml(devices=BRIDGE)
    for right in False, True:
        call = define(user, xml, interactive=True)
        cookie = agent.wait_prompt()
        assert agent.prompts[cookie][0] == 'org.virtbus1.use-host-network'
        assert manager.ListDomains() == [] and service.state_entries() == []
        agent.answer(cookie, right=right)
        if right:
            assert grants(service, Domain(manager.client, user.finish(call)))['net0']['by'] == OWNER
        else:
            denied(user.finish, call, name=ACCESS_DENIED)
            assert manager.ListDomains() == [] and service.state_entries() == []


def test_what_was_taken_away_meanwhile_is_not_brought_back(service, manager, user, agent):
    domain = Domain(manager.client, user.define(domain_xml(devices=rng())))
    xml = domain.GetXML()
    call = redefine(user, domain, xml.replace('</devices>', BRIDGE + '</devices>'), interactive=True)
    cookie = agent.wait_prompt()
    without = xml.replace('/dev/zero', '/dev/urandom')
    domain.Redefine(without)
    agent.answer(cookie)
    denied(user.finish, call, name=ERROR + 'Busy')
    assert domain.GetXML() == without and grants(service, domain) == {}


def test_a_save_keeps_what_it_needs(service, manager, user):
    """The guest was given it, and goes on with it, whatever its definition names by now."""
    domain = Domain(manager.client, user.define(domain_xml(devices=rng())))
    without = domain_xml(uuid=domain.UUID)
    user.act(domain.path, 'Start')
    user.act(domain.path, 'ManagedSave')
    user.call(domain.path, DOMAIN, 'Redefine', '(sa{sv})', without, {'next-start': GLib.Variant('b', True)})
    assert '/dev/zero' not in domain.GetXML() and 'rng0' in grants(service, domain)
    domain.Start()
    assert domain.StateReason == 'restored' and '/dev/zero' in domain.GetXML()
    domain.PowerOff()
    user.call(domain.path, DOMAIN, 'Redefine', '(sa{sv})', without, {})
    assert grants(service, domain) == {}


def test_a_share_of_the_disks_is_asked_for_and_other_limits_are_not(service, manager, user, agent):
    domain = Domain(manager.client, user.define(domain_xml()))
    limits = {'io-weight': GLib.Variant('t', 500), 'cpu-shares': GLib.Variant('t', 500)}
    call = domain.path, DOMAIN, 'SetResources', '(a{sv}a{sv})', limits, {}
    denied(user.call, *call)
    assert 'shares' not in domain.GetXML()
    call = user.start(*call, interactive=True)
    cookie = agent.wait_prompt()
    assert agent.prompts[cookie][0] == 'org.virtbus1.use-realtime'
    agent.answer(cookie)
    user.finish(call)
    assert '<shares>500<' in domain.GetXML() and '<weight>500<' in domain.GetXML()
    assert grants(service, domain)['blkiotune']['by'] == OWNER
    user.call(domain.path, DOMAIN, 'SetResources', '(a{sv}a{sv})', {'cpu-shares': GLib.Variant('t', 7)}, {})
    assert '<shares>7<' in domain.GetXML()


def test_a_domain_that_is_gone_meanwhile_stays_gone(service, manager, user, agent):
    domain = Domain(manager.client, user.define(domain_xml()))
    xml = domain.GetXML()
    calls = [redefine(user, domain, xml.replace('</devices>', BRIDGE + '</devices>'), interactive=True)]
    first = agent.wait_prompt()
    calls.append(user.start(domain.path, DOMAIN, 'AttachDevice', '(sa{sv})', BRIDGE, {}, interactive=True))
    agent.connection.wait(lambda: len(agent.prompts) == 2, 'both are asked for')
    domain.Undefine()
    for cookie in first, next(cookie for cookie in agent.prompts if cookie != first):
        agent.answer(cookie)
    for call in calls:
        denied(user.finish, call, name=ERROR + 'NoSuchDomain')
    assert manager.ListDomains() == [] and service.state_entries() == []


def test_a_caller_who_leaves_leaves_nothing(service, manager, user, agent):
    define(user, domain_xml(devices=BRIDGE), interactive=True)
    cookie = agent.wait_prompt()
    user.process.kill()
    user.process.wait()
    agent.connection.wait(lambda: cookie not in agent.prompts, 'the question is taken back')
    assert manager.ListDomains() == [] and service.state_entries() == []
    service.stop()


def test_a_users_emulator_is_looked_at_as_that_user(service, manager, user, directory):
    """What is in directories that he cannot enter is not told, nor run."""
    directory.chmod(0o755)
    secret, place, anybodys = directory / 'secret', directory / 'place', directory / 'anybodys'
    secret.mkdir(mode=0o700)
    place.mkdir()
    anybodys.mkdir()
    anybodys.chmod(0o777)
    said = set()
    for name in 'there', 'missing':
        path = secret / name
        if name == 'there':
            path.write_text(f'#!/bin/sh\ntouch {anybodys}/never\n')
            path.chmod(0o755)
        link = place / name
        link.symlink_to(path)
        for emulator in path, link:
            said.add(denied(user.call, ROOT, MANAGER, 'ValidateDomain', '(sa{sv})', domain_xml('trusted', emulator=emulator), {},
                            name=ERROR + 'NoEmulator').replace(str(emulator), 'EMULATOR'))
    assert len(said) == 1 and 'Permission denied' in said.pop()
    assert not list(anybodys.iterdir())
    # His own is looked at and asked by him.
    own = place / 'own'
    own.write_text('#!/bin/sh\n[ "$(id -u)" = 2 ] || exit 1\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    own.chmod(0o755)
    assert str(own) in user.call(ROOT, MANAGER, 'ValidateDomain', '(sa{sv})', domain_xml('trusted', emulator=own), {})
    assert manager.ListDomains() == []


@pytest.fixture
def emulator(directory):
    """A user's own, which leaves a trace wherever it is run, and tells when it was."""
    directory.chmod(0o755)
    traces = directory / 'traces'
    traces.mkdir()
    traces.chmod(0o777)
    program = directory / 'own-emulator'
    program.write_text(f'#!/bin/sh\ntouch {traces}/$$\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    program.chmod(0o755)

    def ran():
        found = list(traces.iterdir())
        for trace in found:
            trace.unlink()
        return len(found) > 0
    program_and_traces = type('Emulator', (), {'path': program, 'ran': staticmethod(ran)})
    return program_and_traces


def test_nothing_of_an_emulator_runs_before_it_is_granted(service, manager, user, emulator):
    xml = domain_xml(emulator=emulator.path)
    for method in 'DefineDomain', 'CreateDomain', 'ValidateDomain', 'DescribeCommandLine':
        assert 'org.virtbus1.use-emulator' in denied(user.call, ROOT, MANAGER, method, '(sa{sv})', xml, {})
    domain = Domain(manager.client, user.define(domain_xml()))
    other = domain_xml(uuid=domain.UUID, emulator=emulator.path)
    assert 'org.virtbus1.use-emulator' in denied(user.call, domain.path, DOMAIN, 'Redefine', '(sa{sv})', other, {})
    assert not emulator.ran()
    # What is not there is not told either.
    emulator.path.rename(emulator.path.with_name('elsewhere'))
    assert 'org.virtbus1.use-emulator' in denied(user.define, xml)


def test_an_emulator_is_granted_once(service, manager, user, agent, emulator):
    xml = domain_xml('trusted', emulator=emulator.path)
    domain = Domain(manager.client, user.define(xml))
    assert emulator.ran() and list(grants(service, domain)) == ['devices/emulator']
    user.act(domain.path, 'Start')
    assert emulator.ran()
    domain.PowerOff()
    # Who may not grant it may define anew what has been granted.
    number = define(user, domain_xml('trusted', uuid=domain.UUID, emulator=emulator.path, devices=BRIDGE),
                    interactive=True)
    agent.answer(agent.wait_prompt())
    user.finish(number)
    assert sorted(grants(service, domain)) == ['devices/emulator', 'net0']


SHARED = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'


def virtiofsd(program):
    return (f'<filesystem type="mount"><driver type="virtiofs"/><binary path="{program}"/><source dir="/usr/share"/>'
            '<target dir="shared"/></filesystem>')


# virtiofsd does not run as anybody's.
@pytest.mark.parametrize('definition, runs', [
    (lambda path: dict(emulator=path), True), (lambda path: dict(devices=virtiofsd(path), extra=SHARED), False)],
    ids=['emulator', 'companion'])
def test_a_program_whose_file_system_does_not_answer(service, manager, user, directory, definition, runs):
    """It keeps nobody but the start waiting, and nothing is left of that."""
    directory.chmod(0o755)
    hanging = Hanging(directory / 'fs', b'#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@"\n', OWNER)
    try:
        domain = Domain(manager.client, user.define(domain_xml('trusted', **definition(hanging.path))))
        if runs:
            user.act(domain.path, 'Start')
            domain.PowerOff()
        hanging.hang('execute')
        for given_up in True, False:
            start = user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {})
            wait_until(lambda: service.runtime_directory(domain).exists(), 'it is being started')
            other = manager.define(domain_xml('other'))
            other.Start()
            other.PowerOff()
            other.Undefine()
            assert domain.State == 'starting' and not user.answered(start)
            if given_up:
                domain.PowerOff()
                assert 'was powered off' in denied(user.finish, start, name=ERROR + 'InvalidState')
            else:
                message = denied(user.finish, start, name=ERROR + 'Timeout')
                assert f'{hanging.path} could not be executed within 15 seconds' in message
            assert domain.State == 'shutoff' and service.runtime_leftovers() == [] and service.emulators() == []
    finally:
        hanging.close()
    wait_until(lambda: children_of(service.pid) == [], 'they have gone')


def readers(service, states):
    return {pid for pid in children_of(service.pid)
            if b'--read-descriptors' in command_line(pid) and (process_stat(pid) or '-')[0] in states}


def test_readers_that_cannot_be_ended_are_few(service, manager, user, directory):
    """What a start is given of a file system that does not answer is read by a process that only that can end."""
    directory.chmod(0o755)
    (directory / 'image').write_bytes(bytes(1 << 20))
    hanging = Hanging(directory / 'fs', b'a secret', OWNER)
    domain, other = (Domain(manager.client, path) for path in (
        user.define(domain_xml(devices=locked_disk(directory / 'image'))),
        manager.define(domain_xml('other', devices=locked_disk(directory / 'image'))).path))
    ended = []

    def start(fd):
        client = Client(service.bus.address)
        try:
            call(Domain(client, domain.path), cellar=fd)
        except DBusError as error:
            ended.append(error)
        finally:
            client.close()
    try:
        hanging.hang('getattr')
        seen = set()
        while not ended or ended[-1].name == ERROR + 'InvalidState':
            assert len(ended) < 400
            n = len(ended)
            caller = threading.Thread(target=start, args=(os.open(hanging.path, os.O_RDONLY),))
            caller.start()
            # It waits for the answer, and when it is killed so that nothing ends it.
            wait_until(lambda: len(ended) > n or readers(service, 'S') - seen, 'it is read, or refused')
            seen |= readers(service, 'S')
            if len(ended) == n:
                domain.PowerOff()
            caller.join()
        assert ended[-1].name == LIMITS_EXCEEDED and f'user {OWNER} ' in ended[-1].message, ended[-1]
        assert 16 <= len(readers(service, 'D')) <= 256 and domain.State == 'shutoff'
        # Others' are read.
        with pytest.raises(DBusError) as caught:
            call(other, cellar=memory(b'another'))
        assert caught.value.name == ERROR + 'EmulatorFailed'
    finally:
        hanging.close()
    wait_until(lambda: children_of(service.pid) == [], 'they have gone')
    with pytest.raises(DBusError) as caught:
        call(domain, cellar=memory(b'another'))
    assert caught.value.name == ERROR + 'EmulatorFailed'


def test_an_emulator_is_not_run_for_a_start_without_its_grant(service, manager, user, emulator):
    domain = Domain(manager.client, user.define(domain_xml('trusted', emulator=emulator.path)))
    assert emulator.ran()
    record = service.definition_file(domain).with_name('record.json')
    service.stop()
    record.write_text(record.read_text().replace('org.virtbus1.use-emulator', 'org.virtbus1.use-firmware'))
    emulator.path.write_text(emulator.path.read_text() + '# it is another now\n')
    service.start()
    manager.client.start_model()
    message = denied(domain.Start, name=ACCESS_DENIED)
    assert 'devices/emulator' in message and 'was not granted' in message
    assert not emulator.ran() and domain.State == 'shutoff'
    user.act(domain.path, 'Start')
    assert emulator.ran() and 'devices/emulator' in grants(service, domain)


def lose_grants(service, manager, domain):
    record = service.definition_file(domain).with_name('record.json')
    service.stop()
    content = json.loads(record.read_text())
    assert content.pop('grants')
    record.write_text(json.dumps(content))
    service.start()
    manager.client.start_model()


def test_the_owner_is_asked_at_a_start_for_what_nobody_granted(service, manager, user, new_user, agent):
    """And nobody else is: not who may start everybody's, nor root. What the owner allows is recorded."""
    xml = domain_xml(devices=rng() + BRIDGE)
    number = define(user, xml, interactive=True)
    agent.answer(agent.wait_prompt())
    user.finish(number)
    domain = manager.get('guest')
    assert sorted(grants(service, domain)) == ['net0', 'rng0']
    lose_grants(service, manager, domain)
    for start in domain.Start, lambda: new_user(OTHER).act(domain.path, 'Start', interactive=True):
        message = denied(start, name=ACCESS_DENIED)
        assert 'rng0' in message and 'net0' in message and 'was not granted' in message
    assert 'use-host-network' in denied(user.act, domain.path, 'Start')
    assert not agent.prompts and grants(service, domain) == {} and domain.State == 'shutoff'
    number = user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {}, interactive=True)
    prompt = agent.wait_prompt()
    assert domain.State == 'shutoff' and grants(service, domain) == {}
    agent.answer(prompt, right=False)
    denied(user.finish, number, name=ACCESS_DENIED)
    assert domain.State == 'shutoff' and grants(service, domain) == {}
    number = user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {}, interactive=True)
    agent.answer(agent.wait_prompt())
    # There is no such bridge.
    assert 'net0' in denied(user.finish, number, name=ERROR + 'Unsupported')
    assert {grant['by'] for grant in grants(service, domain).values()} == {OWNER}
    assert 'net0' in denied(domain.Start, name=ERROR + 'Unsupported')


def test_what_is_gone_while_the_owner_is_asked_is_not_started(service, manager, user, agent):
    number = define(user, domain_xml(devices=BRIDGE), interactive=True)
    agent.answer(agent.wait_prompt())
    user.finish(number)
    domain = manager.get('guest')
    lose_grants(service, manager, domain)
    number = user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {}, interactive=True)
    prompt = agent.wait_prompt()
    domain.Undefine()
    agent.answer(prompt)
    denied(user.finish, number, name=ERROR + 'NoSuchDomain')
    assert service.state_entries() == [] and service.runtime_leftovers() == []
