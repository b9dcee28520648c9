"""The eye of the hunt: a process of its own that sees every program that the descendants of one
process start, and every file that they write, however shortly they live. Linux, as root.

The kernel's own events: the process connector tells each fork and exec, fanotify each write, with
an open descriptor, so that a file is read even after its removal. Told on standard output, pickled,
one tuple a thing: ("ready",), ("exec", pid, command, environment, core files allowed),
("fork", parent, child), ("file", path, content), ("missed", pid), ("blind", why).
"""

from __future__ import annotations

import ctypes
import os
import pickle
import queue
import select
import socket
import stat
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

CONNECTOR, PROCESSES, LISTEN = 11, 1, 1  # NETLINK_CONNECTOR, CN_IDX_PROC, PROC_CN_MCAST_LISTEN
FORK, EXEC = 1, 2
WRITTEN = 0x2 | 0x8  # FAN_MODIFY, FAN_CLOSE_WRITE
OVERFLOW = 0x4000
EVERYTHING = 0x1 | 0x2 | 0x10 | 0x20  # close on exec, non-blocking, unlimited queue and marks
EACH_DISK = 0x1 | 0x100  # FAN_MARK_ADD, FAN_MARK_FILESYSTEM
DISKS = {"ext4", "ext3", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "f2fs"}
MEMORY = ("/dev/shm/.org.chromium.", "/dev/shm/.com.google.", "/dev/shm/.com.microsoft.")
"""A browser's shared memory, on no disk: as its other memory, it may hold what a page holds."""
LONGEST = 4 << 20  # bytes of a file that are read


def processes() -> socket.socket:
    """Hear of each fork and exec of this machine. Raises OSError without the right to it."""
    heard = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, CONNECTOR)
    heard.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE: a burst is not lost
    heard.bind((0, PROCESSES))
    asked = struct.pack("=IIIIHHI", PROCESSES, 1, 0, 0, 4, 0, LISTEN)
    heard.send(struct.pack("=IHHII", 16 + len(asked), 3, 0, 0, 0) + asked)
    heard.setblocking(False)
    return heard


def files() -> int:
    """Hear of each write on each disk. Raises OSError without the right to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.fanotify_init(EVERYTHING, os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME)
    if found < 0:
        raise OSError(ctypes.get_errno(), "fanotify_init")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind in DISKS:
            where = place.encode().decode("unicode_escape").encode("latin-1")
            libc.fanotify_mark(found, EACH_DISK, ctypes.c_uint64(WRITTEN), -100, where)
    return int(found)


class Eye:
    """What is seen of the descendants of one process."""

    def __init__(self, root: int) -> None:
        self.family, self.root = {root}, root
        self.told: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()
        self._read: dict[tuple[int, int], tuple[int, int]] = {}
        self._heard, self._written = processes(), files()
        for pid in self._already():
            self.family.add(pid)
            self._started(pid)

    def _already(self) -> list[int]:
        parents = {}
        for each in Path("/proc").iterdir():
            if each.name.isdigit() and int(each.name) != os.getpid():
                with suppress(OSError):
                    fields = (each / "stat").read_text().rpartition(")")[2].split()
                    parents[int(each.name)] = int(fields[1])
        found, more = [self.root], True
        while more:
            new = [pid for pid, parent in parents.items() if parent in found and pid not in found]
            found, more = found + new, bool(new)
        return found

    def run(self) -> None:
        """Until standard input ends."""
        threading.Thread(target=self._tell, daemon=True).start()
        with suppress(OSError):  # for this thread alone: at once, whoever else has work to do
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        self.told.put(("ready",))
        over = False
        while not over:
            ready, _, _ = select.select([0, self._heard, self._written], [], [])
            self._listen()
            self._look()
            over = 0 in ready

    def _tell(self) -> None:
        with os.fdopen(1, "wb") as out:
            while True:
                pickle.dump(self.told.get(), out)
                if self.told.empty():
                    out.flush()

    def _listen(self) -> None:
        while True:
            try:
                packet = self._heard.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:  # ENOBUFS: some were lost
                self.told.put(("blind", f"processes: {error.strerror}"))
                continue
            (what,) = struct.unpack_from("=I", packet, 36)
            if what == FORK:
                _, parent, child, leader = struct.unpack_from("=IIII", packet, 52)
                if parent in self.family and child == leader and child != os.getpid():
                    self.family.add(child)
                    self.told.put(("fork", parent, child))
            elif what == EXEC:
                _, leader = struct.unpack_from("=II", packet, 52)
                if leader in self.family:
                    self._started(leader)

    def _started(self, pid: int) -> None:
        place = Path(f"/proc/{pid}")
        try:
            command = (place / "cmdline").read_bytes()
            environment = (place / "environ").read_bytes()
            limits = (place / "limits").read_text()
        except OSError:
            command = b""
        if not command:
            self.told.put(("missed", pid))
            return
        dumps = next(line for line in limits.splitlines() if "core file" in line).split()[-3] != "0"
        self.told.put(("exec", pid, command, environment, dumps))

    def _look(self) -> None:
        while True:
            try:
                events = os.read(self._written, 1 << 16)
            except BlockingIOError:
                return
            self._listen()  # whoever wrote was forked before
            while events:
                length, _, _, _, mask, descriptor, pid = struct.unpack_from("=IBBHQii", events)
                events = events[length:]
                if mask & OVERFLOW:
                    self.told.put(("blind", "files: too many at once"))
                if descriptor >= 0:
                    if pid in self.family and pid != self.root:
                        self._keep(descriptor)
                    os.close(descriptor)

    def _keep(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        state, known = (found.st_size, found.st_mtime_ns), (found.st_dev, found.st_ino)
        if not stat.S_ISREG(found.st_mode) or self._read.get(known) == state:
            return
        self._read[known] = state
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if path.startswith(MEMORY):
            return
        self.told.put(("file", path, os.pread(descriptor, LONGEST, 0)))


if __name__ == "__main__":
    Eye(int(sys.argv[1])).run()
