# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest is given between being built and running: processors to take out, places for its threads, states."""
import json
import os
import pathlib
import re
import socket

import pytest
from virtbus import Console, DBusError, command_line, domain_xml

HOST = sorted(os.sched_getaffinity(0))
LAST = HOST[-1]


def threads(domain):
    """{name: [thread id, ...]} of a running emulator."""
    found = {}
    for task in pathlib.Path(f'/proc/{domain.ProcessID}/task').iterdir():
        found.setdefault((task / 'comm').read_text().strip(), []).append(int(task.name))
    return found


def processors(domain):
    """{processor: thread id}"""
    return {int(name[4:].split('/')[0]): ids[0] for name, ids in threads(domain).items() if name.startswith('CPU ')}


def ask(path, command, arguments=None):
    """The answer of an emulator's second monitor."""
    with socket.socket(socket.AF_UNIX) as peer, peer.makefile('rw') as stream:
        peer.connect(str(path))
        for request in ('qmp_capabilities', command):
            json.dump({'execute': request, 'arguments': (arguments or {}) if request == command else {}}, stream)
            stream.flush()
        for line in stream:
            answer = json.loads(line)
            if answer.get('return'):
                return answer['return']
    return None


def smp(domain):
    words = command_line(domain.ProcessID).split(b'\0')
    return words[words.index(b'-smp') + 1].decode()


def start_refused(domain, *words):
    with pytest.raises(DBusError) as caught:
        domain.Start()
    assert caught.value.name == 'org.virtbus1.Error.Unsupported', caught.value
    for word in words:
        assert word in caught.value.message
    assert domain.State == 'shutoff'


def test_threads_are_where_the_definition_has_them(manager):
    tune = (f'<vcpu cpuset="{HOST[0]}">2</vcpu><iothreads>2</iothreads><cputune><vcpupin vcpu="1" cpuset="{LAST}"/>'
            f'<emulatorpin cpuset="{LAST}"/><iothreadpin iothread="2" cpuset="{LAST}"/>'
            '<vcpusched vcpus="1" scheduler="batch"/><iothreadsched iothreads="1" scheduler="idle"/></cputune>')
    domain = manager.define(domain_xml(extra=tune).replace('<vcpu>1</vcpu>', ''))
    domain.Start(paused=True)
    found = threads(domain)
    vcpus = processors(domain)
    assert os.sched_getaffinity(vcpus[0]) == {HOST[0]} and os.sched_getaffinity(vcpus[1]) == {LAST}
    assert os.sched_getaffinity(domain.ProcessID) == {LAST}
    assert os.sched_getaffinity(found['IO iothread2'][0]) == {LAST}
    assert os.sched_getaffinity(found['IO iothread1'][0]) == set(HOST)
    assert os.sched_getscheduler(vcpus[0]) == os.SCHED_OTHER
    assert os.sched_getscheduler(vcpus[1]) == os.SCHED_BATCH
    assert os.sched_getscheduler(found['IO iothread1'][0]) == os.SCHED_IDLE


def test_processors_that_the_host_does_not_have_are_refused(manager, service):
    domain = manager.define(domain_xml(extra='<cputune><vcpupin vcpu="0" cpuset="4000-4001"/></cputune>'))
    start_refused(domain, 'vcpupin', '4000-4001')
    assert not service.runtime_leftovers()


def test_processors_that_can_be_taken_out_are_plugged_in(client, manager, guest):
    vcpus = ('<vcpu current="3">4</vcpu><vcpus><vcpu id="0" enabled="yes" hotpluggable="no"/>'
             '<vcpu id="1" enabled="yes" hotpluggable="yes"/><vcpu id="2" enabled="no" hotpluggable="yes"/>'
             '<vcpu id="3" enabled="yes" hotpluggable="yes"/></vcpus>')
    # Its kernel begins with one, and the guest brings up the others when it has booted: processors that wait for each
    # other at every step of a boot take minutes where one of the host's has to do for all of them.
    domain = manager.define(guest.xml(extra=vcpus, cmdline='maxcpus=1').replace('<vcpu>1</vcpu>', ''))
    domain.Start()
    assert smp(domain).startswith('1,maxcpus=4')
    assert sorted(processors(domain)) == [0, 1, 3]
    console = Console(domain.OpenConsole(''))
    for number, place in ((0, 0), (1, 1), (2, 3)):
        console.expect(f'^virtbus-guest: cpu {number} socket={place} ')
    assert 'virtbus-guest: cpu ' not in console.expect('(?s).*^virtbus-guest: ready')[0]
    console.close()


@pytest.mark.usefixtures('ports')
def test_trays_and_the_balloon_are_as_defined_from_the_beginning(manager, tmp_path):
    devices = ('<disk type="file" device="cdrom"><target dev="sda" bus="sata" tray="open"/></disk>'
               '<graphics type="vnc" passwd="x" passwdValidTo="2030-01-01T00:00:00"/>'
               '<memballoon model="virtio"><stats period="7"/></memballoon>')
    tmp_path.chmod(0o777)
    path = tmp_path / 'second'
    line = (f'<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg value="-qmp"/>'
            f'<qemu:arg value="unix:{path},server=on,wait=off"/></qemu:commandline>')
    domain = manager.define(domain_xml(devices=devices, extra=line))
    domain.Start(paused=True)
    assert ask(path, 'qom-get', {'path': '/machine/peripheral/balloon0', 'property': 'guest-stats-polling-interval'}) == 7
    assert [drive['tray_open'] for drive in ask(path, 'query-block') if drive['removable']] == [True]


@pytest.mark.parametrize('what, word', [
    ('<cputune><emulator_quota>10000</emulator_quota></cputune>', 'quotas of the emulator'),
    ('<perf><event name="cpu_cycles" enabled="yes"/></perf>', '<perf>')])
def test_what_a_guest_has_to_do_without_is_told(manager, service, what, word):
    domain = manager.define(domain_xml(extra=what))
    domain.Start()
    assert re.search(f'guest: it runs without {word}', service.log())


def test_broken_promises_stop_a_start(manager):
    domain = manager.define(domain_xml(extra='<cputune><cachetune vcpus="0"><cache id="0" level="3" type="both" size="3" unit="MiB"/>'
                                              '</cachetune></cputune>'))
    start_refused(domain, '<cachetune>')
