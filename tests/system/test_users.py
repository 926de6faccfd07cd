# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users who own their machines, with the real polkitd: alice's session is active on the seat, bob's is not, carol may
authenticate as an administrator."""

import pytest
from machine import USERS, RemoteError
from virtbus import ACCESS_DENIED, CONTRACT, DOMAIN, MANAGER, ROOT, domain_xml, wait_until

AUTHORIZATION_REQUIRED = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
REFUSALS = (ACCESS_DENIED, AUTHORIZATION_REQUIRED)

# What is said to everybody. Everything else about somebody else's is refused, whatever it is.
PUBLIC = {f'{MANAGER}.{name}' for name in (
    'GetDomain', 'GetDomainByUUID', 'GetDomainByPID', 'ListDomains', 'ListEmulators', 'ListMachineTypes',
    'DescribeMachineType')}
# Of the Manager's, those are about what the caller has, or will have, himself.
ABOUT_SELF = {f'{MANAGER}.{name}' for name in ('DefineDomain', 'CreateDomain', 'ValidateDomain', 'DescribeCommandLine')}

RULES = '/etc/polkit-1/rules.d/10-system-test.rules'


@pytest.fixture
def rules(machine, alice):
    """Installs a rules file, or takes it away again; returns when polkitd has read it."""
    # It is there since somebody made a call.
    alice.manager('ValidateDomain', domain_xml())

    def loaded():
        return machine.journal('--unit=polkit.service', '--boot').count('Finished loading')

    def install(text):
        before = loaded()
        if text is None:
            machine.path(RULES).unlink()
        else:
            machine.write('/etc/polkit-1/new.rules', text)
            machine.path('/etc/polkit-1/new.rules').rename(machine.path(RULES))
        wait_until(lambda: loaded() > before, 'polkitd has read its rules', step=0.1)
    yield install
    install(None)


def refused(call, *arguments, names=REFUSALS, **named):
    with pytest.raises(RemoteError) as caught:
        call(*arguments, **named)
    assert caught.value.name in names, caught.value
    return caught.value.message


# Sent to actors: ---------------------------------------------------------------------------------------------------

def attempt(path, interface, method, signature, text):
    """Calls with arguments given as text; how it ended."""
    try:
        values = GLib.Variant.parse(GLib.VariantType.new(signature), text, None, None)
        message = Gio.DBusMessage.new_method_call(BUS_NAME, path, interface, method)
        message.set_body(values)
        reply = client.connection.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE,
                                                               int(TIMEOUT * 1000), None)[0]
        return reply.get_error_name() or 'done'
    except GLib.Error as error:
        return Gio.dbus_error_get_remote_error(error) or str(error)


def start_agent(process):
    """pkttyagent on a terminal of its own, whose other side is ours."""
    import pty
    registered, notify = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.set_inheritable(notify, True)
        os.execv('/usr/bin/pkttyagent', ['pkttyagent', f'--process={process}', f'--notify-fd={notify}'])
    os.close(notify)
    kept['agent'], kept['terminal'] = pid, terminal
    os.set_blocking(terminal, False)
    # It closes its end when polkit knows it.
    if not select.select([registered], [], [], TIMEOUT)[0] or os.read(registered, 1) or not process_alive(pid):
        raise AssertionError('pkttyagent did not register')
    os.close(registered)


def end_agent():
    os.kill(kept['agent'], signal.SIGKILL)
    os.waitpid(kept['agent'], 0)
    os.close(kept['terminal'])


def call_with_password(path, interface, method, arguments, password):
    """Makes a call, and types the password as soon as the agent asks for it; what the terminal showed, and the end."""
    import termios
    shown, answered = '', False
    client.interactive = True
    try:
        outcome = Proxy.start(type('It', (Proxy,), {'INTERFACE': interface})(client, path), method, *arguments)
    finally:
        client.interactive = False

    def go_on():
        nonlocal shown, answered
        try:
            shown += os.read(kept['terminal'], 4096).decode(errors='replace')
        except BlockingIOError:
            pass
        # What is typed before it hides it is thrown away.
        if 'assword: ' in shown and not answered and not termios.tcgetattr(kept['terminal'])[3] & termios.ECHO:
            os.write(kept['terminal'], password.encode() + b'\n')
            answered = True
        return outcome
    client.wait(go_on, 'the call was answered')
    if isinstance(outcome[0], DBusError):
        return [shown, outcome[0].name, None]
    return [shown, None, unpack_reply(outcome[0])]


def command(password, *arguments, whole=True):
    """virtbusctl on a terminal, and the password typed where it is asked for; what the terminal showed, and its exit
    status. Not whole: its stdin is no terminal."""
    import pty
    import termios
    pid, terminal = pty.fork()
    if pid == 0:
        if not whole:
            os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
        os.execvp('virtbusctl', ['virtbusctl', *arguments])
    shown, answered, deadline = '', False, time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            if select.select([terminal], [], [], 0.05)[0]:
                shown += os.read(terminal, 4096).decode(errors='replace')
        except OSError:
            break
        # What is typed before it hides it is thrown away.
        if 'assword: ' in shown and not answered and not termios.tcgetattr(terminal)[3] & termios.ECHO:
            os.write(terminal, password.encode() + b'\n')
            answered = True
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    return [shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), answered]


def write_file(path, text):
    pathlib.Path(path).write_text(text)


def agents():
    return subprocess.run(['pgrep', '--full', '--uid', str(os.getuid()), 'pkttyagent'], stdout=subprocess.PIPE,
                          text=True, check=False).stdout


def life(name):
    """Somebody's own: defined, started, talked to, stopped."""
    domain = manager.define(domain_xml(name, devices=PTY))
    domain.Start()
    assert domain.State == 'running' and domain.Owner == os.getuid()
    console = Console(domain.OpenConsole(''))
    console.close()
    identity = pathlib.Path(f'/proc/{domain.ProcessID}/status').read_text()
    domain.PowerOff()
    assert f'<name>{name}</name>' in domain.GetXML()
    domain.Undefine()
    return re.search(r'^Uid:\t(.*)$', identity, re.M)[1].split()


