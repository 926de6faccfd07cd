# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is public: no property and no broadcast signal ever carries XML, a path that a definition names, or QEMU's
text. Everything that could leak is marked, and all that is broadcast is searched for the mark."""

import json
import os
import shutil
import subprocess

import pytest
from virtbus import (BUS_NAME, DOMAIN, INTROSPECTABLE, OBJECT_MANAGER, PROPERTIES, ROOT, Console, DBusError, domain_xml,
                     wait_until)
from test_hostile import Lying

MARK = 'HuShHuSh'
FORBIDDEN = (MARK, MARK.lower(), '<domain', '</', '/dev/urandom', 'qemu-system', 'console=ttyS0')


def everything_public(client):
    """Every property of every object, introspection, lists: as one text."""
    texts, todo = [], ['/']
    while todo:
        path = todo.pop()
        text = client.call(BUS_NAME, path, INTROSPECTABLE, 'Introspect')
        from gi.repository import Gio
        node = Gio.DBusNodeInfo.new_for_xml(text)
        todo += [path.rstrip('/') + '/' + child.path for child in node.nodes]
        texts += [child.path for child in node.nodes]
        for interface in node.interfaces:
            if interface.name.startswith(BUS_NAME):
                texts.append(str(client.call(BUS_NAME, path, PROPERTIES, 'GetAll', '(s)', interface.name)))
            elif interface.name == OBJECT_MANAGER:
                texts.append(str(client.call(BUS_NAME, path, OBJECT_MANAGER, 'GetManagedObjects')))
    texts.append(str(client.manager.ListDomains()))
    return '\n'.join(texts)


def broadcast(client, mark):
    return '\n'.join(str(event) for event in client.since(mark) if event.member != 'reply')


def clean(text):
    for word in FORBIDDEN:
        at = text.find(word)
        assert at < 0, f'{word} is public: ...{text[max(0, at - 200):at + 200]}'


@pytest.fixture
def marked(directory, guest):
    """A definition all of whose private parts are marked."""
    place = directory / f'{MARK}-place'
    place.mkdir()
    # Guests of root's are users of their own, who make their sockets themselves.
    (place / f'{MARK}-open').mkdir()
    (place / f'{MARK}-open').chmod(0o777)
    shutil.copy(guest.kernel, place / f'{MARK}-kernel')
    shutil.copy(guest.initrd, place / f'{MARK}-initrd')
    for name in ('disk', 'cdrom', 'more'):
        with open(place / f'{MARK}-{name}.img', 'wb') as image:
            image.truncate(1 << 20)
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', place / f'{MARK}-image.qcow2', '1M'], check=True)
    emulator = place / f'qemu-{MARK}-emulator'
    emulator.symlink_to('/usr/bin/qemu-system-x86_64')

    def xml(name='guest', extra='', **named):
        return domain_xml(
            name, description=f'{MARK} description', memory=128, emulator=emulator,
            os=f'<kernel>{place}/{MARK}-kernel</kernel><initrd>{place}/{MARK}-initrd</initrd>'
               f'<cmdline>{guest.cmdline} {MARK.lower()}=1</cmdline>',
            devices='<serial type="pty"/>'
                    f'<serial type="file"><source path="{place}/{MARK}-log"/></serial>'
                    f'<serial type="unix"><source mode="bind" path="{place}/{MARK}-open/{MARK}-sock"/></serial>'
                    f'<disk type="file" device="disk"><source file="{place}/{MARK}-disk.img"/>'
                    '<target dev="vda" bus="virtio"/></disk>'
                    f'<disk type="file" device="disk"><driver name="qemu" type="qcow2"/>'
                    f'<source file="{place}/{MARK}-image.qcow2"/><target dev="vdb" bus="virtio"/></disk>'
                    f'<disk type="file" device="cdrom"><source file="{place}/{MARK}-cdrom.img"/>'
                    '<target dev="sda" bus="sata"/><readonly/></disk>'
                    f'<graphics type="vnc" socket="{place}/{MARK}-open/{MARK}-vnc"/><video><model type="vga"/></video>'
                    '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>'
                    '<panic model="isa"/><input type="tablet" bus="usb"/>' + extra, **named)
    xml.place = place
    return xml


def test_the_marks_are_in_the_xml(manager, marked):
    """Else the tests below would prove nothing."""
    domain = manager.define(marked())
    for part in ('description', 'emulator', 'kernel', 'initrd', 'log', 'sock', 'disk.img', 'image.qcow2', 'cdrom.img',
                 'vnc'):
        assert f'{MARK}-{part}' in domain.GetXML() or f'{MARK} {part}' in domain.GetXML(), part
    assert f'{MARK}-kernel' in str(manager.DescribeCommandLine(marked('other')))


def test_a_whole_life(client, manager, service, marked):
    mark = client.mark()
    domain = manager.define(marked())
    clean(everything_public(client))
    domain.Start()
    clean(everything_public(client))
    console = Console(domain.OpenConsole('serial0'))
    console.expect('^virtbus-guest: ready')
    domain.Suspend()
    domain.Resume()
    domain.AttachDevice(f'<disk type="file" device="disk"><source file="{marked.place}/{MARK}-more.img"/>'
                        '<target dev="vdc" bus="virtio"/></disk>', live=True)
    with pytest.raises(DBusError):
        domain.AttachDevice(f'<disk type="file" device="disk"><source file="{marked.place}/{MARK}-none.img"/>'
                            '<target dev="vdd" bus="virtio"/></disk>', live=True)
    manager.define(marked(extra='<input type="mouse" bus="usb"/>').replace(
        '<description>', f'<uuid>{domain.UUID}</uuid><description>'))
    assert domain.Pending
    clean(everything_public(client))
    service.restart()
    clean(everything_public(client))
    console.send('reboot\n')
    console.expect('^virtbus-guest: ready')
    console.send('panic\n')
    client.wait_event(mark, 'stopped', timeout=90)
    console.close()
    domain.Start(paused=True)
    domain.PowerOff()
    clean(everything_public(client))
    domain.Undefine()
    transient = manager.create(marked(), paused=True)
    clean(everything_public(client))
    transient.PowerOff()
    client.model = None
    clean(broadcast(client, mark))
    assert 'Lifecycle' in broadcast(client, mark)


@pytest.mark.parametrize('missing', ['disk.img', 'image.qcow2', 'kernel', 'emulator'])
def test_a_failed_start(client, manager, marked, missing):
    """The caller is told what is missing; nobody else is."""
    mark = client.mark()
    domain = manager.define(marked())
    (marked.place / (f'qemu-{MARK}-emulator' if missing == 'emulator' else f'{MARK}-{missing}')).unlink()
    with pytest.raises(DBusError) as raised:
        domain.Start()
    assert f'{MARK}-{missing}' in raised.value.message
    clean(everything_public(client))
    clean(broadcast(client, mark))


def test_an_emulator_that_talks(client, manager, service, directory):
    """What the emulator prints, and what it says on its monitor."""
    lying = Lying(directory)
    lying.tell('exit', f'{MARK}: some text\n')
    mark = client.mark()
    domain = manager.define(domain_xml(emulator=lying.path))
    with pytest.raises(DBusError, match=MARK):
        domain.Start()
    clean(everything_public(client))
    lying.tell('')
    domain.Start()
    lying.tell('send', [{'event': name, 'data': {'action': MARK, 'info': {'type': MARK}, 'reason': MARK, 'id': MARK,
                                                 'device': MARK, 'msg': MARK},
                         'timestamp': {'seconds': 1, 'microseconds': 2}}
                        for name in ('GUEST_PANICKED', 'BLOCK_IO_ERROR', 'WATCHDOG', MARK, 'VSERPORT_CHANGE', 'STOP',
                                     'RESUME', 'DEVICE_DELETED', 'RESET', 'SHUTDOWN')])
    wait_until(lambda: lying.told() or domain.State == 'shutoff', 'it has talked')
    client.settle()
    clean(everything_public(client))
    if domain.State != 'shutoff':
        domain.PowerOff()
    clean(everything_public(client))
    clean(broadcast(client, mark))


def test_a_failed_definition_is_not_broadcast(client, manager):
    wait_until(lambda: manager.EmulatorVersion, 'the emulator has been asked')
    client.settle()
    mark = client.mark()
    with pytest.raises(DBusError):
        manager.define(domain_xml(description=MARK, devices=f'<{MARK}/>'))
    assert broadcast(client, mark) == ''


def test_the_log_has_no_xml(service, manager, marked):
    """Nor what a definition says: the journal is read by more people than the definition."""
    domain = manager.define(marked())
    domain.Start()
    domain.PowerOff()
    assert f'{MARK} description' not in service.log() and '<domain' not in service.log()
