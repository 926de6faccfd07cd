# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input gets the right error, says where, and leaves nothing behind."""

import math
import os
import re
import stat

import pytest
from virtbus import (BUS_NAME, ERROR, INVALID_ARGS, LIMITS_EXCEEDED, PEER, ROOT, SLOWNESS, DBusError, domain_xml,
                     memory_rss, wait_until)

CALLS = ['DefineDomain', 'CreateDomain', 'ValidateDomain', 'DescribeCommandLine']
all_calls = pytest.mark.parametrize('method', CALLS)


@pytest.fixture
def untouched(client, manager, service):
    """At the end nothing is left: no domain, no file, no process, no signal; and the service is well."""
    mark = client.mark()
    yield
    client.call(BUS_NAME, ROOT, PEER, 'Ping')
    assert manager.ListDomains() == []
    assert service.state_entries() == [] and service.runtime_leftovers() == []
    # One that was asked something is ended when it has answered.
    wait_until(lambda: service.emulators() == [], 'no emulator is left')
    story = client.story(mark)
    assert story.count('added') == story.count('removed')
    assert (manager.Domains, manager.Running) == (0, 0)


def fails(manager, method, xml, *errors, pattern=None):
    with pytest.raises(DBusError) as raised:
        manager.call(method, xml, timeout=120)
    names = [error if '.' in error else ERROR + error for error in errors]
    assert raised.value.name in names, raised.value
    assert raised.value.message and '\n' not in raised.value.message.strip()[:1]
    if pattern:
        assert re.search(pattern, raised.value.message), raised.value.message
    return raised.value.message


MALFORMED = {
    'empty': '',
    'space': ' \n\n ',
    'text': 'no xml at all',
    'unclosed': '<domain type="qemu">\n  <name>x</name>\n',
    'crossed': '<domain type="qemu"><name>x</domain></name>',
    'two-roots': '<domain type="qemu"/><domain type="qemu"/>',
    'attribute-twice': '<domain type="qemu" type="qemu"><name>x</name></domain>',
    'no-quotes': '<domain type=qemu><name>x</name></domain>',
    'unknown-entity': '<domain type="qemu"><name>&nosuch;</name></domain>',
    'control-character': '<domain type="qemu"><name>a\x01b</name></domain>',
    'control-reference': '<domain type="qemu"><name>a&#1;b</name></domain>',
    'declared-utf-16': '<?xml version="1.0" encoding="UTF-16"?><domain type="qemu"><name>x</name></domain>',
    'unknown-encoding': '<?xml version="1.0" encoding="x-none"?><domain type="qemu"><name>x</name></domain>',
    'other-root': '<network><name>default</name></network>',
    'processing-instruction-only': '<?xml version="1.0"?>',
}


