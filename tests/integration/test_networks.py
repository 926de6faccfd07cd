# SPDX-License-Identifier: LGPL-2.1-or-later
"""What network cards are connected to when a guest starts."""

import os
import re
import signal
import subprocess

import pytest
from hanging import Hanging
from virtbus import (ERROR, QEMU, VIRTBUSD, WRAPPER, Client, DBusError, Domain, command_line, domain_xml,
                     wait_until)

DEFAULT = '<interface type="network"><source network="default"/><model type="virtio"/></interface>'


def network(name):
    return f'<interface type="network"><source network="{name}"/><model type="virtio"/></interface>'


def start(manager, interface):
    domain = manager.define(domain_xml(devices=interface))
    domain.Start(paused=True)
    return command_line(domain.ProcessID).decode().split('\0')


def netdev(arguments):
    return arguments[arguments.index('-netdev') + 1]


def test_the_default_network_needs_no_set_up(new_service, tmp_path):
    """By passt where there is one, and a way out; else by the emulator."""
    route = subprocess.run(['ip', 'route', 'show', 'default'], capture_output=True, check=True).stdout
    for environment, wrapper, expected in (
            ({}, WRAPPER, r'stream,addr\.type=fd,addr\.str=\d+,server=off,id=hostnet0' if route else 'user,id=hostnet0'),
            ({'PATH': str(tmp_path)}, WRAPPER, 'user,id=hostnet0'),
            ({}, ['unshare', '--net', *WRAPPER], 'user,id=hostnet0')):
        service = new_service(environment=environment, wrapper=wrapper).start()
        client = Client(service.bus.address)
        domain = client.manager.define(domain_xml(devices=DEFAULT))
        domain.Start(paused=True)
        assert re.fullmatch(expected, netdev(command_line(domain.ProcessID).decode().split('\0')))
        domain.PowerOff()
        client.close()
        service.stop()


def test_an_unknown_network_is_named(manager):
    domain = manager.define(domain_xml(devices=network('attic')))
    refused(lambda: domain.Start(paused=True), "no network is called 'attic'")
    assert domain.State == 'shutoff'


# A network card of whatever the kernel has, in a network that whoever made it has all rights over: root of a container
# may be without rights over networks, but has them over what belongs to a user namespace that it made.
NAMESPACE = """
unshare --net ip link set lo up 2>/dev/null || user='--user --map-root-user'
exec unshare $user --net sh -c '
    { ip link add vbcard0 type veth peer name vbcard1 || ip link add vbcard0 type dummy || ip link add vbcard0 type bridge; } &&
    ip link set vbcard0 up && echo made && exec sleep infinity'
"""


