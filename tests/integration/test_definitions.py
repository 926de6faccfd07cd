# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions survive: restarts, kills in the middle of writing, and files that somebody or something damaged."""

import os
import re
import shutil
import signal

import pytest
from virtbus import (BUS_NAME, ERROR, OTHER, OWNER, PEER, ROOT, Client, DBusError, Domain, domain_xml, wait_until)


def public(client):
    return {path: interfaces[f'{BUS_NAME}.Domain'] for path, interfaces in client.manager.managed_objects().items()}


@pytest.mark.life
@pytest.mark.parametrize('signo', [signal.SIGTERM, signal.SIGKILL], ids=lambda signo: signo.name)
def test_restart(service, client, manager, signo):
    for name in ('one', 'two', 'three'):
        manager.define(domain_xml(name, title=f'Title of {name}', description='Some <text> & more',
                                  devices='<serial type="pty"/><input type="tablet" bus="usb"/>'))
    manager.get('two').SetAutostart(True)
    manager.get('three').Undefine()
    before, texts = public(client), [domain.GetXML() for domain in manager.domains()]
    hardware = [domain.hardware() for domain in manager.domains()]

    service.restart(signo)
    client.start_model()
    assert public(client) == before
    assert [domain.GetXML() for domain in manager.domains()] == texts
    assert [domain.hardware() for domain in manager.domains()] == hardware


def test_a_redefinition_survives(service, client, manager):
    domain = manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a'))
    manager.define(domain_xml(uuid='8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a', memory=96))
    text = domain.GetXML()
    service.restart(signal.SIGKILL)
    client.start_model()
    assert domain.GetXML() == text and domain.MemoryMaximum == 96 << 20


def test_a_transient_domain_leaves_no_definition(service, manager):
    domain = manager.create(domain_xml())
    assert service.state_entries() == []
    domain.PowerOff()


def truncate(path):
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b'')


def garbage(path):
    path.write_bytes(bytes(range(256)) * 64)


def holes(path):
    """As some file systems leave a file that was never synced."""
    path.write_bytes(b'\0' * path.stat().st_size)


def flipped(path):
    path.write_bytes(path.read_bytes().replace(b'</', b'<?', 1))


def other_xml(path):
    path.write_text('<network><name>default</name></network>')


def huge(path):
    with open(path, 'r+b') as file:
        file.truncate(4 << 30)


def directory(path):
    path.unlink()
    path.mkdir()


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def dangling(path):
    path.unlink()
    path.symlink_to('/no/such/file')


def link_to_secret(path):
    path.unlink()
    path.symlink_to('/etc/shadow')


def unknown_element(path):
    path.write_text(path.read_text().replace('</domain>', '  <novelty/>\n</domain>'))


DAMAGES = [truncate, empty, garbage, holes, flipped, other_xml, huge, directory, fifo, dangling, link_to_secret,
           unknown_element]


