# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of the host a user's definition names: granted to whoever may put it there, recorded with the definition, and
needed at every start, whoever asks for it. Root is the caller here; the domains are another user's."""

import json
import os
import re
import shutil
import time

import pytest
from virtbus import ACCESS_DENIED, ERROR, OWNER, Client, DBusError, domain_xml, wait_until

ACTION = 'org.virtbus1.use-host-devices'


def rng(path='/dev/zero'):
    return f'<rng model="virtio"><backend model="random">{path}</backend></rng>'


def record_file(service, domain):
    return service.definition_file(domain).with_name('record.json')


def record(service, domain):
    return json.loads(record_file(service, domain).read_text())


def grants(service, domain):
    return {grant['where']: grant for grant in record(service, domain).get('grants', [])}


def edit_record(service, domain, **changed):
    """By hand, as root can."""
    path = record_file(service, domain)
    service.stop()
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    service.start()


@pytest.fixture
def service(new_service):
    return new_service().start()


@pytest.fixture
def client(service):
    client = Client(service.bus.address)
    yield client
    client.close()


@pytest.fixture
def domain(service, client):
    """A user's, defined without anybody's having been asked."""
    domain = client.manager.define(domain_xml(devices=rng()))
    edit_record(service, domain, owner=OWNER)
    return domain


def boot(service):
    """What is in /run does not outlive a boot."""
    service.stop()
    shutil.rmtree(service.runtime)
    service.start()


def denied(call, *parts):
    with pytest.raises(DBusError) as caught:
        call()
    assert caught.value.name == ACCESS_DENIED, caught.value
    for part in parts:
        assert part in caught.value.message, caught.value.message
    return caught.value.message


def test_root_needs_no_grant(service, client):
    domain = client.manager.define(domain_xml(devices=rng()))
    assert 'grants' not in record(service, domain)
    domain.Start(paused=True)


def test_a_start_by_root_opens_nothing_that_the_owner_was_not_granted(service, domain):
    assert domain.Owner == OWNER
    message = denied(domain.Start, 'rng0', '/dev/zero', ACTION, f'user {OWNER}', 'Define the domain again')
    assert "'guest'" in message
    assert domain.State == 'shutoff' and domain.StateReason == 'failed'
    assert service.runtime_leftovers() == [] and service.emulators() == []


def test_whoever_may_defines_it_and_that_is_recorded(service, domain):
    before = time.time_ns() // 1000
    domain.Redefine(domain.GetXML())
    (grant,) = grants(service, domain).values()
    assert grant['action'] == ACTION and grant['where'] == 'rng0' and grant['by'] == 0
    assert re.fullmatch('[0-9a-f]{64}', grant['digest'])
    assert before <= grant['time'] <= time.time_ns() // 1000
    domain.Start(paused=True)
    domain.PowerOff()
    service.restart()
    assert domain.Owner == OWNER and grants(service, domain) == {'rng0': grant}
    domain.Start(paused=True)


def test_redefinition_keeps_what_is_as_it_was(service, domain):
    domain.Redefine(domain.GetXML())
    granted = grants(service, domain)
    domain.Redefine(domain.GetXML().replace('<name>guest</name>', '<name>guest</name><title>t</title>'))
    assert grants(service, domain) == granted
    domain.Start(paused=True)


def test_redefinition_of_what_was_granted_needs_a_grant_of_its_own(service, domain):
    domain.Redefine(domain.GetXML())
    old = grants(service, domain)['rng0']
    domain.Redefine(domain.GetXML().replace('/dev/zero', '/dev/full'))
    new = grants(service, domain)['rng0']
    assert new['digest'] != old['digest'] and new['time'] > old['time']
    # And what is gone is not granted any more.
    domain.Redefine(re.sub('<rng.*</rng>', '', domain.GetXML(), flags=re.S))
    assert grants(service, domain) == {}
    domain.Start(paused=True)


def test_the_grant_is_of_what_the_definition_says_and_not_of_its_place(service, domain):
    """A definition that is changed on disk names something else under the same alias."""
    domain.Redefine(domain.GetXML())
    service.stop()
    path = service.definition_file(domain)
    path.write_text(path.read_text().replace('/dev/zero', '/dev/full'))
    service.start()
    denied(domain.Start, 'rng0', '/dev/full', ACTION)
    assert service.runtime_leftovers() == []


@pytest.mark.parametrize('grant', [
    None, 'yes', [], {}, {'action': 'org.virtbus1.use-host-network'}, {'action': 'org.virtbus1.own.start'},
    {'where': 'rng1'}, {'digest': '0' * 64}, {'digest': ''}, {'digest': 5}, {'by': 'root'}, {'by': -1}, {'time': None}])
def test_a_record_that_says_something_else_grants_nothing(service, domain, grant):
    domain.Redefine(domain.GetXML())
    whole = grants(service, domain)['rng0']
    edit_record(service, domain, grants=[whole | grant if isinstance(grant, dict) and grant else grant])
    denied(domain.Start, 'rng0', ACTION)
    edit_record(service, domain, grants=[grant, whole])
    domain.Start(paused=True)


def test_another_domain_is_not_granted_it(service, client, domain):
    domain.Redefine(domain.GetXML())
    other = client.manager.define(domain_xml('other', devices=rng()))
    edit_record(service, other, owner=OWNER)
    denied(other.Start, "'other'", 'rng0')
    domain.Start(paused=True)


def test_attached_devices_are_granted_with_their_definition(service, domain):
    domain.Redefine(domain.GetXML())
    old = grants(service, domain)['rng0']
    domain.AttachDevice(rng('/dev/full'), config=True)
    both = grants(service, domain)
    assert both['rng0'] == old and both['rng1']['action'] == ACTION and both['rng1']['by'] == 0
    domain.AttachDevice('<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>', config=True)
    assert grants(service, domain) == both
    domain.Start(paused=True)