# -------------------------------------------------------------------------------------------------------------------

def test_an_active_user_has_machines(alice):
    assert set(alice(life, 'mine')) == {str(alice.uid)}


def test_an_inactive_user_needs_a_password_or_a_rule(bob, rules):
    refused(bob.define, domain_xml('mine'), names=(AUTHORIZATION_REQUIRED,))
    rules('''polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.virtbus1.own.") == 0 && subject.user == "bob")
        return polkit.Result.YES;
});''')
    assert set(bob(life, 'mine')) == {str(bob.uid)}


def text_for(signature, path):
    """Arguments that are well-formed, so that nothing but the caller is wrong with them."""
    values = {'s': '"x"', 'o': f'"{path}"', 'u': 'uint32 0', 'b': 'true', 'a{sv}': '@a{sv} {}', 't': 'uint64 1',
              'i': '1', 'as': '@as []', 'x': 'int64 1', 'd': '1.0', 'au': '@au []', 'h': 'handle 0', 'y': 'byte 0x00'}
    return values[signature]


def methods():
    """Every method that the service has, by the introspection of its contract."""
    return [(interface, method.name, [argument.signature for argument in method.in_args])
            for interface, info in CONTRACT.items() for method in info.methods]


def snapshot(path):
    domain = Domain(client, path)
    return [domain.get_all(), domain.hardware(), domain.GetXML(), process_alive(domain.ProcessID)]


@pytest.fixture(scope='module')
def theirs(alice, root_there):
    """Running domains of alice's and of root's."""
    found = {}
    for actor in (alice, root_there):
        found[actor.user] = actor.define(domain_xml('theirs', devices='<serial type="pty"/>'))
        actor.domain(found[actor.user], 'Start')
    yield found
    for actor in (alice, root_there):
        actor.domain(found[actor.user], 'PowerOff')
        actor.domain(found[actor.user], 'Undefine')


@pytest.fixture(scope='module')
def root_there(machine):
    actor = machine.become('root')
    yield actor
    actor.close()


@pytest.mark.parametrize('whose', ['alice', 'root'])
@pytest.mark.parametrize('interface, method, signatures', methods(), ids=lambda value: value if isinstance(value, str)
                         else '')
def test_what_is_others_is_refused(alice, bob, root_there, theirs, whose, interface, method, signatures):
    """Each method on its own, so that a new one without a check is seen."""
    full = f'{interface}.{method}'
    path = theirs[whose]
    target = {MANAGER: ROOT, DOMAIN: path}.get(interface)
    owner = alice if whose == 'alice' else root_there
    if target is None:
        kind = 'Controllers' if interface.endswith('Controller') else 'Devices'
        target = owner.get(path, kind)[0]
    before = owner(snapshot, path)
    text = '(' + ', '.join(text_for(signature, path) for signature in signatures) + \
        (',)' if len(signatures) == 1 else ')')
    callers = [bob] if whose == 'alice' else [bob, alice]
    for caller in callers:
        outcome = caller(attempt, target, interface, method, f'({"".join(signatures)})', text)
        if full in PUBLIC:
            assert outcome not in REFUSALS, f'{full} is public, and {caller.user} got {outcome}'
        elif full in ABOUT_SELF and caller is alice:
            assert outcome != 'done' and outcome not in REFUSALS
        else:
            assert outcome in REFUSALS, f'{full} by {caller.user}: {outcome}'
    assert owner(snapshot, path) == before


