# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs inside the container as some user: a JSON object a line in, its answer a line out; see machine.py.

A function that is sent finds here everything of the integration tests' harness, a connection to the system bus
(client, manager), and the dictionary "kept" for what is to last from one function to the next.
"""

import json
import os
import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))

import virtbus  # noqa: E402
from virtbus import *  # noqa: E402, F403

BUS_ADDRESS = 'unix:path=/run/dbus/system_bus_socket'

client = None
manager = None
kept = {}


def connect():
    """The connection is made when it is needed: merely to be there is no reason to call anybody."""
    global client, manager
    if client is None:
        client = virtbus.Client(BUS_ADDRESS)
        manager = client.manager


def proxy(request):
    kinds = {kind.INTERFACE: kind for kind in (virtbus.Manager, virtbus.Domain, virtbus.Device, virtbus.Controller)}
    return kinds[request['interface']](client, request['path'])


def session_of_self():
    found = [line for line in pathlib.Path('/proc/self/cgroup').read_text().splitlines() if 'session-' in line]
    return found[0].rsplit('session-', 1)[1].removesuffix('.scope') if found else None


def answer(request):
    if 'hello' in request:
        return [os.getpid(), os.getuid(), session_of_self()]
    connect()
    if 'source' in request:
        exec(compile(request['source'], f'<{request["name"]}>', 'exec'), globals())
        return globals()[request['name']](*request['arguments'], **request['named'])
    if 'property' in request:
        return client.call(virtbus.BUS_NAME, request['path'], virtbus.PROPERTIES, 'Get', '(ss)', request['interface'],
                           request['property'])
    return proxy(request).call(request['method'], *request['arguments'], **request['named'])


def main():
    # What a function prints is for the log, not an answer.
    answers = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            reply = {'result': answer(json.loads(line))}
            text = json.dumps(reply)
        except virtbus.DBusError as error:
            text = json.dumps({'error': [error.name, error.message]})
        except Exception as error:
            text = json.dumps({'error': [type(error).__name__, str(error), traceback.format_exc()]})
        answers.write(text + '\n')


main()
