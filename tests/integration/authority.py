# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bus with the system bus's rules and limits, a real polkitd on it, users who call, and an agent that answers for
them."""

import json
import os
import pathlib
import select
import subprocess
import time

import virtbus
from gi.repository import Gio, GLib
from virtbus import SOURCE, TIMEOUT, DBusError, wait_until

POLKIT = 'org.freedesktop.PolicyKit1'
AUTHORITY = '/org/freedesktop/PolicyKit1/Authority'
AUTHORIZATION_REQUIRED = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'

# What a system bus says by default, and what is installed for polkit and for us.
SYSTEM_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.systemd1"/>
    <allow send_destination="org.freedesktop.systemd1"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
  <include>{source}/dbus-interfaces/org.virtbus1.conf</include>
  <servicedir>{directory}/services</servicedir>
</busconfig>
'''

# polkitd has its files in fixed places; in a mount namespace they are ours.
POLKITD = '''
mount --make-rprivate / &&
mount --bind "$1/actions" /usr/share/polkit-1/actions &&
mount --bind "$1/rules.d" /usr/share/polkit-1/rules.d &&
mount --bind "$1/none.d" /etc/polkit-1/rules.d &&
exec /usr/lib/polkit-1/polkitd
'''


class SystemBus(virtbus.Bus):
    """Like virtbus.Bus, with the rules of the system bus; a service on it takes it for the system's."""

    arguments = ('--system',)

    @property
    def environment(self):
        return {'DBUS_SYSTEM_BUS_ADDRESS': self.address}

    def __init__(self, directory):
        (directory / 'services').mkdir()
        super().__init__(directory, SYSTEM_CONFIG)


