# SPDX-License-Identifier: LGPL-2.1-or-later
"""Emulators that are stopped, as by a debugger or a freezer: only who asks them something waits."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
from virtbus import ERROR, DBusError, domain_xml, process_alive, process_stat, wait_until

DISK = '<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{}"/>' \
       '<target dev="{}" bus="virtio"/></disk>'
# Of a call that has nothing to wait for, on a slow machine.
PROMPT = 5


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / 'disk.img'
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.fixture
def halting(tmp_path):
    """An emulator that stops before it has said a word."""
    emulator = tmp_path / 'emulator'
    emulator.write_text('#!/bin/sh\ncase "$*" in *charmonitor*) kill -STOP $$;; esac\n'
                        'exec /usr/bin/qemu-system-x86_64 "$@"\n')
    emulator.chmod(0o755)
    return emulator


def check_prompt(manager):
    """The service has time for others."""
    began = time.monotonic()
    other = manager.define(domain_xml('other', memory=16))
    other.Start(paused=True)
    other.PowerOff()
    other.Undefine()
    assert time.monotonic() - began < PROMPT * float(os.environ.get('VIRTBUS_TEST_SLOWNESS', '1'))


def stopped(pid):
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'T'


@pytest.mark.parametrize('end', ['PowerOff', 'SIGKILL', 'SIGCONT', 'service'])
def test_at_its_start(service, client, manager, halting, end):
    domain = manager.define(domain_xml(emulator=str(halting)))
    outcome = domain.start('Start', paused=True)
    wait_until(lambda: domain.ProcessID, 'there is a process')
    pid = domain.ProcessID
    wait_until(lambda: stopped(pid), 'it is stopped')
    check_prompt(manager)
    if end == 'SIGCONT':
        os.kill(pid, signal.SIGCONT)
        client.finish_call(outcome)
        assert domain.State == 'paused'
        return
    if end == 'PowerOff':
        domain.PowerOff()
    elif end == 'SIGKILL':
        os.kill(pid, signal.SIGKILL)
    else:
        service.restart(signal.SIGKILL)
        client.start_model()
    if end != 'service':
        with pytest.raises(DBusError):
            client.finish_call(outcome)
    wait_until(lambda: domain.State == 'shutoff', 'it is off')
    assert not process_alive(pid) and service.runtime_leftovers() == []


def test_while_it_runs(service, client, manager, disk):
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    pid = domain.ProcessID
    os.kill(pid, signal.SIGSTOP)
    outcomes = [domain.start('Resume'), domain.start('AttachDevice', DISK.format(disk, 'vdb'), live=True)]
    check_prompt(manager)
    assert domain.ProcessID == pid and domain.GetXML()
    # A new service shows it as it was, and waits for it, too.
    service.restart(signal.SIGKILL)
    client.start_model()
    assert (domain.State, domain.ProcessID) == ('paused', pid)
    check_prompt(manager)
    assert all(isinstance(outcome[0], DBusError) for outcome in outcomes if outcome)
    domain.PowerOff()
    assert domain.State == 'shutoff' and not process_alive(pid)
    assert service.runtime_leftovers() == [] and disk.stat().st_uid == 0


def test_what_was_asked_of_it_ends_in_time(service, client, manager, disk):
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    os.kill(domain.ProcessID, signal.SIGSTOP)
    outcomes = [domain.start('Resume'), domain.start('AttachDevice', DISK.format(disk, 'vdb'), live=True)]
    for outcome in outcomes:
        with pytest.raises(DBusError) as refused:
            client.finish_call(outcome, 120 * float(os.environ.get('VIRTBUS_TEST_SLOWNESS', '1')))
        assert refused.value.name in (ERROR + 'Timeout', ERROR + 'Monitor'), refused.value
    os.kill(domain.ProcessID, signal.SIGCONT)

    def resumed():
        try:
            domain.Resume()
        except DBusError as error:
            assert error.name in (ERROR + 'Monitor', ERROR + 'Timeout', ERROR + 'InvalidState'), error
        return domain.State == 'running'
    wait_until(resumed, 'it runs again')
    domain.PowerOff()
    assert service.runtime_leftovers() == [] and disk.stat().st_uid == 0


def test_it_is_ended_while_it_is_stopped(service, client, manager):
    """It hears that it is to end, so that it is not killed in the end, with its images half written."""
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    pid = domain.ProcessID
    os.kill(pid, signal.SIGSTOP)
    domain.PowerOff()
    assert domain.State == 'shutoff' and not process_alive(pid)
    assert service.runtime_leftovers() == []
    assert 'is killed' not in service.log()


def test_one_that_does_not_hear_is_killed(service, client, manager, tmp_path):
    emulator = tmp_path / 'emulator'
    emulator.write_text('#!/bin/sh\ncase "$*" in *charmonitor*) trap "" TERM; /usr/bin/qemu-system-x86_64 "$@" & wait;;\n'
                        '*) exec /usr/bin/qemu-system-x86_64 "$@";; esac\n')
    emulator.chmod(0o755)
    domain = manager.define(domain_xml(emulator=str(emulator)))
    domain.Start(paused=True)
    pid = domain.ProcessID
    domain.PowerOff()
    assert domain.State == 'shutoff' and not process_alive(pid)
    assert service.runtime_leftovers() == [] and service.emulators() == []
    assert 'is killed' in service.log()


# Until its input ends. PTRACE_SEIZE stops nobody.
TRACE = '''
import ctypes, sys
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
print(ptrace(0x4206, int(sys.argv[1]), 0, 0), flush=True)
sys.stdin.read()
'''


def test_one_that_is_traced_when_it_dies(service, client, manager):
    """Its tracer keeps it from us, and nothing tells when that is over: the domain is off, and later nothing is left."""
    domain = manager.define(domain_xml())
    domain.Start(paused=True)
    pid = domain.ProcessID
    tracer = subprocess.Popen(['/usr/bin/python3', '-c', TRACE, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert tracer.stdout.readline() == b'0\n'
        os.kill(pid, signal.SIGKILL)
        domain.wait_state('shutoff')
        assert process_stat(pid)[0] == 'Z' and service.runtime_leftovers() == []
        domain.Start(paused=True)
        domain.PowerOff()
        tracer.communicate()
        wait_until(lambda: process_stat(pid) is None, 'it has been reaped')
    finally:
        tracer.kill()
        tracer.wait()