def introspect(path):
    text = client.call(BUS_NAME, path, INTROSPECTABLE, 'Introspect')
    return sorted(f'{interface.name}.{method.name}' for interface in Gio.DBusNodeInfo.new_for_xml(text).interfaces
                  if interface.name.startswith(BUS_NAME) for method in interface.methods)


def test_the_contract_is_all_there_is(alice, theirs):
    """What the test above walks is what the running service shows."""
    found = set()
    for path in (ROOT, theirs['alice']):
        found |= set(alice(introspect, path))
    assert found <= {f'{interface}.{method}' for interface, method, _ in methods()}
    assert f'{DOMAIN}.Start' in found and f'{MANAGER}.DefineDomain' in found


def test_properties_cannot_be_set(bob, theirs):
    for path, interface, name in ((ROOT, MANAGER, 'Version'), (theirs['alice'], DOMAIN, 'Name'),
                                  (theirs['root'], DOMAIN, 'Owner')):
        outcome = bob(attempt, path, 'org.freedesktop.DBus.Properties', 'Set', '(ssv)',
                      f'("{interface}", "{name}", <"x">)')
        assert outcome != 'done', f'{name} was set'


def test_a_rule_grants_what_it_says(alice, bob, theirs, rules):
    rules('''polkit.addRule(function(action, subject) {
    if (action.id == "org.virtbus1.any.inspect" && subject.user == "bob" && action.lookup("domain") == "theirs" &&
        action.lookup("owner") == "%d")
        return polkit.Result.YES;
});''' % alice.uid)
    assert '<name>theirs</name>' in bob.domain(theirs['alice'], 'GetXML')
    refused(bob.domain, theirs['root'], 'GetXML')
    for method in ('PowerOff', 'Reset', 'Undefine', 'Suspend', 'Start', 'Shutdown'):
        refused(bob.domain, theirs['alice'], method)
    refused(bob.domain, theirs['alice'], 'OpenConsole', '')
    assert alice.get(theirs['alice'], 'State') == 'running'


def test_the_terminal_agent_takes_the_right_password_only(machine, bob, alice):
    """The prompt is for the caller's own password."""
    bob(start_agent, bob.pid)
    try:
        shown, error, path = bob(call_with_password, ROOT, MANAGER, 'DefineDomain', [domain_xml('prompted')],
                                 'not the word')
        assert 'AUTHENTICATING FOR org.virtbus1.own.define' in shown and error == ACCESS_DENIED, (shown, error)
        assert 'AUTHENTICATION FAILED' in shown
        shown, error, path = bob(call_with_password, ROOT, MANAGER, 'DefineDomain', [domain_xml('prompted')],
                                 USERS['bob'])
        assert error is None and bob.get(path, 'Owner') == bob.uid, (shown, error)
        assert USERS['bob'] not in shown
        # It is kept for a while: the second time nobody asks.
        shown, error, _ = bob(call_with_password, path, DOMAIN, 'Undefine', [], 'nobody asks')
        assert error is None and 'assword' not in shown, (shown, error)
    finally:
        bob(end_agent)


def test_the_terminal_agent_asks_for_an_administrator(machine, bob, alice, theirs):
    bob(start_agent, bob.pid)
    try:
        shown, error, _ = bob(call_with_password, theirs['alice'], DOMAIN, 'GetXML', [], USERS['bob'])
        assert 'org.virtbus1.any.inspect' in shown and error == ACCESS_DENIED, (shown, error)
        shown, error, xml = bob(call_with_password, theirs['alice'], DOMAIN, 'GetXML', [], USERS['carol'])
        assert error is None and '<name>theirs</name>' in xml, (shown, error)
    finally:
        bob(end_agent)


def test_virtbusctl_asks_on_its_terminal(machine, alice):
    """Whoever has no agent, in a session where nobody has authenticated yet."""
    bob = machine.login('bob')
    try:
        bob(write_file, '/home/bob/asked.xml', domain_xml('asked'))
        define = ['define', '/home/bob/asked.xml']
        for silent in (['--no-ask-password', *define], define):
            shown, status, asked = bob(command, USERS['bob'], *silent, whole=silent is not define)
            assert status == 1 and not asked and 'org.virtbus1.own.define' in shown, (shown, status)
            assert 'AUTHENTICATING' not in shown
        shown, status, asked = bob(command, 'not the word', *define)
        assert status == 1 and asked and 'AUTHENTICATING FOR org.virtbus1.own.define' in shown, (shown, status)
        assert 'AUTHENTICATION FAILED' in shown
        shown, status, asked = bob(command, USERS['bob'], *define)
        assert status == 0 and asked and '/org/virtbus1/domain/' in shown, (shown, status)
        assert USERS['bob'] not in shown
        # What is kept is kept for the process that was asked.
        shown, status, asked = bob(command, USERS['bob'], 'undefine', 'asked')
        assert status == 0 and asked, (shown, status)
        assert bob(agents) == '', 'nobody who asks is left'
    finally:
        bob.close()
