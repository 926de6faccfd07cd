# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is secret is in no definition: not in the files, not in the XML, not on a command line, not in the log."""
import pathlib

import pytest
from virtbus import command_line, domain_xml

SECRET = 'hunter2s'
VNC = f'<graphics type="vnc" passwd="{SECRET}"/>'


def places_of(service, text):
    """The files of the service that hold @text."""
    found = []
    for top in (service.state, service.runtime, service.cache):
        for path in pathlib.Path(top).rglob('*'):
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(path)
    return found


@pytest.mark.usefixtures('ports')
def test_a_password_in_the_xml_is_kept_nowhere(manager, service):
    domain = manager.define(domain_xml(devices=VNC))
    domain.Start()
    for options in ({}, {'inactive': True}, {'migratable': True}):
        xml = domain.GetXML(**options)
        assert SECRET not in xml and "passwd=''" in xml
    assert SECRET not in manager.ValidateDomain(domain_xml('other', devices=VNC))
    assert not places_of(service, SECRET)
    assert SECRET.encode() not in command_line(domain.ProcessID)
    assert SECRET not in service.log() and "passwd='' is not kept" in service.log()
    assert 'graphics0 asks for a password, and none came with the start' in service.log()
    domain.Redefine(domain_xml(uuid=domain.UUID, devices=VNC.replace('/>', ' keymap="de"/>')))
    assert not places_of(service, SECRET)


def test_cookies_in_the_xml_are_kept_nowhere(manager, service):
    disk = (f'<disk type="network" device="cdrom"><driver name="qemu" type="raw"/><source protocol="https" name="i"><host '
            f'name="h"/><cookies><cookie name="session">{SECRET}</cookie></cookies></source><target dev="sda" bus="sata"/>'
            '</disk>')
    domain = manager.define(domain_xml(devices=disk))
    for options in ({}, {'inactive': True}, {'migratable': True}):
        xml = domain.GetXML(**options)
        assert SECRET not in xml and 'cookie' not in xml
    assert SECRET not in manager.ValidateDomain(domain_xml('other', devices=disk))
    assert SECRET not in ' '.join(manager.DescribeCommandLine(domain_xml('other', devices=disk)))
    domain.Redefine(domain_xml(uuid=domain.UUID, devices=disk.replace('"i"', '"j"')))
    assert not places_of(service, SECRET)
    assert SECRET not in service.log() and '<cookies> are not kept' in service.log()


@pytest.mark.parametrize('device', [
    '<disk type="network"><driver name="qemu" type="raw"/><source protocol="rbd" name="p/i"><host name="h"/>'
    '<auth username="u"><secret type="ceph" usage="u">{secret}</secret></auth></source><target dev="vda"/></disk>',
    '<disk type="file"><source file="/a"><encryption format="luks"><secret type="passphrase" usage="a" value="{secret}"/>'
    '</encryption></source><target dev="vda"/></disk>'])
def test_a_secret_is_only_ever_named(manager, service, device):
    """There is no place in the format for the text of one."""
    with pytest.raises(Exception) as caught:
        manager.define(domain_xml(devices=device.format(secret=SECRET)))
    assert caught.value.name == 'org.virtbus1.Error.InvalidXML'
    assert not places_of(service, SECRET)
