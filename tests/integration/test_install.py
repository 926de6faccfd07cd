# SPDX-License-Identifier: LGPL-2.1-or-later
"""What "meson install" puts where, and whether those who read it there understand it."""

import configparser
import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from virtbus import BUILD, INTERFACES, SOURCE, VIRTBUSCTL, VIRTBUSD


def pkgconfig(package, variable):
    return subprocess.run(['pkg-config', f'--variable={variable}', package], capture_output=True, text=True,
                          check=True).stdout.strip()


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The root directory of an installation."""
    root = tmp_path_factory.mktemp('root')
    done = subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet'], capture_output=True, text=True,
                          env={**os.environ, 'DESTDIR': str(root)}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture(scope='module')
def prefix():
    options = subprocess.run(['meson', 'introspect', BUILD, '--buildoptions'], capture_output=True, text=True,
                             check=True).stdout
    return pathlib.PurePath(next(row['value'] for row in json.loads(options) if row['name'] == 'prefix'))


def below(root, path):
    """An absolute path, in the installation."""
    return root / pathlib.PurePath(path).relative_to('/')


def unit_directory(root):
    return below(root, pkgconfig('systemd', 'systemdsystemunitdir'))


def test_everything_is_there(installed, prefix):
    dbus, units = pathlib.PurePath(pkgconfig('dbus-1', 'datadir')) / 'dbus-1', unit_directory(installed)
    expected = [below(installed, path) for path in (
        prefix / 'bin/virtbusctl', prefix / 'libexec/virtbusd', prefix / 'share/virtbus/domain.rng',
        prefix / 'share/selinux/packages/virtbus.cil',
        prefix / 'share/doc/virtbus/example.rules',
        prefix / 'share/man/man1/virtbusctl.1', prefix / 'share/man/man5/virtbusd.conf.5',
        prefix / 'share/man/man5/org.virtbus1.5', prefix / 'share/man/man8/virtbusd.8',
        pathlib.PurePath(pkgconfig('bash-completion', 'completionsdir')) / 'virtbusctl',
        prefix / 'share/zsh/site-functions/_virtbusctl', prefix / 'share/fish/vendor_completions.d/virtbusctl.fish',
        dbus / 'system.d/org.virtbus1.conf', dbus / 'system-services/org.virtbus1.service',
        *(dbus / 'interfaces' / path.name for path in INTERFACES.glob('*.xml')),
        pathlib.PurePath(pkgconfig('polkit-gobject-1', 'actiondir')) / 'org.virtbus1.policy',
        pathlib.PurePath(pkgconfig('systemd', 'sysusersdir')) / 'virtbus.conf',
        pathlib.PurePath(pkgconfig('systemd', 'tmpfilesdir')) / 'virtbus.conf')]
    expected += [units / name for name in ('virtbusd.service', 'virtbus.slice', 'virtbus-domain@.service',
                                           'virtbus-guests.service')]
    assert [str(path) for path in expected if not path.is_file()] == []
    found = {path for path in installed.rglob('*') if path.is_file()}
    assert {str(path) for path in found - set(expected)} == set(), 'this list does not know'
    assert [str(path) for path in found if path.stat().st_mode & 0o022] == []


def test_no_placeholder_is_left_and_no_source_path(installed):
    for path in installed.rglob('*'):
        if path.is_file() and path.suffix in ('.service', '.slice', '.conf', '.policy', '.rules'):
            text = path.read_text()
            assert not re.search(r'@\w+@', text), path
            assert not re.search(rf'(?<![\w./-]){re.escape(str(SOURCE))}(?![\w.-])', text), path


def test_the_bus_activates_the_unit(installed, prefix):
    path = below(installed, pkgconfig('dbus-1', 'datadir')) / 'dbus-1/system-services/org.virtbus1.service'
    parsed = configparser.RawConfigParser()
    parsed.optionxform = str
    parsed.read(path)
    service = parsed['D-BUS Service']
    assert service['Name'] == 'org.virtbus1' and service['User'] == 'root'
    assert (unit_directory(installed) / service['SystemdService']).is_file()
    unit = (unit_directory(installed) / service['SystemdService']).read_text()
    assert f'ExecStart={service["Exec"]}\n' in unit and 'BusName=org.virtbus1\n' in unit
    assert below(installed, service['Exec'].split()[0]).is_file()


def test_systemd_understands_the_units(installed, tmp_path):
    """With the programs where they were built, because their installed places exist on no host that only builds."""
    names = []
    for path in unit_directory(installed).iterdir():
        text = re.sub(r'=/\S*/(virtbusd|virtbusctl)\b', lambda match: '=' + {
            'virtbusd': VIRTBUSD, 'virtbusctl': VIRTBUSCTL}[match[1]], path.read_text())
        text = re.sub(r'^Documentation=.*\n', '', text, flags=re.M)
        (tmp_path / path.name).write_text(text)
        names.append(tmp_path / path.name.replace('@.', '@1000-mail.'))
    assert len(names) == 4
    (tmp_path / 'virtbus-domain@1000-mail.service').symlink_to(tmp_path / 'virtbus-domain@.service')
    done = subprocess.run(['systemd-analyze', 'verify', '--man=no', *names], capture_output=True, text=True,
                          env={**os.environ, 'SYSTEMD_UNIT_PATH': f'{tmp_path}:'}, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if 'virtbus' in line] == []


def test_what_the_service_may_a_guest_may_too(installed):
    """Nothing that makes a mount namespace, filters what QEMU needs, or limits what a guest has."""
    text = (unit_directory(installed) / 'virtbusd.service').read_text()
    settings = dict(line.split('=', 1) for line in text.splitlines() if '=' in line and not line.startswith('#'))
    forbidden = re.compile(r'Private\w+|Protect\w+|ReadOnlyPaths|ReadWritePaths|InaccessiblePaths|TemporaryFileSystem|'
                           r'BindPaths|RootDirectory|Restrict(Namespaces|Realtime|SUIDSGID)|MemoryDenyWriteExecute|'
                           r'SystemCallFilter|NoNewPrivileges|RuntimeDirectory|Limit(AS|DATA|MEMLOCK|FSIZE|CORE)')
    assert [name for name in settings if forbidden.fullmatch(name)] == []
    assert settings['Type'] == 'notify' and settings['KillMode'] == 'mixed'
    # Each setting that a guest inherits is explained, and so is each that is left out.
    for word in ('SystemCallArchitectures', 'LockPersonality', 'RestrictAddressFamilies', 'CapabilityBoundingSet'):
        assert word in settings
    for capability in settings['CapabilityBoundingSet'].split():
        assert re.search(rf'#.*\b{capability.removeprefix("CAP_")}\b', text), capability
    for family in settings['RestrictAddressFamilies'].split():
        assert re.search(rf'#.*\b{family.removeprefix("AF_")}\b', text), family


def test_the_domain_unit_starts_and_ends_with_the_domain(installed):
    text = (unit_directory(installed) / 'virtbus-domain@.service').read_text()
    assert '--system run --unit -- %i\n' in text and 'Type=notify\n' in text
    assert 'Requires=' not in re.sub(r'^#.*\n', '', text, flags=re.M)


def test_tmpfiles_and_sysusers(installed, tmp_path):
    """In an empty root of their own."""
    for name in ('etc', 'run', 'var'):
        (tmp_path / name).mkdir()
    for program, variable in (('systemd-sysusers', 'sysusersdir'), ('systemd-tmpfiles', 'tmpfilesdir')):
        config = below(installed, pkgconfig('systemd', variable)) / 'virtbus.conf'
        extra = ['--create'] if program == 'systemd-tmpfiles' else []
        done = subprocess.run([program, *extra, f'--root={tmp_path}', config], capture_output=True, text=True,
                              check=False)
        said = [line for line in done.stderr.splitlines() if not line.startswith('Creating ')]
        assert done.returncode == 0 and said == [], done.stderr
    assert 'virtbus-probe:' in (tmp_path / 'etc/passwd').read_text()
    assert (tmp_path / 'var/lib/virtbus').stat().st_mode & 0o777 == 0o711
    assert (tmp_path / 'run/virtbus').is_dir() and (tmp_path / 'var/cache/virtbus').is_dir()


def test_the_bus_policy_and_the_interfaces_are_whole(installed):
    dbus = below(installed, pkgconfig('dbus-1', 'datadir')) / 'dbus-1'
    policy = ElementTree.parse(dbus / 'system.d/org.virtbus1.conf').getroot()
    allowed = {allow.get('send_interface') for allow in policy.iter('allow')}
    for path in (dbus / 'interfaces').glob('org.virtbus1.*.xml'):
        assert path.read_text() == (INTERFACES / path.name).read_text()
        for interface in ElementTree.parse(path).getroot().iter('interface'):
            assert interface.get('name') in allowed
