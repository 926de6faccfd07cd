# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what on a system bus, with a real polkitd: rules, passwords, callers who leave and callers who wait."""

import contextlib
import json
import os
import signal
import socket
import threading
from xml.sax import saxutils

import pytest
import virtbus
from authority import AUTHORIZATION_REQUIRED, Agent, Polkit
from virtbus import (ACCESS_DENIED, DOMAIN, ERROR, MANAGER, OTHER, OWNER, PEER, PTY, ROOT, STRANGER, Client, DBusError,
                     Domain, domain_xml)

# "bin" may do everything with its own; "sys" may what is granted by details; nobody else is granted anything, and
# whoever says nothing about it leaves it to the defaults: a password.
RULES = '''
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.virtbus1.own.") == 0 && subject.user == "bin" &&
        action.lookup("owner") == "2")
        return polkit.Result.YES;
    if (action.id == "org.virtbus1.any.stop" && subject.user == "sys" && action.lookup("verb") == "stop" &&
        action.lookup("owner") == "2" && action.lookup("domain") == "shared" &&
        action.lookup("uuid") == "11111111-2222-4333-8444-555555555555")
        return polkit.Result.YES;
    if (action.id.indexOf("org.virtbus1.") == 0 && subject.user == "nobody")
        return polkit.Result.NO;
});
'''
SHARED = '11111111-2222-4333-8444-555555555555'


@pytest.fixture
def new_agent(bus):
    agents = []

    def make(user):
        agents.append(Agent(bus.address, user.pid, user.uid))
        return agents[-1]
    yield make
    for agent in agents:
        agent.close()


def denied(call, *arguments, name=ACCESS_DENIED, **named):
    with pytest.raises(DBusError) as caught:
        call(*arguments, **named)
    assert caught.value.name == name, caught.value
    return caught.value.message


def test_users_own_what_rules_grant_them(manager, new_user):
    owner = new_user(OWNER)
    path = owner.define(domain_xml('mine', devices=PTY))
    mine = Domain(manager.client, path)
    assert mine.Owner == OWNER
    owner.act(path, 'Start')
    assert mine.State == 'running'
    assert '<name>mine</name>' in owner.act(path, 'GetXML')
    owner.act(path, 'PowerOff')
    owner.act(path, 'Undefine')
    assert not mine.exists()


def test_others_may_what_the_details_say(manager, new_user):
    """By name, uuid, owner and verb; everything else about the same domain, or the same about others, needs more."""
    owner, other = new_user(OWNER), new_user(OTHER)
    shared = owner.define(domain_xml('shared', uuid=SHARED))
    private = owner.define(domain_xml('private'))
    roots = manager.define(domain_xml('shared', uuid=SHARED)).path
    assert 'not allowed' not in denied(other.act, shared, 'Start', name=AUTHORIZATION_REQUIRED)
    for path in (shared, private, roots):
        manager.client.call(virtbus.BUS_NAME, path, DOMAIN, 'Start', '(a{sv})', {})
    other.act(shared, 'PowerOff')
    assert Domain(manager.client, shared).State == 'shutoff'
    for path in (private, roots):
        denied(other.act, path, 'PowerOff', name=AUTHORIZATION_REQUIRED)
        assert Domain(manager.client, path).State == 'running'
    denied(other.act, shared, 'GetXML', name=AUTHORIZATION_REQUIRED)
    denied(owner.act, roots, 'GetXML', name=AUTHORIZATION_REQUIRED)


NAMES = ['it "is" \'quoted\' $(and) `ticked`', '"; return polkit.Result.YES; "', '{"json": [1, null]}', '\\u0041 \\n \\" \\',
         'a%s%n${HOME}', '<name>&amp;', 'Größe \u202e \u30c9', 'x' * 128, '-rf', "'); \\u0022"]


@pytest.mark.parametrize('name', NAMES)
def test_a_name_comes_to_the_rules_as_it_is(bus, directory, new_service, new_user, name):
    """It can look like anything; no other name is taken for it, nor it for another."""
    polkit = Polkit(bus, directory / 'names', 'polkit.addRule(function(action, subject) {'
                    'if (action.id == "org.virtbus1.any.inspect")'
                    f'return action.lookup("domain") === {json.dumps(name)} && action.lookup("owner") === "0" &&'
                    'action.lookup("resource") === undefined ? polkit.Result.YES : polkit.Result.NO; });')
    new_service().start()
    client, user = Client(bus.address), new_user(OTHER)
    try:
        for other in (name + 'x', 'x' + name, name.replace('x', 'y') + '.', 'any'):
            with contextlib.suppress(DBusError):
                path = client.manager.define(domain_xml(other)).path
                denied(user.act, path, 'GetXML')
        path = client.manager.define(domain_xml(name)).path
        assert saxutils.escape(name) in user.act(path, 'GetXML')
    finally:
        client.close()
        polkit.close()


