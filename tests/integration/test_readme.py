# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the README shows is what one sees."""
import os
import re
import subprocess

import virtbus


def sessions():
    """The commands of the README's console blocks, each with the output that follows it."""
    text = (virtbus.SOURCE / 'README.md').read_text()
    for block in re.findall(r'```console\n(.*?)```', text, re.S):
        for step in re.split(r'^\$ ', block, flags=re.M)[1:]:
            command, _, output = step.partition('\n')
            yield command, output


def test_the_session_in_the_readme_is_real(new_service, bus, directory):
    environment = {'DBUS_SESSION_BUS_ADDRESS': bus.address, 'LC_ALL': 'C.UTF-8'}
    for variable in ('XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'XDG_CACHE_HOME'):
        place = directory / variable
        place.mkdir(mode=0o700)
        environment[variable] = str(place)
    new_service(arguments=['--user'], environment=environment).start()
    steps = list(sessions())
    assert len(steps) >= 5
    for command, output in steps:
        done = subprocess.run(['bash', '-c', command], env=dict(os.environ, **environment), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=virtbus.TIMEOUT)
        assert (done.returncode, done.stdout) == (0, output), command