@pytest.fixture
def namespace(exclusive):
    """A network namespace with a card in it, vbcard0; yields what runs a program there."""
    # A device node is called by the number of its device, which another test's network may have, too.
    exclusive('networks')
    with subprocess.Popen(['sh', '-c', NAMESPACE], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == 'made\n'
            yield ['nsenter', f'--net=/proc/{holder.pid}/ns/net']
        finally:
            holder.kill()


def show(namespace, name):
    """What ip says of a device; empty if there is none."""
    return subprocess.run([*namespace, 'ip', '-d', '-o', 'link', 'show', 'dev', name], capture_output=True, text=True,
                          check=False).stdout


def refused(call, *reasons):
    with pytest.raises(DBusError) as caught:
        call()
    assert caught.value.name == ERROR + 'Unsupported'
    assert all(reason in caught.value.message for reason in reasons), caught.value.message


def cards(pid):
    """The network cards that a process sees."""
    with open(f'/proc/{pid}/net/dev', encoding='ascii') as lines:
        return {line.split(':')[0].strip() for line in list(lines)[2:]}


def bridges_lack(namespace):
    """What this kernel, or this container, is without."""
    ip = subprocess.run([*namespace, 'ip', 'link', 'add', 'vbtest0', 'type', 'bridge'], capture_output=True, text=True,
                        check=False)
    if ip.returncode != 0:
        assert 'Unknown device type' in ip.stderr, ip.stderr
        return "there is no bridge 'vbtest0' on this host"
    return None if os.path.exists('/dev/net/tun') else '/dev/net/tun cannot be opened'


def test_a_bridge(new_service, namespace, tmp_path):
    """A tap for the guest joins the bridge that the configuration names, and goes with the guest."""
    lack = bridges_lack(namespace)
    conf = tmp_path / 'virtbusd.conf'
    conf.write_text('[network lan]\nbridge=vbtest0\n')
    service = new_service(wrapper=namespace + WRAPPER)
    service.arguments = [*service.arguments, f'--config={conf}']
    service.start()
    client = Client(service.bus.address)
    before = cards(service.pid)
    card = network('lan').replace('</interface>', '<driver queues="2"/></interface>')
    domain = client.manager.define(domain_xml(devices=card))
    if lack:
        refused(lambda: domain.Start(paused=True), lack)
        assert domain.State == 'shutoff' and cards(service.pid) == before
        client.close()
        return
    domain.Start(paused=True)
    pid = domain.ProcessID
    assert re.fullmatch(r'tap,fds=\d+:\d+,id=hostnet0', netdev(command_line(pid).decode().split('\0')))
    (tap,) = cards(pid) - before
    assert tap.startswith('vnet')
    domain.PowerOff()
    wait_until(lambda: cards(service.pid) == before, 'the tap has gone')
    client.close()


LISTING = f"""#!/bin/sh
# What it was given, before it opens anything itself.
case "$*" in *charmonitor*) sh -c 'ls -l "/proc/$PPID/fd" >"${{0%/*}}/open/fds"' "$0" ;; esac
exec {QEMU} "$@"
"""


def test_a_guest_has_the_descriptors_that_it_was_lent(new_service, namespace, tmp_path):
    """When an emulator begins it has its standard streams, those that its command line names, and no other."""
    (tmp_path / 'open').mkdir()
    (tmp_path / 'open').chmod(0o777)
    emulator, image = tmp_path / 'qemu-listing', tmp_path / 'disk.img'
    emulator.write_text(LISTING)
    emulator.chmod(0o755)
    image.write_bytes(bytes(1 << 20))
    conf = tmp_path / 'virtbusd.conf'
    conf.write_text('[network lan]\nbridge=vbtest0\n')
    devices = (f'<disk type="file" device="disk"><source file="{image}"/><target dev="vda" bus="virtio"/></disk>'
               '<interface type="user"><backend type="passt"/><model type="virtio"/></interface>')
    taps = 0
    if not bridges_lack(namespace):
        devices, taps = devices + network('lan').replace('</interface>', '<driver queues="2"/></interface>'), 2
    service = new_service(wrapper=namespace + WRAPPER)
    service.arguments = [*service.arguments, f'--config={conf}']
    service.start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(devices=devices, emulator=emulator))
    domain.Start(paused=True)
    listed = {int(number): target for number, target in
              re.findall(r' (\d+) -> (.*)$', (tmp_path / 'open/fds').read_text(), re.M) if target != str(emulator)}
    assert listed.pop(0) == '/dev/null'
    assert {listed.pop(1), listed.pop(2)} == {f'{domain.RuntimeDirectory}/monitor/log.pipe'}
    arguments = command_line(domain.ProcessID).decode().split('\0')
    named = [int(number) for option in arguments for numbers in
             re.findall(r'[, ](?:fd|fds|vhostfd|vhostfds|addr\.str)=([\d:]+)', option) for number in numbers.split(':')]
    assert sorted(listed) == sorted(named)
    kinds = sorted(target.split(':')[0] for target in listed.values() if target != '/dev/vhost-net')
    # Two sockets: the monitor it listens at, and passt's.
    assert kinds == ['/dev/net/tun'] * taps + ['socket'] * 2
    client.close()


def macvtaps_lack(namespace):
    """What this kernel, or this container, is without."""
    ip = subprocess.run([*namespace, 'ip', 'link', 'add', 'link', 'vbcard0', 'name', 'vbprobe0', 'type', 'macvtap'],
                        capture_output=True, text=True, check=False)
    if ip.returncode != 0:
        assert 'Unknown device type' in ip.stderr, ip.stderr
        return 'this kernel has no macvtap devices; its module macvtap has to be there'
    number = show(namespace, 'vbprobe0').split(':')[0]
    lack = None if os.path.exists(f'/dev/tap{number}') else ', which devtmpfs makes, cannot be opened'
    subprocess.run([*namespace, 'ip', 'link', 'del', 'vbprobe0'], check=True)
    return lack


@pytest.fixture
def macvtap_service(new_service, namespace, tmp_path):
    conf = tmp_path / 'virtbusd.conf'
    conf.write_text('[network lab]\ndirect=vbcard0\nmode=bridge\n')
    service = new_service(wrapper=namespace + WRAPPER)
    service.arguments = [*service.arguments, f'--config={conf}']
    service.lack = macvtaps_lack(namespace)
    return service.start()


