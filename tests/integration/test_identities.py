# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each of root's guests is a user of its own, that its files are lent to."""

import os
import pathlib
import shutil
import signal
import stat
import struct
import subprocess

import pytest
import virtbus
from hanging import Hanging
from virtbus import ERROR, PTY, Client, DBusError, Domain, domain_xml, wait_until

FIRST, LAST = 2100000000, 2100065535


def disk(path, extra=''):
    return f'<disk type="file"><driver name="qemu" type="raw"/><source file="{path}"/><target dev="vda" bus="virtio"/>{extra}</disk>'


def disks(*paths):
    return ''.join(disk(path).replace('vda', f'vd{chr(ord("a") + i)}') for i, path in enumerate(paths))


def identity(domain):
    text = pathlib.Path(f'/proc/{domain.ProcessID}/status').read_text()
    fields = dict(line.split(':\t', 1) for line in text.splitlines() if ':\t' in line)
    uid, gid = set(fields['Uid'].split()), set(fields['Gid'].split())
    assert len(uid) == len(gid) == 1
    return int(uid.pop()), int(gid.pop()), sorted(map(int, fields['Groups'].split()))


def ownership(path):
    found = os.stat(path)
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def marks(path):
    return [name for name in os.listxattr(path) if name.startswith('trusted.virtbus.')]


@pytest.fixture
def image(directory):
    path = directory / 'image'
    path.write_bytes(bytes(1 << 20))
    path.chmod(0o600)
    return path


def start(manager, name, devices=PTY, **named):
    domain = manager.define(domain_xml(name, devices=devices, **named))
    domain.Start()
    return domain


def refused(call, name):
    with pytest.raises(DBusError) as caught:
        call()
    assert caught.value.name == ERROR + name, caught.value
    return caught.value.message


def test_each_of_roots_guests_has_a_user_to_itself(manager):
    domains = [start(manager, f'guest{i}') for i in range(3)]
    seen = [identity(domain) for domain in domains]
    assert len({uid for uid, _, _ in seen}) == 3
    for uid, gid, groups in seen:
        assert FIRST < uid <= LAST
        assert (gid, groups) == (uid, [FIRST])


def test_a_user_is_kept_from_run_to_run_and_across_a_restart(service, client, manager):
    one = start(manager, 'one')
    user = identity(one)
    one.PowerOff()
    one.Start()
    assert identity(one) == user
    service.stop(signal.SIGKILL)
    service.start()
    client.start_model()
    others = [identity(start(manager, f'other{i}')) for i in range(3)]
    assert user not in others
    assert identity(one) == user


def test_the_range_is_the_administrators(new_service, directory):
    conf = directory / 'virtbusd.conf'
    conf.write_text('[identities]\nfirst-uid=2100100000\nlast-uid=2100100002\n')
    service = new_service()
    service.arguments.append(f'--config={conf}')
    service.start()
    client = Client(service.bus.address)
    domains = [start(client.manager, f'guest{i}') for i in range(2)]
    assert {identity(domain)[0] for domain in domains} == {2100100001, 2100100002}
    third = client.manager.define(domain_xml('third'))
    with pytest.raises(DBusError) as caught:
        third.Start()
    assert caught.value.name == virtbus.LIMITS_EXCEEDED
    assert 'last-uid=' in caught.value.message
    domains[0].PowerOff()
    third.Start()
    client.close()


@pytest.mark.parametrize('text, said', [
    ('[identities]\nfirst-uid=0\nlast-uid=10\n', 'first-uid'),
    ('[identities]\nfirst-uid=2000\nlast-uid=2000\n', 'last-uid'),
    ('[identities]\nfirst-uid=x\n', 'first-uid'),
    ('[identities]\nlast-uid=4294967295\n', 'last-uid'),
    ('[identities]\nuid=1\n', 'uid='),
    ('[identity]\nfirst-uid=1\n', '[identity]'),
])
def test_a_range_that_is_none_is_refused(new_service, directory, text, said):
    conf = directory / 'virtbusd.conf'
    conf.write_text(text)
    service = new_service(expect_trouble=True)
    service.arguments.append(f'--config={conf}')
    with pytest.raises(AssertionError):
        service.start()
    assert said in service.log()
    assert 'virtbusd.conf' in service.log()


def test_an_image_is_the_guests_while_it_runs(manager, image):
    before = ownership(image)
    domain = start(manager, 'one', disk(image))
    uid, gid, _ = identity(domain)
    assert ownership(image) == (uid, gid, 0o600)
    domain.PowerOff()
    assert ownership(image) == before
    assert not marks(image)


