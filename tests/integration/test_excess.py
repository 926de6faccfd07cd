# SPDX-License-Identifier: LGPL-2.1-or-later
"""Much of what a user may do: it ends where it is too much, and what is left of it is nothing."""

import pathlib
import re

import pytest
from gi.repository import GLib
from virtbus import BUS_NAME, DOMAIN, ERROR, INVALID_ARGS, LIMITS_EXCEEDED, ROOT, TIMEOUT, DBusError, domain_xml

MIB = 1 << 20
METADATA = '<metadata><m:m xmlns:m="urn:m">{}</m:m></metadata>'


def resident(service):
    return int(re.search(r'VmRSS:\s*(\d+)', pathlib.Path(f'/proc/{service.pid}/status').read_text())[1]) << 10


def descriptors(service):
    return len(list(pathlib.Path(f'/proc/{service.pid}/fd').iterdir()))


def refused(call, *arguments, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    return caught.value


def error_of(source, result):
    try:
        source.call_finish(result)
    except GLib.Error as error:
        return re.search(r'GDBus\.Error:([\w.]+):', error.message)[1]
    return 'done'


def test_megabytes_of_metadata(service, manager):
    """A quarter of one is the most, in a definition of one; what was refused is not kept."""
    most = (MIB >> 2) - 2048
    domain = manager.define(domain_xml(extra=METADATA.format('x' * most)))
    assert len(domain.GetXML()) > most
    domain.Undefine()
    before = resident(service)
    for size in (MIB >> 2, MIB, 8 * MIB, 60 * MIB):
        error = refused(manager.define, domain_xml(extra=METADATA.format('x' * size)))
        assert error.name in (ERROR + 'InvalidXML', LIMITS_EXCEEDED, INVALID_ARGS), error
    assert resident(service) < before + 200 * MIB
    assert manager.ListDomains() == []


def test_thousands_of_paths_that_are_nobodys(service, manager):
    manager.define(domain_xml())
    connection = manager.client.connection
    before = resident(service), descriptors(service)
    outcomes = []
    for i in range(5000):
        connection.call(BUS_NAME, f'{ROOT}/domain/{i + 2}/device/{"a" * 200}{i}', DOMAIN, 'GetXML',
                        GLib.Variant('(a{sv})', ({},)), None, 0, int(TIMEOUT * 1000), None,
                        lambda source, result: outcomes.append(error_of(source, result)))
    manager.client.wait(lambda: len(outcomes) == 5000, 'all have been answered')
    assert set(outcomes) <= {'org.freedesktop.DBus.Error.UnknownObject', 'org.freedesktop.DBus.Error.UnknownMethod',
                             LIMITS_EXCEEDED}
    assert resident(service) < before[0] + 64 * MIB and descriptors(service) <= before[1] + 2
    assert len(manager.ListDomains()) == 1


def test_options_without_end(service, manager):
    """Of a type that no method knows, a great many, and deep."""
    domain = manager.define(domain_xml())
    deep = GLib.Variant('s', 'x')
    for _ in range(40):
        deep = GLib.Variant('v', deep)
    for options in ({'deep': deep}, {f'{i}': GLib.Variant('s', 'x' * 100) for i in range(50000)},
                    {'x' * (4 * MIB): GLib.Variant('b', True)}, {'paused': GLib.Variant('as', ['x'] * 100000)}):
        error = refused(manager.client.call, BUS_NAME, domain.path, DOMAIN, 'Start', '(a{sv})', options)
        assert error.name == INVALID_ARGS and len(error.message) < 5 * MIB
    assert domain.State == 'shutoff'


def test_a_property_that_changes_all_the_time(service, manager):
    """Whoever does not look yet gets the last value, and the service keeps none of the others."""
    domain = manager.define(domain_xml())
    before = resident(service)
    for i in range(500):
        domain.SetAutostart(i % 2 == 0)
    assert domain.Autostart is False
    assert resident(service) < before + 32 * MIB


def test_devices_that_fail_leave_nothing(service, manager):
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    xml, before = domain.GetXML(), None
    for i in range(60):
        refused(domain.AttachDevice,
                '<disk type="file"><source file="/nowhere/at/all"/><target dev="vda" bus="virtio"/></disk>')
        # The first ones load what there is to load.
        before = before or (i == 5 and (descriptors(service), resident(service))) or None
    assert domain.GetXML() == xml
    # A sanitizer keeps 32 MiB of what was freed.
    assert descriptors(service) <= before[0] and resident(service) < before[1] + 48 * MIB
    domain.PowerOff()