def is_refused(service, namespace, devices):
    """Whether there can be none of the devices here: then the start says why, and so does the attachment, and nothing
    is left of them."""
    if not service.lack:
        return False
    before = cards(service.pid)
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(devices=devices))
    refused(lambda: domain.Start(paused=True), 'net0' if 'vbcard0' in devices else '', service.lack)
    assert domain.State == 'shutoff' and cards(service.pid) == before
    domain.Undefine()
    domain = client.manager.define(domain_xml())
    domain.Start(paused=True)
    refused(lambda: domain.AttachDevice(direct('52:54:00:00:00:09')), service.lack)
    assert cards(service.pid) == before and domain.State == 'paused'
    client.close()
    return True


def direct(mac, more='', mode='private', model='virtio'):
    return (f'<interface type="direct"><mac address="{mac}"/><source dev="vbcard0" mode="{mode}"/>'
            f'<model type="{model}"/>{more}</interface>')


def test_macvtap(macvtap_service, namespace):
    """Devices on the host's card, by the definition and by the configuration; they go with the guest, whichever
    service sees it end."""
    devices = (direct('52:54:00:00:00:01', '<driver queues="2"/><target dev="mine"/>')
               + network('lab').replace('</interface>', '<mtu size="1400"/></interface>')
               + direct('52:54:00:00:00:03', model='e1000'))
    if is_refused(macvtap_service, namespace, devices):
        return
    client = Client(macvtap_service.bus.address)
    domain = client.manager.define(domain_xml(devices=devices))
    domain.Start(paused=True)
    arguments = command_line(domain.ProcessID).decode().split('\0')
    backends = [value for key, value in zip(arguments, arguments[1:]) if key == '-netdev']
    assert re.fullmatch(r'tap,fds=\d+:\d+,id=hostnet0', backends[0])
    assert re.fullmatch(r'tap,fd=\d+,id=hostnet1', backends[1])
    mine = show(namespace, 'mine')
    assert 'macvtap mode private' in mine and '52:54:00:00:00:01' in mine and ',UP' in mine
    # By which the service knows it again; its group is that of all devices.
    assert 'alias virtbus ' in mine and 'group default' in mine
    lab = show(namespace, 'macvtap0')
    assert 'macvtap mode bridge' in lab and 'mtu 1400' in lab
    assert '52:54:00:00:00:03' in show(namespace, 'macvtap1')

    domain.AttachDevice(direct('52:54:00:00:00:04'))
    assert '52:54:00:00:00:04' in show(namespace, 'macvtap2')
    client.close()
    macvtap_service.restart(signal.SIGKILL)
    client = Client(macvtap_service.bus.address)
    (path,) = [row[-1] for row in client.manager.ListDomains()]
    domain = Domain(client, path)
    assert domain.State == 'paused' and show(namespace, 'macvtap2')
    domain.PowerOff()
    for name in ('mine', 'macvtap0', 'macvtap1', 'macvtap2'):
        wait_until(lambda: not show(namespace, name), f'{name} has gone')
    client.close()


def test_macvtap_of_a_guest_that_ends_unseen(macvtap_service, namespace):
    device = direct('52:54:00:00:00:01', mode='passthrough')
    if is_refused(macvtap_service, namespace, device):
        return
    client = Client(macvtap_service.bus.address)
    domain = client.manager.define(domain_xml(devices=device))
    domain.Start(paused=True)
    pid = domain.ProcessID
    assert 'passthru' in show(namespace, 'macvtap0')
    client.close()
    macvtap_service.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    macvtap_service.start()
    wait_until(lambda: not show(namespace, 'macvtap0'), 'the device has gone')


def test_a_start_that_fails_leaves_no_macvtap(macvtap_service, namespace):
    """Neither of those that were made, nor is another's touched."""
    devices = direct('52:54:00:00:00:01') + direct('52:54:00:00:00:02', '<target dev="taken"/>')
    if is_refused(macvtap_service, namespace, devices):
        return
    client = Client(macvtap_service.bus.address)
    subprocess.run([*namespace, 'ip', 'link', 'add', 'link', 'vbcard0', 'name', 'taken', 'type', 'macvtap'], check=True)
    domain = client.manager.define(domain_xml(devices=devices))
    refused(lambda: domain.Start(paused=True), 'net1: the macvtap device taken on vbcard0 cannot be made: there is a '
            'network device of that name')
    assert not show(namespace, 'macvtap0') and show(namespace, 'taken')
    domain.Undefine()
    domain = client.manager.define(domain_xml())
    domain.Start(paused=True)
    refused(lambda: domain.AttachDevice(direct('52:54:00:00:00:02', '<target dev="taken"/>')),
            'there is a network device of that name')
    domain.PowerOff()
    wait_until(lambda: domain.State == 'shutoff', 'the guest has ended')
    assert show(namespace, 'taken')
    client.close()