@pytest.mark.parametrize('with_guest', [False, True])
def test_an_image_is_given_back_whoever_dies(service, client, manager, image, with_guest):
    before = ownership(image)
    domain = start(manager, 'one', disk(image))
    pid = domain.ProcessID
    service.stop(signal.SIGKILL)
    if with_guest:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not virtbus.process_alive(pid), 'the guest has gone')
    service.start()
    client.start_model()
    if not with_guest:
        assert ownership(image) != before
        Domain(client, domain.path).PowerOff()
    assert ownership(image) == before
    assert not marks(image)


@pytest.mark.parametrize('restart', [False, True])
def test_a_guest_cannot_keep_its_image(service, client, manager, image, restart):
    """The file is its own while it runs, and so are its mode and, among its groups, its group."""
    before = ownership(image)
    domain = start(manager, 'one', disk(image))
    uid, gid, _ = identity(domain)
    subprocess.run(['setpriv', f'--reuid={uid}', f'--regid={gid}', '--clear-groups', 'chmod', '0666', image], check=True)
    assert ownership(image) == (uid, gid, 0o666)
    if restart:
        service.restart(signal.SIGKILL)
        client.start_model()
    Domain(client, domain.path).PowerOff()
    assert ownership(image) == before and not marks(image)


def test_an_image_is_given_back_wherever_it_is(manager, image):
    before, elsewhere = ownership(image), image.with_name('elsewhere')
    domain = start(manager, 'one', disk(image))
    image.rename(elsewhere)
    image.write_bytes(b'')
    new = ownership(image)
    domain.PowerOff()
    assert ownership(elsewhere) == before and not marks(elsewhere)
    assert ownership(image) == new


@pytest.mark.parametrize('mode', [0o4755, 0o2755])
def test_no_guest_writes_what_runs_as_somebody_else(manager, image, mode):
    image.chmod(mode)
    before = ownership(image)
    assert 'chmod ug-s' in refused(lambda: start(manager, 'one', disk(image)), 'SecurityLabel')
    assert ownership(image) == before and not marks(image)
# As one that has taken over its emulator would, to come back in another domain's name.
KEEP = '''
import os, sys
path, listed = sys.argv[1:]
os.setxattr(path, 'system.posix_acl_access', bytes.fromhex(listed))
os.chmod(path, 0o4777)
print('kept')
'''
LIST = 'system.posix_acl_access'


def access_list(uid):
    """That the owner and this user may read and write (linux/posix_acl_xattr.h: tag, permissions, id)."""
    entries = [(1, 6, -1), (2, 6, uid), (4, 0, -1), (16, 6, -1), (32, 0, -1)]
    return struct.pack('<I', 2) + b''.join(struct.pack('<HHI', tag, permissions, id & 0xffffffff)
                                           for tag, permissions, id in entries)


def listed(path):
    return os.getxattr(path, LIST) if LIST in os.listxattr(path) else None


@pytest.mark.parametrize('had', [False, True])
@pytest.mark.parametrize('how', ['end', 'restart', 'host'])
def test_a_guest_cannot_keep_what_it_was_lent(service, client, manager, image, how, had):
    """It owns the file while it runs, and may do to it what owners may."""
    if had:
        os.setxattr(image, LIST, access_list(virtbus.OTHER))
    before = ownership(image), listed(image)
    domain = start(manager, 'one', disk(image))
    uid = identity(domain)[0]
    assert listed(image) == before[1], 'whom root has let in is locked out'
    done = virtbus.run_as(uid, KEEP, image, access_list(uid + 1).hex())
    assert done.stdout == 'kept\n', done.stderr
    assert ownership(image) == (uid, identity(domain)[1], 0o4777)
    if how == 'host':
        go_down(service, domain)
        service.start()
    elif how == 'restart':
        service.restart(signal.SIGKILL)
    client.start_model()
    if how != 'host':
        Domain(client, domain.path).PowerOff()
    wait_until(lambda: not marks(image), 'it has been given back')
    assert (ownership(image), listed(image)) == before


def go_down(service, domain):
    """As if the host had: no process is left, and no runtime directory."""
    pid = domain.ProcessID
    room = service.runtime_directory(domain)
    service.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not virtbus.process_alive(pid), 'the guest has gone')
    subprocess.run(['umount', room / 'sockets'], check=True)
    shutil.rmtree(service.runtime)


