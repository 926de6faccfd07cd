# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd is asked for, by something in its place that answers when and as a test wants."""

import os

import pytest
import virtbus
from gi.repository import Gio, GLib
from virtbus import DOMAIN, ERROR, DBusError, domain_xml

SYSTEMD = 'org.freedesktop.systemd1'
PATH = '/org/freedesktop/systemd1'
XML = f'''<node><interface name="{SYSTEMD}.Manager">
  <method name="Subscribe"/>
  <method name="StartTransientUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a(sv)" direction="in"/><arg type="a(sa(sv))" direction="in"/><arg type="o" direction="out"/></method>
  <method name="SetUnitProperties"><arg type="s" direction="in"/><arg type="b" direction="in"/>
    <arg type="a(sv)" direction="in"/></method>
  <signal name="JobRemoved"><arg type="u"/><arg type="o"/><arg type="s"/><arg type="s"/></signal>
</interface></node>'''


class Systemd:
    """Makes units of nothing: keeps what it was told, and ends jobs as `result` says; None: not at all."""

    def __init__(self, address):
        self.connection = virtbus.Connection(address)
        self.units, self.refusals, self.result, self.subscribed = {}, [], 'done', 0
        info = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
        self.connection.connection.register_object(PATH, info, self._on_call, None, None)
        self.connection.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                             '(su)', SYSTEMD, 0)

    def _on_call(self, connection, sender, path, interface, method, arguments, invocation):
        arguments = arguments.unpack()
        if method == 'Subscribe':
            self.subscribed += 1
            invocation.return_value(None)
        elif self.refusals:
            invocation.return_dbus_error(f'{SYSTEMD}.{self.refusals.pop(0)}', 'it cannot be')
        elif method == 'SetUnitProperties':
            self.units[arguments[0]].update(arguments[2])
            invocation.return_value(None)
        else:
            unit, mode, properties, _ = arguments
            assert mode == 'fail'
            self.units[unit] = dict(properties)
            # What is in the scope has not been executed yet.
            pid, = self.units[unit]['PIDs']
            self.units[unit]['exe'] = os.readlink(f'/proc/{pid}/exe')
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


def test_a_guest_is_in_its_scope_before_it_is_executed(systemd, manager):
    domain = manager.define(domain_xml('web server'))
    assert domain.Unit == ''
    domain.Start()
    unit = f'virtbus-{domain.id}.scope'
    assert domain.Unit == unit
    asked = systemd.units[unit]
    assert asked['Description'] == 'web server'
    assert asked['Slice'] == 'virtbus.slice'
    assert asked['PIDs'] == [domain.ProcessID]
    assert asked['CollectMode'] == 'inactive-or-failed'
    assert 'virtbus-guests.service' in asked['Before']
    assert 'virtbusd' in asked['exe']
    assert 'qemu' in os.readlink(f'/proc/{domain.ProcessID}/exe')
    assert systemd.subscribed
    domain.PowerOff()
    assert domain.Unit == ''


def test_the_unit_is_known_after_a_restart(systemd, service, client, manager):
    domain = manager.define(domain_xml())
    domain.Start()
    service.stop(virtbus.signal.SIGKILL)
    service.start()
    client.start_model()
    assert domain.Unit == f'virtbus-{domain.id}.scope'
    assert len(systemd.units) == 1


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
    assert not virtbus.children_of(service.pid)
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
    assert not virtbus.children_of(service.pid)
