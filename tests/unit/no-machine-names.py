#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing in the source may be decided by the name of a machine type. Looks through the string literals below src/ for
names of machine types, their aliases, and the prefixes that versions of one share, as the emulators that are installed
have them. Usage: no-machine-names.py FOLDER; "--self-test FOLDER" plants one in a copy and expects to find it.

"none" is one, and allowed: it says that there is no machine, or that something else is not there."""

import glob
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Known to every reader of this test, whatever is installed.
ALWAYS = {'pc', 'q35', 'pc-q35', 'pc-i440fx', 'i440fx', 'isapc', 'microvm', 'xenfv', 'xenpv', 'pseries', 'powernv', 'mac99', 'g3beige',
          's390-ccw-virtio', 's390-ccw', 'virt', 'versatilepb', 'vexpress', 'raspi', 'sbsa-ref', 'spike', 'sifive'}
WORDS = {'none'}
# Values of an attribute that are called like a machine type: file, literal, why.
ALLOWED = {
    ('conf/panic.c', 'pseries'): '<panic model="pseries"/>: the name of a device of the XML',
}
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
VERSION = re.compile(r'-\d+(\.\d+)*(-\w+)?$')
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)


def machine_names():
    names = set(ALWAYS)
    for emulator in glob.glob('/usr/bin/qemu-system-*'):
        listed = subprocess.run([emulator, '-machine', 'help'], capture_output=True, text=True, timeout=60, check=False)
        for line in listed.stdout.splitlines()[1:]:
            if line.split():
                name = line.split()[0]
                names |= {name, VERSION.sub('', name)}
    return names - WORDS


def is_machine(text, names):
    """The name itself, a version of it, or the beginning of its versions. Format strings count by what they begin with."""
    return text in names or VERSION.sub('', text) in names or (text.endswith('-') and text[:-1] in names)


def search(folder, names):
    found = []
    for path in sorted(folder.rglob('*.[ch]')):
        source = COMMENT.sub(lambda match: '\n' * match[0].count('\n'), path.read_text())
        for number, line in enumerate(source.splitlines(), 1):
            if line.lstrip().startswith('#include'):
                continue
            for text in LITERAL.findall(line):
                if is_machine(text, names) and (str(path.relative_to(folder)), text) not in ALLOWED:
                    found.append(f'{path}:{number}: "{text}" is the name of a machine type')
    return found


def self_test(folder, names):
    plants = ['g_str_has_prefix(machine, "pc-q35-")', 'g_str_equal(machine, "virt")', 'strncmp(m, "pseries", 7)',
              '{ "s390-ccw-virtio", 1 },', 'x = "pc-i440fx-7.2";', 'x = "microvm";', 'x = "isapc";', 'x = "virt-"',
              'strcmp(a, /* "harmless" */ "q35")']
    harmless = ['/* "q35" */', '#include "qemu/virt.h"', 'x = "virtio-";', 'x = "pci";', 'x = "q35-pcihost";']
    with tempfile.TemporaryDirectory() as place:
        copy = pathlib.Path(place) / 'src'
        shutil.copytree(folder, copy)
        for line in plants + harmless:
            (copy / 'planted.c').write_text(line + '\n')
            found = [text for text in search(copy, names) if 'planted.c' in text]
            if bool(found) != (line in plants):
                sys.exit(f'not ok: {line} {"found" if found else "not found"}')


folder = pathlib.Path(sys.argv[-1])
known = machine_names()
if len(known) <= len(ALWAYS):
    sys.exit('not ok: no emulator says what machine types it has')
if '--self-test' in sys.argv:
    self_test(folder, known)
else:
    problems = search(folder, known)
    if problems:
        sys.exit('\n'.join(problems))