def test_images_are_given_back_after_the_host_went_down(service, client, manager, directory, image):
    """Another domain may be given their user first."""
    client.model = None
    changed, kept = directory / 'changed', directory / 'kept'
    for path in (changed, kept):
        path.write_bytes(bytes(1 << 20))
        path.chmod(0o600)
    before = ownership(image)
    memory = '<memoryBacking><source type="file"/></memoryBacking>'
    domain = manager.define(domain_xml(devices=disks(image, changed), extra=memory))
    other = manager.define(domain_xml('other', devices=disk(kept)))
    domain.Start()
    private = service.state / 'domains' / domain.id / 'private'
    assert private.stat().st_uid == identity(domain)[0]
    go_down(service, domain)
    os.chown(changed, 65534, 65534)
    service.start()
    assert domain.State == 'shutoff'
    assert ownership(image) == before and not marks(image)
    assert ownership(changed)[0] == 65534 and not marks(changed)
    assert ownership(private) == (0, 0, 0o700)
    assert 'was a guest\'s when the host went down, and has its dac label +0:+0:0600 again' in service.log()

    # A guest that runs keeps what it has, whoever dies.
    other.Start()
    lent = ownership(kept)
    service.restart(signal.SIGKILL)
    (service.runtime / 'lent-taken-back').unlink()
    service.restart(signal.SIGKILL)
    assert ownership(kept) == lent
    other.PowerOff()
    assert ownership(kept) == before


def test_a_start_that_fails_gives_images_back(manager, image, directory):
    before = ownership(image)
    other = directory / 'no-image.qcow2'
    other.write_bytes(b'this is no image')
    devices = disk(image) + disk(other).replace('vda', 'vdb').replace('"raw"', '"qcow2"')
    domain = manager.define(domain_xml(devices=devices))
    refused(domain.Start, 'EmulatorFailed')
    assert ownership(image) == before
    assert not marks(image)


def test_a_file_system_that_hangs_holds_up_nobody(service, client, manager, image, directory):
    """Neither the service nor the other domains; what was lent is given back when it can be."""
    before = ownership(image)
    file_system = Hanging(directory / 'slow', bytes(1 << 20))
    try:
        file_system.hang('statfs')
        domain = manager.define(domain_xml('slow', devices=disks(image, file_system.path)))
        call = domain.start('Start')
        wait_until(lambda: ownership(image) != before, 'the first image is lent')
        domain.PowerOff()
        with pytest.raises(DBusError) as caught:
            client.finish_call(call)
        assert caught.value.name == ERROR + 'InvalidState' and domain.State == 'shutoff'
        other = start(manager, 'other')
        # Another start waits, and is given up, too.
        call = domain.start('Start')
        client.settle()
        assert domain.State == 'starting'
        domain.PowerOff()
        with pytest.raises(DBusError):
            client.finish_call(call)
        assert ownership(image) != before
        assert service.runtime_leftovers() == [domain.id, other.id]
        call = domain.start('Start')
    finally:
        file_system.close()
    # What was waited for has failed now, and the start goes on to find that there is no second image.
    with pytest.raises(DBusError):
        client.finish_call(call)
    assert domain.State == 'shutoff'
    assert ownership(image) == before and marks(image) == []
    assert service.runtime_leftovers() == [other.id]


def test_a_new_service_does_not_wait_for_a_file_system_either(service, client, manager, image, directory):
    before = ownership(image)
    file_system = Hanging(directory / 'slow', bytes(1 << 20))
    try:
        domain = start(manager, 'slow', disks(image, file_system.path).replace('</disk>', '<readonly/></disk>'))
        service.stop(signal.SIGKILL)
        file_system.hang('lookup', 'statfs')
        service.start()
        client.start_model()
        assert domain.State == 'running'
        domain.PowerOff()
        assert domain.State == 'shutoff'
    finally:
        file_system.close()
    wait_until(lambda: service.runtime_leftovers() == [], 'all has been given back')
    assert ownership(image) == before


CHANNEL = '<channel type="file"><source path="{}"/><target type="virtio" name="org.test.{}"/></channel>'


def test_a_file_of_a_channel_is_the_guests(manager, directory):
    """Whether it has the channel from the start or it is plugged in."""
    paths = [directory / f'channel{i}' for i in range(2)]
    domain = start(manager, 'guest', CHANNEL.format(paths[0], 0))
    domain.AttachDevice(CHANNEL.format(paths[1], 1))
    uid = identity(domain)[0]
    assert [ownership(path)[0] for path in paths] == [uid, uid]
    domain.PowerOff()
    assert [ownership(path)[0] for path in paths] == [0, 0]


