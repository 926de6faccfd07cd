#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes org.virtbus1(5) from the interface XML: make-man.py VERSION FILE... > org.virtbus1.5

Each comment belongs to the interface, method, signal or property that it names in its first line; lines with @ describe
arguments."""

import re
import sys
import xml.etree.ElementTree as ElementTree

DOC = re.compile(r'<!--\s*\n?\s*([\w.]+):(.*?)-->', re.S)
NS = '{http://www.freedesktop.org/dbus/1.0/doc.dtd}'


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq').replace('^', '\\(ha').replace('~', '\\(ti')
    text = re.sub(r'[^\x00-\x7f]', lambda match: f'\\[u{ord(match[0]):04X}]', text)
    return re.sub(r'^([.])', r'\\&\1', text, flags=re.M)


def read_docs(text):
    """By the name in front, what comments say: a list, because members of several interfaces share names."""
    docs = {}
    for match in DOC.finditer(text):
        docs.setdefault(match[1], []).append((match.start(), match[2]))
    return docs


def paragraphs(text):
    """Arguments as (name, text), and the rest as paragraphs."""
    arguments, rest = [], []
    for block in re.split(r'\n\s*\n', text.strip('\n')):
        lines = [line.strip() for line in block.strip().split('\n')]
        if lines and lines[0].startswith('@'):
            for line in lines:
                match = re.match(r'@(\w+):\s*(.*)', line)
                if match:
                    arguments.append([match[1], match[2]])
                else:
                    arguments[-1][1] += ' ' + line
        elif lines != ['']:
            rest.append(lines)
    return arguments, rest


def write_rest(out, rest):
    for i, lines in enumerate(rest):
        if i:
            out.append('.IP')
        for line in lines:
            # A list of names, or of errors, keeps its lines.
            if re.match(r'(Errors:|Who may:|org\.virtbus1\.Error\.)', line) and line is not lines[0]:
                out.append('.br')
            out.append(escape(line))


def signature(kind, element):
    name = element.get('name')
    if kind == 'property':
        return f'{name} {element.get("type")}'
    words = {'in': [], 'out': []}
    for argument in element.findall('arg'):
        direction = argument.get('direction', 'out' if kind == 'signal' else 'in')
        words[direction].append(f'{argument.get("type")} {argument.get("name")}')
    if kind == 'signal':
        return f'{name}({", ".join(words["out"])})'
    returned = f' -> {", ".join(words["out"])}' if words['out'] else ''
    return f'{name}({", ".join(words["in"])}){returned}'


def write_member(out, kind, element, text):
    out += ['.TP', f'.B {escape(signature(kind, element))}']
    arguments, rest = paragraphs(text)
    write_rest(out, rest)
    if not rest:
        out.append('See above.' if not arguments else 'Takes:')
    if arguments:
        out.append('.RS')
        for name, about in arguments:
            out += ['.TP', f'.I {escape(name)}', escape(about) or 'See above.']
        out.append('.RE')


def find_doc(docs, text, kind, name):
    """The comment in front of the element."""
    place = text.index(f'<{kind} name="{name}"')
    before = [doc for start, doc in docs.get(name, []) if start < place]
    if not before:
        sys.exit(f'{kind} {name} has no documentation')
    return before[-1]


def write_interface(out, path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    docs = read_docs(text)
    interface = ElementTree.fromstring(text).find('interface')
    name = interface.get('name')
    out.append(f'.SH {name}')
    about = re.sub(r'@short_description:\s*', '', docs[name][0][1])
    for i, lines in enumerate(paragraphs(about)[1]):
        if i:
            out.append('.PP')
        for line in lines:
            if line.startswith('org.virtbus1.Error.') and line is not lines[0]:
                out.append('.br')
            out.append(escape(line))
    for kind, title in (('method', 'Methods'), ('signal', 'Signals'), ('property', 'Properties')):
        elements = interface.findall(kind)
        if elements:
            out.append(f'.SS {title}')
        for element in elements:
            write_member(out, kind, element, find_doc(docs, text, kind, element.get('name')))


def main(version, *files):
    out = ['.\\" SPDX-License-Identifier: LGPL-2.1-or-later', '.\\" Made from the interface XML by make-man.py.',
           f'.TH org.virtbus1 5 "" "virtbus {version}" "File formats and conventions"', '.SH NAME',
           'org.virtbus1 \\- virtual machines on D\\-Bus', '.SH SYNOPSIS', '.nf',
           'org.virtbus1 on the system bus, or the session bus with virtbusd \\-\\-user',
           '/org/virtbus1', '/org/virtbus1/domain/\\fIID\\fR', '/org/virtbus1/domain/\\fIID\\fR/controller/\\fIALIAS\\fR',
           '/org/virtbus1/domain/\\fIID\\fR/device/\\fIALIAS\\fR', '.fi', '.SH DESCRIPTION',
           'What', '.BR virtbusd (8)', 'offers to programs. The same texts are in the interface XML, in', '.IR dbus\\-1/interfaces .']
    for path in files:
        write_interface(out, path)
    out += ['.SH SEE ALSO', '.BR virtbusd (8),', '.BR virtbusctl (1),', '.BR virtbusd.conf (5),', '.BR polkit (8)']
    print('\n'.join(out))


main(*sys.argv[1:])