def test_another_guests_macvtap_stays(macvtap_service, namespace):
    """Also where name, card and address are those of one that could not be made, or was not even tried."""
    mine = direct('52:54:00:00:00:01', '<target dev="mine"/>', mode='passthrough')
    if is_refused(macvtap_service, namespace, mine):
        return
    client = Client(macvtap_service.bus.address)
    first = client.manager.define(domain_xml(devices=mine))
    first.Start(paused=True)
    before = show(namespace, 'mine')
    assert 'passthru' in before
    for cards in mine, direct('52:54:00:00:00:02').replace('vbcard0', 'vbnone0') + mine:
        second = client.manager.define(domain_xml('second', devices=cards))
        with pytest.raises(DBusError):
            second.Start(paused=True)
        assert show(namespace, 'mine') == before
        second.Undefine()
    second = client.manager.define(domain_xml('second'))
    second.Start(paused=True)
    with pytest.raises(DBusError) as caught:
        second.AttachDevice(mine)
    assert 'there is a network device of that name' in caught.value.message
    assert show(namespace, 'mine') == before
    # Nor does another run of the service know of it.
    client.close()
    macvtap_service.restart(signal.SIGKILL)
    client = Client(macvtap_service.bus.address)
    Domain(client, second.path).PowerOff()
    assert show(namespace, 'mine') == before
    Domain(client, first.path).PowerOff()
    wait_until(lambda: not show(namespace, 'mine'), 'the device has gone')
    client.close()


@pytest.mark.parametrize('device, path, module', [
    ('<vsock><cid auto="yes"/></vsock>', '/dev/vhost-vsock', 'vhost_vsock'),
    ('<interface type="vdpa"><source dev="/dev/vhost-vdpa-0"/></interface>', '/dev/vhost-vdpa-0', 'vhost_vdpa'),
])
def test_devices_of_the_kernels(manager, device, path, module):
    """The service opens them; where the kernel has none, it is said what would make it."""
    domain = manager.define(domain_xml(devices=device))
    if os.path.exists(path):
        domain.Start(paused=True)
        pid = domain.ProcessID
        assert path in {os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')}
        assert path not in command_line(pid).decode()
        return
    refused(lambda: domain.Start(paused=True),
            f"there is no {path} on this host; the kernel's module {module} makes it")
    assert domain.State == 'shutoff'


def test_a_configuration_that_cannot_be_read(bus, tmp_path):
    conf = tmp_path / 'virtbusd.conf'
    arguments = [VIRTBUSD, f'--address={bus.address}', f'--config={conf}',
                 *(f'--{name}-dir={tmp_path / name}' for name in ('state', 'runtime', 'cache'))]
    for text, message in ((None, 'No such file'), ('[network a]\nbridge=b\nuser=yes\n', '[network a]: one of'),
                          ('nonsense', str(conf))):
        if text is not None:
            conf.write_text(text)
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode not in (0, -6, -11)
        assert str(conf) in done.stderr and message in done.stderr


def test_a_tap_device_that_does_not_answer(manager, tmp_path):
    """Whatever holds up a card's start or the kernel's network devices, others start; and the start can be given up."""
    hanging = Hanging(tmp_path / 'fs', b'no tap')
    card = f'<interface type="ethernet"><backend tap="{hanging.path}"/><model type="virtio"/></interface>'
    ports = ''.join(f'<controller type="pci" index="{index}" model="pcie-root-port"/>' for index in range(1, 8))
    domain, other = manager.define(domain_xml(devices=card)), manager.define(domain_xml('other', devices=ports))
    try:
        refused(domain.Start, f'net0: {hanging.path} makes no tap devices')
        hanging.hang('open')
        domain.Start(no_wait=True)
        other.Start(paused=True)
        assert domain.State == 'starting' and other.State == 'paused'
        domain.PowerOff()
        assert domain.State == 'shutoff'
        domain.Start(no_wait=True)
        attached = other.start('AttachDevice', card, live=True)
        assert (domain.State, other.State, attached) == ('starting', 'paused', [])
        domain.PowerOff()
        other.PowerOff()
        assert (domain.State, other.State) == ('shutoff', 'shutoff')
    finally:
        hanging.close()
    with pytest.raises(DBusError) as caught:
        manager.client.finish_call(attached)
    assert caught.value.name == ERROR + 'InvalidState', caught.value
    refused(domain.Start, f'net0: {hanging.path} cannot be opened')