@pytest.mark.parametrize('used', ['serial', 'nvram', 'loader'])
def test_what_is_still_used_is_not_taken_away(manager, image, used):
    """By a disk of the same file that could not be plugged in."""
    before = ownership(image)
    devices, firmware = '', ''
    if used == 'serial':
        devices = f'<serial type="file"><source path="{image}"/></serial>'
    else:
        names = {'loader': '/usr/share/OVMF/OVMF_CODE.fd', 'nvram': '/usr/share/OVMF/OVMF_VARS.fd'}
        image.write_bytes(pathlib.Path(names[used]).read_bytes())
        names[used] = image
        firmware = f'<loader readonly="yes" type="pflash">{names["loader"]}</loader>'
        firmware += f'<nvram>{image}</nvram>' if used == 'nvram' else f'<nvram template="{names["nvram"]}"/>'
    domain = start(manager, 'guest', devices, os=firmware)
    lent = ownership(image)
    assert lent != before
    refused(lambda: domain.AttachDevice(disk(image).replace('raw', 'qcow2')), 'Monitor')
    assert ownership(image) == lent
    domain.PowerOff()
    assert ownership(image) == before


def test_what_all_may_read_stays_as_it_is(manager, image):
    image.chmod(0o644)
    before = ownership(image)
    start(manager, 'one', disk(image, '<readonly/>'))
    start(manager, 'two', disk(image, '<readonly/>'))
    assert ownership(image) == before


@pytest.mark.parametrize('extra, mode', [('<readonly/>', 0o640), ('<shareable/>', 0o660)])
def test_a_shared_image_is_given_back_by_the_last(manager, image, extra, mode):
    before = ownership(image)
    one, two = (start(manager, name, disk(image, extra)) for name in ('one', 'two'))
    assert ownership(image) == (0, FIRST, mode)
    one.PowerOff()
    assert ownership(image) == (0, FIRST, mode)
    two.PowerOff()
    assert ownership(image) == before


def test_an_image_is_nobody_elses_meanwhile(manager, image):
    start(manager, 'one', disk(image))
    two = manager.define(domain_xml('two', devices=disk(image)))
    assert 'shareable' in refused(two.Start, 'Busy')


def test_no_image_is_reached_by_what_others_may_change(manager, image, directory):
    """Links, folders that others may write, and files with other names: whoever made them may mean another file."""
    before = ownership(image)
    link, folder, open_folder = directory / 'link', directory / 'folder', directory / 'open'
    link.symlink_to(image)
    folder.symlink_to(directory)
    open_folder.mkdir()
    open_folder.chmod(0o777)
    (open_folder / 'image').write_bytes(bytes(4096))
    (open_folder / 'image').chmod(0o600)
    twice = directory / 'twice'
    twice.write_bytes(bytes(4096))
    twice.chmod(0o600)
    os.link(twice, directory / 'again')
    for i, path in enumerate((link, folder / 'image', open_folder / 'image', twice)):
        domain = manager.define(domain_xml(f'guest{i}', devices=disk(path)))
        message = refused(domain.Start, 'SecurityLabel')
        assert str(path) in message
        assert ownership(path)[0] == 0
    assert ownership(image) == before


def test_a_folder_in_the_way_is_named(manager, directory):
    closed = directory / 'closed'
    closed.mkdir(mode=0o700)
    path = closed / 'image'
    path.write_bytes(bytes(4096))
    domain = manager.define(domain_xml(devices=disk(path)))
    message = refused(domain.Start, 'SecurityLabel')
    assert f'{closed} ' in message and str(path) in message
    assert ownership(path)[0] == 0


def test_a_label_names_another_user(manager, image):
    label = '<seclabel type="static" model="dac" relabel="{}"><label>{}</label></seclabel>'
    one = start(manager, 'one', disk(image), extra=label.format('yes', 'daemon:bin'))
    assert identity(one)[:2] == (1, 2)
    assert ownership(image)[:2] == (1, 2)
    one.PowerOff()
    assert ownership(image)[:2] == (0, 0)
    image.chmod(0o666)
    two = start(manager, 'two', disk(image), extra=label.format('no', '+4242:+4343'))
    assert identity(two) == (4242, 4343, [])
    assert ownership(image) == (0, 0, 0o666)
    nobody = manager.define(domain_xml('nobody', extra=label.format('no', 'nobody-of-this-name')))
    with pytest.raises(DBusError) as caught:
        nobody.Start()
    assert 'nobody-of-this-name' in caught.value.message


