# SPDX-License-Identifier: LGPL-2.1-or-later
"""The firmware's variables, and the environment of the emulator."""

import json
import os
import pathlib
import re

import pytest
from virtbus import ERROR, DBusError, command_line, domain_xml

EFI = '<loader readonly="yes" type="pflash">{code}</loader><nvram template="{template}">{path}</nvram>'
CODE, TEMPLATE = (pathlib.Path('/usr/share/OVMF') / name for name in ('OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'))
SIZE_MAX = 64 * 1024 * 1024


def efi(template=TEMPLATE, path='', code=CODE):
    return EFI.format(code=code, template=template, path=path)


def private(service, domain):
    return service.state / 'domains' / domain.id / 'private'


def flash(domain):
    """The file behind the variables, as the emulator was told."""
    arguments = command_line(domain.ProcessID).decode().split('\0')
    (found,) = [json.loads(text)['filename'] for text in arguments
                if text.startswith('{') and '"pflash1-storage"' in text and '"filename"' in text]
    return pathlib.Path(found)


def run_once(domain, **named):
    domain.Start(paused=True, **named)
    domain.PowerOff()


def test_variables_are_copied_once(service, manager):
    """By firmware='efi': the copy appears at the first start, is the guest's own, and stays as it is."""
    xml = domain_xml().replace('<os>', '<os firmware="efi">')
    domain = manager.define(xml)
    template = pathlib.Path(re.search(r"<nvram template='([^']+)'", domain.GetXML())[1])
    assert not private(service, domain).exists()
    domain.Start(paused=True)
    file = flash(domain)
    assert file == private(service, domain) / 'nvram.fd'
    assert file.read_bytes() == template.read_bytes()
    assert [oct(path.stat().st_mode & 0o777) for path in (file.parent, file)] == ['0o700', '0o600']
    domain.PowerOff()

    content = b'changed' + file.read_bytes()[7:]
    file.write_bytes(content)
    run_once(domain)
    assert file.read_bytes() == content
    run_once(domain, reset_nvram=True)
    assert file.read_bytes() == template.read_bytes()
    assert [path.name for path in file.parent.iterdir()] == ['nvram.fd']

    domain.Undefine()
    assert service.state_entries() == []


def test_what_a_running_domain_keeps_stays_until_its_end(service, manager):
    domain = manager.define(domain_xml(os=efi()))
    domain.Start(paused=True)
    domain.Undefine()
    assert (private(service, domain) / 'nvram.fd').exists()
    domain.PowerOff()
    domain.wait_gone()
    assert service.state_entries() == []


def test_what_a_transient_domain_keeps_goes_with_it(service, manager):
    domain = manager.create(domain_xml(os=efi()), paused=True)
    service.restart()
    assert flash(domain).exists()
    domain.PowerOff()
    domain.wait_gone()
    assert service.state_entries() == []


def test_what_nobody_can_name_any_more_is_removed(service, client):
    """The service died between the two halves of an end."""
    client.model = None  # no signal tells what happens while the service is away
    domain = client.manager.define(domain_xml(os=efi()))
    run_once(domain)
    service.stop()
    service.definition_file(domain).unlink()
    service.start()
    assert service.state_entries() == []


def test_variables_in_a_named_file(service, manager, tmp_path):
    file = tmp_path / 'my variables.fd'
    domain = manager.define(domain_xml(os=efi(path=file)))
    run_once(domain)
    assert file.read_bytes() == TEMPLATE.read_bytes() and not private(service, domain).exists()
    file.write_bytes(b'mine' + file.read_bytes()[4:])
    run_once(domain)
    assert file.read_bytes()[:4] == b'mine'
    run_once(domain, reset_nvram=True)
    assert file.read_bytes() == TEMPLATE.read_bytes()
    domain.Undefine()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize('prepare, reason', [
    (lambda path: None, 'cannot be read: No such file'),
    (lambda path: path.mkdir(), 'is not a regular file'),
    (os.mkfifo, 'is not a regular file'),
    (lambda path: path.touch() or os.truncate(path, SIZE_MAX + 1), f'is larger than {SIZE_MAX} bytes'),
], ids=['missing', 'directory', 'fifo', 'large'])
def test_templates_that_cannot_be_copied(service, manager, tmp_path, prepare, reason):
    template = tmp_path / 'template'
    prepare(template)
    domain = manager.define(domain_xml(os=efi(template=template)))
    with pytest.raises(DBusError) as caught:
        domain.Start(paused=True)
    assert caught.value.name == ERROR + 'Storage'
    assert caught.value.message.startswith(f'nvram: {template} {reason}')
    assert not list(private(service, domain).iterdir())


def test_variables_without_a_template(manager, tmp_path):
    code = tmp_path / 'code.fd'
    code.write_bytes(CODE.read_bytes())
    xml = domain_xml(os=f'<loader readonly="yes" type="pflash">{code}</loader>')
    domain = manager.define(xml)
    with pytest.raises(DBusError, match='nvram: no template is known'):
        domain.Start(paused=True)
    with pytest.raises(DBusError, match="'reset-nvram' is for domains with"):
        manager.define(domain_xml('other')).Start(reset_nvram=True)


def test_the_environment_of_the_emulator(service, manager):
    xml = domain_xml().replace('<features>', '<clock offset="timezone" timezone="Asia/Tokyo"/><features>').replace(
        '<domain type="qemu">', '<domain type="qemu" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">').replace(
        '</domain>', '<qemu:commandline><qemu:env name="ONE" value="a=b c"/><qemu:env name="TWO"/>'
        '<qemu:env name="LC_ALL" value="C.UTF-8"/></qemu:commandline></domain>')
    domain = manager.define(xml)
    domain.Start(paused=True)
    entries = pathlib.Path(f'/proc/{domain.ProcessID}/environ').read_bytes().rstrip(b'\0').split(b'\0')
    assert {b'TZ=Asia/Tokyo', b'ONE=a=b c', b'TWO=', b'LC_ALL=C.UTF-8'} <= set(entries)
    assert len({entry.split(b'=')[0] for entry in entries}) == len(entries) == 6


def test_memory_in_a_file(service, manager):
    """A file without a name, where nobody else is."""
    domain = manager.define(domain_xml(extra='<memoryBacking><source type="file"/></memoryBacking>'))
    domain.Start(paused=True)
    maps = pathlib.Path(f'/proc/{domain.ProcessID}/maps').read_text()
    place = private(service, domain) / 'ram'
    assert re.search(rf'{place}/\S+ \(deleted\)$', maps, re.M) and not list(place.iterdir())
    domain.PowerOff()
    domain.Undefine()
    assert service.state_entries() == []