def test_who_is_denied_learns_nothing(service, manager, new_user):
    """Before a word of the arguments is looked at, and whether or not what they name is there."""
    owner, stranger = new_user(OWNER), new_user(STRANGER)
    path = owner.define(domain_xml('secret', devices=PTY))
    said = {denied(stranger.call, path, DOMAIN, 'OpenConsole', '(sa{sv})', alias, {})
            for alias in ('serial0', 'serial7', '')}
    said |= {denied(stranger.call, path, DOMAIN, 'OpenConsole', '(sa{sv})', 'serial0', options)
             for options in ({'x': virtbus.to_variant('y')}, {})}
    assert len(said) == 1 and 'org.virtbus1.any.console' in said.pop()
    assert len({denied(stranger.define, xml) for xml in ('', '<nonsense', domain_xml('new'))}) == 1
    assert len(manager.ListDomains()) == 1
    assert stranger.call(ROOT, MANAGER, 'GetDomain', '(sa{sv})', 'secret', {}) == path


def test_a_password_is_asked_for_only_where_the_caller_allows_it(manager, new_user, new_agent):
    user = new_user(OTHER)
    agent = new_agent(user)
    assert 'password' in denied(user.define, domain_xml(), name=AUTHORIZATION_REQUIRED)
    assert agent.begun == 0 and manager.ListDomains() == []


def test_without_an_agent_nobody_is_asked(manager, new_user):
    user = new_user(OTHER)
    denied(user.define, domain_xml(), interactive=True)
    assert manager.ListDomains() == []


def test_the_right_password_and_a_wrong_one(manager, new_user, new_agent):
    user = new_user(OTHER)
    agent = new_agent(user)
    call = user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(), {}, interactive=True)
    cookie = agent.wait_prompt()
    action, message, _, identities, _ = agent.prompts[cookie]
    assert action == 'org.virtbus1.own.define' and 'virtual machine' in message
    assert [identity[1]['uid'] for identity in identities] == [OTHER]
    agent.answer(cookie, right=False)
    denied(user.finish, call)
    assert manager.ListDomains() == []
    call = user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(), {}, interactive=True)
    agent.answer(agent.wait_prompt())
    assert Domain(manager.client, user.finish(call)).Owner == OTHER
    # Kept for a while, for this process.
    user.define(domain_xml('second'))
    denied(new_user(OTHER).define, domain_xml('third'), name=AUTHORIZATION_REQUIRED)


def test_what_needs_two_actions_asks_for_both(manager, new_user, new_agent):
    user = new_user(OTHER)
    agent = new_agent(user)
    for second in (False, True):
        call = user.start(ROOT, MANAGER, 'CreateDomain', '(sa{sv})', domain_xml(), {}, interactive=True)
        if not second:
            cookie = agent.wait_prompt()
            assert agent.prompts[cookie][0] == 'org.virtbus1.own.define'
            agent.answer(cookie)
        cookie = agent.wait_prompt()
        assert agent.prompts[cookie][0] == 'org.virtbus1.own.start'
        assert manager.ListDomains() == []
        agent.answer(cookie, right=second)
        if second:
            assert Domain(manager.client, user.finish(call)).State == 'running'
        else:
            denied(user.finish, call)


@pytest.mark.parametrize('how', ['killed', 'disconnected'])
def test_a_caller_who_leaves_takes_the_call_along(service, manager, new_user, new_agent, how):
    domain = manager.define(domain_xml())
    user = new_user(OTHER)
    agent = new_agent(user)
    user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {}, interactive=True)
    cookie = agent.wait_prompt()
    if how == 'killed':
        user.process.kill()
    else:
        user.process.stdin.close()
    user.process.wait()
    agent.connection.wait(lambda: agent.taken_back == 1 and cookie not in agent.prompts, 'the question is taken back')
    manager.client.call(virtbus.BUS_NAME, ROOT, PEER, 'Ping')
    assert domain.State == 'shutoff'
    # The service counts no call that nobody waits for.
    assert manager.define(domain_xml('after')).State == 'shutoff'


def test_what_happened_meanwhile_is_what_counts(manager, new_user, new_agent):
    user = new_user(OTHER)
    agent = new_agent(user)
    domain = manager.define(domain_xml())
    call = user.start(domain.path, DOMAIN, 'Start', '(a{sv})', {}, interactive=True)
    cookie = agent.wait_prompt()
    domain.Start()
    agent.answer(cookie)
    assert 'running' in denied(user.finish, call, name=ERROR + 'InvalidState')

    call = user.start(domain.path, DOMAIN, 'PowerOff', '(a{sv})', {}, interactive=True)
    cookie = agent.wait_prompt()
    domain.PowerOff()
    domain.Undefine()
    manager.define(domain_xml())
    agent.answer(cookie)
    denied(user.finish, call, name=ERROR + 'NoSuchDomain')


