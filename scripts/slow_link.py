"""A network that is this process' own: a namespace for it, another one for a far node, and a slow link between them.

Needs Linux, root, iproute2 and util-linux. Nothing is left behind: the namespaces and the link's devices end with the
processes that use them, and nothing outside can reach what listens inside.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import threading
from collections import defaultdict

NEAR, FAR = "10.77.0.1", "10.77.0.2"

# from Linux' headers
_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _PACKETS_ALONE = 0x400454CA, 0x1001

#: Seconds that a packet may wait for those before it: more are lost, as in a router.
_MOST_QUEUED = 0.5


class SlowLink:
    """Move this thread, and all that it starts, to a namespace with the address NEAR; FAR is at the link's other end.

    Parameters
    ----------
    delay : float
        Seconds that every packet is on its way.
    bits_per_second : float
        In each direction.

    Attributes
    ----------
    is_cut : bool
        Whether packets are lost, without a word to either end; to be set at any time.
    n_lost : int
        Packets lost so far.
    """

    def __init__(self, delay: float, bits_per_second: float) -> None:
        missing = [program for program in ("ip", "unshare", "nsenter") if shutil.which(program) is None]
        if missing:
            raise SystemExit(f"A network of our own needs iproute2 and util-linux on Linux: found no {missing[0]}.")
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
            raise SystemExit(f"A network of our own needs root: {os.strerror(ctypes.get_errno())}.")
        self.is_cut, self.n_lost = False, 0
        self._delay, self._bytes_per_second = delay, bits_per_second / 8
        self._free_at: defaultdict[int, float] = defaultdict(float)  # when each direction has sent what it was given
        self._far = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._far.stdin is not None
        assert self._far.stdout is not None
        os.write(self._far.stdin.fileno(), b"x")
        os.read(self._far.stdout.fileno(), 1)  # `cat` answers once it is in its namespace
        near, far = _device("near"), _device("far")
        _ip("link", "set", "far", "netns", str(self._far.pid))
        _connect([], "near", NEAR)
        _connect(self.in_far(), "far", FAR)
        threading.Thread(target=self._forward, args=(near, far), daemon=True).start()

    def in_far(self, *command: str) -> list[str]:
        """Return the command that runs a command in the far namespace."""
        return ["nsenter", f"--net=/proc/{self._far.pid}/ns/net", *command]

    def _forward(self, near: int, far: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.add_reader(near, self._pass_on, near, far)
        self._loop.add_reader(far, self._pass_on, far, near)
        self._loop.run_forever()

    def _pass_on(self, source: int, target: int) -> None:
        packet = os.read(source, 1 << 16)
        now = self._loop.time()
        free_at = max(now, self._free_at[source])
        if self.is_cut or free_at > now + _MOST_QUEUED:
            self.n_lost += 1
            return
        self._free_at[source] = free_at + len(packet) / self._bytes_per_second
        self._loop.call_at(self._free_at[source] + self._delay, os.write, target, packet)


def _device(name: str) -> int:
    """Make a network device whose packets this process reads and writes."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", name.encode(), _PACKETS_ALONE))
    return device


def _connect(inside: list[str], device: str, address: str) -> None:
    _ip("link", "set", "lo", "up", inside=inside)
    _ip("address", "add", f"{address}/30", "dev", device, inside=inside)
    _ip("link", "set", device, "up", inside=inside)
    _ip("route", "add", "default", "dev", device, inside=inside)  # Ray asks which address the world would see


def _ip(*arguments: str, inside: list[str] | None = None) -> None:
    subprocess.run([*(inside or []), "ip", *arguments], check=True)
