# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes beside an emulator."""

import json
import os
import pathlib
import re
import signal
import socket

import pytest
from test_secrets import call, memory
from virtbus import ERROR, OWNER, Client, DBusError, command_line, domain_xml, process_alive, process_name, wait_until

TPM = '<tpm model="tpm-crb"><backend type="emulator" version="2.0"/></tpm>'
PASST = ('<interface type="user"><backend type="passt"/><mac address="52:54:00:00:00:01"/>'
         '<model type="virtio"/>{}</interface>')
SHARED = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'


def folder(path):
    return (f'<filesystem type="mount"><driver type="virtiofs"/><source dir="{path}"/>'
            '<target dir="shared"/></filesystem>')


def companions(domain, service):
    """Name to process, of all that carry the mark of the guest's room."""
    mark = f'VIRTBUS_MARK={service.runtime_directory(domain)}#companion'.encode()
    found = {}
    for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
        try:
            if mark in path.read_bytes().split(b'\0') and process_alive(int(path.parent.name)):
                found[process_name(int(path.parent.name))] = int(path.parent.name)
        except OSError:
            pass
    return found


def test_an_emulated_tpm(service, manager):
    """QEMU has asked it what it can do before the guest runs; its state is the domain's, and stays."""
    domain = manager.define(domain_xml(devices=TPM))
    domain.Start()
    (pid,) = companions(domain, service).values()
    assert process_name(pid) == 'swtpm'
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    emulator = pathlib.Path(f'/proc/{domain.ProcessID}/status').read_text()
    for line in status.splitlines():
        if line.startswith(('Uid:', 'Gid:', 'NoNewPrivs:')):
            assert line in emulator
    assert 'NoNewPrivs:\t1' in status
    state = service.state / 'domains' / domain.id / 'private' / 'tpm'
    wait_until(lambda: (state / 'tpm2-00.permall').exists(), 'the TPM has written its state')
    before = (state / 'tpm2-00.permall').stat().st_ino
    domain.PowerOff()
    wait_until(lambda: not process_alive(pid), 'it went with the guest')
    domain.Start()
    domain.PowerOff()
    assert before and (state / 'tpm2-00.permall').exists()
    domain.Undefine()
    assert service.state_entries() == []


def test_an_encrypted_tpm(service, manager, tmp_path):
    uuid = '11111111-2222-3333-4444-555555555555'
    domain = manager.define(domain_xml(devices=TPM.replace('version="2.0"/>',
                                                           f'version="2.0"><encryption secret="{uuid}"/></backend>')))
    with pytest.raises(DBusError, match=f"tpm0: the secret '{uuid}' is needed"):
        domain.Start()
    assert not companions(domain, service)
    call(domain, **{uuid: memory(b'a passphrase')})
    domain.PowerOff()
    with pytest.raises(DBusError):
        call(domain, **{uuid: memory(b'another')})
    call(domain, **{uuid: memory(b'a passphrase')})
    domain.PowerOff()


def test_banks_are_refused(manager):
    domain = manager.define(domain_xml(devices=TPM.replace(
        'version="2.0"/>', 'version="2.0"><active_pcr_banks><sha256/></active_pcr_banks></backend>')))
    with pytest.raises(DBusError, match='tpm0: <active_pcr_banks>'):
        domain.Start()


def test_what_a_domain_keeps_is_out_of_reach_when_it_is_off(service, client, manager):
    """Its user may be another domain's next."""
    domain = manager.define(domain_xml(devices=TPM))
    private = service.state / 'domains' / domain.id / 'private'

    def is_ours_alone():
        return (private.stat().st_uid, private.stat().st_mode & 0o7777) == (0, 0o700)

    for _ in range(2):
        domain.Start()
        user = int(re.search(r'^Uid:\t(\d+)', pathlib.Path(f'/proc/{domain.ProcessID}/status').read_text(), re.M)[1])
        wait_until(lambda: (private / 'tpm' / 'tpm2-00.permall').exists(), 'the TPM has written its state')
        assert {path.lstat().st_uid for path in (private, *private.rglob('*'))} == {user} != {0}
        private.chmod(0o777)
        domain.PowerOff()
        assert is_ours_alone()
    domain.Start()
    emulator = domain.ProcessID
    service.stop(signal.SIGKILL)
    os.kill(emulator, signal.SIGKILL)
    service.start()
    client.start_model()
    wait_until(is_ours_alone, 'another run of the service has done it')


def test_what_a_domain_keeps_has_a_limit(service, manager):
    domain = manager.define(domain_xml(devices=TPM))
    domain.Start()
    (pid,) = companions(domain, service).values()
    assert re.search(r'^Max file size +16777216 +16777216 ', pathlib.Path(f'/proc/{pid}/limits').read_text(), re.M)
    grown = service.state / 'domains' / domain.id / 'private' / 'tpm' / 'grown'
    with open(grown, 'wb') as file:
        os.posix_fallocate(file.fileno(), 0, (256 << 20) + 4096)
    domain.PowerOff()
    with pytest.raises(DBusError, match=rf'domains/{domain.id}/private holds \d+ bytes, and a domain may keep') as caught:
        domain.Start()
    assert caught.value.name == ERROR + 'Storage'
    assert not companions(domain, service) and service.runtime_leftovers() == []
    grown.unlink()
    domain.Start()
    domain.PowerOff()


