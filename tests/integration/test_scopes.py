# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd is asked for, by something in its place that answers when and as a test wants."""

import os
import subprocess

import pytest
import virtbus
from gi.repository import Gio, GLib
from test_companions import PASST, SHARED, TPM, folder
from test_hostile import Lying, is_unreachable
from test_log import say
from virtbus import DOMAIN, ERROR, INVALID_ARGS, PTY, DBusError, domain_xml

SYSTEMD = 'org.freedesktop.systemd1'
PATH = '/org/freedesktop/systemd1'
LOG_COPIER = 'virtbus-log'
XML = f'''<node><interface name="{SYSTEMD}.Manager">
  <method name="Subscribe"/>
  <method name="StartTransientUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a(sv)" direction="in"/><arg type="a(sa(sv))" direction="in"/><arg type="o" direction="out"/></method>
  <method name="StopUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="o" direction="out"/></method>
  <method name="SetUnitProperties"><arg type="s" direction="in"/><arg type="b" direction="in"/>
    <arg type="a(sv)" direction="in"/></method>
  <method name="AttachProcessesToUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="au" direction="in"/></method>
  <signal name="JobRemoved"><arg type="u"/><arg type="o"/><arg type="s"/><arg type="s"/></signal>
</interface></node>'''


class Systemd:
    """Makes units of nothing: keeps what it was told, and ends jobs as `result` says; None: not at all. A list as
    `thinking` gets what answers the next change of properties."""

    def __init__(self, address):
        self.connection = virtbus.Connection(address)
        self.units, self.stopped, self.refusals, self.result, self.subscribed = {}, [], [], 'done', 0
        self.thinking, self.attached = None, []
        info = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
        self.connection.connection.register_object(PATH, info, self._on_call, None, None)
        self.connection.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                             '(su)', SYSTEMD, 0)

    def _on_call(self, connection, sender, path, interface, method, arguments, invocation):
        arguments = arguments.unpack()
        if method == 'Subscribe':
            self.subscribed += 1
            invocation.return_value(None)
        elif method == 'StopUnit':
            self.stopped.append(arguments[0])
            invocation.return_dbus_error(f'{SYSTEMD}.NoSuchUnit', 'it has gone by itself')
        elif self.refusals:
            invocation.return_dbus_error(f'{SYSTEMD}.{self.refusals.pop(0)}', 'it cannot be')
        elif method in ('SetUnitProperties', 'AttachProcessesToUnit'):
            if method == 'SetUnitProperties':
                self.units[arguments[0]].update(arguments[2])
            else:
                self.attached.append((arguments[0], arguments[1], [(pid, virtbus.process_name(pid))
                                                                   for pid in arguments[2]]))
            if self.thinking is None:
                invocation.return_value(None)
            else:
                self.thinking.append(lambda: invocation.return_value(None))
                self.thinking = None
        else:
            unit, mode, properties, _ = arguments
            assert mode == 'fail'
            self.units[unit] = dict(properties)
            # What is in the scope has not been executed yet.
            self.units[unit]['exes'] = [os.readlink(f'/proc/{pid}/exe') for pid in self.units[unit]['PIDs']]
            job = f'{PATH}/job/{len(self.units)}'
            invocation.return_value(GLib.Variant('(o)', (job,)))
            if self.result is not None:
                connection.emit_signal(None, PATH, f'{SYSTEMD}.Manager', 'JobRemoved',
                                       GLib.Variant('(uoss)', (1, job, unit, self.result)))

    def close(self):
        self.connection.close()


@pytest.fixture
def systemd(bus):
    systemd = Systemd(bus.address)
    yield systemd
    systemd.close()


@pytest.fixture
def manager(systemd, client):
    return client.manager


def failed(call, *arguments):
    with pytest.raises(DBusError) as caught:
        call(*arguments)
    assert caught.value.name == ERROR + 'EmulatorFailed', caught.value
    return caught.value.message


