# SPDX-License-Identifier: LGPL-2.1-or-later
"""Any process that the service has started for a domain is killed, or the service itself, while one that has several
starts, runs and ends. Points are drawn as in test_fault.py: VIRTBUS_FAULT_SEED draws the same again."""

import os
import pathlib
import random
import signal
import threading
import time

import pytest
import virtbus
from test_companions import PASST, TPM
from test_fault import SEED
from virtbus import ERROR, DBusError, domain_xml, process_alive, wait_until

POINTS = 60
# The longest that a victim is waited for.
PATIENCE = 2


def started_by(service):
    """All that the service has started and that is there, also before it is executed."""
    mark = f'VIRTBUS_MARK={service.runtime}/'.encode()
    found = set(virtbus.children_of(service.pid))
    for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
        try:
            if mark in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            pass
    return sorted(pid for pid in found if process_alive(pid))


class Killer(threading.Thread):
    def __init__(self, service, rng, seconds, spared):
        super().__init__(daemon=True)
        self.service, self.rng, self.spared, self.over, self.victim = service, rng, spared, False, None
        self.moment = time.monotonic() + rng.random() * seconds
        self.kills_service = rng.random() < 0.15

    def run(self):
        while time.monotonic() < self.moment and not self.over:
            time.sleep(0.001)
        end = time.monotonic() + PATIENCE
        while not self.over and not self.victim and time.monotonic() < end:
            found = [self.service.pid] if self.kills_service else \
                [pid for pid in started_by(self.service) if pid not in self.spared]
            if found:
                victim = self.rng.choice(found)
                name = virtbus.process_name(victim)
                try:
                    os.kill(victim, signal.SIGKILL)
                    self.victim = name
                except ProcessLookupError:
                    pass


def live(domain, marks):
    marks.append('starting')
    domain.Start(paused=True)
    marks.append('started')
    domain.Resume()
    domain.Suspend()
    domain.PowerOff()
    marks.append('stopped')


def look(service):
    mounts = pathlib.Path('/proc/self/mountinfo').read_text()
    return {'runtime': service.runtime_leftovers(), 'mounted': mounts.count(str(service.runtime)),
            'processes': started_by(service)}


@pytest.mark.parametrize('part', range(2))
def test_any_process_is_killed_at_any_point(service, client, manager, orphanage, part):
    rng = random.Random(SEED + 100 + part)
    bystander = manager.define(domain_xml('bystander', memory=16))
    bystander.Start(paused=True)
    domain = manager.define(domain_xml('guest', memory=16, devices=TPM + PASST.format('') + '<serial type="unix"/>'))
    began = time.monotonic()
    live(domain, [])
    seconds = time.monotonic() - began
    client.model = None
    before, killed = look(service), set()
    for number in range(POINTS // 2):
        marks, refused = [], None
        killer = Killer(service, rng, seconds, before['processes'])
        killer.start()
        try:
            live(domain, marks)
        except DBusError as caught:
            refused = caught
        killer.over = True
        killer.join()
        point = f'seed {SEED}, part {part}, point {number}: {killer.victim} was killed, {marks}, {refused}'
        killed.add(killer.victim)
        if not service.alive or killer.kills_service and killer.victim:
            service.process.wait(virtbus.TIMEOUT)
            service.start()
        elif refused is not None:
            assert refused.name.startswith(ERROR), point
        wait_until(lambda: domain.State in ('shutoff', 'paused', 'running'), point)
        try:
            domain.PowerOff()
        except DBusError as off:
            # It is, or its emulator is just being found to have gone.
            assert off.name == ERROR + 'InvalidState', point
        wait_until(lambda: look(service) == before, f'nothing is left; {point}; {before}, {look(service)}')
        assert bystander.State == 'paused', point
    assert len(killed - {None}) >= 3, killed
    service.check_log()