def test_passt(service, manager):
    domain = manager.define(domain_xml(devices=PASST.format('')))
    domain.Start(paused=True)
    (pid,) = companions(domain, service).values()
    assert process_name(pid).startswith('passt')
    assert b'stream,addr.type=fd,addr.str=' in command_line(domain.ProcessID)
    domain.PowerOff()
    wait_until(lambda: not process_alive(pid), 'it went with the guest')


@pytest.mark.usefixtures('ports')
def test_ports_that_passt_forwards(service, manager):
    domain = manager.define(domain_xml(devices=PASST.format(
        '<portForward proto="tcp" address="127.0.0.1"><range start="2021" end="2024" to="21"/>'
        '<range start="2022" exclude="yes"/></portForward><ip family="ipv4" address="172.17.2.4" prefix="24"/>')))
    domain.Start(paused=True)
    (pid,) = companions(domain, service).values()
    arguments = command_line(pid).decode().split('\0')[1:-1]
    assert arguments[:2] + arguments[3:] == [
        '--foreground', '--fd', '--quiet', '--stderr', '--address', '172.17.2.4', '--netmask', '24', '--tcp-ports',
        '127.0.0.1/2021-2024:21-24,~2022']
    with socket.create_connection(('127.0.0.1', 2021)):
        pass


def test_a_shared_folder(service, manager, tmp_path):
    """QEMU has shaken hands with virtiofsd, or there would be no device."""
    domain = manager.define(domain_xml(devices=folder(tmp_path), extra=SHARED))
    domain.Start()
    found = companions(domain, service)
    assert set(found) == {'virtiofsd'}
    pid = found['virtiofsd']
    assert b'source=' + str(tmp_path).encode() in command_line(pid)
    domain.PowerOff()
    wait_until(lambda: not process_alive(pid), 'it went with the guest')


@pytest.mark.skipif(os.path.exists('/usr/libexec/virtiofsd'), reason='the other one is there, and can be run by users')
def test_a_shared_folder_of_a_users(new_service, directory, tmp_path):
    """QEMU's own program for it is root's."""
    service = new_service(uid=OWNER, cache=directory / 's1/cache').start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(devices=folder(tmp_path), extra=SHARED))
    with pytest.raises(DBusError, match=f"fs0: /usr/lib/qemu/virtiofsd, which is QEMU's own, runs as root only, and the "
                       f"domain is user {OWNER}'s; install") as caught:
        domain.Start()
    assert caught.value.name == ERROR + 'Unsupported'
    assert not companions(domain, service) and service.runtime_leftovers() == []
    client.close()


def test_a_service_that_comes_back_knows_them(service, client):
    client.model = None
    domain = client.manager.define(domain_xml(devices=TPM))
    domain.Start(paused=True)
    (pid,) = companions(domain, service).values()
    service.restart(signal.SIGKILL)
    assert domain.State == 'paused' and process_alive(pid)
    domain.PowerOff()
    wait_until(lambda: not process_alive(pid), 'it went with the guest')
    domain.Start(paused=True)
    (pid,) = companions(domain, service).values()
    service.stop(signal.SIGKILL)
    os.kill(domain_pid(service, domain), signal.SIGKILL)
    service.start()
    wait_until(lambda: not process_alive(pid), 'it went with the guest that was lost')
    assert domain.State == 'shutoff' and service.runtime_leftovers() == []


def domain_pid(service, domain):
    return json.loads((service.runtime_directory(domain) / 'status.json').read_text())['pid']


def test_one_that_ends_is_told_of(service, manager):
    domain = manager.define(domain_xml(devices=PASST.format('')))
    domain.Start(paused=True)
    (pid,) = companions(domain, service).values()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: 'passt of net0 killed by signal 9' in service.log(), 'the end was told')
    assert domain.State == 'paused'


def test_a_start_that_fails_leaves_none(service, manager):
    domain = manager.define(domain_xml(devices=TPM + PASST.format('') +
                                       '<interface type="vdpa"><source dev="/dev/vhost-vdpa-none"/></interface>'))
    with pytest.raises(DBusError):
        domain.Start()
    wait_until(lambda: not companions(domain, service), 'all have gone')


def test_a_program_that_is_not_there(new_service, tmp_path):
    service = new_service(environment={'PATH': str(tmp_path)}).start()
    client = Client(service.bus.address)
    for devices, alias, name in ((TPM, 'tpm0', 'swtpm'), (PASST.format(''), 'net0', 'passt')):
        domain = client.manager.define(domain_xml(name, devices=devices))
        with pytest.raises(DBusError) as caught:
            domain.Start()
        assert caught.value.name == ERROR + 'Unsupported'
        assert caught.value.message.startswith(f'{alias}: the program {name} is needed') and 'package' in caught.value.message
    client.close()


def test_none_for_a_guest_that_runs(manager, tmp_path):
    domain = manager.define(domain_xml(extra=SHARED))
    domain.Start(paused=True)
    for xml in (PASST.format(''), folder(tmp_path)):
        with pytest.raises(DBusError, match='is started with the guest only'):
            domain.AttachDevice(xml, live=True)
