# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever the service was started with and from, its guests are what they always are."""

import ctypes
import os
import pathlib
import signal

import pytest
from virtbus import WRAPPER, Client, DBusError, domain_xml

# What nohup, a careless shell, a desktop's launcher and an administrator's wrapper leave to what they start.
ODD_START = r'''
trap "" HUP INT QUIT PIPE USR1 USR2 ALRM CHLD TSTP TTIN TTOU WINCH
umask 0
cd /tmp
exec 6</etc/passwd 7</etc/hostname 8>/dev/null 9<>/dev/zero
ulimit -S -c unlimited
ulimit -S -f 1048576
ulimit -S -s 4096
export LD_BIND_NOW=1 QEMU_AUDIO_DRV=none TMPDIR=/nonexistent HOME=/root DISPLAY=:0 VIRTBUS_MARK=odd
echo 0 >/proc/self/coredump_filter
echo 300 >/proc/self/oom_score_adj
exec env --ignore-signal=CHLD prlimit --cpu=100000: chrt --batch 0 nice -n 5 ionice -c 3 taskset -c 0 \
    setarch --addr-no-randomize "$0" "$@"
'''
IOPRIO_WHO_PROCESS, SYS_IOPRIO_GET = 1, 252


def status(pid):
    text = pathlib.Path(f'/proc/{pid}/status').read_text()
    return dict(line.split(':', 1) for line in text.splitlines() if ':' in line)


def standing(pid):
    """All that a process keeps of the one that started it."""
    process = pathlib.Path(f'/proc/{pid}')
    limits = {line[:26].strip(): tuple(line[26:].split()[:2])
              for line in (process / 'limits').read_text().splitlines()[1:]}
    seen = status(pid)
    return {
        'limits': limits,
        'nice': os.getpriority(os.PRIO_PROCESS, pid),
        'policy': os.sched_getscheduler(pid),
        'io priority': ctypes.CDLL(None).syscall(SYS_IOPRIO_GET, IOPRIO_WHO_PROCESS, pid) >> 13,
        'processors': os.sched_getaffinity(pid),
        'personality': (process / 'personality').read_text().strip(),
        'core': (process / 'coredump_filter').read_text().strip(),
        'slack': (process / 'timerslack_ns').read_text().strip(),
        'out of memory': (process / 'oom_score_adj').read_text().strip(),
        'umask': seen['Umask'].strip(),
        'directory': os.readlink(process / 'cwd'),
        'ignored': ignored_signals(pid),
        'blocked': seen['SigBlk'].strip(),
        'environment': sorted(entry for entry in (process / 'environ').read_text().split('\0')
                              if entry and not entry.startswith('VIRTBUS_MARK=')),
        'marks': len([entry for entry in (process / 'environ').read_text().split('\0')
                      if entry.startswith('VIRTBUS_MARK=')]),
        'files': sorted(target for target in map(os.readlink, (process / 'fd').iterdir())
                        if target.startswith('/') and not target.endswith('log.pipe')),
        'session': os.getsid(pid) == pid,
        'privileges': seen['NoNewPrivs'].strip(),
    }


def ignored_signals(pid):
    mask = int(status(pid)['SigIgn'], 16)
    return {signal.Signals(number).name for number in range(1, 32) if mask & 1 << (number - 1)}


def test_guests_are_the_same_however_the_service_was_started(new_service, new_bus):
    found = []
    for wrapper in ([], ['sh', '-c', ODD_START]):
        service = new_service(bus=new_bus(), wrapper=[*wrapper, *WRAPPER]).start()
        client = Client(service.bus.address)
        domain = client.manager.define(domain_xml())
        domain.Start(paused=True)
        found.append(standing(domain.ProcessID))
        if wrapper:
            # The service is odd itself, or this shows nothing.
            own = standing(service.pid)
            assert {name for name in own if own[name] != found[0][name]} >= {
                'limits', 'nice', 'policy', 'io priority', 'personality', 'core', 'out of memory', 'umask',
                'ignored', 'environment'}, own
        domain.PowerOff()
        client.close()
    for name, value in found[0].items():
        assert found[1][name] == value, name
    assert found[0]['limits']['Max core file size'] == ('0', '0')
    # QEMU's own.
    assert found[0]['ignored'] == {'SIGPIPE'}
    assert found[0]['environment'] == ['LC_ALL=C', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']


def test_ends_are_seen_where_ends_of_children_are_ignored(new_service, tmp_path):
    """Whoever started us may have chosen not to hear of its children."""
    emulator = tmp_path / 'emulator'
    emulator.write_text('#!/bin/sh\ncase "$*" in *charmonitor*) exit 7;; esac\nexec /usr/bin/qemu-system-x86_64 "$@"\n')
    emulator.chmod(0o755)
    service = new_service(wrapper=['env', '--ignore-signal=CHLD', *WRAPPER]).start()
    client = Client(service.bus.address)
    domain = client.manager.define(domain_xml(emulator=str(emulator)))
    with pytest.raises(DBusError, match='exited with status 7'):
        domain.Start()
    client.close()
