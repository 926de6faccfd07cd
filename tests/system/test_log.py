# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests print, with a real journald: in the journal as their own unit's, with or without the service, and with
virtbusctl for those who may."""

import json
import shlex

import pytest
from machine import RemoteError
from virtbus import domain_xml, wait_until


@pytest.fixture
def start():
    """Starts a new domain of an actor's; its path."""
    started = []

    def start(actor, name):
        path = actor.define(domain_xml(name))
        started.append((actor, path))
        actor.domain(path, 'Start')
        return path
    yield start
    for actor, path in started:
        if actor.get(path, 'State') != 'shutoff':
            actor.domain(path, 'PowerOff')
        actor.domain(path, 'Undefine')


def identifier(path):
    return 'virtbus-' + path.rsplit('/', 1)[1]


def say(machine, actor, path, words):
    """As the emulator would."""
    pid = actor.get(path, 'ProcessID')
    machine.run('sh', '-c', f'echo {shlex.quote(words)} > /proc/{pid}/fd/2')


def journal(machine, *matches):
    """Messages of this boot, and the units that they are of where the journal has still seen the process."""
    lines = machine.run('journalctl', '--boot', '--output=json', '--output-fields=MESSAGE,_SYSTEMD_UNIT', *matches)
    entries = [json.loads(line) for line in lines.splitlines()]
    return [(entry['MESSAGE'], entry.get('_SYSTEMD_UNIT')) for entry in entries]


def heard(machine, path, *words):
    """The journal has that of the domain, and nothing else."""
    expected = [(word, f'{identifier(path)}.scope') for word in words]
    wait_until(lambda: len(journal(machine, '-t', identifier(path))) >= len(expected), 'it is in the journal', step=0.1)
    assert journal(machine, '-t', identifier(path)) == expected
    own = journal(machine, f'_SYSTEMD_UNIT={identifier(path)}.scope')
    assert own == expected


def kill_service(machine):
    before = machine.show('virtbusd.service', 'MainPID')
    machine.run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'virtbusd.service')
    wait_until(lambda: machine.show('virtbusd.service', 'MainPID') not in (before, '0'), 'the service has come back')


# Sent to actors: ---------------------------------------------------------------------------------------------------

def virtbusctl(*arguments):
    """Its exit status, and what it printed."""
    done = subprocess.run(['virtbusctl', *arguments], capture_output=True, text=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, check=False)
    return [done.returncode, done.stdout, done.stderr]


def journal_of(name):
    return subprocess.run(['journalctl', '--quiet', '-t', name], capture_output=True, text=True, timeout=TIMEOUT,
                          check=False).stdout


def start_to_follow(name):
    kept['log'] = subprocess.Popen(['virtbusctl', 'log', '-f', name], stdout=subprocess.PIPE, text=True,
                                   stdin=subprocess.DEVNULL)


def next_line():
    return kept['log'].stdout.readline()


def end_following():
    """Whether it was still there."""
    there = kept['log'].poll() is None
    kept['log'].kill()
    kept['log'].wait()
    return there


# -------------------------------------------------------------------------------------------------------------------

def test_the_journal_has_each_domains_lines(machine, root, alice, start):
    one, other = start(root, 'one'), start(alice, 'other')
    say(machine, root, one, 'of one')
    say(machine, alice, other, 'of other')
    heard(machine, one, 'of one')
    heard(machine, other, 'of other')


def test_it_needs_no_service_for_that(machine, root, start):
    path = start(root, 'one')
    pid = root.get(path, 'ProcessID')
    say(machine, root, path, 'before')
    heard(machine, path, 'before')
    machine.run('systemctl', 'kill', '--kill-whom=main', '--signal=STOP', 'virtbusd.service')
    machine.run('sh', '-c', f'echo meanwhile > /proc/{pid}/fd/2')
    heard(machine, path, 'before', 'meanwhile')
    kill_service(machine)
    say(machine, root, path, 'after')
    heard(machine, path, 'before', 'meanwhile', 'after')
    assert root.get(path, 'ProcessID') == pid


def copier_of(machine, path):
    """Who copies, and is in the guest's scope."""
    group = machine.show(f'{identifier(path)}.scope', 'ControlGroup')
    places = machine.run('find', '/sys/fs/cgroup', '-path', f'*{group}/cgroup.procs').split()
    pids = {pid for place in places for pid in machine.run('cat', place).split()}
    return [pid for pid in sorted(pids) if machine.run('cat', f'/proc/{pid}/comm').strip() == 'virtbus-log']


def test_another_that_copies_is_in_the_scope_too(machine, root, start):
    path = start(root, 'one')
    say(machine, root, path, 'before')
    heard(machine, path, 'before')
    (first,) = copier_of(machine, path)
    machine.run('kill', '-KILL', first)
    wait_until(lambda: copier_of(machine, path) not in ([], [first]), 'there is another')
    say(machine, root, path, 'after')
    heard(machine, path, 'before', 'after')
    # It would be ended with the service.
    machine.run('systemctl', 'restart', 'virtbusd.service')
    say(machine, root, path, 'later')
    heard(machine, path, 'before', 'after', 'later')


def test_a_journal_that_is_started_again(machine, root, start):
    path = start(root, 'one')
    say(machine, root, path, 'before')
    heard(machine, path, 'before')
    machine.run('systemctl', 'restart', 'systemd-journald.service')
    say(machine, root, path, 'after')
    heard(machine, path, 'before', 'after')


def test_the_last_words_are_in_the_error_and_the_journal(machine, root):
    xml = domain_xml('one', extra='<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">'
                                  '<qemu:arg value="-nonsense"/></qemu:commandline>')
    path = root.define(xml)
    with pytest.raises(RemoteError) as caught:
        root.domain(path, 'Start')
    words = 'qemu-system-x86_64: -nonsense: invalid option'
    assert words in str(caught.value)
    # Who said it has gone so quickly that the journal may not have found out its unit.
    wait_until(lambda: journal(machine, '-t', identifier(path)), 'it is in the journal', step=0.1)
    assert [message for message, _ in journal(machine, '-t', identifier(path))] == [words]
    root.domain(path, 'Undefine')


def test_users_read_their_own(machine, root, alice, bob, start):
    hers, roots = start(alice, 'hers'), start(root, 'roots')
    say(machine, alice, hers, 'of hers')
    say(machine, root, roots, 'of roots')
    heard(machine, hers, 'of hers')
    heard(machine, roots, 'of roots')
    # The journal would not tell her.
    assert 'of hers' not in alice(journal_of, identifier(hers))
    wait_until(lambda: alice(virtbusctl, 'log', 'hers')[1], 'it has been copied')
    assert alice(virtbusctl, 'log', 'hers') == [0, 'of hers\n', '']
    assert alice(virtbusctl, 'log', 'alice/hers') == [0, 'of hers\n', '']
    for actor, name in ((bob, 'alice/hers'), (bob, 'root/roots'), (alice, 'root/roots')):
        for option in ((), ('-f',)):
            status, said, error = actor(virtbusctl, 'log', *option, name)
            assert (status, said) == (1, '') and 'virtbusctl: ' in error and 'uthori' in error, (status, said, error)


def test_a_user_follows_his_own(machine, alice, start):
    path = start(alice, 'hers')
    say(machine, alice, path, 'one')
    alice(start_to_follow, 'hers')
    assert alice(next_line) == 'one\n'
    kill_service(machine)
    say(machine, alice, path, 'two')
    assert alice(next_line) == 'two\n'
    assert alice(end_following)
