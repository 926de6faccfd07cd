# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shell completions and man pages know what the programs know."""

import os
import re
import select
import shlex
import subprocess
import time

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


class Shell:
    """An interactive one in a terminal. Ctrl+G prints the line as it stands."""

    def __init__(self, env, *command, setup):
        self.terminal, slave = os.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env={**env, 'TERM': 'dumb'},
                                        start_new_session=True, cwd=env['HOME'])
        os.close(slave)
        self.said = b''
        for line in setup:
            self.type(line + '\n')
        self.type('echo "set" up\n')
        self.expect(rb'set up')

    def type(self, text):
        os.write(self.terminal, text.encode())

    def expect(self, pattern):
        deadline = time.monotonic() + TIMEOUT
        while not (match := re.search(pattern, self.said)):
            left = deadline - time.monotonic()
            assert left > 0, (pattern, self.said)
            if select.select([self.terminal], [], [], left)[0]:
                self.said += os.read(self.terminal, 65536)
        self.said = self.said[match.end():]
        return match

    def line(self, typed):
        """What has become of a line; it is not run."""
        self.type(typed)
        self.type('\x07')
        found = self.expect(rb'<<([^\r\n]*)>>')[1].decode()
        self.type('\x15')
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


class Bash:
    FILE = COMPLETIONS / 'virtbusctl.bash'
    SETUP = ('set enable-bracketed-paste off', 'set bell-style none')

    @classmethod
    def shell(cls, env):
        return Shell(env, 'bash', '--norc', '--noprofile', '-i',
                     setup=[*(f"bind '{line}'" for line in cls.SETUP), 'PS1=',
                            '. /usr/share/bash-completion/bash_completion', f'. {cls.FILE}',
                            r"""bind '"\e*": insert-completions'""",
                            r"""bind -x '"\C-g": printf "<<%s>>\n" "$READLINE_LINE"'"""])

    @classmethod
    def complete(cls, env, *words):
        """All candidates for the last word, by the key that inserts them."""
        typed = ' '.join(('virtbusctl', *words))
        shell = cls.shell(env)
        try:
            line = shell.line(f'{typed}\x1b*')
        finally:
            shell.close()
        return [] if line == typed else shlex.split(line)[len(words):]


class Zsh:
    @staticmethod
    def shell(env):
        return Shell(env, 'zsh', '-f', '-i',
                     setup=['PS1= RPS1= PROMPT_EOL_MARK=', 'unsetopt beep prompt_cr zle_bracketed_paste 2>/dev/null',
                            f'fpath=({COMPLETIONS} $fpath)', 'autoload -U compinit; compinit -u -D',
                            'show() { print -r -- "<<$BUFFER>>" }; zle -N show; bindkey -e; bindkey "^G" show'])


class Fish:
    FILE = COMPLETIONS / 'virtbusctl.fish'

    @staticmethod
    def complete(env, *words):
        line = ' '.join(('virtbusctl', *words))
        said = output('fish', '--no-config', '-c', f"source {Fish.FILE}; complete -C '{line}'", env=env, cwd=env['HOME'])
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
def test_names_of_domains_and_files(path, shell, service, manager, tmp_path):
    for name in ('alpha', 'alps', 'beta'):
        manager.define(domain_xml(name))
    for address in ((f'--address={service.bus.address}',), ('--address', service.bus.address)):
        assert sorted(shell.complete(path, *address, 'start', 'al')) == ['alpha', 'alps']
        assert sorted(shell.complete(path, *address, 'start', '--secret', 'key=/dev/null', 'al')) == ['alpha', 'alps']
    assert sorted(shell.complete(path, 'autostart', 'alpha', 'o')) == ['off', 'on']
    (tmp_path / 'definition.xml').touch()
    assert 'definition.xml' in shell.complete(path, 'define', 'defi')


NAMES = {'x$(touch mark)': r'x\$', 'y`touch mark`': 'y', 'one:two=three': 'one', 'two; touch mark': 'two',
         "it's all": 'it', '-dash': '-d'}


def test_names_are_not_expanded(path, service, manager, tmp_path):
    """Whoever defines a domain chooses its name; who completes it may be root."""
    for name in NAMES:
        manager.define(domain_xml(name))
    start = f'virtbusctl --address={service.bus.address} start '
    for kind in (Bash, Zsh):
        shell = kind.shell(path)
        try:
            for name, typed in NAMES.items():
                if name[0] != '-':
                    assert shlex.split(shell.line(f'{start}{typed}\t'))[-1] == name, (kind, name)
            shell.line(start + '\t\t')
        finally:
            shell.close()
    assert sorted(Bash.complete(path, *start.split()[1:], '')) == sorted(NAMES)
    # fish says what it offers as it is.
    assert sorted(Fish.complete(path, *start.split()[1:], '')) == sorted(NAMES)
    assert not (tmp_path / 'mark').exists()


def test_words_with_colons(path, service, manager):
    """Of a word that readline splits only the end is replaced."""
    manager.define(domain_xml('rack:one=a'))
    start = f'virtbusctl --address={service.bus.address} start '
    shell = Bash.shell(path)
    try:
        for typed in ('ra', 'rack:', 'rack:o', 'rack:one=', 'rack:one=a'):
            assert shell.line(f'{start}{typed}\t') == f'{start}rack:one=a ', typed
    finally:
        shell.close()


def test_zsh():
    """What it says it knows."""
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