def test_who_waits_for_a_password_delays_nobody(manager, new_user, new_agent):
    """More wait than a bus lets one connection wait for replies."""
    user, owner = new_user(OTHER), new_user(OWNER)
    agent = new_agent(user)
    path = owner.define(domain_xml('quick'))

    waiting = [user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(f'd{i}'), {}, interactive=True,
                          connection=i) for i in range(200)]
    agent.wait_prompt()
    # Whatever comes after those who wait is done before them.
    for _ in range(50):
        assert '<name>quick</name>' in owner.act(path, 'GetXML')
        assert not any(user.answered(call) for call in (waiting[0], waiting[100], waiting[199]))
    assert 1 <= agent.begun < 20, 'a person can read only so many'
    # One password does for all: it is kept.
    agent.answer(agent.wait_prompt())

    def answer_what_is_open():
        for cookie in list(agent.prompts):
            agent.answer(cookie)
        return all(user.answered(call) for call in waiting)
    virtbus.wait_until(answer_what_is_open, 'all have been answered', step=0)
    assert len({user.finish(call) for call in waiting}) == 200
    assert len(manager.ListDomains()) == 201


def test_many_calls_at_once(manager, new_user):
    """More than a bus lets one connection wait for replies, without a person."""
    owner = new_user(OWNER)
    path = owner.define(domain_xml('busy'))
    calls = [owner.start(path, DOMAIN, 'GetXML', '(a{sv})', {}, connection=i % 4) for i in range(400)]
    assert len({owner.finish(call) for call in calls}) == 1


@pytest.fixture
def thoughtful(polkit):
    """A polkitd that answers nobody for the time being; ends that."""
    pid, = virtbus.children_of(polkit.process.pid) or [polkit.process.pid]
    os.kill(pid, signal.SIGSTOP)
    yield lambda: os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGCONT)


def is_on_bus(client, uid):
    bus = ('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus')
    for name in client.call(*bus, 'ListNames'):
        with contextlib.suppress(DBusError):
            if client.call(*bus, 'GetConnectionUnixUser', '(s)', name) == uid:
                return True
    return False


def test_calls_of_those_who_left_are_not_counted(bus, thoughtful, directory, new_service, new_user):
    """They waited behind somebody else's, and would have to be answered before their user may call again."""
    config = directory / 'virtbusd.conf'
    config.write_text('[limits]\ncalls=80\n')
    new_service(options=[f'--config={config}']).start()
    client, other = Client(bus.address), new_user(OTHER)
    get_xml = (client.manager.define(domain_xml()).path, DOMAIN, 'GetXML', '(a{sv})', {})
    for _ in range(80):
        other.start(*get_xml)
    owner = new_user(OWNER)
    calls = [owner.start(*get_xml, connection=i % 8) for i in range(81)]
    virtbus.wait_until(lambda: any(owner.answered(call) for call in calls), 'one has been refused')
    refused, = (call for call in calls if owner.answered(call))
    assert 'wait for an answer already' in denied(owner.finish, refused, name=virtbus.LIMITS_EXCEEDED)
    owner.close()
    virtbus.wait_until(lambda: not is_on_bus(client, OWNER), 'the bus has seen them leave')
    again = new_user(OWNER)
    calls = [again.start(*get_xml, connection=i % 8) for i in range(80)]
    thoughtful()
    for call in calls:
        denied(again.finish, call, name=AUTHORIZATION_REQUIRED)
    client.close()


def test_polkit_that_does_not_answer_holds_nothing_up(bus, thoughtful, directory, new_service, new_user):
    """From the first question on: those it was asked about may leave, and everybody else goes on."""
    config = directory / 'virtbusd.conf'
    config.write_text('[limits]\ncalls=64\n')
    new_service(options=[f'--config={config}']).start()
    client = Client(bus.address)
    path = client.manager.define(domain_xml()).path
    get_xml = (path, DOMAIN, 'GetXML', '(a{sv})', {})
    owner = new_user(OWNER)
    for _ in range(2):
        calls = [owner.start(*get_xml, connection=i % 8, interactive=True) for i in range(65)]
        virtbus.wait_until(lambda: any(owner.answered(call) for call in calls), 'one is too many')
        refused, = (call for call in calls if owner.answered(call))
        assert 'wait for an answer already' in denied(owner.finish, refused, name=virtbus.LIMITS_EXCEEDED)
        owner.close()
        virtbus.wait_until(lambda: not is_on_bus(client, OWNER), 'the bus has seen them leave')
        owner = new_user(OWNER)
    assert '<name>' in client.manager.get('guest').GetXML()
    for i in range(20):
        client.manager.define(domain_xml(f'guest-{i}'))
    call = owner.start(*get_xml)
    thoughtful()
    denied(owner.finish, call, name=AUTHORIZATION_REQUIRED)
    client.close()