@pytest.mark.parametrize('damage', DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_definition_is_set_aside_and_reported(service, client, manager, damage):
    good = manager.define(domain_xml('good'))
    bad = manager.define(domain_xml('bad', devices='<serial type="pty"/>'))
    late = manager.define(domain_xml('late'))
    file = service.definition_file(bad)
    texts = good.GetXML(), late.GetXML()
    service.stop()
    damage(file)
    content = file.read_bytes() if file.is_file() and damage not in (huge, link_to_secret) else None
    mark = len(service.log())

    service.start()
    client.start_model()
    assert manager.domains() == [good, late] and (good.GetXML(), late.GetXML()) == texts
    with pytest.raises(DBusError) as raised:
        manager.GetDomain('bad')
    assert raised.value.name == ERROR + 'NoSuchDomain'
    # Reported: where it is.
    assert re.search(rf'domains/{bad.id}\b', service.log()[mark:]), service.log()
    # Set aside: it is there to be repaired, under another name, and is not reported again and again.
    assert not os.path.lexists(file)
    aside = [path for path in file.parent.iterdir() if path.name.startswith(file.name)]
    assert len(aside) == 1
    if content is not None:
        assert aside[0].read_bytes() == content

    # The name is free again, the number is not.
    again = manager.define(domain_xml('bad'))
    assert int(again.id) > int(late.id)
    service.restart()
    client.start_model()
    assert manager.domains() == [good, late, again]


def test_a_repaired_definition_is_taken_back(service, client, manager):
    bad = manager.define(domain_xml('bad'))
    file = service.definition_file(bad)
    text = file.read_text()
    service.stop()
    truncate(file)
    service.start()
    assert manager.domains() == []
    service.stop()
    file.write_text(text)
    service.start()
    client.start_model()
    assert [domain.path for domain in manager.domains()] == [bad.path]


@pytest.mark.parametrize('damage', [truncate, empty, garbage, directory, fifo, huge], ids=lambda damage: damage.__name__)
def test_damaged_files_beside_the_definition(service, client, manager, damage):
    """Whatever else the service keeps beside a definition: the service comes up, and other domains are whole."""
    bad, good = manager.define(domain_xml('bad')), manager.define(domain_xml('good'))
    others = [path for path in service.definition_file(bad).parent.iterdir()
              if path != service.definition_file(bad)]
    others += [path for path in service.state.iterdir() if path.is_file()]
    service.stop()
    for path in others:
        damage(path)
    service.start()
    client.start_model()
    assert good in manager.domains()
    # Ids stay unique even if the file that counts them is damaged.
    assert int(manager.define(domain_xml('new')).id) > int(good.id)


def test_two_files_that_define_the_same_domain(service, client, manager):
    """As a restored backup may leave them: the first one counts."""
    first = manager.define(domain_xml('first'))
    service.stop()
    original = service.definition_file(first).parent
    shutil.copytree(original, original.parent / '77')
    service.start()
    client.start_model()
    assert [domain.path for domain in manager.domains()] == [first.path]
    assert 'domains/77' in service.log()


def test_strange_entries_in_the_state_directory(service, client, manager):
    domain = manager.define(domain_xml())
    service.stop()
    domains = service.state / 'domains'
    (domains / '4294967295').mkdir()
    (domains / '99999999999999999999').mkdir()
    (domains / '-5').mkdir()
    (domains / 'lost+found').mkdir()
    (domains / '012').mkdir()
    (domains / '7').write_text('a file')
    (domains / '8').symlink_to('/etc')
    (domains / '9').mkdir()
    service.start()
    client.start_model()
    assert manager.domains() == [domain]
    manager.define(domain_xml('another'))


def test_an_unreadable_definition(new_service, directory):
    """The service's own user is not root here, so that permissions mean something."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    client = Client(service.bus.address)
    bad, good = client.manager.define(domain_xml('bad')), client.manager.define(domain_xml('good'))
    service.stop()
    file = service.definition_file(bad)
    file.chmod(0)
    service.start()
    assert client.manager.domains() == [good]
    assert f'domains/{bad.id}' in service.log()
    client.close()


def test_a_definition_that_others_could_have_written(new_service, directory):
    """A file that is not the service's own is none of its definitions."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    client = Client(service.bus.address)
    bad = client.manager.define(domain_xml('bad'))
    service.stop()
    os.chown(service.definition_file(bad), OTHER, OTHER)
    service.definition_file(bad).chmod(0o666)
    service.start()
    assert client.manager.domains() == []
    client.close()


@pytest.mark.parametrize('replies', [0, 1, 17, 60])
def test_killed_in_the_middle_of_defining(service, client, manager, replies):
    """All that was answered is there, all that is there is whole, and nothing half-done is left."""
    client.model = None
    calls = [manager.start('DefineDomain', domain_xml(f'guest{i}')) for i in range(120)]
    client.wait(lambda: sum(map(bool, calls)) >= replies, 'some were answered')
    service.stop(signal.SIGKILL)
    client.wait(lambda: all(calls), 'the bus has told that the others will not be')
    answered = {Domain(client, call[0].get_body().unpack()[0]) for call in calls
                if not isinstance(call[0], DBusError)}

    service.start()
    there = manager.domains()
    assert answered <= set(there)
    for domain in there:
        assert domain.Name in domain.GetXML()
    assert 'set aside' not in service.log()
    files = [path for path in service.state.rglob('*') if path.is_file()]
    names = {path.name for path in files if path.parent.parent.name == 'domains'}
    assert service.state_entries() == sorted(domain.id for domain in there)
    assert len(names) <= 2, names  # no temporary file is left
    # The rest can be defined now.
    have = {domain.Name for domain in there}
    for i in range(120):
        if f'guest{i}' not in have:
            manager.define(domain_xml(f'guest{i}'))


def test_a_half_written_new_file_is_nothing(service, client, manager):
    """What a service that died while it wrote leaves behind."""
    domain = manager.define(domain_xml())
    file = service.definition_file(domain)
    service.stop()
    half = file.read_bytes()[:100]
    unfinished = service.state / 'domains' / '50'
    unfinished.mkdir()
    for name in [path.name for path in file.parent.iterdir() if path != file]:
        shutil.copy(file.parent / name, unfinished / name)
    (unfinished / f'.{file.name}.tmp').write_bytes(half)
    service.start()
    client.start_model()
    assert manager.domains() == [domain]


def test_a_full_disk(new_service, directory, orphanage):
    """Nothing is promised that is not on disk, and nothing is left of it."""
    import subprocess
    place = directory / 'full'
    place.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'virtbus-test', place], check=True)
    try:
        service = new_service(arguments=None)
        service.arguments = [argument.replace(str(service.state), str(place)) for argument in service.arguments]
        service.state = place
        service.start()
        client = Client(service.bus.address)
        client.start_model()
        failed = None
        for i in range(40):
            try:
                client.manager.define(domain_xml(f'guest{i}', description='x' * 3000))
            except DBusError as error:
                failed = error
                break
        assert failed is not None and failed.name == ERROR + 'Storage', failed
        assert 'No space left' in failed.message
        count = len(client.manager.domains())
        assert count == i and len(service.state_entries()) == count
        client.manager.domains()[0].Undefine()
        client.manager.define(domain_xml('one-more', description='x' * 100))
        client.check_model()
        client.close()
        service.stop()
    finally:
        subprocess.run(['umount', place], check=True)


