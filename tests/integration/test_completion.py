# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shell completions and man pages know what the programs know."""

import os
import re
import subprocess

import pytest
from virtbus import BUILD, CONTRACT, SOURCE, TIMEOUT, VIRTBUSCTL, VIRTBUSD, domain_xml

COMPLETIONS = SOURCE / 'src/ctl/completions'


def output(*command, **named):
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False, **named)
    assert done.returncode == 0, done
    return done.stdout


def known():
    """The verbs and the options of virtbusctl, by its own word."""
    verbs, options = output(VIRTBUSCTL, '--help').split('Verbs:')[1].split('Options:')
    return (re.findall(r'^  ([a-z-]+)', verbs, re.M), re.findall(r'^  (--[a-z-]+)', options, re.M))


VERBS, OPTIONS = known()


@pytest.fixture
def path(tmp_path):
    """A PATH where virtbusctl is ours."""
    (tmp_path / 'virtbusctl').symlink_to(VIRTBUSCTL)
    return {**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'HOME': str(tmp_path)}


class Bash:
    FILE = COMPLETIONS / 'virtbusctl.bash'

    @staticmethod
    def complete(env, *words):
        script = (f'. {Bash.FILE}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _virtbusctl; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return output('bash', '-c', script, 'bash', 'virtbusctl', *words, env=env, cwd=COMPLETIONS).split('\n')[:-1]


class Fish:
    FILE = COMPLETIONS / 'virtbusctl.fish'

    @staticmethod
    def complete(env, *words):
        line = ' '.join(('virtbusctl', *words))
        said = output('fish', '--no-config', '-c', f'source {Fish.FILE}; complete -C "{line}"', env=env, cwd=COMPLETIONS)
        return [candidate.split('\t')[0] for candidate in said.splitlines()]


@pytest.mark.parametrize('shell', [Bash, Fish])
def test_verbs_and_options(path, shell):
    assert len(VERBS) > 20 and len(OPTIONS) > 10
    assert set(VERBS) <= set(shell.complete(path, ''))
    assert shell.complete(path, 'shutd') == ['shutdown', 'shutdown-all']
    for option in OPTIONS:
        # Of one verb's at least.
        assert any(option in {word.rstrip('=') for word in shell.complete(path, verb, option)} for verb in VERBS), option
    assert '--paused' not in shell.complete(path, 'list', '--')
    assert '--paused' in shell.complete(path, 'start', '--')


@pytest.mark.parametrize('shell', [Bash, Fish])
def test_names_of_domains_and_files(path, shell, service, manager):
    for name in ('alpha', 'alps', 'beta'):
        manager.define(domain_xml(name))
    address = f'--address={service.bus.address}'
    if shell is Bash:
        words = ('--address', service.bus.address, 'start')
    else:
        words = (address, 'start')
    assert sorted(shell.complete(path, *words, 'al')) == ['alpha', 'alps']
    assert sorted(shell.complete(path, 'autostart', 'alpha', 'o')) == ['off', 'on'] or shell is Fish
    assert 'virtbusctl.fish' in shell.complete(path, 'define', 'virtbusctl.f')


def test_zsh():
    """What it says it knows; the shell itself reads the file."""
    file = COMPLETIONS / '_virtbusctl'
    output('zsh', '-n', file)
    text = file.read_text()
    assert text.startswith('#compdef virtbusctl\n')
    for verb in VERBS:
        assert re.search(rf"^ +'{verb}:", text, re.M), verb
    for option in OPTIONS:
        assert re.search(rf"^ +'[*]?{option}=?\[", text, re.M), option


MAN = {'virtbusctl.1': SOURCE / 'src/ctl/virtbusctl.1', 'virtbusd.8': SOURCE / 'src/daemon/virtbusd.8',
       'virtbusd.conf.5': SOURCE / 'src/daemon/virtbusd.conf.5',
       'org.virtbus1.5': BUILD / 'dbus-interfaces/org.virtbus1.5'}


def page(name):
    """A man page as it is read, on one very long line a paragraph."""
    text = output('groff', '-man', '-Tascii', '-rLL=2000n', '-P-cbou', MAN[name])
    return re.sub(r'[ \t]+', ' ', text.replace('\u2010', '-'))


@pytest.mark.parametrize('name', MAN)
def test_pages_are_well_formed(name):
    done = subprocess.run(['groff', '-man', '-Tutf8', '-ww', '-z', MAN[name]], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (0, '')
    done = subprocess.run(['man', '--warnings', '-l', MAN[name]], capture_output=True, text=True, check=False,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    assert done.returncode == 0 and 'warning' not in done.stderr, done.stderr


def test_the_page_of_virtbusctl():
    text = page('virtbusctl.1')
    for word in VERBS:
        assert re.search(rf'^ {word}( [A-Z\[].*)?$', text, re.M), word
    for word in OPTIONS:
        assert re.search(rf'^ {word}\b', text, re.M), word


def test_the_page_of_virtbusd():
    text = page('virtbusd.8')
    options = re.findall(r'(--[a-z-]+)', output(VIRTBUSD, '--help'))
    assert len(options) > 8
    for word in options:
        assert word in text, word


def test_the_page_of_the_configuration():
    """Every key that a complaint says is accepted."""
    text = page('virtbusd.conf.5')
    sources = ''.join((SOURCE / path).read_text() for path in ('src/domain/limits.c', 'src/domain/networks.c',
                                                              'src/daemon/settings.c'))
    accepted = re.findall(r'is not known; accepted: ([^"]+)"', sources)
    assert len(accepted) == 5
    for words in accepted:
        for word in words.split(', '):
            assert (word if word.startswith('[') else f'{word}=') in text, word


def test_the_page_of_the_interfaces():
    text = page('org.virtbus1.5')
    for interface in CONTRACT.values():
        assert interface.name in text
        for member in (*interface.methods, *interface.signals):
            assert re.search(rf'^ {member.name}\(', text, re.M), member.name
        for prop in interface.properties:
            assert re.search(rf'^ {prop.name} {re.escape(prop.signature)}( |$)', text, re.M), prop.name