@all_calls
@pytest.mark.parametrize('xml', MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(manager, untouched, method, xml):
    fails(manager, method, xml, 'InvalidXML', pattern=r'^line \d+: ')


@pytest.mark.life
def test_the_line_is_right(manager, untouched):
    xml = domain_xml()
    lines = xml.splitlines()
    at = next(i for i, line in enumerate(lines) if '<vcpu>' in line)
    lines[at] = '  <vcpu>two</vcpu>'
    fails(manager, 'DefineDomain', '\n'.join(lines), 'InvalidXML', pattern=rf'^line {at + 1}: .*vcpu')
    lines[at] = '  <vcpu>1</vcpu>\n  <novelty/>'
    fails(manager, 'DefineDomain', '\n'.join(lines), 'InvalidXML', 'Unsupported', pattern=rf'^line {at + 2}: .*novelty')


def billion_laughs():
    entities = ['<!ENTITY l0 "lol">'] + [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
    return f'<!DOCTYPE domain [{"".join(entities)}]><domain type="qemu"><name>&l9;</name></domain>'


def quadratic():
    return f'<!DOCTYPE domain [<!ENTITY a "{"a" * 50000}">]><domain type="qemu"><name>{"&a;" * 50000}</name></domain>'


ENTITIES = {
    'billion-laughs': billion_laughs(),
    'quadratic': quadratic(),
    'external': '<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + domain_xml('&x;').replace('&amp;', '&'),
    'external-dtd': '<!DOCTYPE domain SYSTEM "file:///etc/passwd">' + domain_xml(),
    'network': '<!DOCTYPE domain SYSTEM "http://127.0.0.1:1/x.dtd">' + domain_xml(),
    'parameter': '<!DOCTYPE domain [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>' + domain_xml(),
    'default-attribute': '<!DOCTYPE domain [<!ATTLIST domain type CDATA "qemu">]>' + domain_xml(),
    'harmless': '<!DOCTYPE domain [<!ENTITY x "guest">]>' + domain_xml('&x;').replace('&amp;', '&'),
    'xinclude': domain_xml(extra='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" '
                                 'parse="text"/>'),
}


@all_calls
@pytest.mark.parametrize('xml', ENTITIES.values(), ids=ENTITIES.keys())
def test_entities(manager, service, untouched, method, xml):
    before = memory_rss(service.pid)
    message = fails(manager, method, xml, 'InvalidXML', 'Unsupported')
    assert 'root:' not in message
    assert memory_rss(service.pid) - before < 64 << 20


@pytest.mark.parametrize('depth', [300, 10000, 200000])
def test_deep(manager, service, untouched, depth):
    for xml in (domain_xml(extra='<metadata>' + '<a>' * depth + '</a>' * depth + '</metadata>'),
                '<domain type="qemu">' + '<devices>' * depth, '<a>' * depth):
        if len(xml) <= 1 << 20:
            fails(manager, 'DefineDomain', xml, 'InvalidXML', 'Unsupported')
        else:
            fails(manager, 'DefineDomain', xml, 'InvalidXML', 'Unsupported', LIMITS_EXCEEDED)


@all_calls
def test_huge(manager, service, untouched, method):
    """100 MiB: refused, and not kept. Less where memory is slow: sd-bus moves all it has with every part that comes."""
    xml = domain_xml(description='x' * ((100 << 20) // math.ceil(SLOWNESS)))
    fails(manager, method, xml, 'InvalidXML', LIMITS_EXCEEDED)
    del xml
    assert memory_rss(service.pid) < 1 << 30


def test_as_large_as_allowed(client, manager, service):
    """The limit is one of the text, and just below it everything works."""
    xml = domain_xml(description='x' * (900 << 10))
    domain = manager.define(xml)
    assert 'x' * (900 << 10) in domain.GetXML()
    service.restart()
    client.start_model()
    assert domain.exists()
    domain.Undefine()
    fails(manager, 'DefineDomain', domain_xml(description='x' * (1 << 20)), 'InvalidXML', LIMITS_EXCEEDED)


def test_many_devices(manager, untouched):
    """More than there is room for is refused, not crashed on."""
    disks = ''.join(f'<disk type="file" device="disk"><source file="/x{i}"/><target dev="vd{letters(i)}" bus="virtio"/>'
                    '</disk>' for i in range(1500))
    fails(manager, 'DefineDomain', domain_xml(devices=disks), 'NoFreeAddress', 'Unsupported', 'InvalidXML',
          LIMITS_EXCEEDED)


def letters(i):
    text = ''
    i += 1
    while i:
        i, rest = divmod(i - 1, 26)
        text = chr(97 + rest) + text
    return text


NAMES = {'slash': 'a/b', 'dots': '..', 'dot': '.', 'absolute': '/etc/passwd', 'empty': '', 'space-only': '   ',
         'newline': 'a\nb', 'tab': 'a\tb', 'delete': 'a\x7fb', 'c1-control': 'a\x85b', 'long': 'x' * 10000,
         'long-utf-8': 'ä' * 5000}


@all_calls
@pytest.mark.parametrize('name', NAMES.values(), ids=NAMES.keys())
def test_names_that_are_none(manager, untouched, method, name):
    message = fails(manager, method, domain_xml(name), 'InvalidXML', pattern=r'^line \d+: .*name')
    assert len(message) < 2000


@pytest.mark.parametrize('name', ['a b', 'ä', '日本', 'a..b', '.hidden', '-dash', 'x' * 100, 'a"b', "it's", 'a,b=c', 'a%b',
                                  '$HOME', '`x`', 'a\\b'])
def test_names_that_are_fine(client, manager, service, name):
    """Names are no paths and no shell words, so these mean nothing special."""
    domain = manager.define(domain_xml(name))
    assert domain.Name == name and manager.GetDomain(name) == domain.path
    domain.Start(paused=True)
    service.restart()
    client.start_model()
    assert manager.GetDomain(name) == domain.path and domain.State == 'paused'
    domain.PowerOff()


@pytest.mark.parametrize('uuid', ['x', '1234', '8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6', 'g' * 36,
                                  '8cb8f6a5-5bd0-4ef2-b4d4-1f9d4a0f1e6a0', '../../../../etc/passwd'])
def test_uuids_that_are_none(manager, untouched, uuid):
    fails(manager, 'DefineDomain', domain_xml(uuid=uuid), 'InvalidXML', pattern=r'^line \d+: .*uuid')


def change(pattern, replacement):
    xml = domain_xml(devices='<disk type="file" device="disk"><source file="/x"/><target dev="vda" bus="virtio"/></disk>'
                             '<interface type="user"><mac address="52:54:00:11:22:33"/></interface>')
    changed = re.sub(pattern, replacement, xml, count=1)
    assert changed != xml
    return changed


NONSENSE = {
    'no-name': (change('<name>.*</name>', ''), 'name'),
    'no-memory': (change('<memory.*</memory>', ''), 'memory'),
    'no-type': (change('<type .*</type>', ''), 'type'),
    'no-os': (change('(?s)<os>.*</os>', ''), 'os|type'),
    'two-names': (change('<name>', '<name>other</name><name>'), 'name'),
    'unknown-domain-type': (change('type="qemu"', 'type="vmware"'), 'vmware'),
    'unknown-element': (change('<devices>', '<devices><flux-capacitor/>'), 'flux-capacitor'),
    'unknown-attribute': (change('<vcpu>', '<vcpu spin="up">'), 'spin'),
    'attribute-of-device': (change('<target ', '<target color="red" '), 'color'),
    'namespace': (change('<vcpu>', '<x:vcpu xmlns:x="urn:x">1</x:vcpu><vcpu>'), 'vcpu'),
    'qemu-commandline': (change('<devices>', '<q:commandline xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"><q:opt '
                                'value="-S"/></q:commandline><devices>'), 'commandline'),
    'memory-zero': (change('>64<', '>0<'), 'memory'),
    'memory-negative': (change('>64<', '>-64<'), 'memory'),
    'memory-hex': (change('>64<', '>0x40<'), 'memory'),
    'memory-overflow': (change('MiB">64', 'TiB">18446744073709551615'), 'memory'),
    'memory-overflow-number': (change('>64<', '>99999999999999999999999<'), 'memory'),
    'memory-unit': (change('"MiB"', '"furlong"'), 'furlong|unit'),
    'vcpu-zero': (change('<vcpu>1', '<vcpu>0'), 'vcpu'),
    'vcpu-huge': (change('<vcpu>1', '<vcpu>4294967297'), 'vcpu'),
    'text-between': (change('<devices>', 'some text<devices>'), 'text'),
    'bad-boolean': (change('<acpi/>', '<acpi/><vmport state="perhaps"/>'), 'perhaps|state'),
    'bad-mac': (change('52:54:00:11:22:33', '52:54:00:11:22'), 'mac|address'),
    'multicast-mac': (change('52:54:00:11:22:33', '01:54:00:11:22:33'), 'mac|address|multicast'),
    'bad-bus': (change('bus="virtio"', 'bus="warp"'), 'warp'),
    'bad-target': (change('dev="vda"', 'dev="../vda"'), 'vda|target'),
    'empty-path': (change('file="/x"', 'file=""'), 'file|path|source'),
    'same-target-twice': (change('</disk>', '</disk><disk type="file" device="disk"><source file="/y"/><target dev="vda" '
                                 'bus="virtio"/></disk>'), 'vda'),
    'unknown-controller-model': (change('<devices>', '<devices><controller type="usb" index="0" model="teleporter"/>'),
                                 'teleporter'),
    'controller-twice': (change('<devices>', '<devices><controller type="scsi" index="0" model="virtio-scsi"/>'
                                '<controller type="scsi" index="0" model="virtio-scsi"/>'), 'scsi|index'),
    'alias-that-is-none': (change('<target dev="vda"', '<alias name="a/b"/><target dev="vda"'), 'alias'),
    'alias-of-others': (change('<target dev="vda"', '<alias name="net0"/><target dev="vda"'), ''),
}


@pytest.mark.parametrize('xml, pattern', NONSENSE.values(), ids=NONSENSE.keys())
def test_definitions_without_sense(manager, untouched, xml, pattern):
    for method in ('DefineDomain', 'ValidateDomain'):
        if xml is NONSENSE['alias-of-others'][0]:
            # Such an alias is the service's to give; it may be replaced or refused, but never be there twice.
            try:
                aliases = re.findall(r'alias name=[\'"]([^\'"]+)', manager.call('ValidateDomain', xml))
                assert len(aliases) == len(set(aliases))
            except DBusError as error:
                assert error.name == ERROR + 'InvalidXML'
            continue
        message = fails(manager, method, xml, 'InvalidXML', 'Unsupported')
        assert re.match(r'line \d+: ', message), message
        assert re.search(pattern, message), message


ADDRESSES = {
    'in-use': ('AddressInUse', '<rng model="virtio"><backend model="builtin"/><address type="pci" domain="0" bus="0" '
               'slot="5" function="0"/></rng><memballoon model="virtio"><address type="pci" domain="0" bus="0" slot="5" '
               'function="0"/></memballoon>'),
    'no-such-slot': ('InvalidAddress', '<controller type="pci" index="1" model="pcie-root-port"/><rng model="virtio">'
                     '<backend model="builtin"/><address type="pci" domain="0" bus="1" slot="3" function="0"/></rng>'),
    'slot-too-high': ('InvalidAddress', '<rng model="virtio"><backend model="builtin"/><address type="pci" domain="0" '
                      'bus="0" slot="32" function="0"/></rng>'),
    'root-port-on-bridge': ('InvalidAddress', '<controller type="pci" index="1" model="dmi-to-pci-bridge"/><controller '
                            'type="pci" index="2" model="pcie-root-port"><address type="pci" domain="0" bus="1" slot="1" '
                            'function="0"/></controller>'),
}


@pytest.mark.parametrize('error, devices', ADDRESSES.values(), ids=ADDRESSES.keys())
def test_addresses(manager, untouched, error, devices):
    fails(manager, 'DefineDomain', domain_xml(devices=devices), error, 'InvalidXML' if error == 'InvalidAddress' else error)


def test_unknown_machine(manager, untouched):
    message = fails(manager, 'DefineDomain', domain_xml(machine='pc-q35-99.9'), 'Unsupported', 'InvalidXML')
    assert 'pc-q35-99.9' in message


def test_unknown_architecture(manager, untouched):
    fails(manager, 'DefineDomain', domain_xml(arch='pdp11'), 'Unsupported', 'NoEmulator', 'InvalidXML', pattern='pdp11')


@all_calls
@pytest.mark.parametrize('kind', ['missing', 'directory', 'not-executable', 'not-a-program', 'relative', 'device', 'dots'])
def test_emulators_that_are_none(manager, untouched, directory, method, kind):
    plain = directory / 'emulator'
    plain.write_text('not a program\n')
    if kind == 'not-a-program':
        plain.chmod(0o755)
    path = {'missing': '/no/such/qemu', 'directory': '/tmp', 'not-executable': plain, 'not-a-program': plain,
            'relative': 'qemu-system-x86_64', 'device': '/dev/null', 'dots': '../qemu'}[kind]
    message = fails(manager, method, domain_xml(emulator=path), 'NoEmulator', 'EmulatorFailed', 'InvalidXML')
    assert str(path) in message or kind in ('relative', 'dots') and re.match(r'line \d+: .*emulator', message)
    if kind in ('missing', 'not-executable', 'directory', 'device'):
        fails(manager, method, domain_xml(emulator=path), 'NoEmulator')


@pytest.mark.parametrize('program', ['/bin/true', '/bin/false', '/bin/cat'])
def test_emulators_that_are_other_programs(manager, untouched, program):
    fails(manager, 'DefineDomain', domain_xml(emulator=program), 'EmulatorFailed', 'NoEmulator', 'Monitor', 'Timeout')


def test_an_emulator_that_fails_when_it_is_asked(manager, untouched, directory):
    path = directory / 'qemu-broken'
    path.write_text('#!/bin/sh\necho "error while loading shared libraries: libnone.so" >&2\nexit 127\n')
    path.chmod(0o755)
    fails(manager, 'DefineDomain', domain_xml(emulator=path), 'EmulatorFailed', pattern='libnone.so')


def disk(path, kind='file'):
    attribute = 'file' if kind == 'file' else 'dev'
    return (f'<disk type="{kind}" device="disk"><source {attribute}="{path}"/><target dev="vda" bus="virtio"/></disk>')


@pytest.mark.parametrize('kind', ['file', 'block'])
def test_a_missing_disk(client, manager, service, kind):
    """It can be defined, since disks come and go; it cannot be started."""
    domain = manager.define(domain_xml(devices=disk('/no/such/disk.img', kind)))
    for _ in range(2):
        with pytest.raises(DBusError) as raised:
            domain.Start()
        assert raised.value.name in (ERROR + 'Storage', ERROR + 'EmulatorFailed'), raised.value
        assert '/no/such/disk.img' in raised.value.message
        assert domain.State == 'shutoff'
    assert service.emulators() == [] and service.runtime_leftovers() == []


def test_a_missing_disk_of_a_transient_domain(manager, untouched):
    fails(manager, 'CreateDomain', domain_xml(devices=disk('/no/such/disk.img')), 'Storage', 'EmulatorFailed',
          pattern='/no/such/disk.img')


def test_a_missing_kernel(manager, untouched):
    fails(manager, 'CreateDomain', domain_xml(os='<kernel>/no/such/kernel</kernel>'), 'Storage', 'EmulatorFailed',
          pattern='/no/such/kernel')


def test_an_image_of_another_format(manager, untouched, tmp_path):
    (tmp_path / 'text.img').write_text('this is no qcow2 image\n' * 100)
    xml = domain_xml(devices=disk(tmp_path / 'text.img').replace('<source', '<driver name="qemu" type="qcow2"/><source'))
    message = fails(manager, 'CreateDomain', xml, 'EmulatorFailed', 'Storage')
    assert 'qcow2' in message


@pytest.mark.life
def test_an_emulator_that_exits_at_once(manager, service, directory):
    """What it printed is in the error; and it was not asked anything wrong before."""
    path = directory / 'qemu-moody'
    path.write_text('#!/bin/sh\ncase "$*" in\n*charmonitor*) echo "cannot set up guest memory: all gone" >&2; exit 1;;\n'
                    'esac\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    path.chmod(0o755)
    domain = manager.define(domain_xml(emulator=path))
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name == ERROR + 'EmulatorFailed'
    assert 'cannot set up guest memory: all gone' in raised.value.message
    assert service.emulators() == [] and service.runtime_leftovers() == []


def test_more_memory_than_there_is(manager, service):
    """QEMU says no, not the kernel's killer: the error is QEMU's."""
    domain = manager.define(domain_xml(memory=1 << 30))
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert raised.value.name in (ERROR + 'EmulatorFailed', ERROR + 'Unsupported')
    assert service.emulators() == []


def test_injection_through_strings(manager, service, directory):
    """Strings of a definition arrive as they are, whatever they look like to a command line."""
    odd = directory / 'a,b=c;"d\'e$(touch x) %s {0}'
    odd.mkdir()
    with open(odd / 'disk,if=none.img', 'wb') as image:
        image.truncate(1 << 20)
    escaped = str(odd / 'disk,if=none.img').replace('&', '&amp;').replace('"', '&quot;')
    domain = manager.define(domain_xml('a,b=c', title='-S', description='--', devices=disk(escaped).replace(
        '</disk>', '<serial>S1-2_3</serial></disk>') +
        f'<serial type="file"><source path="{str(odd).replace(chr(34), "&quot;")}/log,append"/></serial>'))
    domain.Start()
    assert domain.State == 'running'
    assert stat.S_ISREG(os.stat(odd / 'log,append').st_mode)
    command = open(f'/proc/{domain.ProcessID}/cmdline', 'rb').read().split(b'\0')
    assert any(b'disk,if=none.img' in argument or b'disk,,if=none.img' in argument for argument in command)


@pytest.mark.parametrize('argument', ['disk', 'kernel'])
def test_things_that_are_no_files(client, manager, service, argument, tmp_path):
    """A directory where a file should be is an error; a FIFO may keep the emulator waiting, but nobody else."""
    os.mkfifo(tmp_path / 'fifo')
    (tmp_path / 'directory').mkdir()

    def xml(name):
        return domain_xml(name, devices=disk(tmp_path / name)) if argument == 'disk' else \
            domain_xml(name, os=f'<kernel>{tmp_path}/{name}</kernel>')
    fails(manager, 'CreateDomain', xml('directory'), 'Storage', 'EmulatorFailed', 'SecurityLabel')
    domain = manager.define(xml('fifo'))
    starting = domain.start('Start')
    try:
        domain.PowerOff()
    except DBusError as error:
        assert error.name == ERROR + 'InvalidState'
    client.wait(lambda: starting, 'the start was answered')
    assert isinstance(starting[0], DBusError) and starting[0].name.startswith(ERROR)
    assert domain.State == 'shutoff'
    assert service.emulators() == [] and service.runtime_leftovers() == []