def gated(new_service, directory, slow_sync, match='domains/'):
    """A service whose first sync that matches is stuck for as long as the gate exists."""
    gate = directory / 'gate'
    gate.touch()
    environment = {'LD_PRELOAD': str(slow_sync), 'VIRTBUS_SYNC_GATE': str(gate), 'VIRTBUS_SYNC_MATCH': match,
                   'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}
    return new_service(environment=environment).start(), gate


def test_a_stuck_disk_delays_no_other_caller(new_service, directory, slow_sync):
    service, gate = gated(new_service, directory, slow_sync)
    first, second = Client(service.bus.address), Client(service.bus.address)
    second.start_model()
    stuck = first.manager.start('DefineDomain', domain_xml('stuck'))
    wait_until((directory / 'gate.reached').exists, 'the sync is stuck')

    # Not there before it is on disk; everybody else goes on.
    assert second.manager.ListDomains() == []
    second.call(BUS_NAME, ROOT, PEER, 'Ping')
    assert second.manager.managed_objects() == {}
    second.manager.ValidateDomain(domain_xml('other'))
    other = second.manager.define(domain_xml('other'))
    other.Start()
    other.SetAutostart(True)
    other.PowerOff()
    other.Undefine()
    transient = second.manager.create(domain_xml('transient'))
    transient.PowerOff()
    # The name is spoken for.
    with pytest.raises(DBusError) as raised:
        second.manager.define(domain_xml('stuck'))
    assert raised.value.name in (ERROR + 'DomainExists', ERROR + 'Busy')
    assert not stuck

    gate.unlink()
    domain = Domain(first, first.finish_call(stuck).get_body().unpack()[0])
    assert second.manager.domains() == [domain]
    second.check_model()
    first.close()
    second.close()


def test_ending_while_the_disk_is_stuck(new_service, directory, slow_sync):
    """What has been given to the disk is waited for, and its caller is answered."""
    service, gate = gated(new_service, directory, slow_sync)
    client = Client(service.bus.address)
    call = client.manager.start('DefineDomain', domain_xml('stuck'))
    wait_until((directory / 'gate.reached').exists, 'the sync is stuck')
    service.process.send_signal(signal.SIGTERM)
    gate.unlink()
    wait_until(lambda: not service.alive, 'the service has ended')
    assert service.process.returncode == 0
    client.wait(lambda: call, 'the call was answered')
    service.start()
    assert [domain[-1] for domain in client.manager.ListDomains()] == [call[0].get_body().unpack()[0]]
    assert 'set aside' not in service.log()
    client.close()


def test_files_are_private(service, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    file = service.definition_file(domain)
    assert file.stat().st_mode & 0o077 == 0
    assert (service.state / 'domains').stat().st_mode & 0o077 == 0
    runtime = service.runtime_directory(domain)
    for path in runtime.rglob('*'):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    assert (runtime / 'monitor').stat().st_mode & 0o077 == 0
    domain.PowerOff()
