# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains that start with the host: what the service asks of systemd, and what it does without one."""

import pytest
import virtbus
from authority import AUTHORIZATION_REQUIRED
from gi.repository import Gio, GLib
from virtbus import DOMAIN, ERROR, OWNER, DBusError, Domain, domain_xml

# Everything of one's own but autostart.
RULES = '''
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.virtbus1.own.") == 0 && action.id != "org.virtbus1.own.autostart")
        return polkit.Result.YES;
    if (action.id == "org.virtbus1.own.autostart" && action.lookup("domain") == "allowed")
        return polkit.Result.YES;
});
'''


class Systemd:
    """Notes what it is asked; the real one is for a host that has been booted with it."""

    XML = '''<node><interface name="org.freedesktop.systemd1.Manager">
      <method name="EnableUnitFiles"><arg type="as" direction="in"/><arg type="b" direction="in"/>
        <arg type="b" direction="in"/><arg type="b" direction="out"/><arg type="a(sss)" direction="out"/></method>
      <method name="DisableUnitFiles"><arg type="as" direction="in"/><arg type="b" direction="in"/>
        <arg type="a(sss)" direction="out"/></method>
    </interface></node>'''

    def __init__(self, address):
        self.connection = virtbus.Connection(address)
        self.calls = []
        self.fails = False
        info = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.connection.register_object('/org/freedesktop/systemd1', info, self._on_call, None, None)
        self.connection.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                             '(su)', 'org.freedesktop.systemd1', 0)

    def _on_call(self, connection, sender, path, interface, method, arguments, invocation):
        self.calls.append((method, *arguments.unpack()))
        if self.fails:
            invocation.return_dbus_error('org.freedesktop.systemd1.NoSuchUnit', 'there is no such file')
        else:
            invocation.return_value(GLib.Variant('(ba(sss))', (True, [])) if method == 'EnableUnitFiles' else
                                    GLib.Variant('(a(sss))', ([],)))

    def close(self):
        self.connection.close()


@pytest.fixture
def system(polkit, new_service):
    """Not started yet."""
    return new_service()


@pytest.fixture
def systemd(bus):
    systemd = Systemd(bus.address)
    yield systemd
    systemd.close()


@pytest.fixture
def service(system):
    return system.start()


@pytest.fixture
def user(service, new_user):
    return new_user(OWNER)


def test_the_unit_is_enabled_and_disabled(systemd, manager):
    domain = manager.define(domain_xml('web-1'))
    domain.SetAutostart(True)
    assert domain.Autostart
    domain.SetAutostart(False)
    assert not domain.Autostart
    domain.SetAutostart(True)
    domain.Undefine()
    unit = [r'virtbus-domain@web\x2d1.service']
    # Somebody may have enabled it by hand, without escaping.
    units = [*unit, 'virtbus-domain@web-1.service']
    assert systemd.calls == [('EnableUnitFiles', unit, False, True), ('DisableUnitFiles', units, False),
                             ('EnableUnitFiles', unit, False, True), ('DisableUnitFiles', units, False)]


def test_what_an_administrator_enabled_goes_with_the_domain(systemd, manager, user):
    """Else whoever defines the next of that name has it start with the host."""
    manager.define(domain_xml('other')).Undefine()
    user.act(user.define(domain_xml('mail')), 'Undefine')
    assert systemd.calls == [('DisableUnitFiles', ['virtbus-domain@other.service'], False),
                             ('DisableUnitFiles', [f'virtbus-domain@{OWNER}-mail.service'], False)]


def test_what_systemd_refuses_is_not_recorded(systemd, manager):
    domain = manager.define(domain_xml())
    systemd.fails = True
    with pytest.raises(DBusError) as caught:
        domain.SetAutostart(True)
    assert caught.value.name == ERROR + 'Storage' and 'no such file' in caught.value.message
    assert not domain.Autostart, 'it is as it was, before the answer'


def test_users_need_an_action_of_its_own(systemd, manager, user):
    on = (DOMAIN, 'SetAutostart', '(ba{sv})', True, {})
    refused, allowed = user.define(domain_xml('refused')), user.define(domain_xml('allowed'))
    with pytest.raises(DBusError) as caught:
        user.call(refused, *on)
    assert caught.value.name == AUTHORIZATION_REQUIRED and 'own.autostart' in caught.value.message
    assert systemd.calls == [] and not Domain(manager.client, refused).Autostart
    user.call(allowed, *on)
    assert systemd.calls == [('EnableUnitFiles', [f'virtbus-domain@{OWNER}-allowed.service'], False, True)]


def test_with_systemd_the_service_starts_nothing_itself(systemd, manager, service):
    domain = manager.define(domain_xml())
    domain.SetAutostart(True)
    service.stop()
    assert not (service.runtime / 'autostarted').exists()
    service.start()
    manager.ListDomains()
    assert domain.State == 'shutoff'


def test_without_systemd_the_service_starts_them(manager, service):
    domain = manager.define(domain_xml())
    domain.SetAutostart(True)
    service.stop()
    (service.runtime / 'autostarted').unlink()
    service.start()
    domain.wait_state('running')
    domain.PowerOff()