def test_an_attached_device_grants_nothing_else(service, domain):
    domain.AttachDevice(rng('/dev/full'), config=True)
    assert list(grants(service, domain)) == ['rng1']
    message = denied(domain.Start, 'rng0')
    assert 'rng1' not in message


def test_autostart_opens_nothing_either(service, domain):
    domain.SetAutostart(True)
    boot(service)
    wait_until(lambda: 'could not be started' in service.log(), 'the log says so')
    assert re.search(f'could not be started: .*rng0 names /dev/zero \\({ACTION}\\)', service.log())
    assert domain.State == 'shutoff'
    domain.Redefine(domain.GetXML())
    granted = grants(service, domain)
    assert granted
    domain.SetAutostart(False)
    domain.SetAutostart(True)
    assert grants(service, domain) == granted
    boot(service)
    wait_until(lambda: domain.State == 'running', 'it runs')


def test_everything_that_is_missing_is_named_at_once(service, client):
    domain = client.manager.define(domain_xml(
        devices=rng() + '<interface type="bridge"><source bridge="br0"/><model type="virtio"/></interface>'
        '<graphics type="vnc" port="-1" listen="0.0.0.0"/>',
        extra='<memoryBacking><locked/></memoryBacking>'))
    edit_record(service, domain, owner=OWNER)
    denied(domain.Start, 'net0 names the bridge br0 (org.virtbus1.use-host-network)', f'rng0 names /dev/zero ({ACTION})',
           'listening at 0.0.0.0 (org.virtbus1.use-remote-access)', 'memory that is locked (org.virtbus1.use-locked-memory)')


def test_what_the_name_of_a_network_means_is_looked_up_at_each_start(new_service, tmp_path):
    conf = tmp_path / 'virtbusd.conf'
    conf.write_text('[network lan]\nuser=yes\n')
    service = new_service()
    service.arguments = [*service.arguments, f'--config={conf}']
    service.start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(
        devices='<interface type="network"><source network="lan"/><model type="virtio"/></interface>'))
    edit_record(service, domain, owner=OWNER)
    domain.Start(paused=True)
    domain.PowerOff()
    service.stop()
    conf.write_text('[network lan]\nbridge=vbtest0\n')
    service.start()
    denied(domain.Start, 'net0', 'the network lan', 'org.virtbus1.use-host-network')
    client.close()


@pytest.mark.parametrize('backend', ['tap', 'vhost'])
def test_the_service_opens_no_device_of_a_users_choice(service, client, users_place, backend):
    path = users_place / 'device'
    path.symlink_to('/dev/zero')
    domain = users_domain(service, client, devices=(
        f'<interface type="ethernet"><backend {backend}="{path}"/><driver name="vhost"/><model type="virtio"/></interface>'))
    domain.Redefine(domain.GetXML())
    denied(domain.Start, f'net0: <backend> names {path}')
    assert service.runtime_leftovers() == []


# Files are looked for as their owner sees them.

def disk(path):
    return f'<disk type="file"><source file="{path}"/><target dev="vda" bus="virtio"/></disk>'


@pytest.fixture
def users_place(directory):
    """Where the owner may go; and beside it where only root may."""
    directory.chmod(0o755)
    place, secret = directory / 'place', directory / 'secret'
    place.mkdir()
    os.chown(place, OWNER, OWNER)
    secret.mkdir(mode=0o700)
    (secret / 'image').write_bytes(bytes(1 << 20))
    return place


def users_domain(service, client, **named):
    domain = client.manager.define(domain_xml(**named))
    edit_record(service, domain, owner=OWNER)
    return domain


@pytest.mark.parametrize('link', [False, True])
def test_whether_a_file_is_there_is_not_told_of_what_the_owner_cannot_see(service, client, users_place, link):
    """The answer for what is there is the same as for what is not."""
    secret = users_place.parent / 'secret'
    answers = []
    for name in 'image', 'missing':
        path = users_place / name if link else secret / name
        if link:
            path.symlink_to(secret / name)
        domain = users_domain(service, client, name=name, devices=disk(path))
        with pytest.raises(DBusError) as caught:
            domain.Start(paused=True)
        assert caught.value.name == ERROR + 'Storage'
        answers.append(caught.value.message.replace(name, 'NAME'))
    assert answers[0] == answers[1] and 'Permission denied' in answers[0]


def test_the_files_of_the_owner_are_found(service, client, users_place):
    users_place.chmod(0o700)
    image = users_place / 'image'
    image.write_bytes(bytes(1 << 20))
    os.chown(image, OWNER, OWNER)
    domain = users_domain(service, client, devices=disk(image))
    domain.Start(paused=True)
    domain.PowerOff()
    image.unlink()
    with pytest.raises(DBusError, match='virtio-disk0: .*image cannot be used: No such file or directory'):
        domain.Start()


def test_a_medium_that_may_be_missing_is_left_out(service, client, users_place):
    domain = users_domain(service, client, devices=(
        f'<disk type="file" device="cdrom"><source file="{users_place.parent}/secret/image" startupPolicy="optional"/>'
        '<target dev="sda" bus="sata"/></disk>'))
    domain.Start(paused=True)
    assert 'secret' not in domain.GetXML()


def test_looking_for_files_leaves_no_process(service, client, users_place):
    image = users_place / 'image'
    image.write_bytes(bytes(1 << 20))
    os.chown(image, OWNER, OWNER)
    domain = users_domain(service, client, devices=disk(image))
    for _ in range(5):
        domain.Start(paused=True)
        domain.PowerOff()
    wait_until(lambda: not children(service.pid), 'no child is left, nor a dead one')


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
        return file.read().split()
