# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one measure, or all, and prints each as

    NAME: VALUE UNIT, floor VALUE UNIT, ratio R (limit L)

with the floor (what QEMU, the bus or the disk needs anyway) measured in the same run, and a limit that is a ratio or,
with a unit, a value. Usage: bench.py [NAME...]; VIRTBUS_BUILD is the build directory. Give it a machine that does
nothing else."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / 'tests/integration'))
import authority  # noqa: E402
import test_scopes  # noqa: E402
import virtbus  # noqa: E402
from virtbus import domain_xml  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20
NUMBERED = domain_xml('guest-@N@', uuid='8cb8f6a5-5bd0-4ef2-b4d4-0000@N@', title='The title of guest @N@')

results = []


def tell(name, value, unit, floor, limit, limit_unit=None, digits=2):
    """Prints a result; limit is a ratio unless it has a unit."""
    measured = value if limit_unit else value / floor
    results.append(measured <= limit)
    bound = f'{limit:g} {limit_unit}' if limit_unit else f'{limit:g}'
    print(f'{name}: {value:.{digits}f} {unit}, floor {floor:.{digits}f} {unit}, ratio {value / floor:.2f} (limit {bound})'
          f'{"" if results[-1] else "  EXCEEDED"}', flush=True)


@contextlib.contextmanager
def service(environment=None, disk=False, uid=None):
    """A service of our own, its runtime directory in memory, as /run is; with disk, its definitions are where a sync
    means something."""
    base = pathlib.Path(tempfile.mkdtemp(prefix='vb-', dir='/var/tmp' if disk else '/tmp'))
    base.chmod(0o755)
    memory = pathlib.Path(tempfile.mkdtemp(prefix='vb-', dir='/dev/shm'))
    orphanage = virtbus.Orphanage()
    bus = virtbus.Bus(base)
    place = base / 's'
    place.mkdir()
    cache = place / 'cache' if uid else base / 'cache'
    for path in (place, memory) if uid else ():
        os.chown(path, uid, uid)
    made = virtbus.Service(bus, place, cache, environment=environment, uid=uid)
    made.arguments = [argument.replace(str(made.runtime), str(memory)) for argument in made.arguments]
    made.runtime = memory
    try:
        made.start()
        made.client = virtbus.Connection(bus.address)
        made.manager = virtbus.Manager(made.client, virtbus.ROOT)
        yield made
    finally:
        made.stop()
        orphanage.kill_all()
        bus.close()
        shutil.rmtree(base)
        # Rooms of guests that were running.
        for sockets in memory.glob('domains/*/sockets'):
            subprocess.run(['umount', sockets], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(memory)


def run(program, *arguments):
    """What a measuring program printed: (median, p99, maximum) in microseconds, by name."""
    done = subprocess.run([virtbus.BUILD / 'tests/bench' / program, *map(str, arguments)], stdout=subprocess.PIPE,
                          text=True, check=True)
    return {words[0]: tuple(map(float, words[1:])) for words in map(str.split, done.stdout.splitlines())}


def minimal():
    """The smallest q35 domain there is."""
    return domain_xml('bench')


def bench_start():
    """Start and end of a paused domain, against the same command line without anybody around it."""
    with service() as made:
        domain = made.manager.define(minimal())
        argv = made.manager.DescribeCommandLine(minimal())
        domain.Start(paused=True)
        domain.PowerOff()
        got = run('bench-guest', 'start', made.bus.address, domain.path, 15, made.directory / 'bare', *argv)
    tell('start', got['start'][0] / 1e3, 'ms', got['start-floor'][0] / 1e3, 1.3)
    tell('power off (bare: quit)', got['poweroff'][0] / 1e3, 'ms', got['end-quit'][0] / 1e3, 2)
    tell('power off (bare: SIGTERM)', got['poweroff'][0] / 1e3, 'ms', got['end-term'][0] / 1e3, 2)
    tell('power off (bare: SIGKILL)', got['poweroff'][0] / 1e3, 'ms', got['end-kill'][0] / 1e3, 2)


def bench_identity():
    """A start with a user of its own, labels and a scope, against one without, in turns; what stands for systemd makes
    units of nothing, so that its own time is not in it."""
    with service() as made, service(uid=virtbus.OWNER) as plain:
        systemd = test_scopes.Systemd(made.bus.address)
        took = {it: [] for it in (made, plain)}
        disk = '<disk type="file" device="disk"><source file="{}"/><target dev="vda" bus="virtio"/></disk>'
        domains = {}
        for it in took:
            image = it.directory / 'disk.img'
            image.write_bytes(bytes(MIB))
            os.chown(image, it.uid or 0, it.uid or 0)
            domains[it] = it.manager.define(domain_xml('bench', devices=disk.format(image)))
        for _ in range(32):
            for it, domain in domains.items():
                began = time.monotonic()
                domain.Start(paused=True)
                took[it].append(time.monotonic() - began)
                uid = os.stat(f'/proc/{domain.ProcessID}').st_uid
                assert uid == it.uid if it.uid else uid >= 2100000000
                domain.PowerOff()
        assert systemd.units
        systemd.close()
    # The first of each asks the emulator what it is.
    both = [(mine - others) * 1e3 for mine, others in list(zip(*took.values()))[2:]]
    floor = statistics.median(took[plain][2:]) * 1e3
    tell('start with scope, identity and labels', floor + statistics.median(both), 'ms', floor, floor + 15, 'ms')


def bench_suspend():
    """Suspend against the bare QMP command to an emulator with the same command line."""
    with service() as made:
        domain = made.manager.define(minimal())
        argv = made.manager.DescribeCommandLine(minimal())
        domain.Start(paused=True)
        got = run('bench-guest', 'suspend', made.bus.address, domain.path, 300, made.directory / 'bare', *argv)
    tell('suspend', got['suspend'][0], 'us', got['stop'][0], 2, digits=0)
    tell('resume', got['resume'][0], 'us', got['cont'][0], 2, digits=0)


def bench_events():
    """From QEMU's timestamp of an event to the signal at a client; the floor is a monitor of the client's own."""
    with service() as made:
        emulator = made.directory / 'qemu-two-monitors'
        # The guest runs as a user of its own.
        place = made.directory / 'open'
        place.mkdir()
        place.chmod(0o777)
        second = place / 'second'
        emulator.write_text('#!/bin/sh\ncase "$*" in\n*charmonitor*)\n'
                            f'exec {virtbus.QEMU} "$@" -qmp unix:{second},server=on,wait=off;;\n'
                            f'esac\nexec {virtbus.QEMU} "$@"\n')
        emulator.chmod(0o755)
        domain = made.manager.define(domain_xml('bench', emulator=emulator))
        domain.Start()
        got = run('bench-guest', 'events', made.bus.address, domain.path, 400, second)
    tell('event to signal', got['event'][0], 'us', got['monitor'][0], 400, 'us', digits=0)


def bench_read():
    """Reading properties of a domain that runs, against Ping."""
    with service() as made:
        domain = made.manager.define(minimal())
        domain.Start(paused=True)
        run('bench-bus', 'read', made.bus.address, domain.path, 200)
        got = run('bench-bus', 'read', made.bus.address, domain.path, 3000)
    tell('property', got['get'][0], 'us', got['ping'][0], 1.5, digits=1)
    tell('all properties', got['get-all'][0], 'us', got['ping'][0], 3, digits=1)


def template(made, text=NUMBERED):
    path = made.directory / 'template.xml'
    path.write_text(text)
    return path


def define(made, first, times, depth=64):
    """Many domains, quickly."""
    return run('bench-bus', 'pipeline', made.bus.address, template(made), first, times, depth)


def bench_memory():
    """Resident memory; the floors are a program that does nothing but hold a bus connection, and the size of a
    definition's file."""
    with service() as made:
        idle = virtbus.memory_rss(made.pid)
        holder = subprocess.Popen(['busctl', f'--address={made.bus.address}', 'monitor', 'org.virtbus1'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        holder.stderr.readline()
        floor = virtbus.memory_rss(holder.pid)
        holder.kill()
        holder.wait()
        tell('memory without domains', idle / MIB, 'MiB', floor / MIB, 16, 'MiB')

        define(made, 0, 1)
        one = virtbus.memory_rss(made.pid)
        define(made, 1, 1000)
        many = virtbus.memory_rss(made.pid)
        file = made.definition_file(made.manager.domains()[0]).stat().st_size
        tell('memory of each of 1,000 domains', (many - one) / 1000 / KIB, 'KiB', file / KIB, 20, 'KiB')
        tell('memory of each of 1,000 domains, from none', (many - idle) / 1000 / KIB, 'KiB', file / KIB, 20, 'KiB')


def bench_list():
    """Lists of 1,000 domains; the floor is Ping."""
    with service() as made:
        define(made, 0, 1000)
        got = run('bench-bus', 'list', made.bus.address, 50, 'guest-00000500')
    tell('ListDomains of 1,000', got['list'][0] / 1e3, 'ms', got['ping'][0] / 1e3, 15, 'ms')
    tell('GetManagedObjects of 1,000', got['objects'][0] / 1e3, 'ms', got['ping'][0] / 1e3, 120, 'ms')


def bench_define():
    """1,000 definitions, against writing and syncing the same files."""
    with service(disk=True) as made:
        define(made, 0, 10)
        sample = made.manager.domains()[0]
        floor = made.directory / 'floor'
        floor.mkdir()
        files = sorted(made.definition_file(sample).parent.iterdir())
        got = run('bench-bus', 'define', made.bus.address, template(made), 100, 1000, floor, *files)
        tell('definition, one after the other', got['define'][0] / 1e3, 'ms', got['floor'][0] / 1e3, 1.5, digits=3)
        piped = define(made, 2000, 1000, 32)
        tell('definition, 32 under way', piped['define'][0] / 1e3, 'ms', got['floor'][0] / 1e3, 1.5, digits=3)


def bench_sync():
    """What others notice of definitions on a disk whose every sync takes 20 ms: Ping, against Ping when nothing else
    happens."""
    with service(disk=True) as made:
        domain = made.manager.define(minimal())
        quiet = run('bench-bus', 'read', made.bus.address, domain.path, 2000)['ping']
    with tempfile.TemporaryDirectory(prefix='vb-') as place:
        library = pathlib.Path(place) / 'slow-sync.so'
        subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', library, SOURCE / 'tests/integration/slow-sync.c',
                        '-ldl'], check=True)
        with service({'LD_PRELOAD': str(library), 'VIRTBUS_SYNC_USEC': '20000'}, disk=True) as made:
            made.manager.define(minimal())
            busy = define(made, 0, 50, 8)
    tell('Ping beside slow syncs, median', busy['ping'][0] / 1e3, 'ms', quiet[0] / 1e3, 5, 'ms', digits=3)
    tell('Ping beside slow syncs, longest', busy['ping'][2] / 1e3, 'ms', quiet[2] / 1e3, 20, 'ms', digits=3)


def bench_scale():
    """10,000 domains: ten times the first thousand, in everything at most ten times (and a little for noise)."""
    with service(disk=True) as made:
        before = virtbus.memory_rss(made.pid)
        times, lists, memory = [], [], []
        floor = made.directory / 'floor'
        floor.mkdir()
        for thousand in range(10):
            got = run('bench-bus', 'define', made.bus.address, template(made), thousand * 1000, 1000, floor)
            times.append(got['define'][0])
            if thousand in (0, 9):
                lists.append(run('bench-bus', 'list', made.bus.address, 20, 'guest-00000500'))
                memory.append(virtbus.memory_rss(made.pid) - before)
        tell('definition among 10,000 (floor: among 1,000)', times[-1] / 1e3, 'ms', times[0] / 1e3, 1.2, digits=3)
        for name in ('list', 'objects'):
            tell(f'{name} of 10,000 (floor: of 1,000)', lists[1][name][0] / 1e3, 'ms', lists[0][name][0] / 1e3, 12)
        tell('find among 10,000 (floor: among 1,000)', lists[1]['find'][0], 'us', lists[0]['find'][0], 1.2)
        tell('memory of 10,000 (floor: of 1,000)', memory[1] / MIB, 'MiB', memory[0] / MIB, 11)


def bench_probe():
    """Asking an emulator, against starting it bare. The whole catalogue is on all processors."""
    with tempfile.TemporaryDirectory(prefix='vb-') as place:
        got = run('bench-probe', virtbus.QEMU, 'x86_64', 'q35', 15, place)
    floor = got['start'][0] / 1e3
    tell('first use of a machine type', got['first-machine'][0] / 1e3, 'ms', floor, 2.5)
    tell('the same with all that a start wants to know', got['first'][0] / 1e3, 'ms', floor, 4)
    tell('another machine type', got['next'][0] / 1e3, 'ms', floor, 2.5)
    tell('what was asked, from its file', got['read'][0] / 1e3, 'ms', floor, 2)
    tell('what was asked, from memory', got['warm'][0] / 1e3, 'ms', floor, 1, 'ms', digits=4)
    tell('every machine type of x86_64', got['catalogue'][0] / 1e6, 's', floor / 1e3, 15, 's', digits=3)
    tell('file of an emulator', got['size'][0] / KIB, 'KiB', 1, 1024, 'KiB')


def forty_devices():
    """A q35 domain with 20 root ports and 20 devices on them."""
    disks = ''.join(f"<disk type='file'><source file='{SOURCE}/COPYING'/><target dev='vd{chr(97 + n)}' bus='virtio'/><readonly/></disk>"
                    for n in range(9))
    cards = ''.join("<interface type='user'><model type='virtio'/></interface>" for _ in range(9))
    return domain_xml('forty', devices=disks + cards)


def bench_verify():
    """Finding out whether the machine is the one asked for, against what QEMU takes to show its device tree."""
    with service() as made:
        argv = made.manager.DescribeCommandLine(forty_devices())
        got = run('bench-verify', 50, *argv)
    tell(f'verify {sum(word == "-device" for word in argv)} devices', got['verify'][0] / 1e3, 'ms', got['tree'][0] / 1e3,
         3, 'ms')


def bare_machine(name):
    """Milliseconds of a bare emulator's life: started as that machine type, until it speaks and has been ended."""
    started = time.monotonic()
    process = subprocess.Popen(['/usr/bin/qemu-system-x86_64', '-S', '-machine', name, '-accel', 'tcg', '-display', 'none',
                                '-nodefaults', '-no-user-config', '-qmp', 'stdio'], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    process.stdin.write(b'{"execute":"qmp_capabilities"}{"execute":"quit"}\n')
    process.stdin.flush()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    return (time.monotonic() - started) * 1e3


def bench_machines():
    """The first use of a machine type, and the first description, against a bare start of the same; then all at once."""
    with service() as made:
        names = sorted(machine['Name'] for machine in made.manager.ListMachineTypes('x86_64'))
        timed = {'use': [], 'description': [], 'floor': []}
        made.manager.ValidateDomain(minimal())
        for i, name in enumerate(name for name in names if name.startswith('pc-')):
            if i % 2:
                call = (made.manager.ValidateDomain, domain_xml('bench', machine=name))
            else:
                call = (made.manager.DescribeMachineType, 'x86_64', name)
            started = time.monotonic()
            call[0](*call[1:])
            timed['use' if i % 2 else 'description'].append((time.monotonic() - started) * 1e3)
            timed['floor'].append(bare_machine(name))
        floor = statistics.median(timed['floor'])
        tell('first use of a machine type, over the bus', statistics.median(timed['use']), 'ms', floor, 2.5)
        tell('first description of a machine type', statistics.median(timed['description']), 'ms', floor, 2.5)
    with service() as made:
        started = time.monotonic()
        outcomes = [made.manager.start('DescribeMachineType', 'x86_64', name) for name in names]
        for outcome in outcomes:
            made.client.finish_call(outcome, 60)
        tell('all descriptions of x86_64 at once', time.monotonic() - started, 's', floor / 1e3, 15, 's')


@contextlib.contextmanager
def system_service():
    """A service that takes a bus of ours for the system's, with a polkitd that grants "bin" what is its own; and the
    path of a domain of that user's."""
    base = pathlib.Path(tempfile.mkdtemp(prefix='vb-', dir='/tmp'))
    base.chmod(0o755)
    bus = authority.SystemBus(base)
    polkit = authority.Polkit(bus, base / 'polkit', '''polkit.addRule(function(action, subject) {
        if (action.id.indexOf("org.virtbus1.own.") == 0 && subject.user == "bin") return polkit.Result.YES; });''')
    place = base / 's'
    place.mkdir()
    made = virtbus.Service(bus, place, base / 'cache')
    user = None
    try:
        made.start()
        user = authority.User(bus.address, virtbus.OWNER)
        yield made, user.define(minimal())
    finally:
        if user:
            user.close()
        made.stop()
        polkit.close()
        bus.close()
        shutil.rmtree(base)


def authorised(made, domain, times):
    return run('bench-bus', 'authorised', made.bus.address, domain, times, virtbus.OWNER)


def bench_polkit():
    """A call that the owner is authorised for, against what polkit alone takes to say so."""
    with system_service() as (made, domain):
        authorised(made, domain, 100)
        got = authorised(made, domain, 1000)
        tell('authorised call', got['call'][0], 'us', got['polkit'][0], got['polkit'][0] + 1000, 'us', digits=0)


def bench_waiting():
    """The p99 of calls of one user, while 200 calls of another wait for a password; the floor is without them."""
    with system_service() as (made, domain):
        authorised(made, domain, 100)
        idle = authorised(made, domain, 1500)
        user = authority.User(made.bus.address, virtbus.OTHER)
        agent = authority.Agent(made.bus.address, user.pid, user.uid)
        for i in range(200):
            user.start(virtbus.ROOT, virtbus.MANAGER, 'DefineDomain', '(sa{sv})', minimal(), {}, interactive=True,
                       connection=i)
        agent.wait_prompt()
        waiting = authorised(made, domain, 1500)
        tell('authorised call, 200 wait (p99)', waiting['call'][1], 'us', idle['call'][1], 2, digits=0)
        tell('ping, 200 wait (p99)', waiting['ping'][1], 'us', idle['ping'][1], 2, digits=0)
        user.close()
        agent.close()


def bench_room():
    """A domain's directories, with the small file system for its sockets, for a user of its own; the floor is what the
    kernel takes for them."""
    place = pathlib.Path(tempfile.mkdtemp(prefix='vb-', dir='/dev/shm'))
    try:
        run('bench-room', 20, place)
        got = run('bench-room', 200, place)
    finally:
        shutil.rmtree(place)
    tell("a domain's room", got['room'][0] / 1e3, 'ms', got['floor'][0] / 1e3, 2, 'ms', digits=3)


def negotiate(path):
    """What there is to do at least to have a monitor."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(str(path))
        stream = monitor.makefile('rwb')
        stream.readline()
        stream.write(b'{"execute":"qmp_capabilities"}\n')
        stream.flush()
        stream.readline()


def bench_reconnect():
    """From the start of a service that was killed until it shows all guests, VIRTBUS_BENCH_GUESTS or 100 of them; the
    floor is a client's handshake with each of their monitors, one after the other."""
    count = int(os.environ.get('VIRTBUS_BENCH_GUESTS', 100))
    with service() as made:
        domains = [made.manager.define(domain_xml(f'guest-{n}', machine='isapc', memory=16, features=''))
                   for n in range(count)]
        for domain in domains:
            domain.Start(paused=True)
        made.stop(signal.SIGKILL)
        began = time.monotonic()
        for domain in domains:
            negotiate(made.runtime_directory(domain) / 'monitor/qmp.sock')
        floor = time.monotonic() - began
        began = time.monotonic()
        made.start()
        while any(domain.State != 'paused' for domain in domains):
            pass
        took = time.monotonic() - began
    tell(f'reconnecting to {count} guests', took, 's', floor, 2 * count / 100, 's', digits=3)


def main():
    benches = {name.removeprefix('bench_'): function for name, function in globals().items()
               if name.startswith('bench_')}
    unknown = set(sys.argv[1:]) - set(benches)
    if unknown:
        sys.exit(f'there is no measure {" ".join(unknown)}; there are {" ".join(benches)}')
    for name in sys.argv[1:] or benches:
        benches[name]()
    print(f'{sum(results)} of {len(results)} within their limits')


if __name__ == '__main__':
    os.environ.setdefault('LC_ALL', 'C.UTF-8')
    main()