class Polkit:
    """polkitd on a bus, deciding by a rules file of ours. Administrators are root."""

    def __init__(self, bus, directory, rules):
        self.directory = directory
        for name in ('actions', 'rules.d', 'none.d'):
            (directory / name).mkdir(parents=True)
        directory.chmod(0o755)
        for policy in (SOURCE / 'policy/org.virtbus1.policy',
                       pathlib.Path('/usr/share/polkit-1/actions/org.freedesktop.policykit.policy')):
            (directory / 'actions' / policy.name).write_text(policy.read_text())
        (directory / 'rules.d/10-test.rules').write_text(
            'polkit.addAdminRule(function() { return ["unix-user:0"]; });\n' + rules)
        with open(directory / 'polkitd.log', 'wb') as log:
            self.process = subprocess.Popen(
                ['unshare', '-m', 'sh', '-c', POLKITD, 'polkitd', directory], stdout=log, stderr=log,
                env={**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
        probe = virtbus.Connection(bus.address)
        try:
            wait_until(lambda: probe.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                                          'NameHasOwner', '(s)', POLKIT), 'polkitd is on the bus')
        finally:
            probe.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def subject(pid, uid):
    """A process, as polkit names one."""
    start = virtbus.process_stat(pid)[2]
    return ('unix-process', {'pid': GLib.Variant('u', pid), 'start-time': GLib.Variant('t', start),
                             'uid': GLib.Variant('i', uid)})


class Agent:
    """Asks for passwords on behalf of a process: what a desktop shows as a dialog is an entry of "prompts" here, as
    (action, details, cookie, identities), until it is answered or taken back."""

    XML = '''<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
      <method name="BeginAuthentication"><arg type="s" direction="in"/><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="a{ss}" direction="in"/><arg type="s" direction="in"/>
        <arg type="a(sa{sv})" direction="in"/></method>
      <method name="CancelAuthentication"><arg type="s" direction="in"/></method>
    </interface></node>'''

    def __init__(self, address, pid, uid):
        self.connection = virtbus.Connection(address)
        self.uid = uid
        self.prompts, self.begun, self.taken_back = {}, 0, 0
        self.path = f'/test/agent{pid}'
        info = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.connection.register_object(self.path, info, self._on_call, None, None)
        self.connection.call(POLKIT, AUTHORITY, POLKIT + '.Authority', 'RegisterAuthenticationAgent', '((sa{sv})ss)',
                             subject(pid, uid), 'C', self.path)

    def _on_call(self, connection, sender, path, interface, method, arguments, invocation):
        arguments = arguments.unpack()
        if method == 'BeginAuthentication':
            action, message, _, details, cookie, identities = arguments
            self.begun += 1
            self.prompts[cookie] = (action, message, details, identities, invocation)
        else:
            # polkitd says it twice where both it and the service have seen the caller leave.
            if arguments[0] in self.prompts:
                self.taken_back += 1
                self.prompts.pop(arguments[0])[-1].return_dbus_error(POLKIT + '.Error.Cancelled', 'taken back')
            invocation.return_value(None)

    def wait_prompt(self):
        """The cookie of a prompt that is shown."""
        self.connection.wait(lambda: self.prompts, 'somebody is asked for a password')
        return next(iter(self.prompts))

    def answer(self, cookie, right=True):
        """Somebody types a password, the right one or a wrong one; the helper of polkit's agents, which is root, tells
        polkitd of the right one."""
        _, _, _, identities, invocation = self.prompts.pop(cookie)
        if right:
            kind, values = identities[0]
            identity = (kind, {'uid': GLib.Variant('u', values['uid'])})
            self.connection.call(POLKIT, AUTHORITY, POLKIT + '.Authority', 'AuthenticationAgentResponse2',
                                 '(us(sa{sv}))', os.getuid(), cookie, identity)
        invocation.return_value(None)

    def close(self):
        self.connection.close()


# Reads calls from its input, one JSON a line, and writes their outcomes.
USER = r'''
import json, sys
from gi.repository import Gio, GLib

flags = Gio.DBusConnectionFlags
connections = {}


def connection(number):
    if number not in connections:
        connections[number] = Gio.DBusConnection.new_for_address_sync(
            sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
    return connections[number]


def say(**what):
    print(json.dumps(what), flush=True)


def on_reply(connection, result, number):
    try:
        reply = connection.send_message_with_reply_finish(result)
        reply.to_gerror()
        body = reply.get_body()
        say(reply=number, value=body.unpack() if body is not None and 'h' not in body.get_type_string() else [])
    except GLib.Error as error:
        say(reply=number, error=Gio.dbus_error_get_remote_error(error) or str(error),
            message=Gio.DBusError.strip_remote_error(error) and error.message)


def on_line(channel, condition):
    line = channel.readline()
    if not line:
        loop.quit()
        return False
    asked = json.loads(line)
    message = Gio.DBusMessage.new_method_call('org.virtbus1', asked['path'], asked['interface'], asked['method'])
    if asked['signature']:
        message.set_body(GLib.Variant.parse(GLib.VariantType.new(asked['signature']), asked['text'], None, None))
    if asked['interactive']:
        message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
    connection(asked['connection']).send_message_with_reply(message, Gio.DBusSendMessageFlags.NONE, GLib.MAXINT32, None,
                                                            on_reply, asked['number'])
    return True


loop = GLib.MainLoop()
GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_line)
say(ready=True)
loop.run()
'''


class User:
    """A process of some user's that makes calls."""

    def __init__(self, address, uid):
        self.uid = uid
        self.process = subprocess.Popen(
            ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', '/usr/bin/python3', '-c', USER, address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd='/', bufsize=0)
        self.pid = self.process.pid
        self.number = 0
        self.outcomes = {}
        self.buffer = b''
        self.wait_line()

    def wait_line(self, timeout=TIMEOUT):
        """Waits until something has been said, while agents go on."""
        deadline = time.monotonic() + timeout
        while b'\n' not in self.buffer:
            assert time.monotonic() < deadline, 'waited in vain for an answer'
            self.read()
        line, self.buffer = self.buffer.split(b'\n', 1)
        said = json.loads(line)
        if 'reply' in said:
            self.outcomes[said['reply']] = said

    def read(self):
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass
        if select.select([self.process.stdout], [], [], 0.01)[0]:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            assert data, 'the user has ended'
            self.buffer += data

    def start(self, path, interface, method, signature='', *arguments, interactive=False, connection=0):
        """Makes a call; its number."""
        self.number += 1
        text = GLib.Variant(signature, arguments).print_(True) if signature else ''
        asked = {'number': self.number, 'path': path, 'interface': interface, 'method': method,
                 'signature': signature, 'text': text, 'interactive': interactive, 'connection': connection}
        self.process.stdin.write(json.dumps(asked).encode() + b'\n')
        return self.number

    def answered(self, number):
        """Whether a call has been answered by now."""
        self.read()
        while b'\n' in self.buffer:
            self.wait_line()
        return number in self.outcomes

    def finish(self, number, timeout=TIMEOUT):
        while number not in self.outcomes:
            self.wait_line(timeout)
        said = self.outcomes.pop(number)
        if 'error' in said:
            raise DBusError(said['error'], said['message'])
        return said['value'][0] if len(said['value']) == 1 else said['value']

    def call(self, *arguments, **named):
        return self.finish(self.start(*arguments, **named))

    def define(self, xml, **named):
        return self.call(virtbus.ROOT, virtbus.MANAGER, 'DefineDomain', '(sa{sv})', xml, {}, **named)

    def act(self, domain, method, **named):
        """A domain's method that takes nothing but options."""
        return self.call(domain, virtbus.DOMAIN, method, '(a{sv})', {}, **named)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
