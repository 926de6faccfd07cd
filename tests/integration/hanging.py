# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file system of a user's (FUSE) with one file in it, that stops to answer when it is told to.

Run as a program it is the file system: DIRECTORY WHOSE [all]. It is mounted as fusermount does, so that nobody but that
user gets at it unless "all" is said. The first line of its stdin is what the file holds, in hexadecimal digits; every
other is a list of the operations that are answered no more from then on, each for all or, as OPERATION:PID, for a process
(by all of its threads) or, as OPERATION:-PID,PID, for all but those. Its end is that of the file system, and of all who wait for it.
"""

import contextlib
import ctypes
import os
import pathlib
import stat
import struct
import subprocess
import sys
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, DESTROY, FORGETS = \
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 29, 36, 38, 42
# What execve() opens a file with, and nobody else.
FOR_EXECUTION = 0x20
NAMES = {'execute': None, 'lookup': LOOKUP, 'getattr': GETATTR, 'open': OPEN, 'read': READ, 'flush': FLUSH, 'statfs': STATFS}
SILENT = {FORGET, FORGETS, INTERRUPT, DESTROY}
ENOENT, ENOSYS = 2, 38
REQUEST = struct.Struct('<IIQQIIIHH')
DEVICE = '/dev/fuse'


def make_device():
    """Containers have the kernel's FUSE, and not always its node; everybody may open it."""
    with contextlib.suppress(FileExistsError):
        os.mknod(DEVICE, stat.S_IFCHR | 0o666, os.makedev(10, 229))
        os.chmod(DEVICE, 0o666)


def process_of(thread):
    """The process that a thread is of; 0 if it has gone."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f'/proc/{thread}/status').read_text().splitlines():
            if line.startswith('Tgid:'):
                return int(line.split()[1])
    return 0


class FileSystem:
    def __init__(self, content, uid):
        self.content, self.uid = content, uid
        self.hangs = set()

    def attributes(self, node):
        kind, size = (0o40755, 0) if node == 1 else (0o100755, len(self.content))
        return struct.pack('<QQQQQQIIIIIIIIII', node, size, size // 512 + 1, 1, 1, 1, 0, 0, 0, kind, 1, self.uid, self.uid,
                           0, 4096, 0)

    def answer(self, opcode, node, body):
        """An errno, or bytes. What is said of a file holds for no time, so that all is asked for again."""
        if opcode == INIT:
            return struct.pack('<IIIIHHIIHHI28x', 7, 31, 65536, 0, 12, 10, 65536, 1, 0, 0, 0)
        if opcode == LOOKUP:
            return struct.pack('<QQQQII', 2, 1, 0, 0, 0, 0) + self.attributes(2) if body == b'file\0' else ENOENT
        if opcode == GETATTR:
            return struct.pack('<QII', 0, 0, 0) + self.attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack('<QII', 0, 0, 0)
        if opcode == READ:
            offset, size = struct.unpack_from('<8xQI', body)
            return self.content[offset:offset + size]
        if opcode in (RELEASE, RELEASEDIR):
            return b''
        # Whoever knows nothing of it is not asked any more.
        if opcode == FLUSH and any(FLUSH in it if isinstance(it, tuple) else FLUSH == it for it in self.hangs):
            return b''
        return ENOSYS

    def serve(self, device):
        while True:
            try:
                request = os.read(device, 1 << 20)
            except OSError:
                return
            _, opcode, unique, node, _, _, asker, *_ = REQUEST.unpack_from(request)
            if opcode in SILENT or opcode in self.hangs or (opcode, process_of(asker)) in self.hangs:
                continue
            if any(it[0] == opcode and process_of(asker) not in it[1] for it in self.hangs
                   if isinstance(it, tuple) and isinstance(it[1], frozenset)):
                continue
            if opcode == OPEN and None in self.hangs and request[REQUEST.size] & FOR_EXECUTION:
                continue
            found = self.answer(opcode, node, request[REQUEST.size:])
            error, data = (-found, b'') if isinstance(found, int) else (0, found)
            with contextlib.suppress(OSError):
                os.write(device, struct.pack('<IiQ', 16 + len(data), error, unique) + data)


def parse(word):
    name, _, whose = word.partition(':')
    if whose.startswith('-'):
        return NAMES[name], frozenset(map(int, whose[1:].split(',')))
    return (NAMES[name], int(whose)) if whose else NAMES[name]


def main(directory, uid, *rest):
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(directory, exist_ok=True)
    make_device()
    device = os.open(DEVICE, os.O_RDWR)
    options = f'fd={device},rootmode=40000,user_id={uid},group_id={uid}' + (',allow_other' if rest else '')
    if libc.mount(b'test', os.fsencode(directory), b'fuse', 0, options.encode()) < 0:
        raise OSError(ctypes.get_errno(), 'mount')
    it = FileSystem(bytes.fromhex(sys.stdin.readline()), int(uid))
    threading.Thread(target=it.serve, args=(device,), daemon=True).start()
    print('mounted', flush=True)
    for line in sys.stdin:
        it.hangs = {parse(word) for word in line.split()}
        print('told', flush=True)
    libc.umount2(os.fsencode(directory), 2)
    os._exit(0)


class Hanging:
    """Its program, for a test: `path` is the file. Root may do this; `enter` leads to where it is done."""

    def __init__(self, directory, content, uid=0, others=True, enter=(), program=__file__):
        self.path = pathlib.Path(directory) / 'file'
        self.process = subprocess.Popen(
            [*enter, '/usr/bin/python3', program, directory, str(uid), *(['all'] if others else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(content.hex() + '\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'mounted\n'

    def hang(self, *operations):
        self.process.stdin.write(' '.join(operations) + '\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'told\n'

    def close(self):
        self.process.stdin.close()
        self.process.wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