def test_even_root_has_no_privileges(new_service):
    """Nor does it inherit any, which containers give to all that runs in them."""
    service = new_service(wrapper=['setpriv', '--inh-caps', '+net_raw', *virtbus.WRAPPER])
    service.start()
    client = Client(service.bus.address)
    check_no_privileges(client.manager)
    client.close()


def check_no_privileges(manager):
    domain = start(manager, 'one', extra='<seclabel type="static" model="dac" relabel="no"><label>root:root</label></seclabel>')
    assert identity(domain)[0] == 0
    text = pathlib.Path(f'/proc/{domain.ProcessID}/status').read_text()
    for line in text.splitlines():
        if line.startswith('Cap'):
            assert int(line.split()[1], 16) == 0, line


@pytest.fixture
def node(directory):
    """Makes nodes of devices that only root may open, where nodes are devices: not every container's /tmp is such."""
    place = directory / 'dev'
    place.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=755', 'none', place], check=True)

    def make(name, major, minor):
        os.mknod(place / name, stat.S_IFCHR | 0o600, os.makedev(major, minor))
        return place / name
    yield make
    subprocess.run(['umount', '--lazy', place], check=True)


def generator(path):
    return f'<rng model="virtio"><backend model="random">{path}</backend></rng>'


def test_a_device_of_the_hosts_is_lent(service, client, manager, node):
    """As images are, and given back, whoever dies."""
    path = node('hwrng', 1, 8)
    domain = start(manager, 'one', devices=generator(path))
    uid, gid, _ = identity(domain)
    # Several may read it.
    assert ownership(path) == (0, FIRST, 0o640)
    other = start(manager, 'two', devices=generator(path))
    other.PowerOff()
    assert ownership(path) == (0, FIRST, 0o640)
    domain.PowerOff()
    assert ownership(path) == (0, 0, 0o600) and marks(path) == []
    domain.Start()
    pid = domain.ProcessID
    service.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    service.start()
    client.start_model()
    wait_until(lambda: ownership(path) == (0, 0, 0o600) and marks(path) == [], 'it is given back')
    # What everybody may read stays as it is.
    path.chmod(0o644)
    domain.Start()
    assert ownership(path) == (0, 0, 0o644)
    domain.PowerOff()


def test_a_device_is_lent_when_it_is_plugged_in(manager, node):
    path = node('hwrng', 1, 8)
    domain = start(manager, 'one')
    plugged = domain.AttachDevice(generator(path))
    assert ownership(path) == (0, FIRST, 0o640)
    assert plugged
    domain.PowerOff()
    assert ownership(path) == (0, 0, 0o600) and marks(path) == []


@pytest.mark.parametrize('devices, complaint', [
    ('<input type="evdev"><source dev="{}"/></input>', 'not an evdev device'),
    ('<input type="passthrough" bus="virtio"><source evdev="{}"/></input>', 'not an evdev device'),
    ('<tpm model="tpm-crb"><backend type="passthrough"><device path="{}"/></backend></tpm>', 'not a TPM device'),
    ('<hostdev mode="subsystem" type="usb"><source><address bus="99" device="99"/></source></hostdev>', ''),
])
def test_what_is_no_such_device_has_been_opened(service, manager, node, devices, complaint):
    """A null device says nothing that the emulator wants to hear, but it has asked."""
    path = node('event0', 1, 3)
    domain = manager.define(domain_xml(devices=devices.format(path)))
    message = refused(domain.Start, 'EmulatorFailed')
    assert complaint in message and 'Permission denied' not in message, message
    assert ownership(path) == (0, 0, 0o600) and marks(path) == []
    assert service.runtime_leftovers() == []


def test_memory_of_a_file(manager, directory):
    path = directory / 'nvdimm'
    path.write_bytes(bytes(1 << 20))
    os.truncate(path, 16 << 20)
    path.chmod(0o600)
    domain = start(manager, 'one', devices=f'<memory model="virtio-pmem" access="shared"><source><path>{path}</path>'
                   '</source><target><size unit="MiB">16</size></target></memory>',
                   extra='<maxMemory slots="4" unit="MiB">256</maxMemory><cpu><numa><cell id="0" cpus="0" memory="64" '
                   'unit="MiB"/></numa></cpu>', memory=80)
    uid, gid, _ = identity(domain)
    assert ownership(path) == (uid, gid, 0o600)
    assert 'another domain' in refused(manager.define(domain_xml('two', devices=disk(path))).Start, 'Busy')
    domain.PowerOff()
    assert ownership(path) == (0, 0, 0o600)
