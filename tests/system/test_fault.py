# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service is killed, or systemd executed anew, at drawn moments of a domain's life: systemd brings the service back, what
ran is found in its scope, and no scope is left. VIRTBUS_FAULT_SEED draws the same again."""

import os
import random
import time

from virtbus import domain_xml, wait_until

SEED = int(os.environ.get('VIRTBUS_FAULT_SEED', random.SystemRandom().randrange(1 << 32)))
POINTS = 24
KILL = 'systemctl kill --kill-whom=main --signal=KILL virtbusd.service'
AGAIN = 'systemctl daemon-reexec'


def live(xml, seconds, command):
    """How far a domain comes while that happens to it after so many seconds; its path, where it has one."""
    import subprocess
    done, path = [], None
    disturbance = subprocess.Popen(['sh', '-c', f'sleep {seconds}; {command}'])
    try:
        domain = manager.define(xml)
        done.append('define')
        path = domain.path
        domain.Start(paused=True)
        done.append('start')
        domain.Resume()
        domain.Suspend()
        done.append('suspend')
        domain.PowerOff()
        done.append('stop')
        domain.Undefine()
        done.append('undefine')
    except DBusError as error:
        done.append(f'{error.name}: {error.message}')
    disturbance.wait()
    return done, path


def end_all():
    """Whatever is there, but the bystander."""
    for domain in manager.domains():
        if domain.Name == 'bystander':
            continue
        try:
            domain.PowerOff()
        except DBusError as error:
            assert error.name.endswith('InvalidState'), error
        domain.Undefine()
    return [entry[0] for entry in manager.ListDomains()]


def scopes(machine):
    listed = machine.run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'virtbus-*.scope')
    return sorted(line.split()[0] for line in listed.splitlines() if line.strip())


def test_the_service_dies_at_any_moment(machine, tidy):
    rng = random.Random(SEED)
    root = machine.become('root')
    bystander = root.define(domain_xml('bystander', memory=16))
    root.domain(bystander, 'Start', paused=True)
    pid, unit = root.get(bystander, 'ProcessID'), root.get(bystander, 'Unit')
    began = time.monotonic()
    done, _ = root(live, domain_xml('guest', memory=16), 0, 'true')
    assert done == ['define', 'start', 'suspend', 'stop', 'undefine']
    seconds = time.monotonic() - began
    wait_until(lambda: scopes(machine) == [unit], 'only the bystander has a scope')
    for number in range(POINTS):
        command = rng.choices([KILL, AGAIN], [5, 1])[0]
        moment = rng.random() * seconds
        point = f'seed {SEED}, point {number}: {command} after {moment} s'
        before = machine.show('virtbusd.service', 'MainPID')
        done, path = root(live, domain_xml('guest', memory=16), moment, command)
        point += f', {done}'
        if command == KILL:
            wait_until(lambda: machine.show('virtbusd.service', 'MainPID') not in (before, '0'), f'it is back; {point}')
        else:
            assert done[-1] == 'undefine', point
        if 'start' in done and 'stop' not in done:
            # Found again, where it was; unless it was being ended.
            running = root.get(path, 'State') != 'shutoff'
            assert running or 'suspend' in done, point
            if running:
                assert root.get(path, 'Unit') in scopes(machine), point
        assert root(end_all) == ['bystander'], point
        wait_until(lambda: scopes(machine) == [unit] and list(machine.emulators()) == [pid], f'nothing is left; {point}')
        assert root.get(bystander, 'ProcessID') == pid, point
    root.close()