class Relay:
    """A way to a bus on which connections can be cut."""

    def __init__(self, path, address):
        self.address, self.bus = f'unix:path={path}', address.removeprefix('unix:path=').split(',')[0]
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.bus)
            self.connections.append(near)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_a_connection_to_polkit_that_was_lost_is_made_again(polkit, new_service, bus, new_user, directory):
    relay = Relay(directory / 'relay', bus.address)
    new_service(environment={'DBUS_SYSTEM_BUS_ADDRESS': relay.address}).start()
    client, owner = Client(bus.address), new_user(OWNER)
    path = virtbus.Manager(client, ROOT).define(domain_xml()).path
    before = len(relay.connections)
    for interactive, name in ((False, AUTHORIZATION_REQUIRED), (True, ACCESS_DENIED)):
        for _ in range(2):
            denied(owner.act, path, 'GetXML', name=name, interactive=interactive)
            for connection in relay.connections[before:]:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            # Also where the question went out before the end was seen.
            with pytest.raises(DBusError):
                owner.act(path, 'GetXML', interactive=interactive)
            assert 'polkit cannot say' not in denied(owner.act, path, 'GetXML', name=name, interactive=interactive)
    client.close()
    relay.close()


def test_the_end_of_the_bus_is_a_failure(service, bus, manager, new_user):
    """Which a service manager mends; with a connection of polkit's own too, which would end the process in silence."""
    owner = new_user(OWNER)
    denied(owner.act, manager.define(domain_xml()).path, 'GetXML', name=AUTHORIZATION_REQUIRED)
    manager.client.model = None
    bus.close()
    assert service.process.wait(virtbus.TIMEOUT) == 1
    assert 'the bus has gone' in service.log()


def test_polkit_that_was_restarted_is_asked_again(bus, polkit, directory, manager, new_user):
    owner = new_user(OWNER)
    path = owner.define(domain_xml())
    polkit.close()
    assert 'polkit' in denied(owner.act, path, 'GetXML')
    manager.get('guest').Start()
    again = Polkit(bus, directory / 'again', RULES)
    assert '<name>' in owner.act(path, 'GetXML')
    again.close()


def test_without_polkit_only_root_acts(bus, new_service, new_user):
    new_service().start()
    client = Client(bus.address)
    domain = client.manager.define(domain_xml())
    user = new_user(OWNER)
    for call, arguments in ((user.define, (domain_xml('mine'),)), (user.act, (domain.path, 'Start'))):
        message = denied(call, *arguments, interactive=True)
        assert 'only root' in message and 'polkit' in message
    assert user.call(ROOT, MANAGER, 'ListDomains')[0][0] == 'guest'
    domain.Start()
    domain.PowerOff()
    client.close()


def test_the_end_of_the_service_answers_who_waits(service, manager, new_user, new_agent):
    user = new_user(OTHER)
    agent = new_agent(user)
    call = user.start(ROOT, MANAGER, 'DefineDomain', '(sa{sv})', domain_xml(), {}, interactive=True)
    agent.wait_prompt()
    service.stop()
    assert 'ends' in denied(user.finish, call)


def test_the_example_is_one(bus, directory, new_service, new_user):
    """With the groups that "bin" and "sys" have in the place of its groups."""
    text = (virtbus.SOURCE / 'policy/example.rules').read_text()
    text = text.replace('"virtbus")', '"bin")').replace('"operator")', '"sys")')
    polkit = Polkit(bus, directory / 'polkit', text)
    new_service().start()
    client = Client(bus.address)
    member, operator = new_user(OWNER), new_user(OTHER)
    path = member.define(domain_xml('web-theirs'))
    web, mail = client.manager.define(domain_xml('web-1')), client.manager.define(domain_xml('mail'))
    operator.act(web.path, 'Start')
    operator.act(web.path, 'PowerOff')
    for refused in (mail.path, path):
        denied(operator.act, refused, 'Start', name=AUTHORIZATION_REQUIRED)
    denied(operator.act, web.path, 'GetXML', name=AUTHORIZATION_REQUIRED)
    denied(member.act, web.path, 'Start', name=AUTHORIZATION_REQUIRED)
    polkit.close()
    client.close()
