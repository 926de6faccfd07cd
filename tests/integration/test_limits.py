# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one user may have, on a bus where polkit grants everything."""

import pytest
import virtbus
from authority import Agent
from virtbus import DOMAIN, LIMITS_EXCEEDED, MANAGER, OTHER, OWNER, PTY, ROOT, DBusError, Domain, domain_xml

RULES = '''
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.virtbus1.") == 0 && subject.user != "nobody")
        return polkit.Result.YES;
});
'''
LIMITS = '''
[limits]
domains=3
running=2
memory=200M
devices=60
calls=20
[limits sys]
domains=1
'''


@pytest.fixture
def service(polkit, directory, new_service):
    config = directory / 'virtbusd.conf'
    config.write_text(LIMITS)
    return new_service(options=[f'--config={config}']).start()


def refused(call, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == LIMITS_EXCEEDED, caught.value
    return caught.value.message


def test_definitions(manager, new_user):
    user, other = new_user(OWNER), new_user(OTHER)
    paths = [user.define(domain_xml(f'd{i}')) for i in range(3)]
    message = refused(user.define, domain_xml('d3'))
    assert 'user 2' in message and '4 domains' in message and '3' in message
    refused(user.call, ROOT, MANAGER, 'CreateDomain', '(sa{sv})', domain_xml('d3'), {})
    user.define(domain_xml('d1', title='anew', uuid=Domain(manager.client, paths[1]).UUID))
    other.define(domain_xml('d0'))
    assert '2 domains' in refused(other.define, domain_xml('d1'))
    for i in range(5):
        manager.define(domain_xml(f'd{i}'))
    user.act(paths[0], 'Undefine')
    user.define(domain_xml('d3'))


def test_domains_that_run(manager, new_user):
    user = new_user(OWNER)
    paths = [user.define(domain_xml(f'd{i}', memory=32)) for i in range(3)]
    for path in paths[:2]:
        user.act(path, 'Start')
    assert '3 domains that run' in refused(user.act, paths[2], 'Start')
    # Whoever starts it: it is the owner's limit.
    with pytest.raises(DBusError) as caught:
        Domain(manager.client, paths[2]).Start()
    assert caught.value.name == LIMITS_EXCEEDED
    user.act(paths[0], 'PowerOff')
    user.act(paths[2], 'Start')


def test_memory(manager, new_user):
    user = new_user(OWNER)
    small, large, huge = (user.define(domain_xml(f'd{size}', memory=size)) for size in (64, 160, 1024))
    assert 'bytes of memory' in refused(user.act, huge, 'Start')
    user.act(small, 'Start')
    refused(user.act, large, 'Start')
    user.act(small, 'PowerOff')
    user.act(large, 'Start')
    assert Domain(manager.client, huge).State == 'shutoff'


def test_devices(manager, new_user):
    user = new_user(OWNER)
    path = user.define(domain_xml('few', devices=PTY))
    serials = '<channel type="unix"><target type="virtio"/></channel>' * 60
    assert 'devices' in refused(user.define, domain_xml('many', devices=serials))
    uuid = Domain(manager.client, path).UUID
    refused(user.define, domain_xml('few', uuid=uuid, devices=serials))
    refused(user.call, path, DOMAIN, 'Redefine', '(sa{sv})', domain_xml('few', uuid=uuid, devices=serials), {})
    for i in range(60):
        try:
            user.call(path, DOMAIN, 'AttachDevice', '(sa{sv})',
                      f'<disk type="file" device="disk"><source file="/x{i}"/><target dev="vd{chr(97 + i)}" bus="virtio"/>'
                      '</disk>', {'config': virtbus.to_variant(True)})
        except DBusError as error:
            assert error.name == LIMITS_EXCEEDED, error
            break
    else:
        raise AssertionError('there was no limit')
    assert len(Domain(manager.client, path).hardware()) <= 60


def attach_to_each(user, paths, xml, **named):
    """All at once; how many were refused."""
    calls = [user.start(path, DOMAIN, 'AttachDevice', '(sa{sv})', xml,
                        {name: virtbus.to_variant(value) for name, value in named.items()}) for path in paths]
    count = 0
    for call in calls:
        try:
            user.finish(call)
        except DBusError as error:
            assert error.name == LIMITS_EXCEEDED, error
            count += 1
    return count


def test_devices_that_come_at_once(manager, new_user):
    user = new_user(OWNER)
    paths = [user.define(domain_xml(f'd{i}')) for i in range(3)]

    def total():
        return sum(len(Domain(manager.client, path).hardware()) for path in paths)
    while total() < 58:
        assert attach_to_each(user, paths[:1], '<channel type="unix"><target type="virtio"/></channel>') == 0
    assert total() == 58
    disk = '<disk type="file"><source file="/x"/><target dev="sda" bus="sata"/></disk>'
    assert attach_to_each(user, paths, disk) == 1
    assert total() == 60
    assert attach_to_each(user, paths, disk.replace('sda', 'sdb')) == 3


def test_controllers_that_a_device_brings_count(manager, new_user):
    """Not only the device that was asked for."""
    user = new_user(OWNER)
    path = user.define(domain_xml('one'))
    domain = Domain(manager.client, path)
    while len(domain.hardware()) < 59:
        assert attach_to_each(user, [path], '<channel type="unix"><target type="virtio"/></channel>') == 0
    before = domain.GetXML(inactive=True)
    assert len(domain.hardware()) == 59
    disk = '<disk type="file"><source file="/x"/><target dev="sda" bus="scsi"/></disk>'
    assert attach_to_each(user, [path], disk) == 1
    assert domain.GetXML(inactive=True) == before and len(domain.hardware()) == 59
    assert attach_to_each(user, [path], disk.replace('scsi', 'sata')) == 0
    assert len(domain.hardware()) == 60


def test_definitions_that_come_at_once(manager, new_user):
    user = new_user(OWNER)
    domains = [Domain(manager.client, user.define(domain_xml(f'd{i}'))) for i in range(3)]
    free = 60 - sum(len(domain.hardware()) for domain in domains)
    more = '<channel type="unix"><target type="virtio"/></channel>' * (free // 2 - 3)
    calls = [user.start(domain.path, DOMAIN, 'Redefine', '(sa{sv})',
                        domain_xml(domain.Name, uuid=domain.UUID, devices=more), {}) for domain in domains]
    outcomes = []
    for call in calls:
        try:
            user.finish(call)
            outcomes.append('done')
        except DBusError as error:
            outcomes.append(error.name)
    assert sorted(outcomes) == ['done', 'done', LIMITS_EXCEEDED]
    assert sum(len(domain.hardware()) for domain in domains) <= 60


def test_memory_that_comes_at_once(manager, new_user):
    user = new_user(OWNER)
    growing = dict(extra='<maxMemory unit="MiB" slots="2">1024</maxMemory>'
                         '<cpu><numa><cell id="0" cpus="0" memory="65536"/></numa></cpu>')
    paths = [user.define(domain_xml(f'd{i}', **growing)) for i in range(2)]
    for path in paths:
        user.act(path, 'Start')
    dimm = '<memory model="dimm"><target><size unit="MiB">60</size><node>0</node></target></memory>'
    assert attach_to_each(user, paths, dimm) == 1
    assert sorted(Domain(manager.client, path).MemoryMaximum >> 20 for path in paths) == [64, 124]
    # What was not given does not count, and what was given still does.
    refused(user.call, paths[0], DOMAIN, 'AttachDevice', '(sa{sv})', dimm, {})
    small = dimm.replace('60', '10')
    assert attach_to_each(user, paths[:1], small) == 0


def test_calls_that_wait(bus, directory, new_user, manager):
    """Somebody who asks for more passwords than anybody could type is told so, and delays nobody."""
    user = new_user(virtbus.STRANGER)
    agent = Agent(bus.address, user.pid, user.uid)
    calls = [user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(f'd{i}'), {}, interactive=True)
             for i in range(40)]
    agent.wait_prompt()
    for call in calls[20:]:
        assert '20 calls' in refused(user.finish, call)
    assert not any(user.answered(call) for call in calls[:20])
    new_user(OWNER).define(domain_xml('quick'))
    for i in range(30):
        manager.define(domain_xml(f'r{i}'))
    agent.close()
    for call in calls[:20]:
        with pytest.raises(DBusError):
            user.finish(call)


@pytest.mark.parametrize('text, complaint', [('[limits]\ndomains=x\n', 'domains=x'),
                                             ('[limit]\ndomains=1\n', '[limit] is not known'),
                                             ('[limits nemo]\n', 'no such user'),
                                             ('[service]\nidle=1\n', 'idle= is not known'),
                                             ('[service]\nidle-timeout=0\n', 'idle-timeout=0')])
def test_a_wrong_configuration_is_named(new_service, directory, text, complaint):
    config = directory / 'wrong.conf'
    config.write_text(text)
    service = new_service()
    service.arguments.append(f'--config={config}')
    with pytest.raises(AssertionError):
        service.start()
    assert f'{config}: ' in service.log() and complaint in service.log()