def test_a_guest_is_in_its_scope_before_it_is_executed(systemd, manager, service):
    domain = manager.define(domain_xml('web server'))
    assert domain.Unit == ''
    domain.Start()
    unit = f'virtbus-{domain.id}.scope'
    assert domain.Unit == unit
    asked = systemd.units[unit]
    assert asked['Description'] == 'web server'
    assert asked['Slice'] == 'virtbus.slice'
    assert asked['PIDs'] == [domain.ProcessID] + service.log_copiers()
    assert asked['CollectMode'] == 'inactive-or-failed'
    assert 'virtbus-guests.service' in asked['Before']
    assert 'virtbusd' in asked['exes'][0]
    assert 'qemu' in os.readlink(f'/proc/{domain.ProcessID}/exe')
    assert systemd.subscribed
    domain.PowerOff()
    assert domain.Unit == ''


def test_what_stands_beside_the_emulator_is_in_its_scope(systemd, manager, service, tmp_path):
    domain = manager.define(domain_xml(devices=TPM + folder(tmp_path) + PASST.format(''), extra=SHARED))
    domain.Start()
    emulator, log, *others = systemd.units[domain.Unit]['PIDs']
    assert emulator == domain.ProcessID and [log] == service.log_copiers()
    # What they start is in it, too.
    assert all('virtbusd' in exe for exe in systemd.units[domain.Unit]['exes'])
    names = sorted(virtbus.process_name(pid).split('.')[0] for pid in others)
    assert set(names) == {'passt', 'swtpm', 'virtiofsd'}, names
    domain.PowerOff()


def test_the_unit_is_known_after_a_restart(systemd, service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop(virtbus.signal.SIGKILL)
    service.start()
    client.start_model()
    assert domain.Unit == f'virtbus-{domain.id}.scope'
    assert len(systemd.units) == 1


def copier(service):
    return [pid for pid in service.log_copiers() if virtbus.process_name(pid) == LOG_COPIER]


def test_another_that_copies_the_log_is_in_the_scope_before_it_copies(systemd, service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    (first,) = copier(service)
    assert systemd.attached == []
    os.kill(first, virtbus.signal.SIGKILL)
    client.wait(lambda: copier(service) not in ([], [first]), 'there is another')
    (second,) = copier(service)
    # The journal asks where its lines come from when it begins: it has not been executed yet.
    ((unit, group, ((pid, name),)),) = systemd.attached
    assert (unit, group, pid) == (domain.Unit, '', second) and name != LOG_COPIER
    service.stop(virtbus.signal.SIGKILL)
    os.kill(second, virtbus.signal.SIGKILL)
    service.start()
    client.start_model()
    client.wait(lambda: copier(service) not in ([], [second]), 'there is another')
    (third,) = copier(service)
    assert systemd.attached[1][0] == domain.Unit and systemd.attached[1][2][0][0] == third
    # Where systemd cannot do it, there is one all the same.
    systemd.refusals.append('NoSuchUnit')
    os.kill(third, virtbus.signal.SIGKILL)
    client.wait(lambda: copier(service) not in ([], [third]), 'there is another')
    assert f'systemd could not change {domain.Unit}' in service.log()
    domain.PowerOff()
    assert service.log_copiers() == [] and service.runtime_leftovers() == []


@pytest.mark.parametrize('whose', ['guest', 'service', 'copier'])
def test_a_systemd_that_thinks_holds_up_no_end(systemd, service, client, manager, whose):
    domain = manager.define(domain_xml())
    domain.Start()
    (first,) = copier(service)
    systemd.thinking = thoughts = []
    os.kill(first, virtbus.signal.SIGKILL)
    client.wait(lambda: thoughts, 'systemd thinks')
    ((held, _),) = systemd.attached[0][2]
    assert service.log_copiers() == []
    say(domain.ProcessID, 'meanwhile')
    if whose == 'service':
        service.stop(virtbus.signal.SIGKILL)
        client.wait(lambda: not virtbus.process_alive(held), 'it goes with the service')
        service.start()
        client.start_model()
    elif whose == 'copier':
        os.kill(held, virtbus.signal.SIGKILL)
    if whose != 'guest':
        client.wait(lambda: copier(service) not in ([], [held]), 'there is another')
    os.kill(domain.ProcessID, virtbus.signal.SIGTERM)
    domain.wait_state('shutoff')
    with os.fdopen(domain.OpenLog()) as log:
        lines = log.read().splitlines()
    assert lines[0] == 'meanwhile' and 'terminating on signal 15' in lines[-1], lines
    assert service.log_copiers() == [] and service.runtime_leftovers() == []


def test_a_scope_that_may_be_left_is_stopped(systemd, client, manager, service):
    """However a guest ends, and when nothing of it is left."""
    domain = manager.define(domain_xml(devices=TPM))
    domain.Start()
    unit, processes = domain.Unit, systemd.units[domain.Unit]['PIDs']
    assert systemd.stopped == []
    domain.PowerOff()
    client.wait(lambda: systemd.stopped, 'the scope is stopped')
    assert systemd.stopped == [unit] and not [pid for pid in processes if virtbus.process_alive(pid)]
    systemd.result = 'failed'
    failed(domain.Start)
    client.wait(lambda: systemd.stopped == [unit] * 2, 'the scope of a start that failed is stopped')
    systemd.result = 'done'
    domain.Start()
    service.stop(virtbus.signal.SIGKILL)
    pid = systemd.units[unit]['PIDs'][0]
    os.kill(pid, virtbus.signal.SIGKILL)
    virtbus.wait_until(lambda: not virtbus.process_alive(pid), 'the guest has ended')
    service.start()
    client.start_model()
    client.wait(lambda: systemd.stopped == [unit] * 3, 'the scope of a guest that ended meanwhile is stopped')


def test_without_systemd_there_is_no_unit(client):
    domain = client.manager.define(domain_xml())
    domain.Start()
    assert domain.Unit == ''


def test_what_the_definition_limits_systemd_is_told(systemd, manager):
    domain = manager.define(domain_xml(vcpus=2, extra='''
        <blkiotune><weight>500</weight><device><path>/dev/null</path><read_bytes_sec>1000000</read_bytes_sec>
          <write_iops_sec>70</write_iops_sec></device></blkiotune>
        <memtune><hard_limit unit="GiB">2</hard_limit><soft_limit unit="GiB">1</soft_limit>
          <swap_hard_limit unit="GiB">3</swap_hard_limit></memtune>
        <cputune><shares>2048</shares><period>50000</period><quota>25000</quota></cputune>
        <numatune><memory mode="strict" nodeset="0"/></numatune>
        <resource><partition>/machine/a-b</partition></resource>''').replace('<vcpu>', '<vcpu cpuset="0-1">'))
    domain.Start()
    asked = systemd.units[domain.Unit]
    expected = {'CPUWeight': 2048, 'CPUQuotaPerSecUSec': 1000000, 'CPUQuotaPeriodUSec': 50000,
                'MemoryMax': 2 << 30, 'MemoryHigh': 1 << 30, 'MemorySwapMax': 1 << 30, 'IOWeight': 500,
                'AllowedCPUs': [3], 'AllowedMemoryNodes': [1], 'IOReadBandwidthMax': [('/dev/null', 1000000)],
                'IOWriteIOPSMax': [('/dev/null', 70)], 'Slice': r'machine-a\x2db.slice'}
    assert {name: asked[name] for name in expected} == expected


def test_a_definition_without_limits_has_none(systemd, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    assert not [name for name in systemd.units[domain.Unit] if name.startswith(('CPU', 'Memory', 'IO', 'Allowed'))]


def test_a_scope_that_goes_away_is_waited_for(systemd, manager):
    domain = manager.define(domain_xml())
    systemd.refusals = ['UnitExists', 'UnitExists']
    domain.Start()
    assert domain.Unit


@pytest.mark.parametrize('result', ['failed', 'timeout', 'canceled'])
def test_a_job_that_fails_ends_the_start(systemd, manager, service, result):
    systemd.result = result
    domain = manager.define(domain_xml())
    message = failed(domain.Start)
    assert result in message and f'virtbus-{domain.id}.scope' in message
    assert domain.State == 'shutoff'
    virtbus.wait_until(lambda: not virtbus.children_of(service.pid), 'what it said has been copied')
    systemd.result = 'done'
    domain.Start()


def test_a_refusal_ends_the_start(systemd, manager):
    systemd.refusals = ['NoSuchUnit']
    domain = manager.define(domain_xml())
    assert 'it cannot be' in failed(domain.Start)
    assert domain.State == 'shutoff'


def test_a_systemd_that_goes_meanwhile_ends_the_start(systemd, client, manager):
    systemd.result = None
    domain = manager.define(domain_xml())
    outcome = client.start_call(virtbus.BUS_NAME, domain.path, DOMAIN, 'Start', '(a{sv})', {})
    client.wait(lambda: systemd.units, 'systemd was asked')
    systemd.close()
    assert 'bus' in failed(client.finish_call, outcome)
    assert domain.State == 'shutoff'


def test_a_start_is_given_up_while_systemd_thinks(systemd, client, manager, service):
    systemd.result = None
    domain = manager.define(domain_xml())
    outcome = client.start_call(virtbus.BUS_NAME, domain.path, DOMAIN, 'Start', '(a{sv})', {})
    client.wait(lambda: systemd.units, 'systemd was asked')
    domain.PowerOff()
    with pytest.raises(DBusError):
        client.finish_call(outcome)
    assert domain.State == 'shutoff'
    virtbus.wait_until(lambda: not virtbus.children_of(service.pid), 'what it said has been copied')


def resources(**values):
    """For SetResources: sets of numbers are text, all others numbers."""
    return {name.replace('_', '-'): GLib.Variant('s' if isinstance(value, str) else 't', value)
            for name, value in values.items()}


def refused(error, call, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == error, caught.value
    return caught.value.message


@pytest.fixture
def limited(systemd, manager):
    domain = manager.define(domain_xml(vcpus=2, extra='''
        <memtune><hard_limit unit="GiB">2</hard_limit></memtune><cputune><shares>100</shares></cputune>'''))
    domain.Start()
    return domain


def test_limits_of_a_running_guest_are_changed(systemd, limited, service, client):
    limited.SetResources(resources(cpu_shares=300, cpu_quota_usec=50000, memory_hard_limit=(3 << 30) - 5,
                                   memory_soft_limit=1 << 30, swap_hard_limit=4 << 30, io_weight=700, allowed_cpus='0',
                                   allowed_memory_nodes='0'))
    expected = {'CPUWeight': 300, 'CPUQuotaPerSecUSec': 1000000, 'MemoryMax': 3 << 30, 'MemoryHigh': 1 << 30,
                'MemorySwapMax': 1 << 30, 'IOWeight': 700, 'AllowedCPUs': [1], 'AllowedMemoryNodes': [1]}
    asked = systemd.units[limited.Unit]
    assert {name: asked[name] for name in expected} == expected
    for task in os.listdir(f'/proc/{limited.ProcessID}/task'):
        assert os.sched_getaffinity(int(task)) == {0}
    parts = ('<shares>300<', '<quota>50000<', ">3145728</hard_limit>", "<weight>700<", "cpuset='0'",
             "mode='restrictive' nodeset='0'")
    for part in parts:
        assert part in limited.GetXML(), part
        assert part not in limited.GetXML(inactive=True), part
    service.stop(virtbus.signal.SIGKILL)
    service.start()
    client.start_model()
    for part in parts:
        assert part in limited.GetXML(), part


def test_only_what_changes_is_told_and_what_is_taken_away_goes_back(systemd, limited):
    asked = systemd.units[limited.Unit]
    before = dict(asked)
    limited.SetResources(resources(memory_hard_limit=0, cpu_shares=100))
    changes = {name: value for name, value in asked.items() if before.get(name) != value}
    assert changes == {'MemoryMax': 2**64 - 1}
    assert 'hard_limit' not in limited.GetXML()
    assert '<shares>100<' in limited.GetXML()


def test_limits_of_the_next_start(systemd, limited):
    limited.SetResources(resources(cpu_shares=300), config=True)
    assert '<shares>100<' in limited.GetXML()
    assert '<shares>300<' in limited.GetXML(inactive=True)
    assert systemd.units[limited.Unit]['CPUWeight'] == 100
    limited.SetResources(resources(cpu_shares=400), config=True, live=True)
    assert '<shares>400<' in limited.GetXML() and '<shares>400<' in limited.GetXML(inactive=True)
    assert systemd.units[limited.Unit]['CPUWeight'] == 400
    limited.PowerOff()
    limited.SetResources(resources(cpu_shares=500, allowed_cpus=''))
    limited.Start()
    assert systemd.units[limited.Unit]['CPUWeight'] == 500
    assert 'AllowedCPUs' not in systemd.units[limited.Unit]


@pytest.mark.parametrize('values, error', [
    ({}, INVALID_ARGS),
    ({'cpu_share': 2}, INVALID_ARGS),
    ({'cpu_shares': '2'}, INVALID_ARGS),
    ({'cpu_period_usec': 1}, INVALID_ARGS),
    ({'memory_hard_limit': 2**64 - 1}, INVALID_ARGS),
    ({'swap_hard_limit': 1 << 30}, INVALID_ARGS),
    ({'allowed_cpus': '1-'}, INVALID_ARGS),
    ({'allowed_cpus': ''}, ERROR + 'Unsupported'),
    ({'allowed_cpus': '9999'}, ERROR + 'Unsupported'),
])
def test_limits_that_cannot_be(systemd, limited, values, error):
    shown, asked = limited.GetXML(), dict(systemd.units[limited.Unit])
    refused(error, limited.SetResources, resources(**values))
    assert limited.GetXML() == shown
    changes = {name: value for name, value in systemd.units[limited.Unit].items() if asked.get(name) != value}
    # Systemd took the processors that there are not, and was told to forget them.
    assert changes == ({'AllowedCPUs': []} if '9999' in values.values() else {})


def test_systemd_refuses_other_limits(systemd, limited):
    systemd.refusals = ['NoSuchUnit']
    shown = limited.GetXML()
    assert 'it cannot be' in refused(ERROR + 'EmulatorFailed', limited.SetResources, resources(cpu_shares=7), live=True,
                                     config=True)
    assert limited.GetXML() == shown and '<shares>7<' not in limited.GetXML(inactive=True)
    limited.SetResources(resources(cpu_shares=7))


@pytest.mark.parametrize('refusals', [[], ['NoSuchUnit']])
def test_a_monitor_that_closes_while_limits_are_changed(systemd, client, manager, service, directory, refusals):
    """Threads that cannot be moved fail the change, and what was changed already goes back."""
    lying = Lying(directory)
    lying.tell('')
    domain = manager.define(domain_xml('liar', vcpus=2, devices=PTY, emulator=lying.path))
    domain.Start()
    shown = domain.GetXML()
    systemd.thinking = thinking = []
    call = domain.start('SetResources', resources(allowed_cpus='0'))
    client.wait(lambda: thinking, 'systemd was asked')
    assert systemd.units[domain.Unit]['AllowedCPUs'] == [1]
    lying.tell('close')
    client.wait(lambda: is_unreachable(domain), 'the service has seen it')
    systemd.refusals = list(refusals)
    thinking[0]()
    with pytest.raises(DBusError) as caught:
        client.finish_call(call)
    assert caught.value.name == ERROR + 'Monitor' and 'is not connected' in caught.value.message
    assert domain.GetXML() == shown
    assert systemd.units[domain.Unit]['AllowedCPUs'] == ([1] if refusals else [])
    assert ('its limits could not be changed back' in service.log()) == bool(refusals)


def test_a_guest_in_no_scope_has_no_other_limits(client):
    domain = client.manager.define(domain_xml())
    refused(ERROR + 'InvalidState', domain.SetResources, resources(cpu_shares=7), live=True)
    domain.Start()
    assert 'no scope' in refused(ERROR + 'InvalidState', domain.SetResources, resources(cpu_shares=7))
    domain.SetResources(resources(cpu_shares=7), config=True)
    assert '<shares>7<' in domain.GetXML(inactive=True)


def test_virtbusctl_tunes(systemd, limited, client, service):
    def tune(*arguments):
        """Our systemd answers meanwhile."""
        process = subprocess.Popen([virtbus.VIRTBUSCTL, f'--address={service.bus.address}', 'tune', 'guest', *arguments],
                                   stderr=subprocess.PIPE, text=True)
        client.wait(lambda: process.poll() is not None, 'virtbusctl ended')
        return process.returncode, process.communicate()[1]

    assert tune('cpu-shares=9', 'memory-hard-limit=3G', 'allowed-cpus=0', '--live', '--config') == (0, '')
    asked = systemd.units[limited.Unit]
    assert (asked['CPUWeight'], asked['MemoryMax'], asked['AllowedCPUs']) == (9, 3 << 30, [1])
    assert '<shares>9<' in limited.GetXML(inactive=True)
    assert tune('memory-hard-limit=none') == (0, '')
    assert asked['MemoryMax'] == 2**64 - 1
    for wrong in ('cpu-shares', 'cpu-shares=many', 'cpu-shares=1X', 'memory-hard-limit=99999999999G'):
        assert tune(wrong)[0] == 2, wrong
